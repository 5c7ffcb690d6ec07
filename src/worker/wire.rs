//! What the supervisor and a worker say to each other.
//!
//! ```text
//!  supervisor                         worker
//!    Terms   ---------------------->    confines itself
//!            <----------------------  Confined
//!    Charge  ---------------------->    compiles the agent, confines itself further
//!            <----------------------  Ready, or Unfit: the component does not compile, or does not fit
//!    Batch   ---------------------->    lives the episodes, one after the other
//!            <----------------------  Lived, for each
//!    Cancel  ---------------------->    ends the open episode
//!            <----------------------  Stopped
//! ```
//!
//! 1. The version comes first, and a worker that does not speak it goes no further.
//! 2. A worker is told nothing of where an episode stands in the run: not its number, not how many there are.

use serde::{Deserialize, Serialize};

use super::frame::Bytes;
use super::told::Told;
use crate::policy::Part;

/// The version of this conversation. Both ends are the same program, so there is no other to speak.
pub const VERSION: u32 = 2;

/// What the supervisor says.
#[derive(Debug, Serialize, Deserialize)]
pub enum Order {
    /// Under which rules the worker works.
    Terms(Terms),
    /// What lives the episodes, and where.
    Charge(Charge),
    /// Episodes to be lived, in this order.
    Batch(Vec<Opening>),
    /// End the open episode, and live no other.
    Cancel,
}

/// Under which rules a worker works.
#[derive(Debug, Serialize, Deserialize)]
pub struct Terms {
    /// [`VERSION`].
    pub version: u32,
    /// The version of the program.
    pub program: String,
    /// The effective policy, as TOML.
    pub policy: String,
    /// The most seconds of processor time that the episodes of the run can take.
    pub seconds: u64,
}

/// What lives the episodes, and where.
#[derive(Debug, Serialize, Deserialize)]
pub struct Charge {
    /// The name of the agent.
    pub agent: String,
    /// Its component.
    pub component: Bytes,
    /// What it is told beside its task.
    pub instructions: Option<String>,
    /// The task in words.
    pub task: Option<String>,
    /// The definition of the environment.
    pub environment: String,
}

/// What one episode opens with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Opening {
    /// What every random choice of it follows from.
    pub seed: u64,
    /// The number that its lineage is known to the agent by.
    pub lineage_seed: u64,
    /// How many times its population has been selected from.
    pub generation: u32,
    /// The state of its world, where worlds persist.
    pub world: Option<Bytes>,
    /// The carry-over of the episode before.
    pub carry_over: Bytes,
}

/// What a worker says.
#[derive(Debug, Serialize, Deserialize)]
pub enum Answer {
    /// What confines it.
    Confined(Confined),
    /// It can live episodes.
    Ready,
    /// The component is no agent.
    Unfit {
        /// Why.
        why: String,
        /// What to do about it.
        help: String,
    },
    /// An episode is over.
    Lived(Box<Told>),
    /// It was cancelled, and lives no other episode.
    Stopped,
    /// It cannot go on, and why: the host failed at the open episode, or at what comes before any.
    Failed(String),
}

/// What confines a worker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confined {
    /// What is in force, and how far.
    pub in_force: Vec<(u8, String)>,
    /// What is not to be had, and why.
    pub missing: Vec<(u8, String)>,
}

impl Confined {
    /// The parts in force, with how far each goes.
    pub fn in_force(&self) -> impl Iterator<Item = (Part, &str)> {
        named(&self.in_force)
    }

    /// The parts that are not to be had, with why.
    pub fn missing(&self) -> impl Iterator<Item = (Part, &str)> {
        named(&self.missing)
    }
}

fn named(parts: &[(u8, String)]) -> impl Iterator<Item = (Part, &str)> {
    parts.iter().filter_map(|(code, text)| Some((*Part::ALL.get(usize::from(*code))?, text.as_str())))
}

/// The most characters that are kept of what a worker says in words.
const WORDS: usize = 1000;

/// What a worker says in words, and no more of it than people read: it may say anything.
pub(super) fn words(mut said: String) -> String {
    if let Some((end, _)) = said.char_indices().nth(WORDS) {
        said.truncate(end);
        said.push('…');
    }
    said
}
