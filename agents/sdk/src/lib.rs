//! Library for agents of Dayfly, written in Rust.
//!
//! ```text
//!     impl Agent    --export!---------->  a component that exports `run`
//!     impl Learner  --export_learner!-->  and `learning`
//!
//!     Episode   workspace   outbox   agenda   tools   log   clock   random     what it may ask for
//! ```
//!
//! An agent is an `impl Agent` of a few lines:
//!
//! ```no_run
//! use dayfly_agent::{Agent, Episode, Refusal, export};
//!
//! struct Steady;
//!
//! impl Agent for Steady {
//!     fn run(episode: &mut Episode) -> Result<(), Refusal> {
//!         while !episode.over() {
//!             let _reward = episode.step(0)?.reward;
//!         }
//!         Ok(())
//!     }
//! }
//!
//! export!(Steady);
//! # fn main() {}
//! ```
//!
//! One that learns from one episode for the next is a [`Learner`] as well.
//!
//! 1. A component imports the interfaces that its agent calls, and no other: functions that are not called are not
//!    linked. So a policy has to grant only what the agent uses. `learning` is exported only with [`export_learner!`].
//! 2. [`Episode::step`] makes no call once the last outcome was delivered, so an agent that merely loops on it
//!    does not act past the end. [`raw`] has the calls themselves.
//! 3. The allocator begins with a static arena of 256 KiB, so that a small agent never grows its memory. Without the
//!    feature `allocator`, which is on by default, the allocator is that of `std`.
//!
//! `std` works as far as it needs no system: there are no files, no threads, no clock and no environment.

// The macros of `wit-bindgen` name this crate as an agent would.
extern crate self as dayfly_agent;

#[cfg(all(feature = "allocator", target_arch = "wasm32"))]
mod allocator;
mod episode;
mod export;
mod learning;
pub mod log;
pub mod random;
pub mod raw;
pub mod script;
pub mod seeded;
mod space;
mod value;

pub use episode::Episode;
pub use export::Agent;
pub use learning::{Experience, Learner, Transition};
pub use raw::episode::{Briefing, Outcome};
pub use raw::types::{Array, Bounds, End, Refusal, Space, Value};

/// Reminders at a later step of this episode.
pub mod agenda {
    pub use crate::raw::agenda::{Reminder, due, remind};
}

/// Logical time: the number of steps taken.
pub mod clock {
    pub use crate::raw::clock::now;
}

/// Messages that leave the box, held until the episode is closed.
pub mod outbox {
    pub use crate::raw::outbox::send;
}

/// Named tools of the host that the policy allows.
pub mod tools {
    pub use crate::raw::tools::{Tool, available, call};
}

/// A scratch folder, empty when the episode opens and wiped when it closes.
pub mod workspace {
    pub use crate::raw::workspace::{Entry, append, entries, read, remove, write};
}
