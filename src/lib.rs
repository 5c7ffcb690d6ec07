//! Dayfly runs untrusted agents, as WebAssembly components, in episodes that really end.
//!
//! An agent in a world of one's own, whose transcripts are read:
//!
//! ```
//! use dayfly::agent::Source;
//! use dayfly::environment::World;
//! use dayfly::run::{Plan, Run, Threads};
//! use dayfly::transcript::Transcript;
//!
//! let agent = Source::shipped("random").ok_or("no such agent")?.read()?;
//! let policy = dayfly::policy::Policy::parse("mine.toml", "extends = 'strict'\n[episode]\nsteps = 5")?;
//! let world = World::table(include_str!("../examples/garden.toml"))?;
//! let plan = Plan { episodes: 100, ..Plan::new(agent, policy, world) };
//! let mut best = f64::MIN;
//! let run = Run::on_threads(plan, &Threads::new(2)?, &Default::default())?;
//! let outcome = run.carry_out(&mut |transcript: &Transcript| best = best.max(transcript.body.total))?;
//! assert!(outcome.summary.episodes == 100 && best > 0.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `examples/embed.rs` has a world that is written in Rust, and a record that is kept.
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
//!  episode    registry
//!  policy     agent
//!  capability
//!  gate       property    ledger
//!  transcript environment objective statistics
//!  document
//!  value      wit
//! ```
//!
//! What is in `transcript`, `ledger` and `value` that a record is made of stands in a crate of its own, `dayfly-record`, for programs that read
//! records and run nothing.

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
pub mod registry;
pub mod report;
pub mod reproduction;
pub mod run;
pub mod statistics;
pub mod suite;
pub mod transcript;
pub mod value;
pub mod wit;
pub mod worker;
