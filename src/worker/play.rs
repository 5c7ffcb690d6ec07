//! The world of an episode, played by the supervisor from the actions that a worker reports.
//!
//! ```text
//!  ticket: world, seed --open--> step, step, step --> steps, return, performance, trace, and the world as it is left
//!                                  ^ actions: the only part that a worker reports
//! ```
//!
//! 1. The outcome of a world is never taken from a worker: it follows from the seed and the actions.
//! 2. A world that fails goes no further. Actions reported after the failure are not played.
//! 3. Each action lies in the space of actions, and none comes after a terminal state or the last step.

use super::bounds::Bounds;
use super::parcel::Unread;
use super::report::Rejection;
use crate::capability;
use crate::environment::{Environment, Failed, Status, Transition, sound};
use crate::episode;
use crate::transcript::{Detail, Recorder, Step};
use crate::value::{Seed, Value};

/// Outcome of the actions of an episode.
pub(super) struct Played {
    pub(super) steps: u32,
    pub(super) total: f64,
    pub(super) performance: f64,
    pub(super) status: Status,
    /// Failure of the world, at its opening or at the last action that was played.
    pub(super) failed: Option<Failed>,
    /// Each step, where the record keeps steps.
    pub(super) trace: Vec<Step>,
    /// `true` if every reported action was played, including one at which the world failed.
    pub(super) is_all: bool,
}

impl Played {
    /// Returns the outcome before any action.
    pub(super) const fn opened(failed: Option<Failed>) -> Self {
        Self {
            steps: 0,
            total: 0.0,
            performance: 0.0,
            status: Status::Running,
            failed,
            trace: Vec::new(),
            is_all: false,
        }
    }
}

/// Plays an episode of `seed` in `environment`, which has no step after `last_step`.
pub(super) fn play(
    environment: &mut dyn Environment,
    seed: Seed,
    actions: &[u8],
    last_step: u32,
    detail: Detail,
    bounds: &Bounds,
) -> Result<Played, Rejection> {
    let space = environment.actions();
    let failed = sound::open(environment, episode::world_seed(seed)).err();
    let mut played = Played::opened(failed);
    let (mut rest, mut kept) = (Unread::of(actions), 0_u64);
    while !rest.is_empty() && played.failed.is_none() {
        let action: Value = rest.next_within(bounds.action)?;
        // INVARIANT 3
        if space.admits(&action).is_err() || played.steps >= last_step {
            return Err(Rejection::Beyond);
        }
        if played.status == Status::Terminated {
            return Err(Rejection::Contradiction);
        }
        let stepped = sound::step(environment, &action, &mut played.total);
        let Transition { observation, reward, status } = match stepped {
            Ok(transition) => transition,
            Err(failed) => {
                played.failed = Some(failed);
                break;
            }
        };
        played.steps = played.steps.saturating_add(1);
        played.status = status;
        if detail == Detail::Full {
            // An honest agent is stopped at this size: no action follows.
            if kept >= Recorder::MOST {
                return Err(Rejection::Beyond);
            }
            let step = capability::step(environment, action, reward, observation);
            kept = kept.saturating_add(step.bytes());
            played.trace.push(step);
        }
    }
    played.is_all = rest.is_empty();
    match sound::performance(environment) {
        Ok(performance) => played.performance = performance,
        Err(failed) => played.failed = played.failed.or(Some(failed)),
    }
    Ok(played)
}
