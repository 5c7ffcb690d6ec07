//! Text, and the names of capabilities.

use schemars::{Schema, json_schema};
use toml::de::DeValue;

use super::content::{Complaint, Content, Readable, choose, quote, text};
use crate::capability::CAPABILITIES;
use crate::gate::Capability;

/// Text of 1 to `MOST` bytes, without control characters.
#[derive(Clone, Debug)]
pub(super) struct Text<const MOST: usize>(pub(super) String);

/// Name of a policy.
pub(super) type PolicyName = Text<128>;

/// Path, or another name in a rule.
pub(super) type RulePath = Text<4096>;

impl<const MOST: usize> Text<MOST> {
    /// Removes the control characters of a text and cuts it to `MOST` bytes. Returns `otherwise` if
    /// nothing is left.
    pub(super) fn clean(wild: &str, otherwise: &str) -> Self {
        let mut clean = String::new();
        for character in wild.chars().filter(|character| !character.is_control()) {
            if clean.len() + character.len_utf8() > MOST {
                break;
            }
            clean.push(character);
        }
        Self(if clean.is_empty() { otherwise.to_owned() } else { clean })
    }
}

impl<const MOST: usize> Content for Text<MOST> {
    fn write(&self) -> String {
        quote(&self.0)
    }

    fn within(&self, _parent: &Self) -> bool {
        true
    }
}

impl<const MOST: usize> Readable for Text<MOST> {
    fn read(value: &DeValue<'_>) -> Result<Self, Complaint> {
        let text = text(value)?;
        if text.is_empty() {
            return Err(Complaint::new("is empty", "", "leave the key out, or write something"));
        }
        if text.len() > MOST {
            return Err(Complaint::new("is too long", format!("must be at most {MOST} bytes"), ""));
        }
        if text.chars().any(char::is_control) {
            return Err(Complaint::new("has a control character", "must be one line of plain text", ""));
        }
        Ok(Self(text.to_owned()))
    }

    fn schema() -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "maxLength": MOST })
    }
}

/// Name of a capability.
#[derive(Clone, Copy, Debug)]
pub(super) struct CapabilityName(pub(super) &'static Capability);

impl Content for CapabilityName {
    fn write(&self) -> String {
        quote(self.0.name)
    }

    fn within(&self, parent: &Self) -> bool {
        self.0.name == parent.0.name
    }
}

impl Readable for CapabilityName {
    fn read(value: &DeValue<'_>) -> Result<Self, Complaint> {
        let all: Vec<_> = CAPABILITIES.iter().map(|capability| (capability.name, *capability)).collect();
        choose(text(value)?, &all).map(Self)
    }

    fn schema() -> Schema {
        let names: Vec<&str> = CAPABILITIES.iter().map(|capability| capability.name).collect();
        json_schema!({ "type": "string", "enum": names })
    }
}
