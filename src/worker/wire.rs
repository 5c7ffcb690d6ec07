//! The messages between the supervisor and a worker.
//!
//! ```text
//!  supervisor                         worker
//!    Terms   ---------------------->    confines itself
//!            <----------------------  Confined
//!    Charge  ---------------------->
//!    Component, for each agent ---->
//!    Code, for each of these ------>    loads or compiles the agents
//!            <----------------------  Compiled, where it has compiled the only one and the code is wanted
//!                                       confines itself further
//!            <----------------------  Ready, or Unfit: the component does not compile, or does not fit
//!    Batch   ---------------------->    lives the episodes, one after the other
//!            <----------------------  Lived, for each, with the seed that it was opened with
//!    Cancel  ---------------------->    ends the open episode
//!            <----------------------  Stopped
//! ```
//!
//! 1. The version comes first. A worker of another version goes no further.
//! 2. A worker is told neither the ordinal of an episode nor the number of episodes in the run.
//! 3. An answer names its episode. An answer that is repeated, or that was not asked for, does not count for another
//!    episode.

use serde::{Deserialize, Serialize};

use super::frame::{self, Bytes};
use super::parcel::Parcel;
use crate::policy::IsolationPart;
use crate::transcript::Role;
use crate::value::Digest;

/// Version of the protocol. Both ends are the same program, so only one version exists at a time.
pub const VERSION: u32 = 6;

/// Message from the supervisor.
#[derive(Debug, Serialize, Deserialize)]
pub enum WorkerRequest {
    /// The rules that the worker works under.
    Terms(WorkerTerms),
    /// The agents and the world of the episodes.
    Charge(Charge),
    /// Bytes of a component. The components come in the order of their numbers.
    Component(Bytes),
    /// Episodes to be run, in this order.
    Batch(Vec<EpisodeOpening>),
    /// The end of the open episode, and of the work.
    Cancel,
    /// The compiled code of a component, or the lack of it. The codes come in the order of the components.
    Code(Code),
}

/// Compiled code of a component, as the worker is given it.
#[derive(Debug, Serialize, Deserialize)]
pub enum Code {
    /// None. The worker compiles the component.
    None,
    /// None. The worker compiles the component, and sends the code. It is asked for where there is only one component.
    Wanted,
    /// Code that the worker can load.
    Handed {
        /// Key made for this code.
        key: [u8; 32],
        /// Tag of the code under that key.
        tag: [u8; 32],
        /// Code of the agent.
        code: Bytes,
    },
}

/// Rules that a worker works under.
#[derive(Debug, Serialize, Deserialize)]
pub struct WorkerTerms {
    /// Version of the protocol: [`VERSION`].
    pub version: u32,
    /// Version of the program.
    pub program: String,
    /// Effective policy, as TOML.
    pub policy: String,
    /// Tools that the policy allows, with the digest of each.
    pub tools: Vec<(String, Digest)>,
    /// Roles of the episodes, in their order; none where there is only one agent.
    pub roles: Vec<Role>,
    /// Maximum number of seconds of processor time that the episodes of the run can take.
    pub seconds: u64,
}

/// Agents and world of the episodes.
#[derive(Debug, Serialize, Deserialize)]
pub struct Charge {
    /// Number of components that follow. Agents with the same component share it.
    pub components: u32,
    /// Agent of each role, in the order of the roles, or the only agent.
    pub agents: Vec<ChargedAgent>,
    /// Task in words.
    pub task: Option<String>,
    /// Definition of the environment.
    pub environment: String,
    /// Text of the environment, where the program of the workers has to have it in its registry.
    pub registered: Option<String>,
}

/// Agent of a worker.
#[derive(Debug, Serialize, Deserialize)]
pub struct ChargedAgent {
    /// Name of the agent.
    pub name: String,
    /// Number of its component, counted from 0.
    pub component: u32,
    /// Instructions that the agent is given beside its task.
    pub instructions: Option<String>,
}

/// Opening of one episode.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EpisodeOpening {
    /// Seed of every random choice in the episode.
    pub seed: u64,
    /// Number by which the agent knows its lineage.
    pub lineage_seed: u64,
    /// Number of times that its population has been selected from.
    pub generation: u32,
    /// State of its world, where worlds persist.
    pub world: Option<Bytes>,
    /// Carry-over of the previous episode.
    pub carry_over: Bytes,
    /// Carry-over of each role, where there are several and any of them learns.
    pub carry_overs: Vec<Bytes>,
}

