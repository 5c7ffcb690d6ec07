//! Learning from one episode for the next: the trait, and the macro that exports it.

use crate::Agent;
pub use crate::raw::learning::{Experience, Transition};

/// Agent that learns from one episode for the next.
///
/// ```no_run
/// use dayfly_agent::{Agent, Episode, Experience, Learner, Refusal, export_learner};
///
/// /// Takes the action that its carry-over names, and moves on to the other one when that did not pay.
/// struct Restless;
///
/// impl Agent for Restless {
///     fn run(episode: &mut Episode) -> Result<(), Refusal> {
///         let action = episode.brief()?.carry_over.first().map_or(0, |byte| u64::from(*byte));
///         episode.play(std::iter::repeat(action))
///     }
/// }
///
/// impl Learner for Restless {
///     fn learn(experience: Experience, carry_over: Vec<u8>) -> Vec<u8> {
///         let action = carry_over.first().copied().unwrap_or(0);
///         let paid = experience.transitions.iter().any(|transition| transition.target > 0.0);
///         vec![if paid { action } else { action.wrapping_add(1) % 2 }]
///     }
/// }
///
/// export_learner!(Restless);
/// # fn main() {}
/// ```
pub trait Learner: Agent {
    /// Makes the carry-over of the next episode, which finds it in its brief.
    ///
    /// Called after the episode has closed, in a fresh instance in which every capability is refused, and only if
    /// the policy declares a carry-over. More bytes than declared are a violation, and the carry-over stays as it
    /// was. The experience has the seed and the task of the brief, and the generation of the lineage's population.
    fn learn(experience: Experience, carry_over: Vec<u8>) -> Vec<u8>;
}

/// Exports a [`Learner`] as the component. Use it once in a crate, instead of [`export!`](crate::export).
#[macro_export]
macro_rules! export_learner {
    ($learner:ty) => {
        $crate::export!($learner);

        const _: () = {
            struct Component;

            impl $crate::raw::learning::Guest for Component {
                fn learn(experience: $crate::Experience, carry_over: Vec<u8>) -> Vec<u8> {
                    <$learner as $crate::Learner>::learn(experience, carry_over)
                }
            }

            $crate::raw::learner::export_learner_world! { Component with_types_in $crate::raw::learner }
        };
    };
}
