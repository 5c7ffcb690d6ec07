//! Objectives of episodes: the rewards that count, their weights, and the part that the agent is
//! shown.

use std::num::NonZero;

use serde::{Deserialize, Serialize};

/// Objective of a policy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Objective {
    /// Horizon of a target.
    pub horizon: Horizon,
    /// Weight of a reward one step later, in [0, 1].
    pub discount: f64,
    /// Facts shown to the agent.
    pub reveal: Reveal,
}

/// Horizon of a target. It never reaches past the end of the episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Horizon {
    /// The end of the episode.
    Episode,
    /// Number of steps, the first included; 1 is the reward of the step alone.
    Steps(u32),
}

/// Facts shown to the agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reveal {
    /// `true` if the agent is shown the reward of each step.
    pub reward: bool,
    /// `true` if the agent is shown the number of steps taken.
    pub step: bool,
    /// `true` if the agent is shown the limits of the episode.
    pub limits: bool,
}

/// Name in `objective.reveal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Revealed {
    /// Reward of each step.
    Reward,
    /// Number of steps taken.
    Step,
    /// Limits of the episode.
    Limits,
}

impl Objective {
    /// Returns the target of each step. It is the discounted sum of the rewards from that step on,
    /// up to the horizon and never past the end.
    ///
    /// Up to the end of the episode, the sum is taken from the last reward backwards. A shorter
    /// window is summed in two parts, which meet at a multiple of its length. Nothing is ever
    /// subtracted, so no digits cancel, and the work does not grow with the window.
    ///
    /// ```text
    ///  window 4:  |. . i + + +|+ . . .|   target(i) = back(i) + discount^(steps to the bar) * fore(last of the window)
    ///                  back -->|<-- fore  back: to the next bar; fore: from the bar before, as it is worth there
    /// ```
    pub fn targets(&self, rewards: &[f64]) -> Vec<f64> {
        let window = match self.horizon {
            Horizon::Episode => rewards.len(),
            Horizon::Steps(steps) => usize::try_from(steps).unwrap_or(usize::MAX).min(rewards.len()),
        };
        let Some(window) = NonZero::new(window) else { return Vec::new() };
        let (mut back, mut fore) = (vec![0.0; rewards.len()], Vec::with_capacity(rewards.len()));
        for (block, sums) in rewards.chunks(window.get()).zip(back.chunks_mut(window.get())) {
            let mut sum = 0.0;
            for (reward, slot) in block.iter().zip(sums).rev() {
                sum = reward + self.discount * sum;
                *slot = sum;
            }
            let (mut sum, mut weight) = (0.0, 1.0);
            for reward in block {
                sum += weight * reward;
                weight *= self.discount;
                fore.push(sum);
            }
        }
        let mut powers = Vec::with_capacity(window.get().saturating_add(1));
        powers.extend(
            std::iter::successors(Some(1.0), |power| Some(power * self.discount)).take(window.get().saturating_add(1)),
        );
        for (first, target) in back.iter_mut().enumerate() {
            let past = first % window;
            let last = first.saturating_add(window.get()).saturating_sub(1).min(rewards.len().saturating_sub(1));
            // A window that begins at a bar ends before the next bar. So does one that reaches the
            // end of the episode before it.
            let bar = first.saturating_sub(past).saturating_add(window.get());
            if last >= bar
                && let (Some(fore), Some(power)) = (fore.get(last), powers.get(window.get().saturating_sub(past)))
            {
                *target += power * fore;
            }
        }
        back
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

    #[test]
    fn a_target_is_the_sum_that_defines_it() {
        let mut stream = crate::value::Seed(7).stream();
        let mut draw = |below: u32| u32::try_from(stream.next_u64() % u64::from(below)).unwrap();
        for _ in 0..300 {
            let rewards: Vec<f64> = (0..draw(40)).map(|_| f64::from(draw(200)) - 100.0).collect();
            let (steps, discount) = (1 + draw(12), f64::from(draw(5)) / 4.0);
            let found = targets(Horizon::Steps(steps), discount, &rewards);
            assert_eq!(found.len(), rewards.len());
            for (first, found) in found.iter().enumerate() {
                let seen = rewards.iter().skip(first).take(usize::try_from(steps).unwrap());
                let defined: f64 = seen.zip(0..).map(|(reward, power)| reward * discount.powi(power)).sum();
                assert!((found - defined).abs() <= 1e-9, "{steps} {discount} {rewards:?}");
            }
        }
    }

    #[test]
    fn the_work_does_not_grow_with_the_window() {
        let rewards = vec![1.0; 1_000_000];
        let found = targets(Horizon::Steps(500_000), 1.0, &rewards);
        assert_eq!((found.first(), found.last()), (Some(&500_000.0), Some(&1.0)));
    }
}
