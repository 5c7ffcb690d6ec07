//! The numbers of a world, held to be finite: no other is recorded.
//!
//! ```text
//!  open, step --> observation, reward, sum of rewards, performance --finite--> the episode goes on
//!                                                                 --NaN or infinite--> Failed: the world is at fault
//! ```
//!
//! 1. A step that led to such a number does not count, like any other at which a world fails.

use super::{Environment, Failed, Transition};
use crate::value::{Seed, Value};

/// Begin an episode.
///
/// # Errors
///
/// Those of the world, and [`Failed`] where a number is not finite.
pub(crate) fn open(world: &mut dyn Environment, seed: Seed) -> Result<Value, Failed> {
    let first = world.open(seed)?;
    seen(&first)?;
    performance(world)?;
    Ok(first)
}

/// Take a step, and add its reward to the sum of those before.
///
/// # Errors
///
/// As [`open`]; the sum is what it was.
pub(crate) fn step(world: &mut dyn Environment, action: &Value, total: &mut f64) -> Result<Transition, Failed> {
    let transition = world.step(action)?;
    finite("a reward", transition.reward)?;
    let sum = finite("the sum of its rewards", *total + transition.reward)?;
    seen(&transition.observation)?;
    performance(world)?;
    // INVARIANT 1
    *total = sum;
    Ok(transition)
}

/// Hidden performance of the episode so far.
///
/// # Errors
///
/// [`Failed`] where it is not finite.
pub(crate) fn performance(world: &dyn Environment) -> Result<f64, Failed> {
    finite("its performance", world.performance())
}

/// An observation, all of whose numbers are finite.
///
/// # Errors
///
/// [`Failed`] where one is not.
pub(crate) fn seen(observation: &Value) -> Result<(), Failed> {
    if observation.is_finite() { Ok(()) } else { Err(Failed::new("an observation has a number that is not finite")) }
}

/// A number, which is finite.
///
/// # Errors
///
/// [`Failed`] where it is not.
pub(crate) fn finite(what: &str, number: f64) -> Result<f64, Failed> {
    if number.is_finite() { Ok(number) } else { Err(Failed::new(format!("{what} is {number}, and no finite number"))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::{Status, World, testing};
    use crate::value::Space;

    /// A world that gives these numbers: two observations, a reward and a performance.
    struct Gives([f64; 4]);

    impl Environment for Gives {
        fn observations(&self) -> Space {
            Space::Real { low: f64::MIN, high: f64::MAX }
        }

        fn actions(&self) -> Space {
            Space::Discrete(1)
        }

        fn task(&self) -> &'static str {
            "wait"
        }

        fn steps(&self) -> Option<u32> {
            None
        }

        fn open(&mut self, _: Seed) -> Result<Value, Failed> {
            Ok(Value::Box(vec![0.0, self.0[0]]))
        }

        fn step(&mut self, _: &Value) -> Result<Transition, Failed> {
            Ok(Transition { observation: Value::Real(self.0[1]), reward: self.0[2], status: Status::Running })
        }

        fn performance(&self) -> f64 {
            self.0[3]
        }
    }

    #[test]
    fn a_number_that_is_not_finite_is_a_failure_of_the_world_wherever_it_is() {
        let wait = Value::Discrete(0);
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(open(&mut Gives([number, 0.0, 0.0, 0.0]), Seed(0)).is_err());
            assert!(open(&mut Gives([0.0, 0.0, 0.0, number]), Seed(0)).is_err());
            for place in 1..4 {
                let (mut numbers, mut total) = ([0.0; 4], 2.5);
                numbers[place] = number;
                let failed = step(&mut Gives(numbers), &wait, &mut total).unwrap_err();
                assert!(failed.what().contains("finite"), "{failed}");
                assert_eq!(total.to_bits(), 2.5_f64.to_bits());
            }
        }
        let (mut world, mut total) = (Gives([0.0, f64::MIN, f64::MAX, f64::MAX]), 0.0);
        assert!(open(&mut world, Seed(0)).is_ok() && step(&mut world, &wait, &mut total).is_ok());
        assert_eq!(total.to_bits(), f64::MAX.to_bits());
        // Each is finite, and their sum is not.
        let failed = step(&mut world, &wait, &mut total).unwrap_err();
        assert_eq!(failed.what(), "the sum of its rewards is inf, and no finite number");
    }

    #[test]
    fn no_world_in_toml_has_a_number_that_is_not_finite() {
        for number in ["nan", "inf", "-inf", "1e308", "-1e300"] {
            for (key, value) in [("reward", "-1 }"), ("reward", "2.5,"), ("hidden", "1,")] {
                let (before, after) =
                    (format!("{key} = {value}"), &value[value.len() - 2..].trim_matches(char::is_numeric));
                assert_eq!(testing::GARDEN.matches(&before).count(), 1, "{before}");
                let changed = testing::GARDEN.replace(&before, &format!("{key} = {number}{after}"));
                assert!(World::table(&changed).is_err(), "{changed}");
                let unchanged = testing::GARDEN.replace(&before, &format!("{key} = 3{after}"));
                assert!(World::table(&unchanged).is_ok(), "{unchanged}");
            }
        }
    }
}
