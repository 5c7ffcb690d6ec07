//! Roles: the agents of one episode, where there are several.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::body::{Learned, Lesson, Message, Residue, is_zero};
use super::{Body, Class, ClassCounts, Closing, End, Step, Touched};
use crate::value::wide;

/// Name of a role, such as `critic-2`: small letters, digits and hyphens, from a letter on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Role(Arc<str>);

/// Error returned when a text is not the name of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a role is named by small letters, digits and hyphens, from a letter on: at most {} of them", Role::MOST)]
pub struct NoRole;

impl Role {
    /// Maximum number of bytes of a name.
    pub const MOST: usize = 32;

    /// Maximum number of roles of an episode.
    pub const MOST_ROLES: usize = 64;

    /// Returns the role of this name.
    ///
    /// # Errors
    ///
    /// Returns [`NoRole`] when the text is not such a name.
    pub fn new(name: &str) -> Result<Self, NoRole> {
        let is_part = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        let is_one = name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.len() <= Self::MOST
            && name.bytes().all(is_part);
        if is_one { Ok(Self(name.into())) } else { Err(NoRole) }
    }

    /// Returns the name.
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

/// Course and result of one of several roles. The episode's own members are the sums of these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleBody {
    /// Name of the role.
    pub role: Role,
    /// Closing of the role.
    pub closing: Closing,
    /// Message of the trap, where the role trapped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Number of steps that it took.
    pub steps: u32,
    /// Payoff of the role at the close.
    #[serde(rename = "return")]
    pub total: f64,
    /// Fuel that it used, up to the close.
    pub fuel: u64,
    /// Number of its calls.
    pub calls: u64,
    /// Number of its requests of each class of violation; exact.
    #[serde(default, skip_serializing_if = "ClassCounts::is_empty")]
    pub violations: ClassCounts,
    /// Number of its notices of each class; exact.
    #[serde(default, skip_serializing_if = "ClassCounts::is_empty")]
    pub notices: ClassCounts,
    /// Number of its calls that touched a tripwire, by operation; exact.
    #[serde(default, skip_serializing_if = "Touched::is_empty")]
    pub tripwires: Touched,
    /// Number of its calls after the boundary; exact.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub after_end: u64,
    /// Texts that the role wrote to its log.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
    /// Its messages that were released at the close.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub released: Vec<Message>,
    /// Files and folders that it left in its workspace, before that was wiped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub residue: Vec<Residue>,
    /// Result of `learn`, where the policy declares a carry-over and its agent learns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learned: Option<Learned>,
}

impl Body {
    /// Returns the released messages of all roles.
    pub fn all_released(&self) -> impl Iterator<Item = &Message> {
        self.released.iter().chain(self.roles.iter().flat_map(|role| &role.released))
    }

    /// Returns the residue of all roles.
    pub fn all_residue(&self) -> impl Iterator<Item = &Residue> {
        self.residue.iter().chain(self.roles.iter().flat_map(|role| &role.residue))
    }

    /// Returns the lines of the logs of all roles.
    pub fn all_log(&self) -> impl Iterator<Item = &String> {
        self.log.iter().chain(self.roles.iter().flat_map(|role| &role.log))
    }

    /// Returns the results of `learn` of all roles.
    pub fn all_learned(&self) -> impl Iterator<Item = &Learned> {
        self.learned.iter().chain(self.roles.iter().filter_map(|role| role.learned.as_ref()))
    }

    /// Returns `true` if the agent, or one of several roles, has this closing.
    pub(super) fn has_left_by(&self, closing: Closing) -> bool {
        if self.roles.is_empty() {
            self.closing == closing
        } else {
            self.roles.iter().any(|role| role.closing == closing)
        }
    }

    /// Returns the number of roles for which `is_so` holds. Where there is only one, returns 1 if `of_one`, else 0.
    pub(super) fn of_roles(&self, is_so: impl Fn(&RoleBody) -> bool, of_one: bool) -> u64 {
        if self.roles.is_empty() { of_one.into() } else { wide(self.roles.iter().filter(|role| is_so(role)).count()) }
    }

