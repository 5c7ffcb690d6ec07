//! The pool of workers of a run.

mod start;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::assignment::{self, Assignment, Loss, LossCost};
use super::bounds::Bounds;
use super::guard::Guard;
use super::patience::Patience;
use super::report::Validated;
use super::slot::WorkerSlot;
use super::store::Store;
use super::sweeper::{Leftover, Sweeper};
use super::watchdog::Watchdog;
use super::wire::Confined;
use crate::agent::ParsedAgent;
use crate::environment::World;
use crate::episode::{Setting, Ticket};
use crate::policy::IsolationPart;
use crate::value::{lock, plain};

/// Pool of workers of a run. Each slot has one worker, which is started when it is first needed and replaced when it
/// is lost.
pub struct WorkerPool {
    program: PathBuf,
    setting: Setting<ParsedAgent>,
    bounds: Bounds,
    terms: Vec<u8>,
    /// Charge, and the components of the agents.
    charge: Vec<u8>,
    store: Store,
    confined: Confined,
    patience: Patience,
    /// `true` once a worker has taken up its work. From then on a refusal is a fault of the worker that refuses.
    is_taken_up: AtomicBool,
    /// `true` where no episode has been run since the start, or since an episode was last charged for workers that
    /// began none.
    is_barren: AtomicBool,
    _guard: Option<Guard>,
    watchdog: Watchdog,
    slots: Vec<Mutex<Option<WorkerSlot>>>,
    /// Remover of scratch folders. It is the last field, since dropped slots still hand it their folders.
    sweeper: Sweeper,
}

/// Error returned when episodes cannot be run in worker processes.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The worker process could not be started.
    #[error("a worker could not be started")]
    Start(#[source] std::io::Error),
    /// A worker was lost, or answered nonsense, before it ran an episode.
    #[error("a worker could not take up its work: {0}")]
    TakeUp(String),
    /// Workers take up their work, but are lost before they begin an episode.
    #[error("no worker begins an episode: {0}, {most} in a row", most = assignment::IDLE)]
    Barren(String),
    /// The worker reported that the component is not an agent.
    #[error("{why}")]
    Agent {
        /// Reason for the refusal.
        why: String,
        /// Remedy.
        help: String,
    },
    /// The policy demands a confinement that this system does not have.
    #[error("the policy demands a confinement that is not to be had: {}", lines(.0))]
    Missing(Vec<(IsolationPart, String)>),
    /// The world is defined by the embedding program, and no other process can make it.
    #[error("the world `{}` lives in this process only: no worker can make it", plain(.0))]
    World(String),
    /// The policy allows a tool of the embedding program, and no other process has it.
    #[error("the tool `{}` lives in this process only: no worker has it", plain(.0))]
    Tool(String),
    /// The policy allows a tool whose answers come from outside, which a worker cannot reach.
    #[error("the tool `{}` asks the outside, which no worker can", plain(.0))]
    Outside(String),
}

/// Pause before the first attempt that follows a failed one. Each later pause is twice as long as the one before.
const BACK_OFF: Duration = Duration::from_millis(100);
/// Interval at which a waiting thread looks for the cancellation of the run.
const LOOK: Duration = Duration::from_millis(20);

impl WorkerPool {
    /// Maximum number of episodes that are handed to a worker at a time.
    pub const MOST: u64 = 32;

    /// Returns a pool of `slots` workers of `program`, for a run of `episodes` in this world. Compiled code is kept
    /// in `store`. `is_own` is `true` if the program registers the worlds and tools of this process. The first worker is started at once, so that what is missing is known before anything is recorded.
    ///
    /// The first worker is believed when it says that the component is not an agent, or that it cannot take up its
    /// work. Any later worker that says so is lost.
    ///
    /// # Errors
    ///
    /// Returns [`Error`], which says what is missing.
    pub fn new(
        (program, is_own): (&Path, bool),
        setting: Setting<ParsedAgent>,
        world: &World,
        slots: usize,
        episodes: u64,
        store: Store,
        patience: Patience,
    ) -> Result<Self, Error> {
        for tool in setting.policy.tools_allowed() {
            if tool.is_outside() {
                return Err(Error::Outside(tool.name().to_owned()));
            }
            if !tool.is_builtin() && !is_own {
                return Err(Error::Tool(tool.name().to_owned()));
            }
        }
        if world.portable().is_none() && !is_own {
            return Err(Error::World(world.name().to_owned()));
        }
        let bounds = Bounds::of(&setting, world.made().as_ref());
        let (terms, charge) = (start::terms(&setting, episodes)?, start::charge(&setting, world)?);
        let sweeper = Sweeper::start();
        let broom = sweeper.broom().ok_or_else(|| Error::TakeUp("nobody removes what a worker leaves".to_owned()))?;
        let watchdog = Watchdog::new(&setting.cancel, broom).map_err(|error| Error::TakeUp(error.to_string()))?;
        let mut pool = Self {
            program: program.to_path_buf(),
            _guard: Guard::start(&setting.policy, &setting.role_names(), watchdog.watched()),
            setting,
            bounds,
            terms,
            charge,
            store,
            confined: Confined::default(),
            patience,
            is_taken_up: AtomicBool::new(false),
            is_barren: AtomicBool::new(true),
            watchdog,
            slots: (0..slots.max(1)).map(|_| Mutex::new(None)).collect(),
            sweeper,
        };
        let (first, confined) = pool.start()?;
        pool.confined = confined;
        if let Some(slot) = pool.slots.first_mut() {
            *slot = Mutex::new(Some(first));
        }
        Ok(pool)
    }

