//! What the supervisor and a worker say to each other.
//!
//! ```text
//!  supervisor                         worker
//!    Terms   ---------------------->    confines itself
//!            <----------------------  Confined
//!    Charge  ---------------------->
//!    Code    ---------------------->    loads or compiles the agent
//!            <----------------------  Compiled, where it has compiled it and the code is wanted
//!                                       confines itself further
//!            <----------------------  Ready, or Unfit: the component does not compile, or does not fit
//!    Batch   ---------------------->    lives the episodes, one after the other
//!            <----------------------  Lived, for each, with the seed that it was opened with
//!    Cancel  ---------------------->    ends the open episode
//!            <----------------------  Stopped
//! ```
//!
//! 1. The version comes first, and a worker that does not speak it goes no further.
//! 2. A worker is told nothing of where an episode stands in the run: not its number, not how many there are.
//! 3. An answer says which episode it is of: one that is given twice, or that nobody asked for, is taken for no other.

use serde::{Deserialize, Serialize};

use super::frame::{self, Bytes};
use super::parcel::Parcel;
use crate::policy::Part;

/// The version of this conversation. Both ends are the same program, so there is no other to speak.
pub const VERSION: u32 = 5;

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
    /// What there is of the code of the agent.
    Code(Code),
}

/// What a worker is told of the code of its agent.
#[derive(Debug, Serialize, Deserialize)]
pub enum Code {
    /// It has to compile the agent.
    None,
    /// It has to compile the agent, and to tell the code.
    Wanted,
    /// It can load this.
    Handed {
        /// A key that was made for it.
        key: [u8; 32],
        /// What vouches for the code with that key.
        tag: [u8; 32],
        /// The code.
        code: Bytes,
    },
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
    Lived {
        /// The seed that it was opened with.
        of: u64,
        /// What there is to tell of it.
        parcel: Parcel,
    },
    /// It was cancelled, and lives no other episode.
    Stopped,
    /// It cannot go on, and why: the host failed at the open episode, or at what comes before any.
    Failed(String),
    /// The code of the agent, before it is ready.
    Compiled(Bytes),
}

/// What confines a worker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confined {
    /// What is in force, and how far.
    #[serde(deserialize_with = "frame::few::<_, _, { Part::ALL.len() }>")]
    pub in_force: Vec<(u8, String)>,
    /// What is not to be had, and why.
    #[serde(deserialize_with = "frame::few::<_, _, { Part::ALL.len() }>")]
    pub missing: Vec<(u8, String)>,
}

impl Confined {
    /// The parts in force, with how far each goes.
    pub fn in_force(&self) -> impl Iterator<Item = (Part, &str)> {
        named(&self.in_force)
    }

    /// The same in words that can be shown and kept.
    pub(super) fn in_words(self) -> Self {
        let said = |parts: Vec<(u8, String)>| parts.into_iter().map(|(code, text)| (code, words(&text))).collect();
        Self { in_force: said(self.in_force), missing: said(self.missing) }
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

/// What a worker says in words, and no more of it than people read: it may say anything. What is no plain character is written as one
/// in Rust would be.
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
            let bytes = postcard::to_extend(&Answer::Confined(confined), Vec::new()).unwrap();
            frame::message::<Answer>(&bytes).is_ok()
        };
        assert!(read(parts(Part::ALL.len())));
        assert!(!read(parts(Part::ALL.len() + 1)));
    }
}
