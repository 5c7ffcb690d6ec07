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
pub use table::{Filter, heading, row};

use crate::value::Value;

/// Fields of `manifest.json` that a story needs. Missing fields are empty: the manifest of another
/// version is shown as far as it goes.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Run {
    agent: Named,
    roles: Vec<Played>,
    policy: Named,
    environment: Named,
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
struct Played {
    role: String,
    agent: Named,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named {
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
    calls: Calls,
    violations: BTreeMap<String, u64>,
    notices: BTreeMap<String, u64>,
    tripwires: BTreeMap<String, u64>,
    after_end: u64,
    entries: Vec<Entry>,
    entries_cut: u64,
    trace: Vec<Step>,
    log: Vec<String>,
    released: Vec<Message>,
    residue: Vec<Left>,
    learned: Option<Learned>,
    outside: Vec<Outside>,
    roles: Vec<OneRole>,
}

/// Answer from outside.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Outside {
    ordinal: u64,
    outcome: String,
    answer: String,
}

/// One role of several.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OneRole {
    role: String,
    closing: String,
    cause: Option<String>,
    steps: u32,
    #[serde(rename = "return")]
    total: f64,
    fuel: u64,
    calls: u64,
    log: Vec<String>,
    released: Vec<Message>,
    residue: Vec<Left>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Calls {
    count: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Entry {
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
struct Step {
    #[serde(default)]
    role: Option<String>,
    action: Value,
    reward: f64,
    observation: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Message {
    recipient: String,
    body: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Left {
    path: String,
    bytes: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Learned {
    outcome: String,
    bytes: u64,
}

#[cfg(test)]
mod tests;
