//! Lineages: sequences of episodes that share a carry-over or an environment.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Plan, World};
use crate::environment::Environment;
use crate::episode::{Lived, Ticket};
use crate::policy::{Continuity, Swap};
use crate::value::Seed;

/// Makes a fresh environment.
pub type Make = dyn Fn() -> Box<dyn Environment> + Send + Sync;

/// Episodes in a wave where nothing crosses the boundary: enough to keep workers busy, few enough to hold.
const WAVE: u64 = 256;

/// What lineages hand from one wave to the next.
pub(super) struct Lineages {
    world: World,
    seed: Seed,
    episodes: u64,
    count: u32,
    crossing: Crossing,
}

/// What crosses the boundary.
enum Crossing {
    /// Nothing: every episode is on its own.
    Nothing,
    /// One carry-over a lineage, and one world a lineage where worlds persist.
    ///
    /// Within a wave each is used by one episode alone, so no lock is ever waited for.
    Something { carry_overs: Vec<Mutex<Arc<[u8]>>>, worlds: Option<Worlds> },
}

struct Worlds {
    copies: Vec<Mutex<Box<dyn Environment>>>,
    swap: Swap,
}

impl Lineages {
    pub(super) fn new(plan: &Plan) -> Self {
        let boundary = &plan.policy.boundary;
        let persists = boundary.environment == Continuity::Persist;
        let carries = plan.agent.learns() && boundary.carry > 0;
        let crossing = if persists || carries {
            let carry_overs = (0..plan.lineages).map(|_| Mutex::new(Arc::from([]))).collect();
            let worlds = persists.then(|| Worlds {
                copies: (0..plan.lineages).map(|_| Mutex::new(plan.world.make())).collect(),
                swap: boundary.swap,
            });
            Crossing::Something { carry_overs, worlds }
        } else {
            Crossing::Nothing
        };
        Self { world: plan.world.clone(), seed: plan.seed, episodes: plan.episodes, count: plan.lineages, crossing }
    }

    /// The episodes that may be run at a time, from `first` on.
    pub(super) fn wave(&self, first: u64) -> Range<u64> {
        let size = match self.crossing {
            Crossing::Nothing => WAVE,
            Crossing::Something { .. } => self.count.into(),
        };
        first..self.episodes.min(first.saturating_add(size))
    }

    /// The lineage of an episode, and the copy of the environment it acts in.
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

    /// What `episode` opens with.
    pub(super) fn ticket(&self, episode: u64) -> Ticket {
        let (lineage, world) = self.place(episode);
        let (environment, carry_over) = match &self.crossing {
            Crossing::Nothing => (self.world.make(), Arc::from([])),
            Crossing::Something { carry_overs, worlds } => {
                let carry_over =
                    carry_overs.get(index(lineage)).map_or_else(|| Arc::from([]), |slot| Arc::clone(&lock(slot)));
                let copy = worlds.as_ref().and_then(|worlds| worlds.copies.get(index(world)));
                let environment = copy.map_or_else(
                    || self.world.make(),
                    |slot| std::mem::replace(&mut *lock(slot), crate::capability::nowhere()),
                );
                (environment, carry_over)
            }
        };
        Ticket {
            episode,
            lineage,
            world,
            seed: self.seed.derive("episode", episode),
            lineage_seed: self.seed.derive("lineage", lineage.into()),
            generation: 0,
            environment,
            carry_over,
        }
    }

    /// Take back what the next episode of the lineage, or in the world, opens with.
    pub(super) fn keep(&self, lived: Lived) -> Lived {
        let Lived { transcript, environment, carry_over, demands } = lived;
        if let Crossing::Something { carry_overs, worlds } = &self.crossing {
            if let Some(slot) = carry_overs.get(index(transcript.lineage)) {
                *lock(slot) = Arc::clone(&carry_over);
            }
            if let Some(slot) = worlds.as_ref().and_then(|worlds| worlds.copies.get(index(transcript.world))) {
                *lock(slot) = environment;
                return Lived { transcript, environment: crate::capability::nowhere(), carry_over, demands };
            }
        }
        Lived { transcript, environment, carry_over, demands }
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn lock<T>(slot: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}
