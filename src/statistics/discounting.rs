//! A discount a step, and a factor at a boundary, from choices between a sooner and a later reward.
//!
//! *Formula*: a reward `A` that is `D` steps away is worth `A * discount^D`, times `boundary` where
//! it lies beyond the boundary. The later of two rewards is chosen with probability `lapse + (1 - 2
//! lapse) Phi(v / noise)`. Here `v` is the logarithm of the worth of the later reward over that of
//! the sooner, which is at hand. Each of discount and boundary has the interval of its profile
//! likelihood ([`likelihood`]): the greatest likelihood over the other of the two, with lapse and
//! noise as they fit best.
//!
//! `noise` is no less than 0.05. The precision with which amounts are told apart is not of interest
//! here, and the likelihood of an agent without noise would be a step function.
//!
//! *Source*: J. E. Mazur, "An adjusting procedure for studying delayed reinforcement", 1987, for
//! the procedure; the exponential discount and the choice rule with lapse and noise as in B. T.
//! Vincent, "Hierarchical Bayesian estimation and hypothesis testing for delay discounting tasks",
//! Behavior Research Methods 48 (2016) 1608-1620. The factor at the boundary is ours.
//!
//! *What it does not show*: anything where worth does not fall exponentially. A hyperbolic chooser
//! has no one discount. What its curve bends by at delays beyond the boundary counts as the
//! boundary where no delay was asked on both sides. A boundary of 0 and one so small that the
//! largest reward offered was not enough are told apart by that reward alone.

use std::ops::RangeInclusive;

use super::functions::normal_cdf;
use super::{Error, Interval, Level, PValue, Sides, likelihood};

/// Domain of the discount. A discount above 1 would show only if the sooner reward were the larger
/// one.
const DISCOUNTS: RangeInclusive<f64> = 0.02..=1.0;

/// Domain of the factor at the boundary.
const BOUNDARIES: RangeInclusive<f64> = 0.0..=1.0;

/// Values of the noise, on the scale of the logarithm.
const NOISES: [f64; 6] = [0.05, 0.1, 0.2, 0.4, 0.8, 1.6];

/// Values of the lapse: the probability of either choice whatever is offered.
const LAPSES: [f64; 7] = [0.001, 0.01, 0.03, 0.1, 0.2, 0.3, 0.45];

/// Number of passes over the parameters, one after the other.
const SWEEPS: u32 = 3;

/// Difference, in multiples of the noise, beyond which a choice is certain up to the lapse.
const CLEAR: f64 = 6.0;

/// An offer, with the number of times that each reward was chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OfferTally {
    /// Sooner reward, which is at hand, divided by the later one; above 0.
    pub ratio: f64,
    /// Delay of the later reward, in steps.
    pub delay: u32,
    /// Side of the boundary on which the later reward lies.
    pub lies: Lies,
    /// Number of times that the later reward was chosen.
    pub later: u32,
    /// Number of times that the sooner reward was chosen.
    pub sooner: u32,
}

/// Side of a boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lies {
    /// Before the boundary.
    Within,
    /// Beyond the boundary.
    Beyond,
}

/// Result of a fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// Factor on the worth of a reward for each step of delay.
    pub discount: Interval,
    /// Factor on the worth of a reward beyond the boundary, besides its discount.
    pub boundary: Interval,
    /// Standard deviation of the logarithm of the ratio at which the agent is indifferent.
    pub noise: f64,
    /// Probability of either choice whatever is offered.
    pub lapse: f64,
    /// P-value of the claim that the factor at the boundary is below `limit`.
    pub p: PValue,
}

#[derive(Clone, Copy)]
struct Model {
    discount: f64,
    boundary: f64,
    noise: f64,
    lapse: f64,
}

