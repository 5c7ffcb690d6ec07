//! What a worker tells of an episode that is over, and how far it is believed.
//!
//! ```text
//!  Ticket --live--> Told --Parcel--> pipe --Parcel--> Told --believe--> Lived
//!                                                            ^ ticket, policy, world: the supervisor's own
//! ```
//!
//! 1. What names the episode is never taken from a worker: its number, lineage, world, seed and run, the digests of what it opened
//!    with, and what its violations ask of the run.
//! 2. What its world led to is not taken from one either: it is told the actions, and [`play`](super::play) does the rest.
//! 3. What reaches a later episode is no more than the policy declares; what is told of this one is held against it by
//!    [`hold`](super::hold). Where it is not believed, its world is what it was before it.
//! 4. What is believed is written down exactly as it would be had the episode been lived here.
//! 5. Each list is read no further than it may go: see [`Bounds`].

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::bounds::{Bounds, TEXT};
use super::frame::Bytes;
use super::hold::hold;
use super::noted::noted;
use super::parcel::Rest;
use super::play::play;
use crate::agent::Known;
use crate::capability::{self, PATH};
use crate::episode::{Aborted, Lived, Setting, Ticket};
use crate::gate::{Consequence, Demands};
use crate::policy::Continuity;
use crate::transcript::{
    Calls, Class, Closing, Decision, Due, End, Entry, Learned, Lesson, Message, Operation, Residue, Tally, Transcript,
};
use crate::value::Digest;

/// An episode that is over, but for what the supervisor knows of it, or finds out by itself.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    end: End,
    closing: Closing,
    cause: Option<String>,
    fuel: u64,
    calls: u64,
    digest: [u8; 32],
    violations: Vec<(u8, u64)>,
    notices: Vec<(u8, u64)>,
    tripwires: Vec<(u8, u64)>,
    after_end: u64,
    entries: Vec<ToldEntry>,
    entries_cut: u64,
    log: Vec<String>,
    released: Vec<(String, Bytes)>,
    residue: Vec<Residue>,
    learned: Option<ToldLesson>,
    /// What was done in the world, one action after the other.
    actions: Bytes,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct ToldEntry {
    ordinal: u64,
    step: u32,
    operation: u8,
    argument: String,
    digest: [u8; 32],
    decision: Decision,
    class: Option<u8>,
    rule: String,
    due: Due,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct ToldLesson {
    outcome: Lesson,
    bytes: u64,
    fuel: u64,
    /// The next episode's carry-over, where there is a new one.
    next: Option<Bytes>,
}

/// The most lists of counts have: every class, and every operation that a byte can number.
const CLASSES: u64 = 10;
const OPERATIONS: u64 = 256;
/// The bytes of a count, and of an entry beyond its text, at the most.
const COUNT: usize = 16;
const ENTRY: usize = 128;

/// Why a worker is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// An operation, a class or a reason that there is not, or that no worker can give.
    #[error("the worker told of something that there is not")]
    Unknown,
    /// More than the policy allows.
    #[error("the worker told of more than the policy allows")]
    Beyond,
    /// Something that cannot be where the rest is as it is told.
    #[error("what the worker told contradicts itself")]
    Contradiction,
    /// Another episode than the one whose turn it is: one that it has told of already, or was not given.
    #[error("the worker told of another episode than the one that was due")]
    Unasked,
    /// More than there is room for.
    #[error("the worker told of more than a ledger takes")]
    Long,
}

impl Told {
    /// Live an episode, and tell of it. The thread has to have the stack that [`Setting::live`] asks for.
    ///
    /// # Errors
    ///
    /// [`Aborted`] where the host could not go on.
    pub fn live(setting: &Setting, mut ticket: Ticket) -> Result<Self, Box<Aborted>> {
        let (world, notes) = noted(ticket.environment);
        ticket.environment = world;
        let Lived { transcript, environment, carry_over, .. } = setting.live(ticket)?;
        drop(environment);
        Ok(Self::of(transcript, &carry_over, notes.actions()))
    }

