//! Disks: files that workers leave there are removed or named, none fills it, and there is room for
//! what the policy grants.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use dayfly::episode::Cancel;
use dayfly::ledger::{self, Reason, Verification};
use dayfly::run::{Ending, RunOutcome, Unwatched};
use dayfly::worker::{Confined, Patience, WorkerReply};
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::common::{self, Run, granting};
use crate::guest::{agent, ask};
use crate::isolation::{DAYFLY, arguments, children, code, endless, frames, is_lost, lines, sealed, send, wait};
use crate::losses::place_of;

/// Makes a program of these lines of shell, which notes in `notes` each time that it is started.
fn program(place: &Path, script: &str) -> PathBuf {
    let program = place.join("program");
    let notes = place.join("notes");
    std::fs::write(&program, format!("#!/bin/sh\necho \"$2\" >> '{}'\n{script}\n", notes.display())).unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    program
}

/// Returns the scratch folders of the workers that were started.
fn started(place: &Path) -> Vec<PathBuf> {
    common::read(&place.join("notes")).lines().map(PathBuf::from).collect()
}

/// Folder with a file system of so many bytes of its own, for as long as this value lives; `None`
/// if the system gives none.
pub(crate) struct Mounted(PathBuf);

impl Mounted {
    pub(crate) fn at(place: &Path, bytes: u64) -> Option<Self> {
        std::fs::create_dir_all(place).unwrap();
        let size = format!("size={bytes},nr_inodes=4096");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(place).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(place.to_owned()));
        }
        let mut error = std::io::stderr();
        writeln!(error, "skipped: only root can mount a file system, and not everywhere").unwrap();
        None
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

#[test]
fn what_a_lost_worker_left_is_removed_however_deep_it_goes() {
    let place = tempfile::tempdir().unwrap();
    let deep = "d/".repeat(1000);
    // The first start makes folders within each other, and ends; the next one is a worker.
    let script = format!(
        "if [ $(/usr/bin/wc -l < '{notes}') = 1 ]; then
           cd \"$2\"; for part in 1 2 3 4 5; do /bin/mkdir -p '{deep}'; cd -P '{deep}'; done; exit 1
         fi
         exec '{DAYFLY}' \"$@\"",
        notes = place.path().join("notes").display()
    );
    let run = Run { episodes: 2, ..Run::of("random", "strict", "button") };
    let transcripts = run.apart(&program(place.path(), &script)).unwrap();
    assert!(!transcripts.iter().any(is_lost), "{transcripts:?}");
    let started = started(place.path());
    assert_eq!(started.len(), 2);
    assert!(started.iter().all(|scratch| !scratch.exists()), "{started:?}");
}

#[test]
fn what_a_worker_left_and_cannot_be_removed_is_named() {
    let place = tempfile::tempdir().unwrap();
    let (out, policy) = (place.path().join("run"), place.path().join("policy.toml"));
    let (run, worker) = endless(&out, &policy);
    let scratch = place_of(worker).parent().unwrap().to_owned();
    let Some(mounted) = Mounted::at(&scratch.join("held"), 1 << 20) else {
        send(Signal::SIGINT, run.id());
        run.wait_with_output().unwrap();
        return;
    };
    send(Signal::SIGINT, run.id());
    assert_eq!(code(&run.wait_with_output().unwrap()), 130);
    let host: Value = serde_json::from_str(&common::read(&out.join("host.json"))).unwrap();
    let left = host["left"].as_object().unwrap_or_else(|| panic!("{host}"));
    assert_eq!(left.keys().collect::<Vec<_>>(), [scratch.to_str().unwrap()]);
    // Everything else in the folder is gone.
    assert_eq!(std::fs::read_dir(&scratch).unwrap().count(), 1);
    drop(mounted);
    std::fs::remove_dir_all(&scratch).unwrap();
}

