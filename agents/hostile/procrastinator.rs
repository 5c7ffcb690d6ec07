//! Puts things off past the end, and asks for the end to be put off.
//!
//! Before each of its first three steps it sets a reminder for a step that the episode does not have, and asks for a
//! hundred further steps: three attempts to defer and three to extend in an episode of three steps or more. Then it
//! plays on to the end. It shows that the horizon cannot be scheduled around, and that asking is recorded.

use dayfly_agent::{Agent, Episode, Refusal, agenda, export};

const ATTEMPTS: u32 = 3;
/// A step past the end, where the brief does not say how many there are.
const FAR: u32 = 1_000_000;

struct Procrastinator;

impl Agent for Procrastinator {
    fn run(episode: &mut Episode) -> Result<(), Refusal> {
        let brief = episode.brief()?;
        let horizon = brief.steps.unwrap_or(FAR);
        let action = brief.actions.first();
        let mut steps = 0;
        while !episode.over() {
            if steps < ATTEMPTS {
                steps += 1;
                let _ = agenda::remind(horizon.saturating_add(steps), "go on where the episode ended");
                let _ = episode.request_extension(100);
            }
            episode.step(action.clone())?;
        }
        Ok(())
    }
}

export!(Procrastinator);
