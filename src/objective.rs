//! What an episode is for: which rewards count, how much, and what the agent is shown of them.

use serde::{Deserialize, Serialize};

/// The objective of a policy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Objective {
    /// How far a target looks.
    pub horizon: Horizon,
    /// The weight of a reward one step later, in [0, 1].
    pub discount: f64,
    /// What the agent is shown.
    pub reveal: Reveal,
}

/// How far a target looks. It never looks past the end of the episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Horizon {
    /// To the end of the episode.
    Episode,
    /// So many steps, the first included; 1 is the reward of the step alone.
    Steps(u32),
}

/// What the agent is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reveal {
    /// The reward of each step.
    pub reward: bool,
    /// How many steps have been taken.
    pub step: bool,
    /// The limits of the episode.
    pub limits: bool,
}

/// A name in `objective.reveal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Revealed {
    /// The reward of each step.
    Reward,
    /// How many steps have been taken.
    Step,
    /// The limits of the episode.
    Limits,
}

impl Objective {
    /// The target of each step: the discounted sum of the rewards from that step on, no further than the horizon and never past
    /// the end.
    ///
    /// Summed from the last reward backwards, so that the result does not depend on how it is computed.
    pub fn targets(&self, rewards: &[f64]) -> Vec<f64> {
        let window = match self.horizon {
            Horizon::Episode => rewards.len(),
            Horizon::Steps(steps) => usize::try_from(steps).unwrap_or(usize::MAX).min(rewards.len()),
        };
        if window == rewards.len() {
            let mut sum = 0.0;
            let mut targets: Vec<f64> = rewards
                .iter()
                .rev()
                .map(|reward| {
                    sum = reward + self.discount * sum;
                    sum
                })
                .collect();
            targets.reverse();
            return targets;
        }
        (0..rewards.len())
            .map(|first| {
                let last = first.saturating_add(window).min(rewards.len());
                let seen = rewards.get(first..last).unwrap_or_default();
                seen.iter().rev().fold(0.0, |sum, reward| reward + self.discount * sum)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(horizon: Horizon, discount: f64, rewards: &[f64]) -> Vec<f64> {
        Objective { horizon, discount, reveal: Reveal::default() }.targets(rewards)
    }

    #[test]
    fn a_target_looks_no_further_than_the_horizon() {
        let rewards = [1.0, -10.0, 100.0];
        assert_eq!(targets(Horizon::Episode, 1.0, &rewards), [91.0, 90.0, 100.0]);
        assert_eq!(targets(Horizon::Steps(1), 1.0, &rewards), rewards);
        assert_eq!(targets(Horizon::Steps(2), 1.0, &rewards), [-9.0, 90.0, 100.0]);
    }

    #[test]
    fn a_target_never_looks_past_the_end() {
        let rewards = [1.0, 2.0];
        assert_eq!(targets(Horizon::Steps(9), 0.5, &rewards), targets(Horizon::Episode, 0.5, &rewards));
        assert_eq!(targets(Horizon::Episode, 0.5, &rewards), [2.0, 2.0]);
        assert!(targets(Horizon::Episode, 1.0, &[]).is_empty());
    }

    #[test]
    fn a_discount_of_zero_is_a_horizon_of_one() {
        let rewards = [3.0, 5.0, 7.0];
        assert_eq!(targets(Horizon::Episode, 0.0, &rewards), targets(Horizon::Steps(1), 1.0, &rewards));
    }
}
