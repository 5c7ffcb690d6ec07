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
//! 5. The transcripts of a run have no more bytes than its policy says. Where one would be too many, it is not recorded, and nothing
//!    of it is released.
//! 6. Where workspaces are granted there is room for all that are open at a time, whatever is written to them: it is looked at between
//!    waves, every so many episodes. Others may take it meanwhile.

mod halt;
mod lineage;
mod manifest;
mod noticed;
mod population;
mod relay;
mod spread;
mod summary;
mod trial;
mod wave;

use std::sync::Arc;

use rayon::{ThreadPool, ThreadPoolBuilder};

pub use halt::Halt;
pub use lineage::Make;
pub use relay::relay;
pub use spread::spread;
pub use summary::{Example, Spread, Summary, Trap};
pub use trial::{observe, terms};

use self::halt::Reserve;
use crate::agent::{Agent, Compiler, Known};
use crate::environment::Environment;
use crate::episode::{self, Cancel, Setting};
use crate::ledger::{self, Reason, Writer};
use crate::policy::{Policy, Population, Process};
use crate::transcript::{Detail, Transcript};
use crate::value::{Digest, Draws, Seed, plain};
use crate::worker::{self, Crew, Patience, Store};

/// What is to be run. Where the agent is only [`Known`], by workers.
#[derive(Clone, Debug)]
pub struct Plan<A = Agent> {
    /// The agent.
    pub agent: A,
    /// The policy.
    pub policy: Arc<Policy>,
    /// The environment.
    pub world: World,
    /// The task in words; that of the environment without one.
    pub task: Option<Arc<str>>,
    /// How many episodes.
    pub episodes: u64,
    /// How many lineages they belong to; episode `i` belongs to lineage `i` modulo this. At least 1, and of an agent that learns
    /// no more than the size of the population where the policy has one; of fewer, nothing is selected.
    pub lineages: u32,
    /// What every random choice follows from.
    pub seed: Seed,
    /// The name of its draws, where other agents are to meet the same; without one they are the agent's own.
    pub draws: Option<Arc<str>>,
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
    /// The next transcript would have been more than the policy lets a run keep.
    Full,
    /// The host could not go on; the last episode recorded was aborted.
    Aborted(episode::Error),
    /// The host could not go on after the last episode recorded, which counts like the others.
    Halted(Halt),
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
    /// The policy demands processes of their own for episodes.
    #[error("the policy `{}` demands that episodes are lived in processes of their own", plain(.0))]
    NotIsolated(String),
    /// Processes of their own.
    #[error(transparent)]
    Worker(#[from] worker::Error),
    /// The host could not go on after an episode.
    #[error(transparent)]
    Halted(#[from] Halt),
    /// A transcript could not be written as JSON.
    #[error("a transcript could not be encoded")]
    Encode(#[from] serde_json::Error),
}

/// Who lives the episodes of a run.
enum Hands<'a> {
    /// Threads of this process.
    Threads(&'a Setting),
    /// Workers.
    Crew(&'a Crew, &'a Cancel),
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

/// The same with the workers of [`Plan::crew`]: the record is the same, but for episodes whose worker was lost.
///
/// # Errors
///
/// As [`run`].
pub fn run_apart<A: AsRef<Known> + Sync>(
    plan: &Plan<A>,
    crew: &Crew,
    jobs: usize,
    cancel: &Cancel,
    writer: &mut Writer,
    observe: &(dyn Fn(&Transcript) + Sync),
) -> Result<(Summary, Ending), Error> {
    workers(jobs)?.install(|| go_through(plan, &Hands::Crew(crew, cancel), cancel, writer, observe))
}

/// Who watches a run.
#[derive(Clone, Copy)]
pub struct Watch<'w> {
    /// Whether transcripts are shown with each step, where the policy keeps only their digest.
    pub steps: Detail,
    /// Called on a worker after each episode, in any order.
    pub see: &'w (dyn Fn(&Transcript) + Sync),
}

/// Carry out a run as [`run`] does, on the workers of the current pool.
///
/// # Errors
///
/// As [`run`].
pub fn carry_out(
    plan: &Plan,
    manifest: Digest,
    cancel: &Cancel,
    writer: &mut Writer,
    watch: Watch<'_>,
) -> Result<(Summary, Ending), Error> {
    if plan.policy.isolation.process == Process::Required {
        return Err(Error::NotIsolated(plan.policy.name.clone()));
    }
    let setting = plan.setting(plan.agent.clone(), manifest, cancel)?.showing(watch.steps);
    go_through(plan, &Hands::Threads(&setting), cancel, writer, watch.see)
}

/// After how many episodes it is looked at again whether there is room for the next ones.
const OFTEN: u64 = 256;

/// Go through the episodes of a run, wave by wave.
fn go_through<A: AsRef<Known>>(
    plan: &Plan<A>,
    hands: &Hands<'_>,
    cancel: &Cancel,
    writer: &mut Writer,
    observe: &(dyn Fn(&Transcript) + Sync),
) -> Result<(Summary, Ending), Error> {
    plan.fits_its_population()?;
    let mut summary = Summary { trapped: plan.policy.episode.trapped, ..Summary::default() };
    let mut lineages = lineage::Lineages::new(plan);
    let reserve = Reserve::of(&plan.policy, rayon::current_num_threads());
    let mut left = plan.policy.run_bytes;
    let (mut first, mut due) = (0, 0);
    while first < plan.episodes {
        if let Some(reserve) = reserve.as_ref().filter(|_| first >= due) {
            // INVARIANT 6: no episode is open.
            if let Some(halt) = hands.lack(reserve) {
                return Ok((summary, Ending::Halted(halt)));
            }
            due = first.saturating_add(OFTEN);
        }
        // INVARIANT 4
        lineages.select(first);
        let wave = lineages.wave(first);
        let (done, lost) = wave::live(hands, &lineages, &wave, plan.policy.record.steps, observe);
        let next = first.saturating_add(u64::try_from(done.len()).unwrap_or(u64::MAX));
        for lived in done {
            let lived = lived?;
            // INVARIANT 5
            let Some(still) = left.checked_sub(lived.sealed.length()) else { return Ok((summary, Ending::Full)) };
            left = still;
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
        if let Some(error) = lost {
            return Ok((summary, Ending::Halted(error.into())));
        }
        first = next;
    }
    Ok((summary, Ending::Completed))
}

impl Hands<'_> {
    /// What is wrong where there is no room for the next episodes. What lost workers left is not theirs to keep.
    fn lack(&self, reserve: &Reserve) -> Option<Halt> {
        let lacks = reserve.lacks()?;
        match self {
            Self::Threads(_) => Some(lacks),
            Self::Crew(crew, _) => {
                crew.swept();
                reserve.lacks()
            }
        }
    }
}

impl Plan<Known> {
    /// The same plan, with the agent compiled.
    pub fn with(self, agent: Agent) -> Plan {
        let Self { agent: _, policy, world, task, episodes, lineages, seed, draws } = self;
        Plan { agent, policy, world, task, episodes, lineages, seed, draws }
    }
}

impl<A: AsRef<Known>> Plan<A> {
    /// All that the agent can see of chance.
    pub fn draws(&self) -> Draws {
        match &self.draws {
            None => Draws::of(self.seed, self.agent.as_ref().handed(self.task.as_deref())),
            Some(name) => Draws::named(self.seed, name),
        }
    }

    fn fits_its_population(&self) -> Result<(), Error> {
        match self.policy.population {
            // Who does not learn is not selected from.
            Some(Population { size, .. }) if self.agent.as_ref().learns() && size < self.lineages => {
                Err(Error::Population { size, lineages: self.lineages })
            }
            _ => Ok(()),
        }
    }

    /// What all episodes of this run share, with its agent in this form.
    fn setting<B: AsRef<Known>>(
        &self,
        agent: B,
        manifest: Digest,
        cancel: &Cancel,
    ) -> Result<Setting<B>, episode::Error> {
        Setting::new(agent, Arc::clone(&self.policy), self.task.clone(), manifest, cancel.clone())
    }

    /// Workers of the program at `program`, which has to be this one, for this run and `jobs` threads.
    ///
    /// # Errors
    ///
    /// What is missing: nothing has been lived.
    pub fn crew(
        &self,
        program: &std::path::Path,
        manifest: Digest,
        jobs: usize,
        cancel: &Cancel,
    ) -> Result<Crew, Error> {
        self.crew_with(program, manifest, jobs, cancel, Compiler::default(), Patience::default())
    }

    /// The same workers, with a compiler that keeps what they have compiled and says when they begin, and so long for their answers.
    ///
    /// # Errors
    ///
    /// As [`Plan::crew`].
    pub fn crew_with(
        &self,
        program: &std::path::Path,
        manifest: Digest,
        jobs: usize,
        cancel: &Cancel,
        compiler: Compiler,
        patience: Patience,
    ) -> Result<Crew, Error> {
        self.fits_its_population()?;
        let setting = self.setting(self.agent.as_ref().clone(), manifest, cancel)?;
        let store = Store::new(compiler, &setting);
        Ok(Crew::new(program, setting, &self.world.definition, jobs, self.episodes, store, patience)?)
    }
}

impl Ending {
    /// What the ledger is closed with.
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Completed => Reason::Completed,
            Self::Cancelled => Reason::Cancelled,
            Self::Quarantined => Reason::Quarantined,
            Self::Full => Reason::Full,
            Self::Aborted(_) | Self::Halted(_) => Reason::Aborted,
        }
    }
}

/// A pool of so many workers; at least one. Each has the stack that an episode needs, whatever the system gives threads.
pub fn workers(jobs: usize) -> Result<ThreadPool, rayon::ThreadPoolBuildError> {
    let named = |index| format!("worker {index}");
    ThreadPoolBuilder::new().num_threads(jobs.max(1)).thread_name(named).stack_size(episode::STACK).build()
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
