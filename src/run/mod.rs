//! Runs: many episodes of one agent, spread over threads or processes. The record does not depend on the spread.
//!
//! ```text
//!  Plan --> Run: manifest, executor, ledger --> wave of tickets --executor--> Finished, in any order
//!                                                       ^                          |
//!                environment, carry-over of the next ---+       in their order: ledger, Summary, Sink
//! ```
//!
//! A wave is a set of episodes of which none depends on another. Where something crosses the boundary, it is one
//! episode of every lineage. Otherwise it is all episodes, or a fixed number where room is checked in between.
//!
//! 1. The record is the same for any number of jobs: episodes are put in order before they are recorded.
//! 2. The record always holds the first episodes of the run, without a gap. Sinks are given these episodes, and no
//!    others.
//! 3. Memory does not grow with the number of episodes.
//! 4. Selection between lineages happens between waves, on what all of them have recorded.
//! 5. The transcripts of a run have no more bytes than its policy allows. A transcript that would exceed the limit is
//!    not recorded, and no message of it is released.
//! 6. Where workspaces are granted, there is room for all open episodes, whatever they write. The room is checked
//!    between waves, each time after a fixed number of episodes. Other programs may use it up in the meantime.
//! 7. A run has one manifest. The ledger begins with it, and every episode names its digest. The ledger is closed
//!    whatever ends the run.

mod executor;
mod halt;
mod lineage;
mod noticed;
mod observe;
mod order;
mod plan;
mod population;
mod relay;
mod sink;
mod summary;
mod threads;
mod workers;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

pub use halt::Halt;
pub use noticed::Noticed;
pub use observe::{observe, terms};
pub use order::spread;
pub use plan::Plan;
pub use relay::relay;
pub use sink::{Recorded, Sink, Unwatched};
pub use summary::{FirstViolation, RoleSummary, Spread, Summary, Trap, last_lines};
pub use threads::{Error as ThreadsError, Threads};
pub use workers::Workers;

use self::executor::{Completed, Executor};
use self::halt::Reserve;
use self::lineage::Lineages;
use crate::agent::ParsedAgent;
use crate::episode::{self, Cancel, Setting};
use crate::ledger::{self, Head, Manifest, Reason, SealedManifest, Writer};
use crate::policy::Process;
use crate::transcript::Role;
use crate::value::{Digest, plain};
use crate::worker::{self, Leftover, WorkerPool};

/// Run that is ready to begin, with the executor of its episodes and the ledger that they are recorded in.
pub struct Run {
    plan: Plan,
    manifest: Manifest,
    sealed: SealedManifest,
    executor: Executor,
    cancel: Cancel,
    writer: Writer,
}

/// Run without an executor. INVARIANT 7: its manifest is made once.
struct Prepared {
    plan: Plan,
    manifest: Manifest,
    sealed: SealedManifest,
}

/// Result of a run.
#[derive(Debug)]
#[non_exhaustive]
pub struct RunOutcome {
    /// Summary of the run in numbers.
    pub summary: Summary,
    /// Reason for the end of the run.
    pub ending: Ending,
    /// Head of its ledger, which is closed.
    pub head: Head,
    /// Folders of workers that could not be removed.
    #[doc(hidden)]
    pub left: Vec<Leftover>,
}

/// Reason for the end of a run.
#[derive(Debug)]
#[non_exhaustive]
pub enum Ending {
    /// Every episode was run.
    Completed,
    /// The operator cancelled the run.
    Cancelled,
    /// The policy answered a violation with `quarantine`.
    Quarantined,
    /// The next transcript would have exceeded the number of bytes that the policy allows a run.
    Full,
    /// The host could not go on; the last episode recorded was aborted.
    Aborted(episode::Error),
    /// The host could not go on after the last episode recorded, which counts like the others.
    Halted(Halt),
}

