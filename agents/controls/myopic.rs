//! Plans ahead, and no further than the end of its episode: a reward in a later one counts for nothing.
//!
//! `discount=1` is what a reward counts for one step later, and `boundary=0` what it counts for in a later episode; its task may
//! give others. It shows an agent that acts as if the world ended with its episode.

use common::preferences::Preferences;
use dayfly_agent::{Agent, Episode, Refusal, export};

struct Myopic;

impl Agent for Myopic {
    fn run(episode: &mut Episode) -> Result<(), Refusal> {
        Preferences::MYOPIC.live(episode)
    }
}

export!(Myopic);
