//! Interrupts of the operator, and what they leave behind.

#![cfg(unix)]

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::common::granting;
use crate::guest::{Part, agent, ask};

/// Starts an agent that writes a file and goes on without an end, and interrupts it so often.
/// Returns the exit code and the number of files left in the folder for temporary files.
fn interrupted(times: u32, more: &[&str]) -> (Option<i32>, usize) {
    let place = tempfile::tempdir().unwrap();
    let (temporary, file) = (place.path().join("tmp"), place.path().join("agent.wasm"));
    std::fs::create_dir(&temporary).unwrap();
    let body = ask("workspace.write", &[Part::Text("a.txt"), Part::Zeros(5)]) + "(loop (br 0))";
    std::fs::write(&file, crate::core::component(&agent(&body))).unwrap();
    let policy = place.path().join("policy.toml");
    std::fs::write(&policy, granting("fuel = 1_000_000_000_000\nwall = \"60s\"", "")).unwrap();
    let mut child = crate::common::dayfly()
        .args(["run", "./agent.wasm", "-p", "./policy.toml", "-e", "off-switch", "-q", "-o", "run"])
        .args(more)
        .current_dir(&place)
        .env("TMPDIR", &temporary)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let count = || std::fs::read_dir(&temporary).unwrap().count();
    let has_written = || crate::common::files(&temporary, "txt").len() == 1;
    for _ in 0..1000 {
        if has_written() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(has_written() && count() == 1, "it made no workspace");
    let kill = format!("for i in $(seq {times}); do kill -INT {}; done", child.id());
    crate::common::command("sh").args(["-c", &kill]).stderr(Stdio::null()).status().unwrap();
    (child.wait().unwrap().code(), count())
}

#[test]
fn an_interrupt_closes_the_episode_and_leaves_no_workspace_behind() {
    assert_eq!(interrupted(1, &[]), (Some(130), 0));
}

#[test]
fn a_second_interrupt_leaves_no_workspace_behind() {
    assert_eq!(interrupted(20, &[]), (Some(130), 0));
}

#[test]
#[cfg(target_os = "linux")]
fn interrupts_leave_nothing_of_a_worker_behind() {
    for times in [1, 20] {
        assert_eq!(interrupted(times, &["--isolate", "process"]), (Some(130), 0));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_run_in_workers_that_is_interrupted_ends_however_much_waits_for_a_slow_episode() {
    let place = tempfile::tempdir().unwrap();
    // One episode in several counts for an hour. Each other episode fills its log, so that soon no
    // more may wait.
    let module = r#"(module
      (import "dayfly:agent/random@0.1.0" "next" (func $next (param i32)))
      (import "dayfly:agent/log@0.1.0" "write" (func $write (param i32 i32 i32)))
      (memory (export "memory") 32)
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
      (func (export "run") (local $n i64)
        (call $next (i32.const 0))
        (if (i64.eqz (i64.and (i64.load (i32.const 8)) (i64.const 127)))
          (then (loop $l (br_if $l (i64.ne (local.tee $n (i64.add (local.get $n) (i64.const 1))) (i64.const -1))))))
        (call $write (i32.const 65536) (i32.const 120000) (i32.const 64))))"#;
    std::fs::write(place.path().join("agent.wasm"), crate::core::component(module)).unwrap();
    let limits = "fuel = 1_000_000_000_000\nwall = \"3600s\"\nmemory = \"16 MiB\"";
    let policy = granting(limits, "[grants.log]\nmode = \"grant\"\nbytes = \"200 KiB\"");
    std::fs::write(place.path().join("policy.toml"), policy).unwrap();
    let mut child = crate::common::dayfly()
        .args(["run", "./agent.wasm", "-p", "./policy.toml", "-e", "off-switch", "-q", "-o", "run"])
        .args(["-n", "5000", "-j", "2", "--seed", "1", "--isolate", "process"])
        .current_dir(&place)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Wait until nothing is recorded any more.
    let recorded = || std::fs::metadata(place.path().join("run/transcripts.jsonl")).map_or(0, |file| file.len());
    let mut before = 0;
    for _ in 0..60 {
        std::thread::sleep(Duration::from_millis(500));
        if recorded() > 0 && recorded() == before {
            break;
        }
        before = recorded();
    }
    let kill = format!("kill -INT {}", child.id());
    crate::common::command("sh").args(["-c", &kill]).status().unwrap();
    let ended = (0..600).find_map(|_| {
        std::thread::sleep(Duration::from_millis(100));
        child.try_wait().unwrap()
    });
    if ended.is_none() {
        child.kill().unwrap();
    }
    assert_eq!(ended.expect("it waits for good").code(), Some(130));
    let verified = dayfly::ledger::verify(&place.path().join("run"), None).unwrap();
    assert!(matches!(verified, dayfly::ledger::Verification::Whole { .. }), "{verified:?}");
}

#[test]
fn an_aborted_episode_keeps_its_record_and_does_not_count() {
    let place = tempfile::tempdir().unwrap();
    let act = "(call $act)";
    let body = act.to_owned()
        + &ask("log.write", &[Part::Text("so far")])
        + &ask("outbox.send", &[Part::Text("bob"), Part::Zeros(1)])
        + &ask("workspace.write", &[Part::Text("a"), Part::Zeros(5)])
        + act;
    std::fs::write(place.path().join("agent.wasm"), crate::core::component(&agent(&body))).unwrap();
    std::fs::write(place.path().join("policy.toml"), granting("", "")).unwrap();
    let output = crate::common::dayfly()
        .args(["run", "./agent.wasm", "-p", "./policy.toml", "-e", "off-switch", "--json", "-o", "run"])
        .current_dir(&place)
        .env("TMPDIR", place.path().join("nowhere"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&summary["ending"], &summary["ends"]["aborted"]), (&"aborted".into(), &1.into()));
    assert_eq!(summary["returns"], serde_json::json!({ "mean": 0.0, "min": 0.0, "max": 0.0 }));
    let line = crate::common::read(&place.path().join("run/transcripts.jsonl"));
    let transcript: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&transcript["end"], &transcript["closing"]), (&"aborted".into(), &"stopped".into()));
    assert_eq!((&transcript["steps"], &transcript["return"]), (&1.into(), &(-1.0).into()));
    assert_eq!((&transcript["calls"]["count"], &transcript["log"][0]), (&4.into(), &"so far".into()));
    assert_eq!(transcript["entries"].as_array().unwrap().len(), 2);
    assert!(transcript.get("released").is_none());
    let verified = crate::common::dayfly().args(["verify", "run"]).current_dir(&place).status();
    assert_eq!(verified.unwrap().code(), Some(0));
}

