//! Basic values: numbers, digests, seeds, and the values that an agent and its environment exchange.
//!
//! Everything here is plain data. Nothing reads a clock, a file or ambient randomness.

mod count;
mod digest;
mod draws;
mod joined;
pub mod json;
mod seed;
mod space;
mod text;

#[doc(hidden)]
pub use count::{many, plural, whole, wide};
pub use digest::{Digest, Hasher};
pub use draws::{Draws, handed, handed_to_roles};
pub(crate) use joined::joined;
pub use seed::{NoSeed, Seed, Stream};
pub use space::{OutOfSpace, Space, Value};
#[doc(hidden)]
pub use text::{is_hidden, plain, plain_lines, plain_path};
