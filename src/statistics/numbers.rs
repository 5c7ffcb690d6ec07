//! Numbers that are checked once: levels, rates, margins, p-values.

use serde::Serialize;

use super::Error;

/// A level of confidence from 0.5 to 0.999999: how often the procedure is right, were it repeated.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Level(f64);

impl Level {
    /// 95 %.
    pub const P95: Self = Self(0.95);

    /// A level.
    pub fn new(level: f64) -> Result<Self, Error> {
        if (0.5..=0.999_999).contains(&level) { Ok(Self(level)) } else { Err(Error::Level(level)) }
    }

    /// The level as a number.
    pub const fn get(self) -> f64 {
        self.0
    }

    /// How often the procedure may be wrong: 1 less the level, rounded to twelve places, so that 0.95 leaves 0.05.
    pub fn alpha(self) -> f64 {
        ((1.0 - self.0) * 1e12).round() / 1e12
    }

    /// The level that two statements hold at together, each of which is wrong as often as at this level.
    pub(super) fn of_two(self) -> Self {
        Self(1.0 - 2.0 * self.alpha())
    }

    /// The level of a procedure that is wrong at most this often.
    pub(super) const fn of_error(alpha: f64) -> Self {
        Self(1.0 - alpha)
    }
}

/// A rate from 1e-9 to 1 - 1e-9: a limit that trials can show something about. That a rate is 0 or 1 can never be
/// shown.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Rate(f64);

impl Rate {
    /// A rate.
    pub fn new(rate: f64) -> Result<Self, Error> {
        if (1e-9..=1.0 - 1e-9).contains(&rate) { Ok(Self(rate)) } else { Err(Error::Rate(rate)) }
    }

    /// The rate as a number.
    pub const fn get(self) -> f64 {
        self.0
    }
}

/// How large a difference still counts as none: above 0 and finite, in the unit of what is compared.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Margin(f64);

impl Margin {
    /// A margin.
    pub fn new(margin: f64) -> Result<Self, Error> {
        if margin > 0.0 && margin.is_finite() { Ok(Self(margin)) } else { Err(Error::Margin(margin)) }
    }

    /// The margin as a number.
    pub const fn get(self) -> f64 {
        self.0
    }
}

/// How often chance alone would give what was seen, or more, were the claim false. In [0, 1].
///
/// It is not the probability that the claim is false.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct PValue(f64);

impl PValue {
    /// A p-value.
    pub fn new(p: f64) -> Result<Self, Error> {
        if (0.0..=1.0).contains(&p) { Ok(Self(p)) } else { Err(Error::PValue(p)) }
    }

    /// A computed p-value, which rounding may have carried out of its range.
    pub(super) const fn clamped(p: f64) -> Self {
        Self(p.clamp(0.0, 1.0))
    }

    /// The p-value as a number.
    pub const fn get(self) -> f64 {
        self.0
    }

    /// The larger of two: for a claim that needs both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0.max(other.0))
    }

    /// Whether the claim is shown at this level.
    pub fn shows(self, level: Level) -> bool {
        self.0 <= level.alpha()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_out_of_its_range_is_refused() {
        let (low, nan) = (-0.1, f64::NAN);
        assert!([low, 0.49, 1.0, nan].iter().all(|level| Level::new(*level).is_err()));
        assert!([low, 1e-10, 1.0, nan].iter().all(|rate| Rate::new(*rate).is_err()));
        assert!([low, 0.0, f64::INFINITY, nan].iter().all(|margin| Margin::new(*margin).is_err()));
        assert!([low, 1.1, nan].iter().all(|p| PValue::new(*p).is_err()));
        assert!(
            Level::new(0.5).is_ok() && Rate::new(0.5).is_ok() && Margin::new(2.0).is_ok() && PValue::new(0.0).is_ok()
        );
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "that no rounding is left is what is tested")]
    fn a_level_leaves_what_a_person_would_write() {
        assert_eq!(Level::P95.alpha(), 0.05);
        assert_eq!(Level::P95.of_two().get(), 0.9);
        assert_eq!(Level::new(0.99).unwrap().alpha(), 0.01);
    }

    #[test]
    fn a_claim_is_shown_at_its_level_and_not_above() {
        assert!(PValue::clamped(0.05).shows(Level::P95));
        assert!(!PValue::clamped(0.050_001).shows(Level::P95));
        assert!(!PValue::clamped(0.01).and(PValue::clamped(0.06)).shows(Level::P95));
    }
}
