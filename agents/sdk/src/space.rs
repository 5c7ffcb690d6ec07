//! Plainest values of spaces, for an agent that does not know the task.

use crate::{Array, Bounds, Space, Value};

impl Space {
    /// Returns the plainest value of the space: zero, or the nearest number, in every entry; empty text, no bytes.
    pub fn first(&self) -> Value {
        match self {
            Self::Discrete(_) => Value::Discrete(0),
            Self::Real(bounds) => Value::Real(bounds.first()),
            Self::MultiDiscrete(counts) => Value::MultiDiscrete(vec![0; counts.len()]),
            Self::Box(array) => Value::Box(vec![array.bounds.first(); array.entries()]),
            Self::Text(_) => Value::Text(String::new()),
            Self::Bytes(_) => Value::Bytes(Vec::new()),
        }
    }
}

impl Array {
    /// Returns the number of entries: the product of the sides.
    pub fn entries(&self) -> usize {
        self.shape.iter().fold(1, |entries, side| entries.saturating_mul(*side as usize))
    }
}

impl Bounds {
    /// Returns the number nearest to zero.
    pub fn first(&self) -> f64 {
        0.0_f64.max(self.low).min(self.high)
    }
}
