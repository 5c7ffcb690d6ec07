//! Check that the gate can have made the decisions that a transcript has.
//!
//! ```text
//!  entry --phase--> open, ended or learning --> its operation, class, rule and when it was due, held against each other
//! ```
//!
//! 1. Each entry is one that the gate makes: on a ground that the capability has for this operation, or by a line of
//!    the policy.
//! 2. The entries of the episode come first, then those after its boundary, then those of `learn`. Each has the step
//!    that the gate counted.
//! 3. A violation that the policy answers by ending the episode has ended it: nothing of the episode follows.
//! 4. An entry of one of several roles was made in a turn of that role. After the boundary the role that had its turn
//!    comes first, then the others in their order.
//! 5. Each call is one that the component can make: it imports its function. Each growth is one that a function of the
//!    component asks for.
//!
//! What it does not show: that the call was made, and with what argument.

use super::part::{Part, TurnOrder};
use crate::capability::{self, CAPABILITIES};
use crate::gate::{
    AfterEnd, CALL_BYTES, Capability, Consequence, Ground, LEARN, Mode, RECORD_BYTES, RECORD_ENTRIES, Warrant, quota,
};
use crate::policy::Policy;
use crate::transcript::{AFTER_END, Body, Class, Decision, Due, End, Entry, Lesson, Operation, Weight};

/// Phase of the episode in which a call was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum CallPhase {
    Open,
    Ended,
    Learning,
}

/// Returns `true` if an entry of `body` ended the episode, `false` if none did, and `None` if the gate cannot have
/// made all entries. `parts` are those of the roles, who had their turns in this order.
pub(super) fn decided(body: &Body, parts: &[Part<'_>], order: TurnOrder<'_>, policy: &Policy) -> Option<bool> {
    let ends = |class| matches!(policy.consequences.of(class), Consequence::End | Consequence::Quarantine);
    // The step that ends an episode is its last call: no call comes between.
    let is_by_step = matches!(body.end, End::Terminated | End::Steps);
    let last_open = body.steps.saturating_sub(u32::from(is_by_step));
    let (mut before, mut is_ended) = ((CallPhase::Open, 0, 0), false);
    let all = body.entries.iter().all(|entry| {
        let Some((role, part)) = parts.iter().enumerate().find(|(_, part)| part.role == entry.role.as_ref()) else {
            return false;
        };
        let Some(phase) = phase(entry, body, part, before.0) else { return false };
        // INVARIANT 2
        let is_in_place = phase >= before.0
            && match phase {
                // INVARIANT 3
                CallPhase::Open => !is_ended && (before.1..=last_open).contains(&entry.step),
                CallPhase::Ended => entry.step == body.steps,
                CallPhase::Learning => entry.step == 0,
            };
        // INVARIANT 4
        let turn = match phase {
            CallPhase::Open => order.at(entry.step),
            CallPhase::Ended => Some(role).filter(|_| phase > before.0 || order.rank(role) >= order.rank(before.2)),
            CallPhase::Learning => Some(role).filter(|_| phase > before.0 || role >= before.2),
        };
        let steps = if phase == CallPhase::Open { entry.step } else { body.steps };
        before = (phase, entry.step, role);
        is_ended |= phase == CallPhase::Open && entry.class.is_some_and(ends);
        // Each step was a call.
        is_in_place && turn == Some(role) && entry.ordinal >= u64::from(steps)
    });
    all.then_some(is_ended)
}

/// Returns the phase in which the gate can have made an entry of `part` that follows one of the phase `before`, or
/// `None` if it cannot have made it.
fn phase(entry: &Entry, body: &Body, part: &Part<'_>, before: CallPhase) -> Option<CallPhase> {
    let operation = capability::operation(&entry.operation)?;
    let has_after = !part.is_last || !matches!(body.end, End::Returned | End::Trapped);
    let has_lesson = part.body.learned.as_ref().is_some_and(|learned| learned.outcome != Lesson::Withheld);
    // INVARIANT 5
    if !part.agent.may_call(operation) {
        return None;
    }
    if let Some(rule) = capability::growth(operation) {
        let fits = entry.decision == Decision::Refused && entry.class == Some(Class::OverQuota) && entry.rule == rule;
        let phase = match entry.due {
            Due::Before => Some(CallPhase::Open),
            Due::After if has_after && before < CallPhase::Learning && entry.step == body.steps => {
                Some(CallPhase::Ended)
            }
            Due::After => has_lesson.then_some(CallPhase::Learning),
        };
        return phase.filter(|_| fits);
    }
    let capability = CAPABILITIES.iter().find(|capability| capability.name == operation.capability)?;
    let warrant = &part.share.grants.get(capability.name)?.warrant;
    let call = DecidedCall { entry, operation, capability, warrant };
    let (phase, fits) = match (&*entry.rule, entry.due) {
        (AFTER_END, Due::After) => (CallPhase::Ended, has_after && call.is_of_after_the_end()),
        (LEARN, Due::After) => (CallPhase::Learning, has_lesson && call.is_of_learning()),
        _ => (CallPhase::Open, call.is_of_the_episode()),
    };
    fits.then_some(phase)
}

/// An entry, and everything that decides on it.
struct DecidedCall<'c> {
    entry: &'c Entry,
    operation: Operation,
    capability: &'static Capability,
    warrant: &'c Warrant,
}

