//! Consequences of the classes of violation.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};

use super::Policy;
use super::content::{Content, Readable};
use super::overlay::{LOOSEN, Overlay, Parent};
use crate::document::{KeyValue, TableReader};
use crate::gate::{Consequence, Consequences};
use crate::transcript::Class;
use crate::value::Fault;

/// Table `violations` of a policy file.
#[derive(Debug, Default)]
pub(super) struct RawViolations {
    default: KeyValue<Consequence>,
    /// Keys of the classes, in the order of [`Class::ALL`].
    classes: Vec<(Class, KeyValue<Consequence>)>,
}

impl RawViolations {
    /// Reads the table.
    pub(super) fn read(table: &mut TableReader<'_, '_>) -> Self {
        let default = table.key("default");
        Self { default, classes: Class::ALL.into_iter().map(|class| (class, table.key(class.name()))).collect() }
    }
}

impl JsonSchema for RawViolations {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Violations".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let describe = |meaning: &str| {
            let mut schema = Consequence::schema();
            schema.insert("description".into(), meaning.into());
            schema.to_value()
        };
        let mut properties = Map::new();
        properties.insert("default".into(), describe("What a class leads to that is not named here."));
        for class in Class::ALL {
            properties.insert(class.name().into(), describe(class.summary()));
        }
        if let Some(default) = properties.get_mut("default").and_then(Value::as_object_mut) {
            default.insert("default".into(), Consequence::Record.name().into());
        }
        json_schema!({ "type": "object", "properties": properties, "additionalProperties": false })
    }
}

impl Overlay<'_> {
    /// Returns the consequence of each class. A written `default` holds for every class that the
    /// policy does not name, over an inherited one.
    pub(super) fn consequences(&mut self, raw: &RawViolations) -> Consequences {
        let inherited = self.inherited().map(|policy| policy.consequences);
        let mut consequences = inherited.unwrap_or(Consequences::all(Consequence::Record));
        if let Some(default) = raw.default.value() {
            consequences = Consequences::all(*default);
        }
        let mut unnamed = Class::ALL.to_vec();
        for (class, key) in raw.classes.iter().filter(|(_, key)| !matches!(key, KeyValue::Absent)) {
            unnamed.retain(|other| other != class);
            consequences.set(*class, self.settle(key, inherited.map(|parent| parent.of(*class)), Consequence::Record));
        }
        if let Some(parent) = self.extended() {
            self.no_milder_default(&raw.default, &unnamed, parent);
        }
        consequences
    }

    fn no_milder_default(&mut self, default: &KeyValue<Consequence>, unnamed: &[Class], parent: Parent<'_>) {
        let Parent { path, policy: Policy { consequences, .. }, .. } = parent;
        let (Some(value), Some(span)) = (default.value(), default.span()) else { return };
        let milder = unnamed.iter().filter(|class| !value.within(&consequences.of(**class)));
        let lines: Vec<String> =
            milder.map(|class| format!("`{class} = {}`", consequences.of(*class).write())).collect();
        if let Some(first) = lines.first() {
            self.faults.push(Fault {
                message: format!("`violations.default` is looser than in `{path}`"),
                span: Some(span),
                label: format!("the parent has {first}"),
                help: format!("a policy may only tighten what it extends: add {}", lines.join(" and ")) + "; " + LOOSEN,
            });
        }
    }
}
