//! Validation of a worker's report against the policy, grant by grant.
//!
//! ```text
//!  EpisodeReport --> Transcript --validate--> Validated, or a Rejection
//!                                   ^ the supervisor's policy, and the outcome of the world
//! ```
//!
//! 1. Nothing leaves the box, is written or is left behind but by a capability that the policy grants, and within its limits.
//! 2. What leaves the box was decided before: each message has its entry, and each entry of a grant names the line that grants it.
//! 3. No less is counted than is shown, and what is seen of a violation is counted. No more is counted than fuel allows.
//! 4. No line is longer than a ledger takes.
//! 5. Nothing was called that the component does not import.
//!
//! What it does not show: that it happened. A worker that an agent has broken into may tell of anything that this policy lets happen.

use std::io::{self, Write};

use super::bounds::{Bounds, TEXT};
use super::decided::decided;
use super::report::Rejection;
use crate::agent::ParsedAgent;
use crate::capability::{self, CAPABILITIES, LastStep, STEP, least_fuel};
use crate::environment::Status;
use crate::episode::{CAUSE, Setting};
use crate::gate::{KeptBody, Mode, Release};
use crate::ledger::LONGEST;
use crate::policy::{Granted, Policy};
use crate::transcript::{Body, Class, Closing, Decision, End, Lesson, Step, Transcript};
use crate::value::{json, wide};

/// Returns `Ok` if the policy allows `transcript`, in a world that ended in `status` and has no step after
/// `last_step`. Where residue was left, `limit` is the step limit that the agent was told.
pub(super) fn validate(
    transcript: &Transcript,
    setting: &Setting<ParsedAgent>,
    bounds: &Bounds,
    (status, last_step): (Status, u32),
    limit: Option<LastStep>,
) -> Result<(), Rejection> {
    let policy = &setting.policy;
    let body = &transcript.body;
    let is_within = is_metered(body, policy, bounds)
        && steps_are_granted(body, policy)
        && is_imported(body, &setting.agent)
        && entries_fit(body, policy, bounds)
        && grants_fit(body, policy, last_step)
        && carry_over_fits(body, policy);
    let Some(is_ended) = decided(body, setting).filter(|_| is_within) else { return Err(Rejection::Beyond) };
    // INVARIANT 3: an episode ends in a terminal state or at the last step if and only if the world did.
    let is_terminal = status == Status::Terminated;
    let is_last = !is_terminal && body.steps == last_step;
    let is_the_end = (body.end == End::Terminated) == is_terminal && (body.end == End::Steps) == is_last;
    // The end is `violation` if and only if an entry ended the episode.
    let fits = (body.end == End::Violation) == is_ended
        && is_counted(body)
        && is_paid(body, policy)
        && left_adds_up(body, limit)
        && adds_up(body, setting)
        && lesson_adds_up(body, setting);
    if !is_the_end || !fits {
        return Err(Rejection::Contradiction);
    }
    // INVARIANT 4
    if is_short(transcript) { Ok(()) } else { Err(Rejection::Long) }
}

/// Returns `true` if calls, fuel and the cause of a trap are within bounds.
fn is_metered(body: &Body, policy: &Policy, bounds: &Bounds) -> bool {
    let limits = &policy.episode;
    body.calls.count <= bounds.calls
        && body.after_end <= bounds.after_end
        && body.fuel <= limits.fuel.saturating_add(limits.grace_fuel)
        && body.learned.as_ref().is_none_or(|learned| learned.fuel <= policy.boundary.learn_fuel)
        && body.cause.as_ref().is_none_or(|cause| cause.chars().count() <= CAUSE)
}

/// INVARIANT 1: returns `true` if the policy grants each step.
fn steps_are_granted(body: &Body, policy: &Policy) -> bool {
    let Some(Granted { warrant, .. }) = policy.granted(STEP.capability) else { return body.steps == 0 };
    warrant.rules.is_empty() || (0..body.steps).all(|step| warrant.decide(STEP, None, step).0 == Mode::Grant)
}

/// INVARIANT 5: what has no entry of its own is of calls that the component can make as well; [`decided`] has the entries.
fn is_imported(body: &Body, agent: &ParsedAgent) -> bool {
    let can = |capability: &str| agent.imports().contains(&capability);
    let can_step = agent.may_call(STEP);
    let notes = CAPABILITIES.iter().any(|known| !known.by_runtimes.is_empty() && can(known.name));
    let can_touch = |called| capability::operation(called).is_some_and(|operation| agent.may_call(operation));
    // A growth is asked for by no call.
    let growths = body.violations.of(Class::OverQuota);
    (body.steps == 0 || can_step)
        && (body.log.is_empty() || can("log"))
        && (body.released.is_empty() || can("outbox"))
        && (body.residue.is_empty() || can("workspace"))
        && (body.notices.of(Class::Ungranted) == 0 || notes)
        && (body.calls.count <= growths || !agent.imports().is_empty())
        && body.tripwires.iter().all(|(called, _)| can_touch(called))
}

