//! The words themselves: numbers, digests, seeds, the values that an agent and its environment exchange, and what a user is told of a mistake.
//!
//! Everything here is plain data. Nothing reads a clock, a file or ambient randomness. What a record is made of is in `dayfly-record`.

mod fault;
mod hint;
mod lock;
mod opening;
mod parse;

pub use dayfly_record::value::*;
pub use fault::Fault;
pub use hint::{hint, is_near};
pub(crate) use lock::lock;
pub use opening::Opening;
pub(crate) use parse::parse_toml;
