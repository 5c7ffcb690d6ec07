//! The sequential probability ratio test of a rate: stops as early as it can.
//!
//! *Formula*: a hit adds `ln(high / low)` to the log likelihood ratio, a miss `ln((1 - high) / (1 - low))`. At or above
//! `ln((1 - beta) / alpha)` the rate is beyond, at or below `ln(beta / (1 - alpha))` it is within; between them the
//! test goes on.
//!
//! ```text
//!  +2.944 ---------------------------- beyond: the rate is above `low`      low = 0.01, high = 0.05,
//!       0 -\__  a hit: +1.609                                               alpha = beta = 0.05
//!          a miss: -0.041 \__
//!  -2.944 ---------------------------- within: the rate is below `high`     72 misses in a row
//! ```
//!
//! *Source*: Wald, "Sequential tests of statistical hypotheses", Annals of Mathematical Statistics 16 (1945) 117-186.
//!
//! *What it does not show*: a rate between `low` and `high` may be found either way. Wald's bounds
//! are approximate: the test is wrong about a rate of `low` or less at most `alpha / (1 - beta)` of
//! the time. About one of `high` or more it is wrong at most `beta / (1 - alpha)`. Outcomes must be
//! fed in the order of their trials, whichever worker was first. An interval of a fixed sample must
//! not be computed from where this test stopped: [`Sprt::interval`] is the one that keeps its
//! level.

use super::{Comparison, Error, Interval, Level, Method, Rate, Sides, Tally, TrialOutcome, size};

/// Design of a sequential test: the two rates that it tells apart, and its error rates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Design {
    /// Rate that is acceptable.
    pub low: Rate,
    /// Rate that is not acceptable.
    pub high: Rate,
    /// Nominal probability that a rate of `low` is found beyond.
    pub alpha: Rate,
    /// Nominal probability that a rate of `high` is found within.
    pub beta: Rate,
}

/// A sequential test, fed one outcome at a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Sprt {
    design: Design,
    hits: u32,
    trials: u32,
    finding: Comparison,
}

impl Sprt {
    /// Returns a test without outcomes.
    ///
    /// # Errors
    ///
    /// [`Error::Design`] unless `low < high` and `alpha + beta < 1`.
    pub fn new(design: Design) -> Result<Self, Error> {
        let Design { low, high, alpha, beta } = design;
        if low >= high || alpha.get() + beta.get() >= 1.0 {
            return Err(Error::Design);
        }
        Ok(Self { design, hits: 0, trials: 0, finding: Comparison::Open })
    }

    /// Adds the outcome of the next trial and returns the finding. Once the test has decided,
    /// further outcomes are not counted.
    pub fn feed(&mut self, outcome: TrialOutcome) -> Comparison {
        if self.finding == Comparison::Open {
            self.trials += 1;
            self.hits += u32::from(outcome == TrialOutcome::Hit);
            let (within, beyond) = self.bounds();
            let ratio = self.log_ratio();
            if ratio >= beyond {
                self.finding = Comparison::Beyond;
            } else if ratio <= within {
                self.finding = Comparison::Within;
            }
        }
        self.finding
    }

    /// Returns the finding of the outcomes so far.
    pub const fn finding(&self) -> Comparison {
        self.finding
    }

    /// Returns the counts until the test decided.
    pub const fn tally(&self) -> Result<Tally, Error> {
        Tally::new(self.hits, self.trials)
    }

    /// Returns the log likelihood ratio. It is computed from the counts, so that rounding errors do
    /// not add up.
    pub fn log_ratio(&self) -> f64 {
        let (hit, miss) = self.weights();
        f64::from(self.hits) * hit + f64::from(self.trials - self.hits) * miss
    }

    /// Returns the log likelihood ratio at or below which the rate is within, and that at or above
    /// which it is beyond.
    pub fn bounds(&self) -> (f64, f64) {
        let Design { alpha, beta, .. } = self.design;
        ((beta.get() / (1.0 - alpha.get())).ln(), ((1.0 - beta.get()) / alpha.get()).ln())
    }

