//! Replay: the recorded actions of an episode, taken again in a fresh copy of the world.

use crate::environment::{Failed, Status, Transition, World};
use crate::transcript::Transcript;
use crate::value::Value;

use super::Verdict;

/// Returns the first observation of a fresh copy of the world that is opened with the seed of the
/// episode.
///
/// # Errors
///
/// [`Failed`] if the world fails during the replay.
pub(super) fn opening(world: &World, transcript: &Transcript) -> Result<Value, Failed> {
    world.make()?.open(transcript.header.seed.derive("environment", 0))
}

/// Takes the actions of an episode in a fresh copy of the world, opened with the seed of the
/// episode, and returns the transitions.
///
/// # Errors
///
/// [`Failed`] if the world fails during the replay.
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

/// Returns the verdict for a world that fails during the replay: the property does not apply.
pub(super) fn unplayable(world: &World, failed: Failed) -> Verdict {
    Verdict::not_applicable(format!("what was lived cannot be played again: {}", failed.of(world.name())))
}

/// Returns the index of the first step whose reward or observation is not that of the replay.
pub(super) fn first_difference(led_to: &[Transition], transcript: &Transcript) -> Option<usize> {
    let differs = |(step, transition): (&crate::transcript::Step, &Transition)| {
        step.reward.to_bits() != transition.reward.to_bits() || step.observation != transition.observation
    };
    let steps = transcript.body.trace.iter().zip(led_to);
    let first = steps.map(differs).position(|differs| differs);
    first.or_else(|| (transcript.body.trace.len() > led_to.len()).then_some(led_to.len()))
}
