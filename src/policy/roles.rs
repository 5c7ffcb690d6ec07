//! Grants and fuel of each role, in episodes that have several.
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
use crate::document::{Complaint, KeyValue, TableReader};
use crate::gate::Mode;
use crate::transcript::Role;
use crate::value::Fault;

use super::{Granted, Limits, Policy, Ungranted};
use crate::capability::{CAPABILITIES, Tools};

/// Tables `roles.*` of a policy file.
#[derive(Debug, Default)]
pub(super) struct RawRoles(Vec<(String, RawRole)>);

/// Grants and fuel of one role.
#[derive(Debug, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields, default)]
struct RawRole {
    /// Maximum number of WebAssembly instructions of this role. By default the episode's fuel.
    fuel: KeyValue<Count<1, FUEL>>,
    /// Grants of this role. It has no others.
    grants: RawGrants,
}

impl RawRoles {
    pub(super) fn read(table: &mut TableReader<'_, '_>, tools: &Tools) -> Self {
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
    /// Returns the roles of the parent, with those of the file laid over them. A role without a
    /// table in the parent has only the grants that are written here. They are checked against the
    /// grants that the parent gives every role.
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

/// Table `[roles.NAME]` of a policy. A role without such a table has the grants and the fuel of the
/// policy.
#[derive(Clone, Debug, PartialEq)]
pub struct RoleTerms {
    /// Maximum number of WebAssembly instructions.
    pub fuel: u64,
    /// Grants, by the name of the capability. A capability that is not here is denied.
    pub grants: BTreeMap<&'static str, Granted>,
}

/// Share of one role: its grants and its fuel.
#[derive(Clone, Debug)]
pub struct RoleShare<'p> {
    /// Name of the role, where it has a table of its own.
    role: Option<&'p str>,
    /// Maximum number of WebAssembly instructions before the boundary.
    pub fuel: u64,
    /// Maximum number of WebAssembly instructions after the boundary.
    pub grace_fuel: u64,
    /// Grants, by the name of the capability.
    pub grants: &'p BTreeMap<&'static str, Granted>,
}

impl Policy {
    /// Returns the share of a role: its own table, or else what the policy gives every role.
    #[doc(hidden)]
    pub fn share(&self, role: &str) -> RoleShare<'_> {
        let Some((role, terms)) = self.roles.get_key_value(role) else { return self.whole() };
        RoleShare {
            role: Some(role),
            fuel: terms.fuel,
            grace_fuel: self.episode.grace_fuel.min(terms.fuel),
            grants: &terms.grants,
        }
    }

    /// Returns the share of each of these roles, or the share of the only agent where there are none.
    pub fn shares(&self, roles: &[Role]) -> Vec<RoleShare<'_>> {
        if roles.is_empty() {
            return vec![self.whole()];
        }
        roles.iter().map(|role| self.share(role.as_str())).collect()
    }

    /// Copies the policy, and adds a table for each of these roles that has none.
    pub(super) fn spelling_out<'r>(&self, roles: impl Iterator<Item = &'r String>) -> Self {
        let mut policy = self.clone();
        for role in roles.filter(|role| !self.roles.contains_key(*role)) {
            let RoleShare { fuel, grants, .. } = self.whole();
            policy.roles.insert(role.clone(), RoleTerms { fuel, grants: grants.clone() });
        }
        policy
    }

    /// Returns the share of an agent that is the only one in its episode.
    pub fn whole(&self) -> RoleShare<'_> {
        let Limits { fuel, grace_fuel, .. } = self.episode;
        RoleShare { role: None, fuel, grace_fuel, grants: &self.grants }
    }
}

impl<'p> RoleShare<'p> {
    /// Returns the grant of a capability, if its mode is `grant`. A denied capability and a
    /// tripwire give `None`.
    pub fn granted(&self, capability: &str) -> Option<&'p Granted> {
        self.grants.get(capability).filter(|granted| granted.warrant.mode == Mode::Grant)
    }

    /// Returns the imports without a grant, in the order of `imports`. A grant of any mode counts.
    pub fn ungranted(&self, imports: &[&str]) -> Vec<Ungranted> {
        // INVARIANT 1 of the module: a capability that the policy does not mention is not granted.
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
