//! What the policy lets a transcript be: what a worker tells of is held against it, grant by grant.
//!
//! ```text
//!  Told --> Transcript --hold--> believed, or a Doubt
//!                          ^ the supervisor's policy, and what the world came to
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
use super::told::Doubt;
use crate::agent::Known;
use crate::capability::{self, CAPABILITIES, Limit, STEP, least_fuel};
use crate::environment::Status;
use crate::episode::{CAUSE, Setting};
use crate::gate::{Kept, Mode, Release};
use crate::ledger::LONGEST;
use crate::policy::{Granted, Policy};
use crate::transcript::{Body, Class, Closing, Decision, End, Lesson, Step, Transcript};
use crate::value::{json, wide};

/// Whether `transcript` is one that the policy lets happen, in a world that was played to this `status` and has no step after `last_step`.
/// Where something was left, `limit` says what its agent was told.
pub(super) fn hold(
    transcript: &Transcript,
    setting: &Setting<Known>,
    bounds: &Bounds,
    (status, last_step): (Status, u32),
    limit: Option<Limit>,
) -> Result<(), Doubt> {
    let policy = &setting.policy;
    let body = &transcript.body;
    let is_within = is_metered(body, policy, bounds)
        && steps_are_granted(body, policy)
        && is_imported(body, &setting.agent)
        && entries_fit(body, policy, bounds)
        && grants_fit(body, policy, last_step)
        && carry_over_fits(body, policy);
    let Some(is_ended) = decided(body, setting).filter(|_| is_within) else { return Err(Doubt::Beyond) };
    // INVARIANT 3: a terminal state is the end, and so is the last step, and no other step is.
    let is_terminal = status == Status::Terminated;
    let is_last = !is_terminal && body.steps == last_step;
    let is_the_end = (body.end == End::Terminated) == is_terminal && (body.end == End::Steps) == is_last;
    // What the policy answers by ending the episode has ended it, and nothing else has that end.
    let fits = (body.end == End::Violation) == is_ended
        && is_counted(body)
        && is_paid(body, policy)
        && left_adds_up(body, limit)
        && adds_up(body, setting)
        && lesson_adds_up(body, setting);
    if !is_the_end || !fits {
        return Err(Doubt::Contradiction);
    }
    // INVARIANT 4
    if is_short(transcript) { Ok(()) } else { Err(Doubt::Long) }
}

/// Calls, fuel, and what a trap says.
fn is_metered(body: &Body, policy: &Policy, bounds: &Bounds) -> bool {
    let limits = &policy.episode;
    body.calls.count <= bounds.calls
        && body.after_end <= bounds.after_end
        && body.fuel <= limits.fuel.saturating_add(limits.grace_fuel)
        && body.learned.as_ref().is_none_or(|learned| learned.fuel <= policy.boundary.learn_fuel)
        && body.cause.as_ref().is_none_or(|cause| cause.chars().count() <= CAUSE)
}

/// INVARIANT 1: each step was one that the policy grants.
fn steps_are_granted(body: &Body, policy: &Policy) -> bool {
    let Some(Granted { warrant, .. }) = policy.granted(STEP.capability) else { return body.steps == 0 };
    warrant.rules.is_empty() || (0..body.steps).all(|step| warrant.decide(STEP, None, step).0 == Mode::Grant)
}

