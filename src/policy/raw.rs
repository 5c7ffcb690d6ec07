//! Raw policy: the keys of a policy file as they are read, before the policy is validated.
//!
//! An editor shows the documentation of a field for its key. A test compares the names here with
//! the names that are read.

use std::ops::Range;
use std::time::Duration;

use schemars::JsonSchema;

use super::grants::RawGrants;
use super::isolation::{Parts, Process};
use super::numbers::{ByteSize, Count, Fraction};
use super::population::RawPopulation;
use super::roles::RawRoles;
use super::rules::RawRule;
use super::text::{PolicyName, RulePath};
use super::violations::RawViolations;
use super::words::Signal;
use super::{Continuity, Release, Swap, Trapped};
use crate::capability::Tools;
use crate::document::{KeyValue, TableReader};
use crate::objective::{Horizon, Reveal};
use crate::transcript::Detail;

/// Maximum fuel: days of work, and exact in a 64-bit float.
pub(super) const FUEL: u64 = 1_000_000_000_000_000;
const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const U32: u64 = 4_294_967_295;

/// Policy of a Dayfly agent: what it may do, the limits of its episode, and what crosses the boundary.
#[derive(Debug, Default, JsonSchema)]
#[schemars(title = "Dayfly policy", rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawPolicy {
    /// Name in reports and records. By default the stem of the file.
    pub(super) name: KeyValue<PolicyName>,
    /// Policy that this one tightens: a path relative to this file, or the name of a shipped policy.
    pub(super) extends: KeyValue<RulePath>,
    /// Policy that this one begins from, and may loosen: a relative path, or the name of a shipped policy.
    pub(super) based_on: KeyValue<RulePath>,
    /// Limits of an episode.
    pub(super) episode: RawEpisode,
    /// Objective of an episode.
    pub(super) objective: RawObjective,
    /// Boundary between episodes: what crosses it.
    pub(super) boundary: RawBoundary,
    /// Selection between lineages, so that what one has learned reaches another. Without this table there is none.
    pub(super) population: RawPopulation,
    /// Grants. A capability that is not here is denied, and an agent that imports it does not run.
    pub(super) grants: RawGrants,
    /// Grants and fuel of single roles, in a world with several. Any other role has those of the policy.
    pub(super) roles: RawRoles,
    /// Refinements of grants. The tightest of a grant and of all rules that match decides: a rule never loosens.
    pub(super) rules: Option<Vec<RawRule>>,
    /// Isolation of the episodes from the supervisor.
    pub(super) isolation: RawIsolation,
    /// Content of the transcript.
    pub(super) record: RawRecord,
    /// Consequence of each class of violation.
    pub(super) violations: RawViolations,
}

/// Limits of an episode.
#[derive(Debug, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawEpisode {
    #[schemars(skip)]
    pub(super) header: Option<Range<usize>>,
    /// Maximum number of steps. Needed here or in what this policy extends.
    pub(super) steps: KeyValue<Count<1, U32>>,
    /// Maximum number of WebAssembly instructions. Needed here or in what this policy extends.
    pub(super) fuel: KeyValue<Count<1, FUEL>>,
    /// Maximum wall time, such as "10s". It is a backstop: no result should depend on it.
    #[schemars(extend("default" = "10s"))]
    pub(super) wall: KeyValue<Duration>,
    /// Maximum linear memory, such as "16 MiB"; from 64 KiB to 1 GiB.
    #[schemars(extend("default" = "16 MiB"))]
    pub(super) memory: KeyValue<ByteSize<{ 64 * KIB }, GIB>>,
    /// Maximum number of elements of all tables together.
    #[schemars(extend("default" = 100_000))]
    pub(super) table_elements: KeyValue<Count<1, 1_000_000>>,
    /// Maximum number of bytes that one call to the host may move; from 1 KiB to 1 GiB.
    #[schemars(extend("default" = "1 MiB"))]
    pub(super) call_bytes: KeyValue<ByteSize<KIB, GIB>>,
    /// Events that end the episode besides its task and its limits. "release": a message that leaves the box.
    #[schemars(extend("default" = []))]
    pub(super) ends_on: KeyValue<Release>,
    /// Consequence of a trap, before the boundary or after it. "record": the run goes on. "fail": it exits with 1.
    #[schemars(extend("default" = "record"))]
    pub(super) trapped: KeyValue<Trapped>,
    /// Resources of the agent after the boundary, to return.
    pub(super) grace: RawGrace,
}

/// Resources of the agent after the boundary, to return.
#[derive(Debug, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawGrace {
    /// WebAssembly instructions; no more than the episode's. By default 1 000 000, or the episode's fuel if less.
    pub(super) fuel: KeyValue<Count<0, FUEL>>,
    /// Number of calls after the boundary that are kept in full. Every such call is refused and counted.
    #[schemars(extend("default" = 64))]
    pub(super) records: KeyValue<Count<0, 65_536>>,
}

