//! A suite as a whole, and what came of it.

use std::time::{Duration, Instant};

use super::runner::{Error, Event, OnFailure, run};
use super::{Case, Origin, Outcome, Partition, Stage};
use crate::episode::Cancel;
use crate::property::{Finding, Kind};
use crate::value::Seed;

/// Cases that are asked together, and where they are from.
#[derive(Clone, Debug)]
pub struct Suite {
    /// Its name.
    pub name: String,
    /// The path of its file, as GitHub is told it; none where there is no file.
    pub file: Option<String>,
    /// What every random choice follows from.
    pub seed: Seed,
    /// Where that is from.
    pub origin: Origin,
    /// The line that asks the same again.
    pub again: String,
    /// Which part of it is run.
    pub partition: Partition,
    /// How many cases the whole suite has: more than are asked where a filter leaves some out.
    pub all: usize,
    /// What is asked.
    pub cases: Vec<Case>,
}

/// Results of a suite that is over.
#[derive(Clone, Debug)]
pub struct Results<'s> {
    /// The suite.
    pub suite: &'s Suite,
    /// The cases that were run, each with what came of it: the first ones, where it was stopped.
    pub finished: Vec<(&'s Case, Outcome)>,
    /// Why the others were not, where there are any.
    pub stop: Stop,
    /// How long it took.
    pub took: Duration,
}

/// Why cases of a suite were not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The operator interrupted it.
    Interrupt,
    /// A case failed, and that was to stop it.
    Failure,
}

impl Suite {
    /// Carry out the suite. `see` is given every event, of which the last one has the results.
    ///
    /// # Errors
    ///
    /// [`Error`] where the host could not carry out a case.
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
    /// The cases that were not run, since it was stopped.
    pub fn not_run(&self) -> &'s [Case] {
        self.suite.cases.get(self.finished.len()..).unwrap_or_default()
    }

    /// Every case, with what came of it where it was run.
    pub fn every(&self) -> impl Iterator<Item = (&'s Case, Option<&Outcome>)> {
        let finished = self.finished.iter().map(|(case, outcome)| (*case, Some(outcome)));
        finished.chain(self.not_run().iter().map(|case| (case, None)))
    }

    /// Number of cases of one kind that came to a finding.
    pub fn count(&self, kind: Kind, finding: Finding) -> usize {
        self.found(finding).filter(|(case, _)| case.property.kind == kind).count()
    }

    /// The cases that came to a finding.
    pub fn found(&self, finding: Finding) -> impl Iterator<Item = &(&Case, Outcome)> {
        self.finished.iter().filter(move |(_, outcome)| outcome.verdict.finding == finding)
    }

    /// Whether every case of the whole suite was run.
    pub fn is_whole(&self) -> bool {
        self.suite.partition == Partition::WHOLE && self.suite.all == self.finished.len()
    }

    /// Whether it is one of several parts, and nothing in it applies.
    pub fn is_idle_part(&self) -> bool {
        let applies = |(_, outcome): &(&Case, Outcome)| outcome.verdict.finding != Finding::NotApplicable;
        self.suite.partition != Partition::WHOLE && !self.finished.iter().any(applies)
    }
}
