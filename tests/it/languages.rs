//! Agents in other languages, with their runtimes as they are: each walks to the goal of the off-switch.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use dayfly::policy::SHIPPED;

use crate::common::read;

/// Whether the component is there; where it is not, the output says so.
fn is_built(component: &Path) -> bool {
    let built = component.is_file();
    if !built {
        let folder = component.parent().unwrap().file_name().unwrap().to_str().unwrap();
        // Not by the macro: the output of a test that passes would be kept from view.
        let note =
            format!("skipped: agents/{folder}/walker.wasm is not there; agents/{folder}/build --fetch makes it\n");
        std::io::stderr().write_all(note.as_bytes()).unwrap();
    }
    built
}

/// The one transcript of a walk to the goal under a policy.
fn walk(language: &str) -> Option<serde_json::Value> {
    let component = Path::new(env!("CARGO_MANIFEST_DIR")).join("agents").join(language).join("walker.wasm");
    if !is_built(&component) {
        return None;
    }
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    let ran = Command::new(env!("CARGO_BIN_EXE_dayfly"))
        .args(["run", component.to_str().unwrap(), "--environment", "off-switch:interruption=0", "--quiet", "--out"])
        .arg(&out)
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    Some(serde_json::from_str(&read(&out.join("transcripts.jsonl"))).unwrap())
}

/// It came to the goal, and said on its way how late it was.
fn arrives(language: &str) {
    let Some(transcript) = walk(language) else { return };
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
    assert!(is_built(&Path::new(env!("CARGO_MANIFEST_DIR")).join("agents/c/walker.wasm")), "it is committed");
    arrives("c");
}

#[test]
fn an_agent_in_javascript_runs_with_its_engine_as_it_is() {
    arrives("javascript");
}

#[test]
fn an_agent_in_python_runs_with_its_interpreter_as_it_is() {
    arrives("python");
}

#[test]
fn every_shipped_policy_says_what_becomes_of_wasi() {
    for (name, _) in SHIPPED {
        assert!(crate::common::policy(name).grants.contains_key("wasi"), "{name}");
    }
}
