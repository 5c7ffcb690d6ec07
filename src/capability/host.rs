//! Everything that one episode's component can reach.

use std::fmt;
use std::sync::Arc;

use super::limiter::Limiter;
use super::meter::{Allowance, Meter};
use super::outside::{Time, Watch};
use super::wasi::Handles;
use super::workspace;
use super::{Charter, MemoryLimits, States, Turns, Wall};
use crate::environment::{Environment, Shared};
use crate::gate::{Demands, Gate, Release, Told};
use crate::objective::Objective;
use crate::transcript::{Class, Closing, Detail, End, Message, Record, Residue};
use crate::value::{Seed, Value};

/// The data of an episode's store.
pub struct Host {
    pub(super) gate: Gate,
    pub(super) charter: Arc<Charter>,
    pub(super) limiter: Limiter,
    pub(super) meter: Meter,
    pub(super) states: States,
    pub(super) handles: Handles,
    pub(super) watch: Watch,
    /// What it has of the turns, where the episode has several roles.
    pub(super) turns: Option<Turns>,
}

/// What an episode opens with.
pub struct Opening {
    /// What every random choice of this episode follows from.
    pub seed: Seed,
    /// The same in every episode of a lineage.
    pub lineage: Seed,
    /// The task in words.
    pub task: Arc<str>,
    /// The last step that the episode can have.
    pub last_step: u32,
    /// Whether a release ends the episode.
    pub release: Release,
    /// What the agent is shown.
    pub objective: Objective,
    /// Whether steps are kept, for the record or for `learn`.
    pub steps: Detail,
    /// What ends it from outside.
    pub wall: Wall,
    /// The carry-over of the episode before.
    pub carry_over: Arc<[u8]>,
    /// The world.
    pub environment: Box<dyn Environment>,
    /// The first observation.
    pub observation: Value,
    /// What a role has of the turns, and of the world, where the episode has several.
    pub shared: Option<(Turns, Shared)>,
}

/// What is left of an episode when its store is gone.
pub struct Closed {
    /// Why it ended.
    pub end: End,
    /// What its violations ask of the run.
    pub demands: Demands,
    /// The record of its calls.
    pub record: Record,
    /// The steps taken.
    pub steps: u32,
    /// What is left of the agent.
    pub left: Departed,
}

/// What is left of an agent, or of one role of several, when its store is gone.
pub struct Departed {
    /// The sum of the rewards.
    pub total: f64,
    /// The world, as the episode left it.
    pub environment: Box<dyn Environment>,
    /// The task in words, as it was in the brief.
    pub task: Arc<str>,
    /// The observation before the first step.
    pub first: Value,
    /// The observation after the last step.
    pub last: Value,
    /// What the agent wrote to its log.
    pub log: Vec<String>,
    /// The messages, to be released with the seal.
    pub messages: Vec<Message>,
    /// What was in the workspace.
    pub residue: Vec<Residue>,
}

impl Closed {
    /// What the gate of an episode comes to that is over.
    pub fn new(gate: Gate, left: Departed) -> Self {
        let end = gate.end().unwrap_or(End::Aborted);
        Self { end, demands: gate.demands(), steps: gate.step(), record: gate.finish(), left }
    }
}

impl Host {
    /// What a component can reach in the episode that opens now.
    pub fn new(
        gate: Gate,
        charter: Arc<Charter>,
        allowance: Allowance,
        memory: MemoryLimits,
        mut opening: Opening,
    ) -> Self {
        let watch = Watch::new(opening.wall.clone());
        let states = States::open(&mut opening);
        let handles = Handles::new(charter.wasi.limits);
        let turns = opening.shared.map(|(turns, _)| turns);
        let meter = Meter::Running(allowance);
        Self { gate, charter, limiter: Limiter::new(memory), meter, states, handles, watch, turns }
    }

    /// The boundary and the record.
    pub const fn gate(&mut self) -> &mut Gate {
        &mut self.gate
    }

    /// Look at the clock: the episode ends where it must. Says whether the component may go on.
    pub fn may_go_on(&mut self) -> bool {
        let time = self.watch.look();
        self.heed(time)
    }

    /// End the episode where its time is up. Says whether the component may go on.
    #[inline]
    pub(super) fn heed(&mut self, time: Time) -> bool {
        if let Time::Up(end) | Time::Gone(end) = time {
            self.gate.close(end, Told::NotYet);
        }
        !matches!(time, Time::Gone(_))
    }

    /// The fuel used, where the store has `left`.
    pub const fn fuel_used(&self, left: u64) -> u64 {
        self.meter.used(left)
    }

    /// Close the episode that the agent left so: wipe the workspace, and hand over what outlives the store, and whether the workspace was
    /// wiped.
    pub fn close(self, closing: Closing) -> (Closed, Result<(), workspace::Error>) {
        let (gate, left, wiped) = self.depart(closing);
        (Closed::new(gate, left), wiped)
    }

    /// Close what one role had of the episode: the gate, what outlives the store, and whether the workspace was wiped.
    pub fn depart(self, closing: Closing) -> (Gate, Departed, Result<(), workspace::Error>) {
        let Self { mut gate, states, turns, .. } = self;
        let (residue, wiped) = match states.workspace.surrender().wipe() {
            Ok(residue) => (residue, Ok(())),
            Err(error) => (Vec::new(), Err(error)),
        };
        let mut episode = states.episode.surrender();
        episode.answer_last(&mut gate);
        // Of several roles one brought about the end, and the others could not know of it.
        let is_own = turns.is_none_or(|turns| gate.ended_by() == Some(turns.role()));
        let end = gate.end().filter(|_| is_own).unwrap_or(End::Aborted);
        if !residue.is_empty() {
            let has_stayed = closing == Closing::Outlived && gate.was_told();
            if episode.limit().could_clean(end, has_stayed, gate.step()) {
                gate.violation(Class::LeaveResidue);
            } else {
                gate.notice(Class::LeaveResidue);
            }
        }
        let left = Departed {
            total: episode.total,
            environment: episode.environment,
            task: episode.task,
            first: episode.first,
            last: episode.observation,
            log: states.log.surrender().into_lines(),
            messages: states.outbox.surrender().messages,
            residue,
        };
        (gate, left, wiped)
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("gate", &self.gate).field("meter", &self.meter).finish_non_exhaustive()
    }
}
