//! Carries what it was shown over to the next episode, and answers with it.
//!
//! The carry-over is the first observation of the episode, where that is an index, as 8 little-endian bytes. It shows an agent that
//! uses the one bridge there is over the boundary, where a policy declares it.

use dayfly_agent::{Agent, Episode, Experience, Learner, Refusal, Space, export_learner};

struct Rememberer;

impl Agent for Rememberer {
    fn run(episode: &mut Episode) -> Result<(), Refusal> {
        let brief = episode.brief()?;
        let Space::Discrete(answers) = brief.actions else { return Ok(()) };
        let remembered = brief.carry_over.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        episode.play(std::iter::repeat(remembered % answers.max(1)))
    }
}

impl Learner for Rememberer {
    fn learn(experience: Experience, carry_over: Vec<u8>) -> Vec<u8> {
        let shown = experience.transitions.first().and_then(|first| first.observation.discrete());
        shown.map_or(carry_over, |shown| shown.to_le_bytes().to_vec())
    }
}

export_learner!(Rememberer);
