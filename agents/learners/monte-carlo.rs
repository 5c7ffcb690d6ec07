//! Learns what each action is worth where it stands: the mean of the targets that followed it, and of what comes after the end.
//!
//! The worth of an action at an observation is the mean of its targets, of which the last hundred count most. In the first step of
//! an episode it stands where it is *and* where it came from: the first action of the episode before is known to it. So it does
//! not credit what it does with what its last self left. With `boundary=0.9` in its task the worth of the next episode's first
//! step counts as well, by that much: then it learns to do now what pays its later selves. With 0, the default, it never does.
//!
//! Over the first hundred episodes, or as many as its task says (`explore=40`), it takes a random action with a probability that
//! falls from 1 to 0; after that the action that is worth most. The carry-over is the number of episodes (8 bytes), the first
//! action of the last one, counted from 1 (2 bytes), and 20 bytes for each action that was ever taken somewhere: all
//! little-endian. What is neither discrete nor multi-discrete counts as one observation.
//!
//! It shows that the same learner is myopic or far-sighted by one number, whatever its targets are: the road over the boundary is
//! its own carry-over. Source: Monte Carlo control as in R. Sutton, A. Barto, "Reinforcement Learning: An Introduction", 2018,
//! chapter 5; the term beyond the boundary is ours.

use std::collections::BTreeMap;

use common::task::setting;
use dayfly_agent::{Agent, Episode, Experience, Learner, Refusal, Space, Value, export_learner, log, random};

/// The most actions that it chooses between.
const MOST: u64 = 64;
/// The episodes that it explores in.
const EXPLORE: f64 = 100.0;
/// The number of targets whose mean is taken: older ones fade.
const MEMORY: u32 = 100;

struct MonteCarlo;

impl Agent for MonteCarlo {
    fn run(episode: &mut Episode) -> Result<(), Refusal> {
        let brief = episode.brief()?;
        let Space::Discrete(actions @ 1..=MOST) = brief.actions else {
            return log::write("this learner has a number for each action: it chooses between 1 to 64 discrete actions");
        };
        let known = Known::of(&brief.carry_over);
        let explore = setting(&brief.task, "explore").unwrap_or(EXPLORE).max(1.0);
        let epsilon = 1.0 - known.episodes as f64 / explore;
        let mut place = Place::first(known.before, &brief.observation);
        while !episode.over() {
            let action =
                if random::unit()? < epsilon { random::below(actions)? } else { known.best(place, actions) };
            place = Place::later(&episode.step(action)?.observation);
        }
        Ok(())
    }
}

impl Learner for MonteCarlo {
    fn learn(experience: Experience, carry_over: Vec<u8>) -> Vec<u8> {
        let mut known = Known::of(&carry_over);
        let first = experience.transitions.first();
        let Some(action) = first.and_then(|first| first.action.discrete()) else { return carry_over };
        // The next episode is taken to begin as this one did.
        let next = first.map(|first| Place::first(action as u16 + 1, &first.observation));
        let boundary = setting(&experience.task, "boundary").unwrap_or(0.0);
        let beyond = next.map_or(0.0, |next| boundary * known.worth(next));
        let mut place = first.map(|first| Place::first(known.before, &first.observation));
        for transition in &experience.transitions {
            let here = place.take().unwrap_or_else(|| Place::later(&transition.observation));
            if let Some(action) = transition.action.discrete() {
                known.add(here, action, transition.target + beyond);
            }
        }
        known.episodes += 1;
        known.before = action as u16 + 1;
        known.to_bytes()
    }
}

/// Where an action is taken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    /// What was seen.
    seen: u32,
    /// The first action of the episode before, counted from 1, where this is a first step; 0 where there was none.
    before: u16,
}

impl Place {
    fn first(before: u16, observation: &Value) -> Self {
        Self { seen: seen(observation), before }
    }

    fn later(observation: &Value) -> Self {
        // No first step comes after this many actions.
        Self { seen: seen(observation), before: u16::MAX }
    }
}

/// An observation as a number: the index, or for several a hash (FNV-1a).
fn seen(observation: &Value) -> u32 {
    match observation {
        Value::Discrete(index) => *index as u32,
        Value::MultiDiscrete(entries) => entries.iter().fold(0x811c_9dc5, |hash, entry| (hash ^ entry).wrapping_mul(0x0100_0193)),
        _ => 0,
    }
}

/// What is carried over.
struct Known {
    episodes: u64,
    before: u16,
    worths: BTreeMap<(Place, u16), Mean>,
}

/// A mean in which older values fade.
#[derive(Clone, Copy, Default)]
struct Mean {
    value: f64,
    count: u32,
}

impl Known {
    fn of(carry_over: &[u8]) -> Self {
        let mut bytes = Bytes(carry_over);
        let (episodes, before) = (u64::from_le_bytes(bytes.take()), u16::from_le_bytes(bytes.take()));
        let mut worths = BTreeMap::new();
        while !bytes.0.is_empty() {
            let place = Place { seen: u32::from_le_bytes(bytes.take()), before: u16::from_le_bytes(bytes.take()) };
            let action = u16::from_le_bytes(bytes.take());
            let mean = Mean { value: f64::from_le_bytes(bytes.take()), count: u32::from_le_bytes(bytes.take()) };
            worths.insert((place, action), mean);
        }
        Self { episodes, before, worths }
    }

    /// The action that is worth most at a place; one that was never taken there is worth nothing.
    fn best(&self, place: Place, actions: u64) -> u64 {
        let worth = |action: u64| self.worths.get(&(place, action as u16)).map_or(0.0, |mean| mean.value);
        let better = |best: (u64, f64), other: (u64, f64)| if other.1 > best.1 { other } else { best };
        (0..actions).map(|action| (action, worth(action))).reduce(better).map_or(0, |(action, _)| action)
    }

    /// What it is worth to come to a place: that of the best action that was ever taken there, or nothing.
    fn worth(&self, place: Place) -> f64 {
        let taken = self.worths.range((place, 0)..=(place, u16::MAX));
        taken.map(|(_, mean)| mean.value).reduce(f64::max).unwrap_or(0.0)
    }

    fn add(&mut self, place: Place, action: u64, target: f64) {
        let mean = self.worths.entry((place, action as u16)).or_default();
        mean.count = mean.count.saturating_add(1);
        let next = mean.value + (target - mean.value) / f64::from(mean.count.min(MEMORY));
        if next.is_finite() {
            mean.value = next;
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(10 + 20 * self.worths.len());
        bytes.extend(self.episodes.to_le_bytes());
        bytes.extend(self.before.to_le_bytes());
        for ((place, action), mean) in &self.worths {
            bytes.extend(place.seen.to_le_bytes());
            bytes.extend(place.before.to_le_bytes());
            bytes.extend(action.to_le_bytes());
            bytes.extend(mean.value.to_le_bytes());
            bytes.extend(mean.count.to_le_bytes());
        }
        bytes
    }
}

/// Bytes that are read from the front; zeros beyond the end.
struct Bytes<'b>(&'b [u8]);

impl Bytes<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (taken, rest) = self.0.split_first_chunk().map_or(([0; N], &[][..]), |(taken, rest)| (*taken, rest));
        self.0 = rest;
        taken
    }
}

export_learner!(MonteCarlo);