    /// Returns the confinement of the workers.
    pub const fn confined(&self) -> &Confined {
        &self.confined
    }

    /// Starts the workers of all slots now, rather than when they are first needed.
    ///
    /// # Errors
    ///
    /// Returns [`Error`] when a worker cannot be started.
    pub fn fill(&self) -> Result<(), Error> {
        for slot in &self.slots {
            let mut held = lock(slot);
            if held.is_none() {
                *held = Some(self.start()?.0);
            }
        }
        Ok(())
    }

    /// Ends all workers. Returns the folders of workers that could not be removed.
    pub fn dismiss(&self) -> Vec<Leftover> {
        for slot in &self.slots {
            drop(lock(slot).take());
        }
        self.sweeper.left()
    }

    /// Waits until the files of lost workers are removed, as far as they can be.
    pub fn swept(&self) {
        self.sweeper.left();
    }

    /// Runs the episodes that `more` returns on the worker of a slot, until `more` returns none. Each episode goes to
    /// `done` once it is over, in order unless a worker was lost. A cancelled run leaves episodes out.
    ///
    /// # Errors
    ///
    /// Returns [`Error`] when a lost worker cannot be replaced, or when no worker begins an episode any more.
    pub fn live(
        &self,
        slot: usize,
        mut more: impl FnMut() -> Vec<Ticket>,
        mut done: impl FnMut(u64, Validated),
    ) -> Result<(), Error> {
        let slots = self.slots.len().max(1);
        let Some(slot) = self.slots.get(slot.checked_rem(slots).unwrap_or(0)) else { return Ok(()) };
        let mut held = lock(slot);
        let patience = start::longest(&self.setting).saturating_add(self.patience.answer);
        let mut assignment = Assignment::new(&self.setting, &self.bounds, &self.watchdog, patience);
        while assignment.goes_on(&mut more) {
            let mut worker = match held.take() {
                Some(worker) => worker,
                None if self.setting.cancel.is_cancelled() => return Ok(()),
                None => self.start()?.0,
            };
            let before = worker.told;
            let left = assignment.work(&mut worker, &mut more, &mut done);
            if worker.told > before {
                self.is_barren.store(false, Ordering::Relaxed);
            }
            let (open, why) = match left {
                Ok(assignment::AfterWork::Ready) => {
                    *held = Some(worker);
                    continue;
                }
                Ok(assignment::AfterWork::Stopped) => return Ok(()),
                Err(Loss::Pipe(error)) => worker.lose(&error),
                Err(Loss::Told(why)) => {
                    drop(worker);
                    (Some(0), why)
                }
            };
            match assignment.lost(open, &why, &mut done) {
                LossCost::Episode => {}
                LossCost::Nothing(attempts) => self.back_off(attempts),
                // One episode may keep a worker from beginning it. Where no episode was run since the last such
                // charge, all episodes do.
                LossCost::Patience if self.is_barren.swap(true, Ordering::Relaxed) => return Err(Error::Barren(why)),
                LossCost::Patience => assignment.charge(why, &mut done),
            }
        }
        Ok(())
    }

    /// Waits before the next attempt, after `attempts` that failed. The wait ends when the run is cancelled.
    fn back_off(&self, attempts: u32) {
        let mut left = BACK_OFF.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1)));
        while !left.is_zero() && !self.setting.cancel.is_cancelled() {
            std::thread::sleep(left.min(LOOK));
            left = left.saturating_sub(LOOK);
        }
    }
}

fn lines(missing: &[(IsolationPart, String)]) -> String {
    let lines: Vec<String> = missing.iter().map(|(part, why)| format!("`{}`: {why}", part.name())).collect();
    lines.join("; ")
}
