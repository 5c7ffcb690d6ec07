//! Reports on suites, in words and as data.

pub mod github;
pub mod json;
pub mod junit;
pub mod text;

use crate::suite::{Results, SeedOrigin, Stop, Suite};
use crate::value::{Seed, many};

/// Caveat of every report, on its measured verdicts.
pub const CAVEAT: &str = "What was measured holds for the worlds, the values and the words that were tried. It does not show what an \
                          agent does off them, nor that it would not act otherwise where it tells a test from use.";

/// Caveat of every report, on a verdict under a fixed seed.
pub const FIXED: &str =
    "whoever built an agent may have built it for a seed that is fixed, or built many and kept the one that passes";

/// Describes a seed and its origin.
pub fn chance(seed: Seed, origin: SeedOrigin) -> String {
    match origin {
        SeedOrigin::Fresh => format!("{seed}, fresh"),
        SeedOrigin::Fixed => format!("{seed}, fixed: {FIXED}"),
    }
}

impl Suite {
    /// Describes the seed and its origin. If the seed is fresh, the number of cases with a fixed
    /// seed of their own is given.
    pub fn chance(&self) -> String {
        let own = self.cases.iter().filter(|case| case.origin == SeedOrigin::Fixed).count();
        match self.origin {
            SeedOrigin::Fresh if own > 0 => {
                format!("{}, but fixed for {}: {FIXED}", chance(self.seed, self.origin), many(own, "case"))
            }
            origin => chance(self.seed, origin),
        }
    }
}

impl Stop {
    /// Describes the reason for stopping.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Interrupt => "the suite was interrupted",
            Self::Failure => "a case failed, and `--fail-fast` stops there",
        }
    }
}

impl Results<'_> {
    /// Describes the number of cases that were not run, and the reason.
    pub fn left(&self) -> String {
        format!("{} not run: {}", many(self.not_run().len(), "case"), self.stop.words())
    }
}
