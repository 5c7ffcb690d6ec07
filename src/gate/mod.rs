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
//! 1. A capability's state is reached only through a [`Permit`], and a permit is good for one answer.
//! 2. A decision is recorded before its permit exists.
//! 3. No permit is given from the boundary on, and the boundary never moves.
//! 4. A refusal is the same for every agent: it depends on the policy and the request alone.

mod capability;
mod held;
mod request;
mod terms;

use std::borrow::Cow;

pub use capability::{AfterEnd, Capability, Example, Given, Grant, Ground, KeptBody, Limit, LimitKind};
pub use held::{Held, PendingPermit, Permit};
pub use request::{Refusal, Request, Shortfall};
pub use terms::{Consequence, Consequences, Mode, Release, Rule, Warrant};

use crate::transcript::{
    AFTER_END, Answered, Argument, Budget, Class, Decision, Detail, Due, End, Entry, Keep, Operation, Record, Recorder,
    Role, Step, Weight,
};
use crate::value::{Digest, Value};

/// Rule that decides on every call in `learn`.
pub const LEARN: &str = "learn";

/// Limit on the bytes that one call may move.
pub const CALL_BYTES: &str = "episode.call-bytes";
/// Limit on the entries of a record. It affects only calls that have an entry.
pub const RECORD_ENTRIES: &str = "record.entries";
/// Limit on the bytes of a record.
pub const RECORD_BYTES: &str = "record.bytes";

/// Phase of an episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The boundary has not come.
    Open,
    /// The boundary has come. The treatment of the agent's next call depends on `told`.
    Ended { end: End, told: Awareness },
    /// `learn` runs, which has no capability at all.
    Learning,
}

/// Knowledge of the agent that its episode is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awareness {
    /// The answer to its last call tells the agent.
    Yes,
    /// The agent could not know yet: its next refusal tells it.
    NotYet,
}

/// Demands of an episode's violations on the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demands {
    /// `true` if the run has to end without a further episode.
    pub quarantine: bool,
    /// `true` if the run has to exit with 1.
    pub fail: bool,
}

impl Demands {
    /// Returns the demands of both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self { quarantine: self.quarantine || other.quarantine, fail: self.fail || other.fail }
    }
}

/// Gate of one episode: its boundary, its decisions, and the record of its requests.
#[derive(Debug)]
pub struct Gate {
    phase: Phase,
    step: u32,
    /// Role that had the turn at the boundary, where there are several.
    by: Option<usize>,
    consequences: Consequences,
    demands: Demands,
    call_bytes: u64,
    owed: u64,
    recorder: Recorder,
}

impl Gate {
    /// Returns the gate of an episode that opens now. `call_bytes` is the maximum number of bytes that one call may
    /// move, both ways together.
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

    /// Returns the gate of an episode of several roles, of which the first has the turn.
    pub fn shared(consequences: Consequences, keep: Keep, call_bytes: u64, roles: &[Role]) -> Self {
        Self { recorder: Recorder::shared(keep, roles), ..Self::new(consequences, keep, call_bytes) }
    }

    /// Returns a gate that refuses every request, as a placeholder for a gate that is elsewhere.
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

    /// Decides the requests of another role from now on. Where the episode is over, the role is told of it when its
    /// pending call is answered.
    pub fn pass(&mut self, role: usize) {
        self.recorder.pass(role);
        if let Phase::Ended { end, .. } = self.phase {
            self.phase = Phase::Ended { end, told: Awareness::Yes };
        }
    }

    /// Returns the number of steps taken.
    pub const fn step(&self) -> u32 {
        self.step
    }

    /// Returns `true` if the boundary is still to come.
    pub fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Returns the reason for the end of the episode, once it has ended.
    pub const fn end(&self) -> Option<End> {
        match self.phase {
            Phase::Ended { end, .. } => Some(end),
            Phase::Open | Phase::Learning => None,
        }
    }

    /// Returns `true` if the boundary has come, and the agent has been told.
    pub fn was_told(&self) -> bool {
        matches!(self.phase, Phase::Ended { told: Awareness::Yes, .. })
    }

    /// Returns the demands of the violations so far on the run.
    pub const fn demands(&self) -> Demands {
        self.demands
    }

    /// Sets the boundary. Only the first call has an effect.
    pub fn close(&mut self, end: End, told: Awareness) {
        // INVARIANT 3: the boundary never moves.
        if self.phase == Phase::Open {
            self.phase = Phase::Ended { end, told };
            self.by = self.recorder.turn();
        }
    }

    /// Returns the role that has the turn, where there are several.
    pub const fn role(&self) -> Option<&Role> {
        self.recorder.role()
    }

    /// Returns the index of the role that has the turn, where there are several.
    pub fn turn(&self) -> Option<usize> {
        self.recorder.turn()
    }

    /// Returns the role that had the turn at the boundary, where there are several and the boundary has come.
    pub const fn ended_by(&self) -> Option<usize> {
        self.by
    }

    /// Refuses everything from now on: `learn` runs.
    pub const fn learning(&mut self) {
        self.phase = Phase::Learning;
    }

    /// Counts a step, and records its outcome.
    pub fn stepped(&mut self, observation: &Value, reward: f64) {
        self.step = self.step.saturating_add(1);
        self.shown(observation, reward);
    }

    /// Counts a step of one of several roles. Its outcome is recorded when it is shown to the role.
    pub const fn acted(&mut self) {
        self.recorder.acted();
        self.step = self.step.saturating_add(1);
    }

    /// Records the outcome of a step, as it is shown to a role.
    pub fn shown(&mut self, observation: &Value, reward: f64) {
        self.recorder.outcome(observation, reward);
    }

