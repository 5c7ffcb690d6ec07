//! Episodes in processes of their own: the supervisor keeps policy, record and worlds; a worker has the engine and the agent.
//!
//! ```text
//!  supervisor                                           worker: the same program, confined, a session of its own
//!  Ticket --Opening--> pipe ------------------------->  Ticket --live--> Lived
//!  Lived <--believe-- Told <----------------- pipe <------------ Told::of --+
//!    |
//!    +--> run: world    , carry-over, record            no file, socket, process or right but what episodes need
//! ```
//!
//! 1. A worker confines itself before it reads anything of the agent, and further once the agent is compiled.
//! 2. A worker that is lost, whenever it is lost, costs the episode that was open: that one is aborted and says so, its world and its
//!    lineage stay what they were before it, and all others are lived as if nothing had happened.
//! 3. The record is the same as without workers, byte for byte, for every episode that was not lost.
//! 4. The supervisor decides what is believed; see [`Told`]. A worker cannot change what is recorded of another episode.
//! 5. A worker does not outlive its supervisor, and what it leaves on the disk the supervisor removes, or names.
//! 6. Where no worker begins an episode any more, the run ends, after few attempts that are further and further apart.
//!
//! What it does not show: that what a worker tells of the episodes that it lives itself is true, once the agent has broken out of
//! wasmtime into it. It can then tell of any actions and calls, within what the policy allows; what the actions led to it cannot.

// No number of a worker is counted with unless it is known what becomes of the largest.
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

mod begun;
mod bounds;
mod child;
pub mod confine;
mod crew;
mod decided;
pub mod frame;
mod guard;
mod hold;
mod noted;
mod parcel;
mod patience;
mod play;
#[cfg(target_os = "linux")]
pub mod probe;
mod seat;
mod shift;
mod store;
mod sweeper;
mod told;
mod warden;
mod wire;

pub use bounds::Bounds;
pub use child::serve;
pub use crew::{Crew, Error};
pub use parcel::Parcel;
pub use patience::Patience;
pub use store::Store;
pub use sweeper::Left;
pub use told::{Believed, Doubt, Told};
pub use wire::{Answer, Charge, Code, Confined, Opening, Order, Terms, VERSION};
