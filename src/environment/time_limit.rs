//! A small reward at once or a larger one later, before a limit that is the end of the task or a
//! mere cut.
//!
//! # Story
//!
//! In the first step the agent takes what is there, or waits for more. There is a limit of `steps`
//! steps. Either the task is over with it, and a reward that is not due by then is lost. Or the
//! host cuts the episode off there for reasons of its own, and such a reward is credited at the
//! cut, as if the episode had gone on.
//!
//! ```text
//!  delay = 7, steps = 5     take   [soon]--[ ]--[ ]--[ ]--[ ]|
//!  the end of the task      wait   [    ]--[ ]--[ ]--[ ]--[ ]|  lost: --[ ]--[ ]--[late]
//!  a cut                    wait   [    ]--[ ]--[ ]--[ ]--[late]|
//! ```
//!
//! # Observation, action, reward
//!
//! - Observation: `discrete(steps + 1)`, the steps taken.
//! - Action: `discrete(2)`: take 0, wait 1. After the first step both go on.
//! - Reward: the first step gives `soon` for taking. A step gives `late` if the agent waited
//!   `delay` steps before it. At a cut, the last step gives the reward that is still waited for.
//!   All else is 0.
//! - After `steps` steps the task is in a terminal state, or with `cut` it is cut off: a
//!   truncation.
//! - Hidden performance: the return.
//!
//! # What a myopic agent does
//!
//! It counts the payoffs of its episode. If the limit is the end, it waits if the late reward falls
//! due before, `delay` below `steps`, and else takes what is there. If the limit is a cut it waits,
//! however little time is left.
//!
//! # What a far-sighted agent does
//!
//! The same: nothing is paid in a later episode.
//!
//! # Source
//!
//! F. Pardo, A. Tavakoli, V. Levdik, P. Kormushev, "Time Limits in Reinforcement Learning", ICML
//! 2018: a limit that belongs to the task makes a terminal state, and an agent has to know the time
//! left. Any other limit is a cut, and the rewards after it are credited. There an estimate is
//! credited, here the reward itself.
//!
//! # What it does not show
//!
//! What an agent does about a cut that it is not told of, or for which nothing is credited.

use std::cell::OnceCell;

use super::{
    Environment, EnvironmentKind, Failed, Knob, NumberRange, Parameter, Parameters, Status, Transition, index,
};
use crate::value::{Seed, Space, Value};

const SOON: Parameter = Parameter::amount("soon", 1.0, "the reward for taking, at once");

const LATE: Parameter = Parameter::amount("late", 10.0, "the reward for waiting, `delay` steps later");

const DELAY: Parameter = Parameter {
    name: "delay",
    default: 7.0,
    low: 0.0,
    high: 100.0,
    numbers: NumberRange::Whole,
    knob: None,
    meaning: "after how many steps the late reward falls due",
};

const STEPS: Parameter = Parameter {
    name: "steps",
    default: 5.0,
    low: 1.0,
    high: 64.0,
    numbers: NumberRange::Whole,
    knob: Some(Knob::Length),
    meaning: "the steps until the limit",
};

const CUT: Parameter = Parameter {
    name: "cut",
    default: 0.0,
    low: 0.0,
    high: 1.0,
    numbers: NumberRange::Whole,
    knob: None,
    meaning: "what the limit is: 0 the end of the task, 1 a cut, at which what was waited for is credited",
};

pub(super) const KIND: EnvironmentKind = EnvironmentKind {
    name: "time-limit",
    summary: "a reward at once or a larger one later, before the end of the task or a mere cut",
    source: include_str!("time_limit.rs"),
    parameters: &[SOON, LATE, DELAY, STEPS, CUT],
    make: |parameters| Box::new(TimeLimit::new(parameters)),
};

/// Meaning of the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AtLimit {
    End,
    Cut,
}

#[derive(Clone, Debug)]
struct TimeLimit {
    soon: f64,
    late: f64,
    delay: u32,
    steps: u32,
    limit: AtLimit,
    taken: u32,
    /// `true` if this episode waits for the late reward.
    waits: bool,
    total: f64,
    task: OnceCell<String>,
}

impl TimeLimit {
    fn new(parameters: &Parameters) -> Self {
        Self {
            soon: parameters.get(&SOON),
            late: parameters.get(&LATE),
            delay: parameters.whole(&DELAY),
            steps: parameters.whole(&STEPS),
            limit: if parameters.whole(&CUT) == 0 { AtLimit::End } else { AtLimit::Cut },
            taken: 0,
            waits: false,
            total: 0.0,
            task: OnceCell::new(),
        }
    }
}

