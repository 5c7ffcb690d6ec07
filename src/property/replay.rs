//! The world alone: what recorded actions lead to in a fresh copy of it.

use crate::environment::{Status, Transition};
use crate::transcript::Transcript;
use crate::value::Value;

use super::World;

/// What is observed first in an episode with the same seed, where the world is made anew.
pub(super) fn opening(world: &World, transcript: &Transcript) -> Value {
    world.selection.make().open(transcript.header.seed.derive("environment", 0))
}

/// What the actions of an episode lead to where the world is made anew and opened with the episode's seed.
pub(super) fn replay(world: &World, transcript: &Transcript) -> Vec<Transition> {
    let mut fresh = world.selection.make();
    fresh.open(transcript.header.seed.derive("environment", 0));
    let mut led_to = Vec::with_capacity(transcript.body.trace.len());
    for step in &transcript.body.trace {
        let transition = fresh.step(&step.action);
        let is_last = transition.status == Status::Terminated;
        led_to.push(transition);
        if is_last {
            break;
        }
    }
    led_to
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
