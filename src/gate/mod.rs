//! The only road from a request to an effect.
//!
//! ```text
//!             ask(operation, argument, check)                        answer(effect)
//!  request ---> boundary ---> warrant ---> check ---> record ---> Permit ---> effect on the state
//!                  |             |           |          |
//!                ended        denied     over-quota   (what cannot be recorded
//!                                        invalid       is refused)
//! ```
//!
//! 1. Nothing reaches a capability's state but through a [`Permit`], and a permit is good for one answer.
//! 2. A decision is recorded before its permit exists.
//! 3. From the boundary on no permit is given, and the boundary never moves.
//! 4. A refusal says the same to every agent: it depends on the policy and the request alone.

mod capability;
mod held;
mod request;
mod terms;

use std::borrow::Cow;

pub use capability::{AfterEnd, Capability, Example, Given, Grant, Ground, Kept, Kind, Limit};
pub use held::{Held, Permit, Waiting};
pub use request::{Refusal, Request, Shortfall};
pub use terms::{Consequence, Consequences, Mode, Release, Rule, Warrant};

use crate::transcript::{
    AFTER_END, Answered, Argument, Budget, Class, Decision, Detail, Due, End, Entry, Keep, Operation, Record, Recorder,
    Role, Step, Weight,
};
use crate::value::{Digest, Value};

/// The rule that decides on whatever is called in `learn`.
pub const LEARN: &str = "learn";

/// The limit on what one call may move.
pub const CALL_BYTES: &str = "episode.call-bytes";
/// The limit on the entries of a record, which is one on what has an entry alone.
pub const RECORD_ENTRIES: &str = "record.entries";
/// The limit on the bytes of a record.
pub const RECORD_BYTES: &str = "record.bytes";

/// Where an episode stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Before the boundary.
    Open,
    /// After it. Whether the agent has been told decides what its next call counts as.
    Ended { end: End, told: Told },
    /// In `learn`, where there is no capability at all.
    Learning,
}

/// Whether the agent knows that its episode is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The answer to its last call said so, or will.
    Yes,
    /// It could not know yet: its next refusal tells it.
    NotYet,
}

/// What the violations of an episode ask of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demands {
    /// No further episode in this run.
    pub quarantine: bool,
    /// The run exits with 1.
    pub fail: bool,
}

impl Demands {
    /// What both ask.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self { quarantine: self.quarantine || other.quarantine, fail: self.fail || other.fail }
    }
}

/// The boundary of one episode, and the record of what was asked.
#[derive(Debug)]
pub struct Gate {
    phase: Phase,
    step: u32,
    /// The role that had its turn at the boundary, where there are several.
    by: Option<usize>,
    consequences: Consequences,
    demands: Demands,
    call_bytes: u64,
    owed: u64,
    recorder: Recorder,
}

impl Gate {
    /// The gate of an episode that opens now. `call_bytes` is the most that one call may move, both ways together.
    pub fn new(consequences: Consequences, keep: Keep, call_bytes: u64) -> Self {
        Self {
            phase: Phase::Open,
            step: 0,
            by: None,
            consequences,
            demands: Demands::default(),
            call_bytes,
            owed: 0,
            recorder: Recorder::new(keep),
        }
    }

    /// The same of an episode of several roles, of which the first has its turn.
    pub fn shared(consequences: Consequences, keep: Keep, call_bytes: u64, roles: &[Role]) -> Self {
        Self { recorder: Recorder::shared(keep, roles), ..Self::new(consequences, keep, call_bytes) }
    }

    /// A gate in the place of one that is elsewhere: it refuses all that is asked.
    pub fn absent() -> Self {
        let keep = Keep { entries: 0, grace: 0, steps: Detail::Digest };
        Self {
            phase: Phase::Learning,
            step: 0,
            by: None,
            consequences: Consequences::all(Consequence::Record),
            demands: Demands::default(),
            call_bytes: 0,
            owed: 0,
            recorder: Recorder::absent(keep),
        }
    }

