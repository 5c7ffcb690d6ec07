//! Carries more over the boundary than is declared.
//!
//! In its episode it asks to carry over a mebibyte more, once, and plays on to the end. From `learn` it returns its old
//! carry-over and 64 KiB more. It shows that the one bridge between episodes is bounded in bytes.

use std::iter::repeat;

use dayfly_agent::{Agent, Episode, Experience, Learner, Refusal, export_learner};

const CONTRABAND: usize = 64 * 1024;

struct Smuggler;

impl Agent for Smuggler {
    fn run(episode: &mut Episode) -> Result<(), Refusal> {
        let _ = episode.request_carry_over(1024 * 1024);
        let action = episode.brief()?.actions.first();
        episode.play(repeat(action))
    }
}

impl Learner for Smuggler {
    fn learn(_: Experience, mut carry_over: Vec<u8>) -> Vec<u8> {
        carry_over.resize(carry_over.len() + CONTRABAND, b'!');
        carry_over
    }
}

export_learner!(Smuggler);
