//! Capabilities as data: their operations, their limits, the grounds for refusing granted calls, and the treatment of
//! calls after the end.

use super::{Release, Shortfall, Warrant};
use crate::transcript::{Body, Class, Decision, Entry, Operation};

/// Capability of the contract. Policies, their schema, `dayfly list` and the linker all follow from this data.
#[derive(Clone, Copy, Debug)]
pub struct Capability {
    /// Name of its interface.
    pub name: &'static str,
    /// Summary in one line, for people.
    pub summary: &'static str,
    /// Text of its interface in `wit/`, for authors of agents.
    pub contract: &'static str,
    /// Operations, in the order of the contract.
    pub operations: &'static [Operation],
    /// Limits that a grant may set.
    pub limits: &'static [Limit],
    /// Operations that may be refused where the policy grants them, each with all its grounds. Every operation may
    /// also be refused for the bytes of a call, and for the room in the record.
    pub grounds: &'static [(Operation, &'static [Ground])],
    /// Treatment of a call after the end.
    pub after_end: AfterEnd,
    /// Check of the data that a body keeps of it besides its calls, or `None` if a body keeps none.
    pub fits: Option<fn(&KeptBody<'_>) -> bool>,
    /// Operations that a language runtime calls by itself, whatever its program does. Where the contract answers such
    /// a call with nothing, the call is a notice.
    pub by_runtimes: &'static [Operation],
    /// Calls that an audit makes besides those with zeros. An operation with arguments has one, unless zeros are
    /// accepted.
    pub examples: &'static [Example],
}

/// Call that a grant accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example {
    /// Operation of the call.
    pub operation: Operation,
    /// Arguments of the call, in the order of the contract, without handles.
    pub arguments: &'static [Given],
}

/// An argument of an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// The given text, or its bytes.
    Text(&'static str),
    /// The given number.
    Number(u64),
    /// A name that no earlier call had.
    New,
    /// As many bytes as are accepted, up to this number. The call is repeated until a quota is used up.
    Filling(u32),
}

impl Capability {
    /// Returns the examples of `operation`: those that are repeated until a quota is used up if `filling`, else those
    /// that are made once.
    pub fn examples(&self, operation: Operation, filling: bool) -> impl Iterator<Item = &'static Example> {
        let is_asked = move |example: &&Example| example.operation == operation && example.is_filling() == filling;
        self.examples.iter().filter(is_asked)
    }

    /// Returns `true` if a language runtime calls this operation by itself.
    pub fn is_by_runtimes(&self, operation: Operation) -> bool {
        self.by_runtimes.contains(&operation)
    }

    /// Returns the grounds on which calls of `operation` are refused where the policy grants it.
    pub fn grounds(&self, operation: Operation) -> &'static [Ground] {
        self.grounds.iter().find(|(other, _)| *other == operation).map_or(&[], |(_, grounds)| grounds)
    }

    /// Returns `true` if the contract refuses every call of `operation`.
    pub fn is_never_done(&self, operation: Operation) -> bool {
        matches!(self.grounds(operation), [Ground::Always(..) | Ground::Absent(_)])
    }
}

impl Example {
    /// Returns `true` if the example is repeated until a quota is used up.
    pub fn is_filling(&self) -> bool {
        self.arguments.iter().any(|given| matches!(given, Given::Filling(_)))
    }
}

/// Ground on which a granted call is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// The call exceeds the limit of the grant with this name.
    Quota(&'static str),
    /// The contract does not allow the call. It is recorded as this class, under this rule.
    Never(Class, &'static str),
    /// The contract does not allow any call of the operation. This is the only ground of the operation.
    Always(Class, &'static str),
    /// The thing asked for does not exist, but language runtimes ask for it by themselves. The text is the rule. This
    /// is the only ground of the operation.
    Absent(&'static str),
    /// The call makes no sense.
    Invalid,
}

impl Ground {
    /// Returns `true` if `shortfall` has this ground.
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

/// Data that a body keeps of a capability, to be checked against the policy of the episode.
#[derive(Clone, Copy, Debug)]
pub struct KeptBody<'k> {
    /// Body of the episode.
    pub body: &'k Body,
    /// Warrant and grant of the policy, or `None` if it does not grant the capability.
    pub granted: Option<(&'k Warrant, &'k Grant)>,
    /// Effect of a release on the episode.
    pub release: Release,
    /// Last step that the episode could have.
    pub last_step: u32,
}

impl KeptBody<'_> {
    /// Returns the entries of granted calls of a capability.
    pub fn entries<'e>(&'e self, capability: &'e str) -> impl Iterator<Item = &'e Entry> {
        let entries = self.body.entries.iter();
        entries.filter(move |entry| entry.decision == Decision::Granted && entry.operation.capability == capability)
    }
}

/// Treatment of a call after the end. The call is refused and recorded either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterEnd {
    /// The call is a violation: an attempt to act past the end.
    Violation,
    /// The call is a notice.
    Notice,
}

/// Limit that a grant may set.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Key in the policy, such as `bytes`.
    pub name: &'static str,
    /// Kind of its value, with the default and the maximum.
    pub kind: LimitKind,
    /// Meaning of the limit.
    pub meaning: &'static str,
}

/// Kind of the value of a limit.
#[derive(Clone, Copy, Debug)]
pub enum LimitKind {
    /// A number of things.
    Count {
        /// Value where the policy gives none.
        default: u64,
        /// Maximum that a policy may give.
        most: u64,
    },
    /// A number of bytes, written like `16 KiB`.
    Size {
        /// Value where the policy gives none.
        default: u64,
        /// Maximum that a policy may give.
        most: u64,
    },
    /// Some of the existing names; none where the policy gives none. The loader of the policy knows the existing
    /// names.
    Names,
}

/// Valid grant: every limit of its capability has a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Counts and sizes, in the order of the capability's limits.
    pub numbers: Vec<(&'static str, u64)>,
    /// Names, for the one limit that has names.
    pub names: Vec<String>,
}

impl Grant {
    /// Returns the number of `limit`, or 0 for a limit that does not exist.
    pub fn number(&self, limit: &str) -> u64 {
        self.numbers.iter().find(|(name, _)| *name == limit).map_or(0, |(_, number)| *number)
    }
}
