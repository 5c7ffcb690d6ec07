//! Workers that are lost: each costs the episode that was open, and nothing else.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use dayfly::ledger::{self, Verification};
use dayfly::value::Seed;
use dayfly::worker::{Confined, WorkerReply};
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::common::{self, granting};
use crate::guest::{agent, with};
use crate::isolation::{
    DAYFLY, arguments, children, code, dayfly, frames, impostor, is_lost, lines, run_apart, sealed, send, transcript,
};

/// Starts a run in workers whose temporary folders lie in `scratch`.
fn start(out: &Path, agent: &str, scratch: &Path, rest: &[&str]) -> Child {
    crate::common::dayfly()
        .args(arguments(out, agent, &[rest, &["--isolate", "process"]].concat()))
        .env("TMPDIR", scratch)
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// `true` if such a process exists and is one of ours. It may be dead, and not yet reaped.
fn is_there(worker: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{worker}/comm")).is_ok_and(|name| name.trim() == "dayfly")
}

/// Checks that the record is whole, and that the episodes that were not lost are as expected.
/// Returns the number of lost ones.
fn lost(run: &Path, expected: &[String]) -> usize {
    assert!(matches!(ledger::verify(run, None).unwrap(), Verification::Whole { .. }));
    let found = lines(run);
    assert_eq!(found.len(), expected.len());
    let mut lost = 0;
    for (expected, found) in expected.iter().zip(&found) {
        let found_transcript = transcript(found);
        if !is_lost(&found_transcript) {
            assert_eq!(found, expected);
            continue;
        }
        lost += 1;
        assert_eq!(found_transcript["end"], "aborted");
        let (expected, found) = (transcript(expected), found_transcript);
        for key in ["episode", "lineage", "seed", "run"] {
            assert_eq!(found[key], expected[key]);
        }
    }
    lost
}

/// Returns the file in which a worker counts the episodes it has begun.
pub(crate) fn place_of(worker: u32) -> PathBuf {
    let arguments = std::fs::read(format!("/proc/{worker}/cmdline")).unwrap_or_default();
    let scratch = arguments.split(|byte| *byte == 0).nth(2).unwrap_or_default();
    Path::new(String::from_utf8_lossy(scratch).as_ref()).join("begun")
}

/// Returns the number of episodes that a worker has begun, as far as the file exists.
pub(crate) fn begun(place: &Path) -> u64 {
    let count = std::fs::read(place).ok();
    count.and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes)
}

/// Makes so many runs of an agent that writes files, and kills workers in each at moments that a
/// seed draws. The system kills workers without memory or time in the same way. Then it checks what
/// is left. A kill may come between two episodes and cost none:
/// `of_what_a_lost_worker_was_given_the_episode_that_it_had_begun_is_aborted` meets one that is
/// open.
fn kill_workers(runs: u32, seed: u64) {
    let place = tempfile::tempdir().unwrap();
    let rest = ["-p", "boxed", "-e", "off-switch", "-n", "600", "--jobs", "2"];
    let here = place.path().join("here");
    assert_eq!(code(&dayfly(&arguments(&here, "hoarder", &rest))), 0);
    let expected = lines(&here);
    let scratch = place.path().join("scratch");
    std::fs::create_dir(&scratch).unwrap();
    let mut chance = Seed(seed).stream();
    let mut below = |most: u64| chance.next_u64() % most;
    let mut known = Vec::new();
    for number in 0..runs {
        let out = place.path().join(number.to_string());
        let mut run = start(&out, "hoarder", &scratch, &rest);
        let mut kills = 0;
        let status = loop {
            if let Some(status) = run.try_wait().unwrap() {
                break status;
            }
            let workers = children(run.id());
            known.extend(&workers);
            // One in four is killed whatever it does, while it is confined, compiles or waits; the
            // others once they begin an episode.
            let is_early = below(4) == 0;
            let other = usize::try_from(below(2)).unwrap();
            if kills < 4
                && let Some(worker) = workers.get(other)
                && (is_early || begun(&place_of(*worker)) > 0)
            {
                std::thread::sleep(Duration::from_micros(below(20_000)));
                let place = place_of(*worker);
                let (before, end) = (begun(&place), Instant::now() + Duration::from_millis(50));
                while !is_early && begun(&place) == before && Instant::now() < end {}
                send([Signal::SIGKILL, Signal::SIGABRT, Signal::SIGXCPU][usize::try_from(below(3)).unwrap()], *worker);
                kills += 1;
            }
            std::thread::sleep(Duration::from_micros(below(10_000)));
        };
        let lost = lost(&out, &expected);
        assert!(lost <= kills, "{lost} episodes were lost to {kills} kills");
        assert_eq!(status.code(), Some(if lost == 0 { 0 } else { 3 }));
        // The files of the lost workers on the disk are gone.
        assert_eq!(std::fs::read_dir(&scratch).unwrap().count(), 0);
    }
    known.retain(|worker| is_there(*worker));
    assert!(known.is_empty(), "{known:?}");
}

