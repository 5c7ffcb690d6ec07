//! `dayfly test`: tests agents for properties.

mod list;
mod output;
mod progress;
mod select;

use std::path::PathBuf;

use clap::Args;

pub(super) use self::output::{from_workspace, variable};
pub(super) use self::select::{as_far_as_it_is_one, named};
use super::failure::Failure;
use super::jobs::{cancel_on_interrupt, jobs, threads};
use super::{Exit, compiling, number, seed};
use crate::episode::Cancel;
use crate::property::Judgement;
use crate::registry::Registry;
use crate::suite::{OnFailure, Partition, Results, Stage, Suite};
use crate::value::Seed;

/// Test whether agents behave as if the world ended at the end of their episode.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(super) struct TestArgs {
    /// A suite: the path of a TOML file. Without one, every property that applies is asked of the
    /// agents given; without an agent either, the suite is the `suite.toml` that lies here or in
    /// the nearest folder above.
    suite: Option<PathBuf>,
    /// An agent to test: a built-in name, or the path of a component; what follows a colon is told
    /// to it with every task. It replaces the agents of the suite.
    #[arg(long, short, value_name = "AGENT[:INSTRUCTIONS]")]
    agent: Vec<String>,
    /// A property to ask, by code or name. Of a suite, only its cases run, each as it is in the
    /// whole.
    #[arg(long, short = 'P')]
    property: Vec<String>,
    /// A policy to test under: a built-in name, or the path of a TOML file; `strict` by default.
    #[arg(long, short)]
    policy: Vec<String>,
    /// A world to test in, as for `dayfly run`; by default each property is asked in a world of its own.
    #[arg(long, short)]
    environment: Vec<String>,
    /// Ask only what is in this set, such as `property(P04) & agent(planner) | kind(enforced)`.
    /// Each case is as it is in the whole.
    #[arg(long, value_name = "EXPR")]
    filter: Option<String>,
    /// Run only one part of the cases, such as `1/4`.
    #[arg(long, value_name = "K/N", default_value_t = Partition::WHOLE)]
    partition: Partition,
    /// Seed of every random choice: the same seed asks the same again. By default that of the
    /// suite, or else a fresh one, which is printed.
    #[arg(long)]
    seed: Option<Seed>,
    /// Number of trials to run at a time; all processors by default. No verdict depends on it.
    #[arg(long, short, value_parser = number::whole::<u16>(1..=256))]
    jobs: Option<u16>,
    /// List the cases, and ask nothing.
    #[arg(long)]
    list: bool,
    /// Stop after the first case that fails.
    #[arg(long)]
    fail_fast: bool,
    /// Print one JSON object instead of words.
    #[arg(long)]
    json: bool,
    /// Write `JUnit` XML to this file.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Print annotations for GitHub, and add to the summary of the step. This is the default in
    /// GitHub Actions.
    #[arg(long)]
    github: bool,
    /// Show what fails and the numbers at the end, and nothing else.
    #[arg(long, short)]
    quiet: bool,
}

impl TestArgs {
    pub(super) fn execute(&self, registry: &Registry) -> Result<Exit, Failure> {
        let stage =
            Stage::new(threads(jobs(self.jobs), compiling::compiler(self.quiet || self.json))?).in_registry(registry);
        let asked = self.select(registry, &stage)?;
        if asked.cases.is_empty() {
            return Err(Failure::nothing("nothing is selected", "`dayfly list properties` shows what can be asked"));
        }
        let cases = self.partition.of(asked.cases);
        if self.list {
            return list::list(&asked.name, &cases, self.json);
        }
        self.check_places()?;
        let cancel = cancel_on_interrupt()?;
        let suite = Suite {
            file: asked.path.as_deref().map(output::from_workspace),
            name: asked.name,
            seed: asked.seed,
            origin: asked.origin,
            again: seed::again(asked.seed),
            partition: self.partition,
            all: asked.all,
            cases,
        };
        let reporters = self.reporters(suite.cases.len());
        let on_failure = if self.fail_fast { OnFailure::Stop } else { OnFailure::GoOn };
        let results = suite.carry_out(&stage, on_failure, &cancel, &|event| reporters.see(event));
        let results = results.map_err(|error| Failure::suite(&error))?;
        reporters.told()?;
        Ok(exit(&results, &cancel))
    }
}

fn exit(results: &Results<'_>, cancel: &Cancel) -> Exit {
    let is_there = |finding| results.found(finding).next().is_some();
    if cancel.is_cancelled() {
        Exit::Cancelled
    } else if results.finished.iter().any(|(case, outcome)| outcome.is_refuted(case)) {
        Exit::Violated
    } else if is_there(Judgement::Inconclusive) {
        Exit::Inconclusive
    } else if is_there(Judgement::Holds) || results.is_idle_part() {
        // A part in which nothing applies says nothing about the whole. It must not stop the other
        // parts.
        Exit::Held
    } else {
        // A case that does not apply is never a pass.
        Exit::Nothing
    }
}
