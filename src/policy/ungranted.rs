//! What the policy grants, and what an agent imports that it does not.

use super::{Granted, Policy};

/// A capability that an agent imports and the policy does not mention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ungranted {
    /// The name that is imported.
    pub capability: String,
    /// The lines that would grant it; none where there is no such capability.
    pub lines: Option<String>,
}

impl Policy {
    /// A tool that its grant allows and that does not come with Dayfly, so that no other process has it; none where there is no such.
    #[doc(hidden)]
    pub fn tool_of_this_process(&self) -> Option<&str> {
        let names = self.grants.get("tools").map(|granted| granted.grant.names.as_slice()).unwrap_or_default();
        names.iter().map(String::as_str).find(|name| self.tools.get(name).is_none_or(|tool| !tool.is_builtin()))
    }

    /// What it says of a capability that it grants: none where it denies it, or has a tripwire in its place.
    #[doc(hidden)]
    pub fn granted(&self, capability: &str) -> Option<&Granted> {
        self.whole().granted(capability)
    }

    /// What is imported and not granted, in the order of `imports`. A grant of any mode is a grant.
    ///
    /// A policy that extends another grants nothing that the other does not: there, the lines belong into the other.
    #[doc(hidden)]
    pub fn ungranted(&self, imports: &[&str]) -> Vec<Ungranted> {
        self.whole().ungranted(imports)
    }
}
