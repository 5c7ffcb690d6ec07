//! Basic values: numbers, digests, seeds, and the values that an agent and its environment exchange.
//!
//! Everything here is plain data. Nothing reads a clock, a file or ambient randomness.

mod count;
mod digest;
mod draws;
mod fault;
mod hint;
mod joined;
pub mod json;
mod lock;
mod opening;
mod seed;
mod space;
mod text;

pub(crate) use count::wide;
pub use count::{many, plural, whole};
pub use digest::{Digest, Hasher};
pub use draws::{Draws, handed, handed_to_roles};
pub use fault::Fault;
pub use hint::{hint, is_near};
pub(crate) use joined::joined;
pub(crate) use lock::lock;
pub use opening::Opening;
pub use seed::{NoSeed, Seed, Stream};
pub use space::{OutOfSpace, Space, Value};
pub use text::{is_hidden, plain, plain_lines, plain_path};
