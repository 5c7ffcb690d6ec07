//! What an agent imports that the policy does not grant.

use super::Policy;
use crate::capability::CAPABILITIES;

/// A capability that an agent imports and the policy does not mention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ungranted {
    /// The name that is imported.
    pub capability: String,
    /// The lines that would grant it; none where there is no such capability.
    pub lines: Option<String>,
}

impl Policy {
    /// What is imported and not granted, in the order of `imports`. A grant of any mode is a grant.
    ///
    /// A policy that extends another grants nothing that the other does not: there, the lines belong into the other.
    pub fn ungranted(&self, imports: &[&str]) -> Vec<Ungranted> {
        // INVARIANT 1: what the policy does not mention is not granted.
        let missing = imports.iter().filter(|name| !self.grants.contains_key(**name));
        missing
            .map(|name| {
                let known = CAPABILITIES.iter().any(|capability| capability.name == *name);
                let lines = known.then(|| format!("[grants.{name}]\nmode = \"grant\"\n"));
                Ungranted { capability: (*name).to_owned(), lines }
            })
            .collect()
    }
}
