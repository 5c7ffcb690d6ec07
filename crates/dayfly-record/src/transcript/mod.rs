//! What happened in one episode.
//!
//! ```text
//!  run, ticket ----------------------------------------------------------------> Header --+
//!  requests, decisions, steps --> Recorder --finish--> Calls, entries --+                 +--> Transcript --> one line of the ledger
//!  end, closing, return, resources, residue, messages ------------------+------> Body ----+
//! ```
//!
//! 1. Everything in a transcript follows from the agent, the policy, the environment and the seed. The one exception is an
//!    episode in which the wall clock, the operator or the host had a part; it says that it is not `reproducible`.
//! 2. Text and bytes of a guest are framed: as JSON strings in the transcript, behind a tag and a length where they are hashed.
//!    No guest text can imitate another field or another record.
//! 3. An entry that is not kept is counted. The counts by class are exact, whatever the agent did.
//! 4. A transcript is bounded, whatever the policy: once it has 64 MiB, nothing more happens that would be kept. With the last call
//!    before that, the calls after the boundary and what was left, its line is shorter than the longest that a ledger takes.

mod body;
mod class;
mod end;
mod entry;
mod header;
mod outside;
mod role;
mod sound;
mod step;
mod tally;

use serde::{Deserialize, Deserializer, Serialize};

pub use body::{Body, Calls, Learned, Lesson, Message, Residue};
pub use class::Class;
pub use end::{Closing, End};
pub use entry::{Argument, Called, Decision, Due, Entry, Operation, Part, Weight};
#[doc(hidden)]
pub use entry::{Sink, frame_value};
pub use header::Header;
pub use outside::{Answered, Outside, Raw};
pub use role::{NoRole, Role, RoleBody};
pub use sound::AFTER_END;
pub use step::Step;
pub use tally::{Tally, Touched};

use crate::value::joined;

/// One episode, as it is sealed: one line of JSON in the ledger, whose members are those of the header and then those of the body.
///
/// It is read as strictly as it is written: no other member, none twice, none in another part.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Transcript {
    /// What was known before the episode was lived.
    #[serde(flatten)]
    pub header: Header,
    /// What was lived.
    #[serde(flatten)]
    pub body: Body,
}

impl<'de> Deserialize<'de> for Transcript {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        joined(deserializer).map(|(header, body)| Self { header, body })
    }
}
