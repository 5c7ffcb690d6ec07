//! The schema agrees with loading.

use serde_json::Value;

use super::super::{SHIPPED, schema};
use super::cases::{cases, plain};
use super::{grants, least, load};

fn json(text: &str) -> Value {
    serde_json::to_value(toml::from_str::<toml::Value>(text).unwrap()).unwrap()
}

/// Returns every table of the schema: its path and its content.
fn tables(place: &str, schema: &Value) -> Vec<(String, Value)> {
    let (schema, place) = match schema.get("items") {
        Some(items) => (items, format!("{place}[]")),
        None => (schema, place.to_owned()),
    };
    let Some(properties) = schema["properties"].as_object() else { return Vec::new() };
    let inner = properties.iter().flat_map(|(name, schema)| {
        tables(&if place.is_empty() { name.clone() } else { format!("{place}.{name}") }, schema)
    });
    let inner: Vec<_> = inner.collect();
    [(place, schema.clone())].into_iter().chain(inner).collect()
}

#[test]
fn the_schema_is_of_draft_07_and_valid() {
    let schema = schema();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    jsonschema::meta::validate(&schema).unwrap();
}

#[test]
fn every_valid_policy_fits_the_schema() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for (name, text) in SHIPPED {
        validator.validate(&json(text)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let effective = load(text).unwrap().effective();
        validator.validate(&json(&effective)).unwrap_or_else(|error| panic!("{name}, effective: {error}"));
    }
}

#[test]
fn what_is_wrong_in_itself_does_not_fit_the_schema() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let tell = ["unknown-keys", "types", "sizes", "numbers", "words", "text", "missing"];
    for name in tell {
        let case = cases().into_iter().find(|(file, _)| *file == format!("{name}.toml")).unwrap().1;
        assert!(!validator.is_valid(&json(&plain(&case))), "{name}");
    }
    for line in ["mod = \"grant\"", "mode = \"allow\"", "bytes = \"1 MiB\""] {
        assert!(!validator.is_valid(&json(&format!("[grants.workspace]\n{line}\n"))), "{line}");
    }
}

#[test]
fn the_schema_has_the_keys_that_are_read() {
    for (place, table) in tables("", &schema()) {
        assert_eq!(table["additionalProperties"], false, "{place}");
        let text = match place.strip_suffix("[]") {
            Some(name) => format!("[[{name}]]\nzzzzzzzzzz = 1\n"),
            None if place.is_empty() => "zzzzzzzzzz = 1\n".into(),
            None => format!("[{place}]\nzzzzzzzzzz = 1\n"),
        };
        let faults = load(&text).unwrap_err().faults;
        let unknown = faults.iter().find(|fault| fault.message.contains("zzzzzzzzzz")).unwrap();
        let (_, read) = unknown.help.split_once(" are ").unwrap();
        let mut read: Vec<&str> = read.split(", ").map(|name| name.trim_matches('`')).collect();
        read.sort_unstable();
        let mut known: Vec<&String> = table["properties"].as_object().unwrap().keys().collect();
        known.sort_unstable();
        assert_eq!(read, known, "{place}");
    }
}

#[test]
fn every_key_is_described() {
    for (place, table) in tables("", &schema()) {
        for (name, key) in table["properties"].as_object().unwrap() {
            let description = key["description"].as_str().unwrap_or_default();
            assert!(!description.is_empty() && !description.contains('\n'), "{place}.{name}: {description:?}");
        }
    }
}

#[test]
fn the_defaults_of_the_schema_are_those_that_hold() {
    let effective = json(&load(&least(&grants("grant"))).unwrap().effective());
    let mut defaults = 0;
    // The defaults of `population` hold only where the table is there.
    let apart = ["violations", "population"];
    for (place, table) in tables("", &schema()).iter().filter(|(place, _)| !apart.contains(&place.as_str())) {
        for (name, key) in table["properties"].as_object().unwrap() {
            if let Some(default) = key.get("default") {
                let pointer = format!("/{}/{name}", place.replace('.', "/"));
                assert_eq!(effective.pointer(&pointer), Some(default), "{pointer}");
                defaults += 1;
            }
        }
    }
    assert!(defaults > 20, "{defaults}");
}
