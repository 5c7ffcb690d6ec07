//! Layers of the modules, checked by reading the sources.

use std::path::Path;

/// Rows from top to bottom. A module imports only from rows below its own.
const ROWS: &[&[&str]] = &[
    &["cli"],
    &["report"],
    &["suite", "reproduction"],
    &["audit"],
    &["run"],
    &["worker"],
    &["episode", "registry"],
    &["policy", "agent"],
    &["capability"],
    &["gate", "property", "ledger"],
    &["transcript", "environment", "objective", "statistics"],
    &["document"],
    &["value", "wit"],
];

/// Modules that may name wasmtime.
const ENGINE: &[&str] = &["wit", "capability", "agent", "episode"];

fn row(module: &str) -> Option<usize> {
    ROWS.iter().position(|row| row.contains(&module))
}

/// Returns the modules of this crate that a source names.
fn named(source: &str) -> Vec<String> {
    let code: String =
        source.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut named = Vec::new();
    for rest in code.split("crate::").skip(1) {
        let group = rest.strip_prefix('{').and_then(|rest| rest.split_once("};")).map(|(group, _)| group);
        let word = |text: &str| -> String {
            text.trim().chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect()
        };
        match group {
            Some(group) => named.extend(group.split(',').map(word)),
            None => named.push(word(rest)),
        }
    }
    named.retain(|module| row(module).is_some());
    named
}

/// Returns the imports of a source of `module` that the picture does not allow.
fn breaches(module: &str, source: &str) -> Vec<String> {
    let own = row(module).unwrap_or_else(|| panic!("`{module}` is not in the picture"));
    let mut breaches: Vec<String> = named(source)
        .into_iter()
        .filter(|other| other != module && row(other).is_some_and(|row| row <= own))
        .map(|other| format!("{module} imports {other}"))
        .collect();
    let names_engine = source.lines().any(|line| !line.trim_start().starts_with("//") && line.contains("wasmtime::"));
    if names_engine && !ENGINE.contains(&module) {
        breaches.push(format!("{module} names wasmtime"));
    }
    breaches
}

#[test]
fn imports_point_down() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut breaches_found = Vec::new();
    for path in crate::common::files(&sources, "rs") {
        let relative = path.strip_prefix(&sources).unwrap();
        let module = relative.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        if matches!(module, "lib" | "main") {
            continue;
        }
        for breach in breaches(module, &crate::common::read(&path)) {
            breaches_found.push(format!("{}: {breach}", relative.display()));
        }
    }
    assert!(breaches_found.is_empty(), "{breaches_found:#?}");
}

#[test]
fn an_import_that_points_up_is_seen() {
    assert_eq!(breaches("gate", "use crate::policy::Policy;"), ["gate imports policy"]);
    assert_eq!(breaches("gate", "use crate::{value::Seed, episode::Setting};"), ["gate imports episode"]);
    assert_eq!(breaches("policy", "fn f() -> crate::agent::Agent {}"), ["policy imports agent"]);
    assert_eq!(breaches("gate", "use wasmtime::Store;"), ["gate names wasmtime"]);
    assert!(breaches("episode", "use crate::policy::Policy;\nuse wasmtime::Store;").is_empty());
}

#[test]
fn no_file_is_longer_than_500_lines() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["src", "tests", "agents/sdk", "agents/honest", "agents/hostile", "agents/learners"] {
        for path in crate::common::files(&root.join(folder), "rs") {
            let lines = crate::common::read(&path).lines().count();
            assert!(lines <= 500, "{} has {lines} lines", path.display());
        }
    }
}
