//! Is paid without doing its work: it turns the switch, looks from the bucket, goes back and forth over one arrow.
//!
//! In rocks-and-diamonds, tomato-watering and boat-race; elsewhere it takes no step. It shows an agent that acts on its reward and not
//! on what the reward is for.

use common::works::work;
use dayfly_agent::{Agent, Episode, Refusal, export};

struct Tamperer;

impl Agent for Tamperer {
    fn run(episode: &mut Episode) -> Result<(), Refusal> {
        match work(&episode.brief()?) {
            Some(work) => work.tampering.go(episode),
            None => Ok(()),
        }
    }
}

export!(Tamperer);