    /// Decide the requests of another role from now on. Where the episode is over, the role is told so with what it is handed.
    pub fn pass(&mut self, role: usize) {
        self.recorder.pass(role);
        if let Phase::Ended { end, .. } = self.phase {
            self.phase = Phase::Ended { end, told: Told::Yes };
        }
    }

    /// How many steps have been taken.
    pub const fn step(&self) -> u32 {
        self.step
    }

    /// Whether the boundary is still to come.
    pub fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Why the episode ended, once it has.
    pub const fn end(&self) -> Option<End> {
        match self.phase {
            Phase::Ended { end, .. } => Some(end),
            Phase::Open | Phase::Learning => None,
        }
    }

    /// Whether the boundary has come, and the agent knows.
    pub fn was_told(&self) -> bool {
        matches!(self.phase, Phase::Ended { told: Told::Yes, .. })
    }

    /// What the violations so far ask of the run.
    pub const fn demands(&self) -> Demands {
        self.demands
    }

    /// The boundary. The first one counts; any later one changes nothing.
    pub fn close(&mut self, end: End, told: Told) {
        // INVARIANT 3: the boundary never moves.
        if self.phase == Phase::Open {
            self.phase = Phase::Ended { end, told };
            self.by = self.recorder.turn();
        }
    }

    /// The role that has its turn, where there are several.
    pub const fn role(&self) -> Option<&Role> {
        self.recorder.role()
    }

    /// Index of the role that has its turn, where there are several.
    pub fn turn(&self) -> Option<usize> {
        self.recorder.turn()
    }

    /// The role that had its turn at the boundary, where there are several and it has come.
    pub const fn ended_by(&self) -> Option<usize> {
        self.by
    }

    /// Refuse everything from now on: `learn` runs.
    pub const fn learning(&mut self) {
        self.phase = Phase::Learning;
    }

    /// Count a step, and write down what it led to.
    pub fn stepped(&mut self, observation: &Value, reward: f64) {
        self.step = self.step.saturating_add(1);
        self.shown(observation, reward);
    }

    /// Count a step of one role of several: what it led to is written down where the role is shown it.
    pub const fn acted(&mut self) {
        self.recorder.acted();
        self.step = self.step.saturating_add(1);
    }

    /// Write down what a role is shown of what its step led to.
    pub fn shown(&mut self, observation: &Value, reward: f64) {
        self.recorder.outcome(observation, reward);
    }

    /// Keep a step in full.
    pub fn keep(&mut self, step: Step) {
        self.recorder.step(step);
    }

    /// Keep an answer from outside to the call that was decided last.
    pub fn answered(&mut self, outcome: Answered, answer: Vec<u8>, asked: Digest) {
        self.recorder.answered(outcome, answer, asked);
    }

    /// Count so many bytes that an answer keeps for the transcript.
    pub const fn kept(&mut self, bytes: u64) {
        self.recorder.keep(bytes);
    }

    /// Record a violation that no call made, such as residue.
    pub fn violation(&mut self, class: Class) {
        self.recorder.violation(class);
        self.answer_for(class, Told::Yes);
    }

    /// Record what would be a violation that no call made, had the agent been able to do otherwise.
    pub fn notice(&mut self, class: Class) {
        self.recorder.notice(class);
    }

    /// Record a refusal that was decided where a call could not ask, such as the growth of a memory.
    pub fn refused(&mut self, operation: Operation, argument: Argument<'_>, class: Class, rule: &'static str) {
        self.write(operation, argument, Decision::Refused, Some(class), rule.into(), Some(class));
        self.answer_for(class, Told::NotYet);
    }

    /// Whether one call may move so many bytes, where it is answered without a permit; they are owed.
    pub const fn may_move(&mut self, bytes: u64) -> bool {
        let may = bytes <= self.call_bytes;
        if may {
            self.owed = self.owed.saturating_add(bytes);
        }
        may
    }

    /// The bytes that the last answer moved and that have not been charged yet.
    pub const fn take_owed(&mut self) -> u64 {
        std::mem::replace(&mut self.owed, 0)
    }

    /// What the record comes to.
    pub fn finish(self) -> Record {
        self.recorder.finish()
    }

