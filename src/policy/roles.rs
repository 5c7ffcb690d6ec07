//! What each role of an episode is granted, where it has several.

use std::collections::BTreeMap;

use super::{Granted, Limits, Policy, Ungranted};
use crate::capability::CAPABILITIES;

/// What a policy says of one role: `[roles.NAME]`. A role without such a table has the grants and the fuel of the policy.
#[derive(Clone, Debug, PartialEq)]
pub struct RoleTerms {
    /// The most WebAssembly instructions.
    pub fuel: u64,
    /// What is granted, by the name of the capability. What is not here is denied.
    pub grants: BTreeMap<&'static str, Granted>,
}

/// What one role has.
#[derive(Clone, Debug)]
pub struct Share<'p> {
    /// Where its grants stand in the policy.
    place: String,
    /// The most WebAssembly instructions before the boundary.
    pub fuel: u64,
    /// The most after it.
    pub grace_fuel: u64,
    /// What is granted.
    pub grants: &'p BTreeMap<&'static str, Granted>,
}

impl Policy {
    /// What a role has: what its own table says, or else what the policy gives every role.
    pub fn share(&self, role: &str) -> Share<'_> {
        let Some(terms) = self.roles.get(role) else { return self.whole() };
        Share {
            place: format!("roles.{role}.grants"),
            fuel: terms.fuel,
            grace_fuel: self.episode.grace_fuel.min(terms.fuel),
            grants: &terms.grants,
        }
    }

    /// What an agent has that is the only one.
    pub(super) fn whole(&self) -> Share<'_> {
        let Limits { fuel, grace_fuel, .. } = self.episode;
        Share { place: "grants".to_owned(), fuel, grace_fuel, grants: &self.grants }
    }
}

impl Share<'_> {
    /// What is imported and not granted, in the order of `imports`. A grant of any mode is a grant.
    pub fn ungranted(&self, imports: &[&str]) -> Vec<Ungranted> {
        // INVARIANT 1 of the module: what the policy does not mention is not granted.
        let missing = imports.iter().filter(|name| !self.grants.contains_key(**name));
        missing
            .map(|name| {
                let known = CAPABILITIES.iter().any(|capability| capability.name == *name);
                let lines = known.then(|| format!("[{}.{name}]\nmode = \"grant\"\n", self.place));
                Ungranted { capability: (*name).to_owned(), lines }
            })
            .collect()
    }
}
