//! Schema of policies, for editors.

use schemars::generate::SchemaSettings;

use super::raw::RawPolicy;
use crate::capability::Tools;
use crate::document;

/// Returns the JSON Schema (draft-07) of a policy file. A policy names it in its first line:
/// `#:schema policy.schema.json`.
///
/// The schema knows every key and every name, and the tools that come with Dayfly. Conditions on
/// more than one key, such as those of `extends`, are only checked when a policy is loaded.
pub fn schema() -> serde_json::Value {
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<RawPolicy>().to_value()
}

/// Returns the JSON Schema of a policy that may allow any of these tools.
pub fn schema_among(tools: &Tools) -> serde_json::Value {
    let mut schema = schema();
    if let Some(allowed) = schema.pointer_mut("/properties/grants/properties/tools/properties/allow/items/enum") {
        *allowed = tools.names().into();
    }
    schema
}

/// Returns `true` if a text looks like a policy, valid or not. All its keys are keys of a policy,
/// and one of them is `episode`, `extends` or `based-on`.
pub fn is_one(text: &str) -> bool {
    document::is_like(text, &schema(), &["episode", "extends", "based-on"])
}
