//! A worker's report of an episode that is over, and its validation.
//!
//! ```text
//!  Ticket --live--> EpisodeReport --Parcel--> pipe --Parcel--> EpisodeReport --believe--> Finished
//!                                                   the supervisor's ticket, policy, world ^
//! ```
//!
//! 1. The identity of the episode is never taken from a worker: its ordinal, lineage, world, seed and run, and the
//!    digests of its opening. Nor are the demands that its violations make of the run.
//! 2. The outcome of the world is not taken from a worker either. The worker reports the actions, and
//!    [`play`](super::play) does the rest. A world counts as failed only where the supervisor's own copy fails.
//! 3. No more reaches a later episode than the policy declares. The report is validated against the policy by
//!    [`validate`](super::validate). Where validation fails, the world goes back to its state before the episode.
//! 4. A valid report is recorded exactly as the same episode run by the supervisor would be.
//! 5. Each list is read only up to its maximum length: see [`Bounds`].

use std::sync::Arc;

use super::bounds::Bounds;
use super::frame::Bytes;
use super::noted::noted;
use super::part::{Part, TurnOrder};
use super::play::play;
use super::validate::validate;
use crate::agent::ParsedAgent;
use crate::capability;
use crate::environment::Nowhere;
use crate::episode::{self, Aborted, Finished, Setting, Ticket};
use crate::gate::{Consequence, Demands};
use crate::policy::Continuity;
use crate::transcript::{Body, ClassCounts, Closing, End, Lesson, Transcript};
use crate::value::Digest;

/// Report of an episode that is over. The supervisor knows the rest of the transcript, or derives it.
#[derive(Clone, Debug, Default)]
pub struct EpisodeReport {
    /// Body of the transcript, without the outcome of the world.
    pub(super) body: Body,
    /// Carry-over of the next episode, where `learn` returned a new one.
    pub(super) next: Option<Bytes>,
    /// Part of each role, where there are several. The log, counts and lessons then stand here, and not in `body`.
    pub(super) roles: Vec<PartReport>,
    /// Actions taken in the world, encoded one after the other.
    pub(super) actions: Bytes,
}

/// Part of one of several roles in a report.
#[derive(Clone, Debug, Default)]
pub(super) struct PartReport {
    /// Body of the role alone.
    pub(super) body: Body,
    /// Carry-over of its next episode, where its `learn` returned a new one.
    pub(super) next: Option<Bytes>,
}

/// Result of an episode whose report is valid: the episode, or the failure of its world.
pub type Validated = Result<Finished, Box<Aborted>>;

/// Reason for which a report is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// An operation, a class or an end that does not exist, or that no worker can report.
    #[error("the worker told of something that there is not")]
    Unknown,
    /// More than the policy allows.
    #[error("the worker told of more than the policy allows")]
    Beyond,
    /// A contradiction within the report, or between the report and the world.
    #[error("what the worker told contradicts itself")]
    Contradiction,
    /// A report of an episode other than the one that is due.
    #[error("the worker told of another episode than the one that was due")]
    Unasked,
    /// A transcript whose line is longer than a ledger takes.
    #[error("the worker told of more than a ledger takes")]
    Long,
}

impl EpisodeReport {
    /// Runs an episode, and reports it. The thread has to have the stack that [`Setting::live`] asks for.
    ///
    /// # Errors
    ///
    /// Returns [`Aborted`] when the host could not go on. An episode whose world failed is reported like any other.
    pub fn live(setting: &Setting, mut ticket: Ticket) -> Result<Self, Box<Aborted>> {
        let (world, notes) = noted(ticket.environment);
        ticket.environment = world;
        match setting.live(ticket) {
            Ok(Finished { transcript, environment, carry_over, carry_overs, .. }) => {
                drop(environment);
                let mut told = Self::of(transcript.body, &carry_over, notes.actions(), setting.roles().len());
                told.roles.iter_mut().zip(carry_overs).for_each(|(part, next)| part.carrying(&next));
                Ok(told)
            }
            // INVARIANT 2: the supervisor plays the world itself, and finds its failure.
            Err(aborted) if matches!(aborted.error, episode::Error::World(_)) => {
                Ok(Self::of(aborted.transcript.body, &[], notes.actions(), setting.roles().len()))
            }
            Err(aborted) => Err(aborted),
        }
    }

    fn of(mut body: Body, carry_over: &[u8], actions: Vec<u8>, roles: usize) -> Self {
        let is_new = body.learned.as_ref().is_some_and(|learned| learned.outcome == Lesson::Carried);
        let next = is_new.then(|| Bytes(carry_over.to_vec()));
        let mut parts: Vec<PartReport> = std::mem::take(&mut body.roles).into_iter().map(PartReport::of).collect();
        // A world that failed at its opening leaves no roles.
        parts.resize_with(roles, PartReport::default);
        Self { body, next, roles: parts, actions: Bytes(actions) }
    }

    /// Returns `true` if the report says that the wall clock or the operator had a part in the episode.
    ///
    /// Such an episode took a minimum of time.
    pub(super) fn is_hurried(&self) -> bool {
        let is_stopped = |Body { closing, learned, .. }: &Body| {
            *closing == Closing::Stopped || learned.as_ref().is_some_and(|learned| learned.outcome.is_hurried())
        };
        // The closing of several roles follows from those of each.
        let was_stopped = match self.roles.as_slice() {
            [] => is_stopped(&self.body),
            roles => roles.iter().any(|role| is_stopped(&role.body)),
        };
        let end = self.body.end;
        end != End::Aborted && (end.is_hurried() || was_stopped)
    }

