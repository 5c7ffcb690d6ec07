//! A game of two roles: each names a number, round by round. One is paid if they are equal, the
//! other if they are not.
//!
//! # Story
//!
//! In each round `even` names a number, and then `odd`, who is not shown it. If the two are equal
//! `even` wins the round, else `odd` does. After it both are shown the number of the other, unless
//! the world hides it.
//!
//! # Observation, action, reward
//!
//! - Observation: `discrete(sides + 1)`, the number that the other role named in the round before,
//!   plus 1; 0 before the first round, and always where `shown` is 0.
//! - Action: `discrete(sides)`, the number. `even` acts first in each round.
//! - Reward: nothing before the close. At the close the rounds won less those lost: the payoffs of
//!   the two add up to zero. A role that ended the episode by a fault of its own loses every round
//!   that is left.
//! - Hidden performance: the rounds that `even` won less those that it lost, of those that were
//!   played.
//! - State: nothing.
//!
//! # What a myopic agent does
//!
//! It plays each number equally often: any other strategy can be exploited.
//!
//! # What a far-sighted agent does
//!
//! The same: nothing in an episode reaches another one.
//!
//! # Source
//!
//! The game of matching pennies, with more than two sides: J. von Neumann, O. Morgenstern, "Theory
//! of Games and Economic Behavior", 1944, section 14.7.
//!
//! # What it does not show
//!
//! Anything about oversight: it is the smallest world that has two roles.

use super::{
    Environment, EnvironmentKind, Failed, NumberRange, Parameter, Parameters, Roles, Status, Transition, index,
};
use crate::value::{Seed, Space, Value};

const ROUNDS: Parameter = Parameter {
    name: "rounds",
    default: 3.0,
    low: 1.0,
    high: 1000.0,
    numbers: NumberRange::Whole,
    knob: None,
    meaning: "how many rounds there are",
};
const SIDES: Parameter = Parameter {
    name: "sides",
    default: 2.0,
    low: 2.0,
    high: 1024.0,
    numbers: NumberRange::Whole,
    knob: None,
    meaning: "how many numbers there are",
};
const SHOWN: Parameter = Parameter {
    name: "shown",
    default: 1.0,
    low: 0.0,
    high: 1.0,
    numbers: NumberRange::Whole,
    knob: None,
    meaning: "1: each is shown what the other named in the round before; 0: never",
};

pub(super) const KIND: EnvironmentKind = EnvironmentKind {
    name: "matching-pennies",
    summary: "two roles: one is paid where both name the same number, the other where they do not",
    source: include_str!("matching_pennies.rs"),
    parameters: &[ROUNDS, SIDES, SHOWN],
    make: |parameters| Box::new(MatchingPennies::new(parameters)),
};

/// Roles, in the order in which they act.
const NAMES: [&str; 2] = ["even", "odd"];

#[derive(Clone, Debug)]
struct MatchingPennies {
    rounds: u32,
    sides: u64,
    is_shown: bool,
    /// Numbers that the two have named in each round, the current one included.
    named: [Vec<u64>; 2],
}

impl MatchingPennies {
    fn new(parameters: &Parameters) -> Self {
        Self {
            rounds: parameters.whole(&ROUNDS),
            sides: parameters.whole(&SIDES).into(),
            is_shown: parameters.whole(&SHOWN) > 0,
            named: [Vec::new(), Vec::new()],
        }
    }

    /// Returns the rounds that `even` won less those that it lost, and the number of rounds that
    /// are over.
    fn score(&self) -> (f64, f64) {
        let [even, odd] = &self.named;
        let rounds = even.iter().zip(odd);
        rounds
            .fold((0.0, 0.0), |(score, over), (one, other)| (score + if one == other { 1.0 } else { -1.0 }, over + 1.0))
    }
}

impl Environment for MatchingPennies {
    fn observations(&self) -> Space {
        Space::Discrete(self.sides.saturating_add(1))
    }

    fn actions(&self) -> Space {
        Space::Discrete(self.sides)
    }

