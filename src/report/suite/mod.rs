//! Suites to words and to data.

pub mod github;
pub mod json;
pub mod junit;
pub mod text;

use std::time::Duration;

use crate::property::{Finding, Kind};
use crate::suite::{Case, Origin, Outcome, Partition};
use crate::value::{Seed, many};

/// What every report says of its measured verdicts.
pub const CAVEAT: &str = "What was measured holds for the worlds, the values and the words that were tried. It does not show what an \
                          agent does off them, nor that it would not act otherwise where it tells a test from use.";

/// A suite that is over, ready to be told.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// Its name.
    pub name: &'a str,
    /// The path of its file, as GitHub is told it; none where there is no file.
    pub file: Option<&'a str>,
    /// What every random choice followed from.
    pub seed: Seed,
    /// Where that is from.
    pub origin: Origin,
    /// The line that asks the same again.
    pub again: &'a str,
    /// Which part of it was run.
    pub partition: Partition,
    /// How many cases the whole suite has: more than were asked where a filter leaves some out.
    pub all: usize,
    /// What was asked.
    pub cases: &'a [Case],
    /// What came of it: of the first cases, where it was stopped.
    pub outcomes: &'a [Outcome],
    /// Why others were not run, where there are any.
    pub stop: Stop,
    /// How long it took.
    pub took: Duration,
}

/// Why cases are left, where any are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The operator interrupted it.
    Interrupt,
    /// A case failed, and that was to stop it.
    Failure,
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

impl<'a> Told<'a> {
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

    /// The cases that were not run, since it was stopped.
    pub fn not_run(&self) -> &'a [Case] {
        self.cases.get(self.outcomes.len()..).unwrap_or_default()
    }

    /// Every case, with what came of it where it was run.
    pub fn every(&self) -> impl Iterator<Item = (&'a Case, Option<&'a Outcome>)> + use<'a> {
        let outcomes = self.outcomes.iter().map(Some).chain(std::iter::repeat(None));
        self.cases.iter().zip(outcomes)
    }

    /// How many there are, and why, in words.
    pub fn left(&self) -> String {
        format!("{} not run: {}", many(self.not_run().len(), "case"), self.stop.words())
    }

    /// Whether every case of the whole suite was run.
    pub fn is_whole(&self) -> bool {
        self.partition == Partition::WHOLE && self.all == self.outcomes.len()
    }

    /// Whether it is one of several parts, and nothing in it applies.
    pub fn is_idle_part(&self) -> bool {
        let applies = |outcome: &Outcome| outcome.verdict.finding != Finding::NotApplicable;
        self.partition != Partition::WHOLE && !self.outcomes.iter().any(applies)
    }
}

/// How many cases of one kind came to each finding.
pub fn count(cases: &[Case], outcomes: &[Outcome], kind: Kind, finding: Finding) -> usize {
    let found = cases.iter().zip(outcomes);
    found.filter(|(case, outcome)| case.property.kind == kind && outcome.verdict.finding == finding).count()
}
