//! The workers of a run, as runs use them.

mod start;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::bounds::Bounds;
use super::guard::Guard;
use super::patience::Patience;
use super::seat::Seat;
use super::shift::{self, Cost, Loss, Shift};
use super::store::Store;
use super::sweeper::{Left, Sweeper};
use super::told::Believed;
use super::warden::Warden;
use super::wire::Confined;
use crate::agent::Known;
use crate::environment::World;
use crate::episode::{Setting, Ticket};
use crate::policy::Part;
use crate::value::{lock, plain};

/// The workers of a run: one a seat, started when it is first needed, and again where one is lost.
pub struct Crew {
    program: PathBuf,
    setting: Setting<Known>,
    bounds: Bounds,
    terms: Vec<u8>,
    charge: Vec<u8>,
    store: Store,
    confined: Confined,
    patience: Patience,
    /// Whether a worker has taken up its work: then there is nothing wrong with that.
    is_taken_up: AtomicBool,
    /// Whether no episode has been lived since the last one was charged for workers that began none, or since the start.
    is_barren: AtomicBool,
    _guard: Option<Guard>,
    warden: Warden,
    seats: Vec<Mutex<Option<Seat>>>,
    /// Goes last: seats leave it something to do.
    sweeper: Sweeper,
}

/// Episodes cannot be lived in processes of their own.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The process could not be started.
    #[error("a worker could not be started")]
    Start(#[source] std::io::Error),
    /// It was gone, or did not make sense, before it lived anything.
    #[error("a worker could not take up its work: {0}")]
    TakeUp(String),
    /// Workers take up their work, and are gone before they begin an episode.
    #[error("no worker begins an episode: {0}, {most} in a row", most = shift::IDLE)]
    Barren(String),
    /// It found out that the component is no agent, and said why, and what to do about it.
    #[error("{why}")]
    Agent {
        /// Why.
        why: String,
        /// What to do about it.
        help: String,
    },
    /// What the policy demands is not to be had here.
    #[error("the policy demands a confinement that is not to be had: {}", lines(.0))]
    Missing(Vec<(Part, String)>),
    /// The world is one of whoever embeds Dayfly, and no other process can make it.
    #[error("the world `{}` lives in this process only: no worker can make it", plain(.0))]
    World(String),
    /// The policy allows a tool of whoever embeds Dayfly, and no other process has it.
    #[error("the tool `{}` lives in this process only: no worker has it", plain(.0))]
    Tool(String),
}

/// How long the first attempt waits that follows one that failed; each later one waits twice as long as the one before it.
const BACK_OFF: Duration = Duration::from_millis(100);
/// How often somebody who waits looks whether the run is cancelled.
const LOOK: Duration = Duration::from_millis(20);

impl Crew {
    /// The most episodes that are handed to a worker at a time.
    pub const MOST: u64 = 32;

    /// A crew of `seats` workers of `program`, for a run of `episodes` in this world, whose code is kept in
    /// `store`. The first one is started, so that what is missing is known before anything is recorded.
    ///
    /// One that says that the agent is none, or that it cannot take up its work, is believed where it is the first: any later one is lost
    /// like one that says nothing.
    ///
    /// # Errors
    ///
    /// [`Error`] says what is missing.
    pub fn new(
        program: &Path,
        setting: Setting<Known>,
        world: &World,
        seats: usize,
        episodes: u64,
        store: Store,
        patience: Patience,
    ) -> Result<Self, Error> {
        if let Some(tool) = setting.policy.tool_of_this_process() {
            return Err(Error::Tool(tool.to_owned()));
        }
        let Some(definition) = world.portable() else { return Err(Error::World(world.name().to_owned())) };
        let bounds = Bounds::of(&setting, world.made().as_ref());
        let (terms, charge) = (start::terms(&setting, episodes)?, start::charge(&setting, &definition)?);
        let sweeper = Sweeper::start();
        let broom = sweeper.broom().ok_or_else(|| Error::TakeUp("nobody removes what a worker leaves".to_owned()))?;
        let warden = Warden::new(&setting.cancel, broom).map_err(|error| Error::TakeUp(error.to_string()))?;
        let mut crew = Self {
            program: program.to_path_buf(),
            _guard: Guard::start(&setting.policy, warden.watched()),
            setting,
            bounds,
            terms,
            charge,
            store,
            confined: Confined::default(),
            patience,
            is_taken_up: AtomicBool::new(false),
            is_barren: AtomicBool::new(true),
            warden,
            seats: (0..seats.max(1)).map(|_| Mutex::new(None)).collect(),
            sweeper,
        };
        let (first, confined) = crew.start()?;
        crew.confined = confined;
        if let Some(seat) = crew.seats.first_mut() {
            *seat = Mutex::new(Some(first));
        }
        Ok(crew)
    }