    /// Returns the total number of trials after which the rate would be found within, without a
    /// further hit.
    pub fn clean_trials(&self) -> u32 {
        let (hit, miss) = self.weights();
        let (within, _) = self.bounds();
        let misses = (within - f64::from(self.hits) * hit) / miss;
        self.hits.saturating_add(size::round_up(misses))
    }

    /// Returns the mean number of trials of the test at a rate of `low` and at one of `high`, by
    /// Wald's approximation. The true mean is a little higher, because the last outcome overshoots.
    pub fn expected_trials(&self) -> (f64, f64) {
        let (within, beyond) = self.bounds();
        let (hit, miss) = self.weights();
        let Design { low, high, alpha, beta } = self.design;
        let drift = |rate: Rate| rate.get() * hit + (1.0 - rate.get()) * miss;
        let reached = |above: f64| above * beyond + (1.0 - above) * within;
        (reached(alpha.get()) / drift(low), reached(1.0 - beta.get()) / drift(high))
    }

    /// Returns the interval that the test shows: the rate is below `high`, above `low`, or not
    /// known yet. At least one trial is needed.
    ///
    /// The rate is between these limits in all but `max(alpha / (1 - beta), beta / (1 - alpha))` of
    /// repetitions. The reason is that a rate of `high` or more is found within no more often than
    /// `high` itself. In the same way, a rate of `low` or less is found beyond no more often than
    /// `low`.
    pub fn interval(&self) -> Result<Interval, Error> {
        let Design { low, high, alpha, beta } = self.design;
        let (low, high, sides) = match self.finding {
            Comparison::Within => (0.0, high.get(), Sides::Upper),
            Comparison::Open => (0.0, 1.0, Sides::Both),
            Comparison::Beyond => (low.get(), 1.0, Sides::Lower),
        };
        let error = (alpha.get() / (1.0 - beta.get())).max(beta.get() / (1.0 - alpha.get()));
        let estimate = self.tally()?.share();
        Ok(Interval { estimate, low, high, level: Level::of_error(error), sides, method: Method::Sequential })
    }

