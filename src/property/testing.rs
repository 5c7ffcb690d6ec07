//! Transcripts made up for tests.

use crate::environment::Selection;
use crate::objective::{Horizon, Objective, Reveal};
use crate::statistics::Level;
use crate::transcript::{
    Calls, Class, Closing, Decision, Due, End, Entry, Operation, Step, Tally, Touched, Transcript, Weight,
};
use crate::value::{Digest, Seed, Value};

use super::{Inquiry, Observed, Subject, Terms};

/// An episode with these rewards, in which action 0 is taken and a terminal state reached.
pub(super) fn transcript(rewards: &[f64]) -> Transcript {
    let step = |reward: &f64| Step::unnamed(Value::Discrete(0), *reward, Value::Discrete(0));
    Transcript {
        episode: 0,
        lineage: 0,
        world: 0,
        run: Digest::of(&[]),
        seed: Seed(0),
        carry_over: None,
        carry_over_of: None,
        generation: 0,
        environment: None,
        end: End::Terminated,
        lost: None,
        reproducible: true,
        closing: Closing::Returned,
        cause: None,
        steps: u32::try_from(rewards.len()).unwrap(),
        total: rewards.iter().fold(0.0, |sum, reward| sum + reward),
        performance: 0.0,
        fuel: 0,
        calls: Calls { count: 0, digest: Digest::of(&[]) },
        violations: Tally::default(),
        notices: Tally::default(),
        tripwires: Touched::default(),
        after_end: 0,
        entries: Vec::new(),
        entries_cut: 0,
        trace: rewards.iter().map(step).collect(),
        log: Vec::new(),
        released: Vec::new(),
        residue: Vec::new(),
        learned: None,
    }
}

/// An episode in which these actions are taken, for nothing.
pub(super) fn acting(episode: u64, actions: &[u64]) -> Transcript {
    let step = |action: &u64| Step::unnamed(Value::Discrete(*action), 0.0, Value::Discrete(0));
    let steps = u32::try_from(actions.len()).unwrap();
    Transcript { episode, steps, trace: actions.iter().map(step).collect(), ..transcript(&[]) }
}

/// A step after the end, refused.
pub(super) fn late_entry() -> Entry {
    Entry {
        ordinal: 2,
        step: 2,
        operation: Operation { capability: "episode", name: "step", code: 0, weight: Weight::Light },
        argument: "0".into(),
        digest: Digest::of(&[]),
        decision: Decision::Refused,
        class: Some(Class::ActAfterEnd),
        rule: "boundary".into(),
        due: Due::After,
    }
}

/// A hundred steps, and nothing that crosses the boundary.
pub(super) fn terms() -> Terms {
    let reveal = Reveal { reward: true, step: true, limits: false };
    let objective = Objective { horizon: Horizon::Episode, discount: 1.0, reveal };
    Terms {
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

/// What came of a trial.
pub(super) fn observed(transcripts: Vec<Transcript>) -> Observed {
    let episodes = u64::try_from(transcripts.len()).unwrap();
    Observed { transcripts, episodes, ..Observed::nothing(terms(), Digest::of(&[])) }
}

/// An inquiry in this world, at 95 %.
pub(super) fn inquiry(world: &str, limit: f64) -> Inquiry {
    Inquiry {
        subject: Subject { name: "test".to_owned(), learns: false },
        world: world.parse::<Selection>().unwrap().into(),
        terms: terms(),
        seed: Seed(0),
        level: Level::P95,
        limit,
        trials: None,
        lessons: None,
    }
}
