//! Grants, capability by capability. Everything here follows from the list of capabilities.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Map;
use toml::de::DeValue;

use super::Granted;
use super::content::{Complaint, Content, Readable, choose, quote, text};
use super::numbers::{read_count, write_count};
use super::overlay::{LOOSEN, Overlay};
use super::sets::{read_set, set_schema, write_set};
use super::units::SIZE;
use crate::capability::{CAPABILITIES, Tools};
use crate::document::{KeyValue, TableReader};
use crate::gate::{Capability, Grant, Limit, LimitKind, Mode, Warrant};
use crate::value::Fault;

/// Tables `grants.*` of a policy file.
#[derive(Debug, Default)]
pub(super) struct RawGrants(Vec<RawGrant>);

#[derive(Debug)]
struct RawGrant {
    capability: &'static Capability,
    header: Option<Range<usize>>,
    mode: KeyValue<Mode>,
    limits: Vec<(&'static Limit, KeyValue<Quota>)>,
}

/// Value of a limit.
#[derive(Clone, Debug)]
pub(super) enum Quota {
    /// Number of things.
    Count(u64),
    /// Number of bytes.
    Size(u64),
    /// Names, in the order of their bytes.
    Names(Vec<String>),
}

impl RawGrants {
    /// Reads the tables.
    pub(super) fn read(table: &mut TableReader<'_, '_>, tools: &Tools) -> Self {
        let read = |capability: &&'static Capability| {
            table.table(capability.name, |table| RawGrant {
                capability,
                header: table.header(),
                mode: table.required("mode", "\"grant\""),
                limits: capability
                    .limits
                    .iter()
                    .map(|limit| (limit, table.key_with(limit.name, |value| Quota::read(limit.kind, value, tools))))
                    .collect(),
            })
        };
        Self(CAPABILITIES.iter().filter_map(read).collect())
    }
}

impl Quota {
    fn read(kind: LimitKind, value: &DeValue<'_>, tools: &Tools) -> Result<Self, Complaint> {
        match kind {
            LimitKind::Count { most, .. } => read_count(value, 0, most).map(Self::Count),
            LimitKind::Size { most, .. } => SIZE.read(value, 0, most).map(Self::Size),
            LimitKind::Names => {
                let all: Vec<_> = tools.names().into_iter().map(|name| (name, name)).collect();
                let names = read_set(value, |item| choose(text(item)?, &all))?;
                Ok(Self::Names(names.into_iter().map(str::to_owned).collect()))
            }
        }
    }

    fn default(kind: LimitKind) -> Self {
        match kind {
            LimitKind::Count { default, .. } => Self::Count(default),
            LimitKind::Size { default, .. } => Self::Size(default),
            LimitKind::Names => Self::Names(Vec::new()),
        }
    }

    /// Returns the value that a valid grant has for `limit`.
    pub(super) fn of(limit: &Limit, grant: &Grant) -> Self {
        match limit.kind {
            LimitKind::Count { .. } => Self::Count(grant.number(limit.name)),
            LimitKind::Size { .. } => Self::Size(grant.number(limit.name)),
            LimitKind::Names => Self::Names(grant.names.clone()),
        }
    }

    fn schema(limit: &Limit) -> Schema {
        let (mut schema, default) = match limit.kind {
            LimitKind::Count { default, most } => {
                (json_schema!({ "type": "integer", "minimum": 0, "maximum": most }), default.into())
            }
            LimitKind::Size { default, .. } => (SIZE.schema(), SIZE.print(default).into()),
            LimitKind::Names => (set_schema(&Tools::builtin().names()), serde_json::Value::Array(Vec::new())),
        };
        schema.insert("description".into(), limit.meaning.into());
        schema.insert("default".into(), default);
        schema
    }
}

impl Content for Quota {
    fn write(&self) -> String {
        match self {
            Self::Count(number) => write_count(*number),
            Self::Size(bytes) => quote(&SIZE.print(*bytes)),
            Self::Names(names) => write_set(names.iter().map(String::as_str)),
        }
    }

