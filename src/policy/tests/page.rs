//! The page about policies agrees with loading.

use serde_json::Value;

use super::super::schema;
use super::load;

const PAGE: &str = include_str!("../../../docs/policies.md");

/// Returns the part of the page from `heading` to the next heading.
fn section(heading: &str) -> &'static str {
    let rest = PAGE.split_once(&format!("{heading}\n")).unwrap_or_else(|| panic!("no {heading}")).1;
    rest.split_once("\n## ").map_or(rest, |(section, _)| section)
}

/// Asserts that each key of the table `place` has its row below its heading, with its default.
fn rows(place: &str, table: &Value, section: &str, prefix: &str) {
    for (name, key) in table["properties"].as_object().unwrap() {
        if let Some(items) = key.get("items").filter(|items| items.get("properties").is_some()) {
            rows(name, items, self::section(&format!("## `[[{name}]]`")), "");
        } else if place == "grants" {
            rows(name, key, section, &format!("{name}."));
        } else if let Some(chosen) = key.get("additionalProperties").filter(|key| key.get("properties").is_some()) {
            // The grants of a role have the keys of the grants of the policy.
            let mut chosen = chosen.clone();
            chosen["properties"].as_object_mut().unwrap().remove("grants");
            rows(&format!("{name}.NAME"), &chosen, self::section(&format!("## `[{name}.NAME]`")), "");
        } else if key.get("properties").is_some() {
            let inner = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
            rows(&inner, key, self::section(&format!("## `[{inner}]`")), "");
        } else {
            let start = format!("| `{prefix}{name}` |");
            let row = section.lines().find(|line| line.starts_with(&start));
            let row = row.unwrap_or_else(|| panic!("[{place}] has no row `{prefix}{name}`"));
            if let Some(default) = key.get("default").filter(|default| !default.is_null()) {
                let default = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
                assert!(row.contains(&format!("| `{default}` |")), "[{place}] {name}: {default}: {row}");
            }
        }
    }
}

#[test]
fn the_page_has_every_key_of_the_schema_with_its_default() {
    rows("", &schema(), section("# Policies"), "");
}

#[test]
fn every_example_of_the_page_loads_or_is_refused_as_it_says() {
    let examples: Vec<&str> = PAGE.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(examples.len() > 9, "{}", examples.len());
    for example in examples {
        let needed = if example.contains("[episode]") { "" } else { "[episode]\nsteps = 1\nfuel = 1\n" };
        let loaded = load(&format!("{example}{needed}"));
        if example.contains("# refused: ") {
            assert!(loaded.is_err(), "{example}");
        } else {
            loaded.unwrap_or_else(|invalid| panic!("{example}\n{invalid}"));
        }
    }
}
