//! What is to be run.

use std::borrow::Cow;
use std::sync::Arc;

use super::Error;
use crate::agent::Known;
use crate::capability::{PACKAGE, Tool, VERSION};
use crate::environment::{Roles, World};
use crate::ledger::{FORMAT, Manifest, Named, Played};
use crate::policy::{Policy, Population};
use crate::transcript::Role;
use crate::value::{Draws, Seed, handed_to_roles};

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The agent; of several roles, that of the first.
    pub agent: Known,
    /// Who plays which role, in a world that has several.
    pub roles: Vec<(Role, Known)>,
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
        let (policy, roles) = (policy.into(), Vec::new());
        Self { agent, roles, policy, world, task: None, episodes: 1, lineages: 1, seed: Seed(0), draws: None }
    }

    /// The same in a world of several roles, each of which an agent plays.
    #[must_use]
    pub fn with_roles(self, roles: Vec<(Role, Known)>) -> Self {
        let agent = roles.first().map_or(self.agent, |(_, agent)| agent.clone());
        Self { agent, roles, ..self }
    }

    /// All that the agent can see of chance; of several roles, all that any of them can.
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
            roles: self.roles.iter().map(|(role, agent)| part(role, agent)).collect(),
            policy: Named { name: self.policy.name.clone(), digest: self.policy.digest() },
            effective: self.policy.effective(),
            tools: self.tools(),
            environment: Named { name: self.world.to_string(), digest: self.world.digest() },
            definition: self.world.definition(),
            task: self.task.as_deref().map(str::to_owned),
            seed: self.seed,
            draws: self.draws.as_deref().map(str::to_owned),
            episodes: self.episodes,
            lineages: self.lineages,
        }
    }

    /// The tools that the policy allows any role, in the order of their names.
    fn tools(&self) -> Vec<Named> {
        let Policy { grants, roles, tools, .. } = self.policy.as_ref();
        let of_roles = roles.values().map(|role| &role.grants);
        let granted: Vec<_> =
            std::iter::once(grants).chain(of_roles).filter_map(|grants| grants.get("tools")).collect();
        let is_allowed =
            |tool: &&Tool| granted.iter().any(|granted| granted.grant.names.iter().any(|name| name == tool.name()));
        let allowed = tools.iter().filter(is_allowed);
        allowed.map(|tool| Named { name: tool.name().to_owned(), digest: tool.digest() }).collect()
    }

    /// The same, with its roles in the order of the world.
    ///
    /// # Errors
    ///
    /// [`Error::Roles`] where the world has other roles, [`Error::NoSuchRole`] where the policy speaks of one that it does not have, and
    /// [`Error::RolesLearn`] where one of them would learn.
    pub(super) fn fitting_its_world(mut self) -> Result<Self, Error> {
        let carries = self.policy.boundary.carry > 0;
        if let Some((_, learner)) = self.roles.iter().find(|(_, agent)| carries && agent.learns()) {
            return Err(Error::RolesLearn(learner.name().to_owned()));
        }
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
        // The agent is that of the first role, in whatever order they were given.
        if let Some((_, first)) = self.roles.first() {
            self.agent = first.clone();
        }
        // A table under a misspelt name would leave a role with what the policy gives every role.
        if let Some(role) =
            self.policy.roles.keys().find(|role| !self.roles.is_empty() && !names.contains(&role.as_str()))
        {
            return Err(Error::NoSuchRole { role: role.clone(), world: self.world.to_string(), roles: there() });
        }
        Ok(self)
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

/// What a manifest says of a role.
fn part(role: &Role, agent: &Known) -> Played {
    Played {
        role: role.clone(),
        agent: Named { name: agent.name().to_owned(), digest: agent.digest() },
        instructions: agent.instructions().map(str::to_owned),
        imports: agent.imports().iter().copied().map(Cow::from).collect(),
    }
}