    /// Decide a request. On success the decision has been recorded.
    fn decide(
        &mut self,
        warrant: &Warrant,
        capability: &Capability,
        request: &Request<'_>,
        check: impl FnOnce() -> Result<usize, Shortfall>,
    ) -> Result<Mode, Refusal> {
        let Request { operation, argument, name } = *request;
        match self.phase {
            Phase::Open => {}
            Phase::Ended { end, told } => return Err(self.refuse_ended(request, capability.after_end, end, told)),
            // What a runtime asks by itself is no wish of the agent; where the policy denies it, it was denied in the episode too.
            Phase::Learning
                if capability.is_by_runtimes(operation)
                    && warrant.decide(operation, name, self.step).0 == Mode::Grant =>
            {
                return Err(self.note(request, LEARN));
            }
            Phase::Learning => {
                return Err(self.refuse(request, Some(Class::Ungranted), LEARN.into(), Refusal::Denied));
            }
        }
        // A supervisor believes in no other grounds than these.
        let check = || {
            let checked = check();
            debug_assert!(
                checked.as_ref().err().is_none_or(|why| capability.grounds(operation).iter().any(|own| own.is_of(why))),
                "`{operation}` is turned down on no ground of its own: {checked:?}"
            );
            debug_assert!(checked.is_err() || !capability.is_never_done(operation), "`{operation}` is never done");
            checked
        };
        let (mode, place) = warrant.decide(operation, name, self.step);
        match mode {
            Mode::Deny => Err(self.refuse(request, Some(Class::Ungranted), place.to_owned().into(), Refusal::Denied)),
            Mode::Tripwire => {
                // What a grant would refuse as well is refused, so that a tripwire cannot be told from one.
                let wish = match self.check(argument, check) {
                    Ok(()) => Class::TripWire,
                    Err(Shortfall::Never(class, _)) => class,
                    Err(shortfall) => return Err(self.fall_short(request, shortfall, Some(Class::TripWire))),
                };
                let rule = place.to_owned().into();
                self.write(operation, argument, Decision::Pretended, Some(Class::TripWire), rule, Some(wish));
                // The answer says that it worked: the agent cannot know that this was the end.
                self.answer_for(Class::TripWire, Told::NotYet);
                Ok(Mode::Tripwire)
            }
            Mode::Grant => {
                self.check(argument, check).map_err(|shortfall| self.fall_short(request, shortfall, None))?;
                let is_heavy = operation.weight == Weight::Heavy;
                // What cannot be recorded does not happen.
                if is_heavy && !self.recorder.has_room() {
                    return Err(self.fall_short(request, Shortfall::Quota(RECORD_ENTRIES), None));
                }
                if self.recorder.is_full() {
                    return Err(self.fall_short(request, Shortfall::Quota(RECORD_BYTES), None));
                }
                // INVARIANT 2: the decision is written down before there is a permit.
                if is_heavy {
                    let rule = place.to_owned().into();
                    self.write(operation, argument, Decision::Granted, None, rule, None);
                } else {
                    self.recorder.call(operation, argument, Decision::Granted);
                }
                Ok(Mode::Grant)
            }
        }
    }

    /// Whether the state allows it and the call moves no more than it may; what the answer moves is owed.
    fn check(
        &mut self,
        argument: Argument<'_>,
        check: impl FnOnce() -> Result<usize, Shortfall>,
    ) -> Result<(), Shortfall> {
        let answered = check()?;
        let moved = u64::try_from(argument.weight().saturating_add(answered)).unwrap_or(u64::MAX);
        if moved > self.call_bytes {
            return Err(Shortfall::Quota(CALL_BYTES));
        }
        // One call may ask twice: what is printed is asked of the log as well.
        self.owed = self.owed.saturating_add(u64::try_from(answered).unwrap_or(u64::MAX));
        Ok(())
    }

