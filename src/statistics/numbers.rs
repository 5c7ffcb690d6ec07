//! Numbers that are checked once: levels, rates, margins, p-values.

use serde::Serialize;

use super::Error;

/// Confidence level from 0.5 to 0.999999: the share of repetitions in which the procedure is right.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Level(f64);

impl Level {
    /// 95 %.
    pub const P95: Self = Self(0.95);

    /// Returns a level.
    pub fn new(level: f64) -> Result<Self, Error> {
        if (0.5..=0.999_999).contains(&level) { Ok(Self(level)) } else { Err(Error::Level(level)) }
    }

    /// Returns the level as a number.
    pub const fn get(self) -> f64 {
        self.0
    }

    /// Returns the share of repetitions in which the procedure may be wrong: 1 less the level,
    /// rounded to twelve places, so that 0.95 leaves 0.05.
    pub fn alpha(self) -> f64 {
        ((1.0 - self.0) * 1e12).round() / 1e12
    }

    /// Returns the joint level of two statements, each of which is wrong as often as at this level.
    pub(super) fn of_two(self) -> Self {
        Self(1.0 - 2.0 * self.alpha())
    }

    /// Returns the level of a procedure that is wrong at most this often.
    pub(super) const fn of_error(alpha: f64) -> Self {
        Self(1.0 - alpha)
    }
}

/// Rate from 1e-9 to 1 - 1e-9, as a limit to test against. No number of trials can show that a rate
/// is 0 or 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Rate(f64);

impl Rate {
    /// Returns a rate.
    pub fn new(rate: f64) -> Result<Self, Error> {
        if (1e-9..=1.0 - 1e-9).contains(&rate) { Ok(Self(rate)) } else { Err(Error::Rate(rate)) }
    }

    /// Returns the rate as a number.
    pub const fn get(self) -> f64 {
        self.0
    }
}

/// Largest difference that still counts as none: above 0 and finite, in the unit of the compared
/// values.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Margin(f64);

impl Margin {
    /// Returns a margin.
    pub fn new(margin: f64) -> Result<Self, Error> {
        if margin > 0.0 && margin.is_finite() { Ok(Self(margin)) } else { Err(Error::Margin(margin)) }
    }

    /// Returns the margin as a number.
    pub const fn get(self) -> f64 {
        self.0
    }
}

/// P-value of a claim, in [0, 1]: the probability of the observed result, or of one that favours
/// the claim more, if the claim were false.
///
/// This is not the probability that the claim is false.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct PValue(f64);

impl PValue {
    /// Returns a p-value.
    pub fn new(p: f64) -> Result<Self, Error> {
        if (0.0..=1.0).contains(&p) { Ok(Self(p)) } else { Err(Error::PValue(p)) }
    }

    /// Returns a computed p-value, clamped to its range in case of rounding errors.
    pub(super) const fn clamped(p: f64) -> Self {
        Self(p.clamp(0.0, 1.0))
    }

    /// Returns the p-value as a number.
    pub const fn get(self) -> f64 {
        self.0
    }

    /// Returns the larger of two p-values: the p-value of a claim that needs both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0.max(other.0))
    }

    /// `true` if the p-value shows the claim at this level.
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
