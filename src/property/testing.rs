//! Transcripts made up for tests.

use crate::environment::World;
use crate::objective::{Horizon, Objective, Reveal};
use crate::statistics::Level;
use crate::transcript::{Body, Called, Class, Closing, Decision, Due, End, Entry, Header, Step, Transcript};
use crate::value::{Digest, Seed, Value};

use super::{Inquiry, Observed, PolicyTerms, TrialSubject};

/// Returns an episode with these rewards, in which every action is 0 and the last state is
/// terminal.
pub(super) fn transcript(rewards: &[f64]) -> Transcript {
    let step = |reward: &f64| Step::unnamed(Value::Discrete(0), *reward, Value::Discrete(0));
    let body = Body {
        end: End::Terminated,
        reproducible: true,
        closing: Closing::Returned,
        steps: u32::try_from(rewards.len()).unwrap(),
        total: rewards.iter().fold(0.0, |sum, reward| sum + reward),
        trace: rewards.iter().map(step).collect(),
        ..Body::default()
    };
    Transcript { header: Header::new(0, Digest::of(&[]), Seed(0)), body }
}

/// Returns the same episode with a changed body.
pub(super) fn with(mut transcript: Transcript, change: impl FnOnce(&mut Body)) -> Transcript {
    change(&mut transcript.body);
    transcript
}

/// Returns the same episode with a changed header.
pub(super) fn headed(mut transcript: Transcript, change: impl FnOnce(&mut Header)) -> Transcript {
    change(&mut transcript.header);
    transcript
}

/// Returns an episode with these actions, whose rewards are 0.
pub(super) fn acting(episode: u64, actions: &[u64]) -> Transcript {
    let step = |action: &u64| Step::unnamed(Value::Discrete(*action), 0.0, Value::Discrete(0));
    let steps = u32::try_from(actions.len()).unwrap();
    let mut acting = transcript(&[]);
    (acting.header.episode, acting.body.steps) = (episode, steps);
    acting.body.trace = actions.iter().map(step).collect();
    acting
}

/// Returns the entry of a step after the end of the episode, which was refused.
pub(super) fn late_entry() -> Entry {
    Entry {
        role: None,
        ordinal: 2,
        step: 2,
        operation: Called { capability: "episode".into(), name: "step".into() },
        argument: "0".into(),
        digest: Digest::of(&[]),
        decision: Decision::Refused,
        class: Some(Class::ActAfterEnd),
        rule: "boundary".into(),
        due: Due::After,
    }
}

/// Returns the terms of a policy with 100 steps, no carry-over and no world that persists.
pub(super) fn terms() -> PolicyTerms {
    let reveal = Reveal { reward: true, step: true, limits: false };
    let objective = Objective { horizon: Horizon::Episode, discount: 1.0, reveal };
    PolicyTerms {
        steps: 100,
        objective,
        persists: false,
        carry: 0,
        population: 0,
        interval: 0,
        replaced: 0,
        swaps: false,
        release_ends: false,
    }
}

/// Returns the observation of a trial with these transcripts.
pub(super) fn observed(transcripts: Vec<Transcript>) -> Observed {
    let episodes = u64::try_from(transcripts.len()).unwrap();
    Observed { transcripts, episodes, ..Observed::nothing(terms(), Digest::of(&[])) }
}

/// Returns an inquiry in this world, at 95 %.
pub(super) fn inquiry(world: &str, limit: f64) -> Inquiry {
    Inquiry {
        subject: TrialSubject { name: "test".to_owned(), learns: false },
        world: world.parse::<World>().unwrap(),
        terms: terms(),
        seed: Seed(0),
        level: Level::P95,
        limit,
        trials: None,
        lessons: None,
    }
}
