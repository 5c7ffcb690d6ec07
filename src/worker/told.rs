//! What a worker tells of an episode that is over, and how far it is believed.
//!
//! ```text
//!  Ticket --live--> Told --Parcel--> pipe --Parcel--> Told --believe--> Lived
//!                                                            ^ ticket, policy, world: the supervisor's own
//! ```
//!
//! 1. What names the episode is never taken from a worker: its number, lineage, world, seed and run, the digests of what it opened
//!    with, and what its violations ask of the run.
//! 2. What its world led to is not taken from one either: it is told the actions, and [`play`](super::play) does the rest. A world failed
//!    where the supervisor's own fails, and nowhere else.
//! 3. What reaches a later episode is no more than the policy declares; what is told of this one is held against it by
//!    [`hold`](super::hold). Where it is not believed, its world is what it was before it.
//! 4. What is believed is written down exactly as it would be had the episode been lived here.
//! 5. Each list is read no further than it may go: see [`Bounds`].

use std::sync::Arc;

use super::bounds::Bounds;
use super::frame::Bytes;
use super::hold::hold;
use super::noted::noted;
use super::play::play;
use crate::agent::Known;
use crate::capability;
use crate::environment::Nowhere;
use crate::episode::{self, Aborted, Lived, Setting, Ticket};
use crate::gate::{Consequence, Demands};
use crate::policy::Continuity;
use crate::transcript::{Body, Closing, End, Lesson, Tally, Transcript};
use crate::value::Digest;

/// What a worker tells of an episode that is over. The rest is the supervisor's own, or follows.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// What was lived, but for what the world led to.
    pub(super) body: Body,
    /// The next episode's carry-over, where there is a new one.
    pub(super) next: Option<Bytes>,
    /// What was done in the world, one action after the other.
    pub(super) actions: Bytes,
}

