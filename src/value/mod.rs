//! The words themselves: numbers, digests, seeds, and the values that an agent and its environment exchange.
//!
//! Everything here is plain data. Nothing reads a clock, a file or ambient randomness.

mod digest;
mod fault;
mod seed;
mod space;

pub use digest::{Digest, Hasher};
pub use fault::Fault;
pub use seed::{Seed, Stream};
pub use space::{Space, Value};