    /// Keeps a step in full.
    pub fn keep(&mut self, step: Step) {
        self.recorder.step(step);
    }

    /// Keeps an answer from outside to the call that was decided last.
    pub fn answered(&mut self, outcome: Answered, answer: Vec<u8>, asked: Digest) {
        self.recorder.answered(outcome, answer, asked);
    }

    /// Counts bytes that an answer adds to the transcript.
    pub const fn kept(&mut self, bytes: u64) {
        self.recorder.keep(bytes);
    }

    /// Records a violation that no call made, such as residue.
    pub fn violation(&mut self, class: Class) {
        self.recorder.violation(class);
        self.answer_for(class, Awareness::Yes);
    }

    /// Records a notice that no call made.
    pub fn notice(&mut self, class: Class) {
        self.recorder.notice(class);
    }

    /// Records a refusal that was decided outside a call, such as that of a growth of memory.
    pub fn refused(&mut self, operation: Operation, argument: Argument<'_>, class: Class, rule: &'static str) {
        self.write(operation, argument, Decision::Refused, Some(class), rule.into(), Some(class));
        self.answer_for(class, Awareness::NotYet);
    }

    /// Returns `true` if one call may move this many bytes, where it is answered without a permit. The bytes are then
    /// owed.
    pub const fn may_move(&mut self, bytes: u64) -> bool {
        let may = bytes <= self.call_bytes;
        if may {
            self.owed = self.owed.saturating_add(bytes);
        }
        may
    }

    /// Returns the bytes that the last answer moved and that have not been charged yet, and resets them.
    pub const fn take_owed(&mut self) -> u64 {
        std::mem::replace(&mut self.owed, 0)
    }

    /// Returns the finished record.
    pub fn finish(self) -> Record {
        self.recorder.finish()
    }

    /// Decides a request. The decision has been recorded when this returns.
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
            // A call that a runtime makes by itself is no wish of the agent. Where the policy denies it, it is a
            // violation here as in the episode.
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
        // The supervisor accepts only these grounds from a worker.
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
                // A request that a grant would refuse is refused here too, so that the agent cannot tell a tripwire
                // from a grant.
                let wish = match self.check(argument, check) {
                    Ok(()) => Class::TripWire,
                    Err(Shortfall::Never(class, _)) => class,
                    Err(shortfall) => return Err(self.fall_short(request, shortfall, Some(Class::TripWire))),
                };
                let rule = place.to_owned().into();
                self.write(operation, argument, Decision::Pretended, Some(Class::TripWire), rule, Some(wish));
                // The answer pretends success, so the agent cannot know that this was the end.
                self.answer_for(Class::TripWire, Awareness::NotYet);
                Ok(Mode::Tripwire)
            }
            Mode::Grant => {
                self.check(argument, check).map_err(|shortfall| self.fall_short(request, shortfall, None))?;
                let is_heavy = operation.weight == Weight::Heavy;
                // A call that cannot be recorded is not done.
                if is_heavy && !self.recorder.has_room() {
                    return Err(self.fall_short(request, Shortfall::Quota(RECORD_ENTRIES), None));
                }
                if self.recorder.is_full() {
                    return Err(self.fall_short(request, Shortfall::Quota(RECORD_BYTES), None));
                }
                // INVARIANT 2: the decision is recorded before there is a permit.
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

    /// Returns `Ok` if the state allows the request, and the call moves no more bytes than it may. The bytes of the
    /// answer are then owed.
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
        // One call may be checked twice, since printing is also a call of the log.
        self.owed = self.owed.saturating_add(u64::try_from(answered).unwrap_or(u64::MAX));
        Ok(())
    }

    /// Refuses a request for this shortfall. `touched` is the class of a tripwire that the request touched.
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

    /// Records a refusal before the boundary, and applies its consequence.
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
            self.answer_for(class, Awareness::Yes);
        }
        match self.phase {
            Phase::Ended { end: End::Violation, .. } => Refusal::Ended(End::Violation),
            _ => refusal(text),
        }
    }

    /// Records a notice: a call that language runtimes make by themselves, which is answered with nothing.
    fn note(&mut self, request: &Request<'_>, rule: &'static str) -> Refusal {
        let Request { operation, argument, .. } = *request;
        self.write(operation, argument, Decision::Noted, None, rule.into(), None);
        Refusal::Denied(rule.to_owned())
    }

    /// Records a call after the boundary.
    fn refuse_ended(&mut self, request: &Request<'_>, after_end: AfterEnd, end: End, told: Awareness) -> Refusal {
        let Request { operation, argument, .. } = *request;
        let class = match (told, after_end) {
            (Awareness::Yes, AfterEnd::Violation) => Some(Class::ActAfterEnd),
            _ => None,
        };
        self.phase = Phase::Ended { end, told: Awareness::Yes };
        self.recorder.after_end();
        self.write(operation, argument, Decision::Refused, class, AFTER_END.into(), class);
        if let Some(class) = class {
            self.answer_for(class, Awareness::Yes);
        }
        Refusal::Ended(end)
    }

    /// Returns the time at which the requested effect was due.
    const fn due(&self, wish: Option<Class>) -> Due {
        match (self.phase, wish) {
            (Phase::Open, Some(class)) => class.due(),
            (Phase::Open, None) => Due::Before,
            (Phase::Ended { .. } | Phase::Learning, _) => Due::After,
        }
    }

    /// Records a call, its decision and its entry. `wish` is the class of the agent's wish.
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

    fn answer_for(&mut self, class: Class, told: Awareness) {
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

/// Returns the place of a limit in the policy.
pub fn quota(operation: Operation, limit: &'static str) -> Cow<'static, str> {
    if limit.contains('.') { limit.into() } else { format!("grants.{}.{limit}", operation.capability).into() }
}
