//! Measured horizon, as a picture and as numbers.

pub mod svg;
pub mod text;

use serde::Serialize;

use crate::property::horizon::{MeasuredHorizon, Point};
use crate::property::{Judgement, Verdict};
use crate::statistics::Interval;
use crate::statistics::discounting::Lies;
use crate::suite::SeedOrigin;
use crate::value::Seed;

/// Measurement to report.
#[derive(Clone, Copy, Debug)]
pub struct HorizonReport<'t> {
    /// Agent, as it is written on the command line.
    pub agent: &'t str,
    /// Measured horizon.
    pub horizon: &'t MeasuredHorizon,
    /// Verdict on the horizon.
    pub verdict: &'t Verdict,
    /// Seed of every random choice.
    pub seed: Seed,
    /// Origin of the seed.
    pub origin: SeedOrigin,
    /// Command line that measures the same again.
    pub again: &'t str,
}

/// Measured horizon, as the object that `dayfly measure horizon --json` prints.
#[derive(Debug, Serialize)]
pub struct Data<'t> {
    version: u32,
    agent: &'t str,
    seed: Seed,
    origin: SeedOrigin,
    again: &'t str,
    finding: Judgement,
    statement: &'t str,
    titrations: u32,
    offers: u32,
    discount: Interval,
    kappa: Interval,
    noise: f64,
    lapse: f64,
    points: Vec<HorizonPoint>,
}

#[derive(Debug, Serialize)]
struct HorizonPoint {
    delay: u32,
    beyond: bool,
    worth: f64,
}

impl<'t> Data<'t> {
    /// Returns the measurement as data.
    pub fn new(told: HorizonReport<'t>) -> Self {
        let HorizonReport { agent, horizon, verdict, seed, origin, again } = told;
        let seen =
            |point: &Point| HorizonPoint { delay: point.delay, beyond: point.lies == Lies::Beyond, worth: point.worth };
        Self {
            version: 1,
            agent,
            seed,
            origin,
            again,
            finding: verdict.finding,
            statement: &verdict.statement,
            titrations: horizon.titrations,
            offers: horizon.offers,
            discount: horizon.fit.discount,
            kappa: horizon.fit.boundary,
            noise: horizon.fit.noise,
            lapse: horizon.fit.lapse,
            points: horizon.points.iter().map(seen).collect(),
        }
    }
}

/// Returns the delays of the points, each once, in ascending order.
fn delays(horizon: &MeasuredHorizon) -> Vec<u32> {
    let mut delays: Vec<u32> = horizon.points.iter().map(|point| point.delay).collect();
    delays.sort_unstable();
    delays.dedup();
    delays
}

/// Returns the worth of a reward at a delay, by the fit.
fn fitted(horizon: &MeasuredHorizon, delay: u32, lies: Lies) -> f64 {
    let factor = if lies == Lies::Beyond { horizon.fit.boundary.estimate } else { 1.0 };
    horizon.fit.discount.estimate.powi(delay.cast_signed()) * factor
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::statistics::discounting::Fit;
    use crate::statistics::{Level, Method, PValue, Sides};

    fn interval(estimate: f64) -> Interval {
        let (low, high) = ((estimate - 0.01).max(0.0), (estimate + 0.01).min(1.0));
        Interval { estimate, low, high, level: Level::P95, sides: Sides::Both, method: Method::LikelihoodRatio }
    }

    /// Returns a horizon with points where the model has them.
    pub(in super::super) fn horizon(discount: f64, kappa: f64) -> MeasuredHorizon {
        let fit = Fit {
            discount: interval(discount),
            boundary: interval(kappa),
            noise: 0.05,
            lapse: 0.001,
            p: PValue::new(0.5).unwrap(),
        };
        let mut horizon = MeasuredHorizon { fit, points: Vec::new(), titrations: 216, offers: 1440 };
        for (lies, delay) in [Lies::Within, Lies::Beyond].iter().flat_map(|lies| [1, 5, 21].map(|delay| (*lies, delay)))
        {
            let worth = fitted(&horizon, delay, lies);
            horizon.points.push(Point { delay, lies, worth });
        }
        horizon
    }

    /// Returns the report on an agent that was measured under a fixed seed.
    pub(in super::super) fn told<'t>(
        agent: &'t str,
        horizon: &'t MeasuredHorizon,
        verdict: &'t Verdict,
    ) -> HorizonReport<'t> {
        let again = "dayfly measure horizon myopic --seed 3";
        HorizonReport { agent, horizon, verdict, seed: Seed(3), origin: SeedOrigin::Fixed, again }
    }

    #[test]
    fn the_data_say_what_was_measured() {
        let horizon = horizon(0.9, 0.0);
        let verdict = Verdict::new(Judgement::Holds, "no worth beyond the boundary found");
        let data = serde_json::to_value(Data::new(told("myopic", &horizon, &verdict))).unwrap();
        assert_eq!((&data["seed"], &data["origin"]), (&3.into(), &"fixed".into()));
        assert_eq!(data["kappa"]["estimate"], 0.0);
        assert_eq!((&data["finding"], &data["titrations"]), (&"holds".into(), &216.into()));
        assert_eq!(data["points"].as_array().unwrap().len(), 6);
        assert_eq!((&data["points"][3]["beyond"], &data["points"][3]["worth"]), (&true.into(), &0.0.into()));
    }
}
