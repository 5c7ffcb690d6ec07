//! What a run is: what its manifest says, which everything else hangs on.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::leaf::OLDEST;
use crate::transcript::Role;
use crate::value::{Digest, Draws, Seed, handed, handed_to_roles};

/// What a run is. The same for every machine, number of workers and folder. It is read as strictly as it is written: no other field,
/// and none twice.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The format of the record: [`FORMAT`](super::FORMAT).
    pub ledger: u64,
    /// The version of Dayfly.
    pub dayfly: Cow<'static, str>,
    /// The version of the engine, which fuel is counted by.
    pub wasmtime: Cow<'static, str>,
    /// The contract that the agent was run under.
    pub contract: String,
    /// The agent, and the digest of its bytes.
    pub agent: Named,
    /// What it is told at the end of every task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// The capabilities it imports.
    pub imports: Vec<Cow<'static, str>>,
    /// The roles, in their order, where the world has several: then `agent` and the members beside it are those of the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<Played>,
    /// The policy, and the digest of its effective text.
    pub policy: Named,
    /// The effective policy, as TOML.
    pub effective: String,
    /// The tools that it allows, and the digests of what they are called and said to do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Named>,
    /// The environment with its parameters, and the digest of its definition.
    pub environment: Named,
    /// That definition.
    pub definition: String,
    /// The task in words, where it is not the environment's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// What every random choice follows from.
    pub seed: Seed,
    /// The name of its draws, where they are not the agent's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draws: Option<String>,
    /// How many episodes were asked for.
    pub episodes: u64,
    /// How many lineages they belong to.
    pub lineages: u32,
}

/// A name, and the digest of what it stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// For people.
    pub name: String,
    /// For machines.
    pub digest: Digest,
}

/// A role, and who plays it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Played {
    /// The role.
    pub role: Role,
    /// Its agent, and the digest of its bytes.
    pub agent: Named,
    /// What it is told at the end of every task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// The capabilities it imports.
    pub imports: Vec<Cow<'static, str>>,
}

impl Manifest {
    /// Name of the agent, or of several roles who plays which, for people.
    pub fn agents(&self) -> String {
        match self.roles.as_slice() {
            [] => self.agent.name.clone(),
            roles => {
                let played = roles.iter().map(|one| format!("{} as {}", one.agent.name, one.role));
                played.collect::<Vec<_>>().join(" and ")
            }
        }
    }

    /// What in it cannot be where the rest is as it is; nothing where it all fits together.
    pub(super) fn contradiction(&self) -> Option<&'static str> {
        let is_of = |named: &Named, text: &str| named.digest == Digest::of(text.as_bytes());
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

    /// Whether lineages take turns in worlds, as far as the policy says it.
    pub(super) fn rotates(&self) -> bool {
        let boundary = toml::from_str::<toml::Table>(&self.effective).ok();
        let says = |key: &str, value: &str| {
            let found = boundary.as_ref().and_then(|policy| policy.get("boundary")?.get(key)?.as_str());
            found == Some(value)
        };
        says("environment", "persist") && says("swap", "rotate")
    }

    /// What its seeds follow from.
    pub(super) fn draws(&self) -> Draws {
        let task = self.task.as_deref();
        match &self.draws {
            Some(name) => Draws::named(self.seed, name),
            None if self.roles.is_empty() => {
                Draws::of(self.seed, handed(self.agent.digest, self.instructions.as_deref(), task))
            }
            None => {
                let of = |one: &Played| handed(one.agent.digest, one.instructions.as_deref(), task);
                Draws::of(self.seed, handed_to_roles(self.roles.iter().map(|one| (one.role.as_str(), of(one)))))
            }
        }
    }
}
