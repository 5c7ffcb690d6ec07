//! The difference of two rates, and a test that it is small.
//!
//! *Formula*: `z(d) = (p1 - p2 - d) / sqrt((q1 (1 - q1) / n1 + q2 (1 - q2) / n2) N / (N - 1))`.
//! Here `p1` and `p2` are the shares of hits, and `N = n1 + n2`. `q1` and `q2` are the most likely
//! rates among those with `q1 - q2 = d`. The limits are the `d` where `z` is at the normal quantile
//! of the level. The difference is below a margin `m` with p-value `P(Z <= z(m))`, above `-m` with
//! `P(Z >= z(-m))`; for both, the larger counts: see [`Equivalence`].
//!
//! *Source*: Miettinen, Nurminen, "Comparative analysis of two rates", Statistics in Medicine 4 (1985) 213-226. Because
//! the rates are those under the hypothesis, two samples without a hit leave a doubt, where the textbook's variance of
//! 0 leaves none.
//!
//! *What it does not show*: the level is approximate. Take a test at 5 % of two samples of the same
//! size, summed over every sample there can be. It is wrong in at most 6 % of cases from 30 trials
//! a sample on, and in at most 7.2 % from 15 on. The samples must be independent: where each trial
//! of the one has a partner with the same seed in the other, count the pairs that differ. Put that
//! count to [`clopper_pearson`](super::clopper_pearson), which is exact and, where the choices
//! vary, takes far fewer trials.

use super::functions::{crossing, normal_cdf, normal_quantile};
use super::{Equivalence, Error, Interval, Level, Margin, Method, PValue, Sides, Tally};

/// Tests the claim that two rates differ by less than `margin`, which is below 1.
pub fn equivalence(one: Tally, other: Tally, margin: Margin, level: Level) -> Result<Equivalence, Error> {
    Ok(Equivalence { difference: interval(one, other, level.of_two()), margin, p: test(one, other, margin)? })
}

/// Returns the interval of the difference of two rates, the first less the second.
pub fn interval(one: Tally, other: Tally, level: Level) -> Interval {
    let sides = Sides::Both;
    let (low, high) = limits(one, other, sides.tail(level));
    Interval { estimate: one.share() - other.share(), low, high, level, sides, method: Method::Score }
}

/// Returns the limits of the difference, either of which is wrong with probability `tail`.
pub(super) fn limits(one: Tally, other: Tally, tail: f64) -> (f64, f64) {
    let z = normal_quantile(1.0 - tail);
    let estimate = one.share() - other.share();
    let low = crossing(estimate, -1.0, |difference| score(one, other, difference) <= z);
    let high = crossing(estimate, 1.0, |difference| score(one, other, difference) >= -z);
    (low, high)
}

/// Returns the p-value of the claim that two rates differ by less than `margin`.
pub(super) fn test(one: Tally, other: Tally, margin: Margin) -> Result<PValue, Error> {
    let margin = margin.get();
    if margin >= 1.0 {
        return Err(Error::Margin(margin));
    }
    let below = PValue::clamped(normal_cdf(score(one, other, margin)));
    let above = PValue::clamped(normal_cdf(-score(one, other, -margin)));
    Ok(below.and(above))
}

/// Returns the score: the observed difference less `difference`, in standard deviations under the
/// hypothesis that `difference` is the true one.
fn score(one: Tally, other: Tally, difference: f64) -> f64 {
    let (n1, n2) = (f64::from(one.trials()), f64::from(other.trials()));
    let q2 = restricted(one, other, difference);
    let q1 = q2 + difference;
    let correction = (n1 + n2) / (n1 + n2 - 1.0);
    let variance = (q1 * (1.0 - q1) / n1 + q2 * (1.0 - q2) / n2) * correction;
    (one.share() - other.share() - difference) / variance.sqrt()
}

/// Returns the most likely rate behind `other`, given that the rate behind `one` is greater by
/// `difference`. The likelihood has one peak, so its slope changes sign once.
fn restricted(one: Tally, other: Tally, difference: f64) -> f64 {
    let slope = |tally: Tally, rate: f64| {
        let (hits, misses) = (f64::from(tally.hits()), f64::from(tally.trials() - tally.hits()));
        hits / rate - misses / (1.0 - rate)
    };
    let (least, greatest) = ((-difference).max(0.0), (1.0 - difference).min(1.0));
    crossing(least, greatest, |rate| slope(one, rate + difference) + slope(other, rate) > 0.0)
}

#[cfg(test)]
mod tests {
    use super::super::Comparison;
    use super::super::testing::{assert_near, binomial};
    use super::*;

    fn tally(hits: u32, trials: u32) -> Tally {
        Tally::new(hits, trials).unwrap()
    }

