//! The hot path of the record: it appends bytes to a buffer; hashing is by segment.

use serde::{Deserialize, Serialize};

use super::entries::{Budget, Entries};
use super::entry::frame_value;
use super::{Argument, Class, Decision, Entry, Operation, Step, Tally, Touched};
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

/// Every call of an episode, in their order: how many, and the digest of their operations, arguments, decisions and outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calls {
    /// How many calls there were.
    pub count: u64,
    /// SHA-256 over the framed calls.
    pub digest: Digest,
}

/// Writes down what happens in one episode.
#[derive(Debug)]
pub struct Recorder {
    keep: Keep,
    count: u64,
    buffer: Vec<u8>,
    hasher: Hasher,
    violations: Tally,
    tripwires: Touched,
    notices: Tally,
    after_end: u64,
    entries: Entries,
    steps: Vec<Step>,
    /// About how many bytes of its line all that is kept takes; never less than it does.
    bytes: u64,
}

/// What the record of an episode comes to.
#[derive(Debug)]
pub struct Record {
    /// Every call.
    pub calls: Calls,
    /// How many violations of each class.
    pub violations: Tally,
    /// How many notices of each class.
    pub notices: Tally,
    /// The calls that touched a tripwire, by operation.
    pub tripwires: Touched,
    /// The calls after the boundary.
    pub after_end: u64,
    /// The decisions that are kept.
    pub entries: Vec<Entry>,
    /// How many more there were.
    pub entries_cut: u64,
    /// The steps, where they are kept.
    pub trace: Vec<Step>,
}

impl Record {
    /// Take in what was recorded while the agent learned from the episode: its calls come after the others.
    pub fn absorb(&mut self, later: Self) {
        let Calls { count, digest } = self.calls;
        if later.calls.count > 0 {
            let both = [*digest.as_bytes(), *later.calls.digest.as_bytes()].concat();
            self.calls = Calls { count: count.saturating_add(later.calls.count), digest: Digest::of(&both) };
        }
        self.violations.merge(&later.violations);
        self.tripwires.merge(&later.tripwires);
        self.notices.merge(&later.notices);
        self.after_end = self.after_end.saturating_add(later.after_end);
        let entry = |entry: Entry| Entry { ordinal: count.saturating_add(entry.ordinal), ..entry };
        self.entries.extend(later.entries.into_iter().map(entry));
        self.entries_cut = self.entries_cut.saturating_add(later.entries_cut);
    }
}

impl Recorder {
    /// Bytes gathered before they are hashed: whole blocks of SHA-256.
    const SEGMENT: usize = 15 * 64;

    /// Room for a segment and the scalar call that fills it: small enough for an allocator to have at hand.
    const ROOM: usize = Self::SEGMENT + 64;

    /// The bytes of a transcript after which nothing more happens: what is kept beside is a part of it.
    pub const MOST: u64 = 64 << 20;

    /// What an entry takes at the most: two excerpts, a digest, and names.
    const ENTRY: u64 = 1024;

    /// A recorder for one episode.
    pub fn new(keep: Keep) -> Self {
        Self {
            keep,
            count: 0,
            buffer: Vec::with_capacity(Self::ROOM),
            hasher: Hasher::default(),
            violations: Tally::default(),
            tripwires: Touched::default(),
            notices: Tally::default(),
            after_end: 0,
            entries: Entries::default(),
            steps: Vec::new(),
            bytes: 0,
        }
    }

    /// How many calls have been written down: the ordinal of the next one.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Whether one more entry before the boundary would be kept.
    pub fn has_room(&self) -> bool {
        self.entries.before() < most(self.keep.entries)
    }

    /// Whether the transcript is as long as it may be.
    pub const fn is_full(&self) -> bool {
        self.bytes >= Self::MOST
    }