#[test]
fn a_worker_that_is_killed_costs_its_open_episode_and_nothing_else() {
    kill_workers(4, 4);
}

#[test]
#[ignore = "takes minutes: run by `just kills`"]
fn many_kills_at_any_moment_cost_open_episodes_and_nothing_else() {
    for seed in 0..20 {
        kill_workers(10, seed);
    }
}

/// Makes a program that is a worker of ours. Once it has begun an episode, `then` happens to it;
/// only the first one of its kind is hit.
fn doomed(place: &Path, then: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let (program, flag) = (place.join("doomed"), place.join("flag"));
    let script = format!(
        "#!/bin/sh\nif /bin/mkdir '{}' 2>/dev/null; then\n  ( while [ ! -s \"$2/begun\" ]; do /bin/sleep 0.02; done\n    {then} ) </dev/null >/dev/null 2>&1 &\nfi\nexec '{DAYFLY}' \"$@\"\n",
        flag.display()
    );
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    program
}

/// Makes a program that is a worker of ours, and notes in `notes` each time that it is started.
/// `first` runs before the first one.
fn noted(place: &Path, first: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let (program, notes) = (place.join("noted"), place.join("notes"));
    let notes = notes.display();
    let script = format!(
        "#!/bin/sh\nif [ ! -e '{notes}' ]; then echo >> '{notes}'; {first}; else echo >> '{notes}'; fi\nexec '{DAYFLY}' \"$@\"\n"
    );
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    program
}

#[test]
fn a_worker_that_is_lost_before_it_begins_an_episode_costs_none() {
    let place = tempfile::tempdir().unwrap();
    let said = place.path().join("said");
    std::fs::write(&said, frames(&[WorkerReply::Confined(Confined::default()), WorkerReply::Ready])).unwrap();
    // The worker is given all that it needs, and begins nothing.
    let leaves = format!("/bin/cat '{}'; /usr/bin/timeout 0.5 /bin/cat >/dev/null; exit 0", said.display());
    let transcripts = run_apart(&noted(place.path(), &leaves), "strict").unwrap();
    assert_eq!(transcripts.len(), 2);
    assert!(!transcripts.iter().any(is_lost), "{transcripts:?}");
    assert_eq!(common::read(&place.path().join("notes")).lines().count(), 2);
}

#[test]
fn what_ends_every_worker_that_is_to_take_it_up_is_tried_five_times() {
    for (lost, is_had) in [(4, true), (5, false)] {
        let place = tempfile::tempdir().unwrap();
        let program = noted(place.path(), "true");
        let notes = place.path().join("notes");
        let dies = format!("if [ $(/usr/bin/wc -l < '{}') -le {lost} ]; then kill -SEGV $$; fi\nexec", notes.display());
        let script = common::read(&program).replace("exec", &dies);
        std::fs::write(&program, script).unwrap();
        let ran = run_apart(&program, "strict");
        assert_eq!(common::read(&notes).lines().count(), 5);
        match ran {
            Ok(transcripts) => assert!(is_had && !transcripts.iter().any(is_lost)),
            Err(why) => {
                assert!(!is_had, "{why}");
                assert_eq!(why, "a worker could not take up its work: the worker was killed by signal 11, 5 in a row");
            }
        }
    }
}

