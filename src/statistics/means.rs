//! The difference of two means, and a test that it is small.
//!
//! *Formula*: with the difference `d` of the means and its standard error `s`, the difference is
//! below a margin `m` with p-value `P(T <= (d - m) / s)`. It is above `-m` with `P(T >= (d + m) /
//! s)`. For both, the larger p-value counts: see [`Equivalence`]. The limits are `d ± t s`. Of two
//! samples, `s² = v1/n1 + v2/n2` and `T` has `s⁴ / ((v1/n1)²/(n1 - 1) + (v2/n2)²/(n2 - 1))` degrees
//! of freedom; of `n` pairs, `s² = v/n` and `T` has `n - 1`.
//!
//! *Source*: Welch, "The generalization of 'Student's' problem when several different population variances are
//! involved", Biometrika 34 (1947) 28-35; Schuirmann 1987 for the two tests.
//!
//! *What it does not show*: anything exact where values are far from normal and samples small. Returns that come in few
//! different values are better counted than averaged. Where every value is alike there is no spread to go by, and no
//! answer.

use super::functions::{count, student_cdf, student_quantile};
use super::{Equivalence, Error, Interval, Level, Margin, Method, PValue, Sides};

/// Tests the claim that the means behind two independent samples differ by less than `margin`.
pub fn equivalence(one: &[f64], other: &[f64], margin: Margin, level: Level) -> Result<Equivalence, Error> {
    let (first, second) = (Moments::of(one)?, Moments::of(other)?);
    let squared = first.squared_error + second.squared_error;
    if (constant(one) && constant(other)) || squared <= 0.0 {
        return Err(Error::NoSpread);
    }
    let part = |moments: &Moments| (moments.squared_error / squared).powi(2) / (moments.count - 1.0);
    let degrees = 1.0 / (part(&first) + part(&second));
    let estimate = Estimate { difference: first.mean - second.mean, error: squared.sqrt(), degrees };
    Ok(estimate.equivalence(margin, level, Method::Welch))
}

/// Tests the claim that the mean difference of pairs is less than `margin` either way. The input is
/// the differences.
pub fn paired(differences: &[f64], margin: Margin, level: Level) -> Result<Equivalence, Error> {
    let moments = Moments::of(differences)?;
    if constant(differences) || moments.squared_error <= 0.0 {
        return Err(Error::NoSpread);
    }
    let estimate =
        Estimate { difference: moments.mean, error: moments.squared_error.sqrt(), degrees: moments.count - 1.0 };
    Ok(estimate.equivalence(margin, level, Method::Paired))
}

/// Mean of a sample, with its uncertainty.
struct Moments {
    mean: f64,
    /// Variance of the mean.
    squared_error: f64,
    count: f64,
}

impl Moments {
    fn of(sample: &[f64]) -> Result<Self, Error> {
        if sample.len() < 2 {
            return Err(Error::TooFew);
        }
        let count = count(sample.len());
        let mean = sample.iter().sum::<f64>() / count;
        let variance = sample.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
        if variance.is_finite() {
            Ok(Self { mean, squared_error: variance / count, count })
        } else {
            Err(Error::NotFinite)
        }
    }
}

/// `true` if all values are alike. Their computed variance may be above 0 by an error of rounding.
fn constant(sample: &[f64]) -> bool {
    sample.windows(2).all(|pair| matches!(pair, [one, other] if one.total_cmp(other).is_eq()))
}

/// A difference with its standard error and degrees of freedom.
struct Estimate {
    difference: f64,
    error: f64,
    degrees: f64,
}