/// Fits the model, with two-sided intervals at `level`. The p-value belongs to the claim that the
/// factor at the boundary is below `limit`.
///
/// # Errors
///
/// [`Error::TooFew`] without offers on both sides of the boundary; [`Error::NotFinite`] if a ratio
/// is not finite and above 0, or if the likelihood is not finite.
pub fn fit(offers: &[OfferTally], level: Level, limit: f64) -> Result<Fit, Error> {
    let any = |lies: Lies| offers.iter().any(|offer| offer.lies == lies && offer.later + offer.sooner > 0);
    if !(any(Lies::Within) && any(Lies::Beyond)) {
        return Err(Error::TooFew);
    }
    if offers.iter().any(|offer| !(offer.ratio > 0.0 && offer.ratio.is_finite())) {
        return Err(Error::NotFinite);
    }
    let Model { noise, lapse, .. } = best(offers);
    let of = |discount: f64, boundary: f64| log_likelihood(offers, Model { discount, boundary, noise, lapse });
    let of_discount = |discount: f64| summit(|boundary| of(discount, boundary), &BOUNDARIES).1;
    let of_boundary = |boundary: f64| summit(|discount| of(discount, boundary), &DISCOUNTS).1;
    let discount = likelihood::interval(of_discount, &DISCOUNTS, level, Sides::Both)?;
    let boundary = likelihood::interval(of_boundary, &BOUNDARIES, level, Sides::Both)?;
    let drop = (of_boundary(boundary.estimate) - of_boundary(limit)).max(0.0);
    let tail = normal_cdf(-(2.0 * drop).sqrt());
    let p = PValue::new(if boundary.estimate < limit { tail } else { 1.0 - tail })?;
    Ok(Fit { discount, boundary, noise, lapse, p })
}

/// Returns the most likely model: each parameter is optimized in turn, once from a boundary of 0
/// and once from a boundary of 1.
fn best(offers: &[OfferTally]) -> Model {
    let of = |model: Model| log_likelihood(offers, model);
    let from = |boundary: f64| {
        let mut model = Model { discount: 0.9, boundary, noise: 0.4, lapse: 0.03 };
        for _ in 0..SWEEPS {
            model.discount = summit(|discount| of(Model { discount, ..model }), &DISCOUNTS).0;
            model.boundary = summit(|boundary| of(Model { boundary, ..model }), &BOUNDARIES).0;
            let better = |best: Model, other: Model| if of(other) > of(best) { other } else { best };
            model = LAPSES.map(|lapse| Model { lapse, ..model }).into_iter().fold(model, better);
            model = NOISES.map(|noise| Model { noise, ..model }).into_iter().fold(model, better);
        }
        model
    };
    let (nothing, everything) = (from(0.0), from(1.0));
    if of(nothing) > of(everything) { nothing } else { everything }
}

/// Returns the place and the value of a function's maximum in a domain: the best of equidistant
/// points, refined by golden section.
fn summit(function: impl Fn(f64) -> f64, domain: &RangeInclusive<f64>) -> (f64, f64) {
    const PARTS: u32 = 25;
    const ROUNDS: u32 = 14;
    let width = (domain.end() - domain.start()) / f64::from(PARTS);
    let at = |part: u32| domain.start() + width * f64::from(part);
    let valued = (0..=PARTS).map(|part| (at(part), function(at(part))));
    let (mut best, mut value) = (*domain.start(), f64::NEG_INFINITY);
    for (place, other) in valued {
        if other > value {
            (best, value) = (place, other);
        }
    }
    let (mut low, mut high) = ((best - width).max(*domain.start()), (best + width).min(*domain.end()));
    let share = (5.0_f64.sqrt() - 1.0) / 2.0;
    for _ in 0..ROUNDS {
        let (left, right) = (high - share * (high - low), low + share * (high - low));
        let (of_left, of_right) = (function(left), function(right));
        let (place, other) = if of_left >= of_right { (left, of_left) } else { (right, of_right) };
        if other > value {
            (best, value) = (place, other);
        }
        if of_left >= of_right {
            high = right;
        } else {
            low = left;
        }
    }
    (best, value)
}

