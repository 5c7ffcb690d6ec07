//! Suites: properties of agents, tested trial by trial, and judged.
//!
//! ```text
//!  agents, policies, worlds, properties --select--> Case --plan--> trials --stage--> Observed --judge--> Outcome
//!                                                     ^              |                  |
//!                                                     +--------------+---- next batch --+
//! ```
//!
//! 1. An outcome follows from its case alone, and not from the other cases of a run, from a
//!    partition, or from the number of workers. Its duration is the one exception.
//! 2. Every trial is one line of `dayfly run` or `dayfly audit`, which leads to the same root.
//! 3. A property that does not apply is reported with the reason, and is no pass.
//! 4. The verdicts of a suite are wrong together no more often than one verdict at its level: each
//!    has an equal share of the error of the level (Bonferroni). So a verdict does not depend on
//!    the other verdicts, and a partition does not need the results of the others.

mod ask;
mod case;
mod file;
mod filter;
mod lived;
mod results;
mod runner;
mod select;
mod shortfall;
mod stage;
#[cfg(test)]
pub(crate) mod testing;
mod words;

pub use case::{Case, CaseOutcome, Rules, TrialLine, quoted};
pub use file::{File, Named, is_one, schema};
pub use filter::CaseFilter;
pub use lived::Traps;
pub use results::{Results, Stop, Suite};
pub use runner::{Error, Event, OnFailure, observe, run};
pub use select::{LEVEL, MOST_CASES, Partition, Question, SeedOrigin, Selection, share};
pub use stage::{Error as StageError, Stage};
