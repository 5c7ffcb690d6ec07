//! Runs: many episodes of one agent, spread over threads or processes, in a record that does not depend on how.
//!
//! ```text
//!  Plan --> Run: manifest, executor, ledger --> wave of tickets --executor--> Lived, in any order
//!                                                       ^                          |
//!                environment, carry-over of the next ---+       in their order: ledger, Summary, Sink
//! ```
//!
//! A wave is a set of episodes none of which depends on another: one of every lineage where something crosses the boundary, and
//! all of them where nothing does, or a fixed number where room is looked at in between.
//!
//! 1. The record is the same for any number of jobs: what reaches it is put in the order of the episodes first.
//! 2. What is recorded is always the first episodes of the run, without a gap. Sinks are told of these, and of no others.
//! 3. Memory does not grow with the number of episodes.
//! 4. Selection between lineages happens between waves, on what all of them have recorded.
//! 5. The transcripts of a run have no more bytes than its policy says. Where one would be too many, it is not recorded, and nothing
//!    of it is released.
//! 6. Where workspaces are granted there is room for all that are open at a time, whatever is written to them: it is looked at between
//!    waves, every so many episodes. Others may take it meanwhile.
//! 7. A run has one manifest: the ledger begins with it, every episode names its digest, and whatever ends the run closes that ledger.

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
pub use summary::{Example, RoleSummary, Spread, Summary, Trap, last_lines};
pub use threads::{Error as ThreadsError, Threads};
pub use workers::Workers;

use self::executor::{Executor, Lived};
use self::halt::Reserve;
use self::lineage::Lineages;
use crate::agent::Known;
use crate::episode::{self, Cancel, Setting};
use crate::ledger::{self, Head, Manifest, Reason, SealedManifest, Writer};
use crate::policy::Process;
use crate::transcript::Role;
use crate::value::plain;
use crate::worker::{self, Crew, Left};

/// A run that can begin: who lives its episodes, and the ledger that they are recorded in.
pub struct Run {
    plan: Plan,
    manifest: Manifest,
    sealed: SealedManifest,
    executor: Executor,
    cancel: Cancel,
    writer: Writer,
}

/// A run before it has an executor. INVARIANT 7: its manifest is made once.
struct Begun {
    plan: Plan,
    manifest: Manifest,
    sealed: SealedManifest,
}

/// What a run came to.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// The run in numbers.
    pub summary: Summary,
    /// Why it ended.
    pub ending: Ending,
    /// Head of its ledger, which is closed.
    pub head: Head,
    /// What workers left on the disk and could not be removed.
    #[doc(hidden)]
    pub left: Vec<Left>,
}

