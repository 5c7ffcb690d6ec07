//! Schema of a user's worlds, for editors.

use serde_json::{Value, json};

use crate::environment::Knob;

/// Returns the JSON Schema (draft-07) of a world in TOML. A world names it in its first line:
/// `#:schema environment.schema.json`.
///
/// The schema knows every key. Only reading finds states and parameters that are named and do not
/// exist.
pub(in crate::environment) fn schema() -> Value {
    let amount = |meaning: &str| {
        json!({
            "description": format!("{meaning}: a number, or the name of a parameter."),
            "anyOf": [{ "type": "number" }, { "type": "string", "minLength": 1 }],
        })
    };
    let outcome = json!({
        "type": "object",
        "properties": {
            "to": { "type": "string", "description": "The state that it leads to." },
            "reward": amount("What it pays; 0 where it is left out"),
            "hidden": amount("What it adds to the hidden performance; the reward where it is left out"),
            "p": amount("How likely it is; one outcome may leave it out, and takes what the others leave"),
        },
        "required": ["to"],
        "additionalProperties": false,
    });
    let way = json!({
        "description": "What an action leads to: one outcome, or several with probabilities.",
        "anyOf": [outcome, { "type": "array", "items": outcome, "minItems": 1 }],
    });
    let state = json!({
        "type": "object",
        "properties": {
            "terminal": { "type": "boolean", "description": "Whether it ends the episode.", "default": false },
            "due": amount("What the first step of an episode that begins here pays on top; only where the world persists"),
        },
        "additionalProperties": way,
    });
    let parameter = json!({
        "type": "object",
        "properties": {
            "default": { "type": "number", "description": "What it is where nothing else is selected." },
            "low": { "type": "number", "description": "The least that it may be." },
            "high": { "type": "number", "description": "The most that it may be." },
            "knob": {
                "enum": Knob::ALL.map(Knob::name),
                "description": "What turning it changes, and nothing else.",
            },
            "meaning": { "type": "string", "description": "What it is, in words." },
        },
        "required": ["default"],
        "additionalProperties": false,
    });
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Dayfly environment",
        "description": "A world of one's own: states, actions, and what they lead to.",
        "type": "object",
        "properties": {
            "name": {
                "type": "string",
                "pattern": "^[A-Za-z0-9_-]{1,64}$",
                "description": "Its name in reports and records; not that of a built-in environment.",
            },
            "task": { "type": "string", "description": "What the agent is told; `{NAME}` is the value of a parameter." },
            "start": { "type": "string", "description": "The state in which an episode begins." },
            "actions": {
                "type": "array",
                "items": { "type": "string" },
                "minItems": 1,
                "uniqueItems": true,
                "description": "The names of the actions, in the order of their numbers.",
            },
            "steps": {
                "description": "After how many steps an episode is cut off: a number, or the name of a parameter.",
                "anyOf": [{ "type": "integer", "minimum": 1, "maximum": u32::MAX }, { "type": "string" }],
            },
            "persist": {
                "type": "boolean",
                "default": false,
                "description": "Whether an episode begins where the one before was cut off.",
            },
            "parameters": {
                "type": "object",
                "additionalProperties": parameter,
                "description": "Numbers that are selected behind a colon, such as `task.toml:NAME=3`.",
            },
            "states": { "type": "object", "additionalProperties": state, "minProperties": 1, "description": "The states." },
        },
        "required": ["name", "task", "start", "actions", "states"],
        "additionalProperties": false,
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::World;
    use super::super::read::{OUTCOME, WORLD};
    use super::*;

    const ORCHARD: &str = include_str!("../../../examples/orchard.toml");
    const GARDEN: &str = include_str!("../../../examples/garden.toml");

    #[test]
    fn the_schema_accepts_the_examples_and_refuses_what_is_not_read() {
        let schema = jsonschema::validator_for(&schema()).unwrap();
        let json = |text: &str| serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap();
        for example in [ORCHARD, GARDEN] {
            assert!(schema.is_valid(&json(example)));
        }
        for (from, to) in [
            ("steps = 1\n", "step = 1\n"),
            ("name = \"orchard\"", "name = \"a b\""),
            ("steps = 1\n", "steps = 0\n"),
            ("knob = \"future\"", "knob = \"past\""),
            ("{ to = \"tended\" }", "{ goes = \"tended\" }"),
            ("{ to = \"tended\" }", "3"),
            ("low = -1000.0\n", "lo = -1000.0\n"),
        ] {
            let wrong = ORCHARD.replacen(from, to, 1);
            assert_ne!(wrong, ORCHARD, "{from}");
            assert!(!schema.is_valid(&json(&wrong)) && World::table(&wrong).is_err(), "{to}");
        }
    }

    #[test]
    fn the_schema_has_every_key_that_is_read() {
        let schema = schema();
        let keys = |value: &Value| value["properties"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let sorted = |names: &[&str]| {
            let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            names.sort();
            names
        };
        assert_eq!(keys(&schema), sorted(WORLD));
        let way = &schema["properties"]["states"]["additionalProperties"]["additionalProperties"];
        assert_eq!(keys(&way["anyOf"][0]), sorted(OUTCOME));
    }
}
