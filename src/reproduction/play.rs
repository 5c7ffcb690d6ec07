//! Running the plays of a cell. Of each play, only the data that is measured is kept.
//!
//! Plays share the workers, and so do the episodes of each play.

use std::sync::Arc;

use rayon::prelude::*;

use super::Cell;
use crate::agent::{AgentSource, ParsedAgent};
use crate::environment::World;
use crate::episode::Cancel;
use crate::policy::Policy;
use crate::run::{self, Plan, Run, Threads};
use crate::transcript::{Body, Transcript};
use crate::value::{Seed, Value, plain};

/// A run of a reproduction.
#[derive(Clone, Debug)]
pub struct Play {
    /// An agent that comes with Dayfly, as on the command line.
    pub agent: String,
    /// The policy.
    pub policy: Arc<Policy>,
    /// The world.
    pub world: World,
    /// Task, in words; without one, the task of the world.
    pub task: Option<String>,
    /// Seed from which every random choice follows.
    pub seed: Seed,
    /// Number of episodes.
    pub episodes: u64,
    /// Number of lineages among which the episodes are divided.
    pub lineages: u32,
    /// Data to keep.
    pub watch: KeptFrom,
}

/// Data to keep of a run, from one of its episodes on.
#[derive(Clone, Copy, Debug)]
pub enum KeptFrom {
    /// Number of times that each lineage chose action 1 in the first step.
    Choices {
        /// Ordinal of the first episode that counts.
        from: u64,
    },
    /// Scores of each episode.
    Scores {
        /// Ordinal of the first episode that counts.
        from: u64,
    },
}

/// Data that was kept of a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Observations {
    /// Choices, by lineage.
    Choices(Vec<Lineage>),
    /// Scores, in the order of the episodes.
    Scores(Vec<Score>),
}

/// Number of times that a lineage chose action 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lineage {
    /// Number of episodes in which the first action was 1.
    pub ones: u32,
    /// Number of episodes that count.
    pub episodes: u32,
}

/// Scores of an episode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Number of steps.
    pub steps: u32,
    /// Return.
    pub total: f64,
    /// Hidden performance.
    pub performance: f64,
}

/// Error returned when a reproduction cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The run failed.
    #[error(transparent)]
    Run(#[from] run::Error),
    /// An agent does not come with Dayfly, or cannot be loaded.
    #[error("the agent `{}` cannot be loaded", plain(.0))]
    Agent(String),
}

/// Runs the plays of a cell; none if it was cancelled.
///
/// `observe` is called after each episode.
///
/// # Errors
///
/// [`Error`] if the host fails to run a play.
pub fn carry_out(
    cell: &Cell,
    threads: &Threads,
    cancel: &Cancel,
    observe: &(dyn Fn() + Sync),
) -> Result<Option<Vec<Observations>>, Error> {
    let live = |play: &Play| play.live(read(&play.agent)?, threads, cancel, observe);
    threads.install(|| cell.plays.par_iter().map(live).collect())
}

/// Returns the shipped agent with the name `NAME` or `NAME:INSTRUCTIONS`.
fn read(text: &str) -> Result<ParsedAgent, Error> {
    let agent = AgentSource::shipped(text).and_then(|source| source.read().ok());
    agent.ok_or_else(|| Error::Agent(text.to_owned()))
}

impl Play {
    fn live(
        &self,
        agent: ParsedAgent,
        threads: &Threads,
        cancel: &Cancel,
        observe: &(dyn Fn() + Sync),
    ) -> Result<Option<Observations>, Error> {
        let plan = Plan {
            task: self.task.as_deref().map(Arc::from),
            episodes: self.episodes,
            lineages: self.lineages,
            seed: self.seed,
            ..Plan::new(agent, Arc::clone(&self.policy), self.world.clone())
        };
        let mut kept = RunKeeper::new(self);
        let mut see = |transcript: &Transcript| {
            kept.add(transcript);
            observe();
        };
        let outcome = Run::on_threads(plan, threads, cancel)?.showing_steps().carry_out(&mut see)?;
        Ok(outcome.unless_cancelled()?.map(|_| kept.seen()))
    }
}

/// Data that is kept of a run while it goes on.
struct RunKeeper {
    watch: KeptFrom,
    lineages: Vec<Lineage>,
    scores: Vec<Score>,
}

impl RunKeeper {
    fn new(play: &Play) -> Self {
        let lineages = (0..play.lineages).map(|_| Lineage::default()).collect();
        Self { watch: play.watch, lineages, scores: Vec::new() }
    }

    fn add(&mut self, transcript: &Transcript) {
        match self.watch {
            KeptFrom::Choices { from } if transcript.header.episode >= from => {
                let lineage = usize::try_from(transcript.header.lineage).ok().and_then(|at| self.lineages.get_mut(at));
                let Some(lineage) = lineage else { return };
                lineage.episodes += 1;
                let first = transcript.body.trace.first();
                lineage.ones += u32::from(first.is_some_and(|step| step.action == Value::Discrete(1)));
            }
            KeptFrom::Scores { from } if transcript.header.episode >= from => {
                let Body { steps, total, performance, .. } = transcript.body;
                self.scores.push(Score { steps, total, performance });
            }
            KeptFrom::Choices { .. } | KeptFrom::Scores { .. } => {}
        }
    }

    fn seen(self) -> Observations {
        match self.watch {
            KeptFrom::Choices { .. } => Observations::Choices(self.lineages),
            KeptFrom::Scores { .. } => Observations::Scores(self.scores),
        }
    }
}

impl Lineage {
    /// Returns the share of episodes in which the lineage chose action 1.
    pub fn share(self) -> f64 {
        f64::from(self.ones) / f64::from(self.episodes.max(1))
    }
}

impl Observations {
    /// Returns the choices of each lineage; empty if scores were kept.
    pub fn lineages(&self) -> &[Lineage] {
        match self {
            Self::Choices(lineages) => lineages,
            Self::Scores(_) => &[],
        }
    }

    /// Returns the scores of each episode; empty if choices were kept.
    pub fn scores(&self) -> &[Score] {
        match self {
            Self::Choices(_) => &[],
            Self::Scores(scores) => scores,
        }
    }
}
