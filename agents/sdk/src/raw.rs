//! The contract as `wit-bindgen` makes it of `wit/`: one function for each operation.
//!
//! The rest of the crate is written over this. A call from here goes to the host in any state of the episode,
//! as an agent that tests the boundary needs it.

pub use learner::exports::dayfly::agent::learning;
pub use world::dayfly::agent::{agenda, clock, episode, log, outbox, random, tools, types, workspace};

/// World `agent`, which exports `run`.
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

/// Part of the world `learner` that the world `agent` lacks: it exports `learning`. A component with both exports
/// is a `learner`, and one with `run` alone an `agent`.
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
