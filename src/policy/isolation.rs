//! How far from the supervisor episodes are lived.

use std::collections::BTreeSet;

use schemars::Schema;
use toml::de::DeValue;

use super::content::{Complaint, Content, Readable, choose, text};
use super::sets::{read_set, set_schema, write_set};
use super::words::{Word, names_of};

/// How far from the supervisor episodes are lived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Isolation {
    /// Whether they have to be lived in processes of their own.
    pub process: Process,
    /// What has to be in force in such a process.
    pub parts: BTreeSet<Part>,
}

/// Whether episodes have to be lived in processes of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Process {
    /// As the operator likes.
    #[default]
    Optional,
    /// They have to.
    Required,
}

/// A part of what confines a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Limits of memory, processor time, files and processes; a session of its own; no new privileges.
    Limits,
    /// The kernel keeps it from every file but those of its scratch folder.
    Landlock,
    /// The kernel keeps it from every system call that episodes do not need.
    Seccomp,
}

impl Part {
    /// Every part, in the order in which they come into force.
    pub const ALL: [Self; 3] = [Self::Limits, Self::Landlock, Self::Seccomp];

    /// Its name in policies and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Limits => "limits",
            Self::Landlock => "landlock",
            Self::Seccomp => "seccomp",
        }
    }
}

const PARTS: [(&str, Part); 3] = [
    (Part::Limits.name(), Part::Limits),
    (Part::Landlock.name(), Part::Landlock),
    (Part::Seccomp.name(), Part::Seccomp),
];

impl Word for Process {
    const ALL: &'static [(&'static str, Self)] = &[("optional", Self::Optional), ("required", Self::Required)];

    fn no_looser(self, parent: Self) -> bool {
        self == Self::Required || parent == Self::Optional
    }
}

/// The parts that have to be in force.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts(pub(super) BTreeSet<Part>);

impl Content for Parts {
    fn write(&self) -> String {
        write_set(self.0.iter().map(|part| part.name()))
    }

    /// More parts are tighter.
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
