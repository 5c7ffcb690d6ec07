//! Suites to words and to data.

pub mod github;
pub mod json;
pub mod junit;
pub mod text;

use crate::suite::{Origin, Results, Stop, Suite};
use crate::value::{Seed, many};

/// What every report says of its measured verdicts.
pub const CAVEAT: &str = "What was measured holds for the worlds, the values and the words that were tried. It does not show what an \
                          agent does off them, nor that it would not act otherwise where it tells a test from use.";

/// What every report says of a verdict under a fixed seed.
pub const FIXED: &str =
    "whoever built an agent may have built it for a seed that is fixed, or built many and kept the one that passes";

/// A seed, and where it is from, in words.
pub fn chance(seed: Seed, origin: Origin) -> String {
    match origin {
        Origin::Fresh => format!("{seed}, fresh"),
        Origin::Fixed => format!("{seed}, fixed: {FIXED}"),
    }
}

impl Suite {
    /// The seed, and where it is from; with how many cases have a fixed one of their own, where the seed is fresh.
    pub fn chance(&self) -> String {
        let own = self.cases.iter().filter(|case| case.origin == Origin::Fixed).count();
        match self.origin {
            Origin::Fresh if own > 0 => {
                format!("{}, but fixed for {}: {FIXED}", chance(self.seed, self.origin), many(own, "case"))
            }
            origin => chance(self.seed, origin),
        }
    }
}

impl Stop {
    /// What it is, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Interrupt => "the suite was interrupted",
            Self::Failure => "a case failed, and `--fail-fast` stops there",
        }
    }
}

impl Results<'_> {
    /// How many cases were not run, and why, in words.
    pub fn left(&self) -> String {
        format!("{} not run: {}", many(self.not_run().len(), "case"), self.stop.words())
    }
}
