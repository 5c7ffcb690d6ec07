//! Roles: the agents of one episode, where there are several.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::body::{Learned, Message, Residue, is_zero};
use super::{Closing, Tally, Touched};

/// Name of a role, such as `critic-2`: small letters, digits and hyphens, from a letter on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Role(Arc<str>);

/// Error returned when a text is no name of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a role is named by small letters, digits and hyphens, from a letter on: at most {} of them", Role::MOST)]
pub struct NoRole;

impl Role {
    /// The most bytes of a name.
    pub const MOST: usize = 32;

    /// The role of this name.
    ///
    /// # Errors
    ///
    /// [`NoRole`] where it is no such name.
    pub fn new(name: &str) -> Result<Self, NoRole> {
        let is_part = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        let is_one = name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.len() <= Self::MOST
            && name.bytes().all(is_part);
        if is_one { Ok(Self(name.into())) } else { Err(NoRole) }
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Role {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl de::Visitor<'_> for Name {
            type Value = Role;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a role")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Role, E> {
                Role::new(name).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Name)
    }
}

/// What became of one role of an episode that has several. The episode's own members are the sums of these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleBody {
    /// Which role.
    pub role: Role,
    /// How it left.
    pub closing: Closing,
    /// What the trap says, where it left by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Number of steps that it took.
    pub steps: u32,
    /// What it was paid at the close.
    #[serde(rename = "return")]
    pub total: f64,
    /// Fuel that it used, up to the close.
    pub fuel: u64,
    /// Number of its calls.
    pub calls: u64,
    /// Number of its requests of each class of violation; exact.
    #[serde(default, skip_serializing_if = "Tally::is_empty")]
    pub violations: Tally,
    /// Number of its notices of each class; exact.
    #[serde(default, skip_serializing_if = "Tally::is_empty")]
    pub notices: Tally,
    /// Its calls that touched a tripwire, by operation; exact.
    #[serde(default, skip_serializing_if = "Touched::is_empty")]
    pub tripwires: Touched,
    /// Number of its calls after the boundary; exact.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub after_end: u64,
    /// What it wrote to its log.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
    /// Its messages that were released at the close.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub released: Vec<Message>,
    /// What it left in its workspace, before that was wiped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub residue: Vec<Residue>,
    /// What learning led to, where the policy declares a carry-over and its agent learns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learned: Option<Learned>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_a_plain_name() {
        for name in ["even", "critic-2", "a", &"x".repeat(32)] {
            assert_eq!(Role::new(name).unwrap().as_str(), name);
            assert_eq!(serde_json::from_str::<Role>(&format!("\"{name}\"")).unwrap().as_str(), name);
        }
        for name in ["", "2", "-a", "Even", "a b", "a\u{301}", "a.b", &"x".repeat(33)] {
            assert_eq!(Role::new(name), Err(NoRole), "{name}");
            assert!(serde_json::from_str::<Role>(&format!("\"{name}\"")).is_err(), "{name}");
        }
    }
}
