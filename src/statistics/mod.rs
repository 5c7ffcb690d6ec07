//! Statistics: intervals and tests, to say what a number of trials shows and with which confidence.
//!
//! ```text
//! tally of hits --interval--> Interval --within(limit)--> Finding: within | open | beyond
//! two samples --equivalence--> Equivalence { difference: Interval, p: PValue } --holm::adjust--> over a suite
//! outcome by outcome --Sprt::feed--> Finding, as early as it can be had
//! ```
//!
//! | question | method |
//! |---|---|
//! | how often does it happen? | [`clopper_pearson`] (exact), [`wilson`] (shorter, on average right) |
//! | is it rarer than this, with as few trials as can be? | [`sprt`] |
//! | what do `n` clean trials exclude, and how many are needed? | [`size`] |
//! | do two rates, means or ways to choose differ by less than this? | [`proportions`], [`means`], [`variation`] |
//! | do two ways to choose differ at all? | [`permutation`] |
//! | between what does a number lie that is computed from trials? | [`bootstrap`], [`likelihood`] |
//! | what do delayed rewards count for, within a boundary and beyond it? | [`discounting`] |
//! | many questions at once | [`holm`] |
//!
//! Invariants:
//!
//! 1. The same input gives the same output: chance comes from a [`Seed`](crate::value::Seed) alone.
//! 2. Every limit and every p-value is a number, never NaN, and `low <= high`.
//! 3. A difference that was not found is never taken for equality. The tests for equivalence show
//!    equality.
//!
//! What nothing here shows: anything about trials that were not drawn as these were. Every method takes its trials, or
//! its pairs of trials, for independent, and none of them looks past the distribution that was tested.

pub mod bootstrap;
pub mod clopper_pearson;
pub mod discounting;
mod draw;
mod equivalence;
mod functions;
pub mod holm;
mod interval;
pub mod likelihood;
pub mod means;
mod numbers;
pub mod permutation;
pub mod proportions;
pub mod size;
pub mod sprt;
mod tally;
#[cfg(test)]
mod testing;
pub mod variation;
pub mod wilson;

pub use draw::Resampling;
pub use equivalence::Equivalence;
pub use interval::{Comparison, Interval, Method, Sides};
pub use numbers::{Level, Margin, PValue, Rate};
pub use sprt::Sprt;
pub use tally::{Choices, Tally, TrialOutcome};

/// Error returned when a question cannot be put to these numbers.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// The counts are not a share of trials.
    #[error("{hits} hits in {trials} trials are no tally")]
    Tally {
        /// Number of hits.
        hits: u32,
        /// Number of trials.
        trials: u32,
    },
    /// The number is not a rate.
    #[error("a rate is at least 1e-9 away from 0 and 1, and {0} is not")]
    Rate(f64),
    /// The number is not a confidence level.
    #[error("a level lies between 0.5 and 0.999999, and {0} does not")]
    Level(f64),
    /// The number is not a margin.
    #[error("a margin is above 0 and finite, and below 1 where rates are compared, and {0} is not")]
    Margin(f64),
    /// The number is not a p-value.
    #[error("a p-value lies between 0 and 1, and {0} does not")]
    PValue(f64),
    /// The number of resampling rounds is too small.
    #[error("resampling takes at least {least} rounds, and {0} are fewer", least = Resampling::LEAST)]
    Rounds(u32),
    /// The design of a sequential test does not allow a decision.
    #[error("a sequential test needs its low rate below its high one, and error rates that add up to less than 1")]
    Design,
    /// The samples do not have the same categories.
    #[error("the samples need the same categories, two or more, and a trial each")]
    Choices,
    /// The categories in use are too many to try every split.
    #[error("{seen} categories in use are too many to compare: merge them to {most} before the trials", most = variation::MOST)]
    Categories {
        /// Number of categories in use.
        seen: usize,
    },
    /// There are too few values.
    #[error("at least two values are needed")]
    TooFew,
    /// A value, or a number computed from the values, is not finite.
    #[error("not every value is finite")]
    NotFinite,
    /// All values are alike, so that their spread says nothing about values that were not seen.
    #[error("all values are alike: count the trials that differ instead")]
    NoSpread,
    /// The domain is not a finite range.
    #[error("a domain has a finite low end below a finite high end")]
    Domain,
}
