//! Dayfly runs untrusted agents, as WebAssembly components, in episodes that really end.
//!
//! An agent in a world of one's own, whose transcripts are read:
//!
//! ```
//! use dayfly::{AgentSource, Plan, Policy, Run, Threads, Transcript, World};
//!
//! let agent = AgentSource::shipped("random").ok_or("no such agent")?.read()?;
//! let policy = Policy::parse("mine.toml", "extends = 'strict'\n[episode]\nsteps = 5")?;
//! let world = World::table(include_str!("../examples/garden.toml"))?;
//! let plan = Plan { episodes: 100, ..Plan::new(agent, policy, world) };
//! let mut best = f64::MIN;
//! let run = Run::on_threads(plan, &Threads::new(2)?, &Default::default())?;
//! let outcome = run.carry_out(&mut |transcript: &Transcript| best = best.max(transcript.body.total))?;
//! assert!(outcome.summary.episodes == 100 && best > 0.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `examples/embed.rs` has a world that is written in Rust, and a record that is kept; `examples/tool.rs` a tool of one's own. [`Stage::ask`]
//! puts a property to an agent, [`record`] reads what runs leave, and [`Registry`] has all that can be named.
//!
//! What is listed here is what a program may rely on. Modules that are not shown are the inside, which tests and benches share.
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

#[doc(hidden)]
pub mod agent;
#[doc(hidden)]
pub mod audit;
#[doc(hidden)]
pub mod capability;
#[doc(hidden)]
pub mod cli;
mod document;
#[doc(hidden)]
pub mod environment;
#[doc(hidden)]
pub mod episode;
#[doc(hidden)]
pub mod gate;
#[doc(hidden)]
pub mod ledger;
#[doc(hidden)]
pub mod objective;
#[doc(hidden)]
pub mod policy;
#[doc(hidden)]
pub mod property;
#[doc(hidden)]
pub mod registry;
#[doc(hidden)]
pub mod report;
#[doc(hidden)]
pub mod reproduction;
#[doc(hidden)]
pub mod run;
#[doc(hidden)]
pub mod statistics;
#[doc(hidden)]
pub mod suite;
#[doc(hidden)]
pub mod transcript;
#[doc(hidden)]
pub mod value;
#[doc(hidden)]
pub mod wit;
#[doc(hidden)]
pub mod worker;

pub use dayfly_record as record;

pub use agent::{AgentSource, Error as AgentError, ParsedAgent};
pub use capability::{Answer, Cancel, NoAnswer, PendingAnswer, Tool, ToolCall, ToolSession};
pub use environment::{
    Environment, Error as WorldError, Failed, Foreign, Knob, NumberRange, Parameter, Parameters, Roles, Status,
    Transition, World,
};
pub use policy::{Invalid as InvalidPolicy, Policy};
pub use property::{Judgement, Property, Verdict};
pub use registry::{Error as RegistryError, Registry};
pub use run::{
    Ending, Error as RunError, Plan, Recorded, Run, RunOutcome, Sink, Spread, Summary, Threads, ThreadsError, Workers,
};
pub use suite::{Stage, StageError as SuiteError};
#[doc(inline)]
pub use transcript::Transcript;
pub use value::Fault;
#[doc(inline)]
pub use value::{Seed, Space, Stream, Value};