impl DecidedCall<'_> {
    fn is_of_after_the_end(&self) -> bool {
        let class = match self.capability.after_end {
            AfterEnd::Violation => Some(Class::ActAfterEnd),
            AfterEnd::Notice => None,
        };
        // A call is no violation where the agent could not know that the episode had ended.
        self.entry.decision == Decision::Refused && (self.entry.class.is_none() || self.entry.class == class)
    }

    fn is_of_learning(&self) -> bool {
        // The lesson has a gate of its own, which counts no steps.
        let is_noted = self.capability.is_by_runtimes(self.operation)
            && self.warrant.decide(self.operation, None, 0).0 == Mode::Grant;
        match self.entry.decision {
            Decision::Noted => is_noted && self.entry.class.is_none(),
            Decision::Refused => !is_noted && self.entry.class == Some(Class::Ungranted),
            Decision::Granted | Decision::Pretended => false,
        }
    }

    fn is_of_the_episode(&self) -> bool {
        let Self { entry, operation, capability, .. } = self;
        match (entry.decision, entry.class) {
            (Decision::Granted, None) => {
                entry.due == Due::Before
                    && operation.weight == Weight::Heavy
                    && !capability.is_never_done(*operation)
                    && self.is_decided(Mode::Grant)
            }
            (Decision::Noted, None) => {
                entry.due == Due::Before
                    && self.can(Mode::Grant)
                    && self.is_on(|ground| matches!(ground, Ground::Absent(rule) if rule == entry.rule))
            }
            (Decision::Pretended, Some(Class::TripWire)) => self.is_decided(Mode::Tripwire) && self.is_wished(),
            (Decision::Refused, None) => {
                entry.due == Due::Before && self.can(Mode::Grant) && self.is_on(|ground| ground == Ground::Invalid)
            }
            (Decision::Refused, Some(Class::TripWire)) => {
                let is_absent = |ground| matches!(ground, Ground::Absent(rule) if rule == entry.rule);
                let is_turned_down = |ground| ground == Ground::Invalid || self.is_quota(ground) || is_absent(ground);
                entry.due == Due::Before
                    && self.can(Mode::Tripwire)
                    && (entry.rule == CALL_BYTES || self.is_on(is_turned_down))
            }
            (Decision::Refused, Some(class)) => {
                let is_denied = class == Class::Ungranted && self.is_decided(Mode::Deny);
                entry.due == class.due() && (is_denied || (self.can(Mode::Grant) && self.is_turned_down(class)))
            }
            (Decision::Granted | Decision::Noted, Some(_)) | (Decision::Pretended, _) => false,
        }
    }

    /// INVARIANT 1: returns `true` if a call that the policy grants can be refused for this class, by the rule of the
    /// entry.
    fn is_turned_down(&self, class: Class) -> bool {
        let rule = &*self.entry.rule;
        let is_heavy = self.operation.weight == Weight::Heavy;
        let is_of_all = rule == CALL_BYTES || rule == RECORD_BYTES || (rule == RECORD_ENTRIES && is_heavy);
        (class == Class::OverQuota && is_of_all && !self.capability.is_never_done(self.operation))
            || self.is_on(|ground| match ground {
                Ground::Never(own, words) | Ground::Always(own, words) => own == class && words == rule,
                Ground::Quota(_) => class == Class::OverQuota && self.is_quota(ground),
                Ground::Absent(_) | Ground::Invalid => false,
            })
    }

    /// Returns `true` if the call that a tripwire pretended to grant would have had its effect when the entry says.
    fn is_wished(&self) -> bool {
        let is_of_a_class = |ground| matches!(ground, Ground::Never(class, _) | Ground::Always(class, _) if class.due() == self.entry.due);
        let is_done = self.entry.due == Due::Before && !self.capability.is_never_done(self.operation);
        is_done || self.is_on(is_of_a_class)
    }

    /// Returns `true` if the capability has a ground for the operation that `is_wanted` accepts.
    fn is_on(&self, is_wanted: impl Fn(Ground) -> bool) -> bool {
        self.capability.grounds(self.operation).iter().copied().any(is_wanted)
    }

    /// Returns `true` if the rule of the entry is this quota.
    fn is_quota(&self, ground: Ground) -> bool {
        matches!(ground, Ground::Quota(limit) if quota(self.operation, limit) == self.entry.rule)
    }

    /// Returns `true` if some call of the operation at this step is decided so, by the rule of the entry. A rule may
    /// depend on an argument that a report leaves out.
    fn is_decided(&self, mode: Mode) -> bool {
        self.warrant.can_decide(self.operation, self.entry.step, mode, &self.entry.rule)
    }

    /// Returns `true` if some call of the operation at this step is decided so.
    fn can(&self, mode: Mode) -> bool {
        self.warrant.can_be(self.operation, self.entry.step, mode)
    }
}