impl Estimate {
    fn equivalence(&self, margin: Margin, level: Level, method: Method) -> Equivalence {
        let Self { difference, error, degrees } = *self;
        let above = student_cdf(-(difference + margin.get()) / error, degrees);
        let below = student_cdf((difference - margin.get()) / error, degrees);
        let spread = student_quantile(1.0 - level.alpha(), degrees) * error;
        let (low, high, level) = (difference - spread, difference + spread, level.of_two());
        let difference = Interval { estimate: difference, low, high, level, sides: Sides::Both, method };
        Equivalence { difference, margin, p: PValue::clamped(below).and(PValue::clamped(above)) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Comparison;
    use super::super::functions::normal_quantile;
    use super::super::testing::assert_near;
    use super::*;
    use crate::value::Seed;

    const ONE: [f64; 7] = [41.0, 40.5, 42.0, 39.75, 41.0, 40.0, 43.0];
    const OTHER: [f64; 9] = [40.0, 41.0, 41.5, 39.0, 40.25, 42.0, 40.5, 41.0, 38.5];

    fn margin(margin: f64) -> Margin {
        Margin::new(margin).unwrap()
    }

    /// `statsmodels.stats.weightstats.ttost_ind(one, other, -1.5, 1.5, usevar="unequal")`,
    /// `CompareMeans(..).tconfint_diff(0.1, usevar="unequal")`
    #[test]
    fn two_samples_are_those_of_statsmodels() {
        let found = equivalence(&ONE, &OTHER, margin(1.5), Level::P95).unwrap();
        assert_near(found.difference.estimate, 0.619_047_619_048, 1e-11);
        assert_near(found.difference.low, -0.395_465_820_919, 1e-9);
        assert_near(found.difference.high, 1.633_561_059_015, 1e-9);
        assert_near(found.p.get(), 0.074_037_811_049, 1e-9);
        assert_eq!(found.finding(), Comparison::Open);
    }

    /// `statsmodels.stats.weightstats.ttost_paired(one, other[:7], -1.5, 1.5)`,
    /// `DescrStatsW(differences).tconfint_mean(0.1)`
    #[test]
    fn pairs_are_those_of_statsmodels() {
        let differences: Vec<f64> = ONE.iter().zip(OTHER).map(|(one, other)| one - other).collect();
        let found = paired(&differences, margin(1.5), Level::P95).unwrap();
        assert_near(found.difference.low, -0.592_172_450_352, 1e-9);
        assert_near(found.difference.high, 1.449_315_307_495, 1e-9);
        assert_near(found.p.get(), 0.043_742_290_310, 1e-9);
        assert_eq!(found.finding(), Comparison::Within);
    }

    #[test]
    fn values_that_are_all_alike_give_no_answer() {
        let alike = [0.1; 3];
        assert_eq!(equivalence(&alike, &alike, margin(1.0), Level::P95), Err(Error::NoSpread));
        assert_eq!(paired(&alike, margin(1.0), Level::P95), Err(Error::NoSpread));
        assert_eq!(equivalence(&alike, &[f64::NAN, 1.0], margin(1.0), Level::P95), Err(Error::NotFinite));
        assert_eq!(paired(&[1.0], margin(1.0), Level::P95), Err(Error::TooFew));
        assert_eq!(paired(&[1e-200, 2e-200], margin(1.0), Level::P95), Err(Error::NoSpread));
        assert!(equivalence(&alike, &[0.1, 0.2], margin(1.0), Level::P95).is_ok());
    }

    #[test]
    fn means_as_far_apart_as_the_margin_are_found_alike_no_more_often_than_the_level_leaves() {
        let mut stream = Seed(5).stream();
        let mut draw = |mean: f64, scale: f64, count: usize| -> Vec<f64> {
            (0..count).map(|_| mean + scale * normal_quantile(stream.unit().max(1e-12))).collect()
        };
        let found = (0..2_000).filter(|_| {
            let (one, other) = (draw(1.0, 1.0, 12), draw(0.0, 2.0, 40));
            equivalence(&one, &other, margin(1.0), Level::P95).unwrap().finding() == Comparison::Within
        });
        let found = found.count();
        assert!((50..=130).contains(&found), "{found} of 2000");
    }
}
