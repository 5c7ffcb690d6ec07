//! Record of a run, shown: its episodes as a table, and one of them as a story.
//!
//! ```text
//!  manifest.json ---------> Run ---+--> story: facts, steps, calls, | the boundary |, later calls, log, messages
//!  a line of the record --> Episode --> row of the table
//! ```
//!
//! 1. What is shown is in the record or follows from it, as the first observation follows from the
//!    world and the seed. If the record does not keep something, the key of the policy that keeps
//!    it is named.
//! 2. Everything that an agent wrote is escaped.
//!
//! It does not show that the record is what was sealed: `dayfly verify` does.

mod names;
mod story;
mod table;

use std::collections::BTreeMap;

use serde::Deserialize;

pub use story::story;
pub use table::{EpisodeFilter, heading, row};

use crate::value::Value;

/// Fields of `manifest.json` that a story needs. Missing fields are empty: the manifest of another
/// version is shown as far as it goes.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ShownManifest {
    agent: ShownName,
    roles: Vec<ShownPlayer>,
    policy: ShownName,
    environment: ShownName,
    effective: String,
    definition: String,
    instructions: Option<String>,
    task: Option<String>,
    /// Number of episodes that were asked for.
    pub episodes: u64,
}

/// Role, and the agent that plays it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ShownPlayer {
    role: String,
    agent: ShownName,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ShownName {
    name: String,
}

/// Line of the record, as it is shown.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Episode {
    /// Ordinal of the episode.
    pub episode: u64,
    lineage: u32,
    seed: u64,
    generation: u32,
    /// Digest of what the world kept from earlier episodes.
    environment: Option<String>,
    end: String,
    fault: Option<String>,
    lost: Option<String>,
    closing: String,
    cause: Option<String>,
    steps: u32,
    #[serde(rename = "return")]
    total: f64,
    performance: f64,
    fuel: u64,
    calls: ShownCalls,
    violations: BTreeMap<String, u64>,
    notices: BTreeMap<String, u64>,
    tripwires: BTreeMap<String, u64>,
    after_end: u64,
    entries: Vec<ShownEntry>,
    entries_cut: u64,
    trace: Vec<ShownStep>,
    log: Vec<String>,
    released: Vec<ShownMessage>,
    residue: Vec<ShownResidue>,
    learned: Option<ShownLearned>,
    outside: Vec<ShownOutside>,
    roles: Vec<ShownRole>,
}

/// Answer from outside.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ShownOutside {
    ordinal: u64,
    outcome: String,
    answer: String,
}

/// One role of several.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ShownRole {
    role: String,
    closing: String,
    cause: Option<String>,
    steps: u32,
    #[serde(rename = "return")]
    total: f64,
    fuel: u64,
    calls: u64,
    log: Vec<String>,
    released: Vec<ShownMessage>,
    residue: Vec<ShownResidue>,
    learned: Option<ShownLearned>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ShownCalls {
    count: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ShownEntry {
    role: Option<String>,
    ordinal: u64,
    step: u32,
    operation: String,
    argument: String,
    decision: String,
    class: Option<String>,
    rule: String,
    due: String,
}

#[derive(Debug, Deserialize)]
struct ShownStep {
    #[serde(default)]
    role: Option<String>,
    action: Value,
    reward: f64,
    observation: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ShownMessage {
    recipient: String,
    body: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ShownResidue {
    path: String,
    bytes: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ShownLearned {
    outcome: String,
    bytes: u64,
}

#[cfg(test)]
mod tests;