/// Message from a worker.
#[derive(Debug, Serialize, Deserialize)]
pub enum WorkerReply {
    /// The confinement of the worker.
    Confined(Confined),
    /// The worker can run episodes.
    Ready,
    /// The component is not an agent.
    Unfit {
        /// Reason for the refusal.
        why: String,
        /// Remedy.
        help: String,
    },
    /// An episode is over.
    Lived {
        /// Seed of the episode.
        of: u64,
        /// Report of the episode.
        parcel: Parcel,
    },
    /// The run was cancelled, and the worker runs no other episode.
    Stopped,
    /// The host failed in the open episode, or before the first one, for this reason.
    Failed(String),
    /// Compiled code of the agent, sent before the worker is ready.
    Compiled(Bytes),
}

/// Confinement of a worker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confined {
    /// Parts in force, with the extent of each.
    #[serde(deserialize_with = "frame::few::<_, _, { IsolationPart::ALL.len() }>")]
    pub in_force: Vec<(u8, String)>,
    /// Parts that are not available, with the reason for each.
    #[serde(deserialize_with = "frame::few::<_, _, { IsolationPart::ALL.len() }>")]
    pub missing: Vec<(u8, String)>,
}

impl Confined {
    /// Returns the parts in force, with the extent of each.
    pub fn in_force(&self) -> impl Iterator<Item = (IsolationPart, &str)> {
        named(&self.in_force)
    }

    /// Returns the same confinement, its texts made safe to show and keep.
    pub(super) fn in_words(self) -> Self {
        let said = |parts: Vec<(u8, String)>| parts.into_iter().map(|(code, text)| (code, words(&text))).collect();
        Self { in_force: said(self.in_force), missing: said(self.missing) }
    }

    /// Returns the parts that are not available, with the reason for each.
    pub fn missing(&self) -> impl Iterator<Item = (IsolationPart, &str)> {
        named(&self.missing)
    }
}

fn named(parts: &[(u8, String)]) -> impl Iterator<Item = (IsolationPart, &str)> {
    parts.iter().filter_map(|(code, text)| Some((*IsolationPart::ALL.get(usize::from(*code))?, text.as_str())))
}

/// Maximum number of characters that are kept of a worker's text.
const WORDS: usize = 1000;

/// Returns a worker's text, cut to a readable length. Characters that are not plain are escaped as in Rust, since the
/// text is not to be trusted.
pub(super) fn words(said: &str) -> String {
    let mut words = String::new();
    for (position, character) in said.chars().enumerate() {
        if position == WORDS {
            words.push('…');
            break;
        }
        match character {
            '"' | '\'' | '\\' => words.push(character),
            _ => words.extend(character.escape_debug()),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_plain_and_few() {
        assert_eq!(words("it's \"there\" \\ é 漢"), "it's \"there\" \\ é 漢");
        assert_eq!(words("\u{1b}[2J\u{9b}m\r\n"), "\\u{1b}[2J\\u{9b}m\\r\\n");
        // What turns a line around, ends it, or is not seen.
        assert_eq!(words("\u{202e}\u{2028}\u{e0041}\u{200b}"), "\\u{202e}\\u{2028}\\u{e0041}\\u{200b}");
        assert_eq!(words(&"é".repeat(WORDS)), "é".repeat(WORDS));
        assert_eq!(words(&"é".repeat(WORDS + 1)), format!("{}…", "é".repeat(WORDS)));
    }

    #[test]
    fn no_more_parts_are_read_than_there_are() {
        let parts = |count: usize| Confined { in_force: vec![(0, String::new()); count], missing: Vec::new() };
        let read = |confined: Confined| {
            let bytes = postcard::to_extend(&WorkerReply::Confined(confined), Vec::new()).unwrap();
            frame::message::<WorkerReply>(&bytes).is_ok()
        };
        assert!(read(parts(IsolationPart::ALL.len())));
        assert!(!read(parts(IsolationPart::ALL.len() + 1)));
    }
}
