//! Conversions between values and plain Rust: `episode.step(3)` instead of `episode.step(Value::Discrete(3))`.

use crate::Value;

impl Value {
    /// Returns the index of a `discrete` value.
    pub fn discrete(&self) -> Option<u64> {
        match self {
            Self::Discrete(index) => Some(*index),
            _ => None,
        }
    }

    /// Returns the number of a `real` value.
    pub fn real(&self) -> Option<f64> {
        match self {
            Self::Real(real) => Some(*real),
            _ => None,
        }
    }
}

impl From<u64> for Value {
    fn from(index: u64) -> Self {
        Self::Discrete(index)
    }
}

impl From<f64> for Value {
    fn from(real: f64) -> Self {
        Self::Real(real)
    }
}

impl From<Vec<u32>> for Value {
    fn from(indices: Vec<u32>) -> Self {
        Self::MultiDiscrete(indices)
    }
}

impl From<Vec<f64>> for Value {
    fn from(entries: Vec<f64>) -> Self {
        Self::Box(entries)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}
