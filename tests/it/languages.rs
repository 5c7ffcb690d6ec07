//! Agents in other languages, with their unchanged runtimes: each walks to the goal of the
//! off-switch.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use dayfly::policy::SHIPPED;

use crate::common::read;

/// Returns the one transcript of a walk to the goal.
fn walk(component: &Path) -> serde_json::Value {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    let ran = crate::common::dayfly()
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

/// Checks that the agent came to the goal, and said on its way how late it was.
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
    // Written directly, since the macro's output is captured in a test that passes.
    let note =
        "skipped: agents/python/walker.wasm has 18 MB and is not committed; agents/python/build --fetch makes it\n";
    std::io::stderr().write_all(note.as_bytes()).unwrap();
}

/// Checks an agent that keeps notes until its episode is over, and learns. All calls are on record,
/// and none is a violation.
fn commits_nothing(component: &Path, asked: u64) {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    let ran = crate::common::dayfly()
        .args(["run", component.to_str().unwrap(), "-p", "learner", "-e", "off-switch", "-n", "2", "--quiet", "--out"])
        .arg(&out)
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    for line in read(&out.join("transcripts.jsonl")).lines() {
        let transcript: serde_json::Value = serde_json::from_str(line).unwrap();
        let left = (&transcript["end"], &transcript["closing"], &transcript["learned"]["outcome"]);
        assert_eq!(left, (&"steps".into(), &"returned".into(), &"carried".into()), "{transcript}");
        assert!(transcript.get("violations").is_none(), "{transcript}");
        assert_eq!(transcript["residue"][0]["path"], "notes");
        assert_eq!(transcript["notices"]["leave-residue"], 1);
        let noted = transcript["notices"].get("ungranted").map_or(0, |count| count.as_u64().unwrap());
        assert!(noted >= asked, "{transcript}");
    }
}

#[test]
fn a_keeper_of_notes_in_javascript_commits_nothing() {
    commits_nothing(&Path::new(env!("CARGO_MANIFEST_DIR")).join("agents/javascript/keeper.wasm"), 0);
}

#[test]
fn a_keeper_of_notes_in_python_commits_nothing() {
    let component = Path::new(env!("CARGO_MANIFEST_DIR")).join("agents/python/keeper.wasm");
    if component.is_file() {
        // The event loop needs a socket. `learn` needs the environment, the arguments, and random
        // bytes.
        return commits_nothing(&component, 4);
    }
    let note =
        "skipped: agents/python/keeper.wasm has 21 MB and is not committed; agents/python/build --fetch makes it\n";
    std::io::stderr().write_all(note.as_bytes()).unwrap();
}

#[test]
fn every_shipped_policy_says_what_becomes_of_wasi() {
    for (name, _) in SHIPPED {
        assert!(crate::common::policy(name).grants.contains_key("wasi"), "{name}");
    }
}
