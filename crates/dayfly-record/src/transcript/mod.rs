//! The transcript of one episode.
//!
//! ```text
//!  run, ticket ----------------------------------------------------------------> Header --+
//!  requests, decisions, steps --> Recorder --finish--> Calls, entries --+                 +--> Transcript --> a line
//!  end, closing, return, resources, residue, messages ------------------+------> Body ----+
//! ```
//!
//! 1. Everything in a transcript follows from the agent, the policy, the environment and the seed. The one exception
//!    is an episode in which the wall clock, the operator or the host had a part. Its transcript says that it is not
//!    `reproducible`.
//! 2. Text and bytes of a guest are framed: as JSON strings in the transcript, behind a tag and a length where they
//!    are hashed. No guest text can imitate another field or another record.
//! 3. Entries that are not kept are counted. The counts by class are exact, whatever the agent did.
//! 4. A transcript is bounded, whatever the policy. Once it has 64 MiB, every call that would add to it is refused.
//!    Its line is shorter than the longest that a ledger takes, with the last call before, the calls after the
//!    boundary and the residue.

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
pub use entry::{Argument, Called, Decision, Due, Entry, Operation, RecordedArgument, Weight};
#[doc(hidden)]
pub use entry::{FrameSink, frame_value};
pub use header::Header;
pub use outside::{Answered, Outside, RawBytes};
pub use role::{NoRole, Role, RoleBody};
pub use sound::AFTER_END;
pub use step::Step;
pub use tally::{ClassCounts, Touched};

use crate::value::joined;

/// Transcript of one episode, as it is sealed: one line of JSON in the ledger. The members of the header come first,
/// then those of the body.
///
/// Reading is strict: no unknown or repeated member is accepted, and none in the wrong part.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Transcript {
    /// Facts that were known at the opening.
    #[serde(flatten)]
    pub header: Header,
    /// Course and result of the episode.
    #[serde(flatten)]
    pub body: Body,
}

impl<'de> Deserialize<'de> for Transcript {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        joined(deserializer).map(|(header, body)| Self { header, body })
    }
}