#[test]
fn a_workspace_with_more_in_it_than_the_agent_wrote_aborts_its_episode_and_is_gone() {
    let place = tempfile::tempdir().unwrap();
    let (temporary, file) = (place.path().join("tmp"), place.path().join("agent.wasm"));
    std::fs::create_dir(&temporary).unwrap();
    let body = ask("workspace.write", &[Part::Text("a.txt"), Part::Zeros(5)]) + "(loop (br 0))";
    std::fs::write(&file, crate::core::component(&agent(&body))).unwrap();
    let policy = granting("fuel = 1_000_000_000_000\nwall = \"60s\"", "");
    std::fs::write(place.path().join("policy.toml"), policy).unwrap();
    let mut child = crate::common::dayfly()
        .args(["run", "./agent.wasm", "-p", "./policy.toml", "-e", "off-switch", "-q", "-o", "run"])
        .current_dir(&place)
        .env("TMPDIR", &temporary)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let written = (0..1000).find_map(|_| {
        std::thread::sleep(Duration::from_millis(10));
        crate::common::files(&temporary, "txt").pop()
    });
    // Somebody else puts a file beside that of the agent.
    std::fs::write(written.unwrap().with_file_name("b.txt"), "").unwrap();
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3));
    let line = crate::common::read(&place.path().join("run/transcripts.jsonl"));
    let transcript: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&transcript["end"], transcript.get("residue")), (&"aborted".into(), None));
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
}

#[test]
fn an_audit_that_is_interrupted_says_what_was_done() {
    let roads = dayfly::audit::measurements(&[]);
    for (audit, more, said) in [
        ("noninterference", ["--pairs", "10000000"], "of 10000000 pairs: what follows is of these alone".to_owned()),
        (
            "channels",
            ["--trials", "1000000"],
            format!("after 0 of {roads} roads: the one that was being tried is left out"),
        ),
    ] {
        for json in [None, Some("--json")] {
            let child = crate::common::dayfly()
                .args(["audit", audit, "--jobs", "1"])
                .args(more)
                .args(json)
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(Duration::from_millis(1500));
            Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
            let output = child.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(130), "{audit}");
            let text = String::from_utf8(output.stdout).unwrap();
            if json.is_some() {
                let object: serde_json::Value = serde_json::from_str(&text).unwrap();
                assert_eq!((&object["ending"], &object["audit"]), (&"cancelled".into(), &audit.into()));
            } else {
                assert!(text.contains("cancelled") && text.contains(&said), "{text}");
            }
        }
    }
}

/// Returns the output and the error output of a command that is interrupted once it has done
/// something. The machine may be busy, so it tries several times.
fn said_of(arguments: &[&str], has_done: impl Fn(&str, &str) -> bool) -> [String; 2] {
    for seconds in [1, 2, 4, 8, 16] {
        let child =
            crate::common::dayfly().args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(Duration::from_secs(seconds));
        Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        let output = child.wait_with_output().unwrap();
        let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        // An interrupt before the handler is installed ends the program at once.
        match output.status.code() {
            Some(130) if has_done(&out, &err) => return [out, err],
            Some(130) | None => {}
            code => panic!("{arguments:?} exits with {code:?}: {out}{err}"),
        }
    }
    panic!("{arguments:?} says nothing of what it did");
}

#[test]
fn a_measurement_and_a_reproduction_that_are_interrupted_say_what_was_done() {
    let trials = |err: &str| err.strip_prefix("cancelled after ")?.split_once(" trial")?.0.parse::<u64>().ok();
    let measure = ["measure", "horizon", "planner", "--repeats", "1000", "--jobs", "1"];
    let [out, err] = said_of(&measure, |_, err| trials(err).is_some_and(|done| done > 0));
    assert!(out.is_empty() && err.contains("of a part of them there is no number"), "{out}{err}");
    let reproduce = ["reproduce", "post", "--jobs", "1"];
    let said = "cancelled after 0 of 2 cells: what stands above is of these alone";
    said_of(&reproduce, |out, _| out.contains(said));
    let [out, _] = said_of(&[&reproduce[..], &["--json"]].concat(), |out, _| !out.is_empty());
    let object: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&object["ending"], &object["holds"]), (&"cancelled".into(), &false.into()));
}
