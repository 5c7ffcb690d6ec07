//! Suites as a whole, and their results.

use std::time::{Duration, Instant};

use super::runner::{Error, Event, OnFailure, run};
use super::{Case, CaseOutcome, Partition, SeedOrigin, Stage};
use crate::episode::Cancel;
use crate::property::{Judgement, PropertyKind};
use crate::value::Seed;

/// Cases that are run together, with their origin.
#[derive(Clone, Debug)]
pub struct Suite {
    /// Name of the suite.
    pub name: String,
    /// Path of the suite file, in the form for GitHub; none without a file.
    pub file: Option<String>,
    /// Seed from which every random choice follows.
    pub seed: Seed,
    /// Origin of the seed.
    pub origin: SeedOrigin,
    /// Command that runs the same suite again.
    pub again: String,
    /// Part of the suite that is run.
    pub partition: Partition,
    /// Number of cases of the whole suite, before a filter or a partition.
    pub all: usize,
    /// Cases to run.
    pub cases: Vec<Case>,
}

/// Results of a suite that is over.
#[derive(Clone, Debug)]
pub struct Results<'s> {
    /// The suite.
    pub suite: &'s Suite,
    /// Cases that were run, each with its result: the first cases, if the suite was stopped.
    pub finished: Vec<(&'s Case, CaseOutcome)>,
    /// Reason for which the other cases were not run, if there are any.
    pub stop: Stop,
    /// Duration of the suite.
    pub took: Duration,
}

/// Reason for which cases of a suite were not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The operator interrupted the suite.
    Interrupt,
    /// A case failed, and the suite was to stop at a failure.
    Failure,
}

impl Suite {
    /// Runs the suite. `see` gets every event; the last one has the results.
    ///
    /// # Errors
    ///
    /// [`Error`] if the host fails to run a case.
    #[expect(clippy::disallowed_methods, reason = "how long a suite took is for people alone")]
    pub fn carry_out(
        &self,
        stage: &Stage,
        on_failure: OnFailure,
        cancel: &Cancel,
        see: &(dyn Fn(Event<'_>) + Sync),
    ) -> Result<Results<'_>, Error> {
        let started = Instant::now();
        let outcomes = run(&self.cases, stage, on_failure, cancel, see)?;
        let finished = self.cases.iter().zip(outcomes).collect();
        let stop = if cancel.is_cancelled() { Stop::Interrupt } else { Stop::Failure };
        let results = Results { suite: self, finished, stop, took: started.elapsed() };
        see(Event::Closed(&results));
        Ok(results)
    }
}

impl<'s> Results<'s> {
    /// Returns the cases that were not run because the suite was stopped.
    pub fn not_run(&self) -> &'s [Case] {
        self.suite.cases.get(self.finished.len()..).unwrap_or_default()
    }

    /// Returns every case, with its result if it was run.
    pub fn every(&self) -> impl Iterator<Item = (&'s Case, Option<&CaseOutcome>)> {
        let finished = self.finished.iter().map(|(case, outcome)| (*case, Some(outcome)));
        finished.chain(self.not_run().iter().map(|case| (case, None)))
    }

    /// Returns the number of cases of one kind with this finding.
    pub fn count(&self, kind: PropertyKind, finding: Judgement) -> usize {
        self.found(finding).filter(|(case, _)| case.property.kind == kind).count()
    }

    /// Returns the cases with this finding.
    pub fn found(&self, finding: Judgement) -> impl Iterator<Item = &(&Case, CaseOutcome)> {
        self.finished.iter().filter(move |(_, outcome)| outcome.verdict.finding == finding)
    }

    /// `true` if every case of the whole suite was run.
    pub fn is_whole(&self) -> bool {
        self.suite.partition == Partition::WHOLE && self.suite.all == self.finished.len()
    }

    /// `true` if this is one of several parts, and no property in it applies.
    pub fn is_idle_part(&self) -> bool {
        let applies = |(_, outcome): &(&Case, CaseOutcome)| outcome.verdict.finding != Judgement::NotApplicable;
        self.suite.partition != Partition::WHOLE && !self.finished.iter().any(applies)
    }
}
