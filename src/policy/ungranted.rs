//! Capabilities that an agent imports and its policy does not grant.

use super::{Granted, Policy};

/// Capability that an agent imports and the policy does not mention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ungranted {
    /// Name of the import.
    pub capability: String,
    /// Lines that would grant the capability; `None` where there is no such capability.
    pub lines: Option<String>,
}

impl Policy {
    /// Returns a granted tool that does not come with Dayfly, if there is one. No other process has
    /// such a tool.
    #[doc(hidden)]
    pub fn tool_of_this_process(&self) -> Option<&str> {
        let names = self.grants.get("tools").map(|granted| granted.grant.names.as_slice()).unwrap_or_default();
        names.iter().map(String::as_str).find(|name| self.tools.get(name).is_none_or(|tool| !tool.is_builtin()))
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