/// Objective of an episode.
#[derive(Debug, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawObjective {
    /// Reach of a target over rewards: to the end of the "episode", or a number of steps. Never past the end.
    #[schemars(extend("default" = "episode"))]
    pub(super) horizon: KeyValue<Horizon>,
    /// Weight of a reward one step later.
    #[schemars(extend("default" = 1.0))]
    pub(super) discount: KeyValue<Fraction>,
    /// Signal that the agent is paid in.
    #[schemars(extend("default" = "reward"))]
    pub(super) signal: KeyValue<Signal>,
    /// Facts shown to the agent: "reward" of each step, "step" (steps taken), "limits" of the episode.
    #[schemars(extend("default" = []))]
    pub(super) reveal: KeyValue<Reveal>,
}

/// Boundary between episodes: what crosses it.
#[derive(Debug, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawBoundary {
    /// "reset": the world is made anew from the seed. "persist": it keeps what it declares to keep.
    #[schemars(extend("default" = "reset"))]
    pub(super) environment: KeyValue<Continuity>,
    /// Copy of a persistent world for each lineage. "none": its own. "rotate": the next one in each episode.
    #[schemars(extend("default" = "none"))]
    pub(super) swap: KeyValue<Swap>,
    /// Maximum number of bytes that `learn` may hand to the next episode, such as "4 KiB"; at most 64 MiB.
    #[schemars(extend("default" = "0 B"))]
    pub(super) carry: KeyValue<ByteSize<0, { 64 * MIB }>>,
    /// WebAssembly instructions of one call of `learn`. By default the episode's fuel.
    pub(super) learn_fuel: KeyValue<Count<1, FUEL>>,
}

/// Isolation of the episodes from the supervisor.
#[derive(Debug, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawIsolation {
    /// "required": episodes run in confined processes of their own, or not at all. "optional": the operator decides.
    #[schemars(extend("default" = "optional"))]
    pub(super) process: KeyValue<Process>,
    /// Parts that must be in force: "limits", "landlock", "seccomp". A system that lacks one runs nothing.
    #[schemars(extend("default" = []))]
    pub(super) parts: KeyValue<Parts>,
}

/// Content of the transcript.
#[derive(Debug, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawRecord {
    /// "digest": enough to check a replay from the seed. "full": each step.
    #[schemars(extend("default" = "digest"))]
    pub(super) steps: KeyValue<Detail>,
    /// Maximum number of decisions that an episode keeps. A call to be kept that finds no room is refused.
    #[schemars(extend("default" = 1024))]
    pub(super) entries: KeyValue<Count<1, 1_048_576>>,
    /// Maximum size of a run's transcripts, such as "64 GiB"; 1 KiB to 16 384 GiB. The run ends before it keeps more.
    #[schemars(extend("default" = "8 GiB"))]
    pub(super) run: KeyValue<ByteSize<KIB, { 16_384 * GIB }>>,
}

impl RawPolicy {
    /// Reads a whole policy.
    pub(super) fn read(table: &mut TableReader<'_, '_>, tools: &Tools) -> Self {
        let has_rules = table.has("rules");
        Self {
            name: table.key("name"),
            extends: table.key("extends"),
            based_on: table.key("based-on"),
            episode: table.table("episode", RawEpisode::read).unwrap_or_default(),
            objective: table.table("objective", RawObjective::read).unwrap_or_default(),
            boundary: table.table("boundary", RawBoundary::read).unwrap_or_default(),
            population: table.table("population", RawPopulation::read).unwrap_or_default(),
            grants: table.table("grants", |table| RawGrants::read(table, tools)).unwrap_or_default(),
            roles: RawRoles::read(table, tools),
            rules: Some(table.tables("rules", RawRule::read)).filter(|_| has_rules),
            isolation: table.table("isolation", RawIsolation::read).unwrap_or_default(),
            record: table.table("record", RawRecord::read).unwrap_or_default(),
            violations: table.table("violations", RawViolations::read).unwrap_or_default(),
        }
    }
}

impl RawEpisode {
    fn read(table: &mut TableReader<'_, '_>) -> Self {
        Self {
            header: table.header(),
            steps: table.key("steps"),
            fuel: table.key("fuel"),
            wall: table.key("wall"),
            memory: table.key("memory"),
            table_elements: table.key("table-elements"),
            call_bytes: table.key("call-bytes"),
            ends_on: table.key("ends-on"),
            trapped: table.key("trapped"),
            grace: table.table("grace", RawGrace::read).unwrap_or_default(),
        }
    }
}

impl RawGrace {
    fn read(table: &mut TableReader<'_, '_>) -> Self {
        Self { fuel: table.key("fuel"), records: table.key("records") }
    }
}

impl RawObjective {
    fn read(table: &mut TableReader<'_, '_>) -> Self {
        Self {
            horizon: table.key("horizon"),
            discount: table.key("discount"),
            signal: table.key("signal"),
            reveal: table.key("reveal"),
        }
    }
}

impl RawBoundary {
    fn read(table: &mut TableReader<'_, '_>) -> Self {
        Self {
            environment: table.key("environment"),
            swap: table.key("swap"),
            carry: table.key("carry"),
            learn_fuel: table.key("learn-fuel"),
        }
    }
}

impl RawIsolation {
    fn read(table: &mut TableReader<'_, '_>) -> Self {
        Self { process: table.key("process"), parts: table.key("parts") }
    }
}

impl RawRecord {
    fn read(table: &mut TableReader<'_, '_>) -> Self {
        Self { steps: table.key("steps"), entries: table.key("entries"), run: table.key("run") }
    }
}
