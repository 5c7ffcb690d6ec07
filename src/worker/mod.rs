//! Episodes in processes of their own. The supervisor keeps policy, record and worlds. A worker has the engine and
//! the agent.
//!
//! ```text
//!  supervisor                                           worker: the same program, confined, a session of its own
//!  Ticket --EpisodeOpening--> pipe ------------------>  Ticket --live--> Finished
//!  Finished <--believe-- EpisodeReport <----- pipe <-- EpisodeReport::of --+
//!    |
//!    +--> run: world, carry-over, record                no file, socket, process or right but those of episodes
//! ```
//!
//! 1. A worker confines itself before it reads anything of the agent, and further once the agent is compiled.
//! 2. The loss of a worker costs the episode that was open, and no other. That episode is aborted, and its record
//!    says so. Its world and its lineage stay as they were before it.
//! 3. The record is the same as without workers, byte for byte, for every episode that was not lost.
//! 4. The supervisor validates each report; see [`EpisodeReport`]. A worker cannot change the record of another episode.
//! 5. A worker does not outlive its supervisor. The supervisor removes the files that a worker leaves on the disk, or
//!    names them.
//! 6. A run ends after a few attempts in which no worker begins an episode. The pauses between these attempts grow.
//!
//! What it does not show: that what a worker tells of the episodes that it lives itself is true, once the agent has
//! broken out of wasmtime into it. It can then tell of any actions and calls, within what the policy allows; what the
//! actions led to it cannot.

// Overflow is considered for each number that comes from a worker.
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

mod assignment;
mod begun;
mod bounds;
mod child;
pub mod confine;
mod decided;
pub mod frame;
mod guard;
mod noted;
mod parcel;
mod part;
mod patience;
mod play;
mod pool;
#[cfg(target_os = "linux")]
pub mod probe;
mod report;
mod slot;
mod store;
mod sweeper;
mod turns;
mod validate;
mod watchdog;
mod wire;

pub use bounds::Bounds;
pub use child::serve;
pub use parcel::Parcel;
pub use patience::Patience;
pub use pool::{Error, WorkerPool};
pub use report::{EpisodeReport, Rejection, Validated};
pub use store::Store;
pub use sweeper::Leftover;
pub use wire::{
    Charge, ChargedAgent, Code, Confined, EpisodeOpening, VERSION, WorkerReply, WorkerRequest, WorkerTerms,
};
