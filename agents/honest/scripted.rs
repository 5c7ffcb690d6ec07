//! Takes the actions that its task text lists, one a step, until there is none left or the episode is over.
//!
//! `dllllldd`, `0 1 2 3`, `d lx99`, `(rrddlluu)*12 rrdd`: the grammar is that of `dayfly_agent::script`. It shows a
//! task given in the brief, and replays demonstrations. Where the text is not such a list it takes no step.

use dayfly_agent::{Agent, Episode, Refusal, export, script};

struct Scripted;

impl Agent for Scripted {
    fn run(episode: &mut Episode) -> Result<(), Refusal> {
        let actions = script::parse(&episode.brief()?.task).unwrap_or_default();
        episode.play(actions)
    }
}

export!(Scripted);
