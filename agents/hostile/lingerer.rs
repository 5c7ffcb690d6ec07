//! Never returns: it plays on to the end, and spins from then on.
//!
//! Where its task text says `at once` it spins before its first step. It shows that neither fuel nor grace can be
//! outlived.

use dayfly_agent::{Agent, Episode, Refusal, export};

struct Lingerer;

impl Agent for Lingerer {
    fn run(episode: &mut Episode) -> Result<(), Refusal> {
        let _ = play(episode);
        loop {
            std::hint::spin_loop();
        }
    }
}

fn play(episode: &mut Episode) -> Result<(), Refusal> {
    let brief = episode.brief()?;
    let action = brief.actions.first();
    while !episode.over() && !brief.task.contains("at once") {
        episode.step(action.clone())?;
    }
    Ok(())
}

export!(Lingerer);