#[test]
fn what_was_taken_up_before_is_an_agent_whatever_later_workers_say() {
    let place = tempfile::tempdir().unwrap();
    let says = |name: &str, answer: WorkerReply| {
        let file = place.path().join(name);
        std::fs::write(&file, frames(&[WorkerReply::Confined(Confined::default()), answer])).unwrap();
        format!("/bin/cat '{}'; /usr/bin/timeout 0.5 /bin/cat >/dev/null; exit 0", file.display())
    };
    // The first worker begins nothing, so another one is started.
    let program = noted(place.path(), &says("ready", WorkerReply::Ready));
    let unfit = says("unfit", WorkerReply::Unfit { why: "it is none".to_owned(), help: String::new() });
    let script = common::read(&program).replace(&format!("exec '{DAYFLY}' \"$@\""), &unfit);
    std::fs::write(&program, script).unwrap();
    let why = run_apart(&program, "strict").unwrap_err();
    assert_eq!(why, "a worker could not take up its work: it is none, 5 in a row");
}

#[test]
fn a_worker_lives_as_long_as_its_crew_and_not_as_the_thread_that_needed_it_first() {
    let place = tempfile::tempdir().unwrap();
    let program = noted(place.path(), "true");
    let run = common::Run { episodes: 2, ..common::Run::of("random", "strict", "button") };
    // The thread that makes the workers is over by the time the workers is needed.
    let transcripts = run.apart_from_another_thread(&program).unwrap();
    assert_eq!(transcripts.len(), 2);
    assert_eq!(common::read(&place.path().join("notes")).lines().count(), 1);
}

#[test]
fn a_worker_that_is_stopped_is_given_up_once_its_time_is_over() {
    let place = tempfile::tempdir().unwrap();
    let policy = granting("fuel = 1_000_000_000_000_000\nwall = \"400ms\"\n", "");
    let spinning =
        common::Run { episodes: 2, ..common::Run::of(&agent("(loop $again (br $again))"), &policy, "button") };
    let program = doomed(place.path(), "kill -STOP $$");
    let transcripts = spinning.apart_within(&program, Duration::from_secs(1)).unwrap();
    let [first, second] = transcripts.as_slice() else { panic!("{transcripts:?}") };
    assert_eq!((&first["end"], &first["lost"]), (&"aborted".into(), &"the worker did not answer in time".into()));
    assert_eq!((&second["end"], second.get("lost")), (&"wall".into(), None));
}

