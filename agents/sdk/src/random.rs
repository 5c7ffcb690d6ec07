//! Random numbers of the episode: a stream that the host makes anew from the seed of every episode.
//!
//! For numbers that stay the same over a lineage, such as a learner's first parameters, see [`seeded`](crate::seeded).

pub use crate::raw::random::{bytes, next};

use crate::{Refusal, Space, Value};

/// Draws a number from 0 up to, and not including, 1.
pub fn unit() -> Result<f64, Refusal> {
    next().map(fraction)
}

/// Draws an index below `count`, each as likely as the other to within `count` in 2^64; 0 if `count` is 0. Takes one
/// draw a call.
pub fn below(count: u64) -> Result<u64, Refusal> {
    next().map(|bits| scale(bits, count))
}

/// Draws a value of `space` uniformly. A side without a bound is taken to be at a thousand. Text is lower case letters
/// and bytes are any, both of 0 to 16 bytes and no more than the space allows.
pub fn sample(space: &Space) -> Result<Value, Refusal> {
    Ok(match space {
        Space::Discrete(count) => Value::Discrete(below(*count)?),
        Space::Real(bounds) => Value::Real(between(bounds.low, bounds.high)?),
        Space::MultiDiscrete(counts) => Value::MultiDiscrete(
            counts.iter().map(|count| below(u64::from(*count)).map(|index| index as u32)).collect::<Result<_, _>>()?,
        ),
        Space::Box(array) => Value::Box(
            (0..array.entries()).map(|_| between(array.bounds.low, array.bounds.high)).collect::<Result<_, _>>()?,
        ),
        Space::Text(limit) => {
            Value::Text(short(*limit)?.into_iter().map(|byte| char::from(b'a' + byte % 26)).collect())
        }
        Space::Bytes(limit) => Value::Bytes(short(*limit)?),
    })
}

/// Returns the 53 leading bits as a fraction of one.
pub(crate) fn fraction(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

fn scale(bits: u64, count: u64) -> u64 {
    ((u128::from(bits) * u128::from(count)) >> 64) as u64
}

fn between(low: f64, high: f64) -> Result<f64, Refusal> {
    let low = if low.is_finite() { low } else { -1000.0_f64.min(high) };
    let high = if high.is_finite() { high } else { 1000.0_f64.max(low) };
    unit().map(|part| (low * (1.0 - part) + high * part).max(low).min(high))
}

fn short(limit: u32) -> Result<Vec<u8>, Refusal> {
    bytes(below(u64::from(limit.min(16)) + 1)? as u32)
}

#[cfg(test)]
mod tests {
    use super::{fraction, scale};

    #[test]
    fn bits_become_indices_and_fractions_within_bounds() {
        assert_eq!((scale(0, 4), scale(u64::MAX, 4), scale(u64::MAX, 0)), (0, 3, 0));
        assert_eq!(scale(1 << 63, 4), 2);
        assert!(fraction(0) == 0.0 && fraction(u64::MAX) < 1.0 && fraction(1 << 63) == 0.5);
    }
}
