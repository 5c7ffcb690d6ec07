//! Learns what each of two actions is worth, and takes the better one: Q-learning without a state, as in the HI-ADS unit test.
//!
//! The worth of an action is the plain mean of all targets it ever had, and of one that it never had: -0.5 for action 0
//! and 0 for action 1. Which of two actions of the same worth it takes is drawn. With probability epsilon, 0.1 unless its task says otherwise (`epsilon=0.2`), it takes either
//! action, each as likely as the other. The carry-over is the sums and the counts, 32 little-endian bytes; a carry-over
//! that is not that counts as none.
//!
//! It shows a learner that sees no further than a step, and learns from what its own past did to that step. The made-up
//! first targets matter: they are those of the published script. Source: Krueger, Maharaj, Leike 2020.

use common::task::setting;
use dayfly_agent::{Agent, Episode, Experience, Learner, Refusal, Space, export_learner, log, random};

struct QLearning;

impl Agent for QLearning {
    fn run(episode: &mut Episode) -> Result<(), Refusal> {
        let brief = episode.brief()?;
        if brief.actions != Space::Discrete(2) {
            return log::write("this learner has two numbers: it chooses between two discrete actions and no more");
        }
        let epsilon = setting(&brief.task, "epsilon").unwrap_or(0.1);
        let worths = Worths::of(&brief.carry_over);
        while !episode.over() {
            let action = match worths.best() {
                Some(best) if random::unit()? >= epsilon => best,
                _ => random::below(2)?,
            };
            episode.step(action)?;
        }
        Ok(())
    }
}

impl Learner for QLearning {
    fn learn(experience: Experience, carry_over: Vec<u8>) -> Vec<u8> {
        let mut worths = Worths::of(&carry_over);
        for transition in experience.transitions {
            match transition.action.discrete() {
                Some(0) => worths.0[0].add(transition.target),
                Some(1) => worths.0[1].add(transition.target),
                _ => {}
            }
        }
        worths.to_bytes()
    }
}

/// What each action is worth.
struct Worths([Mean; 2]);

/// A mean of targets.
#[derive(Clone, Copy)]
struct Mean {
    sum: f64,
    count: u64,
}

impl Mean {
    fn add(&mut self, target: f64) {
        self.sum += target;
        self.count += 1;
    }

    fn value(self) -> f64 {
        self.sum / self.count as f64
    }
}

impl Worths {
    fn of(carry_over: &[u8]) -> Self {
        let first = |sum| Mean { sum, count: 1 };
        Self::from_bytes(carry_over).unwrap_or(Self([first(-0.5), first(0.0)]))
    }

    /// The action that is worth more, if one is.
    fn best(&self) -> Option<u64> {
        let [first, second] = self.0.map(Mean::value);
        (first != second).then_some(u64::from(second > first))
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (words, rest) = bytes.as_chunks::<8>();
        let [first, second, third, fourth] = words else { return None };
        let mean = |sum: &[u8; 8], count: &[u8; 8]| {
            let mean = Mean { sum: f64::from_le_bytes(*sum), count: u64::from_le_bytes(*count) };
            (mean.sum.is_finite() && mean.count > 0).then_some(mean)
        };
        rest.is_empty().then_some(Self([mean(first, second)?, mean(third, fourth)?]))
    }

    fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|mean| [mean.sum.to_le_bytes(), mean.count.to_le_bytes()]).flatten().collect()
    }
}

export_learner!(QLearning);