    /// Newcombe, Statistics in Medicine 17 (1998) 873-890, table II, method of Miettinen and Nurminen.
    #[test]
    fn limits_are_those_published() {
        for (one, other, low, high) in [
            ((56, 70), (48, 80), 0.0528, 0.3382),
            ((9, 10), (3, 10), 0.1700, 0.8406),
            ((6, 7), (2, 7), 0.0342, 0.8534),
            ((5, 56), (0, 29), -0.0326, 0.1933),
            ((0, 10), (0, 20), -0.1658, 0.2844),
            ((10, 10), (0, 20), 0.7156, 1.0),
        ] {
            let interval = interval(tally(one.0, one.1), tally(other.0, other.1), Level::P95);
            assert_near(interval.low, low, 5.1e-5);
            assert_near(interval.high, high, 5.1e-5);
        }
    }

    /// The score with `q2` by `scipy.optimize.minimize_scalar` over the negative log likelihood, `scipy.stats.norm`,
    /// and `scipy.optimize.brentq` for the limits. (`statsmodels` 0.15 has a wrong coefficient there: its issue 10269.)
    #[test]
    fn p_values_and_limits_are_those_of_scipy() {
        for (one, other, margin, p, low, high) in [
            ((0, 60), (0, 60), 0.05, 0.038_394_667, -0.043_493_607, 0.043_493_607),
            ((3, 100), (5, 120), 0.1, 0.002_828_961, -0.057_568_286, 0.035_925_324),
            ((40, 80), (30, 70), 0.2, 0.054_275_984, -0.063_133_743, 0.203_124_420),
            ((97, 100), (100, 110), 0.05, 0.633_430_624, 0.006_741_701, 0.120_483_680),
            ((1, 20), (12, 25), 0.1, 0.993_868_339, -0.601_965_680, -0.228_773_611),
            ((20, 20), (0, 20), 0.1, 0.999_999_992, 0.870_254_972, 1.0),
        ] {
            let (one, other, margin) = (tally(one.0, one.1), tally(other.0, other.1), Margin::new(margin).unwrap());
            let equivalence = equivalence(one, other, margin, Level::P95).unwrap();
            assert_near(equivalence.p.get(), p, 1e-7);
            assert_near(equivalence.difference.low, low, 1e-7);
            assert_near(equivalence.difference.high, high, 1e-7);
            assert_eq!(equivalence.p.shows(Level::P95), equivalence.finding() == Comparison::Within);
        }
    }

    #[test]
    fn fifty_two_clean_trials_a_sample_show_five_points_and_fifty_one_do_not() {
        let finding = |trials| {
            let (one, margin) = (tally(0, trials), Margin::new(0.05).unwrap());
            equivalence(one, one, margin, Level::P95).unwrap().finding()
        };
        assert_eq!((finding(52), finding(51)), (Comparison::Within, Comparison::Open));
    }

    #[test]
    fn a_difference_beyond_the_margin_is_found() {
        let margin = Margin::new(0.05).unwrap();
        let found = equivalence(tally(97, 100), tally(10, 100), margin, Level::P95).unwrap();
        assert_eq!(found.finding(), Comparison::Beyond);
        assert!(equivalence(tally(1, 2), tally(1, 2), Margin::new(1.0).unwrap(), Level::P95).is_err());
    }

    /// Returns the rate of false findings at the worst of 100 pairs of rates that differ by just
    /// `margin`, summed over every possible sample.
    fn size(trials: u32, margin: f64) -> f64 {
        let limit = Margin::new(margin).unwrap();
        let found = |one, other| test(tally(one, trials), tally(other, trials), limit).unwrap().shows(Level::P95);
        let found: Vec<Vec<bool>> =
            (0..=trials).map(|one| (0..=trials).map(|other| found(one, other)).collect()).collect();
        let wrong = |rate: f64| -> f64 {
            let others = binomial(trials, rate);
            let row = |row: &Vec<bool>| -> f64 { others.iter().zip(row).map(|(p, found)| p * f64::from(*found)).sum() };
            binomial(trials, rate + margin).iter().zip(&found).map(|(p, found)| p * row(found)).sum()
        };
        (0..100).map(|step| wrong(f64::from(step) / 100.0 * (1.0 - margin))).fold(0.0, f64::max)
    }

    #[test]
    fn a_test_is_wrong_little_more_often_than_it_says() {
        for (trials, margin, most) in
            [(20, 0.2, 0.072), (25, 0.1, 0.072), (30, 0.3, 0.06), (50, 0.1, 0.06), (60, 0.05, 0.06), (100, 0.1, 0.06)]
        {
            let size = size(trials, margin);
            assert!(size <= most, "{size} with {trials} and {margin}");
        }
        assert!(size(100, 0.1) > 0.03);
    }
}
