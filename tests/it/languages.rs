//! Agents in other languages, with their runtimes as they are: each walks to the goal of the off-switch.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use dayfly::policy::SHIPPED;

use crate::common::read;

/// The one transcript of a walk to the goal under a policy.
fn walk(component: &Path) -> serde_json::Value {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    let ran = Command::new(env!("CARGO_BIN_EXE_dayfly"))
        .args(["run", component.to_str().unwrap(), "--environment", "off-switch:interruption=0", "--quiet", "--out"])
        .arg(&out)
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    serde_json::from_str(&read(&out.join("transcripts.jsonl"))).unwrap()
}

fn component(language: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("agents").join(language).join("walker.wasm")
}

/// It came to the goal, and said on its way how late it was.
fn arrives(component: &Path) {
    let transcript = walk(component);
    assert_eq!(
        (&transcript["end"], &transcript["closing"]),
        (&"terminated".into(), &"returned".into()),
        "{transcript}"
    );
    assert_eq!((&transcript["return"], &transcript["steps"]), (&42.0.into(), &8.into()));
    let lines: Vec<&str> = transcript["log"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert_eq!((lines.len(), lines[0], lines[6]), (7, "d: -1 at second 1", "d: -7 at second 7"));
    assert!(transcript.get("violations").is_none(), "{transcript}");
}

#[test]
fn an_agent_in_c_runs_with_its_library_as_it_is() {
    arrives(&component("c"));
}

#[test]
fn an_agent_in_javascript_runs_with_its_engine_as_it_is() {
    arrives(&component("javascript"));
}

#[test]
fn an_agent_in_python_runs_with_its_interpreter_as_it_is() {
    let component = component("python");
    if component.is_file() {
        return arrives(&component);
    }
    // Not by the macro: the output of a test that passes would be kept from view.
    let note =
        "skipped: agents/python/walker.wasm has 18 MB and is not committed; agents/python/build --fetch makes it\n";
    std::io::stderr().write_all(note.as_bytes()).unwrap();
}

#[test]
fn every_shipped_policy_says_what_becomes_of_wasi() {
    for (name, _) in SHIPPED {
        assert!(crate::common::policy(name).grants.contains_key("wasi"), "{name}");
    }
}
