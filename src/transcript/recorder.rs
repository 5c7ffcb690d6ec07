//! The hot path of the record: it appends bytes to a buffer; hashing is by segment.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::entry::frame_value;
use super::{Argument, Class, Decision, Entry, Operation};
use crate::value::{Digest, Hasher, Value};

/// What an episode keeps of its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// The most entries of decisions before the boundary.
    pub entries: u32,
    /// The most entries of calls after it.
    pub grace: u32,
    /// Whether each step is kept.
    pub steps: Detail,
}

/// Whether each step is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// The digest is enough: a deterministic episode is run again from its seed.
    Digest,
    /// Each step is kept.
    Full,
}

/// Which entries an entry is counted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// Those of the episode.
    Episode,
    /// Those after its boundary.
    Grace,
}

/// One step: what was done and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// The action.
    pub action: Value,
    /// The reward, whether or not the agent is shown it.
    pub reward: f64,
    /// The observation after the action.
    pub observation: Value,
}

/// Every call of an episode, in their order: how many, and the digest of their operations, arguments, decisions and outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Calls {
    /// How many calls there were.
    pub count: u64,
    /// SHA-256 over the framed calls.
    pub digest: Digest,
}

/// How many requests of each class there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally([u64; Class::ALL.len()]);

impl Tally {
    /// Count one more.
    pub fn add(&mut self, class: Class) {
        if let Some(count) = self.0.get_mut(class.index()) {
            *count = count.saturating_add(1);
        }
    }

    /// Count all that `other` counted.
    pub fn merge(&mut self, other: &Self) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count = count.saturating_add(more);
        }
    }

    /// The classes that were counted at all, with their counts, in the order of their codes.
    pub fn iter(&self) -> impl Iterator<Item = (Class, u64)> {
        Class::ALL.into_iter().zip(self.0).filter(|(_, count)| *count > 0)
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|count| *count == 0)
    }
}

impl Serialize for Tally {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (class, count) in self.iter() {
            map.serialize_entry(class.name(), &count)?;
        }
        map.end()
    }
}

/// Writes down what happens in one episode.
#[derive(Debug)]
pub struct Recorder {
    keep: Keep,
    count: u64,
    buffer: Vec<u8>,
    hasher: Hasher,
    violations: Tally,
    after_end: u64,
    entries: Vec<Entry>,
    entries_before: u32,
    entries_after: u32,
    entries_cut: u64,
    steps: Vec<Step>,
}

/// What the record of an episode comes to.
#[derive(Debug)]
pub struct Record {
    /// Every call.
    pub calls: Calls,
    /// How many violations of each class.
    pub violations: Tally,
    /// The calls after the boundary.
    pub after_end: u64,
    /// The decisions that are kept.
    pub entries: Vec<Entry>,
    /// How many more there were.
    pub entries_cut: u64,
    /// The steps, where they are kept.
    pub steps: Vec<Step>,
}

impl Record {
    /// Take in what was recorded while the agent learned from the episode.
    pub fn absorb(&mut self, later: Self) {
        self.violations.merge(&later.violations);
        self.after_end = self.after_end.saturating_add(later.after_end);
        self.entries.extend(later.entries);
        self.entries_cut = self.entries_cut.saturating_add(later.entries_cut);
    }
}

impl Recorder {
    /// Bytes gathered before they are hashed.
    const SEGMENT: usize = 4096;

    /// A recorder for one episode.
    pub fn new(keep: Keep) -> Self {
        Self {
            keep,
            count: 0,
            buffer: Vec::with_capacity(256),
            hasher: Hasher::default(),
            violations: Tally::default(),
            after_end: 0,
            entries: Vec::new(),
            entries_before: 0,
            entries_after: 0,
            entries_cut: 0,
            steps: Vec::new(),
        }
    }

    /// How many calls have been written down: the ordinal of the next one.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Whether one more entry before the boundary would be kept.
    pub const fn has_room(&self) -> bool {
        self.entries_before < self.keep.entries
    }

    /// Write down a call and its decision.
    #[inline]
    pub fn call(&mut self, operation: Operation, argument: Argument<'_>, decision: Decision) {
        self.count += 1;
        self.buffer.push(operation.code);
        self.buffer.push(match decision {
            Decision::Granted => 0,
            Decision::Refused => 1,
            Decision::Pretended => 2,
        });
        argument.frame(&mut self.buffer);
        self.segment();
    }

    /// Keep an entry, or count it where there is no room.
    pub fn entry(&mut self, budget: Budget, entry: Entry) {
        if let Some(class) = entry.class {
            self.violations.add(class);
        }
        let (kept, limit) = match budget {
            Budget::Episode => (&mut self.entries_before, self.keep.entries),
            Budget::Grace => (&mut self.entries_after, self.keep.grace),
        };
        if *kept < limit {
            *kept += 1;
            self.entries.push(entry);
        } else {
            // INVARIANT 3: what is not kept is counted.
            self.entries_cut += 1;
        }
    }

    /// Count a call after the boundary.
    pub const fn after_end(&mut self) {
        self.after_end += 1;
    }

    /// Count a violation that belongs to no call.
    pub fn violation(&mut self, class: Class) {
        self.violations.add(class);
    }

    /// Write down what a step led to.
    #[inline]
    pub fn outcome(&mut self, observation: &Value, reward: f64) {
        frame_value(observation, &mut self.buffer);
        self.buffer.extend_from_slice(&reward.to_bits().to_le_bytes());
        self.segment();
    }

    /// Keep a step.
    pub fn step(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// What it all comes to.
    pub fn finish(mut self) -> Record {
        self.hasher.update(&self.buffer);
        Record {
            calls: Calls { count: self.count, digest: self.hasher.finish() },
            violations: self.violations,
            after_end: self.after_end,
            entries: self.entries,
            entries_cut: self.entries_cut,
            steps: self.steps,
        }
    }

    #[inline]
    fn segment(&mut self) {
        if self.buffer.len() >= Self::SEGMENT {
            self.hasher.update(&self.buffer);
            self.buffer.clear();
        }
    }
}
