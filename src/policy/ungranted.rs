//! Capabilities that an agent imports and its policy does not grant.

use super::{Granted, Policy};
use crate::capability::Tool;

/// Capability that an agent imports and the policy does not mention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ungranted {
    /// Name of the import.
    pub capability: String,
    /// Lines that would grant the capability; `None` where there is no such capability.
    pub lines: Option<String>,
}

impl Policy {
    /// Returns the tools that the policy allows any role, in the order of their names.
    #[doc(hidden)]
    pub fn tools_allowed(&self) -> impl Iterator<Item = &Tool> {
        let of_roles = self.roles.values().map(|role| &role.grants);
        let all: Vec<_> =
            std::iter::once(&self.grants).chain(of_roles).filter_map(|grants| grants.get("tools")).collect();
        let is_allowed =
            move |tool: &&Tool| all.iter().any(|granted| granted.grant.names.iter().any(|name| name == tool.name()));
        self.tools.iter().filter(is_allowed)
    }

    /// Returns the grant of a capability, if its mode is `grant`. A denied capability and a
    /// tripwire give `None`.
    #[doc(hidden)]
    pub fn granted(&self, capability: &str) -> Option<&Granted> {
        self.whole().granted(capability)
    }

    /// Returns the imports without a grant, in the order of `imports`. A grant of any mode counts.
    ///
    /// A policy that extends another cannot add a grant. There, the lines belong in the extended
    /// policy.
    #[doc(hidden)]
    pub fn ungranted(&self, imports: &[&str]) -> Vec<Ungranted> {
        self.whole().ungranted(imports)
    }
}
