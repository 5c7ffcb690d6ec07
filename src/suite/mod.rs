//! Suites: properties asked of agents, run trial by trial, and judged.
//!
//! ```text
//!  agents, policies, worlds, properties --select--> Case --plan--> trials --stage--> Observed --judge--> Outcome
//!                                                     ^              |                  |
//!                                                     +--------------+---- next batch --+
//! ```
//!
//! 1. An outcome follows from its case alone: not from the other cases of a run, from a partition, or from the number of
//!    workers. How long it took is the one exception.
//! 2. Every trial is one line of `dayfly run` or `dayfly audit`, which leads to the same root.
//! 3. What is not applicable is said, with the reason, and is no pass.
//! 4. The verdicts of a suite are wrong together no more often than one at its level: each has its share of what the level
//!    leaves (Bonferroni). So a verdict does not depend on how the others came out, and a partition needs no word from the
//!    rest.

mod ask;
mod case;
mod file;
mod filter;
mod lived;
mod results;
mod runner;
mod select;
mod stage;
#[cfg(test)]
pub(crate) mod testing;
mod words;

pub use case::{Case, Line, Outcome, Rules, quoted};
pub use file::{File, Named, is_one, schema};
pub use filter::Filter;
pub use lived::Traps;
pub use results::{Results, Stop, Suite};
pub use runner::{Error, Event, OnFailure, observe, run};
pub use select::{Asked, LEVEL, Origin, Partition, Selection, share};
pub use stage::{Error as StageError, Stage};
