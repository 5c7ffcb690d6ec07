//! Likelihood-ratio intervals of a parameter.
//!
//! *Formula*: the values `t` of the parameter with `2 (l(t*) - l(t)) <= z²`. Here `l` is the log
//! likelihood, `t*` the value where it is greatest and `z` the normal quantile of the level. So
//! `z²` is the quantile of chi-squared with one degree of freedom. `t*` is found on a grid and then
//! by golden section, the limits by bisection.
//!
//! *Source*: Wilks, "The large-sample distribution of the likelihood ratio for testing composite hypotheses", Annals of
//! Mathematical Statistics 9 (1938) 60-62; Venzon, Moolgavkar, "A method for computing profile-likelihood-based
//! confidence intervals", Applied Statistics 37 (1988) 87-94.
//!
//! *What it does not show*: anything where the model behind the likelihood is wrong. The level is approximate, and
//! conservative where the true value is at an end of the domain (Self, Liang, JASA 82 (1987) 605-610). Of a likelihood
//! with more than one peak it shows the surroundings of one. A limit at an end of the domain is not a limit: the trials
//! say nothing on that side.

use std::ops::RangeInclusive;

use super::functions::{crossing, normal_quantile};
use super::{Error, Interval, Level, Method, Sides};

/// Number of parts into which the domain is divided to search for the peak.
const PARTS: u32 = 256;

/// Returns the interval of the parameter behind `log_likelihood`, within a finite `domain`.
///
/// If the model has other parameters, `log_likelihood` is the maximum over them: the *profile*. It
/// may be minus infinity, and is nowhere NaN.
pub fn interval(
    log_likelihood: impl Fn(f64) -> f64,
    domain: &RangeInclusive<f64>,
    level: Level,
    sides: Sides,
) -> Result<Interval, Error> {
    let (least, greatest) = (*domain.start(), *domain.end());
    if !(least < greatest && (greatest - least).is_finite()) {
        return Err(Error::Domain);
    }
    let (estimate, peak) = peak(&log_likelihood, least, greatest)?;
    let drop = normal_quantile(1.0 - sides.tail(level)).powi(2) / 2.0;
    let inside = |value: f64| log_likelihood(value) >= peak - drop;
    let limit = |end: f64| if inside(end) { end } else { crossing(estimate, end, inside) };
    let (low, high) = sides.limits((limit(least), limit(greatest)), (least, greatest));
    Ok(Interval { estimate, low, high, level, sides, method: Method::LikelihoodRatio })
}

/// Returns the place and the value of the likelihood's maximum.
fn peak(log_likelihood: &impl Fn(f64) -> f64, least: f64, greatest: f64) -> Result<(f64, f64), Error> {
    let at = |part: u32| least + (greatest - least) * f64::from(part) / f64::from(PARTS);
    let mut best = (0, f64::NEG_INFINITY);
    for part in 0..=PARTS {
        let value = log_likelihood(at(part));
        if value.is_nan() {
            return Err(Error::NotFinite);
        }
        if value > best.1 {
            best = (part, value);
        }
    }
    let (part, value) = best;
    let inner = golden(log_likelihood, at(part.saturating_sub(1)), at((part + 1).min(PARTS)));
    let best = if inner.1 > value { inner } else { (at(part), value) };
    if best.1.is_finite() { Ok(best) } else { Err(Error::NotFinite) }
}

/// Returns the place and the value of the maximum between two ends, by golden section: each round
/// keeps 0.618 of the interval.
fn golden(function: &impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> (f64, f64) {
    /// Number of rounds after which the interval is below the precision of a number.
    const ROUNDS: u32 = 80;
    let share = (5.0_f64.sqrt() - 1.0) / 2.0;
    for _ in 0..ROUNDS {
        let (left, right) = (high - share * (high - low), low + share * (high - low));
        if function(left) >= function(right) {
            high = right;
        } else {
            low = left;
        }
    }
    let middle = low.midpoint(high);
    (middle, function(middle))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_near, coverage, every_interval};
    use super::*;

    /// Returns the log likelihood of a rate, in which zero times minus infinity is zero.
    fn binomial(hits: f64, misses: f64) -> impl Fn(f64) -> f64 {
        let part = |count: f64, rate: f64| if count > 0.0 { count * rate.ln() } else { 0.0 };
        move |rate| part(hits, rate) + part(misses, 1.0 - rate)
    }

    /// `scipy.optimize.brentq` of the log likelihood less its greatest value plus `scipy.stats.chi2.ppf(0.95, 1) / 2`
    #[test]
    fn limits_are_those_of_scipy() {
        for (hits, misses, low, high) in
            [(3.0, 97.0, 0.007_546_015, 0.075_949_446), (10.0, 40.0, 0.105_684_222, 0.324_290_988)]
        {
            let interval = interval(binomial(hits, misses), &(0.0..=1.0), Level::P95, Sides::Both).unwrap();
            assert_near(interval.estimate, hits / (hits + misses), 1e-7);
            assert_near(interval.low, low, 1e-8);
            assert_near(interval.high, high, 1e-8);
        }
        let poisson = interval(|mean: f64| 4.0 * mean.ln() - mean, &(0.0..=100.0), Level::P95, Sides::Both).unwrap();
        assert_near(poisson.low, 1.241_800_124, 1e-7);
        assert_near(poisson.high, 9.292_293_621, 1e-7);
    }

    #[test]
    fn a_peak_at_the_end_of_the_domain_leaves_one_limit() {
        let clean = |sides| interval(binomial(0.0, 50.0), &(0.0..=1.0), Level::P95, sides).unwrap();
        assert_near(clean(Sides::Both).low, 0.0, 0.0);
        assert_near(clean(Sides::Both).estimate, 0.0, 0.0);
        assert_near(clean(Sides::Both).high, 1.0 - (-3.841_458_820_694_124_f64 / 100.0).exp(), 1e-12);
        assert_near(clean(Sides::Upper).high, 1.0 - (-2.705_543_454_095_404_f64 / 100.0).exp(), 1e-12);
        assert_near(clean(Sides::Lower).high, 1.0, 0.0);
    }

    #[test]
    fn trials_that_say_nothing_leave_the_whole_domain() {
        let flat = interval(|_| -1.0, &(-2.0..=3.0), Level::P95, Sides::Both).unwrap();
        assert_near(flat.low, -2.0, 0.0);
        assert_near(flat.high, 3.0, 0.0);
    }

    #[test]
    fn what_is_no_likelihood_is_refused() {
        let interval = |function: fn(f64) -> f64, low, high| interval(function, &(low..=high), Level::P95, Sides::Both);
        assert_eq!(interval(|value| if value > 0.5 { f64::NAN } else { value }, 0.0, 1.0), Err(Error::NotFinite));
        assert_eq!(interval(|_| f64::NEG_INFINITY, 0.0, 1.0), Err(Error::NotFinite));
        assert_eq!(interval(|value| value, 1.0, 1.0), Err(Error::Domain));
        assert_eq!(interval(|value| value, 0.0, f64::INFINITY), Err(Error::Domain));
    }

    #[test]
    fn rates_are_covered_about_as_often_as_said() {
        let intervals = every_interval(60, |tally| {
            let (hits, misses) = (tally.hits().into(), (tally.trials() - tally.hits()).into());
            interval(binomial(hits, misses), &(0.0..=1.0), Level::P95, Sides::Both).unwrap()
        });
        for rate in [0.2, 0.35, 0.5, 0.8] {
            assert_near(coverage(&intervals, rate), 0.95, 0.02);
        }
    }
}
