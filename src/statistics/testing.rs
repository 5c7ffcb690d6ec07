//! Shared parts of the tests of several methods.

use super::{Interval, Tally};

/// Fails the test unless two numbers agree to within `tolerance`.
#[track_caller]
pub(super) fn assert_near(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() <= tolerance, "{a} is not within {tolerance} of {b}");
}

/// Returns the probability of each number of hits, from 0 to `trials`.
pub(super) fn binomial(trials: u32, rate: f64) -> Vec<f64> {
    let mut probability = (1.0 - rate).powf(f64::from(trials));
    let mut next = |hits: u32| {
        let this = probability;
        probability *= rate / (1.0 - rate) * f64::from(trials - hits) / f64::from(hits + 1);
        this
    };
    (0..=trials).map(&mut next).collect()
}

/// Returns the interval of every possible number of hits.
pub(super) fn every_interval(trials: u32, interval: impl Fn(Tally) -> Interval) -> Vec<Interval> {
    (0..=trials).map(|hits| interval(Tally::new(hits, trials).unwrap())).collect()
}

/// Returns the probability that `rate` is covered, summed over every possible number of hits.
pub(super) fn coverage(intervals: &[Interval], rate: f64) -> f64 {
    let trials = u32::try_from(intervals.len()).unwrap() - 1;
    let covers = |interval: &Interval| (interval.low..=interval.high).contains(&rate);
    let covered = binomial(trials, rate).into_iter().zip(intervals).filter(|(_, interval)| covers(interval));
    covered.map(|(probability, _)| probability).sum()
}
