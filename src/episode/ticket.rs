//! The opening and the result of an episode.

use std::fmt;
use std::sync::Arc;

use crate::capability::{OutsideError, ToolFailed, WorkspaceError};
use crate::environment::{Environment, Failed};
use crate::gate::Demands;
use crate::transcript::Transcript;
use crate::value::Seed;

/// Opening of one episode.
pub struct Ticket {
    /// Ordinal of the episode in the run.
    pub episode: u64,
    /// Lineage of the episode.
    pub lineage: u32,
    /// Number of the copy of the environment that the episode acts in.
    pub world: u32,
    /// Seed of every random choice in the episode.
    pub seed: Seed,
    /// Number by which the agent knows its lineage.
    pub lineage_seed: Seed,
    /// Number of times that the lineage's population has been selected from so far; 0 without a population.
    pub generation: u32,
    /// In the first episode after a selection, the lineage that the carry-over comes from.
    pub carry_over_of: Option<u32>,
    /// World that the episode acts in.
    pub environment: Box<dyn Environment>,
    /// Carry-over of the lineage's previous episode.
    pub carry_over: Arc<[u8]>,
    /// Carry-over of each role, where there are several and any of them learns. Then there is none besides.
    pub carry_overs: Vec<Arc<[u8]>>,
}

/// Result of an episode that is over.
pub struct Finished {
    /// Transcript of the episode.
    pub transcript: Transcript,
    /// World, as the episode left it.
    pub environment: Box<dyn Environment>,
    /// Carry-over of the next episode.
    pub carry_over: Arc<[u8]>,
    /// Carry-over of each role for the next episode, where there are several roles.
    pub carry_overs: Vec<Arc<[u8]>>,
    /// Demands of its violations on the run.
    pub demands: Demands,
}

/// Episode that the host could not complete.
#[derive(Debug)]
pub struct Aborted {
    /// Record of the episode, as far as it went.
    pub transcript: Transcript,
    /// Failure of the host.
    pub error: Error,
}

/// Error returned when an episode cannot be opened or completed.
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

impl fmt::Debug for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lived").field("transcript", &self.transcript).finish_non_exhaustive()
    }
}
