//! What an episode opens with, and what it leaves behind.

use std::fmt;
use std::sync::Arc;

use crate::capability::{OutsideError, ToolFailed, WorkspaceError};
use crate::environment::{Environment, Failed};
use crate::gate::Demands;
use crate::transcript::Transcript;
use crate::value::Seed;

/// What one episode opens with.
pub struct Ticket {
    /// Its ordinal in the run.
    pub episode: u64,
    /// Its lineage.
    pub lineage: u32,
    /// The copy of the environment it acts in.
    pub world: u32,
    /// What every random choice of it follows from.
    pub seed: Seed,
    /// The number that its lineage is known to the agent by.
    pub lineage_seed: Seed,
    /// How many times the lineage's population has been selected from so far; 0 without a population.
    pub generation: u32,
    /// In the first episode after a selection, the lineage that the carry-over is of.
    pub carry_over_of: Option<u32>,
    /// The world.
    pub environment: Box<dyn Environment>,
    /// The carry-over of the lineage's episode before.
    pub carry_over: Arc<[u8]>,
}

/// An episode that is over.
pub struct Lived {
    /// What happened.
    pub transcript: Transcript,
    /// The world, as the episode left it.
    pub environment: Box<dyn Environment>,
    /// The carry-over of the next episode.
    pub carry_over: Arc<[u8]>,
    /// What its violations ask of the run.
    pub demands: Demands,
}

/// An episode that the host could not bring to its end.
#[derive(Debug)]
pub struct Aborted {
    /// What is recorded of it.
    pub transcript: Transcript,
    /// What the host failed at.
    pub error: Error,
}

/// The host could not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The workspace failed.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The outside could not be waited for.
    #[error(transparent)]
    Outside(#[from] OutsideError),
    /// The world failed.
    #[error(transparent)]
    World(#[from] Failed),
    /// A tool failed.
    #[error(transparent)]
    Tool(#[from] ToolFailed),
    /// The agent imports what the policy does not grant.
    #[error("the policy does not grant {}, which the agent imports", .0.join(", "))]
    Ungranted(Vec<String>),
    /// wasmtime failed where no agent can be the cause.
    #[error("the engine failed: {0}")]
    Engine(String),
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("episode", &self.episode).field("seed", &self.seed).finish_non_exhaustive()
    }
}

impl fmt::Debug for Lived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lived").field("transcript", &self.transcript).finish_non_exhaustive()
    }
}
