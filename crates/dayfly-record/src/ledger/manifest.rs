//! The manifest of a run, which identifies the run in every other part of the record.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::leaf::OLDEST;
use crate::transcript::Role;
use crate::value::{Digest, Draws, Seed, handed, handed_to_roles};

/// Manifest of a run. It is the same for every machine, number of workers and folder. No unknown or repeated field is
/// accepted.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the format of the record: [`FORMAT`](super::FORMAT).
    pub ledger: u64,
    /// Version of Dayfly.
    pub dayfly: Cow<'static, str>,
    /// Version of the engine, which fuel depends on.
    pub wasmtime: Cow<'static, str>,
    /// Contract that the agent was run under.
    pub contract: String,
    /// Agent, and the digest of its bytes.
    pub agent: NamedDigest,
    /// Instructions that the agent is given at the end of every task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// Capabilities that the agent imports.
    pub imports: Vec<Cow<'static, str>>,
    /// Roles, in their order, where the world has several. Then `agent` and the members beside it are those of the
    /// first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<RoleEntry>,
    /// Policy, and the digest of its effective text.
    pub policy: NamedDigest,
    /// Effective policy, as TOML.
    pub effective: String,
    /// Tools that the policy allows, and the digests of their names and descriptions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<NamedDigest>,
    /// Environment with its parameters, and the digest of its definition.
    pub environment: NamedDigest,
    /// Definition of the environment.
    pub definition: String,
    /// Task in words, where it is not the environment's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// Seed of every random choice.
    pub seed: Seed,
    /// Name of the draws, where they are not the agent's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draws: Option<String>,
    /// Number of episodes that were asked for.
    pub episodes: u64,
    /// Number of lineages that they belong to.
    pub lineages: u32,
}

/// Name, and the digest of the named thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedDigest {
    /// Name, for people.
    pub name: String,
    /// Digest, for machines.
    pub digest: Digest,
}

/// Role, and the agent that plays it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleEntry {
    /// Name of the role.
    pub role: Role,
    /// Agent of the role, and the digest of its bytes.
    pub agent: NamedDigest,
    /// Instructions that the agent is given at the end of every task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// Capabilities that the agent imports.
    pub imports: Vec<Cow<'static, str>>,
}

impl Manifest {
    /// Returns the name of the agent, or of the agents with their roles, for people.
    pub fn agents(&self) -> String {
        match self.roles.as_slice() {
            [] => self.agent.name.clone(),
            roles => {
                let played = roles.iter().map(|one| format!("{} as {}", one.agent.name, one.role));
                played.collect::<Vec<_>>().join(" and ")
            }
        }
    }

    /// Returns the first contradiction within the manifest, or `None` if there is none.
    pub(super) fn contradiction(&self) -> Option<&'static str> {
        let is_of = |named: &NamedDigest, text: &str| named.digest == Digest::of(text.as_bytes());
        let checks = [
            (is_of(&self.policy, &self.effective), "the digest of the policy is not that of its text"),
            (is_of(&self.environment, &self.definition), "the digest of the environment is not that of its definition"),
            (self.lineages > 0, "it has no lineage"),
            (
                self.ledger > OLDEST || (self.roles.is_empty() && self.tools.is_empty()),
                "its format has neither roles nor tools",
            ),
            (
                self.roles.first().is_none_or(|first| {
                    first.agent == self.agent
                        && first.instructions == self.instructions
                        && first.imports == self.imports
                }),
                "its agent is not that of its first role",
            ),
        ];
        checks.into_iter().find_map(|(holds, what)| (!holds).then_some(what))
    }

    /// Returns `true` if lineages rotate through worlds, according to the policy.
    pub(super) fn rotates(&self) -> bool {
        let boundary = toml::from_str::<toml::Table>(&self.effective).ok();
        let says = |key: &str, value: &str| {
            let found = boundary.as_ref().and_then(|policy| policy.get("boundary")?.get(key)?.as_str());
            found == Some(value)
        };
        says("environment", "persist") && says("swap", "rotate")
    }

    /// Returns the draws that its seeds follow from.
    pub(super) fn draws(&self) -> Draws {
        let task = self.task.as_deref();
        match &self.draws {
            Some(name) => Draws::named(self.seed, name),
            None if self.roles.is_empty() => {
                Draws::of(self.seed, handed(self.agent.digest, self.instructions.as_deref(), task))
            }
            None => {
                let of = |one: &RoleEntry| handed(one.agent.digest, one.instructions.as_deref(), task);
                Draws::of(self.seed, handed_to_roles(self.roles.iter().map(|one| (one.role.as_str(), of(one)))))
            }
        }
    }
}
