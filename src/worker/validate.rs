//! Validation of a worker's report against the policy, grant by grant.
//!
//! ```text
//!  EpisodeReport --> Transcript --validate--> Validated, or a Rejection
//!                                   ^ the supervisor's policy, and the outcome of the world
//! ```
//!
//! Each role has its share of the policy, and is held to that alone. An only agent is held to the whole.
//!
//! 1. Every message, log line and file left behind comes from a capability that the policy grants, and lies within
//!    its limits.
//! 2. Each message has an entry that granted it, and the entry names the line of the policy that grants it.
//! 3. No count is less than what is shown, and every violation that is shown is counted. No count is more than fuel
//!    allows.
//! 4. No line is longer than a ledger takes.
//! 5. Nothing was called that the component does not import.
//!
//! What it does not show: that it happened. A worker that an agent has broken into may tell of anything that this policy lets happen.

use std::io::{self, Write};

use super::bounds::TEXT;
use super::decided::decided;
use super::part::{Part, TurnOrder};
use super::report::Rejection;
use crate::agent::ParsedAgent;
use crate::capability::{self, CAPABILITIES, STEP, least_fuel};
use crate::environment::Status;
use crate::episode::{CAUSE, Setting};
use crate::gate::{KeptBody, Mode, Release};
use crate::ledger::LONGEST;
use crate::policy::{Granted, Policy};
use crate::transcript::{Body, Class, Closing, Decision, End, Lesson, Step, Transcript};
use crate::value::{json, wide};