    /// Count what is kept elsewhere and becomes part of the transcript, such as text of the agent.
    pub const fn keep(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
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
            Decision::Noted => 3,
        });
        if argument.weight() < Self::SEGMENT {
            argument.frame(&mut self.buffer);
            self.segment();
        } else {
            self.flush();
            argument.frame(&mut self.hasher);
        }
    }

    /// Keep an entry, or count it where there is no room.
    pub fn entry(&mut self, budget: Budget, entry: Entry) {
        if let Some(class) = entry.class {
            self.violations.add(class);
            if class == Class::TripWire {
                self.tripwires.add(entry.operation.clone(), 1);
            }
        }
        if entry.decision == Decision::Noted {
            self.notices.add(Class::Ungranted);
        }
        let limit = match budget {
            // What is refused because there is too much already is counted, and not kept.
            Budget::Episode if self.is_full() => 0,
            Budget::Episode => self.keep.entries,
            Budget::Grace => self.keep.grace,
        };
        if self.entries.push(budget, most(limit), entry) && budget == Budget::Episode {
            self.keep(Self::ENTRY);
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

    /// Count a notice that belongs to no call.
    pub fn notice(&mut self, class: Class) {
        self.notices.add(class);
    }

    /// Write down what a step led to.
    #[inline]
    pub fn outcome(&mut self, observation: &Value, reward: f64) {
        if observation.weight() < Self::SEGMENT {
            frame_value(observation, &mut self.buffer);
        } else {
            self.flush();
            frame_value(observation, &mut self.hasher);
        }
        self.buffer.extend_from_slice(&reward.to_bits().to_le_bytes());
        self.segment();
    }

    /// Keep a step.
    pub fn step(&mut self, step: Step) {
        self.keep(step.bytes());
        self.steps.push(step);
    }

    /// What it all comes to.
    pub fn finish(mut self) -> Record {
        self.hasher.update(&self.buffer);
        let (entries, entries_cut) = self.entries.finish();
        Record {
            calls: Calls { count: self.count, digest: self.hasher.finish() },
            violations: self.violations,
            tripwires: self.tripwires,
            notices: self.notices,
            after_end: self.after_end,
            entries,
            entries_cut,
            trace: self.steps,
        }
    }

    #[inline]
    fn segment(&mut self) {
        if self.buffer.len() >= Self::SEGMENT {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.hasher.update(&self.buffer);
        self.buffer.clear();
    }
}

fn most(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::{Part, Weight};

    #[test]
    fn what_is_hashed_does_not_depend_on_how_long_it_is() {
        const CALL: Operation = Operation { capability: "log", name: "write", code: 0x50, weight: Weight::Light };
        let keep = Keep { entries: 1, grace: 1, steps: Detail::Digest };
        let mut recorder = Recorder::new(keep);
        let mut framed = Vec::new();
        for length in [0, 1, 959, 960, 961, 5000, 3] {
            let content = vec![7; length];
            let argument = [Part::Bytes(&content)];
            recorder.call(CALL, Argument(&argument), Decision::Granted);
            let list = Value::MultiDiscrete(vec![9; length]);
            recorder.outcome(&list, 0.5);
            framed.extend([CALL.code, 0]);
            Argument(&argument).frame(&mut framed);
            frame_value(&list, &mut framed);
            framed.extend(0.5_f64.to_bits().to_le_bytes());
            assert!(recorder.buffer.capacity() <= 2 * Recorder::ROOM, "{length} bytes are held");
        }
        assert_eq!(recorder.finish().calls.digest, Digest::of(&framed));
    }

    #[test]
    fn what_became_of_a_call_is_hashed_with_it() {
        const CALL: Operation = Operation { capability: "log", name: "write", code: 0x50, weight: Weight::Light };
        const OTHER: Operation = Operation { code: 0x51, ..CALL };
        let digest = |operation, decision, reward| {
            let mut recorder = Recorder::new(Keep { entries: 1, grace: 1, steps: Detail::Digest });
            recorder.call(operation, Argument(&[]), decision);
            recorder.outcome(&Value::Discrete(0), reward);
            recorder.finish().calls.digest.to_string()
        };
        let digests = [
            digest(CALL, Decision::Granted, 0.0),
            digest(CALL, Decision::Refused, 0.0),
            digest(CALL, Decision::Pretended, 0.0),
            digest(OTHER, Decision::Granted, 0.0),
            digest(CALL, Decision::Granted, 1.0),
        ];
        assert_eq!(digests.iter().collect::<std::collections::BTreeSet<_>>().len(), digests.len());
    }
}
