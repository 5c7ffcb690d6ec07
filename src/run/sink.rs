//! Sinks: observers of a run.
//!
//! ```text
//!  episodes, lived in any order --> in the order of the record --> ledger, summary, sink
//! ```
//!
//! 1. A sink is given the recorded episodes, in the order of the record, and nothing else.

use crate::ledger::Sealed;
use crate::transcript::Transcript;

/// An episode that has just been recorded.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Recorded<'r> {
    /// Transcript of the episode, with each step where the run [shows](super::Run::showing_steps) them.
    pub transcript: &'r Transcript,
    /// Line of the ledger.
    pub sealed: &'r Sealed,
}

/// Observer of a run: a progress display, an export, or a property.
///
/// A closure that takes a [`Transcript`] is a sink.
pub trait Sink: Send {
    /// Receives the next episode of the record.
    fn episode(&mut self, recorded: Recorded<'_>);
}

impl<F: FnMut(&Transcript) + Send> Sink for F {
    fn episode(&mut self, recorded: Recorded<'_>) {
        self(recorded.transcript);
    }
}

/// Sink that ignores every episode.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Sink for Unwatched {
    fn episode(&mut self, _: Recorded<'_>) {}
}
