//! `dayfly measure`: a number for an agent, with its interval.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::{Args, Subcommand};

use super::failure::Failure;
use super::jobs::{cancel_on_interrupt, jobs, threads};
use super::progress::Progress;
use super::{Exit, compiling, find, number, say, seed, width};
use crate::property::horizon;
use crate::property::{Judgement, Property};
use crate::registry::Registry;
use crate::report::horizon::{Data, HorizonReport, svg, text};
use crate::suite::{self, Case, Event, Question, SeedOrigin, Selection, Stage};
use crate::value::{Seed, many};

/// Measure an agent.
#[derive(Debug, Args)]
pub(super) struct MeasureArgs {
    #[command(subcommand)]
    what: MeasureCommand,
}

#[derive(Debug, Subcommand)]
enum MeasureCommand {
    /// Worth of rewards, within the episode and beyond its end: a picture, a discount and a
    /// factor at the boundary.
    Horizon(HorizonArgs),
    /// Any other word, for a message of its own.
    #[command(external_subcommand)]
    Other(Vec<String>),
}

/// Measure what rewards count for, within the episode and beyond its end.
#[derive(Debug, Args)]
struct HorizonArgs {
    /// An agent that acts on what its task says: a built-in name, or the path of a component; what
    /// follows a colon is told to it.
    #[arg(value_name = "AGENT[:INSTRUCTIONS]")]
    agent: String,
    /// A policy: a built-in name, or the path of a TOML file.
    #[arg(long, short, default_value = "strict")]
    policy: String,
    /// Number of times that every series of offers is gone through: 108 series each time.
    #[arg(long, default_value_t = 2, value_parser = number::whole::<u32>(1..=1000))]
    repeats: u32,
    /// Number of training episodes at each offer, for an agent that learns; 100 by default.
    #[arg(long, value_parser = number::whole::<u32>(1..=10_000_000))]
    lessons: Option<u32>,
    /// Write the picture to this file as well, as SVG.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Print one JSON object instead of the picture.
    #[arg(long)]
    json: bool,
    /// Seed of every random choice: the same seed measures the same again. By default a fresh one,
    /// which is printed.
    #[arg(long)]
    seed: Option<Seed>,
    /// Number of trials to run at a time; all processors by default. No number depends on it.
    #[arg(long, short, value_parser = number::whole::<u16>(1..=256))]
    jobs: Option<u16>,
}

impl MeasureArgs {
    pub(super) fn execute(&self, registry: &Registry) -> Result<Exit, Failure> {
        match &self.what {
            MeasureCommand::Horizon(horizon) => horizon.execute(registry),
            MeasureCommand::Other(words) => {
                let typed = words.first().map(String::as_str).unwrap_or_default();
                let all: Vec<String> = words.iter().map(|word| suite::quoted(word)).collect();
                Err(Failure::input(
                    format!("`{typed}` cannot be measured: what comes first is what is measured of an agent"),
                    format!("there is the `horizon`: `dayfly measure horizon {}`", all.join(" ")),
                ))
            }
        }
    }
}

impl HorizonArgs {
    fn execute(&self, registry: &Registry) -> Result<Exit, Failure> {
        let stage = Stage::new(threads(jobs(self.jobs), compiling::compiler(false))?).in_registry(registry);
        let (seed, origin) = seed::drawn(self.seed)?;
        let case = self.case(registry, &stage, seed, origin)?;
        if let Some(path) = &self.svg {
            find::place("picture", path)?;
        }
        let inquiry = case.inquiry();
        if let Some(reason) = case.property.inapplicable(&inquiry) {
            return Err(self.unmeasured(&reason));
        }
        let cancel = cancel_on_interrupt()?;
        let (done, progress) = (AtomicU64::new(0), Progress::counting("trials"));
        let watch = |_: Event<'_>| {
            done.fetch_add(1, Ordering::Relaxed);
            progress.inc();
        };
        let observed = suite::observe(&case, &stage, &cancel, &watch).map_err(|error| Failure::suite(&error));
        let observed = observed?;
        if cancel.is_cancelled() {
            drop(progress);
            let done = many(done.into_inner(), "trial");
            // A failure to write is ignored: the error output may be closed.
            let _ = writeln!(anstream::stderr(), "cancelled after {done}: of a part of them there is no number");
            return Ok(Exit::Cancelled);
        }
        let verdict = case.property.judged(&inquiry, &observed);
        let measured = horizon::measure(&inquiry, &observed).filter(|_| verdict.finding != Judgement::NotApplicable);
        // The fit takes as long as the trials: until it is done, something is shown.
        drop(progress);
        let Some(horizon) = measured else { return Err(self.unmeasured(&verdict.statement)) };
        let again = seed::again(seed);
        let told =
            HorizonReport { agent: &self.agent, horizon: &horizon, verdict: &verdict, seed, origin, again: &again };
        if let Some(path) = &self.svg {
            let picture = svg::picture(told);
            find::write_text("picture", path, &picture)?;
        }
        if self.json {
            let data = crate::value::json::pretty(&Data::new(told)).map_err(|error| Failure::host(&error))?;
            say!("{data}");
        } else {
            say!("{}", text::summary(told, width().unwrap_or(80)).trim_end());
        }
        Ok(Exit::Held)
    }

    /// Returns the failure for an agent that has no horizon, with the reason.
    fn unmeasured(&self, reason: &str) -> Failure {
        Failure::nothing(
            format!("the horizon of `{}` cannot be measured: {reason}", self.agent),
            "measure an agent that acts on what its task offers, such as `planner`, or one that learns it, under a policy with a \
             carry-over",
        )
    }

    /// Returns the case of the property that has these trials, for the agent.
    fn case(&self, registry: &Registry, stage: &Stage, seed: Seed, origin: SeedOrigin) -> Result<Case, Failure> {
        let policy = Arc::new(find::policy_here(registry, &self.policy)?);
        let rules = suite::Rules { text: self.policy.clone(), policy };
        let source = find::source(&self.agent)?;
        let known = find::read(&source)?;
        find::fits(&known, &rules.policy, &self.policy)?;
        let agent = stage.agent(&source, &rules.policy).map_err(|error| Failure::stage(&error))?;
        let selection = Selection {
            agents: vec![(Arc::new(source), agent.learns())],
            rules: vec![rules],
            worlds: Vec::new(),
            properties: Property::find("horizon").map(Question::from).into_iter().collect(),
            seed,
            origin,
        };
        let cases = selection.cases().map_err(|error| Failure::input(error.message, error.help))?;
        let case = cases.into_iter().next().ok_or_else(|| Failure::nothing("there is nothing to measure", ""))?;
        Ok(Case { trials: Some(self.repeats), lessons: self.lessons, ..case })
    }
}