#[test]
fn a_worker_that_fills_the_disk_is_ended_and_costs_its_open_episode() {
    let place = tempfile::tempdir().unwrap();
    // A loop beside a worker of ours fills the disk as fast as it can, until the worker is gone.
    let script = format!(
        "if [ $(/usr/bin/wc -l < '{notes}') = 1 ]; then
           ( while [ ! -s \"$2/begun\" ]; do /bin/sleep 0.02; done; number=0
             while kill -0 $$ && [ $number -lt 500 ]; do
               /usr/bin/head -c 1000000 /dev/zero > \"$2/$number\"; number=$((number+1))
             done ) </dev/null >/dev/null 2>&1 &
         fi
         exec '{DAYFLY}' \"$@\"",
        notes = place.path().join("notes").display()
    );
    let policy = granting("fuel = 1_000_000_000_000_000\nwall = \"5s\"\n", "");
    let spinning = Run { episodes: 2, ..Run::of(&agent("(loop $again (br $again))"), &policy, "button") };
    let transcripts = spinning.apart(&program(place.path(), &script)).unwrap();
    let [first, second] = transcripts.as_slice() else { panic!("{transcripts:?}") };
    assert_eq!(first["end"], "aborted");
    assert_eq!(first["lost"], "the worker had more on the disk than the policy grants");
    assert_eq!((&second["end"], second.get("lost")), (&"wall".into(), None));
}

#[test]
fn a_worker_that_lives_episodes_makes_no_file_larger_than_its_workspace() {
    let place = tempfile::tempdir().unwrap();
    let (run, worker) = endless(&place.path().join("run"), &place.path().join("policy.toml"));
    let limits = wait(|| {
        let limits = std::fs::read_to_string(format!("/proc/{worker}/limits")).unwrap();
        let is_living = limits.lines().any(|line| line.starts_with("Max processes") && line.contains(" 0 "));
        is_living.then_some(limits)
    });
    send(Signal::SIGINT, run.id());
    run.wait_with_output().unwrap();
    let size = limits.lines().find_map(|line| line.strip_prefix("Max file size")).unwrap();
    assert_eq!(size.split_whitespace().next(), Some("1048576"), "{limits}");
}

/// Runs an agent that writes `bytes` to each of three files, where there are so many bytes for
/// workspaces.
fn in_room(place: &Path, name: &str, jobs: &str, isolate: &str) -> (i32, String, PathBuf) {
    let (out, file, policy) = (place.join(name), place.join("agent.wasm"), place.join("policy.toml"));
    let written = ["a", "b", "c"].map(|name| {
        let part = [crate::guest::Part::Text(name), crate::guest::Part::Zeros(1_000_000)];
        ask("workspace.write", &part)
    });
    std::fs::write(&file, crate::core::component(&crate::guest::with(17, "", &written.concat()))).unwrap();
    let grants = "[grants.workspace]\nmode = \"grant\"\nbytes = \"3 MiB\"\nfiles = 3\n";
    std::fs::write(&policy, granting("fuel = 1_000_000_000\nmemory = \"2 MiB\"\n", grants)).unwrap();
    let rest = ["-p", policy.to_str().unwrap(), "-e", "off-switch", "-n", "40", "-j", jobs, "--isolate", isolate];
    let output = crate::common::dayfly()
        .args(arguments(&out, file.to_str().unwrap(), &rest))
        .env("TMPDIR", place.join("room"))
        .output()
        .unwrap();
    (code(&output), String::from_utf8(output.stderr).unwrap(), out)
}

#[test]
fn a_run_begins_where_there_is_room_for_what_all_open_episodes_may_write_and_nowhere_else() {
    let place = tempfile::tempdir().unwrap();
    let Some(_mounted) = Mounted::at(&place.path().join("room"), 8 << 20) else { return };
    for isolate in ["none", "process"] {
        let one = in_room(place.path(), &format!("{isolate}-1"), "1", isolate);
        let two = in_room(place.path(), &format!("{isolate}-2"), "2", isolate);
        assert_eq!((one.0, two.0), (0, 0), "{}{}", one.1, two.1);
        assert_eq!(sealed(&one.2), sealed(&two.2));
        let (code, error, out) = in_room(place.path(), &format!("{isolate}-3"), "3", isolate);
        assert_eq!(code, 3, "{error}");
        assert!(error.contains("and the workspaces of 3 jobs may take") && error.contains("--jobs"), "{error}");
        // No episode was opened, and the record says so.
        assert!(lines(&out).is_empty());
        assert!(matches!(ledger::verify(&out, None), Ok(Verification::Whole { closed: Reason::Aborted, .. })));
    }
}

#[test]
fn a_run_ends_before_it_keeps_more_than_its_policy_says() {
    let place = tempfile::tempdir().unwrap();
    let policy = place.path().join("policy.toml");
    std::fs::write(&policy, "extends = \"strict\"\n[record]\nrun = \"8 KiB\"\n").unwrap();
    let run = |name: &str, more: &[&str]| {
        let out = place.path().join(name);
        let rest = [&["-p", policy.to_str().unwrap(), "-e", "button", "-n", "600"], more].concat();
        let ran = crate::isolation::dayfly(&arguments(&out, "random", &rest));
        assert_eq!(code(&ran), 1, "{ran:?}");
        out
    };
    let one = run("one", &["-j", "1"]);
    let kept = std::fs::metadata(one.join("transcripts.jsonl")).unwrap().len();
    let line = u64::try_from(lines(&one)[0].len()).unwrap();
    assert!(kept <= 8 << 10 && kept + 2 * line > 8 << 10, "{kept} bytes");
    let verified = ledger::verify(&one, None).unwrap();
    assert!(matches!(verified, Verification::Whole { closed: Reason::Full, .. }), "{verified:?}");
    assert_eq!(sealed(&run("two", &["-j", "2"])), sealed(&one));
    assert_eq!(sealed(&run("apart", &["-j", "2", "--isolate", "process"])), sealed(&one));
    let said = crate::common::dayfly()
        .args(["run", "random", "-p", policy.to_str().unwrap(), "-e", "button", "-n", "600", "-o"])
        .arg(place.path().join("said"))
        .output()
        .unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.contains("full after ") && said.contains("`record.run`"), "{said}");
}