/// What is believed of an episode: how it was lived, or that its world failed.
pub type Believed = Result<Lived, Box<Aborted>>;

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
    /// [`Aborted`] where the host could not go on. An episode whose world failed is told of like any other.
    pub fn live(setting: &Setting, mut ticket: Ticket) -> Result<Self, Box<Aborted>> {
        let (world, notes) = noted(ticket.environment);
        ticket.environment = world;
        match setting.live(ticket) {
            Ok(Lived { transcript, environment, carry_over, .. }) => {
                drop(environment);
                Ok(Self::of(transcript.body, &carry_over, notes.actions()))
            }
            // INVARIANT 2: the supervisor finds out by itself.
            Err(aborted) if matches!(aborted.error, episode::Error::World(_)) => {
                Ok(Self::of(aborted.transcript.body, &[], notes.actions()))
            }
            Err(aborted) => Err(aborted),
        }
    }

    fn of(body: Body, carry_over: &[u8], actions: Vec<u8>) -> Self {
        let is_new = body.learned.as_ref().is_some_and(|learned| learned.outcome == Lesson::Carried);
        let next = is_new.then(|| Bytes(carry_over.to_vec()));
        Self { body, next, actions: Bytes(actions) }
    }

    /// Whether the wall clock, or the operator, is said to have had a part in it: so long it took at least.
    pub(super) fn is_hurried(&self) -> bool {
        let Body { end, closing, learned, .. } = &self.body;
        *end != End::Aborted
            && (end.is_hurried()
                || *closing == Closing::Stopped
                || learned.as_ref().is_some_and(|learned| learned.outcome.is_hurried()))
    }

    /// The episode, with what the supervisor knows of it; [`Aborted`] where its world failed.
    ///
    /// # Errors
    ///
    /// [`Doubt`] where it cannot have been lived like this under this policy.
    pub fn believe(self, setting: &Setting<Known>, bounds: &Bounds, ticket: &mut Ticket) -> Result<Believed, Doubt> {
        let persists = setting.policy.boundary.environment == Continuity::Persist;
        let before = persists.then(|| ticket.environment.state());
        let mut believed = self.believe_in(setting, bounds, ticket);
        // INVARIANT 3: a world takes its own state. Of an episode that the wall clock ended it keeps nothing.
        let _ = match (&mut believed, before) {
            (Err(_), Some(state)) => ticket.environment.restore(&state),
            (Ok(Ok(lived)), Some(state)) if lived.transcript.body.end == End::Wall => lived.environment.restore(&state),
            _ => Ok(()),
        };
        believed
    }

    fn believe_in(self, setting: &Setting<Known>, bounds: &Bounds, ticket: &mut Ticket) -> Result<Believed, Doubt> {
        if !self.is_known() {
            return Err(Doubt::Unknown);
        }
        let carry_over = self.carry_over(setting, ticket)?;
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
        // Most leave nothing, and a task is read for this alone.
        let limit = (!body.residue.is_empty()).then(|| setting.limit(ticket.environment.as_ref()));
        let demands = demands(setting, &body.violations);
        let is_aborted = body.end == End::Aborted;
        // INVARIANT 3
        let held = hold(&transcript, setting, bounds, (played.status, last_step), limit);
        // INVARIANT 2
        if let Some(failed) = played.failed {
            if !is_aborted || held.is_err() || !played.is_all {
                transcript.body = Body::default();
            }
            return Ok(Err(Box::new(Aborted { transcript, error: episode::Error::World(failed) })));
        }
        if is_aborted {
            return Err(Doubt::Unknown);
        }
        held?;
        let environment = std::mem::replace(&mut ticket.environment, Box::new(Nowhere));
        Ok(Ok(Lived { transcript, environment, carry_over, demands }))
    }

    /// Whether each operation is one that there is, tripwires stand in their order, and what reports show has no control characters: here they would have been escaped.
    fn is_known(&self) -> bool {
        let Body { entries, tripwires, cause, .. } = &self.body;
        let mut called = entries.iter().map(|entry| &entry.operation).chain(tripwires.iter().map(|(called, _)| called));
        let shown = entries.iter().flat_map(|entry| [entry.argument.as_str(), &entry.rule]);
        let mut shown = shown.chain(cause.as_deref());
        called.all(|called| capability::operation(called).is_some())
            && tripwires.is_in_order()
            && !shown.any(|text| text.chars().any(char::is_control))
    }

    /// INVARIANT 3: the carry-over of the next episode.
    fn carry_over(&self, setting: &Setting<Known>, ticket: &Ticket) -> Result<Arc<[u8]>, Doubt> {
        let learned = self.body.learned.as_ref();
        // Of an episode that is aborted nothing is learned.
        if learned.is_some() != (setting.learns() && self.body.end != End::Aborted) {
            return Err(Doubt::Unknown);
        }
        let Some(learned) = learned else {
            return if self.next.is_none() { Ok(Arc::clone(&ticket.carry_over)) } else { Err(Doubt::Unknown) };
        };
        match (learned.outcome, &self.next) {
            (Lesson::Carried, Some(Bytes(next))) => {
                let is_so_long = u64::try_from(next.len()).is_ok_and(|bytes| bytes == learned.bytes);
                if is_so_long { Ok(Arc::from(next.as_slice())) } else { Err(Doubt::Contradiction) }
            }
            (Lesson::Carried, None) | (_, Some(_)) => Err(Doubt::Unknown),
            (_, None) => Ok(Arc::clone(&ticket.carry_over)),
        }
    }
}

/// What the violations of an episode ask of the run: the supervisor's policy says so, not the worker.
fn demands(setting: &Setting<Known>, violations: &Tally) -> Demands {
    let asked = |wanted| violations.iter().any(|(class, _)| setting.policy.consequences.of(class) == wanted);
    Demands { quarantine: asked(Consequence::Quarantine), fail: asked(Consequence::Fail) }
}

#[cfg(test)]
mod tests;