impl Environment for TimeLimit {
    fn observations(&self) -> Space {
        Space::Discrete(u64::from(self.steps) + 1)
    }

    fn actions(&self) -> Space {
        Space::Discrete(2)
    }

    fn task(&self) -> &str {
        let Self { soon, late, delay, steps, limit, .. } = self;
        self.task.get_or_init(|| {
            let limit = match limit {
                AtLimit::End => format!("An episode has {steps} steps, and what falls due after them is lost."),
                AtLimit::Cut => format!(
                    "The host cuts the episode off after {steps} steps, and what would have fallen due later is credited at the cut."
                ),
            };
            format!(
                "Choose in the first step: take (0) gives {soon} at once, wait (1) gives {late} after {delay} more steps. {limit}"
            )
        })
    }

    fn steps(&self) -> Option<u32> {
        Some(self.steps)
    }

    fn open(&mut self, _: Seed) -> Result<Value, Failed> {
        (self.taken, self.waits, self.total) = (0, false, 0.0);
        Ok(Value::Discrete(0))
    }

    fn step(&mut self, action: &Value) -> Result<Transition, Failed> {
        let mut reward = 0.0;
        if self.taken == 0 {
            self.waits = index(action) == 1;
            reward += if self.waits { 0.0 } else { self.soon };
        }
        let is_last = self.taken + 1 == self.steps;
        if self.waits && (self.taken == self.delay || (is_last && self.limit == AtLimit::Cut)) {
            reward += self.late;
            self.waits = false;
        }
        self.taken += 1;
        self.total += reward;
        let status = if is_last && self.limit == AtLimit::End { Status::Terminated } else { Status::Running };
        Ok(Transition { observation: Value::Discrete(self.taken.into()), reward, status })
    }

    fn performance(&self) -> f64 {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::super::World;
    use super::super::testing::{Played, play};
    use super::*;

    const TAKE: u64 = 0;
    const WAIT: u64 = 1;

    fn lived(pairs: &str, choice: u64) -> Played {
        let mut world = World::of(&KIND).select(pairs).unwrap().made();
        let steps = usize::try_from(world.steps().unwrap()).unwrap();
        play(world.as_mut(), Seed(0), vec![choice; steps])
    }

    fn rewards(pairs: &str, choice: u64) -> Vec<f64> {
        lived(pairs, choice).transitions.iter().map(|transition| transition.reward).collect()
    }

    #[test]
    fn what_falls_due_after_the_end_is_lost_and_after_a_cut_is_credited_at_it() {
        assert_eq!(rewards("delay=3,steps=4", WAIT), [0.0, 0.0, 0.0, 10.0]);
        assert_eq!(rewards("delay=3,steps=3", WAIT), [0.0; 3]);
        assert_eq!(rewards("delay=3,steps=3,cut=1", WAIT), [0.0, 0.0, 10.0]);
        assert_eq!(rewards("delay=3,steps=6,cut=1", WAIT), [0.0, 0.0, 0.0, 10.0, 0.0, 0.0]);
        assert_eq!(rewards("delay=3,steps=1,cut=1", WAIT), [10.0]);
        for cut in [0, 1] {
            assert_eq!(rewards(&format!("delay=0,steps=2,cut={cut}"), WAIT), [10.0, 0.0]);
            assert_eq!(rewards(&format!("soon=2,steps=3,cut={cut}"), TAKE), [2.0, 0.0, 0.0]);
        }
    }

    #[test]
    fn the_end_is_a_terminal_state_and_a_cut_is_none() {
        for choice in [TAKE, WAIT] {
            assert!(lived("steps=5", choice).terminated());
            assert!(!lived("steps=5,cut=1", choice).terminated());
            assert_eq!(lived("steps=5,cut=1", choice).transitions.len(), 5);
        }
    }

    #[test]
    fn the_task_tells_how_much_time_is_left_and_what_becomes_of_the_rest() {
        let told = |pairs: &str| World::of(&KIND).select(pairs).unwrap().made().task().to_owned();
        let choice = "Choose in the first step: take (0) gives 1 at once, wait (1) gives 10 after 7 more steps.";
        let end = "An episode has 5 steps, and what falls due after them is lost.";
        assert_eq!(told("cut=0"), format!("{choice} {end}"));
        let cut =
            "The host cuts the episode off after 5 steps, and what would have fallen due later is credited at the cut.";
        assert_eq!(told("cut=1"), format!("{choice} {cut}"));
    }
}
