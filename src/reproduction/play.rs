//! Running the plays of a cell, and keeping of each no more than is measured.
//!
//! Plays share the workers, and so do the episodes of each play.

use std::sync::Arc;

use rayon::prelude::*;

use super::Cell;
use crate::agent::{Known, Source};
use crate::environment::World;
use crate::episode::Cancel;
use crate::policy::Policy;
use crate::run::{self, Plan, Run, Threads};
use crate::transcript::{Body, Transcript};
use crate::value::{Seed, Value, plain};

/// One run.
#[derive(Clone, Debug)]
pub struct Play {
    /// An agent that comes with Dayfly, as on the command line.
    pub agent: String,
    /// The policy.
    pub policy: Arc<Policy>,
    /// The world.
    pub world: World,
    /// The task in words; that of the world without one.
    pub task: Option<String>,
    /// What every random choice follows from.
    pub seed: Seed,
    /// How many episodes.
    pub episodes: u64,
    /// How many lineages they belong to.
    pub lineages: u32,
    /// What is kept of it.
    pub watch: Watch,
}

/// What is kept of a run, from an episode on.
#[derive(Clone, Copy, Debug)]
pub enum Watch {
    /// How often each lineage chose action 1 in the first step.
    Choices {
        /// The first episode that counts.
        from: u64,
    },
    /// What each episode came to.
    Scores {
        /// The first episode that counts.
        from: u64,
    },
}

/// What was kept of a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// By lineage.
    Choices(Vec<Lineage>),
    /// In the order of the episodes.
    Scores(Vec<Score>),
}

/// How often a lineage chose action 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lineage {
    /// So often.
    pub ones: u32,
    /// In so many episodes.
    pub episodes: u32,
}

/// What an episode came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Its steps.
    pub steps: u32,
    /// Its return.
    pub total: f64,
    /// Its hidden performance.
    pub performance: f64,
}

/// A reproduction could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The run failed.
    #[error(transparent)]
    Run(#[from] run::Error),
    /// An agent does not come with Dayfly, or cannot be loaded.
    #[error("the agent `{}` cannot be loaded", plain(.0))]
    Agent(String),
}

/// Run the plays of a cell; nothing where it was cancelled.
///
/// `observe` is called after each episode.
///
/// # Errors
///
/// [`Error`] where the host could not carry it out.
pub fn carry_out(
    cell: &Cell,
    threads: &Threads,
    cancel: &Cancel,
    observe: &(dyn Fn() + Sync),
) -> Result<Option<Vec<Seen>>, Error> {
    let live = |play: &Play| play.live(read(&play.agent)?, threads, cancel, observe);
    threads.install(|| cell.plays.par_iter().map(live).collect())
}

/// The shipped agent that is written `NAME` or `NAME:INSTRUCTIONS`.
fn read(text: &str) -> Result<Known, Error> {
    let agent = Source::shipped(text).and_then(|source| source.read().ok());
    agent.ok_or_else(|| Error::Agent(text.to_owned()))
}

impl Play {
    fn live(
        &self,
        agent: Known,
        threads: &Threads,
        cancel: &Cancel,
        observe: &(dyn Fn() + Sync),
    ) -> Result<Option<Seen>, Error> {
        let plan = Plan {
            task: self.task.as_deref().map(Arc::from),
            episodes: self.episodes,
            lineages: self.lineages,
            seed: self.seed,
            ..Plan::new(agent, Arc::clone(&self.policy), self.world.clone())
        };
        let mut kept = Kept::new(self);
        let mut see = |transcript: &Transcript| {
            kept.add(transcript);
            observe();
        };
        let outcome = Run::on_threads(plan, threads, cancel)?.showing_steps().carry_out(&mut see)?;
        Ok(outcome.unless_cancelled()?.map(|_| kept.seen()))
    }
}

/// What is kept of a run while it goes on.
struct Kept {
    watch: Watch,
    lineages: Vec<Lineage>,
    scores: Vec<Score>,
}

impl Kept {
    fn new(play: &Play) -> Self {
        let lineages = (0..play.lineages).map(|_| Lineage::default()).collect();
        Self { watch: play.watch, lineages, scores: Vec::new() }
    }

    fn add(&mut self, transcript: &Transcript) {
        match self.watch {
            Watch::Choices { from } if transcript.header.episode >= from => {
                let lineage = usize::try_from(transcript.header.lineage).ok().and_then(|at| self.lineages.get_mut(at));
                let Some(lineage) = lineage else { return };
                lineage.episodes += 1;
                let first = transcript.body.trace.first();
                lineage.ones += u32::from(first.is_some_and(|step| step.action == Value::Discrete(1)));
            }
            Watch::Scores { from } if transcript.header.episode >= from => {
                let Body { steps, total, performance, .. } = transcript.body;
                self.scores.push(Score { steps, total, performance });
            }
            Watch::Choices { .. } | Watch::Scores { .. } => {}
        }
    }

    fn seen(self) -> Seen {
        match self.watch {
            Watch::Choices { .. } => Seen::Choices(self.lineages),
            Watch::Scores { .. } => Seen::Scores(self.scores),
        }
    }
}

impl Lineage {
    /// The share of its episodes in which it chose action 1.
    pub fn share(self) -> f64 {
        f64::from(self.ones) / f64::from(self.episodes.max(1))
    }
}

impl Seen {
    /// What was seen of lineages; nothing where scores were.
    pub fn lineages(&self) -> &[Lineage] {
        match self {
            Self::Choices(lineages) => lineages,
            Self::Scores(_) => &[],
        }
    }

    /// What was seen of episodes; nothing where choices were.
    pub fn scores(&self) -> &[Score] {
        match self {
            Self::Choices(_) => &[],
            Self::Scores(scores) => scores,
        }
    }
}
