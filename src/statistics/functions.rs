//! Distribution functions: the incomplete beta function and the error function of the crate
//! `special` (algorithms AS 63 and AS 109 of Applied Statistics), and their inverses by bisection.

use std::f64::consts::SQRT_2;

use special::{Beta, Error};

/// Returns the last value at which `holds` is `true`, on the way from `inside`, where it is `true`,
/// to `outside`, where it is not.
///
/// If `holds` changes more than once on the way, the value is one of the changes.
pub(super) fn crossing(mut inside: f64, mut outside: f64, holds: impl Fn(f64) -> bool) -> f64 {
    /// Number of halvings that is enough for any number that is not next to 0.
    const HALVINGS: u32 = 200;
    for _ in 0..HALVINGS {
        if (outside - inside).abs() <= f64::EPSILON * inside.abs() {
            break;
        }
        let middle = inside.midpoint(outside);
        if holds(middle) {
            inside = middle;
        } else {
            outside = middle;
        }
    }
    inside
}

/// Returns the probability that a beta variable of shapes `a` and `b`, both above 0, is at most
/// `x`.
pub(super) fn beta_cdf(x: f64, a: f64, b: f64) -> f64 {
    x.clamp(0.0, 1.0).inc_beta(a, b, a.ln_beta(b)).clamp(0.0, 1.0)
}

/// Returns the quantile of a beta variable of shapes `a` and `b`.
pub(super) fn beta_quantile(probability: f64, a: f64, b: f64) -> f64 {
    let ln_beta = a.ln_beta(b);
    crossing(0.0, 1.0, |x| x.inc_beta(a, b, ln_beta) <= probability)
}

/// Returns the probability that a standard normal variable is at most `z`.
pub(super) fn normal_cdf(z: f64) -> f64 {
    (-z / SQRT_2).compl_error() / 2.0
}

/// Returns the quantile of a standard normal variable.
pub(super) fn normal_quantile(probability: f64) -> f64 {
    SQRT_2 * (2.0 * probability - 1.0).inv_error()
}

/// Returns the probability that a Student variable with this many degrees of freedom is at most
/// `t`.
pub(super) fn student_cdf(t: f64, degrees: f64) -> f64 {
    let tail = beta_cdf(degrees / (degrees + t * t), degrees / 2.0, 0.5) / 2.0;
    if t > 0.0 { 1.0 - tail } else { tail }
}

/// Returns the quantile of a Student variable with this many degrees of freedom, for a probability
/// of at least one half.
pub(super) fn student_quantile(probability: f64, degrees: f64) -> f64 {
    let y = beta_quantile(2.0 * probability - 1.0, 0.5, degrees / 2.0);
    (degrees * y / (1.0 - y)).sqrt()
}

/// Returns a length as a floating-point number; exact below 2^53.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "no sample comes near 2^53 values")]
pub(super) const fn count(length: usize) -> f64 {
    length as f64
}

#[cfg(test)]
mod tests {
    use super::super::testing::assert_near;
    use super::*;

    /// `scipy.stats.beta.ppf(p, a, b)`
    #[test]
    fn beta_quantiles_are_those_of_scipy() {
        for (p, a, b, quantile) in [
            (0.95, 1.0, 299.0, 9.969_146_792_899_269e-3),
            (0.975, 4.0, 97.0, 8.517_605_297_428_002e-2),
            (0.025, 3.0, 98.0, 6.229_971_538_306_395e-3),
            (0.025, 5_000.0, 5_001.0, 0.490_151_380_589_980),
            (0.975, 30_000.0, 70_001.0, 3.028_410_019_211_386_6e-1),
            (0.95, 1.0, 100_000.0, 2.995_687_401_942_794_7e-5),
            (0.025, 2.0, 99_999.0, 2.422_101_962_703_155e-6),
        ] {
            assert_near(beta_quantile(p, a, b) / quantile, 1.0, 1e-9);
        }
    }

    /// `scipy.stats.norm.ppf(p)`, `scipy.stats.norm.cdf(z)`
    #[test]
    fn the_normal_distribution_is_that_of_scipy() {
        for (p, z) in [(0.95, 1.644_853_626_951_472_2), (0.975, 1.959_963_984_540_054), (1e-6, -4.753_424_308_822_899)]
        {
            assert_near(normal_quantile(p), z, 1e-10);
            assert_near(normal_cdf(z) / p, 1.0, 1e-12);
        }
    }

    /// `scipy.stats.t.ppf(0.95, df)`, `scipy.stats.t.cdf(-2.1, df)`
    #[test]
    fn the_student_distribution_is_that_of_scipy() {
        for (degrees, quantile, below) in [
            (3.0, 2.353_363_434_801_823, 6.328_260_127_484_23e-2),
            (11.5, 1.788_766_275_154_23, 2.926_345_039_660_239e-2),
            (1e4, 1.645_006_018_069_243, 1.787_691_392_810_538e-2),
        ] {
            assert_near(student_quantile(0.95, degrees), quantile, 1e-8);
            assert_near(student_cdf(-2.1, degrees), below, 1e-9);
            assert_near(student_cdf(2.1, degrees), 1.0 - below, 1e-9);
        }
    }
}
