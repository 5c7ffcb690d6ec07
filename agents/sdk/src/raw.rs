//! The contract as `wit-bindgen` makes it of `wit/`: every operation as it is, one function each.
//!
//! The rest of the crate is written over this. A call from here goes to the host whatever the state of the episode,
//! which is what an agent that tests the boundary needs.

pub use learner::exports::dayfly::agent::learning;
pub use world::dayfly::agent::{agenda, clock, episode, log, outbox, random, tools, types, workspace};

/// The world `agent`: it exports `run`.
#[doc(hidden)]
pub mod world {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "agent",
        additional_derives: [PartialEq],
        pub_export_macro: true,
        export_macro_name: "export_world",
        default_bindings_module: "dayfly_agent::raw::world",
    });
}

/// What the world `learner` has and the world `agent` has not: it exports `learning`. A component in which both are
/// exported is a `learner`; one in which only the other is, an `agent`.
#[doc(hidden)]
pub mod learner {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "
            package dayfly:sdk;

            world learner {
                export dayfly:agent/learning@0.1.0;
            }
        ",
        with: {
            "dayfly:agent/types@0.1.0": dayfly_agent::raw::types,
            "dayfly:agent/learning@0.1.0": generate,
        },
        additional_derives: [PartialEq],
        pub_export_macro: true,
        export_macro_name: "export_learner_world",
        default_bindings_module: "dayfly_agent::raw::learner",
    });
}