    /// Returns the terms that a hit and a miss add to the log likelihood ratio.
    fn weights(&self) -> (f64, f64) {
        let (low, high) = (self.design.low.get(), self.design.high.get());
        ((high / low).ln(), ((1.0 - high) / (1.0 - low)).ln())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::assert_near;
    use super::*;

    fn design(low: f64, high: f64, alpha: f64, beta: f64) -> Design {
        let rate = |rate| Rate::new(rate).unwrap();
        Design { low: rate(low), high: rate(high), alpha: rate(alpha), beta: rate(beta) }
    }

    fn sprt() -> Sprt {
        Sprt::new(design(0.01, 0.05, 0.05, 0.05)).unwrap()
    }

    #[test]
    fn bounds_and_weights_are_those_of_wald() {
        assert_near(sprt().bounds().0, -2.9444, 5e-5);
        assert_near(sprt().bounds().1, 2.9444, 5e-5);
        assert_near(sprt().weights().0, 1.60944, 5e-6);
        assert_near(sprt().weights().1, -0.04124, 5e-6);
        assert_near(sprt().expected_trials().0, 107.0, 0.5);
        assert_near(sprt().expected_trials().1, 64.0, 0.5);
    }

    #[test]
    fn seventy_two_clean_trials_are_enough_and_then_nothing_counts() {
        let mut test = sprt();
        assert!((0..71).all(|_| test.feed(TrialOutcome::Miss) == Comparison::Open));
        assert_eq!(test.feed(TrialOutcome::Miss), Comparison::Within);
        assert!((0..9).all(|_| test.feed(TrialOutcome::Hit) == Comparison::Within));
        assert_eq!(test.tally(), Tally::new(0, 72));
        let interval = test.interval().unwrap();
        assert_eq!(interval.within(..=0.05), Comparison::Within);
        assert_near(interval.level.get(), 1.0 - 0.05 / 0.95, 1e-12);
    }

    #[test]
    fn an_interval_is_as_sure_as_the_less_sure_of_the_two_answers() {
        for (alpha, beta) in [(0.1, 0.01), (0.01, 0.1)] {
            let mut test = Sprt::new(design(0.01, 0.05, alpha, beta)).unwrap();
            assert!(test.interval().is_err());
            test.feed(TrialOutcome::Miss);
            assert_near(test.interval().unwrap().level.get(), 1.0 - 0.1 / 0.99, 1e-12);
        }
    }

    #[test]
    fn two_failures_at_once_are_enough() {
        let mut test = sprt();
        assert_eq!(test.feed(TrialOutcome::Hit), Comparison::Open);
        assert_eq!(test.interval().unwrap().within(..=0.05), Comparison::Open);
        assert_eq!(test.feed(TrialOutcome::Hit), Comparison::Beyond);
        assert_eq!(test.interval().unwrap().within(..0.01), Comparison::Beyond);
    }

    /// Returns the probability that `test` finds a rate beyond, the probability that it finds it
    /// within, and the mean number of trials. It follows every count of hits until next to nothing
    /// is open.
    fn operation(test: &Sprt, rate: f64) -> (f64, f64, f64) {
        let (mut beyond, mut within, mut trials) = (0.0, 0.0, 0.0);
        let mut open = vec![(test.clone(), 1.0)];
        while open.iter().map(|(_, probability)| probability).sum::<f64>() > 1e-9 {
            let mut next: Vec<(Sprt, f64)> = Vec::new();
            for (test, probability) in open {
                trials += probability;
                for (outcome, share) in [(TrialOutcome::Miss, 1.0 - rate), (TrialOutcome::Hit, rate)] {
                    let mut test = test.clone();
                    match (test.feed(outcome), next.last_mut()) {
                        (Comparison::Beyond, _) => beyond += probability * share,
                        (Comparison::Within, _) => within += probability * share,
                        (Comparison::Open, Some((same, sum))) if *same == test => *sum += probability * share,
                        (Comparison::Open, _) => next.push((test, probability * share)),
                    }
                }
            }
            open = next;
        }
        (beyond, within, trials)
    }

    #[test]
    fn errors_stay_within_the_bounds_of_wald() {
        for (low, high, alpha, beta) in
            [(0.01, 0.05, 0.05, 0.05), (0.01, 0.02, 0.1, 0.01), (0.05, 0.2, 0.01, 0.1), (0.5, 0.6, 0.05, 0.05)]
        {
            let test = Sprt::new(design(low, high, alpha, beta)).unwrap();
            let ((wrong, _, trials), (_, missed, _)) = (operation(&test, low), operation(&test, high));
            assert!(wrong <= alpha / (1.0 - beta), "{wrong}");
            assert!(missed <= beta / (1.0 - alpha), "{missed}");
            assert!(wrong + missed <= alpha + beta, "{wrong} {missed}");
            assert!((1.0..1.4).contains(&(trials / test.expected_trials().0)), "{trials}");
        }
    }

    #[test]
    fn a_test_that_could_not_decide_is_refused() {
        assert!(Sprt::new(design(0.05, 0.05, 0.05, 0.05)).is_err());
        assert!(Sprt::new(design(0.01, 0.05, 0.5, 0.5)).is_err());
    }

    #[test]
    fn it_says_how_many_clean_trials_would_do() {
        for hits in [0, 1] {
            let mut test = Sprt::new(design(0.01, 0.05, 0.05, 0.05)).unwrap();
            (0..hits).for_each(|_| assert_eq!(test.feed(TrialOutcome::Hit), Comparison::Open));
            let enough = test.clean_trials();
            (hits..enough - 1)
                .for_each(|_| assert_eq!(test.feed(TrialOutcome::Miss), Comparison::Open, "fewer do not do"));
            assert_eq!(test.feed(TrialOutcome::Miss), Comparison::Within);
        }
    }
}
