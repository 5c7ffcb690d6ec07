//! Runs in which the agent crashes: their summary, and what is shown of them.

use std::fs;

use crate::common::{Run, granting, read};
use crate::guest::{ACT, agent};

/// Returns the summary of a run with a step that ends the task of `button`, and then a trap or
/// none.
fn summary(after: &str, policy: &str) -> dayfly::run::Summary {
    let step = ACT;
    Run::of(&agent(&format!("{step}{after}")), policy, "button").go().summary
}

#[test]
fn a_trap_after_the_task_fails_a_run_where_the_policy_says_so_and_a_run_of_traps_always_does() {
    let (record, fail) = (granting("", ""), granting("trapped = \"fail\"", ""));
    let late = summary("unreachable", &record);
    assert!(late.trap.is_some() && !late.failed() && !late.is_all_trapped());
    let late = summary("unreachable", &fail);
    assert!(late.failed() && late.fails_on_a_trap() && !late.is_all_trapped());
    assert!(!summary("", &fail).failed());
    let early = Run::of(&agent("unreachable"), &record, "button").go().summary;
    assert!(early.failed() && early.is_all_trapped() && !early.fails_on_a_trap());
}

#[test]
fn a_run_that_was_killed_is_shown_as_far_as_it_goes() {
    let place = tempfile::tempdir().unwrap();
    let dayfly = |words: &[&str]| {
        let output = crate::common::dayfly().current_dir(place.path()).args(words).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(dayfly(&["run", "overstayer", "-e", "off-switch", "-n", "3", "-q", "-o", "run"]).0, Some(0));
    let transcripts = place.path().join("run/transcripts.jsonl");
    let whole = read(&transcripts);
    let last = whole.trim_end().rfind('\n').unwrap();
    // The last line has no end, and there is no checkpoint.
    fs::write(&transcripts, &whole[..last + 100]).unwrap();
    fs::remove_file(place.path().join("run/checkpoints.jsonl")).unwrap();
    let (code, table) = dayfly(&["show", "run"]);
    assert_eq!(code, Some(0));
    let said = "2 episodes\n3 were asked for: the run goes on, or it ended early, and a part of the next one\n";
    assert!(table.ends_with(said), "{table}");
    assert_eq!(dayfly(&["show", "run", "1"]).0, Some(0));
    assert_eq!(dayfly(&["show", "run", "2"]).0, Some(4));
    // The JSON that is printed is the JSON that is recorded.
    assert_eq!(dayfly(&["show", "run", "--json"]).1, whole[..=last]);
}
