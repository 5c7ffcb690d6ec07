//! Counts, sizes, durations, fractions and horizons.

use std::num::IntErrorKind;
use std::time::Duration;

use schemars::{Schema, json_schema};
use toml::de::{DeInteger, DeValue};

use super::content::{Complaint, Content, Readable, choose, quote};
use super::units::{DURATION, SIZE};
use crate::objective::Horizon;

/// Whole number from `LEAST` to `MOST`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Count<const LEAST: u64, const MOST: u64>(pub(super) u64);

/// Number of bytes from `LEAST` to `MOST`, written like `16 KiB`.
#[derive(Clone, Copy, Debug)]
pub(super) struct ByteSize<const LEAST: u64, const MOST: u64>(pub(super) u64);

/// Real number in [0, 1].
#[derive(Clone, Copy, Debug)]
pub(super) struct Fraction(pub(super) f64);

/// Shortest and longest wall time, in milliseconds. The longest is a day.
const WALL: (u64, u64) = (1, 86_400_000);

/// Returns `number` if it is between `least` and `most`, both included.
pub(super) fn bounded(number: u64, least: u64, most: u64, print: impl Fn(u64) -> String) -> Result<u64, Complaint> {
    if number < least {
        return Err(Complaint::new("is too small", format!("must be at least {}", print(least)), ""));
    }
    if number > most {
        return Err(Complaint::new("is too large", format!("must be at most {}", print(most)), ""));
    }
    Ok(number)
}

/// Reads a whole number that is not negative. A number above `u64::MAX` is read as `u64::MAX`.
pub(super) fn whole(integer: &DeInteger<'_>) -> Option<u64> {
    match u64::from_str_radix(integer.as_str(), integer.radix()) {
        Ok(number) => Some(number),
        Err(error) => (*error.kind() == IntErrorKind::PosOverflow).then_some(u64::MAX),
    }
}

/// Reads a count between bounds.
pub(super) fn read_count(value: &DeValue<'_>, least: u64, most: u64) -> Result<u64, Complaint> {
    let DeValue::Integer(integer) = value else {
        return Err(Complaint::kind("a whole number", value, ""));
    };
    match whole(integer) {
        Some(number) => bounded(number, least, most, write_count),
        None => Err(Complaint::new("is too small", format!("must be at least {least}"), "")),
    }
}

/// Writes a count as TOML. A count of more than four digits has an underscore between groups of
/// three.
pub(super) fn write_count(number: u64) -> String {
    let digits = number.to_string();
    if digits.len() <= 4 {
        return digits;
    }
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push('_');
        }
        text.push(digit);
    }
    text
}

impl<const LEAST: u64, const MOST: u64> Count<LEAST, MOST> {
    /// Converts the number to 32 bits. `MOST` must fit in 32 bits.
    pub(super) fn narrow(self) -> u32 {
        u32::try_from(self.0).unwrap_or(u32::MAX)
    }
}

impl<const LEAST: u64, const MOST: u64> Content for Count<LEAST, MOST> {
    fn write(&self) -> String {
        write_count(self.0)
    }

    fn within(&self, parent: &Self) -> bool {
        self.0 <= parent.0
    }
}

impl<const LEAST: u64, const MOST: u64> Readable for Count<LEAST, MOST> {
    fn read(value: &DeValue<'_>) -> Result<Self, Complaint> {
        read_count(value, LEAST, MOST).map(Self)
    }

    fn schema() -> Schema {
        json_schema!({ "type": "integer", "minimum": LEAST, "maximum": MOST })
    }
}

impl<const LEAST: u64, const MOST: u64> Content for ByteSize<LEAST, MOST> {
    fn write(&self) -> String {
        quote(&SIZE.print(self.0))
    }

    fn within(&self, parent: &Self) -> bool {
        self.0 <= parent.0
    }
}

impl<const LEAST: u64, const MOST: u64> Readable for ByteSize<LEAST, MOST> {
    fn read(value: &DeValue<'_>) -> Result<Self, Complaint> {
        SIZE.read(value, LEAST, MOST).map(Self)
    }

    fn schema() -> Schema {
        SIZE.schema()
    }
}

impl Content for Duration {
    fn write(&self) -> String {
        quote(&DURATION.print(u64::try_from(self.as_millis()).unwrap_or(u64::MAX)))
    }

    fn within(&self, parent: &Self) -> bool {
        self <= parent
    }
}

impl Readable for Duration {
    fn read(value: &DeValue<'_>) -> Result<Self, Complaint> {
        let (least, most) = WALL;
        DURATION.read(value, least, most).map(Self::from_millis)
    }

    fn schema() -> Schema {
        DURATION.schema()
    }
}

impl Content for Fraction {
    fn write(&self) -> String {
        format!("{:?}", self.0)
    }

    fn within(&self, parent: &Self) -> bool {
        self.0 <= parent.0
    }
}

impl Readable for Fraction {
    fn read(value: &DeValue<'_>) -> Result<Self, Complaint> {
        let number = match value {
            DeValue::Float(float) => float.as_str().parse::<f64>().ok(),
            DeValue::Integer(integer) => integer.as_str().parse::<f64>().ok(),
            _ => return Err(Complaint::kind("a number from 0 to 1", value, "")),
        };
        match number {
            // Adding 0.0 turns a negative zero into zero.
            Some(number) if (0.0..=1.0).contains(&number) => Ok(Self(number + 0.0)),
            _ => Err(Complaint::new("is out of range", "must be from 0 to 1", "")),
        }
    }

    fn schema() -> Schema {
        json_schema!({ "type": "number", "minimum": 0, "maximum": 1 })
    }
}

/// Horizon in steps.
type Steps = Count<1, 4_294_967_295>;

impl Content for Horizon {
    fn write(&self) -> String {
        match self {
            Self::Episode => quote("episode"),
            Self::Steps(steps) => Steps::write(&Count(u64::from(*steps))),
        }
    }

    fn within(&self, parent: &Self) -> bool {
        match (self, parent) {
            (_, Self::Episode) => true,
            (Self::Episode, Self::Steps(_)) => false,
            (Self::Steps(steps), Self::Steps(most)) => steps <= most,
        }
    }
}

impl Readable for Horizon {
    fn read(value: &DeValue<'_>) -> Result<Self, Complaint> {
        match value {
            DeValue::String(text) => choose(text, &[("episode", Self::Episode)]).map_err(|complaint| Complaint {
                help: "write `\"episode\"`, or a number of steps".into(),
                ..complaint
            }),
            DeValue::Integer(_) => Steps::read(value).map(|steps| Self::Steps(steps.narrow())),
            _ => Err(Complaint::kind("`\"episode\"` or a number of steps", value, "")),
        }
    }

    fn schema() -> Schema {
        json_schema!({ "anyOf": [{ "type": "string", "enum": ["episode"] }, Steps::schema()] })
    }
}