/// Why a run ended.
#[derive(Debug)]
#[non_exhaustive]
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
#[non_exhaustive]
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
    /// The world has roles that nobody plays, or others are to be played.
    #[error("{}", misfit(world, roles, given))]
    Roles {
        /// The world.
        world: String,
        /// Its roles; none where it is for one agent.
        roles: Vec<String>,
        /// Those that are to be played.
        given: Vec<String>,
    },
    /// The world has more roles than an episode may have, or two of one name.
    #[error("`{}` has more than {} roles, or two of one name", plain(.0), Role::MOST_ROLES)]
    Unfit(String),
    /// The policy has a table for a role that the world does not have.
    #[error("the policy has `[roles.{role}]`, and `{}` has no role `{role}`", plain(world))]
    NoSuchRole {
        /// The role.
        role: String,
        /// The world.
        world: String,
        /// Its roles.
        roles: Vec<String>,
    },
    /// Nothing is carried over from episodes of several roles.
    #[error("`{}` learns, and nothing is carried over from episodes of several roles", plain(.0))]
    RolesLearn(String),
    /// Processes of their own live episodes of one role.
    #[error("episodes of several roles are lived in this process alone")]
    Apart,
    /// The threads, or the agent compiled for them.
    #[error(transparent)]
    Threads(#[from] ThreadsError),
    /// The policy demands processes of their own for episodes.
    #[error("the policy `{}` demands that episodes are lived in processes of their own", plain(.0))]
    NotIsolated(String),
    /// Processes of their own.
    #[error(transparent)]
    Worker(#[from] worker::Error),
    /// The host could not go on after an episode.
    #[error(transparent)]
    Halted(#[from] Halt),
}

/// After how many episodes it is looked at again whether there is room for the next ones.
const OFTEN: u64 = 256;

impl Run {
    /// A run on threads of this process. Its ledger is kept nowhere, and has a head all the same.
    ///
    /// # Errors
    ///
    /// [`Error`] where the plan does not fit its policy or its population, or the agent does not compile.
    pub fn on_threads(plan: Plan, threads: &Threads, cancel: &Cancel) -> Result<Self, Error> {
        if plan.policy.isolation.process == Process::Required {
            return Err(Error::NotIsolated(plan.policy.name.clone()));
        }
        let (begun, setting) = Begun::new(plan, cancel)?;
        // What is not granted is found out before anything is compiled.
        let roles = begun.plan.roles.len();
        let setting = setting.compiled(|agent| threads.agent_among(agent, &begun.plan.policy, roles))?;
        Ok(begun.with(Executor::Threads(threads.clone(), Box::new(setting)), cancel))
    }

    /// A run in confined processes of their own.
    ///
    /// # Errors
    ///
    /// As [`Run::on_threads`], and what is missing for such processes: nothing has been lived.
    pub fn on_workers(plan: Plan, workers: Workers, cancel: &Cancel) -> Result<Self, Error> {
        if !plan.roles.is_empty() {
            return Err(Error::Apart);
        }
        let (begun, setting) = Begun::new(plan, cancel)?;
        let pool = threads::pool(workers.jobs)?;
        let crew = workers.start(setting, &begun.plan)?;
        Ok(begun.with(Executor::Workers(Box::new(crew), pool, cancel.clone()), cancel))
    }

    /// The same run, recorded in a folder that does not exist yet.
    ///
    /// # Errors
    ///
    /// [`ledger::Error`] where there is anything at `folder`, or it cannot be written.
    pub fn record_in(self, folder: &Path) -> Result<Self, ledger::Error> {
        let writer = Writer::create(folder, &self.sealed)?;
        Ok(Self { writer, ..self })
    }

    /// The same run, whose sink is shown each step, also where the policy records only their digest. Processes of their own tell
    /// none.
    #[must_use]
    pub fn showing_steps(mut self) -> Self {
        if let Executor::Threads(_, setting) = &mut self.executor {
            setting.show_steps();
        }
        self
    }

    /// What the run is.
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Its workers, where it has such.
    #[doc(hidden)]
    pub fn workers(&self) -> Option<&Crew> {
        match &self.executor {
            Executor::Workers(crew, ..) => Some(crew),
            Executor::Threads(..) => None,
        }
    }

    /// Carry it out, tell the sink of each episode that is recorded, and close the ledger.
    ///
    /// # Errors
    ///
    /// [`Error`] where the run could not be recorded. What was recorded before is sealed, where the disk takes that.
    pub fn carry_out(self, sink: &mut dyn Sink) -> Result<Outcome, Error> {
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
            Ok(ending) => Ok(Outcome { head: writer.close(ending.reason())?, summary, ending, left }),
            Err(error) => {
                // What went wrong first is what is told.
                let _ = writer.close(Reason::Aborted);
                Err(error)
            }
        }
    }
}

/// Go through the episodes of a run, wave by wave.
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

/// What is recorded of a run while it goes on.
struct Recording<'s> {
    /// The bytes that its transcripts may still have.
    left: u64,
    /// The episodes that were asked for.
    asked: u64,
    /// The episode that is recorded next.
    next: u64,
    writer: Writer,
    summary: Summary,
    sink: &'s mut dyn Sink,
    /// Why no further episode is recorded.
    over: Option<Result<Ending, Error>>,
}

impl Recording<'_> {
    /// Record the next episode. INVARIANT 1 and INVARIANT 2: they come in their order, and none after the one that ends the run.
    fn take(&mut self, lived: Result<Lived, Error>) -> ControlFlow<()> {
        self.over = match lived.and_then(|lived| self.record(lived)) {
            Ok(None) => return ControlFlow::Continue(()),
            Ok(Some(ending)) => Some(Ok(ending)),
            Err(error) => Some(Err(error)),
        };
        ControlFlow::Break(())
    }

    fn record(&mut self, lived: Lived) -> Result<Option<Ending>, Error> {
        let Lived { transcript, sealed, demands, failure } = lived;
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

impl Begun {
    /// The run of a plan, and what its episodes share.
    fn new(plan: Plan, cancel: &Cancel) -> Result<(Self, Setting<Known>), Error> {
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

impl Outcome {
    /// The same, where the run came to an end that the agent and its policy led to; nothing where the operator cancelled it.
    ///
    /// # Errors
    ///
    /// Why the host could not go on.
    pub fn unless_cancelled(self) -> Result<Option<Self>, Error> {
        match self.ending {
            Ending::Cancelled => Ok(None),
            Ending::Aborted(error) => Err(error.into()),
            Ending::Halted(halt) => Err(halt.into()),
            Ending::Completed | Ending::Quarantined | Ending::Full => Ok(Some(self)),
        }
    }
}

/// How the roles of a world and those of a plan differ.
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

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").field("plan", &self.plan).finish_non_exhaustive()
    }
}
