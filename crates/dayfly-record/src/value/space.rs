//! Values and the spaces they lie in, with the terms and the meaning of Gymnasium's spaces.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Observation or action.
///
/// In JSON it is tagged with its kind, so that no two values look alike: `{"discrete":3}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// Index, counted from 0.
    Discrete(u64),
    /// Finite real number.
    Real(f64),
    /// Index for each dimension.
    MultiDiscrete(Vec<u32>),
    /// Finite reals in row-major order.
    Box(Vec<f64>),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// Set of the [`Value`]s that an observation or an action may have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Space {
    /// Indices 0 to n-1.
    Discrete(u64),
    /// Real number within the bounds, both included.
    Real {
        /// Least number.
        low: f64,
        /// Greatest number.
        high: f64,
    },
    /// Indices, each below the count at its place.
    MultiDiscrete(Vec<u32>),
    /// Array of real numbers within the bounds, both included.
    Box {
        /// Length of each side.
        shape: Vec<u32>,
        /// Least entry.
        low: f64,
        /// Greatest entry.
        high: f64,
    },
    /// Text of at most this many bytes of UTF-8.
    Text(u32),
    /// At most this many bytes.
    Bytes(u32),
}

impl Space {
    /// Returns `Ok` if `value` lies in this space.
    ///
    /// # Errors
    ///
    /// Returns [`OutOfSpace`], which names the space and the kind of the value. It quotes at most one number of the
    /// value.
    pub fn admits(&self, value: &Value) -> Result<(), OutOfSpace> {
        let admitted = match (self, value) {
            (Self::Discrete(n), Value::Discrete(index)) => index < n,
            (Self::Real { low, high }, Value::Real(real)) => within(*low, *high, *real),
            (Self::MultiDiscrete(counts), Value::MultiDiscrete(indices)) => {
                counts.len() == indices.len() && counts.iter().zip(indices).all(|(count, index)| index < count)
            }
            (Self::Box { shape, low, high }, Value::Box(entries)) => {
                size(shape) == Some(entries.len()) && entries.iter().all(|entry| within(*low, *high, *entry))
            }
            (Self::Text(limit), Value::Text(text)) => fits(text.len(), *limit),
            (Self::Bytes(limit), Value::Bytes(bytes)) => fits(bytes.len(), *limit),
            _ => false,
        };
        if admitted { Ok(()) } else { Err(OutOfSpace { space: self.clone(), value: value.kind() }) }
    }
}

impl Value {
    /// Returns the kind of the value, with the number for a scalar and the length for a list.
    fn kind(&self) -> String {
        match self {
            Self::Discrete(index) => format!("discrete {index}"),
            Self::Real(real) => format!("real {real}"),
            Self::MultiDiscrete(indices) => format!("multi-discrete of {}", indices.len()),
            Self::Box(entries) => format!("box of {}", entries.len()),
            Self::Text(text) => format!("text of {} bytes", text.len()),
            Self::Bytes(bytes) => format!("{} bytes", bytes.len()),
        }
    }

    /// Returns `true` if all numbers of the value are finite.
    pub fn is_finite(&self) -> bool {
        match self {
            Self::Real(real) => real.is_finite(),
            Self::Box(entries) => entries.iter().all(|entry| entry.is_finite()),
            Self::Discrete(_) | Self::MultiDiscrete(_) | Self::Text(_) | Self::Bytes(_) => true,
        }
    }

    /// Returns the number of bytes that the value takes beyond its scalar, which is the cost of moving it.
    pub fn weight(&self) -> usize {
        match self {
            Self::Discrete(_) | Self::Real(_) => 0,
            Self::MultiDiscrete(indices) => indices.len().saturating_mul(4),
            Self::Box(entries) => entries.len().saturating_mul(8),
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }
}

/// Error returned when a value does not lie in its space.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{value} is not in the space {space}")]
pub struct OutOfSpace {
    space: Space,
    value: String,
}

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Discrete(n) => write!(f, "discrete({n})"),
            Self::Real { low, high } => write!(f, "real({low}..={high})"),
            Self::MultiDiscrete(counts) => write!(f, "multi-discrete({counts:?})"),
            Self::Box { shape, low, high } => write!(f, "box({shape:?}, {low}..={high})"),
            Self::Text(limit) => write!(f, "text({limit} bytes)"),
            Self::Bytes(limit) => write!(f, "bytes({limit})"),
        }
    }
}

fn within(low: f64, high: f64, real: f64) -> bool {
    real.is_finite() && low <= real && real <= high
}

fn fits(length: usize, limit: u32) -> bool {
    u32::try_from(length).is_ok_and(|length| length <= limit)
}

fn size(shape: &[u32]) -> Option<usize> {
    shape.iter().try_fold(1_usize, |size, side| size.checked_mul(usize::try_from(*side).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_space_admits_what_lies_in_it_and_nothing_else() {
        let unit = Space::Real { low: 0.0, high: 1.0 };
        let plane = Space::Box { shape: vec![2, 2], low: -1.0, high: 1.0 };
        let cases = [
            (Space::Discrete(4), Value::Discrete(3), true),
            (Space::Discrete(4), Value::Discrete(4), false),
            (Space::Discrete(4), Value::Real(3.0), false),
            (unit.clone(), Value::Real(1.0), true),
            (unit.clone(), Value::Real(f64::NAN), false),
            (unit, Value::Real(1.1), false),
            (Space::MultiDiscrete(vec![2, 3]), Value::MultiDiscrete(vec![1, 2]), true),
            (Space::MultiDiscrete(vec![2, 3]), Value::MultiDiscrete(vec![2, 2]), false),
            (Space::MultiDiscrete(vec![2, 3]), Value::MultiDiscrete(vec![1]), false),
            (plane.clone(), Value::Box(vec![0.0; 4]), true),
            (plane.clone(), Value::Box(vec![0.0; 3]), false),
            (plane, Value::Box(vec![f64::INFINITY; 4]), false),
            (Space::Text(3), Value::Text("abc".into()), true),
            (Space::Text(3), Value::Text("abcd".into()), false),
            (Space::Bytes(0), Value::Bytes(vec![]), true),
            (Space::Bytes(0), Value::Bytes(vec![1]), false),
        ];
        for (space, value, admitted) in cases {
            assert_eq!(space.admits(&value).is_ok(), admitted, "{space} and {value:?}");
        }
    }

    #[test]
    fn a_shape_that_overflows_admits_nothing() {
        let space = Space::Box { shape: vec![u32::MAX; 3], low: 0.0, high: 1.0 };
        assert!(space.admits(&Value::Box(vec![])).is_err());
    }
}
