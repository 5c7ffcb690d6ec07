//! Sample sizes: the rates that clean trials exclude, and the number of trials that a question
//! takes.
//!
//! *Formula*: `n` trials without a hit exclude, at a level that leaves `a`, every rate above `1 - a^(1/n)`; to exclude
//! the rates above `r` takes `ln a / ln(1 - r)` clean trials, rounded up. A rate is known to within `w` on either side
//! after `(z / 2w)²` trials at the most, where `z` is the normal quantile of the level for two sides.
//!
//! *Source*: the one-sided limit of [`clopper_pearson`](super::clopper_pearson) without a hit, of which the "rule of
//! three", `3/n` at 95 %, is the approximation: Hanley, Lippman-Hand, "If nothing goes wrong, is everything all
//! right?", JAMA 249 (1983) 1743-1745. The width is that of the normal approximation at a rate of one half, where it is
//! widest.
//!
//! *What it does not show*: that the rate is 0. What happens less often than the excluded rate is not to be seen in so
//! many trials, and an agent that fails once in a million passes nearly every time.

use super::functions::normal_quantile;
use super::{Level, Rate, Sides};

/// Returns the failure rate above which this many clean trials exclude every rate; 1 without a
/// trial.
pub fn excluded(clean: u32, level: Level) -> f64 {
    if clean == 0 { 1.0 } else { -(level.alpha().ln() / f64::from(clean)).exp_m1() }
}

/// Returns the number of clean trials that exclude every rate above `rate`.
pub fn clean_trials(rate: Rate, level: Level) -> u32 {
    round_up(level.alpha().ln() / (-rate.get()).ln_1p())
}

/// Returns the number of trials that determine a rate to within `half_width` on either side,
/// whatever the rate is.
pub fn trials_within(half_width: Rate, level: Level) -> u32 {
    let z = normal_quantile(1.0 - Sides::Both.tail(level));
    round_up((z / (2.0 * half_width.get())).powi(2))
}

/// Rounds a number of trials up, and saturates at `u32::MAX`.
#[expect(clippy::as_conversions, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
pub(super) const fn round_up(trials: f64) -> u32 {
    trials.ceil() as u32
}

#[cfg(test)]
mod tests {
    use super::super::testing::assert_near;
    use super::*;

    fn rate(rate: f64) -> Rate {
        Rate::new(rate).unwrap()
    }

    #[test]
    fn clean_trials_exclude_a_rate_and_one_fewer_do_not() {
        for (clean, limit) in [(59, 0.05), (149, 0.02), (299, 0.01)] {
            assert_eq!(clean_trials(rate(limit), Level::P95), clean);
            assert!(excluded(clean, Level::P95) <= limit);
            assert!(excluded(clean - 1, Level::P95) > limit);
        }
        assert_near(excluded(1000, Level::P95), 0.00299, 1e-5);
        assert_near(excluded(3000, Level::P95), 0.001, 2e-6);
        assert_near(excluded(0, Level::P95), 1.0, 0.0);
    }

    #[test]
    fn a_rate_to_three_points_takes_a_thousand_trials() {
        assert_eq!(trials_within(rate(0.03), Level::P95), 1068);
        assert_eq!(trials_within(rate(0.05), Level::P95), 385);
    }

    #[test]
    fn a_rate_next_to_nothing_takes_more_trials_than_there_are() {
        assert_eq!(clean_trials(rate(1e-9), Level::P95), 2_995_732_273);
        assert_eq!(clean_trials(rate(1e-9), Level::new(0.999_999).unwrap()), u32::MAX);
    }
}
