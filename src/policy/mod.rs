//! The policy: what an agent may do, the limits of its episode, and what crosses the boundary.
//!
//! ```text
//!  TOML --Table--> Raw --Overlay--> Policy --effective--> TOML, digest
//!            |             |  ^
//!          faults     faults  +-- the policy that it extends or is based on, valid already
//! ```
//!
//! 1. Absent means denied. A capability without a grant is refused before the agent runs. A grant
//!    with `mode = "deny"` lets the agent run and refuses each call.
//! 2. A rule only tightens a grant, and a policy only tightens the one that it extends. A policy
//!    that is based on another may loosen it. A comparison of the two finds each loosened key.
//! 3. The effective policy is complete: it has every key, extends nothing, and loads as an equal
//!    policy.
//! 4. The grants that exist follow from [`CAPABILITIES`](crate::capability::CAPABILITIES) alone,
//!    and so do the schema and the messages.
//! 5. No file is touched here. The caller of the loader resolves names to files.

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

pub use compare::{KeyDifference, Relation, compare};
pub use isolation::{Isolation, IsolationPart, Process};
pub use load::{Base, Resolve};
pub use population::Population;
pub use roles::{RoleShare, RoleTerms};
pub use schema::{is_one, schema, schema_among};
pub use source::{Invalid, PolicyOrigin, SHIPPED, SourceFile, shipped};
pub use ungranted::Ungranted;

use crate::capability::Tools;
use crate::gate::{Consequences, Grant, Release, Warrant};
use crate::objective::Objective;
use crate::transcript::Keep;

/// Valid policy. The keys of the policies that it extends are part of it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Policy {
    /// Name in reports and records. By default the stem of the file.
    #[doc(hidden)]
    pub name: String,
    /// Limits of an episode.
    #[doc(hidden)]
    pub episode: Limits,
    /// Objective of an episode.
    #[doc(hidden)]
    pub objective: Objective,
    /// Boundary between episodes: what crosses it.
    #[doc(hidden)]
    pub boundary: Boundary,
    /// Population for an outer loop of selection, if there is one.
    #[doc(hidden)]
    pub population: Option<Population>,
    /// Grants, by the name of the capability. A capability that is not here is denied.
    #[doc(hidden)]
    pub grants: BTreeMap<&'static str, Granted>,
    /// Grants and fuel of roles with a table of their own, by the name of the role, in worlds with
    /// several roles.
    #[doc(hidden)]
    pub roles: BTreeMap<String, RoleTerms>,
    /// Isolation of the episodes from the supervisor.
    #[doc(hidden)]
    pub isolation: Isolation,
    /// Amount of detail that the transcript keeps, before the boundary and after it.
    #[doc(hidden)]
    pub record: Keep,
    /// Maximum number of bytes of all transcripts of a run.
    #[doc(hidden)]
    pub run_bytes: u64,
    /// Consequence of each class of violation.
    #[doc(hidden)]
    pub consequences: Consequences,
    /// Tools that exist. The grant of `tools` allows some.
    #[doc(hidden)]
    pub tools: Tools,
}

/// Limits of an episode and of its instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Maximum number of steps; at least 1.
    pub steps: u32,
    /// Maximum number of WebAssembly instructions.
    pub fuel: u64,
    /// Maximum wall time: a backstop.
    pub wall: Duration,
    /// Maximum number of bytes of linear memory.
    pub memory: u64,
    /// Maximum number of elements of all tables together.
    pub table_elements: u32,
    /// Maximum number of bytes that one call to the host may move.
    pub call_bytes: u64,
    /// Effect on the episode of a message that leaves the box.
    pub on_release: Release,
    /// Number of instructions that the agent has after the boundary, to return.
    pub grace_fuel: u64,
    /// Effect of a component's trap on the run.
    pub trapped: Trapped,
}

/// Effect of a component's trap on the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trapped {
    /// The trap is recorded, and the run goes on.
    #[default]
    Record,
    /// The run fails.
    Fail,
}

/// Boundary between episodes: what crosses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boundary {
    /// Continuity of the world between episodes.
    pub environment: Continuity,
    /// Assignment of copies of the world to lineages.
    pub swap: Swap,
    /// Maximum number of bytes of carry-over; 0 for none.
    pub carry: u64,
    /// WebAssembly instructions of one call of `learn`.
    pub learn_fuel: u64,
}

/// Continuity of the world between episodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuity {
    /// The world is made anew from the seed.
    Reset,
    /// The world keeps the state that it declares. This is a road along which an action can reach a
    /// later episode.
    Persist,
}

/// Assignment of copies of a persistent world to lineages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swap {
    /// A lineage acts in its own copy.
    None,
    /// A lineage acts in the next copy in each episode (Krueger, Maharaj, Leike 2020).
    Rotate,
}

/// Grant of one capability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// Warrant that decides each call.
    pub warrant: Warrant,
    /// Limits.
    pub grant: Grant,
}
