//! What a run is: the first leaf of its ledger, which everything else hangs on.

use serde::Serialize;

use super::Plan;
use crate::agent::Known;
use crate::capability::{PACKAGE, VERSION};
use crate::value::{Digest, Seed};

/// What a run is. The same for every machine, number of workers and folder.
#[derive(Clone, Debug, Serialize)]
pub struct Manifest {
    /// The version of Dayfly.
    pub dayfly: &'static str,
    /// The version of the engine, which fuel is counted by.
    pub wasmtime: &'static str,
    /// The contract that the agent was run under.
    pub contract: String,
    /// The agent, and the digest of its bytes.
    pub agent: Named,
    /// What it is told at the end of every task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// The capabilities it imports.
    pub imports: Vec<&'static str>,
    /// The policy, and the digest of its effective text.
    pub policy: Named,
    /// The effective policy, as TOML.
    pub effective: String,
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
#[derive(Clone, Debug, Serialize)]
pub struct Named {
    /// For people.
    pub name: String,
    /// For machines.
    pub digest: Digest,
}

impl<A: AsRef<Known>> Plan<A> {
    /// The manifest of this run.
    pub fn manifest(&self) -> Manifest {
        let agent = self.agent.as_ref();
        Manifest {
            dayfly: env!("CARGO_PKG_VERSION"),
            wasmtime: crate::agent::ENGINE_VERSION,
            contract: format!("{PACKAGE}@{VERSION}"),
            agent: Named { name: agent.name().to_owned(), digest: agent.digest() },
            instructions: agent.instructions().map(str::to_owned),
            imports: agent.imports().to_vec(),
            policy: Named { name: self.policy.name.clone(), digest: self.policy.digest() },
            effective: self.policy.effective(),
            environment: Named { name: self.world.name.clone(), digest: Digest::of(self.world.definition.as_bytes()) },
            definition: self.world.definition.clone(),
            task: self.task.as_deref().map(str::to_owned),
            seed: self.seed,
            draws: self.draws.as_deref().map(str::to_owned),
            episodes: self.episodes,
            lineages: self.lineages,
        }
    }
}
