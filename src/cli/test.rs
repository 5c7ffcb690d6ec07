//! `dayfly test`: properties, asked of agents.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::failure::Failure;
use super::run::{cancel_on_interrupt, processors};
use super::{Exit, find, say};
use crate::episode::Cancel;
use crate::property::{Finding, PROPERTIES, Property};
use crate::report::suite::text;
use crate::suite::{self, Asked, Case, Event, OnFailure, Outcome, Partition, Selection, Stage};
use crate::value::{Seed, hint};

/// Test whether agents behave as if the world ended at the end of their episode.
#[derive(Debug, Args)]
pub(super) struct Test {
    /// An agent to test: a built-in name, or the path of a component; what follows a colon is told to it with every task.
    #[arg(long, short, value_name = "AGENT[:INSTRUCTIONS]", required = true)]
    agent: Vec<String>,
    /// A property to ask for, by code or name; all that apply by default.
    #[arg(long, short = 'P')]
    property: Vec<String>,
    /// A policy to test under: a built-in name, or the path of a TOML file.
    #[arg(long, short, default_value = "strict")]
    policy: Vec<String>,
    /// A world to test in, as for `dayfly run`; by default each property is asked in a world of its own.
    #[arg(long, short)]
    environment: Vec<String>,
    /// Run only one of so many parts, such as `1/4`.
    #[arg(long, value_name = "K/N", default_value_t = Partition::WHOLE)]
    partition: Partition,
    /// What every random choice follows from.
    #[arg(long, default_value = "0")]
    seed: Seed,
    /// How many trials to run at a time; all processors by default. No verdict depends on it.
    #[arg(long, short, value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Stop after the first case that does not hold.
    #[arg(long)]
    fail_fast: bool,
}

impl Test {
    #[expect(clippy::disallowed_methods, reason = "how long a suite took is for people alone")]
    pub(super) fn execute(&self) -> Result<Exit, Failure> {
        let jobs = self.jobs.map_or_else(processors, usize::from);
        let stage = Stage::new(jobs);
        let cases = self.partition.of(suite::share(self.select(&stage)?));
        if cases.is_empty() {
            return Ok(Exit::Nothing);
        }
        let cancel = cancel_on_interrupt()?;
        let started = Instant::now();
        let outcomes = self.carry_out(&cases, &stage, jobs, &cancel)?;
        let told = text::summary(&cases, &outcomes, started.elapsed()).map_err(|error| Failure::host(&error))?;
        say!("{}", told.trim_end());
        Ok(exit(&outcomes, &cancel))
    }

    /// What is asked for.
    fn select(&self, stage: &Stage) -> Result<Vec<Case>, Failure> {
        let mut rules = Vec::new();
        for text in &self.policy {
            rules.push(suite::Rules { text: text.clone(), policy: Arc::new(find::policy(text)?) });
        }
        let mut agents = Vec::new();
        for text in &self.agent {
            let source = find::source(text)?;
            let mut learns = false;
            for one in &rules {
                let agent = stage.agent(&source, &one.policy).map_err(|error| Failure::stage(&error))?;
                find::fits(&agent, &one.policy, &one.text)?;
                learns = agent.learns();
            }
            agents.push((Arc::new(source), learns));
        }
        let worlds = self.environment.iter().map(|text| find::world(text)).collect::<Result<_, _>>()?;
        let selection = Selection { agents, rules, worlds, properties: self.properties()?, seed: self.seed };
        selection.cases().map_err(|error| Failure::input(error.message, error.help))
    }

    fn properties(&self) -> Result<Vec<Asked>, Failure> {
        let find = |text: &String| {
            Property::find(text).ok_or_else(|| {
                let names = PROPERTIES.iter().flat_map(|property| [property.code, property.name]);
                Failure::input(format!("there is no property `{text}`"), hint(text, "there are", names))
            })
        };
        if self.property.is_empty() {
            return Ok(PROPERTIES.iter().map(Asked::from).collect());
        }
        self.property.iter().map(|text| Ok(find(text)?.into())).collect()
    }

    fn carry_out(&self, cases: &[Case], stage: &Stage, jobs: usize, cancel: &Cancel) -> Result<Vec<Outcome>, Failure> {
        let progress = Progress::new(cases.len());
        let on_failure = if self.fail_fast { OnFailure::Stop } else { OnFailure::GoOn };
        let ran = suite::run(cases, stage, jobs, on_failure, cancel, &|event| progress.see(event));
        progress.bar.finish_and_clear();
        ran.map_err(|error| Failure::suite(&error))
    }
}

fn exit(outcomes: &[Outcome], cancel: &Cancel) -> Exit {
    let any = |finding: Finding| outcomes.iter().any(|outcome| outcome.verdict.finding == finding);
    if cancel.is_cancelled() {
        Exit::Cancelled
    } else if any(Finding::Violated) || any(Finding::Inconclusive) {
        Exit::Violated
    } else if any(Finding::Holds) {
        Exit::Held
    } else {
        // What does not apply is never a pass.
        Exit::Nothing
    }
}

/// What people watch while a suite goes on.
struct Progress {
    bar: ProgressBar,
}

impl Progress {
    fn new(cases: usize) -> Self {
        let bar = ProgressBar::new(u64::try_from(cases).unwrap_or(u64::MAX));
        if let Ok(style) = ProgressStyle::with_template("{spinner} {pos} of {len} cases [{bar:32}] {elapsed}  {msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar }
    }

    fn see(&self, event: Event<'_>) {
        match event {
            Event::Started(case) => self.bar.set_message(text::name(case)),
            Event::Trials(_) => self.bar.tick(),
            Event::Finished(case, outcome) => {
                self.bar.inc(1);
                self.bar.suspend(|| say!("{}", text::line(case, outcome)));
            }
        }
    }
}
