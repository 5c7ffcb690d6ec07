//! Lineages: sequences of episodes that share a carry-over or an environment.

use std::ops::Range;
use std::sync::{Arc, Mutex};

use super::{Plan, population};
use crate::environment::{Environment, Nowhere, World};
use crate::episode::{self, Finished, Ticket};
use crate::policy::{Continuity, Population, Swap};
use crate::value::{Draws, lock};

/// Maximum number of bytes of episodes that wait to be recorded, where nothing crosses the boundary. An agent that
/// fills its record makes hundreds of kilobytes an episode.
const HELD: u64 = 8 << 20;

/// State that lineages hand from one wave to the next.
pub(super) struct Lineages {
    world: World,
    draws: Draws,
    episodes: u64,
    count: u32,
    crossing: Crossing,
}

/// State that crosses the boundary.
enum Crossing {
    /// Nothing: every episode stands alone.
    Nothing,
    /// One carry-over a lineage, and one world a lineage where worlds persist.
    ///
    /// Within a wave each is used by one episode only, so no thread waits for a lock.
    Something { lessons: Vec<Mutex<Inheritance>>, worlds: Option<Worlds>, outer: Option<Outer> },
}

/// Result that the last episode of a lineage hands to the next.
#[derive(Clone)]
struct Inheritance {
    carry_over: Arc<[u8]>,
    /// Carry-over of each role, where there are several.
    carry_overs: Vec<Arc<[u8]>>,
    /// Return of that episode.
    total: f64,
}

/// Selection between lineages.
struct Outer {
    population: Population,
    /// Number of selections so far.
    generation: u32,
    /// Lineage that each lineage's carry-over comes from, since the last selection.
    origins: Vec<usize>,
    /// First episode after the last selection.
    since: u64,
}

struct Worlds {
    copies: Vec<Mutex<Box<dyn Environment>>>,
    swap: Swap,
}

impl Lineages {
    pub(super) fn new(plan: &Plan) -> Self {
        let boundary = &plan.policy.boundary;
        let persists = boundary.environment == Continuity::Persist;
        let carries = plan.learns();
        let crossing = if persists || carries {
            let carry_overs = plan.roles.iter().map(|_| Arc::from([])).collect();
            let lesson = Inheritance { carry_over: Arc::from([]), carry_overs, total: 0.0 };
            let lessons = (0..plan.lineages).map(|_| Mutex::new(lesson.clone())).collect();
            let worlds = persists.then(|| Worlds {
                copies: (0..plan.lineages).map(|_| Mutex::new(plan.world.made())).collect(),
                swap: boundary.swap,
            });
            // No selection takes place in a run of fewer lineages than the population has.
            let whole = |one: &Population| one.size == plan.lineages && one.replaced() > 0;
            let population = plan.policy.population.filter(|one| carries && whole(one));
            let outer = population.map(|population| Outer { population, generation: 0, origins: Vec::new(), since: 0 });
            Crossing::Something { lessons, worlds, outer }
        } else {
            Crossing::Nothing
        };
        Self { world: plan.world.clone(), draws: plan.draws(), episodes: plan.episodes, count: plan.lineages, crossing }
    }

    /// Returns the maximum number of bytes of episodes that wait to be recorded. Where something crosses the
    /// boundary, it is unlimited: a wave is run whole.
    pub(super) const fn held(&self) -> u64 {
        match self.crossing {
            Crossing::Nothing => HELD,
            Crossing::Something { .. } => u64::MAX,
        }
    }

    /// Returns the episodes that may run at a time, from `first` on. There are at most `most` where nothing crosses
    /// the boundary.
    pub(super) fn wave(&self, first: u64, most: u64) -> Range<u64> {
        let size = match self.crossing {
            Crossing::Nothing => most,
            Crossing::Something { .. } => self.count.into(),
        };
        first..self.episodes.min(first.saturating_add(size))
    }

    /// Selects between lineages if a selection is due before `episode`, which is the first of a wave.
    pub(super) fn select(&mut self, episode: u64) {
        let Crossing::Something { lessons, outer: Some(outer), .. } = &mut self.crossing else { return };
        let due = u64::from(self.count) * u64::from(outer.population.interval);
        if episode == 0 || !episode.is_multiple_of(due) {
            return;
        }
        outer.generation = outer.generation.saturating_add(1);
        outer.since = episode;
        let before: Vec<Inheritance> = lessons.iter().map(|slot| lock(slot).clone()).collect();
        let returns: Vec<f64> = before.iter().map(|lesson| lesson.total).collect();
        let seed = self.draws.selection(outer.generation);
        outer.origins = population::select(&returns, index(outer.population.replaced()), seed);
        for (slot, origin) in lessons.iter().zip(&outer.origins) {
            if let Some(lesson) = before.get(*origin) {
                lock(slot).carry_over = Arc::clone(&lesson.carry_over);
            }
        }
    }

    /// Returns the lineage of an episode, and the copy of the environment it acts in.
    fn place(&self, episode: u64) -> (u32, u32) {
        let lineages = u64::from(self.count);
        let lineage = episode % lineages;
        let rotated = match &self.crossing {
            // Learner i acts in copy j in round t iff j = (i + t) mod N (Krueger, Maharaj, Leike 2020).
            Crossing::Something { worlds: Some(Worlds { swap: Swap::Rotate, .. }), .. } => {
                (lineage + episode / lineages) % lineages
            }
            _ => lineage,
        };
        let narrow = |index: u64| u32::try_from(index).unwrap_or(0);
        (narrow(lineage), narrow(rotated))
    }