/// INVARIANT 5: what has no entry of its own is of calls that the component can make as well; [`decided`] has the entries.
fn is_imported(body: &Body, agent: &Known) -> bool {
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

/// INVARIANT 2: the entries, in number and one by one; [`decided`] has more.
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

/// INVARIANT 1: what a capability leaves, as its own file says.
fn grants_fit(body: &Body, policy: &Policy, last_step: u32) -> bool {
    let release = policy.episode.on_release;
    CAPABILITIES.iter().all(|capability| {
        let granted = policy.granted(capability.name).map(|granted| (&granted.warrant, &granted.grant));
        capability.fits.is_none_or(|fits| fits(&Kept { body, granted, release, last_step }))
    })
}

/// INVARIANT 1: what reaches the next episode.
fn carry_over_fits(body: &Body, policy: &Policy) -> bool {
    let carried = body.learned.as_ref().filter(|learned| learned.outcome == Lesson::Carried);
    carried.is_none_or(|learned| learned.bytes <= policy.boundary.carry)
}

/// INVARIANT 3: whether there are as many calls as everything that is counted of them asks for.
fn is_counted(body: &Body) -> bool {
    let calls = body.calls.count;
    let violations = body.violations.iter().map(|(_, count)| count).fold(0, u64::saturating_add);
    let noted = body.notices.of(Class::Ungranted);
    // Three violations are of no call: what was left, who went on for too long, and too large a carry-over.
    u64::from(body.steps).saturating_add(body.after_end) <= calls
        && violations.saturating_add(noted) <= calls.saturating_add(3)
}

/// INVARIANT 3: whether so much fuel was used as its calls cost, and all that there was where the episode ended for that.
fn is_paid(body: &Body, policy: &Policy) -> bool {
    let Body { end, closing, fuel, learned, entries, .. } = body;
    let limits = &policy.episode;
    // The first call that finds the episode's part used up is the boundary; who goes on until nothing is left uses up the grace as well.
    let for_its_end = if *end == End::Fuel { limits.fuel } else { 0 };
    let is_used_up = *closing == Closing::Outlived && *end != End::Wall;
    let for_its_closing = if is_used_up { limits.grace_fuel } else { 0 };
    // A growth that is refused may cost nothing that can be seen. Each has an entry, kept or cut, and is a violation of this class.
    let growths = entries.iter().filter_map(|entry| capability::growth(capability::operation(&entry.operation)?));
    let growths = wide(growths.count()).saturating_add(body.entries_cut).min(body.violations.of(Class::OverQuota));
    let asked = body.calls.count.saturating_sub(growths);
    // Where WASI is granted one call may be recorded twice, since what is printed is asked of the log as well.
    let each = if policy.granted("wasi").is_some() { 2 } else { 1 };
    // Not paid for are the call that finds the end, where fuel or a clock brought it about, and the one that finds nothing left.
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

/// INVARIANT 3: whether what was left is a violation where the agent could have taken it away, and else a notice.
fn left_adds_up(body: &Body, limit: Option<Limit>) -> bool {
    let Body { violations, notices, end, steps, .. } = body;
    let has_stayed = violations.of(Class::OutliveEpisode) > 0;
    limit.is_none_or(|limit| {
        let wrong = if limit.could_clean(*end, has_stayed, *steps) { notices } else { violations };
        wrong.of(Class::LeaveResidue) == 0
    })
}

/// INVARIANT 3: whether what is told fits together, and fits the policy.
fn adds_up(body: &Body, setting: &Setting<Known>) -> bool {
    let policy = &setting.policy;
    let is_released = policy.episode.on_release == Release::Ends && !body.released.is_empty();
    body.contradiction().is_none()
        && (body.end == End::Released) == is_released
        && (body.end != End::Cancelled || setting.cancel.is_cancelled())
}

/// INVARIANT 3: whether what is told of `learn` fits the policy.
fn lesson_adds_up(body: &Body, setting: &Setting<Known>) -> bool {
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

/// Whether its line is one that a ledger takes. Only what may be longer is written to find out.
fn is_short(transcript: &Transcript) -> bool {
    // A byte of text takes six in JSON at the most, and what stands around it less than this.
    let around = 512_usize;
    let Body { entries, trace, log, released, residue, lost: None, .. } = &transcript.body else { return false };
    let entries = entries.iter().map(|entry| entry.argument.len().saturating_add(entry.rule.len()));
    let trace = trace.iter().map(Step::weight);
    let released = released.iter().map(|message| message.recipient.len().saturating_add(message.body.len()));
    let parts = entries.chain(trace).chain(log.iter().map(String::len)).chain(released);
    let parts = parts.chain(residue.iter().map(|left| left.path.len()));
    let most = parts.fold(CAUSE.saturating_mul(16), |sum, part| sum.saturating_add(part).saturating_add(around));
    most.saturating_mul(6) <= LONGEST || json::write(Room(LONGEST), transcript).is_ok()
}

/// So many bytes of room, which nothing is kept in.
struct Room(usize);

impl Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::WriteZero)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