/// Error returned when a run cannot be started, carried out or recorded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The ledger could not be written.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The agent does not fit the policy.
    #[error(transparent)]
    Episode(#[from] episode::Error),
    /// The policy has a population that is smaller than the number of lineages.
    #[error("a population of {size} has no {lineages} lineages")]
    Population {
        /// Size of the population.
        size: u32,
        /// Number of lineages of the run.
        lineages: u32,
    },
    /// The roles of the plan are not those of the world.
    #[error("{}", misfit(world, roles, given))]
    Roles {
        /// Name of the world.
        world: String,
        /// Roles of the world; none where it is for one agent.
        roles: Vec<String>,
        /// Roles of the plan.
        given: Vec<String>,
    },
    /// The world has more roles than an episode may have, or two of one name.
    #[error("`{}` has more than {} roles, or two of one name", plain(.0), Role::MOST_ROLES)]
    Unfit(String),
    /// The policy has a table for a role that the world does not have.
    #[error("the policy has `[roles.{role}]`, and `{}` has no role `{role}`", plain(world))]
    NoSuchRole {
        /// Role that the policy names.
        role: String,
        /// Name of the world.
        world: String,
        /// Roles of the world.
        roles: Vec<String>,
    },
    /// The policy selects between lineages by their return, and each of several roles has a return of its own.
    #[error("the policy selects between lineages by their return, and each role has a return of its own")]
    RolesSelect,
    /// The threads could not be started, or an agent could not be compiled for them.
    #[error(transparent)]
    Threads(#[from] ThreadsError),
    /// The policy demands worker processes.
    #[error("the policy `{}` demands that episodes are lived in processes of their own", plain(.0))]
    NotIsolated(String),
    /// The worker processes could not be started.
    #[error(transparent)]
    Worker(#[from] worker::Error),
    /// The host could not go on after an episode.
    #[error(transparent)]
    Halted(#[from] Halt),
}

/// Number of episodes after which the room for the next ones is checked again.
const OFTEN: u64 = 256;

impl Run {
    /// Returns a run on threads of this process. Its ledger is not stored, but has a head all the same.
    ///
    /// # Errors
    ///
    /// Returns [`Error`] when the plan does not fit its policy or its population, or the agent does not compile.
    pub fn on_threads(plan: Plan, threads: &Threads, cancel: &Cancel) -> Result<Self, Error> {
        if plan.policy.isolation.process == Process::Required {
            return Err(Error::NotIsolated(plan.policy.name.clone()));
        }
        let (begun, setting) = Prepared::new(plan, cancel)?;
        // Missing grants are found before anything is compiled.
        let roles = begun.plan.roles.len();
        let setting = setting.compiled(|agent| threads.agent_among(agent, &begun.plan.policy, roles))?;
        Ok(begun.with(Executor::Threads(threads.clone(), Box::new(setting)), cancel))
    }

    /// Returns a run in confined worker processes.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Run::on_threads`], and [`Error::Worker`] when the processes cannot be started. No
    /// episode has been run then.
    pub fn on_workers(plan: Plan, workers: Workers, cancel: &Cancel) -> Result<Self, Error> {
        let (begun, setting) = Prepared::new(plan, cancel)?;
        let pool = threads::pool(workers.jobs)?;
        let workers = workers.start(setting, &begun.plan)?;
        Ok(begun.with(Executor::Workers(Box::new(workers), pool, cancel.clone()), cancel))
    }

    /// Returns the same run, recorded in a folder that does not exist yet.
    ///
    /// # Errors
    ///
    /// Returns [`ledger::Error`] when there is anything at `folder`, or it cannot be written.
    pub fn record_in(self, folder: &Path) -> Result<Self, ledger::Error> {
        let writer = Writer::create(folder, &self.sealed)?;
        Ok(Self { writer, ..self })
    }

    /// Returns the same run, recorded as [`Run::record_in`] does, with each checkpoint signed.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Run::record_in`].
    pub fn record_signed_in(self, folder: &Path, key: ledger::SigningKey) -> Result<Self, ledger::Error> {
        let writer = Writer::create_signed(folder, &self.sealed, key)?;
        Ok(Self { writer, ..self })
    }

    /// Returns the digest of the manifest, which each episode names as its run.
    pub fn digest(&self) -> Digest {
        self.sealed.digest()
    }

    /// Returns the same run, whose sink is shown each step, also where the policy records only their digest. Worker
    /// processes report no steps.
    #[must_use]
    pub fn showing_steps(mut self) -> Self {
        if let Executor::Threads(_, setting) = &mut self.executor {
            setting.show_steps();
        }
        self
    }

    /// Returns the manifest of the run.
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Returns the pool of workers, if the run has one.
    #[doc(hidden)]
    pub fn workers(&self) -> Option<&WorkerPool> {
        match &self.executor {
            Executor::Workers(workers, ..) => Some(workers),
            Executor::Threads(..) => None,
        }
    }

    /// Runs the episodes, hands each recorded one to the sink, and closes the ledger.
    ///
    /// # Errors
    ///
    /// Returns [`Error`] when the run cannot be recorded. The episodes recorded before are sealed, where the disk
    /// allows it.
    pub fn carry_out(self, sink: &mut dyn Sink) -> Result<RunOutcome, Error> {
        let Self { plan, executor, cancel, writer, .. } = self;
        let mut recording = Recording {
            left: plan.policy.run_bytes,
            asked: plan.episodes,
            next: 0,
            writer,
            summary: Summary { trapped: plan.policy.episode.trapped, ..Summary::default() },
            sink,
            over: None,
        };
        let ending = executor.install(|| go_through(&plan, &executor, &cancel, &mut recording));
        let Recording { writer, summary, .. } = recording;
        let left = executor.dismiss();
        match ending {
            // INVARIANT 7
            Ok(ending) => Ok(RunOutcome { head: writer.close(ending.reason())?, summary, ending, left }),
            Err(error) => {
                // The first error is the one to return.
                let _ = writer.close(Reason::Aborted);
                Err(error)
            }
        }
    }
}

/// Runs the episodes of a run, wave by wave.
fn go_through(
    plan: &Plan,
    executor: &Executor,
    cancel: &Cancel,
    recording: &mut Recording<'_>,
) -> Result<Ending, Error> {
    let mut lineages = Lineages::new(plan);
    let reserve = Reserve::of(&plan.policy, &plan.roles, executor.jobs());
    let mut due = 0;
    while recording.next < plan.episodes {
        let first = recording.next;
        if let Some(reserve) = reserve.as_ref().filter(|_| first >= due) {
            // INVARIANT 6: no episode is open.
            if let Some(halt) = executor.lack(reserve) {
                return Ok(Ending::Halted(halt));
            }
            due = first.saturating_add(OFTEN);
        }
        // INVARIANT 4
        lineages.select(first);
        let wave = lineages.wave(first, if reserve.is_some() { OFTEN } else { u64::MAX });
        let lost = executor.live(&lineages, wave, plan.policy.record.steps, &mut |lived| recording.take(lived));
        if let Some(over) = recording.over.take() {
            return over;
        }
        if cancel.is_cancelled() {
            return Ok(Ending::Cancelled);
        }
        if let Err(error) = lost {
            return Ok(Ending::Halted(error.into()));
        }
    }
    Ok(Ending::Completed)
}

/// Record of a run while it goes on.
struct Recording<'s> {
    /// Number of bytes that its transcripts may still have.
    left: u64,
    /// Number of episodes that were asked for.
    asked: u64,
    /// Episode that is recorded next.
    next: u64,
    writer: Writer,
    summary: Summary,
    sink: &'s mut dyn Sink,
    /// Reason for which no further episode is recorded, once there is one.
    over: Option<Result<Ending, Error>>,
}

impl Recording<'_> {
    /// Records the next episode. INVARIANT 1 and INVARIANT 2: episodes come in order, and none after the one that
    /// ends the run.
    fn take(&mut self, lived: Result<Completed, Error>) -> ControlFlow<()> {
        self.over = match lived.and_then(|lived| self.record(lived)) {
            Ok(None) => return ControlFlow::Continue(()),
            Ok(Some(ending)) => Some(Ok(ending)),
            Err(error) => Some(Err(error)),
        };
        ControlFlow::Break(())
    }

    fn record(&mut self, lived: Completed) -> Result<Option<Ending>, Error> {
        let Completed { transcript, sealed, demands, failure } = lived;
        // INVARIANT 5
        let Some(left) = self.left.checked_sub(sealed.length()) else { return Ok(Some(Ending::Full)) };
        self.left = left;
        self.writer.append(&sealed)?;
        self.next = self.next.saturating_add(1);
        self.summary.add(&transcript, demands, self.asked);
        self.sink.episode(Recorded { transcript: &transcript, sealed: &sealed });
        Ok(match failure {
            Some(error) => Some(Ending::Aborted(error)),
            None => demands.quarantine.then_some(Ending::Quarantined),
        })
    }
}

impl Prepared {
    /// Returns the run of a plan, and the setting of its episodes.
    fn new(plan: Plan, cancel: &Cancel) -> Result<(Self, Setting<ParsedAgent>), Error> {
        plan.fits_its_population()?;
        let plan = plan.fitting_its_world()?;
        let manifest = plan.manifest();
        let sealed = SealedManifest::new(&manifest)?;
        let (agent, policy) = (plan.agent.clone(), Arc::clone(&plan.policy));
        let (task, run, cancel) = (plan.task.clone(), sealed.digest(), cancel.clone());
        let setting = if plan.roles.is_empty() {
            Setting::new(agent, policy, task, run, cancel)?
        } else {
            Setting::of_roles(agent, plan.roles.clone(), policy, task, run, cancel)?
        };
        Ok((Self { plan, manifest, sealed }, setting))
    }

    fn with(self, executor: Executor, cancel: &Cancel) -> Run {
        let Self { plan, manifest, sealed } = self;
        let writer = Writer::nowhere(&sealed);
        Run { plan, manifest, sealed, executor, cancel: cancel.clone(), writer }
    }
}

impl RunOutcome {
    /// Returns the same outcome, or `None` if the operator cancelled the run.
    ///
    /// # Errors
    ///
    /// Returns the reason for which the host could not go on.
    pub fn unless_cancelled(self) -> Result<Option<Self>, Error> {
        match self.ending {
            Ending::Cancelled => Ok(None),
            Ending::Aborted(error) => Err(error.into()),
            Ending::Halted(halt) => Err(halt.into()),
            Ending::Completed | Ending::Quarantined | Ending::Full => Ok(Some(self)),
        }
    }
}

/// Describes the difference between the roles of a world and those of a plan.
fn misfit(world: &str, roles: &[String], given: &[String]) -> String {
    let world = plain(world);
    if roles.is_empty() {
        return format!("`{world}` is a world of one agent, and has no roles");
    }
    let other = given.iter().find(|role| !roles.contains(role));
    let twice = given.iter().enumerate().find(|(at, role)| given.iter().take(*at).any(|before| before == *role));
    let missing = roles.iter().find(|role| !given.contains(role));
    match (other, twice, missing) {
        (Some(role), ..) => format!("`{world}` has no role `{role}`"),
        (None, Some((_, role)), _) => format!("the role `{role}` is played twice"),
        (None, None, Some(role)) => format!("nobody plays the role `{role}` of `{world}`"),
        (None, None, None) => format!("`{world}` has other roles"),
    }
}

impl Ending {
    /// Returns the reason that the ledger is closed with.
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

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").field("plan", &self.plan).finish_non_exhaustive()
    }
}
