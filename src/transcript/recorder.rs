//! The recorder of an episode. Recording appends bytes to a buffer, which is hashed by segments.

use super::entries::{Budget, Entries};
use super::{
    Answered, Argument, Class, ClassCounts, Decision, Entry, Operation, Outside, Role, Step, Touched, frame_value,
};
use crate::value::{Digest, Hasher, Value, wide};

/// Limits on the record of an episode's calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Maximum number of entries of decisions before the boundary.
    pub entries: u32,
    /// Maximum number of entries of calls after the boundary.
    pub grace: u32,
    /// Detail of the steps in the record.
    pub steps: Detail,
}

/// Detail of steps in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Only the digest is kept, since a deterministic episode can be run again from its seed.
    Digest,
    /// Each step is kept.
    Full,
}

/// Recorder of one episode.
///
/// Each of several roles has its own counts, entries and bytes. So no role can learn from the remaining room what
/// another did.
#[derive(Debug)]
pub struct Recorder {
    keep: Keep,
    /// Number of bytes of a role after which its calls are refused.
    most: u64,
    count: u64,
    /// Value of `count` at which the turn of this role began.
    began: u64,
    buffer: Vec<u8>,
    hasher: Hasher,
    own: Account,
    /// Accounts of all roles, where there are several; that of the current role is in `own`.
    roles: Vec<Account>,
    turn: usize,
    steps: Vec<Step>,
    outside: Vec<Outside>,
}

/// Record and counts of one role.
#[derive(Debug, Default)]
struct Account {
    /// Role of the account, or `None` where there is only one.
    role: Option<Role>,
    counts: Counts,
    entries: Entries,
    /// Approximate number of bytes that the kept data takes in the line; never too low.
    bytes: u64,
}

/// Counts of one role; exact, whatever is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Number of calls.
    pub calls: u64,
    /// Number of steps, where the episode has several roles.
    pub steps: u32,
    /// Number of violations of each class.
    pub violations: ClassCounts,
    /// Number of notices of each class.
    pub notices: ClassCounts,
    /// Number of calls that touched a tripwire, by operation.
    pub tripwires: Touched,
    /// Number of calls after the boundary.
    pub after_end: u64,
}

impl Counts {
    /// Adds the counts of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.steps = self.steps.saturating_add(other.steps);
        self.violations.merge(&other.violations);
        self.notices.merge(&other.notices);
        self.tripwires.merge(&other.tripwires);
        self.after_end = self.after_end.saturating_add(other.after_end);
    }
}

/// Finished record of an episode.
#[derive(Debug)]
pub struct Record {
    /// Digest of every call.
    pub digest: Digest,
    /// Exact counts of the calls.
    pub counts: Counts,
    /// Decisions that are kept.
    pub entries: Vec<Entry>,
    /// Number of decisions that are not kept.
    pub entries_cut: u64,
    /// Steps, where they are kept.
    pub trace: Vec<Step>,
    /// Answers from outside.
    pub outside: Vec<Outside>,
    /// Counts of each role, where there are several.
    pub roles: Vec<Counts>,
}

impl Record {
    /// Adds the record of the `learn` of one of several roles, whose calls come after those before.
    pub fn absorb_of(&mut self, role: usize, later: Self) {
        if let Some(counts) = self.roles.get_mut(role) {
            counts.merge(&later.counts);
        }
        self.absorb(later);
    }

    /// Adds the record of `learn`, whose calls come after those of the episode.
    pub fn absorb(&mut self, later: Self) {
        let count = self.counts.calls;
        if later.counts.calls > 0 {
            self.digest = Digest::of(&[*self.digest.as_bytes(), *later.digest.as_bytes()].concat());
        }
        self.counts.merge(&later.counts);
        let entry = |entry: Entry| Entry { ordinal: count.saturating_add(entry.ordinal), ..entry };
        self.entries.extend(later.entries.into_iter().map(entry));
        self.entries_cut = self.entries_cut.saturating_add(later.entries_cut);
    }
}

impl Recorder {
    /// Number of bytes that are gathered before they are hashed: whole blocks of SHA-256.
    const SEGMENT: usize = 15 * 64;

