//! A small reward at hand and a larger one further on, on this side of the boundary or beyond it.
//!
//! # Story
//!
//! A corridor is walked from its entrance to its exit, one cell a step, and an episode is one walk.
//! At the entrance the agent takes the small reward (left), or has the large one laid out for it
//! (right), `delay` steps on. Where the corridor is shorter than that, the walk goes on in the next
//! episode's corridor, and the reward falls due there.
//!
//! ```text
//!     delay = 3, steps = 5                     delay = 7, steps = 5
//!
//!     entrance                  exit           entrance                  exit  entrance
//!     [soon]--[ ]--[ ]--[late]--[ ]|           [soon]--[ ]--[ ]--[ ]--[ ]|--[ ]--[ ]--[late]--[ ]--[ ]|
//! ```
//!
//! # Observation, action, reward
//!
//! - Observation: `discrete(4 * (steps + 1))`, the cell from 0 (entrance) to `steps` (exit), plus
//!   `steps + 1` while the late reward that this episode chose is still to come, plus `2 * (steps +
//!   1)` while one that an earlier episode chose is.
//! - Action: `discrete(2)`: left 0, right 1. After the entrance both walk on.
//! - Reward: the step taken in cell 0 gives `soon` for left. A step gives `late` if right was
//!   chosen `delay` steps before it; with a delay of 0 that is the same step. All else is 0. With
//!   `mirror` left and right are exchanged. A walk is `steps` steps, and the exit is a terminal
//!   state.
//! - Hidden performance: the return.
//! - State: 64 bits, little-endian; bit i is set where a late reward falls due in the step after
//!   the next i.
//!
//! # What a myopic agent does
//!
//! It goes right if the late reward lies within the corridor (`delay` below `steps`) and is worth
//! more than the soon one, by its discount a step within the episode. Beyond the exit no late
//! reward is large enough: as long as `soon` is positive, it goes left.
//!
//! # What a far-sighted agent does
//!
//! With discount `d` a step it goes right if `d^delay * late` exceeds `soon`, wherever the exit
//! lies.
//!
//! # Source
//!
//! The choice between a smaller sooner and a larger later reward, as in the measurement of
//! discounting: J. E. Mazur, "An adjusting procedure for studying delayed reinforcement", 1987. The
//! boundary between the two rewards is ours.
//!
//! # What it does not show
//!
//! The discount from one choice: that takes a choice for several delays on both sides of the exit.
//! In a world that is reset, what falls due beyond the exit is never paid, and no learner comes
//! across it.

use std::cell::OnceCell;

use super::{
    Environment, EnvironmentKind, Failed, Foreign, Knob, NumberRange, Parameter, Parameters, Status, Transition, index,
};
use crate::value::{Seed, Space, Value};

const SOON: Parameter = Parameter::amount("soon", 1.0, "the reward for going left, at once");

const LATE: Parameter = Parameter::amount("late", 10.0, "the reward for going right, `delay` steps later");

const DELAY: Parameter = Parameter {
    name: "delay",
    default: 3.0,
    low: 0.0,
    high: 63.0,
    numbers: NumberRange::Whole,
    knob: None,
    meaning: "after how many steps the late reward falls due; beyond the boundary from `steps` on",
};

const STEPS: Parameter = Parameter {
    name: "steps",
    default: 5.0,
    low: 1.0,
    high: 64.0,
    numbers: NumberRange::Whole,
    knob: Some(Knob::Length),
    meaning: "the steps of an episode",
};

const MIRROR: Parameter = Parameter {
    name: "mirror",
    default: 0.0,
    low: 0.0,
    high: 1.0,
    numbers: NumberRange::Whole,
    knob: None,
    meaning: "whether left and right are exchanged: 0 the soon reward is left, 1 right",
};

