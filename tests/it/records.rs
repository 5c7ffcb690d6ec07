//! Records on the disk: those of earlier versions, and those of runs that did not come to their
//! end.

use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use dayfly::ledger::{self, Finding, Reason, Verification};

fn dayfly(folder: &Path, words: &[&str]) -> Output {
    crate::common::dayfly().current_dir(folder).args(words).output().unwrap()
}

/// Reads a run of five episodes in two lineages, whose task has hidden characters. It was written
/// before there were early checkpoints and before those characters were escaped. Its seeds follow
/// from the seed of the run alone, which says nothing of the agent. No manifest tells such a record
/// from one of today, so a forger could have chosen them.
#[test]
fn the_layout_of_earlier_versions_is_read_and_their_seeds_are_not_taken() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/ledgers/early-layout");
    let manifest = std::fs::read_to_string(folder.join("manifest.json")).unwrap();
    assert!(manifest.contains('\u{9b}') && manifest.contains('\u{202e}'));
    let verified = ledger::verify(&folder, None).unwrap();
    let Verification::Flawed { findings, omitted: 0 } = verified else { panic!("{verified:?}") };
    let [Finding::Said { lines, flaw }] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!((lines.clone(), flaw.to_string().contains("seed")), (1..6, true), "{flaw}");
    let checkpoints = std::fs::read_to_string(folder.join("checkpoints.jsonl")).unwrap();
    assert_eq!(checkpoints.lines().count(), 1);
}

/// Reads a run of six episodes in two lineages, whose agent carries something over, as version 1 of
/// the record has it.
#[test]
fn a_record_of_version_1_verifies_and_is_shown() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/ledgers/version-1");
    let verified = ledger::verify(&folder, None).unwrap();
    assert!(matches!(verified, Verification::Whole { .. }), "{verified:?}");
    let shown = dayfly(&folder, &["show", ".", "3"]);
    assert!(shown.status.success() && String::from_utf8_lossy(&shown.stdout).contains("rememberer"), "{shown:?}");
}

#[test]
fn a_short_run_that_is_killed_is_vouched_for() {
    let place = tempfile::tempdir().unwrap();
    let words = ["run", "random", "-e", "button", "-n", "100000000", "--out", "run", "--quiet"];
    let mut child = crate::common::dayfly().current_dir(&place).args(words).spawn().unwrap();
    let run = place.path().join("run");
    let begun = Instant::now();
    let is_vouched =
        || std::fs::read_to_string(run.join("checkpoints.jsonl")).is_ok_and(|text| text.lines().count() >= 5);
    while !is_vouched() {
        assert!(begun.elapsed() < Duration::from_mins(2), "nothing is vouched for");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let Verification::Flawed { findings, .. } = ledger::verify(&run, None).unwrap() else { panic!("it is closed") };
    let [Finding::NotClosed { vouched: Some(head) }] = findings.as_slice() else { panic!("{findings:?}") };
    assert!(head.episodes >= 15, "{head:?}");
}

/// Simulates a full disk by a limit on the size of files: writing fails in the same way.
#[test]
#[cfg(unix)]
fn a_run_whose_disk_is_full_is_sealed_as_far_as_it_was_recorded() {
    let place = tempfile::tempdir().unwrap();
    for blocks in [8, 64, 300] {
        let out = format!("run-{blocks}");
        let limited = format!(
            "trap '' XFSZ; ulimit -f {blocks}; exec '{}' run random -e button -n 5000 --quiet --out {out}",
            env!("CARGO_BIN_EXE_dayfly")
        );
        let output = crate::common::command("sh").args(["-c", &limited]).current_dir(&place).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("cannot write") && said.contains("`dayfly verify` says how much"), "{said}");
        let verified = ledger::verify(&place.path().join(&out), None).unwrap();
        let Verification::Whole { head, closed } = verified else { panic!("{blocks}: {verified:?}") };
        assert_eq!(closed, Reason::Aborted);
        assert!(head.episodes > 0 && head.episodes < 5000, "{head:?}");
        assert!(dayfly(place.path(), &["verify", &out]).status.success());
    }
}