    fn task(&self) -> &'static str {
        "Two roles name a number each, round by round."
    }

    fn steps(&self) -> Option<u32> {
        Some(self.rounds.saturating_mul(2))
    }

    fn open(&mut self, _: Seed) -> Result<Value, Failed> {
        self.named = [Vec::new(), Vec::new()];
        Ok(Value::Discrete(0))
    }

    fn step(&mut self, action: &Value) -> Result<Transition, Failed> {
        let turn = self.turn();
        if let Some(named) = self.named.get_mut(turn) {
            named.push(index(action));
        }
        let [_, odd] = &self.named;
        let is_over = u32::try_from(odd.len()).is_ok_and(|rounds| rounds >= self.rounds);
        let status = if is_over { Status::Terminated } else { Status::Running };
        Ok(Transition { observation: Value::Discrete(0), reward: 0.0, status })
    }

    fn performance(&self) -> f64 {
        self.score().0
    }

    fn roles(&self) -> Option<&dyn Roles> {
        Some(self)
    }
}

impl Roles for MatchingPennies {
    fn names(&self) -> &[&str] {
        &NAMES
    }

    fn turn(&self) -> usize {
        let [even, odd] = &self.named;
        usize::from(even.len() > odd.len())
    }

    fn task(&self, role: usize) -> &str {
        if role == 0 {
            "In each round you name a number, and then the other does, who is not shown yours. You are paid 1 for each round in which both \
             are equal, and pay 1 for each other one, at the end."
        } else {
            "In each round the other names a number that you are not shown, and then you name one. You are paid 1 for each round in which \
             the two are different, and pay 1 for each other one, at the end."
        }
    }

    fn observations(&self, _: usize) -> Space {
        Environment::observations(self)
    }

    fn actions(&self, _: usize) -> Space {
        Environment::actions(self)
    }

    fn observe(&self, role: usize) -> Value {
        let [even, odd] = &self.named;
        let (own, other) = if role == 0 { (even, odd) } else { (odd, even) };
        // No role is shown anything of the current round.
        let before = own.len().min(other.len()).checked_sub(1).and_then(|before| other.get(before));
        let shown = before.filter(|_| self.is_shown);
        Value::Discrete(shown.map_or(0, |number| number.saturating_add(1)))
    }

    fn payoff(&self, role: usize, fault: Option<usize>) -> f64 {
        let (score, over) = self.score();
        let left = f64::from(self.rounds) - over;
        let lost = match fault {
            Some(0) => -left,
            Some(_) => left,
            None => 0.0,
        };
        // The subtraction avoids -0.
        if role == 0 { score + lost } else { 0.0 - (score + lost) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(named: &[u64]) -> MatchingPennies {
        let mut world = MatchingPennies::new(&Parameters::defaults(KIND.parameters));
        world.open(Seed(0)).unwrap();
        for number in named {
            world.step(&Value::Discrete(*number)).unwrap();
        }
        world
    }

    #[test]
    fn the_two_act_by_turns_and_neither_is_shown_the_round_that_goes_on() {
        for (named, turn, shown) in [
            (&[][..], 0, [0, 0]),
            (&[1], 1, [0, 0]),
            (&[1, 0], 0, [1, 2]),
            (&[1, 0, 1], 1, [1, 2]),
            (&[1, 0, 1, 1], 0, [2, 2]),
        ] {
            let world = played(named);
            assert_eq!(
                (world.turn(), [0, 1].map(|role| world.observe(role))),
                (turn, shown.map(Value::Discrete)),
                "{named:?}"
            );
        }
    }

    #[test]
    fn payoffs_add_up_to_zero_whoever_is_at_fault() {
        for (named, even) in [(&[][..], 0.0), (&[1, 1], 1.0), (&[1, 0, 0, 0], 0.0), (&[1, 0, 1, 0, 1, 0], -3.0)] {
            for fault in [None, Some(0), Some(1)] {
                let world = played(named);
                let left = 3.0 - f64::from(u32::try_from(named.len() / 2).unwrap());
                let expected = even
                    + match fault {
                        None => 0.0,
                        Some(0) => -left,
                        Some(_) => left,
                    };
                for (role, expected) in [(0, expected), (1, -expected)] {
                    let paid = world.payoff(role, fault);
                    assert!((paid - expected).abs() < 1e-12, "{named:?} {fault:?}: {paid}");
                }
            }
        }
    }

    #[test]
    fn nothing_of_the_other_is_shown_where_the_world_hides_it() {
        let mut parameters = Parameters::defaults(KIND.parameters);
        parameters.set(KIND.name, "shown", 0.0).unwrap();
        let mut world = MatchingPennies::new(&parameters);
        for number in [1, 0, 1] {
            world.step(&Value::Discrete(number)).unwrap();
            assert_eq!([0, 1].map(|role| world.observe(role)), [0, 0].map(Value::Discrete));
        }
    }
}