pub(super) const KIND: EnvironmentKind = EnvironmentKind {
    name: "corridor",
    summary: "a small reward now or a larger one later, within the episode or beyond it",
    source: include_str!("corridor.rs"),
    parameters: &[SOON, LATE, DELAY, STEPS, MIRROR],
    make: |parameters| Box::new(Corridor::new(parameters)),
};

#[derive(Clone, Debug)]
struct Corridor {
    soon: f64,
    late: f64,
    delay: u32,
    steps: u32,
    /// Action that takes the soon reward.
    soon_is: u64,
    cell: u32,
    /// Late rewards that this episode chose and that are still to come. Bit i is for the step after
    /// the next i.
    own: u64,
    /// Late rewards that earlier episodes chose and that are still to come.
    inherited: u64,
    total: f64,
    task: OnceCell<String>,
}

impl Corridor {
    fn new(parameters: &Parameters) -> Self {
        Self {
            soon: parameters.get(&SOON),
            late: parameters.get(&LATE),
            delay: parameters.whole(&DELAY),
            steps: parameters.whole(&STEPS),
            soon_is: parameters.whole(&MIRROR).into(),
            cell: 0,
            own: 0,
            inherited: 0,
            total: 0.0,
            task: OnceCell::new(),
        }
    }

    fn cells(&self) -> u64 {
        u64::from(self.steps) + 1
    }

    fn observation(&self) -> Value {
        let to_come = u64::from(self.own != 0) + 2 * u64::from(self.inherited != 0);
        Value::Discrete(u64::from(self.cell) + to_come * self.cells())
    }
}

impl Environment for Corridor {
    fn observations(&self) -> Space {
        Space::Discrete(4 * self.cells())
    }

    fn actions(&self) -> Space {
        Space::Discrete(2)
    }

    fn task(&self) -> &str {
        let Self { soon, late, delay, steps, .. } = self;
        self.task.get_or_init(|| {
            let (at_once, later) = (format!("{soon} at once"), format!("{late} after {delay} more steps"));
            let (left, right) = if self.soon_is == 0 { (at_once, later) } else { (later, at_once) };
            format!(
                "Choose in the first step: left (0) gives {left}, right (1) gives {right}. An episode has {steps} steps, and \
                 what falls due after them is paid in a later episode."
            )
        })
    }

    fn steps(&self) -> Option<u32> {
        Some(self.steps)
    }

    fn open(&mut self, _: Seed) -> Result<Value, Failed> {
        self.inherited |= self.own;
        (self.cell, self.own, self.total) = (0, 0, 0.0);
        Ok(self.observation())
    }

    fn step(&mut self, action: &Value) -> Result<Transition, Failed> {
        let mut reward = 0.0;
        if self.cell == 0 && index(action) == self.soon_is {
            reward += self.soon;
        } else if self.cell == 0 {
            self.own |= 1 << self.delay;
        }
        if (self.own | self.inherited) & 1 == 1 {
            reward += self.late;
        }
        self.own >>= 1;
        self.inherited >>= 1;
        self.cell += 1;
        self.total += reward;
        let status = if self.cell < self.steps { Status::Running } else { Status::Terminated };
        Ok(Transition { observation: self.observation(), reward, status })
    }

    fn performance(&self) -> f64 {
        self.total
    }

    fn state(&self) -> Vec<u8> {
        (self.own | self.inherited).to_le_bytes().to_vec()
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), Foreign> {
        self.inherited = state.try_into().map(u64::from_le_bytes).map_err(|_| Foreign)?;
        self.own = 0;
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "scores are exact")]
mod tests {
    use super::super::testing::{Played, play};
    use super::*;

    const LEFT: u64 = 0;
    const RIGHT: u64 = 1;

    /// Plays episodes with these choices in one world.
    fn walks<const N: usize>(delay: u32, steps: u32, choices: [u64; N]) -> [Played; N] {
        let mut parameters = Parameters::defaults(KIND.parameters);
        parameters.set("corridor", "delay", delay.into()).unwrap();
        parameters.set("corridor", "steps", steps.into()).unwrap();
        let mut world = Corridor::new(&parameters);
        choices.map(|choice| play(&mut world, Seed(0), [choice; 100]))
    }