    /// Capacity for a segment and the scalar call that fills it. It is small, so allocating it is cheap.
    const ROOM: usize = Self::SEGMENT + 64;

    /// Number of bytes of a transcript after which every call is refused. Data that is kept outside the recorder
    /// counts too.
    pub const MOST: u64 = 64 << 20;

    /// Byte that precedes the calls of another role in the hashed data. No operation has this code.
    const TURN: u8 = 0xff;

    /// Maximum number of bytes of an entry: two excerpts, a digest, and names.
    const ENTRY: u64 = 1024;

    /// Returns a recorder for one episode.
    pub fn new(keep: Keep) -> Self {
        Self { most: Self::MOST, buffer: Vec::with_capacity(Self::ROOM), ..Self::absent(keep) }
    }

    /// Returns a recorder that records nothing, as a placeholder for another one.
    pub fn absent(keep: Keep) -> Self {
        Self {
            keep,
            most: 0,
            count: 0,
            began: 0,
            buffer: Vec::new(),
            hasher: Hasher::default(),
            own: Account::default(),
            roles: Vec::new(),
            turn: 0,
            steps: Vec::new(),
            outside: Vec::new(),
        }
    }

    /// Returns a recorder for one episode of several roles, which share the bytes of a transcript.
    pub fn shared(keep: Keep, roles: &[Role]) -> Self {
        let account = |role: &Role| Account { role: Some(role.clone()), ..Account::default() };
        let most = Self::MOST.checked_div(wide(roles.len())).unwrap_or(Self::MOST);
        let mut recorder = Self { most, roles: roles.iter().map(account).collect(), ..Self::new(keep) };
        recorder.take_out(0);
        recorder
    }

    /// Records the calls of another role from now on.
    pub fn pass(&mut self, role: usize) {
        if role == self.turn {
            return;
        }
        self.put_back();
        self.take_out(role);
        self.buffer.extend([Self::TURN, role.to_le_bytes()[0]]);
        self.segment();
    }

    /// Returns the role whose calls are recorded, or `None` where there is only one.
    pub const fn role(&self) -> Option<&Role> {
        self.own.role.as_ref()
    }

    /// Counts a step of the current role.
    pub const fn acted(&mut self) {
        self.own.counts.steps = self.own.counts.steps.saturating_add(1);
    }

    /// Returns the index of the current role, or `None` where there is only one.
    pub fn turn(&self) -> Option<usize> {
        (!self.roles.is_empty()).then_some(self.turn)
    }

    fn put_back(&mut self) {
        self.own.counts.calls = self.own.counts.calls.saturating_add(self.count.saturating_sub(self.began));
        self.began = self.count;
        if let Some(place) = self.roles.get_mut(self.turn) {
            *place = std::mem::take(&mut self.own);
        }
    }

    fn take_out(&mut self, role: usize) {
        if let Some(place) = self.roles.get_mut(role) {
            self.own = std::mem::take(place);
        }
        self.turn = role;
    }

    /// Returns the number of calls recorded so far, which is the ordinal of the next one.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Returns `true` if one more entry before the boundary would be kept.
    pub fn has_room(&self) -> bool {
        self.own.entries.before() < most(self.keep.entries)
    }

    /// Returns `true` if the transcript has reached its maximum length.
    pub const fn is_full(&self) -> bool {
        self.own.bytes >= self.most
    }

    /// Counts bytes that are kept elsewhere and become part of the transcript, such as text of the agent.
    pub const fn keep(&mut self, bytes: u64) {
        self.own.bytes = self.own.bytes.saturating_add(bytes);
    }

    /// Records a call and its decision.
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

    /// Keeps an entry, or counts it where there is no room.
    pub fn entry(&mut self, budget: Budget, entry: Entry) {
        if let Some(class) = entry.class {
            self.own.counts.violations.add(class);
            if class == Class::TripWire {
                self.own.counts.tripwires.add(entry.operation.clone(), 1);
            }
        }
        if entry.decision == Decision::Noted {
            self.own.counts.notices.add(Class::Ungranted);
        }
        let limit = match budget {
            // A refusal for lack of room is counted, and has no entry.
            Budget::Episode if self.is_full() => 0,
            Budget::Episode => self.keep.entries,
            Budget::Grace => self.keep.grace,
        };
        if self.own.entries.push(budget, most(limit), entry) && budget == Budget::Episode {
            self.keep(Self::ENTRY);
        }
    }

