//! The policy: what an agent may do, when its episode ends, and what crosses the boundary.
//!
//! ```text
//!  TOML --Table--> Raw --Overlay--> Policy --effective--> TOML, digest
//!            |             |  ^
//!          faults     faults  +-- the policy that it extends or is based on, valid already
//! ```
//!
//! 1. Absent means denied. A capability without a grant is refused before the agent runs; a grant with `mode = "deny"` lets
//!    the agent run and refuses each call.
//! 2. A rule only tightens a grant, and a policy only tightens the one that it extends. One that is based on another may loosen it,
//!    and what it loosens is found by comparing the two.
//! 3. The effective policy says everything: it names every key, extends nothing, and loads as an equal policy.
//! 4. What may be granted follows from [`CAPABILITIES`](crate::capability::CAPABILITIES) alone, and so do the schema and
//!    the messages.
//! 5. No file is touched here. Whoever loads a policy says how a name is resolved.

mod compare;
mod content;
mod effective;
mod grants;
mod isolation;
mod load;
mod numbers;
mod opened;
mod overlay;
mod population;
mod raw;
mod roles;
mod rules;
mod schema;
mod sets;
mod source;
#[cfg(test)]
mod tests;
mod text;
mod ungranted;
mod units;
mod violations;
mod words;

use std::collections::BTreeMap;
use std::time::Duration;

pub use compare::{Difference, Side, compare};
pub use isolation::{Isolation, Part, Process};
pub use load::{Base, Resolve};
pub use population::Population;
pub use roles::{RoleTerms, Share};
pub use schema::{is_one, schema, schema_among};
pub use source::{Invalid, Origin, SHIPPED, SourceFile, shipped};
pub use ungranted::Ungranted;

use crate::capability::Tools;
use crate::gate::{Consequences, Grant, Release, Warrant};
use crate::objective::Objective;
use crate::transcript::Keep;

/// A valid policy, with everything that it extends laid flat.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Policy {
    /// Its name in reports and records: the stem of its file where it has no other.
    #[doc(hidden)]
    pub name: String,
    /// When an episode ends.
    #[doc(hidden)]
    pub episode: Limits,
    /// What it is for.
    #[doc(hidden)]
    pub objective: Objective,
    /// What crosses the boundary.
    #[doc(hidden)]
    pub boundary: Boundary,
    /// What is selected from, where there is an outer loop.
    #[doc(hidden)]
    pub population: Option<Population>,
    /// What is granted, by the name of the capability. What is not here is denied.
    #[doc(hidden)]
    pub grants: BTreeMap<&'static str, Granted>,
    /// What is granted to roles that have a table of their own, by their names, where an episode has several.
    #[doc(hidden)]
    pub roles: BTreeMap<String, RoleTerms>,
    /// How far from the supervisor its episodes are lived.
    #[doc(hidden)]
    pub isolation: Isolation,
    /// What the transcript keeps, before the boundary and after it.
    #[doc(hidden)]
    pub record: Keep,
    /// The most bytes of all transcripts of a run.
    #[doc(hidden)]
    pub run_bytes: u64,
    /// What each class of violation leads to.
    #[doc(hidden)]
    pub consequences: Consequences,
    /// The tools that there are, of which its grant allows some.
    #[doc(hidden)]
    pub tools: Tools,
}

/// When an episode ends, and what its instance may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most steps; at least 1.
    pub steps: u32,
    /// The most WebAssembly instructions.
    pub fuel: u64,
    /// The most wall time: a backstop.
    pub wall: Duration,
    /// The most bytes of linear memory.
    pub memory: u64,
    /// The most elements of all tables.
    pub table_elements: u32,
    /// The most bytes that one call to the host may move.
    pub call_bytes: u64,
    /// What a message that leaves the box does to the episode.
    pub on_release: Release,
    /// The instructions that the agent has after the boundary, to return.
    pub grace_fuel: u64,
    /// What a run comes to in which a component traps.
    pub trapped: Trapped,
}

/// What a run comes to in which a component traps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trapped {
    /// It is on record, and the run goes on.
    #[default]
    Record,
    /// It fails.
    Fail,
}

/// What crosses the boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boundary {
    /// Whether the world of one episode reaches the next.
    pub environment: Continuity,
    /// Which copy of the world a lineage acts in.
    pub swap: Swap,
    /// The most bytes of carry-over; 0 where there is none.
    pub carry: u64,
    /// The WebAssembly instructions of one call of `learn`.
    pub learn_fuel: u64,
}

/// Whether the world of one episode reaches the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuity {
    /// It is made anew from the seed.
    Reset,
    /// It keeps what it declares to keep: a road along which an action can reach a later episode.
    Persist,
}

/// Which copy of a persistent world a lineage acts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swap {
    /// Its own.
    None,
    /// The next one in each episode (Krueger, Maharaj, Leike 2020).
    Rotate,
}

/// What the policy grants of one capability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// How its calls are decided.
    pub warrant: Warrant,
    /// Its limits.
    pub grant: Grant,
}
