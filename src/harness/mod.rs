//! Runs: many episodes of one agent, spread over workers, in a record that does not depend on how.
//!
//! ```text
//!  Plan --manifest--> ledger          wave of tickets --workers--> Lived, in any order
//!                       ^                                            |
//!                       +---- sealed lines, Summary <--- in order ---+---> environment, carry-over of the next wave
//! ```
//!
//! A wave is a set of episodes none of which depends on another: one of every lineage where something crosses the boundary, and
//! a fixed number of episodes where nothing does.
//!
//! 1. The record is the same for any number of workers: what reaches it is put in the order of the episodes first.
//! 2. What is recorded is always the first episodes of the run, without a gap.
//! 3. Memory does not grow with the number of episodes.
//! 4. Selection between lineages happens between waves, on what all of them have recorded.

mod lineage;
mod manifest;
mod population;
mod summary;
mod trial;
mod wave;

use std::sync::Arc;

use rayon::{ThreadPool, ThreadPoolBuilder};

pub use lineage::Make;
pub use manifest::{Manifest, Named};
pub use summary::{Example, Spread, Summary};
pub use trial::{observe, terms};

use crate::agent::Agent;
use crate::environment::Environment;
use crate::episode::{self, Cancel, Setting};
use crate::ledger::{self, Reason, Writer};
use crate::policy::{Policy, Population};
use crate::transcript::{Detail, Transcript};
use crate::value::{Digest, Seed};

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The agent.
    pub agent: Agent,
    /// The policy.
    pub policy: Arc<Policy>,
    /// The environment.
    pub world: World,
    /// The task in words; that of the environment without one.
    pub task: Option<Arc<str>>,
    /// How many episodes.
    pub episodes: u64,
    /// How many lineages they belong to; episode `i` belongs to lineage `i` modulo this. At least 1, and no more than
    /// the size of the population where the policy has one; of fewer, nothing is selected.
    pub lineages: u32,
    /// What every random choice follows from.
    pub seed: Seed,
}

/// An environment that can be made anew: built in, from a file, or of one's own.
#[derive(Clone)]
pub struct World {
    /// What selects it, for people: the name with its parameters.
    pub name: String,
    /// What it is in full: for a file its canonical text, so that the record does not need the file.
    pub definition: String,
    /// Makes a fresh one.
    pub make: Arc<Make>,
}

/// Why a run ended.
#[derive(Debug)]
pub enum Ending {
    /// Every episode was run.
    Completed,
    /// The operator cancelled it.
    Cancelled,
    /// A violation that the policy answers with `quarantine`.
    Quarantined,
    /// The host could not go on; the last episode recorded was aborted.
    Aborted(episode::Error),
}

/// The run could not be carried out, or not be recorded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The record.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The agent does not fit the policy.
    #[error(transparent)]
    Episode(#[from] episode::Error),
    /// The policy has a population, and it is smaller.
    #[error("a population of {size} has no {lineages} lineages")]
    Population {
        /// Its size.
        size: u32,
        /// The lineages of the run.
        lineages: u32,
    },
    /// The workers.
    #[error("the workers could not be started")]
    Workers(#[from] rayon::ThreadPoolBuildError),
    /// A transcript could not be written as JSON.
    #[error("a transcript could not be encoded")]
    Encode(#[from] serde_json::Error),
}

/// Carry out a run with `jobs` workers, and record it in a ledger that begins with the manifest of this digest.
///
/// `observe` is called on a worker after each episode, in any order, for those who watch.
///
/// # Errors
///
/// [`Error`] where the run could not be recorded; its ledger is then not closed.
pub fn run(
    plan: &Plan,
    manifest: Digest,
    jobs: usize,
    cancel: &Cancel,
    writer: &mut Writer,
    observe: &(dyn Fn(&Transcript) + Sync),
) -> Result<(Summary, Ending), Error> {
    let watch = Watch { steps: Detail::Digest, see: observe };
    workers(jobs)?.install(|| carry_out(plan, manifest, cancel, writer, watch))
}

/// Who watches a run.
#[derive(Clone, Copy)]
struct Watch<'w> {
    /// Whether transcripts are shown with each step, where the policy keeps only their digest.
    steps: Detail,
    /// Called on a worker after each episode, in any order.
    see: &'w (dyn Fn(&Transcript) + Sync),
}

/// Carry out a run on the workers of the current pool.
fn carry_out(
    plan: &Plan,
    manifest: Digest,
    cancel: &Cancel,
    writer: &mut Writer,
    watch: Watch<'_>,
) -> Result<(Summary, Ending), Error> {
    if let Some(Population { size, .. }) = plan.policy.population.filter(|one| one.size < plan.lineages) {
        return Err(Error::Population { size, lineages: plan.lineages });
    }
    let setting =
        Setting::new(plan.agent.clone(), Arc::clone(&plan.policy), plan.task.clone(), manifest, cancel.clone())?;
    let setting = setting.showing(watch.steps);
    let mut summary = Summary::default();
    let mut lineages = lineage::Lineages::new(plan);
    let mut first = 0;
    while first < plan.episodes {
        // INVARIANT 4
        lineages.select(first);
        let wave = lineages.wave(first);
        let done = wave::live(&setting, &lineages, wave.clone(), watch.see);
        for lived in done {
            let lived = lived?;
            // INVARIANT 1: in the order of the episodes.
            writer.append(&lived.sealed)?;
            summary.add(&lived.digested, plan.episodes);
            if let Some(error) = lived.failure {
                return Ok((summary, Ending::Aborted(error)));
            }
            if lived.digested.demands.quarantine {
                // INVARIANT 2: later episodes of the wave, which other workers may have run, are dropped.
                return Ok((summary, Ending::Quarantined));
            }
        }
        if cancel.is_cancelled() {
            return Ok((summary, Ending::Cancelled));
        }
        first = wave.end;
    }
    Ok((summary, Ending::Completed))
}

impl Ending {
    /// What the ledger is closed with.
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Completed => Reason::Completed,
            Self::Cancelled => Reason::Cancelled,
            Self::Quarantined => Reason::Quarantined,
            Self::Aborted(_) => Reason::Aborted,
        }
    }
}

/// A pool of so many workers; at least one.
pub fn workers(jobs: usize) -> Result<ThreadPool, rayon::ThreadPoolBuildError> {
    ThreadPoolBuilder::new().num_threads(jobs.max(1)).thread_name(|index| format!("worker {index}")).build()
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").field("name", &self.name).finish_non_exhaustive()
    }
}

impl World {
    /// A fresh one.
    pub fn make(&self) -> Box<dyn Environment> {
        (self.make)()
    }
}

impl From<crate::environment::Selection> for World {
    fn from(selection: crate::environment::Selection) -> Self {
        Self {
            name: selection.to_string(),
            definition: selection.definition(),
            make: Arc::new(move || selection.make()),
        }
    }
}