    /// Validates the report. Returns the episode, or [`Aborted`] if the supervisor's world failed.
    ///
    /// # Errors
    ///
    /// Returns [`Rejection`] when the episode cannot have run like this under this policy.
    pub fn believe(
        self,
        setting: &Setting<ParsedAgent>,
        bounds: &Bounds,
        ticket: &mut Ticket,
    ) -> Result<Validated, Rejection> {
        let persists = setting.policy.boundary.environment == Continuity::Persist;
        let before = persists.then(|| ticket.environment.state());
        let mut believed = self.believe_in(setting, bounds, ticket);
        // INVARIANT 3: a world accepts a state of its own. It keeps nothing of an episode that the wall clock ended.
        let _ = match (&mut believed, before) {
            (Err(_), Some(state)) => ticket.environment.restore(&state),
            (Ok(Ok(lived)), Some(state)) if lived.transcript.body.end == End::Wall => lived.environment.restore(&state),
            _ => Ok(()),
        };
        believed
    }

    fn believe_in(
        self,
        setting: &Setting<ParsedAgent>,
        bounds: &Bounds,
        ticket: &mut Ticket,
    ) -> Result<Validated, Rejection> {
        if !self.is_known() {
            return Err(Rejection::Unknown);
        }
        if !setting.roles().is_empty() {
            return self.believe_by_turns(setting, bounds, ticket);
        }
        // Nothing is learned from an aborted episode.
        let learns = setting.learns() && self.body.end != End::Aborted;
        let carry_over = carry_over(&self.body, self.next.as_ref(), learns, &ticket.carry_over)?;
        // INVARIANT 1
        let mut transcript = Transcript { header: setting.header(ticket), body: self.body };
        let body = &mut transcript.body;
        if let Some(learned) = &mut body.learned {
            learned.carry_over = Digest::of(&carry_over);
        }
        let last_step = setting.last_step(ticket.environment.as_ref());
        // INVARIANT 2
        let detail = setting.policy.record.steps;
        let played = play(ticket.environment.as_mut(), ticket.seed, &self.actions.0, last_step, detail, bounds)?;
        (body.steps, body.total) = (played.steps, played.total);
        (body.performance, body.trace) = (played.performance, played.trace);
        body.reproducible = body.follows_from_its_seed();
        // Most episodes leave no residue. Finding the limit reads the task, so it is left out for those.
        let limit = (!body.residue.is_empty()).then(|| setting.limit(ticket.environment.as_ref()));
        let demands = demands(setting, &body.violations);
        let is_aborted = body.end == End::Aborted;
        // INVARIANT 3
        let held = Part::only(&transcript.body, setting, bounds, limit)
            .and_then(|part| validate(&transcript, setting, &[part], TurnOrder::ONE, (played.status, last_step)));
        // INVARIANT 2
        if let Some(failed) = played.failed {
            if !is_aborted || held.is_err() || !played.is_all {
                transcript.body = Body::default();
            }
            return Ok(Err(Box::new(Aborted { transcript, error: episode::Error::World(failed) })));
        }
        if is_aborted {
            return Err(Rejection::Unknown);
        }
        held?;
        let environment = std::mem::replace(&mut ticket.environment, Box::new(Nowhere));
        Ok(Ok(Finished { transcript, environment, carry_over, carry_overs: Vec::new(), demands }))
    }

    /// Returns `true` if each operation exists, the tripwires are in order, and no text that reports show has control
    /// characters. An honest worker escapes those.
    fn is_known(&self) -> bool {
        let entries = &self.body.entries;
        let bodies = || std::iter::once(&self.body).chain(self.roles.iter().map(|part| &part.body));
        let touched = bodies().flat_map(|body| body.tripwires.iter()).map(|(called, _)| called);
        let mut called = entries.iter().map(|entry| &entry.operation).chain(touched);
        let shown = entries.iter().flat_map(|entry| [entry.argument.as_str(), &entry.rule]);
        let mut shown = shown.chain(bodies().filter_map(|body| body.cause.as_deref()));
        called.all(|called| capability::operation(called).is_some())
            && bodies().all(|body| body.tripwires.is_in_order())
            && !shown.any(|text| text.chars().any(char::is_control))
    }
}

/// INVARIANT 3: returns the carry-over of the next episode, for an agent that began with the carry-over `before`.
pub(super) fn carry_over(
    body: &Body,
    next: Option<&Bytes>,
    learns: bool,
    before: &Arc<[u8]>,
) -> Result<Arc<[u8]>, Rejection> {
    if body.learned.is_some() != learns {
        return Err(Rejection::Unknown);
    }
    let Some(learned) = &body.learned else {
        return if next.is_none() { Ok(Arc::clone(before)) } else { Err(Rejection::Unknown) };
    };
    match (learned.outcome, next) {
        (Lesson::Carried, Some(Bytes(next))) => {
            let is_so_long = u64::try_from(next.len()).is_ok_and(|bytes| bytes == learned.bytes);
            if is_so_long { Ok(Arc::from(next.as_slice())) } else { Err(Rejection::Contradiction) }
        }
        (Lesson::Carried, None) | (_, Some(_)) => Err(Rejection::Unknown),
        (_, None) => Ok(Arc::clone(before)),
    }
}

/// Returns the demands of an episode's violations on the run. They come from the supervisor's policy, not from the
/// worker.
pub(super) fn demands(setting: &Setting<ParsedAgent>, violations: &ClassCounts) -> Demands {
    let asked = |wanted| violations.iter().any(|(class, _)| setting.policy.consequences.of(class) == wanted);
    Demands { quarantine: asked(Consequence::Quarantine), fail: asked(Consequence::Fail) }
}

mod roles;
#[cfg(test)]
mod tests;