    fn within(&self, parent: &Self) -> bool {
        match (self, parent) {
            (Self::Count(own), Self::Count(most)) | (Self::Size(own), Self::Size(most)) => own <= most,
            (Self::Names(own), Self::Names(all)) => own.iter().all(|name| all.contains(name)),
            _ => false,
        }
    }
}

impl JsonSchema for RawGrants {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Grants".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut mode = Mode::schema();
        let meaning = "grant: each call is done, within the limits. deny: the agent runs, and each call is refused. \
                       tripwire: each call is answered as if it had worked, and nothing happens. All are recorded.";
        mode.insert("description".into(), meaning.into());
        let mut grants = Map::new();
        for capability in CAPABILITIES {
            let mut keys = Map::new();
            keys.insert("mode".into(), mode.clone().to_value());
            for limit in capability.limits {
                keys.insert(limit.name.into(), Quota::schema(limit).to_value());
            }
            let grant = json_schema!({
                "type": "object",
                "description": capability.summary,
                "properties": keys,
                "required": ["mode"],
                "additionalProperties": false,
            });
            grants.insert(capability.name.into(), grant.to_value());
        }
        json_schema!({ "type": "object", "properties": grants, "additionalProperties": false })
    }
}

impl Overlay<'_> {
    /// Returns the grants of the parent, with those of the file laid over them.
    pub(super) fn grants(&mut self, raw: &RawGrants) -> BTreeMap<&'static str, Granted> {
        let inherited = self.inherited().map(|policy| &policy.grants);
        self.grants_over(raw, "grants", inherited.cloned().unwrap_or_default(), inherited)
    }

    /// Lays the grants of the file at `table` over `grants`, and checks each against `held`, the
    /// grants of the parent.
    pub(super) fn grants_over(
        &mut self,
        raw: &RawGrants,
        table: &str,
        mut grants: BTreeMap<&'static str, Granted>,
        held: Option<&BTreeMap<&'static str, Granted>>,
    ) -> BTreeMap<&'static str, Granted> {
        for grant in &raw.0 {
            let inherited = held.and_then(|held| held.get(grant.capability.name));
            if inherited.is_none() {
                self.not_added(grant, table);
            }
            let granted = self.granted(grant, table, inherited);
            grants.insert(grant.capability.name, granted);
        }
        grants
    }

    fn granted(&mut self, raw: &RawGrant, table: &str, inherited: Option<&Granted>) -> Granted {
        let mode = self.settle(&raw.mode, inherited.map(|granted| granted.warrant.mode), Mode::Deny);
        let mut grant = Grant { numbers: Vec::new(), names: Vec::new() };
        for (limit, key) in &raw.limits {
            let parent = inherited.map(|granted| Quota::of(limit, &granted.grant));
            match self.settle(key, parent, Quota::default(limit.kind)) {
                Quota::Count(number) | Quota::Size(number) => grant.numbers.push((limit.name, number)),
                Quota::Names(names) => grant.names = names,
            }
        }
        let rules = inherited.map(|granted| granted.warrant.rules.clone()).unwrap_or_default();
        Granted { warrant: Warrant { mode, place: format!("{table}.{}.mode", raw.capability.name), rules }, grant }
    }

    fn not_added(&mut self, raw: &RawGrant, table: &str) {
        let Some(parent) = self.extended() else { return };
        // INVARIANT 2: a policy grants nothing that the one that it extends does not.
        self.faults.push(Fault {
            message: format!("`{table}.{}` is not granted in `{}`", raw.capability.name, parent.path),
            span: raw.header.clone(),
            label: "the parent denies it".into(),
            help: format!(
                "a policy may only tighten what it extends: leave it out, or grant it in `{}`; {LOOSEN}",
                parent.path
            ),
        });
    }
}