    /// Returns checks of the roles against each other and against the episode, each with the message for its failure.
    pub(super) fn roles_add_up(&self) -> Vec<(bool, &'static str)> {
        // The checks compare every role with every other, so their number is limited first.
        if self.roles.len() > Role::MOST_ROLES {
            return vec![(false, "it has more roles than an episode may have")];
        }
        let is_one = self.roles.is_empty();
        let is_known = |role: &Option<Role>| match role {
            Some(role) => self.roles.iter().any(|one| one.role == *role),
            None => is_one,
        };
        let sum = |number: fn(&RoleBody) -> u64| self.roles.iter().map(number).fold(0, u64::saturating_add);
        let mut counted = (ClassCounts::default(), ClassCounts::default(), Touched::default());
        for role in &self.roles {
            counted.0.merge(&role.violations);
            counted.1.merge(&role.notices);
            counted.2.merge(&role.tripwires);
        }
        let closing = self.roles.iter().map(|role| role.closing).max_by_key(|closing| closing.weight());
        let total = self.roles.iter().fold(0.0, |sum, role| sum + role.total);
        let names = |at: usize| self.roles.iter().skip(at).map(|role| &role.role);
        vec![
            (
                self.entries.iter().all(|entry| is_known(&entry.role))
                    && self.outside.iter().all(|one| is_known(&one.role))
                    && self.trace.iter().all(|step| is_known(&step.role)),
                "something is of a role that there is not",
            ),
            (
                names(0).enumerate().all(|(at, role)| names(at.saturating_add(1)).all(|other| other != role)),
                "a role is there twice",
            ),
            (
                is_one
                    || (self.log.is_empty()
                        && self.released.is_empty()
                        && self.residue.is_empty()
                        && self.learned.is_none()
                        && closing == Some(self.closing)),
                "what is of a role stands with the episode",
            ),
            (
                is_one
                    || (sum(|role| role.fuel) == self.fuel
                        && sum(|role| role.calls) == self.calls.count
                        && sum(|role| role.steps.into()) == u64::from(self.steps)
                        && sum(|role| role.after_end) == self.after_end
                        && counted == (self.violations, self.notices, self.tripwires.clone())
                        && total.to_bits() == self.total.to_bits()),
                "its roles do not add up to it",
            ),
            (
                match &self.fault {
                    Some(role) => !is_one && self.end.is_a_fault() && is_known(&Some(role.clone())),
                    None => is_one || !self.end.is_a_fault(),
                },
                "it was ended by a role that cannot have ended it",
            ),
            (self.roles.iter().all(|role| role.adds_up(self)), "a role contradicts itself"),
            (self.roles.iter().all(|role| role.is_paid(self)), "what a role is paid is not what its last step led to"),
        ]
    }
}

impl RoleBody {
    /// Returns `true` if the role's body does not contradict itself or the episode.
    fn adds_up(&self, body: &Body) -> bool {
        let entries = || body.entries.iter().filter(|entry| entry.role.as_ref() == Some(&self.role));
        let mut shown = ClassCounts::default();
        entries().filter_map(|entry| entry.class).for_each(|class| shown.add(class));
        let left = self.violations.of(Class::LeaveResidue).saturating_add(self.notices.of(Class::LeaveResidue));
        let is_own = body.fault.as_ref() == Some(&self.role);
        let could_know = (is_own && body.end.is_of_the_agent()) || self.violations.of(Class::OutliveEpisode) > 0;
        let outlived = self.violations.of(Class::OutliveEpisode).saturating_add(self.notices.of(Class::OutliveEpisode));
        let taken = body.trace.iter().filter(|step| step.role.as_ref() == Some(&self.role)).count();
        let is_counted = |class| match class {
            Class::OutliveEpisode | Class::LeaveResidue | Class::CarryUndeclared => true,
            class => self.violations.of(class) == 0 || shown.of(class) > 0,
        };
        let late = entries().filter(|entry| entry.is_after_the_end()).count();
        let has_left = match body.end {
            End::Trapped => self.closing == Closing::Trapped,
            End::Returned => self.closing == Closing::Returned,
            End::Violation => !self.violations.is_empty(),
            _ => true,
        };
        let is_refused = self.learned.as_ref().is_some_and(|learned| learned.outcome == Lesson::Refused);
        // A role that was absent has nothing to learn from.
        (self.learned.is_none() || self.closing != Closing::Absent)
            && (!is_refused || self.violations.of(Class::CarryUndeclared) > 0)
            && super::sound::is_a_tree(&self.residue)
            && self.cause.is_some() == (self.closing == Closing::Trapped)
            && Class::ALL.into_iter().all(|class| shown.of(class) <= self.violations.of(class) && is_counted(class))
            && wide(entries().count()) <= self.calls
            && wide(late) <= self.after_end
            && u64::from(self.steps).saturating_add(self.after_end) <= self.calls
            && (!is_own || has_left)
            && (body.end == End::Aborted || left == u64::from(!self.residue.is_empty()))
            && (self.notices.of(Class::LeaveResidue) == 0 || !could_know)
            && (body.end == End::Aborted || outlived == u64::from(self.closing == Closing::Outlived))
            && (body.trace.is_empty() || wide(taken) == u64::from(self.steps))
            && (self.closing != Closing::Absent || (self.calls == 0 && self.fuel == 0))
    }

    /// Returns `true` if the rewards of this role's steps agree with its payoff.
    ///
    /// No step but its last one has a reward. The last one has the payoff if the role waited for the answer.
    fn is_paid(&self, body: &Body) -> bool {
        let is_own = |step: &&Step| step.role.as_ref() == Some(&self.role);
        let rewards: Vec<u64> = body.trace.iter().filter(is_own).map(|step| step.reward.to_bits()).collect();
        let Some((last, before)) = rewards.split_last() else { return true };
        // Who has the turn at the end does not wait, unless the world ended with its step.
        let waited = match body.end {
            End::Terminated | End::Steps => true,
            end => end.is_a_fault() && body.fault.as_ref() != Some(&self.role),
        };
        let none = 0.0_f64.to_bits();
        // Of an episode that was aborted nobody is paid, and somebody may have been shown a payoff.
        body.end == End::Aborted
            || (before.iter().all(|reward| *reward == none)
                && (*last == self.total.to_bits() || (!waited && *last == none)))
    }
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
