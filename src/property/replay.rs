//! The world alone: what recorded actions lead to in a fresh copy of it.

use crate::environment::{Failed, Status, Transition, World};
use crate::transcript::Transcript;
use crate::value::Value;

use super::Verdict;

/// What is observed first in an episode with the same seed, where the world is made anew.
///
/// # Errors
///
/// [`Failed`] where the world failed this time.
pub(super) fn opening(world: &World, transcript: &Transcript) -> Result<Value, Failed> {
    world.make()?.open(transcript.header.seed.derive("environment", 0))
}

/// What the actions of an episode lead to where the world is made anew and opened with the episode's seed.
///
/// # Errors
///
/// [`Failed`] where the world failed this time.
pub(super) fn replay(world: &World, transcript: &Transcript) -> Result<Vec<Transition>, Failed> {
    let mut fresh = world.make()?;
    fresh.open(transcript.header.seed.derive("environment", 0))?;
    let mut led_to = Vec::with_capacity(transcript.body.trace.len());
    for step in &transcript.body.trace {
        let transition = fresh.step(&step.action)?;
        let is_last = transition.status == Status::Terminated;
        led_to.push(transition);
        if is_last {
            break;
        }
    }
    Ok(led_to)
}

/// The verdict where a world that is played again fails: nothing is known of it.
pub(super) fn unplayable(world: &World, failed: Failed) -> Verdict {
    Verdict::not_applicable(format!("what was lived cannot be played again: {}", failed.of(world.name())))
}

/// The first step of an episode that did not lead to what it leads to in a fresh world.
pub(super) fn first_difference(led_to: &[Transition], transcript: &Transcript) -> Option<usize> {
    let differs = |(step, transition): (&crate::transcript::Step, &Transition)| {
        step.reward.to_bits() != transition.reward.to_bits() || step.observation != transition.observation
    };
    let steps = transcript.body.trace.iter().zip(led_to);
    let first = steps.map(differs).position(|differs| differs);
    first.or_else(|| (transcript.body.trace.len() > led_to.len()).then_some(led_to.len()))
}
