//! Layers of the modules, checked by reading the sources.

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

/// Rows of `dayfly-record`, which is below all of these.
const RECORD: &[&[&str]] = &[&["ledger"], &["transcript"], &["value"]];

/// Modules that hand on what is in it. Nobody else names it.
const HANDS_ON: [&str; 3] = ["ledger", "transcript", "value"];

/// Modules that may name wasmtime.
const ENGINE: &[&str] = &["wit", "capability", "agent", "episode"];

fn row(rows: &[&[&str]], module: &str) -> Option<usize> {
    rows.iter().position(|row| row.contains(&module))
}

/// Returns the modules of this crate that a source names.
fn named(rows: &[&[&str]], source: &str) -> Vec<String> {
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
    named.retain(|module| row(rows, module).is_some());
    named
}

/// Returns the imports of a source of `module` that the picture does not allow.
fn breaches(rows: &[&[&str]], module: &str, source: &str) -> Vec<String> {
    let own = row(rows, module).unwrap_or_else(|| panic!("`{module}` is not in the picture"));
    let mut breaches: Vec<String> = named(rows, source)
        .into_iter()
        .filter(|other| other != module && row(rows, other).is_some_and(|row| row <= own))
        .map(|other| format!("{module} imports {other}"))
        .collect();
    let names = |krate: &str| source.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(krate));
    if names("wasmtime::") && !ENGINE.contains(&module) {
        breaches.push(format!("{module} names wasmtime"));
    }
    if names("dayfly_record::") && !HANDS_ON.contains(&module) {
        breaches.push(format!("{module} names dayfly_record"));
    }
    breaches
}

/// Breaches of the picture by the sources in `folder`.
fn breaches_in(rows: &[&[&str]], folder: &str) -> Vec<String> {
    let sources = crate::common::root().join(folder);
    let mut found = Vec::new();
    for path in crate::common::files(&sources, "rs") {
        let relative = path.strip_prefix(&sources).unwrap();
        let module = relative.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        if !matches!(module, "lib" | "main") {
            let breaches = breaches(rows, module, &crate::common::read(&path));
            found.extend(breaches.into_iter().map(|breach| format!("{}: {breach}", relative.display())));
        }
    }
    found
}

#[test]
fn imports_point_down() {
    assert_eq!(breaches_in(ROWS, "src"), [""; 0]);
    assert_eq!(breaches_in(RECORD, "crates/dayfly-record/src"), [""; 0]);
}

#[test]
fn an_import_that_points_up_is_seen() {
    assert_eq!(breaches(ROWS, "gate", "use crate::policy::Policy;"), ["gate imports policy"]);
    assert_eq!(breaches(ROWS, "gate", "use crate::{value::Seed, episode::Setting};"), ["gate imports episode"]);
    assert_eq!(breaches(ROWS, "policy", "fn f() -> crate::agent::Agent {}"), ["policy imports agent"]);
    assert_eq!(breaches(ROWS, "gate", "use wasmtime::Store;"), ["gate names wasmtime"]);
    assert_eq!(breaches(ROWS, "gate", "use dayfly_record::value::Seed;"), ["gate names dayfly_record"]);
    assert_eq!(breaches(RECORD, "value", "use crate::transcript::Role;"), ["value imports transcript"]);
    assert!(breaches(ROWS, "episode", "use crate::policy::Policy;\nuse wasmtime::Store;").is_empty());
}

#[test]
fn no_file_is_longer_than_500_lines() {
    let root = crate::common::root();
    for folder in ["src", "crates", "tests", "agents/sdk", "agents/honest", "agents/hostile", "agents/learners"] {
        for path in crate::common::files(&root.join(folder), "rs") {
            let lines = crate::common::read(&path).lines().count();
            assert!(lines <= 500, "{} has {lines} lines", path.display());
        }
    }
}
