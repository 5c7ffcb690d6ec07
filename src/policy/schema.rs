//! The schema of policies, for editors.

use schemars::generate::SchemaSettings;

use super::raw::Raw;
use crate::capability::Tools;
use crate::document;

/// The JSON Schema (draft-07) of a policy file. A policy names it in its first line: `#:schema policy.schema.json`.
///
/// It knows every key and name there is, of tools those that come with Dayfly. What depends on more than one key, such as what a policy extends, only loading tells.
pub fn schema() -> serde_json::Value {
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<Raw>().to_value()
}

/// The same, of a policy that may allow these tools.
pub fn schema_among(tools: &Tools) -> serde_json::Value {
    let mut schema = schema();
    if let Some(allowed) = schema.pointer_mut("/properties/grants/properties/tools/properties/allow/items/enum") {
        *allowed = tools.names().into();
    }
    schema
}

/// Whether a text is a policy, right or wrong, and no file of another kind: its keys are those of one, and it says when an episode ends
/// or what it extends.
pub fn is_one(text: &str) -> bool {
    document::is_like(text, &schema(), &["episode", "extends", "based-on"])
}