    /// Returns the opening of `episode`.
    pub(super) fn ticket(&self, episode: u64) -> Ticket {
        self.ticket_of(episode, self.draws)
    }

    /// Returns the opening of `episode` for an agent that has these draws.
    pub(super) fn ticket_of(&self, episode: u64, draws: Draws) -> Ticket {
        let (lineage, world) = self.place(episode);
        let (environment, (carry_over, carry_overs)) = match &self.crossing {
            Crossing::Nothing => (self.world.made(), (Arc::from([]), Vec::new())),
            Crossing::Something { lessons, worlds, .. } => {
                let lesson = lessons.get(index(lineage));
                let carried = |slot: &Mutex<Inheritance>| {
                    let lesson = lock(slot);
                    (Arc::clone(&lesson.carry_over), lesson.carry_overs.clone())
                };
                let carry_overs = lesson.map_or_else(|| (Arc::from([]), Vec::new()), carried);
                let copy = worlds.as_ref().and_then(|worlds| worlds.copies.get(index(world)));
                let environment = copy
                    .map_or_else(|| self.world.made(), |slot| std::mem::replace(&mut *lock(slot), Box::new(Nowhere)));
                (environment, carry_overs)
            }
        };
        let (generation, carry_over_of) = self.descent(episode, lineage);
        Ticket {
            episode,
            lineage,
            world,
            seed: draws.episode(episode),
            lineage_seed: draws.lineage(lineage),
            generation,
            carry_over_of,
            environment,
            carry_over,
            carry_overs,
        }
    }

    /// Adds the episode, and the name of a failed world, to the error of a world or a tool.
    pub(super) fn named(&self, error: episode::Error, episode: u64) -> episode::Error {
        match error {
            episode::Error::World(failed) => failed.of(self.world.name()).in_episode(episode).into(),
            episode::Error::Tool(failed) => failed.in_episode(episode).into(),
            error => error,
        }
    }

    /// Returns the number of selections before `episode`. In the first episode after a selection, also returns the
    /// lineage that its carry-over comes from.
    fn descent(&self, episode: u64, lineage: u32) -> (u32, Option<u32>) {
        let Crossing::Something { outer: Some(outer), .. } = &self.crossing else { return (0, None) };
        let first = episode - outer.since < u64::from(self.count);
        let origin = outer.origins.get(index(lineage)).filter(|_| first);
        (outer.generation, origin.and_then(|origin| u32::try_from(*origin).ok()))
    }

    /// Takes back the carry-over and the world, which the next episode opens with.
    pub(super) fn keep(&self, lived: Finished) -> Finished {
        let Finished { transcript, environment, carry_over, carry_overs, demands } = lived;
        if let Crossing::Something { lessons, worlds, .. } = &self.crossing {
            if let Some(slot) = lessons.get(index(transcript.header.lineage)) {
                let mut lesson = lock(slot);
                lesson.carry_over = Arc::clone(&carry_over);
                lesson.carry_overs.clone_from(&carry_overs);
                // A return that depends on the clock or on a loss takes no part in a selection.
                if !transcript.body.end.is_hurried() {
                    lesson.total = transcript.body.total;
                }
            }
            if let Some(slot) = worlds.as_ref().and_then(|worlds| worlds.copies.get(index(transcript.header.world))) {
                *lock(slot) = environment;
                return Finished { transcript, environment: Box::new(Nowhere), carry_over, carry_overs, demands };
            }
        }
        Finished { transcript, environment, carry_over, carry_overs, demands }
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::{ParsedAgent, SHIPPED};
    use crate::policy::Policy;
    use crate::value::Seed;

    fn plan(agent: &str) -> Plan {
        let bytes = SHIPPED.iter().find(|shipped| shipped.name == agent).unwrap().bytes;
        Plan {
            agent: ParsedAgent::read(agent, bytes).unwrap(),
            roles: Vec::new(),
            policy: Arc::new(Policy::shipped("population").unwrap()),
            world: "past-self".parse::<World>().unwrap(),
            task: None,
            episodes: 20,
            lineages: 10,
            seed: Seed(3),
            draws: None,
        }
    }

    #[test]
    fn no_seed_that_an_agent_may_see_is_that_of_another_agent() {
        let seeds = |agent| {
            let ticket = Lineages::new(&plan(agent)).ticket(12);
            [ticket.seed, ticket.lineage_seed]
        };
        let (one, other) = (seeds("policy-gradient"), seeds("q-learning"));
        assert!(one.iter().all(|seed| !other.contains(seed)), "{one:?} {other:?}");
        assert_eq!(one, seeds("policy-gradient"));
    }

    #[test]
    fn who_is_copied_follows_from_the_draws_of_the_agent() {
        let selected = |agent| {
            let mut lineages = Lineages::new(&plan(agent));
            // Nobody has a return yet: ties decide.
            lineages.select(10);
            let Crossing::Something { outer: Some(outer), .. } = lineages.crossing else { panic!("nothing selects") };
            outer.origins
        };
        assert_ne!(selected("policy-gradient"), selected("q-learning"));
        assert_eq!(selected("policy-gradient"), selected("policy-gradient"));
    }
}