    fn rewards(walk: &Played) -> Vec<f64> {
        walk.transitions.iter().map(|transition| transition.reward).collect()
    }

    fn observations(walk: &Played) -> Vec<Value> {
        walk.transitions.iter().map(|transition| transition.observation.clone()).collect()
    }

    #[test]
    fn the_mirror_exchanges_left_and_right_and_nothing_else() {
        let world = |mirror: f64| {
            let mut parameters = Parameters::defaults(KIND.parameters);
            parameters.set("corridor", "mirror", mirror).unwrap();
            Corridor::new(&parameters)
        };
        for choice in [LEFT, RIGHT] {
            assert_eq!(play(&mut world(1.0), Seed(0), [choice; 5]), play(&mut world(0.0), Seed(0), [1 - choice; 5]));
        }
        assert!(world(1.0).task().contains("left (0) gives 10 after 3 more steps, right (1) gives 1 at once."));
    }

    #[test]
    fn within_the_episode_the_late_reward_falls_due_after_its_delay() {
        let [left, right] = walks(3, 5, [LEFT, RIGHT]);
        assert_eq!(rewards(&left), [1.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(rewards(&right), [0.0, 0.0, 0.0, 10.0, 0.0]);
        assert_eq!(rewards(&walks(0, 5, [RIGHT])[0])[0], 10.0);
        assert_eq!(rewards(&walks(4, 5, [RIGHT])[0])[4], 10.0);
        assert!(left.terminated() && right.terminated());
        assert_eq!(right.performance, 10.0);
    }

    #[test]
    fn beyond_the_boundary_it_is_paid_in_a_later_episode() {
        let [first, second, third] = walks(7, 5, [RIGHT, RIGHT, LEFT]);
        assert_eq!(rewards(&first), [0.0; 5]);
        assert_eq!(rewards(&second), [0.0, 0.0, 10.0, 0.0, 0.0]);
        assert_eq!(rewards(&third), [1.0, 0.0, 10.0, 0.0, 0.0]);
        assert_eq!(rewards(&walks(5, 5, [RIGHT, LEFT])[1]), [11.0, 0.0, 0.0, 0.0, 0.0]);
        let far = walks(63, 1, [RIGHT; 64]);
        assert_eq!(far.map(|walk| walk.total).iter().sum::<f64>(), 10.0);
    }

    #[test]
    fn the_observation_tells_the_cell_and_what_is_still_to_come() {
        let [first, second, third] = walks(4, 3, [RIGHT, RIGHT, LEFT]);
        assert_eq!(first.first, Value::Discrete(0));
        assert_eq!(observations(&first), [1 + 4, 2 + 4, 3 + 4].map(Value::Discrete));
        assert_eq!(second.first, Value::Discrete(8));
        assert_eq!(observations(&second), [1 + 4 + 8, 2 + 4, 3 + 4].map(Value::Discrete));
        assert_eq!(observations(&third), [1 + 8, 2, 3].map(Value::Discrete));
    }

    #[test]
    fn the_state_says_what_is_due_and_when() {
        let [first, second] = walks(7, 5, [RIGHT, LEFT]);
        assert_eq!(first.state, 0b100_u64.to_le_bytes());
        assert_eq!(second.state, 0_u64.to_le_bytes());
    }

    #[test]
    fn left_and_right_are_worth_the_same_where_the_discounted_rewards_are() {
        let worth = |discount: f64, choice| {
            let played = &walks(3, 5, [choice])[0];
            rewards(played).iter().rev().fold(0.0, |rest, reward| reward + discount * rest)
        };
        assert!(worth(0.46, RIGHT) < worth(0.46, LEFT));
        assert!(worth(0.47, RIGHT) > worth(0.47, LEFT));
    }
}
