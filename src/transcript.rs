//! Transcript of one episode, and the recorder that writes it while the episode runs.
//!
//! The transcript itself is in `dayfly-record`. The recorder is not: each call of an agent goes through it, within one unit of code with the
//! gate that asks it.

mod entries;
mod recorder;

pub use dayfly_record::transcript::*;
pub use entries::Budget;
pub use recorder::{Counts, Detail, Keep, Record, Recorder};