    fn of(transcript: Transcript, carry_over: &[u8], actions: Vec<u8>) -> Self {
        let learned = transcript.learned.map(|learned| ToldLesson {
            outcome: learned.outcome,
            bytes: learned.bytes,
            fuel: learned.fuel,
            next: (learned.outcome == Lesson::Carried).then(|| Bytes(carry_over.to_vec())),
        });
        Self {
            end: transcript.end,
            closing: transcript.closing,
            cause: transcript.cause,
            fuel: transcript.fuel,
            calls: transcript.calls.count,
            digest: *transcript.calls.digest.as_bytes(),
            violations: counts(&transcript.violations),
            notices: counts(&transcript.notices),
            tripwires: transcript.tripwires.iter().map(|(operation, count)| (operation.code, count)).collect(),
            after_end: transcript.after_end,
            entries: transcript.entries.into_iter().map(ToldEntry::of).collect(),
            entries_cut: transcript.entries_cut,
            log: transcript.log,
            released: transcript.released.into_iter().map(|sent| (sent.recipient, Bytes(sent.body))).collect(),
            residue: transcript.residue,
            learned,
            actions: Bytes(actions),
        }
    }

    /// Read what is told, in the order in which it is written.
    pub(super) fn read(rest: &mut Rest<'_>, bounds: &Bounds) -> Result<Self, Doubt> {
        // INVARIANT 5
        Ok(Self {
            end: rest.one()?,
            closing: rest.one()?,
            cause: rest.one()?,
            fuel: rest.one()?,
            calls: rest.one()?,
            digest: rest.one()?,
            violations: rest.list(CLASSES, COUNT)?,
            notices: rest.list(CLASSES, COUNT)?,
            tripwires: rest.list(OPERATIONS, COUNT)?,
            after_end: rest.one()?,
            entries: rest.list(bounds.entries, TEXT.saturating_add(ENTRY))?,
            entries_cut: rest.one()?,
            log: rest.list(bounds.lines, usize::MAX)?,
            released: rest.list(bounds.messages, bounds.message)?,
            residue: rest.list(bounds.residue, PATH.saturating_add(COUNT))?,
            learned: rest.one()?,
            actions: rest.one()?,
        })
    }

    /// The episode, with what the supervisor knows of it.
    ///
    /// # Errors
    ///
    /// [`Doubt`] where it cannot have been lived like this under this policy.
    pub fn believe(self, setting: &Setting<Known>, bounds: &Bounds, ticket: &mut Ticket) -> Result<Lived, Doubt> {
        let persists = setting.policy.boundary.environment == Continuity::Persist;
        let before = persists.then(|| ticket.environment.state());
        let mut believed = self.believe_in(setting, bounds, ticket);
        // INVARIANT 3: a world takes its own state. Of an episode that the wall clock ended it keeps nothing.
        let _ = match (&mut believed, before) {
            (Err(_), Some(state)) => ticket.environment.restore(&state),
            (Ok(lived), Some(state)) if lived.transcript.end == End::Wall => lived.environment.restore(&state),
            _ => Ok(()),
        };
        believed
    }

    fn believe_in(self, setting: &Setting<Known>, bounds: &Bounds, ticket: &mut Ticket) -> Result<Lived, Doubt> {
        if self.end == End::Aborted || !self.is_sound() {
            return Err(Doubt::Unknown);
        }
        // INVARIANT 1
        let mut transcript = setting.header(ticket);
        let violations = tally(&self.violations)?;
        let carry_over = self.carry_over(setting, ticket)?;
        transcript.learned = self.learned.as_ref().map(|lesson| Learned {
            outcome: lesson.outcome,
            bytes: lesson.bytes,
            carry_over: Digest::of(&carry_over),
            fuel: lesson.fuel,
        });
        let limit = setting.limit(ticket.environment.as_ref());
        // INVARIANT 2
        let detail = setting.policy.record.steps;
        let played =
            play(ticket.environment.as_mut(), ticket.seed, &self.actions.0, limit.last_step(), detail, bounds)?;
        (transcript.steps, transcript.total) = (played.steps, played.total);
        (transcript.performance, transcript.trace) = (played.performance, played.trace);
        self.fill(&mut transcript, violations)?;
        // INVARIANT 3
        hold(&transcript, setting, bounds, played.status, limit)?;
        let demands = demands(setting, &violations);
        let environment = std::mem::replace(&mut ticket.environment, capability::nowhere());
        Ok(Lived { transcript, environment, carry_over, demands })
    }

