//! The record of one run: what `dayfly-record` writes, reads and verifies.

pub use dayfly_record::ledger::*;

/// The longest line that tests of the pipe make.
#[cfg(test)]
pub const LONGEST: usize = 1 << 20;
