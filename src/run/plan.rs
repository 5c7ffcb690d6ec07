//! What is to be run.

use std::borrow::Cow;
use std::sync::Arc;

use super::Error;
use crate::agent::Known;
use crate::capability::{PACKAGE, VERSION};
use crate::environment::World;
use crate::ledger::{FORMAT, Manifest, Named};
use crate::policy::{Policy, Population};
use crate::value::{Draws, Seed};

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The agent.
    pub agent: Known,
    /// The policy.
    pub policy: Arc<Policy>,
    /// The world.
    pub world: World,
    /// The task in words; that of the environment without one.
    pub task: Option<Arc<str>>,
    /// How many episodes.
    pub episodes: u64,
    /// How many lineages they belong to; episode `i` belongs to lineage `i` modulo this. At least 1, and of an agent that learns
    /// no more than the size of the population where the policy has one; of fewer, nothing is selected.
    pub lineages: u32,
    /// What every random choice follows from.
    pub seed: Seed,
    /// The name of its draws, where other agents are to meet the same; without one they are the agent's own.
    pub draws: Option<Arc<str>>,
}

impl Plan {
    /// One episode of `agent` in `world` under `policy`, whose random choices follow from the seed 0.
    pub fn new(agent: Known, policy: impl Into<Arc<Policy>>, world: World) -> Self {
        Self { agent, policy: policy.into(), world, task: None, episodes: 1, lineages: 1, seed: Seed(0), draws: None }
    }

    /// All that the agent can see of chance.
    pub fn draws(&self) -> Draws {
        match &self.draws {
            None => Draws::of(self.seed, self.agent.handed(self.task.as_deref())),
            Some(name) => Draws::named(self.seed, name),
        }
    }

    /// What this run is, as its manifest says it.
    pub fn manifest(&self) -> Manifest {
        let agent = &self.agent;
        Manifest {
            ledger: FORMAT,
            dayfly: env!("CARGO_PKG_VERSION").into(),
            wasmtime: crate::agent::ENGINE_VERSION.into(),
            contract: format!("{PACKAGE}@{VERSION}"),
            agent: Named { name: agent.name().to_owned(), digest: agent.digest() },
            instructions: agent.instructions().map(str::to_owned),
            imports: agent.imports().iter().copied().map(Cow::from).collect(),
            policy: Named { name: self.policy.name.clone(), digest: self.policy.digest() },
            effective: self.policy.effective(),
            environment: Named { name: self.world.to_string(), digest: self.world.digest() },
            definition: self.world.definition(),
            task: self.task.as_deref().map(str::to_owned),
            seed: self.seed,
            draws: self.draws.as_deref().map(str::to_owned),
            episodes: self.episodes,
            lineages: self.lineages,
        }
    }

    /// Whether the policy has a population of at least as many lineages.
    pub(super) fn fits_its_population(&self) -> Result<(), Error> {
        match self.policy.population {
            // Who does not learn is not selected from.
            Some(Population { size, .. }) if self.agent.learns() && size < self.lineages => {
                Err(Error::Population { size, lineages: self.lineages })
            }
            _ => Ok(()),
        }
    }
}
