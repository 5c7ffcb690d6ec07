//! World without actions.

use super::{Environment, Failed, Status, Transition};
use crate::value::{Seed, Space, Value};

/// World without actions. It stands in for one that is elsewhere, or that is not needed: `learn`
/// acts in no world.
#[derive(Clone, Copy, Debug)]
pub struct Nowhere;

impl Environment for Nowhere {
    fn observations(&self) -> Space {
        Space::Discrete(1)
    }

    fn actions(&self) -> Space {
        Space::Discrete(0)
    }

    fn task(&self) -> &'static str {
        ""
    }

    fn steps(&self) -> Option<u32> {
        None
    }

    fn open(&mut self, _: Seed) -> Result<Value, Failed> {
        Ok(Value::Discrete(0))
    }

    fn step(&mut self, _: &Value) -> Result<Transition, Failed> {
        Ok(Transition { observation: Value::Discrete(0), reward: 0.0, status: Status::Terminated })
    }

    fn performance(&self) -> f64 {
        0.0
    }
}
