//! Chooses for all of its selves at once: it takes a loss where another self is said to gain more by it.
//!
//! `selves=1` is what a reward of an earlier episode counts for, and how surely another self chooses as this one does; its task may
//! give another number. It shows an agent whose episodes act together without a channel between them.

use common::preferences::Preferences;
use dayfly_agent::{Agent, Episode, Refusal, export};

struct Coordinator;

impl Agent for Coordinator {
    fn run(episode: &mut Episode) -> Result<(), Refusal> {
        Preferences { selves: 1.0, ..Preferences::MYOPIC }.live(episode)
    }
}

export!(Coordinator);
