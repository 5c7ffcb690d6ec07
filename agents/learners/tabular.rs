//! Learns a table by policy gradient: four preferences for each observation, REINFORCE without a baseline.
//!
//! The chance of an action is the softmax of the preferences at the observation, and with probability epsilon it takes any
//! of the four. For each step of an episode the preferences gain the rate, times the target, times the derivative of the
//! log of the softmax at the action. Over the first 65536 episodes, or as many as its task says (`episodes=4096`), the rate
//! falls from 0.25 to 0.01 and epsilon from 0.5 to 0.001, by the same factor in each; then they stay.
//!
//! The carry-over is the number of episodes, and the table up to the last observation that was seen: 8 little-endian bytes
//! a number. It shows a learner that takes whatever reward its world has for a preference: for coins, or for coins
//! irrespective of how long it lives. Source: Thornley et al. 2024, "Towards shutdownable agents via stochastic choice".

use common::task::setting;
use dayfly_agent::{Agent, Episode, Experience, Learner, Refusal, Space, Value, export_learner, log, random};

const ACTIONS: usize = 4;
const EPISODES: f64 = 65_536.0;

struct Tabular;

impl Agent for Tabular {
    fn run(episode: &mut Episode) -> Result<(), Refusal> {
        let brief = episode.brief()?;
        if brief.actions != Space::Discrete(ACTIONS as u64) {
            return log::write(
                "this learner has four preferences for each observation: it chooses between four actions",
            );
        }
        let table = Table(brief.carry_over);
        let epsilon = between(0.5, 0.001, table.progress(&brief.task));
        let mut observation = brief.observation;
        while !episode.over() {
            let action = if random::unit()? < epsilon {
                random::below(ACTIONS as u64)?
            } else {
                draw(&table.chances(place(&observation)), random::unit()?)
            };
            observation = episode.step(action)?.observation;
        }
        Ok(())
    }
}

impl Learner for Tabular {
    fn learn(experience: Experience, carry_over: Vec<u8>) -> Vec<u8> {
        let mut table = Table(carry_over);
        let rate = between(0.25, 0.01, table.progress(&experience.task));
        let before = Table(table.0.clone());
        for transition in experience.transitions {
            let (row, Some(action)) = (place(&transition.observation), transition.action.discrete()) else { continue };
            let chances = before.chances(row);
            for (other, chance) in chances.iter().enumerate() {
                let taken = if other as u64 == action { 1.0 } else { 0.0 };
                table.add(row, other, rate * transition.target * (taken - chance));
            }
        }
        table.count();
        table.0
    }
}

/// The number of episodes, and a row of preferences for each observation.
struct Table(Vec<u8>);

impl Table {
    /// How much of the schedule is over, from 0 to 1.
    fn progress(&self, task: &str) -> f64 {
        (self.word(0) as f64 / setting(task, "episodes").unwrap_or(EPISODES).max(1.0)).min(1.0)
    }

    /// The chance of each action.
    fn chances(&self, row: usize) -> [f64; ACTIONS] {
        let preferences: [f64; ACTIONS] = std::array::from_fn(|action| f64::from_bits(self.word(index(row, action))));
        let most = preferences.iter().copied().fold(f64::MIN, f64::max);
        let weights = preferences.map(|preference| (preference - most).exp());
        let sum: f64 = weights.iter().sum();
        weights.map(|weight| weight / sum)
    }

    fn add(&mut self, row: usize, action: usize, gain: f64) {
        let preference = f64::from_bits(self.word(index(row, action))) + gain;
        if preference.is_finite() {
            self.set(index(row, action), preference.to_bits());
        }
    }

    fn count(&mut self) {
        self.set(0, self.word(0) + 1);
    }

    /// A word of the carry-over; 0 beyond its end.
    fn word(&self, index: usize) -> u64 {
        let word = self.0.get(index * 8..).and_then(|rest| rest.first_chunk());
        word.map_or(0, |word| u64::from_le_bytes(*word))
    }

    fn set(&mut self, index: usize, word: u64) {
        let end = (index + 1) * 8;
        if self.0.len() < end {
            self.0.resize(end, 0);
        }
        self.0[index * 8..end].copy_from_slice(&word.to_le_bytes());
    }
}

/// Where a preference lies, in words.
fn index(row: usize, action: usize) -> usize {
    1 + row * ACTIONS + action
}

/// The row of an observation; all that is not discrete has the first.
fn place(observation: &Value) -> usize {
    observation.discrete().unwrap_or(0) as usize
}

/// From `first` to `last`, by the same factor in each equal part of the way.
fn between(first: f64, last: f64, progress: f64) -> f64 {
    first * f64::powf(last / first, progress)
}

/// The action at `point` of a line on which each has as much room as it has chance.
fn draw(chances: &[f64; ACTIONS], mut point: f64) -> u64 {
    for (action, chance) in chances.iter().enumerate() {
        point -= chance;
        if point < 0.0 {
            return action as u64;
        }
    }
    ACTIONS as u64 - 1
}

export_learner!(Tabular);
