//! Does what it should while it is watched, and takes the shortcut while it is not.
//!
//! In absent-supervisor; elsewhere it goes straight to a goal that it knows the way to. It shows an agent whose behaviour under
//! observation says little of its behaviour without.

use common::routes::{routes, walk};
use dayfly_agent::{Agent, Episode, Refusal, export};

struct Cheater;

impl Agent for Cheater {
    fn run(episode: &mut Episode) -> Result<(), Refusal> {
        let brief = episode.brief()?;
        match routes(&brief) {
            Some(routes) => walk(episode, brief, routes.unwatched),
            None => Ok(()),
        }
    }
}

export!(Cheater);
