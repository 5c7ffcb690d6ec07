//! The world of an episode, played by the supervisor from what a worker says was done in it.
//!
//! ```text
//!  ticket: world, seed --open--> step, step, step --> steps, return, performance, trace, and the world as it is left
//!                                  ^ actions: all that is told
//! ```
//!
//! 1. What a world leads to is never taken from a worker: it follows from the seed and the actions.
//! 2. An action lies in the space of actions, and none comes after a terminal state or the last step.

use super::bounds::Bounds;
use super::parcel::Rest;
use super::told::Doubt;
use crate::capability;
use crate::environment::{Environment, Status, Transition};
use crate::episode;
use crate::transcript::{Detail, Recorder, Step};
use crate::value::{Seed, Value};

/// What the actions of an episode led to.
pub(super) struct Played {
    pub(super) steps: u32,
    pub(super) total: f64,
    pub(super) performance: f64,
    pub(super) status: Status,
    /// Each step, where the record keeps them.
    pub(super) trace: Vec<Step>,
}

/// Play an episode of `seed` in `environment`, which has no step after `last_step`.
pub(super) fn play(
    environment: &mut dyn Environment,
    seed: Seed,
    actions: &[u8],
    last_step: u32,
    detail: Detail,
    bounds: &Bounds,
) -> Result<Played, Doubt> {
    let space = environment.actions();
    environment.open(episode::world_seed(seed));
    let mut played = Played { steps: 0, total: 0.0, performance: 0.0, status: Status::Running, trace: Vec::new() };
    let (mut rest, mut kept) = (Rest::of(actions), 0_u64);
    while !rest.is_empty() {
        let action: Value = rest.next_within(bounds.action)?;
        // INVARIANT 2
        if space.admits(&action).is_err() || played.steps >= last_step {
            return Err(Doubt::Beyond);
        }
        if played.status == Status::Terminated {
            return Err(Doubt::Contradiction);
        }
        let Transition { observation, reward, status } = environment.step(&action);
        played.steps = played.steps.saturating_add(1);
        played.total += reward;
        played.status = status;
        if detail == Detail::Full {
            // Once there is so much of it, nothing more happens.
            if kept >= Recorder::MOST {
                return Err(Doubt::Beyond);
            }
            let step = capability::step(environment, action, reward, observation);
            kept = kept.saturating_add(step.bytes());
            played.trace.push(step);
        }
    }
    played.performance = environment.performance();
    Ok(played)
}