/// INVARIANT 2: returns `true` if the entries are valid in number and one by one; [`decided`] checks more.
fn entries_fit(body: &Body, policy: &Policy, bounds: &Bounds) -> bool {
    let (keep, entries) = (&policy.record, &body.entries);
    let granted = entries.iter().filter(|entry| entry.decision == Decision::Granted);
    wide(entries.len()) <= bounds.entries
        && wide(granted.count()) <= u64::from(keep.entries)
        && entries.is_sorted_by(|one, next| one.ordinal < next.ordinal)
        && entries.iter().all(|entry| {
            entry.ordinal < body.calls.count
                && entry.step <= body.steps
                && entry.argument.len().saturating_add(entry.rule.len()) <= TEXT
        })
}

/// INVARIANT 1: returns `true` if each capability accepts what was left through it.
fn grants_fit(body: &Body, policy: &Policy, last_step: u32) -> bool {
    let release = policy.episode.on_release;
    CAPABILITIES.iter().all(|capability| {
        let granted = policy.granted(capability.name).map(|granted| (&granted.warrant, &granted.grant));
        capability.fits.is_none_or(|fits| fits(&KeptBody { body, granted, release, last_step }))
    })
}

/// INVARIANT 1: returns `true` if the carry-over is within its limit.
fn carry_over_fits(body: &Body, policy: &Policy) -> bool {
    let carried = body.learned.as_ref().filter(|learned| learned.outcome == Lesson::Carried);
    carried.is_none_or(|learned| learned.bytes <= policy.boundary.carry)
}

/// INVARIANT 3: returns `true` if the number of calls covers everything that is counted call by call.
fn is_counted(body: &Body) -> bool {
    let calls = body.calls.count;
    let violations = body.violations.iter().map(|(_, count)| count).fold(0, u64::saturating_add);
    let noted = body.notices.of(Class::Ungranted);
    // Three violations are not calls: residue, running on after the end, and a carry-over that is too large.
    u64::from(body.steps).saturating_add(body.after_end) <= calls
        && violations.saturating_add(noted) <= calls.saturating_add(3)
}

/// INVARIANT 3: returns `true` if the fuel covers its calls, and all of it was used where the episode ended for lack
/// of fuel.
fn is_paid(body: &Body, policy: &Policy) -> bool {
    let Body { end, closing, fuel, learned, entries, .. } = body;
    let limits = &policy.episode;
    // The first call that finds the episode's fuel used up is the boundary. An agent that never stops uses up the
    // grace fuel as well.
    let for_its_end = if *end == End::Fuel { limits.fuel } else { 0 };
    let is_used_up = *closing == Closing::Outlived && *end != End::Wall;
    let for_its_closing = if is_used_up { limits.grace_fuel } else { 0 };
    // A refused growth of memory may cost no visible fuel. Each has an entry, kept or cut, and is a violation of this
    // class.
    let growths = entries.iter().filter_map(|entry| capability::growth(capability::operation(&entry.operation)?));
    let growths = wide(growths.count()).saturating_add(body.entries_cut).min(body.violations.of(Class::OverQuota));
    let asked = body.calls.count.saturating_sub(growths);
    // Under a grant of WASI one call may be recorded twice, since printing is also a call of the log.
    let each = if policy.granted("wasi").is_some() { 2 } else { 1 };
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
fn left_adds_up(body: &Body, limit: Option<LastStep>) -> bool {
    let Body { violations, notices, end, steps, .. } = body;
    let has_stayed = violations.of(Class::OutliveEpisode) > 0;
    limit.is_none_or(|limit| {
        let wrong = if limit.could_clean(*end, has_stayed, *steps) { notices } else { violations };
        wrong.of(Class::LeaveResidue) == 0
    })
}

/// INVARIANT 3: returns `true` if the report does not contradict itself or the policy.
fn adds_up(body: &Body, setting: &Setting<ParsedAgent>) -> bool {
    let policy = &setting.policy;
    let is_released = policy.episode.on_release == Release::Ends && !body.released.is_empty();
    body.contradiction().is_none()
        && (body.end == End::Released) == is_released
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
    let Body { entries, trace, log, released, residue, lost: None, .. } = &transcript.body else { return false };
    let entries = entries.iter().map(|entry| entry.argument.len().saturating_add(entry.rule.len()));
    let trace = trace.iter().map(Step::weight);
    let released = released.iter().map(|message| message.recipient.len().saturating_add(message.body.len()));
    let parts = entries.chain(trace).chain(log.iter().map(String::len)).chain(released);
    let parts = parts.chain(residue.iter().map(|left| left.path.len()));
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
