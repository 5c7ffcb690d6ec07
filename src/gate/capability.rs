//! What a capability is, as data: its operations, its limits, on what grounds its operations are turned down, and what a call after the end
//! counts as.

use super::{Release, Shortfall, Warrant};
use crate::transcript::{Body, Class, Decision, Entry, Operation};

/// A capability of the contract. Policies, their schema, `dayfly list` and the linker all follow from this.
#[derive(Clone, Copy, Debug)]
pub struct Capability {
    /// The name of its interface.
    pub name: &'static str,
    /// One line for people.
    pub summary: &'static str,
    /// Its interface in `wit/`, for those who write agents.
    pub contract: &'static str,
    /// Its operations, in the order of the contract.
    pub operations: &'static [Operation],
    /// The limits that a grant may set.
    pub limits: &'static [Limit],
    /// The operations that are turned down where the policy grants them, each with all its grounds. Every operation can be turned down
    /// besides for what one call may move, and for what the record holds.
    pub grounds: &'static [(Operation, &'static [Ground])],
    /// What a call after the end counts as.
    pub after_end: AfterEnd,
    /// Check of what a body keeps of it beside its calls; nothing where a body keeps nothing of it.
    pub fits: Option<fn(&Kept<'_>) -> bool>,
    /// The operations that a language runtime calls by itself, whatever its program does: where the contract answers one with nothing, the
    /// call is a notice.
    pub by_runtimes: &'static [Operation],
    /// Calls that an audit makes beside those with zeros. An operation that takes anything has one, unless zeros are accepted.
    pub examples: &'static [Example],
}

/// A call that a grant accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example {
    /// The operation.
    pub operation: Operation,
    /// Its arguments, in the order of the contract, without handles.
    pub arguments: &'static [Given],
}

/// An argument of an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// This text, or these bytes.
    Text(&'static str),
    /// This number.
    Number(u64),
    /// A name that no call before had.
    New,
    /// As many bytes as are accepted, so many at the most: the call is made until a quota is used up.
    Filling(u32),
}

impl Capability {
    /// The examples of `operation` that are made once, and those that are made until a quota is used up.
    pub fn examples(&self, operation: Operation, filling: bool) -> impl Iterator<Item = &'static Example> {
        let is_asked = move |example: &&Example| example.operation == operation && example.is_filling() == filling;
        self.examples.iter().filter(is_asked)
    }

    /// Whether a language runtime calls this by itself.
    pub fn is_by_runtimes(&self, operation: Operation) -> bool {
        self.by_runtimes.contains(&operation)
    }

    /// The grounds on which calls of `operation` are turned down where the policy grants it.
    pub fn grounds(&self, operation: Operation) -> &'static [Ground] {
        self.grounds.iter().find(|(other, _)| *other == operation).map_or(&[], |(_, grounds)| grounds)
    }

    /// Whether the contract turns down each call of `operation`.
    pub fn is_never_done(&self, operation: Operation) -> bool {
        matches!(self.grounds(operation), [Ground::Always(..) | Ground::Absent(_)])
    }
}

impl Example {
    /// Whether it is made until a quota is used up.
    pub fn is_filling(&self) -> bool {
        self.arguments.iter().any(|given| matches!(given, Given::Filling(_)))
    }
}

/// A ground on which a call is turned down that the policy grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// More than a limit of the grant; its name.
    Quota(&'static str),
    /// What the contract does not allow; the class that it is recorded as, and the rule.
    Never(Class, &'static str),
    /// The same, of each call: it is the only ground.
    Always(Class, &'static str),
    /// What there is not, and a language runtime asks for by itself; the rule. It is the only ground.
    Absent(&'static str),
    /// What makes no sense.
    Invalid,
}

impl Ground {
    /// Whether `shortfall` is one on this ground.
    pub fn is_of(self, shortfall: &Shortfall) -> bool {
        match (self, shortfall) {
            (Self::Quota(own), Shortfall::Quota(limit)) => own == *limit,
            (Self::Never(own, rule) | Self::Always(own, rule), Shortfall::Never(class, other)) => {
                own == *class && rule == *other
            }
            (Self::Absent(rule), Shortfall::Absent(other)) => rule == *other,
            (Self::Invalid, Shortfall::Invalid(_)) => true,
            _ => false,
        }
    }
}

/// What a body keeps of a capability, to be held against the policy that the episode was lived under.
#[derive(Clone, Copy, Debug)]
pub struct Kept<'k> {
    /// The body.
    pub body: &'k Body,
    /// What the policy grants; nothing where it does not.
    pub granted: Option<(&'k Warrant, &'k Grant)>,
    /// What becomes of an episode that releases something.
    pub release: Release,
    /// The last step that the episode could have.
    pub last_step: u32,
}

impl Kept<'_> {
    /// The entries of what was granted of a capability.
    pub fn entries<'e>(&'e self, capability: &'e str) -> impl Iterator<Item = &'e Entry> {
        let entries = self.body.entries.iter();
        entries.filter(move |entry| entry.decision == Decision::Granted && entry.operation.capability == capability)
    }
}

/// What a call after the end counts as. It is refused and recorded either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterEnd {
    /// An attempt to act past the end.
    Violation,
    /// Nothing but a note.
    Notice,
}

/// A limit that a grant may set.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Its key in the policy, such as `bytes`.
    pub name: &'static str,
    /// What it holds where the policy does not say, and the most it may.
    pub kind: Kind,
    /// What it limits.
    pub meaning: &'static str,
}

/// What a limit holds.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A number of things.
    Count {
        /// Where the policy does not say.
        default: u64,
        /// What no policy may exceed.
        most: u64,
    },
    /// A number of bytes, written like `16 KiB`.
    Size {
        /// Where the policy does not say.
        default: u64,
        /// What no policy may exceed.
        most: u64,
    },
    /// Some of the names that there are; none where the policy does not say. Which there are, whoever loads the policy says.
    Names,
}

/// A valid grant: every limit of its capability has a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Counts and sizes, in the order of the capability's limits.
    pub numbers: Vec<(&'static str, u64)>,
    /// The names, for the one limit that has them.
    pub names: Vec<String>,
}

impl Grant {
    /// The number that `limit` holds; 0 for a limit that there is not.
    pub fn number(&self, limit: &str) -> u64 {
        self.numbers.iter().find(|(name, _)| *name == limit).map_or(0, |(_, number)| *number)
    }
}