    /// What confines the workers.
    pub const fn confined(&self) -> &Confined {
        &self.confined
    }

    /// Start the workers of all seats now, rather than when they are first needed.
    ///
    /// # Errors
    ///
    /// [`Error`] where one cannot be had.
    pub fn fill(&self) -> Result<(), Error> {
        for slot in &self.seats {
            let mut held = lock(slot);
            if held.is_none() {
                *held = Some(self.start()?.0);
            }
        }
        Ok(())
    }

    /// End all workers, and give what they left on the disk and could not be removed.
    pub fn dismiss(&self) -> Vec<Left> {
        for slot in &self.seats {
            drop(lock(slot).take());
        }
        self.sweeper.left()
    }

    /// Wait until what lost workers left on the disk is removed, as far as it can be.
    pub fn swept(&self) {
        self.sweeper.left();
    }

    /// Live the episodes that `more` gives on the worker of a seat, until it gives none, and give each to `done` once it is over; not
    /// in their order where a worker was lost. Fewer are lived where the run is cancelled.
    ///
    /// # Errors
    ///
    /// [`Error`] where a worker that was lost cannot be replaced, or no worker begins an episode any more.
    pub fn live(
        &self,
        seat: usize,
        mut more: impl FnMut() -> Vec<Ticket>,
        mut done: impl FnMut(u64, Believed),
    ) -> Result<(), Error> {
        let slots = self.seats.len().max(1);
        let Some(slot) = self.seats.get(seat.checked_rem(slots).unwrap_or(0)) else { return Ok(()) };
        let mut held = lock(slot);
        // Learning has the wall clock once more.
        let patience = self.setting.policy.episode.wall.saturating_mul(2).saturating_add(self.patience.answer);
        let mut shift = Shift::new(&self.setting, &self.bounds, &self.warden, patience);
        while shift.goes_on(&mut more) {
            let mut worker = match held.take() {
                Some(worker) => worker,
                None if self.setting.cancel.is_cancelled() => return Ok(()),
                None => self.start()?.0,
            };
            let before = worker.told;
            let left = shift.work(&mut worker, &mut more, &mut done);
            if worker.told > before {
                self.is_barren.store(false, Ordering::Relaxed);
            }
            let (open, why) = match left {
                Ok(shift::Left::Ready) => {
                    *held = Some(worker);
                    continue;
                }
                Ok(shift::Left::Stopped) => return Ok(()),
                Err(Loss::Pipe(error)) => worker.lose(&error),
                Err(Loss::Told(why)) => {
                    drop(worker);
                    (Some(0), why)
                }
            };
            match shift.lost(open, &why, &mut done) {
                Cost::Episode => {}
                Cost::Nothing(attempts) => self.back_off(attempts),
                // One episode may be what keeps a worker from beginning it. Where none was lived since the last such, it is all of them.
                Cost::Patience if self.is_barren.swap(true, Ordering::Relaxed) => return Err(Error::Barren(why)),
                Cost::Patience => shift.charge(why, &mut done),
            }
        }
        Ok(())
    }

    /// Wait before the next attempt, after so many that failed; no longer than until the run is cancelled.
    fn back_off(&self, attempts: u32) {
        let mut left = BACK_OFF.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1)));
        while !left.is_zero() && !self.setting.cancel.is_cancelled() {
            std::thread::sleep(left.min(LOOK));
            left = left.saturating_sub(LOOK);
        }
    }
}

fn lines(missing: &[(Part, String)]) -> String {
    let lines: Vec<String> = missing.iter().map(|(part, why)| format!("`{}`: {why}", part.name())).collect();
    lines.join("; ")
}
