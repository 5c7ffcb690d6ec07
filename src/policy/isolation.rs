//! Isolation: the distance between the supervisor and the episodes.

use std::collections::BTreeSet;

use schemars::Schema;
use toml::de::DeValue;

use super::content::{Complaint, Content, Readable, choose, text};
use super::sets::{read_set, set_schema, write_set};
use super::words::{Word, names_of};

/// Isolation of the episodes of a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Isolation {
    /// Setting that says if episodes have to run in processes of their own.
    pub process: Process,
    /// Parts of the confinement that have to be in force in such a process.
    pub parts: BTreeSet<IsolationPart>,
}

/// Requirement of a process of its own for the episodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Process {
    /// The operator decides.
    #[default]
    Optional,
    /// Episodes have to run in processes of their own.
    Required,
}

/// Part of the confinement of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IsolationPart {
    /// Limits of memory, processor time, files and processes; a session of its own; no new
    /// privileges.
    Limits,
    /// The kernel denies the process every file but those of its scratch folder.
    Landlock,
    /// The kernel denies the process every system call that episodes do not need.
    Seccomp,
}

impl IsolationPart {
    /// Every part, in the order in which they come into force.
    pub const ALL: [Self; 3] = [Self::Limits, Self::Landlock, Self::Seccomp];

    /// Returns the name in policies and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Limits => "limits",
            Self::Landlock => "landlock",
            Self::Seccomp => "seccomp",
        }
    }
}

const PARTS: [(&str, IsolationPart); 3] = [
    (IsolationPart::Limits.name(), IsolationPart::Limits),
    (IsolationPart::Landlock.name(), IsolationPart::Landlock),
    (IsolationPart::Seccomp.name(), IsolationPart::Seccomp),
];

impl Word for Process {
    const ALL: &'static [(&'static str, Self)] = &[("optional", Self::Optional), ("required", Self::Required)];

    fn no_looser(self, parent: Self) -> bool {
        self == Self::Required || parent == Self::Optional
    }
}

/// Parts of the confinement that have to be in force.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts(pub(super) BTreeSet<IsolationPart>);

impl Content for Parts {
    fn write(&self) -> String {
        write_set(self.0.iter().map(|part| part.name()))
    }

    /// Returns `true` if all parts of `parent` are here: more parts are tighter.
    fn within(&self, parent: &Self) -> bool {
        self.0.is_superset(&parent.0)
    }
}

impl Readable for Parts {
    fn read(value: &DeValue<'_>) -> Result<Self, Complaint> {
        let parts = read_set(value, |item| choose(text(item)?, &PARTS))?;
        Ok(Self(parts.into_iter().collect()))
    }

    fn schema() -> Schema {
        set_schema(&names_of(&PARTS))
    }
}