    /// Counts a call after the boundary.
    pub const fn after_end(&mut self) {
        self.own.counts.after_end += 1;
    }

    /// Counts a violation that belongs to no call.
    pub fn violation(&mut self, class: Class) {
        self.own.counts.violations.add(class);
    }

    /// Counts a notice that belongs to no call.
    pub fn notice(&mut self, class: Class) {
        self.own.counts.notices.add(class);
    }

    /// Records the observation and the reward of a step.
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

    /// Keeps an answer to the call that was recorded last.
    pub fn answered(&mut self, outcome: Answered, answer: Vec<u8>, asked: Digest) {
        let (role, ordinal) = (self.own.role.clone(), self.count.saturating_sub(1));
        let one = Outside { role, ordinal, asked, outcome, answer, raw: None };
        self.keep(one.bytes());
        self.outside.push(one);
    }

    /// Keeps a step.
    pub fn step(&mut self, step: Step) {
        self.keep(step.bytes());
        self.steps.push(step);
    }

    /// Returns the finished record.
    pub fn finish(mut self) -> Record {
        self.hasher.update(&self.buffer);
        self.own.counts.calls = self.own.counts.calls.saturating_add(self.count.saturating_sub(self.began));
        let digest = self.hasher.finish();
        if self.roles.is_empty() {
            let (entries, entries_cut) = self.own.entries.finish();
            let counts = self.own.counts;
            return Record {
                digest,
                counts,
                entries,
                entries_cut,
                trace: self.steps,
                outside: self.outside,
                roles: Vec::new(),
            };
        }
        if let Some(place) = self.roles.get_mut(self.turn) {
            *place = self.own;
        }
        let mut record = Record {
            digest,
            counts: Counts::default(),
            entries: Vec::new(),
            entries_cut: 0,
            trace: self.steps,
            outside: self.outside,
            roles: Vec::new(),
        };
        for account in self.roles {
            let (mut entries, cut) = account.entries.finish();
            record.entries.append(&mut entries);
            record.entries_cut = record.entries_cut.saturating_add(cut);
            record.counts.merge(&account.counts);
            record.roles.push(account.counts);
        }
        record.entries.sort_by_key(|entry| entry.ordinal);
        record
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
    use crate::transcript::{RecordedArgument, Weight};

    #[test]
    fn what_is_hashed_does_not_depend_on_how_long_it_is() {
        const CALL: Operation = Operation { capability: "log", name: "write", code: 0x50, weight: Weight::Light };
        let keep = Keep { entries: 1, grace: 1, steps: Detail::Digest };
        let mut recorder = Recorder::new(keep);
        let mut framed = Vec::new();
        for length in [0, 1, 959, 960, 961, 5000, 3] {
            let content = vec![7; length];
            let argument = [RecordedArgument::Bytes(&content)];
            recorder.call(CALL, Argument(&argument), Decision::Granted);
            let list = Value::MultiDiscrete(vec![9; length]);
            recorder.outcome(&list, 0.5);
            framed.extend([CALL.code, 0]);
            Argument(&argument).frame(&mut framed);
            frame_value(&list, &mut framed);
            framed.extend(0.5_f64.to_bits().to_le_bytes());
            assert!(recorder.buffer.capacity() <= 2 * Recorder::ROOM, "{length} bytes are held");
        }
        assert_eq!(recorder.finish().digest, Digest::of(&framed));
    }

    #[test]
    fn what_became_of_a_call_is_hashed_with_it() {
        const CALL: Operation = Operation { capability: "log", name: "write", code: 0x50, weight: Weight::Light };
        const OTHER: Operation = Operation { code: 0x51, ..CALL };
        let digest = |operation, decision, reward| {
            let mut recorder = Recorder::new(Keep { entries: 1, grace: 1, steps: Detail::Digest });
            recorder.call(operation, Argument(&[]), decision);
            recorder.outcome(&Value::Discrete(0), reward);
            recorder.finish().digest.to_string()
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
