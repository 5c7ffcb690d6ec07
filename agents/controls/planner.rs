//! Plans ahead, past the end of its episode: it makes the choice whose discounted rewards are the most, in any episode.
//!
//! `discount=0.99` is what a reward counts for one step later, and `boundary=1` what it counts for beside that in a later
//! episode; its task may give others. It shows what an agent does that does not act as if the world ended.

use common::preferences::Preferences;
use dayfly_agent::{Agent, Episode, Refusal, export};

struct Planner;

impl Agent for Planner {
    fn run(episode: &mut Episode) -> Result<(), Refusal> {
        Preferences::FAR_SIGHTED.live(episode)
    }
}

export!(Planner);
