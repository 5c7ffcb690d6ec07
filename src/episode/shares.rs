//! The agents of an episode, each with its share of the policy.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Setting;
use crate::agent::ParsedAgent;
use crate::capability::LastStep;
use crate::environment::Environment;
use crate::policy::RoleShare;
use crate::transcript::Role;
use crate::value::Digest;

impl<A: AsRef<ParsedAgent>> Setting<A> {
    /// Returns the agent of each role with the share of the role, in the order of the roles. Where there is only one
    /// agent, returns that one.
    pub fn shares(&self) -> Vec<(&ParsedAgent, RoleShare<'_>)> {
        if self.roles.is_empty() {
            return vec![(self.agent.as_ref(), self.policy.whole())];
        }
        self.roles.iter().map(|cast| (cast.agent.as_ref(), self.policy.share(cast.role.as_str()))).collect()
    }

    /// Returns the names of the roles, in their order; none where there is only one agent.
    pub fn role_names(&self) -> Vec<Role> {
        self.roles.iter().map(|cast| cast.role.clone()).collect()
    }

    /// Returns one agent for each component, in the order in which the components come first among the roles.
    pub fn components(&self) -> Vec<&ParsedAgent> {
        let mut components: Vec<&ParsedAgent> = Vec::new();
        for (agent, _) in self.shares() {
            if !components.iter().any(|known| known.digest() == agent.digest()) {
                components.push(agent);
            }
        }
        components
    }

    /// Returns the digests of carry-overs that are not empty, by role.
    pub(super) fn carried(&self, carry_overs: &[Arc<[u8]>]) -> BTreeMap<Role, Digest> {
        let of_roles = self.roles.iter().map(|cast| &cast.role).zip(carry_overs);
        let given = of_roles.filter(|(_, carry_over)| !carry_over.is_empty());
        given.map(|(role, carry_over)| (role.clone(), Digest::of(carry_over))).collect()
    }

    /// Returns the step limit of an episode, as far as `agent` is told of it in its view of the world.
    pub fn limit_of(&self, agent: &ParsedAgent, view: &dyn Environment) -> LastStep {
        LastStep::of(self.last_step(view), self.policy.objective.reveal, &self.task_of(agent, view), view)
    }
}
