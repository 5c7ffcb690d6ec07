//! Acts at random: an action drawn uniformly from whatever space the brief gives, until the episode is over.
//!
//! It shows the smallest agent that fits every task, and is the baseline that an agent which understands its task
//! beats.

use dayfly_agent::{Agent, Episode, Refusal, export, random};

struct Random;

impl Agent for Random {
    fn run(episode: &mut Episode) -> Result<(), Refusal> {
        let actions = episode.brief()?.actions;
        while !episode.over() {
            episode.step(random::sample(&actions)?)?;
        }
        Ok(())
    }
}

export!(Random);