/// Returns `Ok` if the policy allows `transcript`, whose roles have these `parts`, in a world that ended in `status` and
/// has no step after `last_step`.
pub(super) fn validate(
    transcript: &Transcript,
    setting: &Setting<ParsedAgent>,
    parts: &[Part<'_>],
    order: TurnOrder<'_>,
    (status, last_step): (Status, u32),
) -> Result<(), Rejection> {
    let policy = &setting.policy;
    let body = &transcript.body;
    let is_within = parts.iter().all(|part| {
        is_metered(part, policy)
            && steps_are_granted(part)
            && is_imported(part)
            && entries_fit(part, body, policy)
            && grants_fit(part, policy, last_step)
            && carry_over_fits(part.body, policy)
    });
    let Some(is_ended) = decided(body, parts, order, policy).filter(|_| is_within) else {
        return Err(Rejection::Beyond);
    };
    // INVARIANT 3: an episode ends in a terminal state or at the last step if and only if the world did.
    let is_terminal = status == Status::Terminated;
    let is_last = !is_terminal && body.steps == last_step;
    let is_the_end = (body.end == End::Terminated) == is_terminal && (body.end == End::Steps) == is_last;
    // The end is `violation` if and only if an entry ended the episode.
    let fits = (body.end == End::Violation) == is_ended
        && parts
            .iter()
            .all(|part| is_counted(part) && is_paid(part) && left_adds_up(part) && lesson_adds_up(part.body, setting))
        && adds_up(body, parts, setting);
    if !is_the_end || !fits {
        return Err(Rejection::Contradiction);
    }
    // INVARIANT 4
    if is_short(transcript) { Ok(()) } else { Err(Rejection::Long) }
}

/// Returns `true` if calls, fuel and the cause of a trap are within bounds.
fn is_metered(part: &Part<'_>, policy: &Policy) -> bool {
    let Part { share, bounds, body, .. } = part;
    body.calls.count <= bounds.calls
        && body.after_end <= bounds.after_end
        && body.fuel <= share.fuel.saturating_add(share.grace_fuel)
        && body.learned.as_ref().is_none_or(|learned| learned.fuel <= policy.boundary.learn_fuel)
        && body.cause.as_ref().is_none_or(|cause| cause.chars().count() <= CAUSE)
}

/// INVARIANT 1: returns `true` if the policy grants each step.
fn steps_are_granted(part: &Part<'_>) -> bool {
    let Some(Granted { warrant, .. }) = part.share.granted(STEP.capability) else { return part.own_steps == 0 };
    warrant.rules.is_empty() || part.steps().all(|step| warrant.decide(STEP, None, step).0 == Mode::Grant)
}

/// INVARIANT 5: returns `true` if the component can make the calls that have no entry of their own. [`decided`] has the
/// entries.
fn is_imported(part: &Part<'_>) -> bool {
    let Part { body, agent, own_steps, .. } = part;
    let can = |capability: &str| agent.imports().contains(&capability);
    let can_step = agent.may_call(STEP);
    let notes = CAPABILITIES.iter().any(|known| !known.by_runtimes.is_empty() && can(known.name));
    let can_touch = |called| capability::operation(called).is_some_and(|operation| agent.may_call(operation));
    // A growth is asked for by no call.
    let growths = body.violations.of(Class::OverQuota);
    (*own_steps == 0 || can_step)
        && (body.log.is_empty() || can("log"))
        && (body.released.is_empty() || can("outbox"))
        && (body.residue.is_empty() || can("workspace"))
        && (body.notices.of(Class::Ungranted) == 0 || notes)
        && (body.calls.count <= growths || !agent.imports().is_empty())
        && body.tripwires.iter().all(|(called, _)| can_touch(called))
}

/// INVARIANT 2: returns `true` if the entries of a part of `whole` are valid in number and one by one; [`decided`]
/// checks more.
fn entries_fit(part: &Part<'_>, whole: &Body, policy: &Policy) -> bool {
    let (keep, entries) = (&policy.record, &part.body.entries);
    let granted = entries.iter().filter(|entry| entry.decision == Decision::Granted);
    wide(entries.len()) <= part.bounds.entries
        && wide(granted.count()) <= u64::from(keep.entries)
        && entries.is_sorted_by(|one, next| one.ordinal < next.ordinal)
        && entries.iter().all(|entry| {
            entry.ordinal < whole.calls.count
                && entry.step <= whole.steps
                && entry.argument.len().saturating_add(entry.rule.len()) <= TEXT
        })
}

/// INVARIANT 1: returns `true` if each capability accepts what was left through it.
fn grants_fit(part: &Part<'_>, policy: &Policy, last_step: u32) -> bool {
    let (body, release) = (part.body, policy.episode.on_release);
    CAPABILITIES.iter().all(|capability| {
        let granted = part.share.granted(capability.name).map(|granted| (&granted.warrant, &granted.grant));
        capability.fits.is_none_or(|fits| fits(&KeptBody { body, granted, release, last_step }))
    })
}

/// INVARIANT 1: returns `true` if the carry-over is within its limit.
fn carry_over_fits(body: &Body, policy: &Policy) -> bool {
    let carried = body.learned.as_ref().filter(|learned| learned.outcome == Lesson::Carried);
    carried.is_none_or(|learned| learned.bytes <= policy.boundary.carry)
}

/// INVARIANT 3: returns `true` if the number of calls covers everything that is counted call by call.
fn is_counted(part: &Part<'_>) -> bool {
    let body = part.body;
    let calls = body.calls.count;
    let violations = body.violations.iter().map(|(_, count)| count).fold(0, u64::saturating_add);
    let noted = body.notices.of(Class::Ungranted);
    // Three violations are not calls: residue, running on after the end, and a carry-over that is too large.
    u64::from(part.own_steps).saturating_add(body.after_end) <= calls
        && wide(body.entries.len()) <= calls
        && violations.saturating_add(noted) <= calls.saturating_add(3)
}

/// INVARIANT 3: returns `true` if the fuel covers its calls, and all of it was used where the episode ended for lack
/// of fuel.
fn is_paid(part: &Part<'_>) -> bool {
    let Part { share, body, is_last, .. } = part;
    let Body { end, closing, fuel, learned, entries, .. } = body;
    // The first call that finds the episode's fuel used up is the boundary. An agent that never stops uses up the
    // grace fuel as well.
    let for_its_end = if *is_last && *end == End::Fuel { share.fuel } else { 0 };
    let is_used_up = *closing == Closing::Outlived && *end != End::Wall;
    let for_its_closing = if is_used_up { share.grace_fuel } else { 0 };
    // A refused growth of memory may cost no visible fuel. Each has an entry, kept or cut, and is a violation of this
    // class.
    let growths = entries.iter().filter_map(|entry| capability::growth(capability::operation(&entry.operation)?));
    let growths = wide(growths.count()).saturating_add(body.entries_cut).min(body.violations.of(Class::OverQuota));
    let asked = body.calls.count.saturating_sub(growths);
    // Under a grant of WASI one call may be recorded twice, since printing is also a call of the log.
    let each = if share.granted("wasi").is_some() { 2 } else { 1 };
    // Two kinds of call are not paid for: the call that meets the end by fuel or a clock, and the call that finds no
    // fuel left.
    let lesson = learned.as_ref().map(|learned| learned.outcome);
    let unpaid = [
        *end == End::Fuel || end.is_hurried(),
        matches!(closing, Closing::Outlived | Closing::Stopped),
        matches!(lesson, Some(Lesson::Exhausted | Lesson::Stopped | Lesson::Overtime)),
    ];
    let unpaid = unpaid.into_iter().map(u64::from).fold(0, u64::saturating_add);
    let paid = fuel.saturating_add(learned.as_ref().map_or(0, |learned| learned.fuel));
    *fuel >= for_its_end.saturating_add(for_its_closing)
        && paid >= least_fuel(asked.div_ceil(each).saturating_sub(unpaid))
}

/// INVARIANT 3: returns `true` if residue is a violation where the agent could have removed it, and a notice
/// otherwise.
fn left_adds_up(part: &Part<'_>) -> bool {
    let Body { violations, notices, end, steps, .. } = part.body;
    let has_stayed = violations.of(Class::OutliveEpisode) > 0;
    // Of several roles, only the one that brought about the end could foresee it.
    let end = if part.is_last { *end } else { End::Aborted };
    part.limit.is_none_or(|limit| {
        let wrong = if limit.could_clean(end, has_stayed, *steps) { notices } else { violations };
        wrong.of(Class::LeaveResidue) == 0
    })
}

/// INVARIANT 3: returns `true` if the report does not contradict itself or the policy.
fn adds_up(body: &Body, parts: &[Part<'_>], setting: &Setting<ParsedAgent>) -> bool {
    let policy = &setting.policy;
    let is_released = policy.episode.on_release == Release::Ends && body.all_released().next().is_some();
    let is_own = |part: &Part<'_>| part.is_last || !is_released || part.body.released.is_empty();
    body.contradiction().is_none()
        && (body.end == End::Released) == is_released
        && parts.iter().all(is_own)
        && (body.end != End::Cancelled || setting.cancel.is_cancelled())
}

/// INVARIANT 3: returns `true` if the report of `learn` agrees with the policy.
fn lesson_adds_up(body: &Body, setting: &Setting<ParsedAgent>) -> bool {
    let Some(learned) = &body.learned else { return true };
    if (body.end == End::Wall) != (learned.outcome == Lesson::Withheld) {
        return false;
    }
    match learned.outcome {
        Lesson::Refused => learned.bytes > setting.policy.boundary.carry,
        Lesson::Stopped => setting.cancel.is_cancelled(),
        Lesson::Exhausted => learned.fuel == setting.policy.boundary.learn_fuel,
        Lesson::Carried | Lesson::Trapped | Lesson::Overtime | Lesson::Withheld => true,
    }
}

/// Returns `true` if a ledger takes the transcript's line. Only a line that may be too long is written to find out.
fn is_short(transcript: &Transcript) -> bool {
    // A byte of text takes at most six in JSON, and the syntax around a text takes less than this.
    let around = 512_usize;
    let body = &transcript.body;
    let Body { entries, trace, roles, lost: None, .. } = body else { return false };
    let entries = entries.iter().map(|entry| entry.argument.len().saturating_add(entry.rule.len()));
    let trace = trace.iter().map(Step::weight);
    let released = body.all_released().map(|message| message.recipient.len().saturating_add(message.body.len()));
    let roles = roles.iter().map(|_| CAUSE.saturating_mul(16));
    let parts = entries.chain(trace).chain(body.all_log().map(String::len)).chain(released).chain(roles);
    let parts = parts.chain(body.all_residue().map(|left| left.path.len()));
    let most = parts.fold(CAUSE.saturating_mul(16), |sum, part| sum.saturating_add(part).saturating_add(around));
    most.saturating_mul(6) <= LONGEST || json::write(RemainingBytes(LONGEST), transcript).is_ok()
}

/// A writer that counts bytes down from a limit, and keeps none.
struct RemainingBytes(usize);

impl Write for RemainingBytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::WriteZero)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