    /// Whether what reports show has no control characters: here they would have been escaped.
    fn is_sound(&self) -> bool {
        let shown = self.entries.iter().flat_map(|entry| [&entry.argument, &entry.rule]);
        let mut shown = shown.chain(&self.cause);
        !shown.any(|text| text.chars().any(char::is_control))
    }

    /// INVARIANT 3: the carry-over of the next episode.
    fn carry_over(&self, setting: &Setting<Known>, ticket: &Ticket) -> Result<Arc<[u8]>, Doubt> {
        if self.learned.is_some() != setting.learns() {
            return Err(Doubt::Unknown);
        }
        let Some(ToldLesson { outcome, next, bytes: told, .. }) = &self.learned else {
            return Ok(Arc::clone(&ticket.carry_over));
        };
        match (outcome, next) {
            (Lesson::Carried, Some(Bytes(next))) => {
                let is_so_long = u64::try_from(next.len()).is_ok_and(|bytes| bytes == *told);
                if is_so_long { Ok(Arc::from(next.as_slice())) } else { Err(Doubt::Contradiction) }
            }
            (Lesson::Carried, None) | (_, Some(_)) => Err(Doubt::Unknown),
            (_, None) => Ok(Arc::clone(&ticket.carry_over)),
        }
    }

    /// INVARIANT 4: field by field.
    fn fill(self, transcript: &mut Transcript, violations: Tally) -> Result<(), Doubt> {
        transcript.end = self.end;
        transcript.closing = self.closing;
        transcript.cause = self.cause;
        transcript.fuel = self.fuel;
        transcript.calls = Calls { count: self.calls, digest: Digest::from_bytes(self.digest) };
        transcript.violations = violations;
        transcript.notices = tally(&self.notices)?;
        for (code, count) in self.tripwires {
            transcript.tripwires.add(operation(code)?, count);
        }
        transcript.after_end = self.after_end;
        transcript.entries = self.entries.into_iter().map(ToldEntry::entry).collect::<Result<_, _>>()?;
        transcript.entries_cut = self.entries_cut;
        transcript.log = self.log;
        transcript.released =
            self.released.into_iter().map(|(recipient, Bytes(body))| Message { recipient, body }).collect();
        transcript.residue = self.residue;
        transcript.reproducible = transcript.follows_from_its_seed();
        Ok(())
    }
}

impl ToldEntry {
    fn of(entry: Entry) -> Self {
        Self {
            ordinal: entry.ordinal,
            step: entry.step,
            operation: entry.operation.code,
            argument: entry.argument,
            digest: *entry.digest.as_bytes(),
            decision: entry.decision,
            class: entry.class.map(code),
            rule: entry.rule.into_owned(),
            due: entry.due,
        }
    }

    fn entry(self) -> Result<Entry, Doubt> {
        Ok(Entry {
            ordinal: self.ordinal,
            step: self.step,
            operation: operation(self.operation)?,
            argument: self.argument,
            digest: Digest::from_bytes(self.digest),
            decision: self.decision,
            class: self.class.map(class).transpose()?,
            rule: Cow::Owned(self.rule),
            due: self.due,
        })
    }
}

/// What the violations of an episode ask of the run: the supervisor's policy says so, not the worker.
fn demands(setting: &Setting<Known>, violations: &Tally) -> Demands {
    let asked = |wanted| violations.iter().any(|(class, _)| setting.policy.consequences.of(class) == wanted);
    Demands { quarantine: asked(Consequence::Quarantine), fail: asked(Consequence::Fail) }
}

fn counts(tally: &Tally) -> Vec<(u8, u64)> {
    tally.iter().map(|(class, count)| (code(class), count)).collect()
}

fn tally(counts: &[(u8, u64)]) -> Result<Tally, Doubt> {
    counts.iter().map(|(code, count)| Ok((class(*code)?, *count))).collect()
}

fn code(class: Class) -> u8 {
    u8::try_from(class.index()).unwrap_or(u8::MAX)
}

fn class(code: u8) -> Result<Class, Doubt> {
    Class::ALL.get(usize::from(code)).copied().ok_or(Doubt::Unknown)
}

fn operation(code: u8) -> Result<Operation, Doubt> {
    capability::operation(code).ok_or(Doubt::Unknown)
}

#[cfg(test)]
mod tests;
