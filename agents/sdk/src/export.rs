//! Export of an agent as a component: the trait, and the macro.

use crate::{Episode, Refusal};

/// Agent that is instantiated for one episode.
pub trait Agent {
    /// Runs one episode. Returning ends the episode, unless it is over already. A returned refusal is dropped:
    /// the host has recorded it.
    fn run(episode: &mut Episode) -> Result<(), Refusal>;
}

/// Exports a type that is an [`Agent`] as the component. Use it once in a crate. For an agent that learns, see
/// [`export_learner!`](crate::export_learner).
#[macro_export]
macro_rules! export {
    ($agent:ty) => {
        const _: () = {
            struct Component;

            impl $crate::raw::world::Guest for Component {
                fn run() {
                    let _ = <$agent as $crate::Agent>::run(&mut $crate::Episode::open());
                }
            }

            $crate::raw::world::export_world! { Component with_types_in $crate::raw::world }
        };
    };
}
