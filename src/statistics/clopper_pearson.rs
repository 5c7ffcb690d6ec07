//! The exact interval of a rate, and the exact test of one.
//!
//! *Formula*: of `x` hits in `n` trials, `low` is the quantile `a` of Beta(x, n - x + 1) and `high`
//! the quantile `1 - a` of Beta(x + 1, n - x). For two sides `a` is half of what the level leaves;
//! for one side it is all of it. `low` is 0 without a hit, and `high` is 1 without a miss.
//!
//! *Source*: Clopper, Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial",
//! Biometrika 26 (1934) 404-413.
//!
//! *What it does not show*: it covers the rate at least as often as it says, and mostly more often, so it is wider than
//! it need be. The number of trials must have been fixed before them: where trials went on until the interval looked
//! good, the level is lost; see [`sprt`](super::sprt).

use super::functions::{beta_cdf, beta_quantile};
use super::{Interval, Level, Method, PValue, Rate, Sides, Tally};

/// Claim about a rate that a test is to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The rate is below the limit.
    Below,
    /// The rate is above the limit.
    Above,
}

/// Returns the interval of the rate behind `tally`.
pub fn interval(tally: Tally, level: Level, sides: Sides) -> Interval {
    let tail = sides.tail(level);
    let (hits, misses) = (f64::from(tally.hits()), f64::from(tally.trials() - tally.hits()));
    let low = if tally.hits() == 0 { 0.0 } else { beta_quantile(tail, hits, misses + 1.0) };
    let high = if tally.hits() == tally.trials() { 1.0 } else { beta_quantile(1.0 - tail, hits + 1.0, misses) };
    let (low, high) = sides.limits((low, high), (0.0, 1.0));
    Interval { estimate: tally.share(), low, high, level, sides, method: Method::ClopperPearson }
}

/// Returns the p-value of `claim`: the probability, at a rate equal to `limit`, of as many hits as
/// in `tally` or fewer ([`Claim::Below`]), or of as many or more ([`Claim::Above`]).
///
/// `claim` is shown at a level exactly if the one-sided interval of that level lies on its side of
/// `limit`.
pub fn test(tally: Tally, limit: Rate, claim: Claim) -> PValue {
    let (hits, misses) = (f64::from(tally.hits()), f64::from(tally.trials() - tally.hits()));
    PValue::clamped(match claim {
        Claim::Below if tally.hits() == tally.trials() => 1.0,
        Claim::Below => beta_cdf(1.0 - limit.get(), misses, hits + 1.0),
        Claim::Above if tally.hits() == 0 => 1.0,
        Claim::Above => beta_cdf(limit.get(), hits, misses + 1.0),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{assert_near, coverage, every_interval};
    use super::*;

    fn tally(hits: u32, trials: u32) -> Tally {
        Tally::new(hits, trials).unwrap()
    }

    /// `statsmodels.stats.proportion.proportion_confint(hits, trials, 0.05, method="beta")`
    #[test]
    fn limits_are_those_of_statsmodels() {
        for (hits, trials, low, high) in [
            (0, 100, 0.0, 0.036_216_692_645),
            (3, 100, 0.006_229_971_538, 0.085_176_052_974),
            (1, 7, 0.003_610_296_862, 0.578_723_197_043),
            (50, 100, 0.398_321_129_503, 0.601_678_870_497),
            (299, 300, 0.981_568_747_952, 0.999_915_610_868),
            (20, 20, 0.831_566_529_017, 1.0),
            (12, 1000, 0.006_215_525_560, 0.020_867_679_591),
        ] {
            let interval = interval(tally(hits, trials), Level::P95, Sides::Both);
            assert_near(interval.low, low, 1e-10);
            assert_near(interval.high, high, 1e-10);
        }
    }

    #[test]
    fn without_a_hit_the_upper_limit_is_that_of_the_clean_trials() {
        for (trials, limit) in [(59, 0.05), (149, 0.02), (299, 0.01)] {
            let upper = interval(tally(0, trials), Level::P95, Sides::Upper).high;
            assert!(upper <= limit, "{upper}");
            assert_near(upper, 1.0 - 0.05_f64.powf(1.0 / f64::from(trials)), 1e-12);
            assert!(interval(tally(0, trials - 1), Level::P95, Sides::Upper).high > limit);
        }
    }

    /// `scipy.stats.binomtest(hits, trials, limit, alternative).pvalue`
    #[test]
    fn p_values_are_those_of_scipy() {
        for (hits, trials, limit, below, above) in [
            (0, 59, 0.05, 0.048_494_525_249, 1.0),
            (0, 58, 0.05, 0.051_046_868_684, 1.0),
            (3, 100, 0.05, 0.257_838_659_116, 0.881_737_018_815),
            (9, 10, 0.5, 0.999_023_437_500, 0.010_742_187_500),
            (10, 10, 0.5, 1.0, 0.000_976_562_500),
            (120, 1000, 0.1, 0.982_742_769_473, 0.021_996_144_966),
        ] {
            let limit = Rate::new(limit).unwrap();
            assert_near(test(tally(hits, trials), limit, Claim::Below).get(), below, 1e-10);
            assert_near(test(tally(hits, trials), limit, Claim::Above).get(), above, 1e-10);
        }
    }

    #[test]
    fn every_rate_is_covered_at_least_as_often_as_said() {
        for trials in [1, 7, 20, 59] {
            for sides in [Sides::Both, Sides::Lower, Sides::Upper] {
                let intervals = every_interval(trials, |tally| interval(tally, Level::P95, sides));
                for rate in (1..200).map(|step| f64::from(step) / 200.0) {
                    let covered = coverage(&intervals, rate);
                    assert!(covered >= 0.95 - 1e-12, "{covered} of {trials} at {rate}, {sides:?}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn a_claim_is_shown_exactly_where_the_interval_keeps_to_it(hits in 0_u32..60, more in 1_u32..60, limit in 0.01..0.99) {
            let (tally, rate) = (tally(hits, hits + more), Rate::new(limit).unwrap());
            let upper = interval(tally, Level::P95, Sides::Upper).high;
            let lower = interval(tally, Level::P95, Sides::Lower).low;
            prop_assert_eq!(test(tally, rate, Claim::Below).shows(Level::P95), upper <= limit);
            prop_assert_eq!(test(tally, rate, Claim::Above).shows(Level::P95), lower >= limit);
        }

        #[test]
        fn misses_are_hits_seen_from_the_other_side(hits in 0_u32..60, more in 1_u32..60) {
            let trials = hits + more;
            let (one, other) = (tally(hits, trials), tally(trials - hits, trials));
            let (one, other) = (interval(one, Level::P95, Sides::Both), interval(other, Level::P95, Sides::Both));
            prop_assert!((one.low + other.high - 1.0).abs() < 1e-12 && (one.high + other.low - 1.0).abs() < 1e-12);
            prop_assert!(one.low <= one.estimate && one.estimate <= one.high);
        }
    }
}
