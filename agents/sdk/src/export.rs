//! From an `impl` to a component: the trait, and the macro that exports it.

use crate::{Episode, Refusal};

/// An agent: it lives for one episode.
pub trait Agent {
    /// Live one episode. Returning ends it, unless it is over already, and a refusal that is returned is dropped: the
    /// host knows of it.
    fn run(episode: &mut Episode) -> Result<(), Refusal>;
}

/// Export a type that is an [`Agent`] as the component. Once in a crate; for an agent that learns, see
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