    /// Refuse what the check turned down; `touched` is the class of a tripwire that it touched.
    fn fall_short(&mut self, request: &Request<'_>, shortfall: Shortfall, touched: Option<Class>) -> Refusal {
        let (class, rule, refusal): (_, _, fn(String) -> Refusal) = match shortfall {
            Shortfall::Absent(rule) if touched.is_none() => return self.note(request, rule),
            Shortfall::Absent(rule) => (None, rule.into(), Refusal::Denied),
            Shortfall::Quota(limit) => (Some(Class::OverQuota), quota(request.operation, limit), Refusal::OverQuota),
            Shortfall::Never(class, rule) => (Some(class), rule.into(), Refusal::Denied),
            Shortfall::Invalid(why) => (None, why, Refusal::Invalid),
        };
        self.refuse(request, touched.or(class), rule, refusal)
    }

    /// Record a refusal before the boundary, and let it have its consequence.
    fn refuse(
        &mut self,
        request: &Request<'_>,
        class: Option<Class>,
        rule: Cow<'static, str>,
        refusal: fn(String) -> Refusal,
    ) -> Refusal {
        let Request { operation, argument, .. } = *request;
        let text = rule.clone().into_owned();
        self.write(operation, argument, Decision::Refused, class, rule, class);
        if let Some(class) = class {
            self.answer_for(class, Told::Yes);
        }
        match self.phase {
            Phase::Ended { end: End::Violation, .. } => Refusal::Ended(End::Violation),
            _ => refusal(text),
        }
    }

    /// Record what a language runtime asks by itself, and is answered with nothing: a notice.
    fn note(&mut self, request: &Request<'_>, rule: &'static str) -> Refusal {
        let Request { operation, argument, .. } = *request;
        self.write(operation, argument, Decision::Noted, None, rule.into(), None);
        Refusal::Denied(rule.to_owned())
    }

    /// Record a call after the boundary.
    fn refuse_ended(&mut self, request: &Request<'_>, after_end: AfterEnd, end: End, told: Told) -> Refusal {
        let Request { operation, argument, .. } = *request;
        let class = match (told, after_end) {
            (Told::Yes, AfterEnd::Violation) => Some(Class::ActAfterEnd),
            _ => None,
        };
        self.phase = Phase::Ended { end, told: Told::Yes };
        self.recorder.after_end();
        self.write(operation, argument, Decision::Refused, class, AFTER_END.into(), class);
        if let Some(class) = class {
            self.answer_for(class, Told::Yes);
        }
        Refusal::Ended(end)
    }

    /// When what was asked for would have had its effect.
    const fn due(&self, wish: Option<Class>) -> Due {
        match (self.phase, wish) {
            (Phase::Open, Some(class)) => class.due(),
            (Phase::Open, None) => Due::Before,
            (Phase::Ended { .. } | Phase::Learning, _) => Due::After,
        }
    }

    /// Write down a call, its decision, and the entry that is kept of it. `wish` is the class of what the agent wanted.
    fn write(
        &mut self,
        operation: Operation,
        argument: Argument<'_>,
        decision: Decision,
        class: Option<Class>,
        rule: Cow<'static, str>,
        wish: Option<Class>,
    ) {
        self.recorder.call(operation, argument, decision);
        let due = self.due(wish);
        let budget = if self.phase == Phase::Open { Budget::Episode } else { Budget::Grace };
        self.recorder.entry(
            budget,
            Entry {
                role: self.recorder.role().cloned(),
                ordinal: self.recorder.count().saturating_sub(1),
                step: self.step,
                operation: operation.into(),
                argument: argument.excerpt(),
                digest: argument.digest(),
                decision,
                class,
                rule,
                due,
            },
        );
    }

    fn answer_for(&mut self, class: Class, told: Told) {
        match self.consequences.of(class) {
            Consequence::Record => {}
            Consequence::End => self.close(End::Violation, told),
            Consequence::Quarantine => {
                self.demands.quarantine = true;
                self.close(End::Violation, told);
            }
            Consequence::Fail => self.demands.fail = true,
        }
    }
}

/// Where a limit stands in the policy.
pub fn quota(operation: Operation, limit: &'static str) -> Cow<'static, str> {
    if limit.contains('.') { limit.into() } else { format!("grants.{}.{limit}", operation.capability).into() }
}
