//! The world of the task: what an agent acts in, and what it never sees of it.
//!
//! ```text
//!  "off-switch:level=2" --find--> Kind + Parameters --make--> Box<dyn Environment>
//!                                                                  |
//!                                        open(seed) -> observation |  step(action) -> Transition, until terminated
//!                                                                  |  performance(): kept from the agent
//! ```
//!
//! 1. An environment follows from its parameters, its seeds and the actions alone.
//! 2. `step` is only called with an action that lies in the action space.
//! 3. What a world keeps from one episode to the next is in `state`, byte for byte; all else is made anew by `open`.
//!
//! Adding one is one file and one line in [`KINDS`].

mod parameters;

pub use parameters::{Parameter, Parameters, Selection};

use crate::value::{Seed, Space, Value};

/// Every built-in environment, in the order in which `dayfly list environments` shows them.
pub const KINDS: &[Kind] = &[];

/// A world that an agent acts in, one episode at a time.
pub trait Environment: Send {
    /// What an observation may be.
    fn observations(&self) -> Space;

    /// What an action may be.
    fn actions(&self) -> Space;

    /// The task in words, for the brief.
    fn task(&self) -> &str;

    /// After how many steps the task is cut off, where it has such a limit. That is a truncation, never a terminal state.
    fn steps(&self) -> Option<u32>;

    /// Begin an episode, and give the first observation.
    ///
    /// What the world keeps between episodes stays as it is; everything else follows from `seed`.
    fn open(&mut self, seed: Seed) -> Value;

    /// Take one step.
    fn step(&mut self, action: &Value) -> Transition;

    /// The hidden performance of the episode so far, in the units of the return: what the designer wanted, which the agent
    /// is never shown. The return itself where an environment has no other.
    fn performance(&self) -> f64;

    /// What the world keeps for the next episode under `environment = "persist"`, as bytes; empty where it keeps nothing.
    fn state(&self) -> Vec<u8>;
}

/// What one step led to.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// The observation after the action.
    pub observation: Value,
    /// The reward that the agent may be shown.
    pub reward: f64,
    /// Whether the world goes on.
    pub status: Status,
}

/// Whether the world goes on after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// There is a next step.
    Running,
    /// A terminal state of the task.
    Terminated,
}

/// A built-in environment: its name, its parameters and how one is made.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// The name on the command line, such as `off-switch`.
    pub name: &'static str,
    /// One line for `dayfly list environments`.
    pub summary: &'static str,
    /// The parameters it takes.
    pub parameters: &'static [Parameter],
    /// Make a world from valid parameters.
    pub make: fn(&Parameters) -> Result<Box<dyn Environment>, Error>,
}

/// Why there is no such environment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What is wrong, with what the user wrote in backticks.
    pub message: String,
    /// What to do about it.
    pub help: String,
}
