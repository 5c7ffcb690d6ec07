//! Dayfly runs untrusted agents, as WebAssembly components, in episodes that really end.
//!
//! ```text
//!  policy.toml --load--> Policy ------+
//!  agent.wasm  --load--> Agent -------+--open--> Episode --run--> Transcript --judge--> Verdict --> Report
//!  environment, seed -----------------+             |                 ^  |
//!                                                   | ask / answer    |  +--seal--> Ledger
//!                                                   +----- Gate ------+
//! ```
//!
//! A module imports only from rows below its own:
//!
//! ```text
//!  cli
//!  report
//!  suite      reproduction
//!  audit
//!  run
//!  worker
//!  episode
//!  policy     agent
//!  capability
//!  gate       property    ledger
//!  transcript environment objective statistics
//!  document
//!  value      wit
//! ```

pub mod agent;
pub mod audit;
pub mod capability;
pub mod cli;
mod document;
pub mod environment;
pub mod episode;
pub mod gate;
pub mod ledger;
pub mod objective;
pub mod policy;
pub mod property;
pub mod report;
pub mod reproduction;
pub mod run;
pub mod statistics;
pub mod suite;
pub mod transcript;
pub mod value;
pub mod wit;
pub mod worker;
