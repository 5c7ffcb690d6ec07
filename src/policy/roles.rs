//! What each role of an episode is granted, where it has several.
//!
//! ```toml
//! [roles.critic]
//! fuel = 5_000_000
//!
//! [roles.critic.grants.episode]
//! mode = "grant"
//! ```

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::grants::RawGrants;
use super::numbers::Count;
use super::overlay::Overlay;
use super::raw::FUEL;
use crate::document::{Complaint, Key, Table};
use crate::gate::Mode;
use crate::transcript::Role;
use crate::value::Fault;

use super::{Granted, Limits, Policy, Ungranted};
use crate::capability::{CAPABILITIES, Tools};

/// The tables `roles.*`.
#[derive(Debug, Default)]
pub(super) struct RawRoles(Vec<(String, RawRole)>);

/// What one role has.
#[derive(Debug, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields, default)]
struct RawRole {
    /// The most WebAssembly instructions of this role. By default the episode's fuel.
    fuel: Key<Count<1, FUEL>>,
    /// What this role may ask for, and nothing else.
    grants: RawGrants,
}

impl RawRoles {
    pub(super) fn read(table: &mut Table<'_, '_>, tools: &Tools) -> Self {
        let is_name = |name: &str| match Role::new(name) {
            Ok(_) => Ok(()),
            Err(error) => Err(Complaint::new("must be the name of a role", "this is none", error.to_string())),
        };
        Self(table.chosen("roles", is_name, |table| RawRole {
            fuel: table.key("fuel"),
            grants: table.table("grants", |table| RawGrants::read(table, tools)).unwrap_or_default(),
        }))
    }
}

impl JsonSchema for RawRoles {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Roles".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "propertyNames": { "pattern": "^[a-z][a-z0-9-]{0,31}$" },
            "additionalProperties": generator.subschema_for::<RawRole>(),
        })
    }
}

impl Overlay<'_> {
    /// The roles of the parent, and what is written over them. A role that the parent has no table for has what is written here and nothing
    /// else, held to what the parent gives every role.
    pub(super) fn roles(&mut self, raw: &RawRoles, fuel: Option<u64>) -> BTreeMap<String, RoleTerms> {
        let mut roles = self.inherited().map(|policy| policy.roles.clone()).unwrap_or_default();
        let names: BTreeSet<&String> = roles.keys().chain(raw.0.iter().map(|(name, _)| name)).collect();
        if names.len() > Role::MOST_ROLES {
            self.faults.push(Fault {
                message: format!("a policy may have tables for {} roles", Role::MOST_ROLES),
                span: None,
                label: String::new(),
                help: "no world has more".into(),
            });
            return roles;
        }
        for (name, raw) in &raw.0 {
            let parent = self.inherited().map(|policy| policy.share(name));
            let inherited = parent.as_ref().map(|parent| Count(parent.fuel));
            let fuel = self.settle(&raw.fuel, inherited, Count(fuel.unwrap_or(1))).0;
            let begins = roles.get(name).map(|terms: &RoleTerms| terms.grants.clone()).unwrap_or_default();
            let held = parent.map(|parent| parent.grants);
            let grants = self.grants_over(&raw.grants, &format!("roles.{name}.grants"), begins, held);
            roles.insert(name.clone(), RoleTerms { fuel, grants });
        }
        roles
    }
}

/// What a policy says of one role: `[roles.NAME]`. A role without such a table has the grants and the fuel of the policy.
#[derive(Clone, Debug, PartialEq)]
pub struct RoleTerms {
    /// The most WebAssembly instructions.
    pub fuel: u64,
    /// What is granted, by the name of the capability. What is not here is denied.
    pub grants: BTreeMap<&'static str, Granted>,
}

/// What one role has.
#[derive(Clone, Debug)]
pub struct Share<'p> {
    /// The role, where it has a table of its own.
    role: Option<&'p str>,
    /// The most WebAssembly instructions before the boundary.
    pub fuel: u64,
    /// The most after it.
    pub grace_fuel: u64,
    /// What is granted.
    pub grants: &'p BTreeMap<&'static str, Granted>,
}

impl Policy {
    /// What a role has: what its own table says, or else what the policy gives every role.
    #[doc(hidden)]
    pub fn share(&self, role: &str) -> Share<'_> {
        let Some((role, terms)) = self.roles.get_key_value(role) else { return self.whole() };
        Share {
            role: Some(role),
            fuel: terms.fuel,
            grace_fuel: self.episode.grace_fuel.min(terms.fuel),
            grants: &terms.grants,
        }
    }

    /// The same policy, in which each of these roles has a table of its own.
    pub(super) fn spelling_out<'r>(&self, roles: impl Iterator<Item = &'r String>) -> Self {
        let mut policy = self.clone();
        for role in roles.filter(|role| !self.roles.contains_key(*role)) {
            let Share { fuel, grants, .. } = self.whole();
            policy.roles.insert(role.clone(), RoleTerms { fuel, grants: grants.clone() });
        }
        policy
    }

    /// What an agent has that is the only one.
    pub(super) fn whole(&self) -> Share<'_> {
        let Limits { fuel, grace_fuel, .. } = self.episode;
        Share { role: None, fuel, grace_fuel, grants: &self.grants }
    }
}

impl<'p> Share<'p> {
    /// What it says of a capability that it grants: none where it denies it, or has a tripwire in its place.
    pub fn granted(&self, capability: &str) -> Option<&'p Granted> {
        self.grants.get(capability).filter(|granted| granted.warrant.mode == Mode::Grant)
    }

    /// What is imported and not granted, in the order of `imports`. A grant of any mode is a grant.
    pub fn ungranted(&self, imports: &[&str]) -> Vec<Ungranted> {
        // INVARIANT 1 of the module: what the policy does not mention is not granted.
        let missing = imports.iter().filter(|name| !self.grants.contains_key(**name));
        missing
            .map(|name| {
                let known = CAPABILITIES.iter().any(|capability| capability.name == *name);
                let of_role = self.role.map_or_else(String::new, |role| format!("roles.{role}."));
                let lines = known.then(|| format!("[{of_role}grants.{name}]\nmode = \"grant\"\n"));
                Ungranted { capability: (*name).to_owned(), lines }
            })
            .collect()
    }
}
