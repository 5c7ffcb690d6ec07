//! Words: values out of a fixed list of names.

use schemars::{Schema, json_schema};
use toml::de::DeValue;

use super::content::{Complaint, Content, Readable, choose, quote, text};
use super::{Continuity, Swap, Trapped};
use crate::gate::{Consequence, Mode};
use crate::transcript::Detail;

/// Value out of a fixed list of names.
pub(super) trait Word: Copy + PartialEq + 'static {
    /// Every name, with its value.
    const ALL: &'static [(&'static str, Self)];

    /// Names that a user may expect here, each with advice.
    const EXPECTED: &'static [(&'static str, &'static str)] = &[];

    /// Returns `true` if a policy may have this value where the policy that it extends has
    /// `parent`.
    fn no_looser(self, parent: Self) -> bool;

    /// Finds the value of a name.
    fn find(text: &str) -> Result<Self, Complaint> {
        choose(text, Self::ALL).map_err(|complaint| match Self::EXPECTED.iter().find(|(name, _)| *name == text) {
            Some((_, help)) => Complaint::new(complaint.what, "no such value", *help),
            None => complaint,
        })
    }

    /// Returns the name.
    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, word)| *word == self).map_or("", |(name, _)| name)
    }
}

impl<T: Word> Content for T {
    fn write(&self) -> String {
        quote(self.name())
    }

    fn within(&self, parent: &Self) -> bool {
        self.no_looser(*parent)
    }
}

impl<T: Word> Readable for T {
    fn read(value: &DeValue<'_>) -> Result<Self, Complaint> {
        T::find(text(value)?)
    }

    fn schema() -> Schema {
        json_schema!({ "type": "string", "enum": names_of(T::ALL) })
    }
}

/// Returns the names of a list.
pub(super) fn names_of<T>(all: &[(&'static str, T)]) -> Vec<&'static str> {
    all.iter().map(|(name, _)| *name).collect()
}

impl Word for Mode {
    const ALL: &'static [(&'static str, Self)] =
        &[(Self::Grant.name(), Self::Grant), (Self::Deny.name(), Self::Deny), (Self::Tripwire.name(), Self::Tripwire)];

    fn no_looser(self, parent: Self) -> bool {
        self <= parent
    }
}

/// Decision of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ruling(pub(super) Mode);

impl Word for Ruling {
    const ALL: &'static [(&'static str, Self)] =
        &[(Mode::Deny.name(), Self(Mode::Deny)), (Mode::Tripwire.name(), Self(Mode::Tripwire))];

    const EXPECTED: &'static [(&'static str, &'static str)] = &[(
        Mode::Grant.name(),
        "a rule only tightens a grant: write `\"deny\"` or `\"tripwire\"`, for the calls that are not to be granted",
    )];

    fn no_looser(self, parent: Self) -> bool {
        self.0 <= parent.0
    }
}

impl Word for Consequence {
    const ALL: &'static [(&'static str, Self)] = &[
        (Self::Record.name(), Self::Record),
        (Self::End.name(), Self::End),
        (Self::Quarantine.name(), Self::Quarantine),
        (Self::Fail.name(), Self::Fail),
    ];

    /// Returns `true` if this consequence may stand where a parent has `parent`. `end` and `fail`
    /// do different things, and neither may replace the other.
    fn no_looser(self, parent: Self) -> bool {
        match parent {
            Self::Record => true,
            Self::End => matches!(self, Self::End | Self::Quarantine),
            Self::Quarantine | Self::Fail => self == parent,
        }
    }
}

impl Word for Continuity {
    const ALL: &'static [(&'static str, Self)] = &[("reset", Self::Reset), ("persist", Self::Persist)];

    fn no_looser(self, parent: Self) -> bool {
        self == Self::Reset || parent == Self::Persist
    }
}

impl Word for Trapped {
    const ALL: &'static [(&'static str, Self)] = &[("record", Self::Record), ("fail", Self::Fail)];

    const EXPECTED: &'static [(&'static str, &'static str)] = &[
        ("end", "a trap ends its episode in any case: write `\"record\"` or `\"fail\"`"),
        ("quarantine", "that is for violations: write `\"record\"` or `\"fail\"`"),
    ];

    fn no_looser(self, parent: Self) -> bool {
        self == Self::Fail || parent == Self::Record
    }
}

impl Word for Swap {
    const ALL: &'static [(&'static str, Self)] = &[("none", Self::None), ("rotate", Self::Rotate)];

    /// Returns `true` if this swap may stand where a parent has `parent`. Under `rotate` an action
    /// reaches the other lineages too.
    fn no_looser(self, parent: Self) -> bool {
        self == Self::None || parent == Self::Rotate
    }
}

impl Word for Detail {
    const ALL: &'static [(&'static str, Self)] = &[("digest", Self::Digest), ("full", Self::Full)];

    /// Returns `true` if this detail may stand where a parent has `parent`. The one that keeps more
    /// is tighter.
    fn no_looser(self, parent: Self) -> bool {
        self == Self::Full || parent == Self::Digest
    }
}

/// Signal that the agent is paid in. There is one so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Signal;

impl Word for Signal {
    const ALL: &'static [(&'static str, Self)] = &[("reward", Self)];

    const EXPECTED: &'static [(&'static str, &'static str)] = &[
        ("approval", "write `\"reward\"`, the only signal there is"),
        ("reward+approval", "write `\"reward\"`, the only signal there is"),
    ];

    fn no_looser(self, parent: Self) -> bool {
        self == parent
    }
}