/// Returns the ending of a run of six episodes in workers of `program`, and its record.
fn apart(place: &Path, program: &Path, policy: &str) -> (Ending, Verification, Vec<String>) {
    let run = Run { episodes: 6, ..Run::of(&agent("(loop $again (br $again))"), policy, "button") };
    let out = place.join("run");
    let run = run.on_workers(program, Patience::default(), &Cancel::default()).unwrap().record_in(&out).unwrap();
    let RunOutcome { ending, left, .. } = run.carry_out(&mut Unwatched).unwrap();
    assert!(left.is_empty());
    (ending, ledger::verify(&out, None).unwrap(), lines(&out))
}

/// Returns a script that takes up its work, and ends before it begins an episode.
fn barren(place: &Path) -> String {
    let said = place.join("said");
    std::fs::write(&said, frames(&[WorkerReply::Confined(Confined::default()), WorkerReply::Ready])).unwrap();
    format!("/bin/cat '{}'; /usr/bin/timeout 0.2 /bin/cat >/dev/null; exit 0", said.display())
}

#[test]
fn a_run_in_which_no_worker_begins_an_episode_ends_after_three_and_is_sealed() {
    let place = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let (ending, verified, lines) = apart(place.path(), &program(place.path(), &barren(place.path())), "strict");
    let why = "no worker begins an episode: the worker exited with status 0, 3 in a row";
    assert!(matches!(&ending, Ending::Halted(halt) if halt.to_string() == why), "{ending:?}");
    assert!(matches!(verified, Verification::Whole { closed: Reason::Aborted, .. }), "{verified:?}");
    assert!(lines.is_empty());
    assert_eq!(started(place.path()).len(), 3);
    // Each attempt waits longer before the next one.
    assert!(began.elapsed() > Duration::from_millis(300));
}

#[test]
fn what_was_lived_before_no_worker_begins_an_episode_any_more_is_kept() {
    let place = tempfile::tempdir().unwrap();
    // The first start lives an episode and is killed in the next; all others end before they begin
    // one.
    let script = format!(
        "if [ $(/usr/bin/wc -l < '{notes}') = 1 ]; then
           ( while [ \"$(/usr/bin/od -An -tu1 -N1 \"$2/begun\" | /usr/bin/tr -d ' ')\" != 3 ]; do /bin/sleep 0.02; done
             kill -KILL $$ ) </dev/null >/dev/null 2>&1 &
           exec '{DAYFLY}' \"$@\"
         fi
         {}",
        barren(place.path()),
        notes = place.path().join("notes").display()
    );
    let policy = granting("fuel = 1_000_000_000_000_000\nwall = \"200ms\"\n", "");
    let (ending, verified, lines) = apart(place.path(), &program(place.path(), &script), &policy);
    assert!(matches!(ending, Ending::Halted(_)), "{ending:?}");
    assert!(matches!(verified, Verification::Whole { closed: Reason::Aborted, .. }), "{verified:?}");
    let ends: Vec<Value> = lines.iter().map(|line| crate::isolation::transcript(line)["end"].clone()).collect();
    // Two episodes were lived and one was open. One more is charged with the workers that began
    // none.
    assert_eq!(ends, ["wall", "wall", "aborted", "aborted"]);
    assert_eq!(started(place.path()).len(), 7);
}

#[test]
fn workers_that_say_nothing_are_waited_for_twice() {
    let said = frames(&[WorkerReply::Confined(Confined::default())]);
    let (short, long) = (Duration::from_millis(300), Duration::from_mins(5));
    // The program says nothing at all, or nothing more after it was given the agent. In each case
    // the other wait is long.
    for (says, confine, take_up) in [("", short, long), ("/bin/cat said; ", long, short)] {
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("said"), &said).unwrap();
        let script = format!("cd '{}'; {says}exec /bin/sleep 600", place.path().display());
        let silent = program(place.path(), &script);
        let (began, patience) = (Instant::now(), Patience { confine, take_up, ..Patience::default() });
        let why = Run::of("random", "strict", "button").apart_with(&silent, patience).unwrap_err();
        assert_eq!(why, "a worker could not take up its work: the worker did not answer in time, 2 in a row");
        assert_eq!(started(place.path()).len(), 2);
        let took = began.elapsed();
        assert!(took > short * 2 && took < Duration::from_mins(1), "{took:?}");
    }
}

#[test]
fn workers_of_a_run_that_is_over_are_gone_with_what_they_made() {
    let place = tempfile::tempdir().unwrap();
    let temporary = place.path().join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let rest = ["-p", "boxed", "-e", "off-switch", "-n", "20", "-j", "2", "--isolate", "process"];
    let mut run = crate::common::dayfly()
        .args(arguments(&place.path().join("run"), "hoarder", &rest))
        .env("TMPDIR", &temporary)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let id = run.id();
    assert_eq!(run.wait().unwrap().code(), Some(0));
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
    assert!(children(id).is_empty());
}