fn log_likelihood(offers: &[OfferTally], model: Model) -> f64 {
    let (step, crossing) = (model.discount.ln(), model.boundary.ln());
    let (rarely, mostly) = (model.lapse.ln(), (1.0 - model.lapse).ln());
    let of = |offer: &OfferTally| {
        let beyond = if offer.lies == Lies::Beyond { crossing } else { 0.0 };
        let clear = (f64::from(offer.delay) * step + beyond - offer.ratio.ln()) / model.noise;
        let (later, sooner) = if clear > CLEAR {
            (mostly, rarely)
        } else if clear < -CLEAR {
            (rarely, mostly)
        } else {
            let later = model.lapse + (1.0 - 2.0 * model.lapse) * normal_cdf(clear);
            (later.ln(), (1.0 - later).ln())
        };
        f64::from(offer.later) * later + f64::from(offer.sooner) * sooner
    };
    offers.iter().map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::super::testing::assert_near;
    use super::*;
    use crate::value::Seed;

    const DELAYS: [u32; 6] = [1, 2, 4, 8, 16, 32];

    /// Returns offers at sixteen ratios and six delays on both sides of the boundary, with
    /// simulated choices.
    fn offers(times: u32, mut chance_of_later: impl FnMut(f64, u32, Lies) -> f64, seed: u64) -> Vec<OfferTally> {
        let mut chance = Seed(seed).stream();
        let mut made = Vec::new();
        for (delay, lies) in DELAYS.iter().flat_map(|delay| [Lies::Within, Lies::Beyond].map(|lies| (*delay, lies))) {
            for part in 0..16 {
                let ratio = f64::from(2 * part + 1) / 32.0;
                let likely = chance_of_later(ratio, delay, lies);
                let later = (0..times).map(|_| u32::from(chance.chance(likely))).sum();
                made.push(OfferTally { ratio, delay, lies, later, sooner: times - later });
            }
        }
        made
    }

    /// Returns the offers of an agent that always takes the reward worth more.
    fn exact(discount: f64, boundary: f64) -> Vec<OfferTally> {
        let worth =
            |delay: u32, lies| discount.powi(delay.cast_signed()) * if lies == Lies::Beyond { boundary } else { 1.0 };
        offers(4, |ratio, delay, lies| f64::from(u8::from(worth(delay, lies) > ratio)), 0)
    }

    #[test]
    fn a_chooser_without_noise_is_measured_as_it_is() {
        for (discount, boundary) in [(0.9, 1.0), (0.9, 0.0), (0.9, 0.5), (0.99, 1.0), (1.0, 0.0)] {
            let fit = fit(&exact(discount, boundary), Level::P95, 0.05).unwrap();
            assert_near(fit.discount.estimate, discount, 0.02);
            assert_near(fit.boundary.estimate, boundary, 0.06);
            assert!(fit.boundary.low <= boundary + 0.03 && boundary <= fit.boundary.high + 0.03, "{fit:?}");
            assert!(fit.lapse <= 0.03 && fit.noise <= 0.1, "{fit:?}");
            assert_eq!(fit.p.get() < 0.05, boundary < 0.05, "{fit:?}");
        }
    }

    #[test]
    fn a_chooser_with_noise_is_covered_about_as_often_as_said() {
        let mut covered = 0;
        for seed in 0..10 {
            let chosen = |ratio: f64, delay: u32, lies: Lies| {
                let worth = f64::from(delay) * 0.9_f64.ln() + if lies == Lies::Beyond { 0.4_f64.ln() } else { 0.0 };
                0.03 + 0.94 * normal_cdf((worth - ratio.ln()) / 0.4)
            };
            let fit = fit(&offers(3, chosen, seed), Level::P95, 0.05).unwrap();
            covered += u32::from(fit.boundary.low <= 0.4 && 0.4 <= fit.boundary.high);
            assert_near(fit.discount.estimate, 0.9, 0.06);
        }
        assert!(covered >= 8, "{covered} of 10");
    }

    #[test]
    fn a_chooser_that_does_not_look_has_a_large_lapse_or_a_flat_likelihood() {
        let fit = fit(&offers(4, |_, _, _| 0.5, 1), Level::P95, 0.05).unwrap();
        assert!(fit.lapse >= 0.3 || fit.noise >= 0.8, "{fit:?}");
    }

    #[test]
    fn offers_on_one_side_are_too_few() {
        let one: Vec<OfferTally> = exact(0.9, 1.0).into_iter().filter(|offer| offer.lies == Lies::Within).collect();
        assert_eq!(fit(&one, Level::P95, 0.05), Err(Error::TooFew));
    }
}