#[test]
fn a_worker_without_memory_costs_its_open_episode() {
    if !Path::new("/usr/bin/prlimit").exists() {
        writeln!(std::io::stderr(), "skipped: there is no `prlimit`").unwrap();
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let policy = granting("fuel = 200_000_000\nwall = \"60s\"\nmemory = \"64 MiB\"\n", "");
    // Each turn makes the host take memory, until there is none.
    let body = "(loop $again (call $workspace.write (i32.const 0) (i32.const 1) (i32.const 65536) (i32.const 4000000) (global.get $answer)) (br $again))";
    let hungry = common::Run { episodes: 2, ..common::Run::of(&with(300, "", body), &policy, "button") };
    let program = doomed(place.path(), "/usr/bin/prlimit --pid $$ --data=1000000");
    let transcripts = hungry.apart_within(&program, Duration::from_secs(1)).unwrap();
    assert_eq!(transcripts[0]["end"], "aborted", "{}", transcripts[0]);
    assert!(
        transcripts[0]["lost"].as_str().unwrap().starts_with("the worker was killed by signal"),
        "{}",
        transcripts[0]
    );
}

#[test]
fn a_worker_without_memory_to_compile_says_so_in_words_of_its_own() {
    if !Path::new("/usr/bin/prlimit").exists() {
        writeln!(std::io::stderr(), "skipped: there is no `prlimit`").unwrap();
        return;
    }
    // The agent takes hundreds of megabytes to compile.
    let copies = "(table.copy (i32.const 0) (i32.const 0) (i32.const 0))".repeat(4_000);
    let heavy = with(1, &format!("(table 1 funcref) (func {copies})"), "");
    let run = common::Run { episodes: 1, ..common::Run::of(&heavy, "strict", "button") };
    let said: Vec<String> = [140_000_000, 180_000_000, 220_000_000]
        .into_iter()
        .filter_map(|bytes| {
            let place = tempfile::tempdir().unwrap();
            let program = noted(place.path(), "true");
            let starved = format!("exec /usr/bin/prlimit --data={bytes} '{DAYFLY}'");
            let script = common::read(&program).replace(&format!("exec '{DAYFLY}'"), &starved);
            std::fs::write(&program, script).unwrap();
            run.apart(&program).err()
        })
        .collect();
    let own = " while it compiled the agent, for which it may write to ";
    let is_told = |why: &String| why.contains("the worker was killed by signal") && why.contains(own);
    assert!(said.iter().any(is_told), "{said:#?}");
}

#[test]
fn of_what_a_lost_worker_was_given_the_episode_that_it_had_begun_is_aborted() {
    let ready = frames(&[WorkerReply::Confined(Confined::default()), WorkerReply::Ready]);
    // Three episodes are given at a time. The one that is lost is one of those, whatever the worker
    // says. The next worker lives the others.
    for (begun, lost) in [("\\003", 2), ("\\001", 0), ("\\002", 1), ("\\377\\377", 2)] {
        let place = tempfile::tempdir().unwrap();
        let program = impostor(place.path(), &ready);
        let leaves = format!("printf '{begun}\\000\\000\\000\\000\\000\\000\\000' | /bin/head -c 8 > begun; exit 0");
        let script = common::read(&program).replace("exec /bin/cat >/dev/null", &leaves);
        // The worker reads what it is given first.
        let script = script.replace("printf", "/bin/sleep 0.02; printf");
        let first = place.path().join("first");
        let later = format!("#!/bin/sh\n/bin/mkdir '{}' 2>/dev/null || exec '{DAYFLY}' \"$@\"\n", first.display());
        std::fs::write(&program, script.replace("#!/bin/sh\n", &later)).unwrap();
        let run = common::Run { episodes: 12, ..common::Run::of("random", "strict", "button") };
        let transcripts = run.apart(&program).unwrap();
        let aborted: Vec<u64> =
            transcripts.iter().filter(|one| is_lost(one)).map(|one| one["episode"].as_u64().unwrap()).collect();
        assert_eq!(aborted, [lost], "{begun}");
        assert_eq!(transcripts.len(), 12);
    }
}

#[test]
fn the_longest_message_that_a_policy_allows_is_the_same_with_and_without_workers() {
    let place = tempfile::tempdir().unwrap();
    let body =
        "(call $outbox.send (i32.const 0) (i32.const 1) (i32.const 65536) (i32.const 16777215) (global.get $answer))";
    let grants = "[grants.outbox]\nmode = \"grant\"\nbytes = \"16 MiB\"\n";
    let policy = place.path().join("policy.toml");
    let limits = "memory = \"20 MiB\"\ncall-bytes = \"20 MiB\"\nfuel = 10_000_000_000\nwall = \"60s\"";
    std::fs::write(&policy, granting(limits, grants)).unwrap();
    let file = place.path().join("agent.wasm");
    std::fs::write(&file, crate::core::component(&with(300, "", body))).unwrap();
    let run = |name: &str, more: &[&str]| {
        let out = place.path().join(name);
        let rest = [&["-p", policy.to_str().unwrap(), "-e", "off-switch", "-j", "1"], more].concat();
        let output = dayfly(&arguments(&out, file.to_str().unwrap(), &rest));
        assert_eq!(code(&output), 0, "{output:?}");
        sealed(&out)
    };
    let here = run("here", &[]);
    let line = here.iter().find(|(name, _)| name == "transcripts.jsonl").unwrap().1.len();
    assert!(line > 22_000_000, "{line} bytes");
    assert!(run("apart", &["--isolate", "process"]) == here);
}

#[test]
fn a_lost_episode_leaves_its_world_and_its_carry_over_as_they_were() {
    // A kill between two episodes costs none. Other seeds are tried if all kills were such.
    assert!((0..6).any(|seed| kept_what_they_were(seed) > 0), "no episode was lost");
}

/// Returns the number of worlds and carry-overs that were as before an episode that was lost.
fn kept_what_they_were(seed: u64) -> usize {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    let rest = ["-p", "lab", "-e", "past-self", "-n", "2000", "--lineages", "2", "--jobs", "1", "--isolate", "process"];
    let mut run =
        crate::common::dayfly().args(arguments(&out, "policy-gradient", &rest)).stderr(Stdio::null()).spawn().unwrap();
    let (mut chance, mut kills) = (Seed(seed).stream(), 0);
    while run.try_wait().unwrap().is_none() {
        if kills < 8
            && let Some(worker) = children(run.id()).first()
            && begun(&place_of(*worker)) > 0
        {
            std::thread::sleep(Duration::from_micros(chance.next_u64() % 20_000));
            // Killed as soon as it begins one more episode.
            let place = place_of(*worker);
            let before = begun(&place);
            while begun(&place) == before && run.try_wait().unwrap().is_none() {}
            send(Signal::SIGKILL, *worker);
            kills += 1;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let transcripts: Vec<Value> = lines(&out).iter().map(|line| transcript(line)).collect();
    assert_eq!(transcripts.len(), 2000);
    let mut kept = 0;
    for (position, lost) in transcripts.iter().enumerate().filter(|(_, transcript)| is_lost(transcript)) {
        let later = &transcripts[position + 1..];
        for (key, what) in [("world", "environment"), ("lineage", "carry_over")] {
            if let Some(next) = later.iter().find(|next| next[key] == lost[key]) {
                assert_eq!(next.get(what), lost.get(what), "{lost} {next}");
                kept += 1;
            }
        }
    }
    kept
}

#[test]
fn a_worker_that_tells_nonsense_costs_its_episodes_and_the_run_goes_on() {
    let ready = [WorkerReply::Confined(Confined::default()), WorkerReply::Ready];
    for (more, lost) in [
        (vec![9, 0, 0, 0, 1], "the worker was lost"),
        (vec![0xff; 8], "the worker gave an answer that is none"),
        (vec![1, 0, 0, 0, 99], "the worker gave an answer that is none"),
        (frames(&[WorkerReply::Ready]), "the worker gave an answer that is none"),
        (frames(&[WorkerReply::Stopped]), "the worker gave an answer that is none"),
        (frames(&[WorkerReply::Failed("tired".into())]), "the worker failed: tired"),
    ] {
        let place = tempfile::tempdir().unwrap();
        let mut said = frames(&ready);
        said.extend(&more);
        let program = impostor(place.path(), &said);
        if lost == "the worker was lost" {
            // A worker that leaves in the middle of a frame, and had begun an episode.
            let begun = "printf '\\001\\000\\000\\000\\000\\000\\000\\000' > begun; exec /bin/sleep 0.05";
            let script = common::read(&program).replace("exec /bin/cat >/dev/null", begun);
            std::fs::write(&program, script).unwrap();
        }
        let transcripts = run_apart(&program, "strict").unwrap();
        assert_eq!(transcripts.len(), 2);
        for transcript in transcripts {
            assert_eq!(transcript["end"], "aborted");
            let told = transcript["lost"].as_str().unwrap();
            let by_itself = lost == "the worker was lost" && told == "the worker exited with status 0";
            assert!(told == lost || by_itself, "{told}");
        }
    }
}

#[test]
fn of_what_a_worker_says_in_words_no_more_is_kept_than_people_read() {
    let words = "\u{1}".repeat(2_000_000);
    let said = frames(&[WorkerReply::Confined(Confined::default()), WorkerReply::Ready, WorkerReply::Failed(words)]);
    let place = tempfile::tempdir().unwrap();
    let failed = run_apart(&impostor(place.path(), &said), "strict").unwrap();
    assert_eq!(failed.len(), 2);
    for transcript in failed {
        let lost = transcript["lost"].as_str().unwrap();
        // A byte that is no character is written in five.
        assert!(lost.starts_with("the worker failed: \\u{1}\\u{1}") && lost.chars().count() < 5100, "{lost}");
    }
}

#[test]
fn a_worker_whose_disk_fails_costs_its_open_episode_and_the_run_goes_on() {
    let place = tempfile::tempdir().unwrap();
    let limits = "fuel = 1_000_000_000_000\nwall = \"60s\"";
    let policy = granting(limits, "[grants.workspace]\nmode = \"grant\"\n");
    // The agent writes for the first time a while after it has begun. By then the folder of the
    // first worker is gone.
    let body = "(call $spin (i32.const 150000000)) (call $workspace.write \"kept\" \"something\" (global.get $answer))";
    let writer = common::Run { episodes: 2, ..common::Run::of(&agent(body), &policy, "button") };
    let transcripts = writer.apart(&doomed(place.path(), "/bin/rm -r \"$2\"")).unwrap();
    let [first, second] = transcripts.as_slice() else { panic!("{transcripts:?}") };
    assert_eq!(
        (&first["end"], &first["lost"]),
        (&"aborted".into(), &"the worker failed: the workspace could not be used".into())
    );
    assert_eq!((&second["end"], second.get("lost")), (&"returned".into(), None));
}
