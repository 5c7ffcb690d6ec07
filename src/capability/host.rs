//! Host data: everything that the component of one episode can reach.

use std::fmt;
use std::sync::Arc;

use super::limiter::Limiter;
use super::meter::{Allowance, Meter};
use super::outside::{Time, WallClockWatch};
use super::wasi::Handles;
use super::workspace;
use super::{Charter, MemoryLimits, States, Turns, Wall};
use crate::environment::{Environment, RoleView};
use crate::gate::{Awareness, Demands, Gate, Release};
use crate::objective::Objective;
use crate::transcript::{Class, Closing, Detail, End, Message, Record, Residue};
use crate::value::{Seed, Value};

/// Data of an episode's store.
pub struct Host {
    pub(super) gate: Gate,
    pub(super) charter: Arc<Charter>,
    pub(super) limiter: Limiter,
    pub(super) meter: Meter,
    pub(super) states: States,
    pub(super) handles: Handles,
    pub(super) watch: WallClockWatch,
    /// Turns of this role, where the episode has several.
    pub(super) turns: Option<Turns>,
}

/// Inputs that an episode opens with.
pub struct HostOpening {
    /// Seed of every random choice of this episode.
    pub seed: Seed,
    /// Seed that is the same in every episode of a lineage.
    pub lineage: Seed,
    /// Task in words.
    pub task: Arc<str>,
    /// Last step that the episode can have.
    pub last_step: u32,
    /// Effect of a release on the episode.
    pub release: Release,
    /// Objective, and the part of it that the agent is shown.
    pub objective: Objective,
    /// Detail in which steps are kept, for the record or for `learn`.
    pub steps: Detail,
    /// Wall clock and cancellation, which end the episode from outside.
    pub wall: Wall,
    /// Carry-over from the previous episode.
    pub carry_over: Arc<[u8]>,
    /// World.
    pub environment: Box<dyn Environment>,
    /// First observation.
    pub observation: Value,
    /// Turns and shared world of a role, where the episode has several.
    pub shared: Option<(Turns, RoleView)>,
}

/// Remains of an episode when its store is gone.
pub struct Closed {
    /// Reason of its end.
    pub end: End,
    /// Demands that its violations make on the run.
    pub demands: Demands,
    /// Record of its calls.
    pub record: Record,
    /// Number of steps taken.
    pub steps: u32,
    /// Remains of the agent.
    pub left: Departed,
}

/// Remains of an agent, or of one role of several, when its store is gone.
pub struct Departed {
    /// Sum of the rewards.
    pub total: f64,
    /// World in the state in which the episode left it.
    pub environment: Box<dyn Environment>,
    /// Task in words, as it was in the brief.
    pub task: Arc<str>,
    /// Observation before the first step.
    pub first: Value,
    /// Observation after the last step.
    pub last: Value,
    /// Lines that the agent wrote to its log.
    pub log: Vec<String>,
    /// Messages, to be released with the seal.
    pub messages: Vec<Message>,
    /// Contents of the workspace.
    pub residue: Vec<Residue>,
}

impl Closed {
    /// Closes the gate of an episode that is over.
    pub fn new(gate: Gate, left: Departed) -> Self {
        let end = gate.end().unwrap_or(End::Aborted);
        Self { end, demands: gate.demands(), steps: gate.step(), record: gate.finish(), left }
    }
}

impl Host {
    /// Makes the host data of an episode that opens now.
    pub fn new(
        gate: Gate,
        charter: Arc<Charter>,
        allowance: Allowance,
        memory: MemoryLimits,
        mut opening: HostOpening,
    ) -> Self {
        let watch = WallClockWatch::new(opening.wall.clone());
        let states = States::open(&mut opening);
        let handles = Handles::new(charter.wasi.limits);
        let turns = opening.shared.map(|(turns, _)| turns);
        let meter = Meter::Running(allowance);
        Self { gate, charter, limiter: Limiter::new(memory), meter, states, handles, watch, turns }
    }

    /// Returns the gate, which has the boundary and the record.
    pub const fn gate(&mut self) -> &mut Gate {
        &mut self.gate
    }

    /// Checks the clock, and ends the episode if its time is up. Returns `true` if the component
    /// may go on.
    pub fn may_go_on(&mut self) -> bool {
        let time = self.watch.look();
        self.heed(time)
    }

    /// Ends the episode if its time is up. Returns `true` if the component may go on.
    #[inline]
    pub(super) fn heed(&mut self, time: Time) -> bool {
        if let Time::Up(end) | Time::Gone(end) = time {
            self.gate.close(end, Awareness::NotYet);
        }
        !matches!(time, Time::Gone(_))
    }

    /// Returns the fuel used, for a store that has `left`.
    pub const fn fuel_used(&self, left: u64) -> u64 {
        self.meter.used(left)
    }

    /// Closes the episode after the agent left it as `closing` says, and wipes the workspace.
    /// Returns the remains, and an error if the workspace was not wiped.
    pub fn close(self, closing: Closing) -> (Closed, Result<(), workspace::Error>) {
        let (gate, left, wiped) = self.depart(closing);
        (Closed::new(gate, left), wiped)
    }

    /// Closes the part of one role. Returns the gate, the remains, and an error if the workspace
    /// was not wiped.
    pub fn depart(self, closing: Closing) -> (Gate, Departed, Result<(), workspace::Error>) {
        let Self { mut gate, states, turns, .. } = self;
        let (residue, wiped) = match states.workspace.surrender().wipe() {
            Ok(residue) => (residue, Ok(())),
            Err(error) => (Vec::new(), Err(error)),
        };
        let mut episode = states.episode.surrender();
        episode.answer_last(&mut gate);
        // One of several roles brought about the end. The others could not foresee it.
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
