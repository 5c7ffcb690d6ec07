//! The plan of a run.

use std::borrow::Cow;
use std::sync::Arc;

use super::Error;
use crate::agent::ParsedAgent;
use crate::capability::{PACKAGE, VERSION};
use crate::environment::{Roles, World};
use crate::ledger::{FORMAT, Manifest, NamedDigest, RoleEntry};
use crate::policy::Policy;
use crate::transcript::Role;
use crate::value::{Draws, Seed, handed_to_roles};

/// Plan of a run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Agent of the run, or of its first role where there are several.
    pub agent: ParsedAgent,
    /// Roles and their agents, in a world that has several roles.
    pub roles: Vec<(Role, ParsedAgent)>,
    /// Policy of the run.
    pub policy: Arc<Policy>,
    /// World of the episodes.
    pub world: World,
    /// Task in words, or `None` for the task of the environment.
    pub task: Option<Arc<str>>,
    /// Number of episodes.
    pub episodes: u64,
    /// Number of lineages, at least 1; episode `i` belongs to lineage `i` modulo this. For an agent that learns, it
    /// is at most the size of the policy's population. A run with fewer lineages has no selection.
    pub lineages: u32,
    /// Seed of every random choice.
    pub seed: Seed,
    /// Name of its draws, shared with other agents. Without a name they are the agent's own.
    pub draws: Option<Arc<str>>,
}

impl Plan {
    /// Returns a plan of one episode of `agent` in `world` under `policy`, with the seed 0.
    pub fn new(agent: ParsedAgent, policy: impl Into<Arc<Policy>>, world: World) -> Self {
        let (policy, roles) = (policy.into(), Vec::new());
        Self { agent, roles, policy, world, task: None, episodes: 1, lineages: 1, seed: Seed(0), draws: None }
    }

    /// Returns the same plan with several roles, each with its agent.
    #[must_use]
    pub fn with_roles(self, roles: Vec<(Role, ParsedAgent)>) -> Self {
        let agent = roles.first().map_or(self.agent, |(_, agent)| agent.clone());
        Self { agent, roles, ..self }
    }

    /// Returns the draws of the run: all randomness that its agents can see.
    #[doc(hidden)]
    pub fn draws(&self) -> Draws {
        let task = self.task.as_deref();
        match &self.draws {
            None if self.roles.is_empty() => Draws::of(self.seed, self.agent.handed(task)),
            None => {
                let handed = self.roles.iter().map(|(role, agent)| (role.as_str(), agent.handed(task)));
                Draws::of(self.seed, handed_to_roles(handed))
            }
            Some(name) => Draws::named(self.seed, name),
        }
    }

    /// Returns the manifest of the run.
    pub fn manifest(&self) -> Manifest {
        let agent = &self.agent;
        Manifest {
            ledger: FORMAT,
            dayfly: env!("CARGO_PKG_VERSION").into(),
            wasmtime: crate::agent::ENGINE_VERSION.into(),
            contract: format!("{PACKAGE}@{VERSION}"),
            agent: NamedDigest { name: agent.name().to_owned(), digest: agent.digest() },
            instructions: agent.instructions().map(str::to_owned),
            imports: agent.imports().iter().copied().map(Cow::from).collect(),
            roles: self.roles.iter().map(|(role, agent)| part(role, agent)).collect(),
            policy: NamedDigest { name: self.policy.name.clone(), digest: self.policy.digest() },
            effective: self.policy.effective(),
            tools: self.tools(),
            environment: NamedDigest { name: self.world.to_string(), digest: self.world.digest() },
            definition: self.world.definition(),
            task: self.task.as_deref().map(str::to_owned),
            seed: self.seed,
            draws: self.draws.as_deref().map(str::to_owned),
            episodes: self.episodes,
            lineages: self.lineages,
        }
    }

    /// Returns the tools that the policy allows any role, ordered by name.
    fn tools(&self) -> Vec<NamedDigest> {
        self.policy
            .tools_allowed()
            .map(|tool| NamedDigest { name: tool.name().to_owned(), digest: tool.digest() })
            .collect()
    }

    /// Returns the same plan, with its roles in the order of the world.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Roles`] when the world has other roles, and [`Error::NoSuchRole`] when the policy names a
    /// role that it does not have.
    pub(super) fn fitting_its_world(mut self) -> Result<Self, Error> {
        let world = self.world.made();
        let names = world.roles().map(Roles::names).unwrap_or_default();
        let place = |role: &Role| names.iter().position(|name| *name == role.as_str());
        self.roles.sort_by_key(|(role, _)| place(role).unwrap_or(usize::MAX));
        let is_twice = |at: usize, name: &&str| names.iter().take(at).any(|before| before == name);
        if names.len() > Role::MOST_ROLES || names.iter().enumerate().any(|(at, name)| is_twice(at, name)) {
            return Err(Error::Unfit(self.world.to_string()));
        }
        let there = || names.iter().map(|name| (*name).to_owned()).collect();
        if self.roles.iter().map(|(role, _)| role.as_str()).ne(names.iter().copied()) {
            let given = self.roles.iter().map(|(role, _)| role.to_string()).collect();
            return Err(Error::Roles { world: self.world.to_string(), roles: there(), given });
        }
        // The agent is that of the world's first role, in whatever order the roles were given.
        if let Some((_, first)) = self.roles.first() {
            self.agent = first.clone();
        }
        // A table under a misspelt name would leave a role with the grants that the policy gives every role.
        if let Some(role) =
            self.policy.roles.keys().find(|role| !self.roles.is_empty() && !names.contains(&role.as_str()))
        {
            return Err(Error::NoSuchRole { role: role.clone(), world: self.world.to_string(), roles: there() });
        }
        Ok(self)
    }

    /// Returns `true` if an agent learns, and the policy lets a carry-over cross the boundary.
    pub(super) fn learns(&self) -> bool {
        self.policy.boundary.carry > 0 && self.has_learners()
    }

    /// Returns `true` if an agent exports `learn`.
    fn has_learners(&self) -> bool {
        if self.roles.is_empty() { self.agent.learns() } else { self.roles.iter().any(|(_, agent)| agent.learns()) }
    }

    /// Returns `Ok` if the policy's population has at least as many lineages as the run, and has one return to select
    /// by.
    pub(super) fn fits_its_population(&self) -> Result<(), Error> {
        // Agents that do not learn are not selected from.
        let Some(population) = self.policy.population.filter(|_| self.has_learners()) else { return Ok(()) };
        let size = population.size;
        if size < self.lineages {
            return Err(Error::Population { size, lineages: self.lineages });
        }
        if !self.roles.is_empty() && self.learns() && size == self.lineages && population.replaced() > 0 {
            return Err(Error::RolesSelect);
        }
        Ok(())
    }
}

/// Returns a role's part of the manifest.
fn part(role: &Role, agent: &ParsedAgent) -> RoleEntry {
    RoleEntry {
        role: role.clone(),
        agent: NamedDigest { name: agent.name().to_owned(), digest: agent.digest() },
        instructions: agent.instructions().map(str::to_owned),
        imports: agent.imports().iter().copied().map(Cow::from).collect(),
    }
}
