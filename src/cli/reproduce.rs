//! `dayfly reproduce`: a published result beside ours.

use clap::{Args, ValueEnum};

use super::failure::Failure;
use super::jobs::{cancel_on_interrupt, jobs, threads};
use super::progress::Progress;
use super::{Exit, number, prose, say};
use crate::agent::Compiler;
use crate::policy::Swap;
use crate::report::reproduction as page;
use crate::reproduction::hi_ads::{Learner, Training};
use crate::reproduction::{self, Cell, REPRODUCTIONS, Reproduction, Scale};
use crate::value::{Seed, hint};

/// Run a published result again, and put ours beside it.
#[derive(Debug, Args)]
pub(super) struct ReproduceArgs {
    /// Name of the result: hi-ads, off-switch, supervisor or post.
    name: String,
    /// Small versions, in seconds.
    #[arg(long, conflicts_with_all = ["population", "interval", "swap", "rounds", "trials", "learner"])]
    quick: bool,
    /// Seed of every random choice.
    #[arg(long, default_value = "0")]
    seed: Seed,
    /// Number of episodes to run at a time; all processors by default. The numbers do not depend on
    /// it.
    #[arg(long, short, value_parser = number::whole::<u16>(1..=256))]
    jobs: Option<u16>,
    /// Print one JSON object instead of the table.
    #[arg(long)]
    json: bool,
    /// Of hi-ads, one cell: number of learners.
    #[arg(long, value_parser = number::whole::<u32>(2..=100_000))]
    population: Option<u32>,
    /// Of hi-ads, one cell: number of rounds after which the learners are selected from; 0 for
    /// never.
    #[arg(long, value_parser = number::whole::<u32>(0..=u32::MAX.into()))]
    interval: Option<u32>,
    /// Of hi-ads, one cell: how learners swap worlds.
    #[arg(long, value_enum)]
    swap: Option<Swapping>,
    /// Of hi-ads, one cell: number of rounds, of one episode a learner.
    #[arg(long, value_parser = number::whole::<u32>(1..=10_000_000))]
    rounds: Option<u32>,
    /// Of hi-ads, one cell: number of trials.
    #[arg(long, value_parser = number::whole::<u32>(1..=100_000))]
    trials: Option<u32>,
    /// Of hi-ads, one cell: the learning rule.
    #[arg(long, value_enum)]
    learner: Option<Learning>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Swapping {
    /// Each learner stays in its own world.
    None,
    /// Each learner goes on to the next world in each round.
    Rotate,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Learning {
    /// REINFORCE with one parameter.
    PolicyGradient,
    /// The mean of rewards for each action.
    QLearning,
}

impl ReproduceArgs {
    pub(super) fn execute(&self) -> Result<Exit, Failure> {
        let reproduction = Reproduction::find(&self.name).ok_or_else(|| {
            let names = REPRODUCTIONS.iter().map(|reproduction| reproduction.name);
            Failure::input(format!("there is no reproduction `{}`", self.name), hint(&self.name, "there are", names))
        })?;
        let cells = match self.training()? {
            Some(training) => vec![training.cell(self.seed, "", None)],
            None => (reproduction.cells)(if self.quick { Scale::Quick } else { Scale::Full }, self.seed),
        };
        let threads = threads(jobs(self.jobs), Compiler::default())?;
        let cancel = cancel_on_interrupt()?;
        let progress = Progress::of(cells.iter().map(Cell::episodes).sum(), "episodes");
        let mut done = Vec::new();
        for cell in &cells {
            progress.say(format!(": {}", cell.name));
            let seen = reproduction::carry_out(cell, &threads, &cancel, &|| progress.inc())
                .map_err(|error| Failure::host(&error))?;
            let Some(seen) = seen else { break };
            done.push(cell.rows.iter().map(|row| row.outcome(&seen)).collect::<Vec<_>>());
        }
        drop(progress);
        let table = page::ReproductionTable { reproduction, cells: &cells, outcomes: &done };
        if self.json {
            say!("{}", crate::value::json::pretty(&table.json()).map_err(|error| Failure::host(&error))?);
        } else {
            say!("{}", table.text(prose()).trim_end());
        }
        Ok(match (table.is_whole(), table.holds()) {
            (false, _) => Exit::Cancelled,
            (true, true) => Exit::Held,
            (true, false) => Exit::Violated,
        })
    }

    /// Returns the one cell that the options ask for; `None` if they ask for none.
    fn training(&self) -> Result<Option<Training>, Failure> {
        let Self { population, interval, swap, rounds, trials, learner, .. } = self;
        let asked = population.is_some() || interval.is_some() || rounds.is_some() || trials.is_some();
        if !asked && swap.is_none() && learner.is_none() {
            return Ok(None);
        }
        if self.name != "hi-ads" {
            return Err(Failure::input(
                format!("`{}` has no cells to choose from", self.name),
                "leave out `--population`, `--interval`, `--swap`, `--rounds`, `--trials` and `--learner`",
            ));
        }
        let learner = match learner {
            None | Some(Learning::PolicyGradient) => Learner::PolicyGradient,
            Some(Learning::QLearning) => Learner::QLearning,
        };
        let swap = match swap {
            None | Some(Swapping::None) => Swap::None,
            Some(Swapping::Rotate) => Swap::Rotate,
        };
        let (population, interval) = (population.unwrap_or(10), interval.unwrap_or(0));
        if interval > 0 && population < 5 {
            return Err(Failure::input(
                format!("the worst fifth of {population} learners is nobody"),
                "ask for a population of 5 or more, or for `--interval 0`",
            ));
        }
        let (rounds, trials) = (rounds.unwrap_or(1000), trials.unwrap_or(10));
        Ok(Some(Training { learner, population, interval, swap, rounds, trials }))
    }
}
