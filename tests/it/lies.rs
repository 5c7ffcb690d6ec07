//! What becomes of lies: of each, at every place of what a worker says, and of those that chance makes.
//!
//! 1. A lie costs the episode that it is told of, or is believed within what the policy allows; no other episode is another one for it.
//! 2. A run in which lies are told comes to its end, and its record is whole.
//! 3. What a lie takes of the supervisor's memory is bounded by the policy, not by what is said.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use dayfly::episode::Cancel;
use dayfly::harness::{self, Ending};
use dayfly::ledger::{self, Manifest, Verification, Writer};
use dayfly::worker::{Answer, Confined};
use serde_json::Value;

use crate::common::{self, Run, granting};
use crate::guest::agent;
use crate::isolation::{frames, impostor, is_lost, lines};
use crate::liar::{Deed, Lesson, Said, framed, liar, lived, said};

/// A lie, and what it comes to.
pub(crate) struct Lie {
    what: &'static str,
    pub(crate) deed: Deed,
    comes_to: Outcome,
}

/// What a lie comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// The episode is lost, with these words.
    Lost(&'static str),
    /// It is within what the policy allows.
    Believed,
    /// It is the truth.
    Same,
}

impl Lie {
    pub(crate) const fn is_lost(&self) -> bool {
        matches!(self.comes_to, Outcome::Lost(_))
    }
}

const fn told(what: &'static str, comes_to: Outcome, change: fn(&mut Said)) -> Lie {
    Lie { what, deed: Deed::Told(change), comes_to }
}

const fn frame(what: &'static str, change: fn(&[u8]) -> Vec<u8>) -> Lie {
    Lie { what, deed: Deed::Frame(change), comes_to: NONE }
}

const fn other(what: &'static str, deed: Deed, comes_to: Outcome) -> Lie {
    Lie { what, deed, comes_to }
}

const UNKNOWN: Outcome = Outcome::Lost("the worker told of something that there is not");
const BEYOND: Outcome = Outcome::Lost("the worker told of more than the policy allows");
const CONTRADICTION: Outcome = Outcome::Lost("what the worker told contradicts itself");
const NONE: Outcome = Outcome::Lost("the worker gave an answer that is none");
const LATE: Outcome = Outcome::Lost("the worker did not answer in time");

/// What is said, so that it is a frame.
fn answered(answer: &Answer) -> Vec<u8> {
    frames(std::slice::from_ref(answer))
}

/// The lies, by the name of their list.
pub(crate) const LIES: &[(&str, &[Lie])] =
    &[("fields", FIELDS), ("lessons", LESSONS), ("frames", FRAMES), ("slow", SLOW), ("memory", MEMORY)];

const FIELDS: &[Lie] = &[
    other("the truth", Deed::Truth, Outcome::Same),
    told("an end that no worker gives", UNKNOWN, |told| told.end = 9),
    told("an end that there is not", UNKNOWN, |told| told.end = 77),
    told("a terminal state", CONTRADICTION, |told| told.end = 0),
    told("the last step", CONTRADICTION, |told| told.end = 1),
    told("the wall clock, and that it could have cleaned up before", CONTRADICTION, |told| told.end = 3),
    told("the wall clock", Outcome::Believed, |told| {
        told.end = 3;
        told.notices = std::mem::take(&mut told.violations);
    }),
    told("that it could not have cleaned up", CONTRADICTION, |told| {
        told.notices = std::mem::take(&mut told.violations);
    }),
    told("a notice of a class that has none", CONTRADICTION, |told| told.notices = vec![(0, 1)]),
    told("a release", CONTRADICTION, |told| told.end = 4),
    told("a violation", CONTRADICTION, |told| told.end = 7),
    told("a cancellation", CONTRADICTION, |told| told.end = 8),
    told("a trap that says nothing", CONTRADICTION, |told| told.closing = 1),
    told("going on for too long", CONTRADICTION, |told| told.closing = 2),
    told("a cause of nothing", CONTRADICTION, |told| told.cause = Some("why".into())),
    told("a cause that clears the screen", UNKNOWN, |told| (told.closing, told.cause) = (1, Some("\u{1b}[2J".into()))),
    told("a long cause", BEYOND, |told| (told.closing, told.cause) = (1, Some("x".repeat(1 << 20)))),
    told("more fuel than there is", BEYOND, |told| told.fuel = u64::MAX),
    told("no calls", BEYOND, |told| told.calls = 0),
    told("more calls than fuel pays for", BEYOND, |told| told.calls = u64::MAX),
    told("a number of calls after the end that makes a sum wrap", BEYOND, |told| told.after_end = u64::MAX - 35),
    told("that all calls came after the end", CONTRADICTION, |told| told.after_end = told.calls),
    told("another digest", Outcome::Believed, |told| told.digest = [7; 32]),
    told("a class that there is not", UNKNOWN, |told| told.violations.push((99, 1))),
    told("more classes than there are", BEYOND, |told| told.violations = vec![(0, 0); 1 << 20]),
    told("no violation", CONTRADICTION, |told| told.violations.clear()),
    told("more violations than calls", CONTRADICTION, |told| told.violations.push((6, u64::MAX))),
    told("a tripwire that there is not", UNKNOWN, |told| told.tripwires = vec![(0xee, 1)]),
    told("a tripwire that the policy does not have", CONTRADICTION, |told| told.tripwires = vec![(0x11, u64::MAX); 2]),
    told("no entries", BEYOND, |told| told.entries.clear()),
    told("twenty thousand entries", BEYOND, |told| told.entries = vec![told.entries[0].clone(); 20_000]),
    told("entries in another order", BEYOND, |told| told.entries.reverse()),
    told("an entry of a call that was not", BEYOND, |told| told.entries[0].ordinal = u64::MAX),
    told("an entry of a step that was not", BEYOND, |told| told.entries[0].step = 9),
    told("an operation that there is not", UNKNOWN, |told| told.entries[0].operation = 0xee),
    told("an argument that clears the screen", UNKNOWN, |told| told.entries[0].argument = "\u{1b}[2J".into()),
    told("an argument of a megabyte", UNKNOWN, |told| told.entries[0].argument = "x".repeat(1 << 20)),
    told("another argument of a message", BEYOND, |told| told.entries[0].digest = [7; 32]),
    told("a message that was refused", BEYOND, |told| told.entries[0].decision = 1),
    told("a decision that there is not", UNKNOWN, |told| told.entries[0].decision = 200),
    told("an entry of a class that there is not", UNKNOWN, |told| told.entries[0].class = Some(99)),
    told("a rule that grants nothing", BEYOND, |told| told.entries[0].rule = "rules[0]".into()),
    told("a grant after the end", BEYOND, |told| told.entries[0].due = 1),
    told("that more was cut than was called", CONTRADICTION, |told| told.entries_cut = u64::MAX),
    told("more log than is granted", BEYOND, |told| told.log.push("x".repeat(20_000))),
    told("a million empty lines", BEYOND, |told| told.log = vec![String::new(); 1 << 20]),
    told("a line that clears the screen", Outcome::Believed, |told| told.log[0] = "\u{1b}[2J".into()),
    told("another message", BEYOND, |told| told.released[0].1 = b"world".to_vec()),
    told("one more message", BEYOND, |told| told.released.push(("me".into(), Vec::new()))),
    told("no message", BEYOND, |told| told.released.clear()),
    told("a hundred thousand messages", BEYOND, |told| told.released = vec![(String::new(), Vec::new()); 100_000]),
    told("something left outside", BEYOND, |told| told.residue[0].0 = "../passwd".into()),
    told("something left that clears the screen", BEYOND, |told| told.residue[0].0 = "\u{1b}[2J".into()),
    told("more left than there is room for", BEYOND, |told| told.residue[0].1 = u64::MAX),
    told("nothing left", CONTRADICTION, |told| told.residue.clear()),
    told("a lesson of who does not learn", UNKNOWN, |told| {
        told.learned = Some(Lesson { outcome: 0, bytes: 1, fuel: 0, next: Some(vec![1]) });
    }),
    told("actions that are none", UNKNOWN, |told| told.actions = vec![0xff; 5]),
    told("an action that the world does not have", BEYOND, |told| told.actions = vec![0, 200, 1]),
    told("an action of another kind", BEYOND, |told| told.actions = [&[1][..], &1_f64.to_le_bytes()].concat()),
    told("an action without an end", UNKNOWN, |told| {
        told.actions = [&[4, 0xff, 0xff, 3][..], &[b'x'; 65_535]].concat();
    }),
    told("more steps than there may be", BEYOND, |told| told.actions = vec![0; 202]),
    told("no action", Outcome::Believed, |told| told.actions.clear()),
    other("the truth, once more", Deed::Truth, Outcome::Same),
];

/// Where a carry-over and a world cross.
const LESSONS: &[Lie] = &[
    told("no lesson", UNKNOWN, |told| told.learned = None),
    told("more than is declared", BEYOND, |told| lesson(told, 65)),
    told("another length than it has", CONTRADICTION, |told| told.learned.as_mut().unwrap().bytes += 1),
    told("a trap with a carry-over", UNKNOWN, |told| told.learned.as_mut().unwrap().outcome = 2),
    told("more fuel than to learn with", BEYOND, |told| told.learned.as_mut().unwrap().fuel = u64::MAX),
    told("as much as is declared", Outcome::Believed, |told| lesson(told, 64)),
    told("another action", Outcome::Believed, |told| told.actions[1] ^= 1),
];

fn lesson(told: &mut Said, bytes: usize) {
    let lesson = told.learned.as_mut().unwrap();
    (lesson.bytes, lesson.next) = (bytes.try_into().unwrap(), Some(vec![1; bytes]));
}

const FRAMES: &[Lie] = &[
    frame("a frame without a message", |_| framed(&[])),
    frame("a frame as long as there can be", |_| vec![0xff; 8]),
    frame("a frame of a gigabyte", |_| [&(1_u32 << 30).to_le_bytes()[..], &[0; 64]].concat()),
    frame("a message and a byte", |frame| framed(&[&frame[4..], &[0]].concat())),
    frame("a message but a byte", |frame| framed(&frame[4..frame.len() - 1])),
    frame("a message that there is not", |_| framed(&[99])),
    frame("that it is ready, again", |_| answered(&Answer::Ready)),
    frame("that it was stopped", |_| answered(&Answer::Stopped)),
    frame("what confines it, again", |_| answered(&Answer::Confined(Confined::default()))),
    frame("a million parts that confine it", |_| {
        framed(&[&[0][..], &postcard::to_stdvec(&vec![(0_u8, ""); 100_000]).unwrap(), &[0]].concat())
    }),
    frame("that the component is no agent", |_| answered(&Answer::Unfit { why: "no".into(), help: String::new() })),
    other("a parcel of nothing", Deed::Frame(|_| lived(&[])), UNKNOWN),
    other(
        "a parcel and a byte",
        Deed::Frame(|frame| lived(&[postcard::to_stdvec(&said(frame)).unwrap(), vec![0]].concat())),
        UNKNOWN,
    ),
    other(
        "words that turn a terminal around",
        Deed::Frame(|_| answered(&Answer::Failed("tired\u{1b}[31m\u{9b}\u{202e}\u{2028}".into()))),
        Outcome::Lost("the worker failed: tired\\u{1b}[31m\\u{9b}\\u{202e}\\u{2028}"),
    ),
];

/// So few are given one at a time: what is begun is what is told of.
const SLOW: &[Lie] = &[
    other("nothing", Deed::Never, LATE),
    other("nothing, and it is gone", Deed::Gone, Outcome::Lost("the worker exited with status 7")),
    other("the truth, late", Deed::Late, Outcome::Same),
];

/// 64 MiB of empty texts, as a list of each kind, and as a parcel.
const MEMORY: &[Lie] = &[
    other("lines", Deed::Frame(|frame| long(frame, |told, count| told.log = vec![String::new(); count])), NONE),
    other(
        "messages",
        Deed::Frame(|frame| long(frame, |told, count| told.released = vec![(String::new(), Vec::new()); count / 2])),
        NONE,
    ),
    other(
        "parts",
        Deed::Frame(|_| framed(&[&[0][..], &postcard::to_stdvec(&vec![(0_u8, ""); 32 << 20]).unwrap(), &[0]].concat())),
        NONE,
    ),
    // As long as this policy lets a frame be.
    told("fewer lines", BEYOND, |told| told.log = vec![String::new(); 4 << 20]),
];

fn long(frame: &[u8], fill: fn(&mut Said, usize)) -> Vec<u8> {
    let mut told = said(frame);
    fill(&mut told, 64 << 20);
    lived(&postcard::to_stdvec(&told).unwrap())
}

/// An agent of which there is something to tell in most places.
fn busy() -> String {
    agent(
        "(call $outbox.send \"you\" \"hello\" (global.get $answer)) (call $workspace.write \"kept\" \"something\" (global.get $answer)) \
         (call $log.write \"a line\" (global.get $answer)) (call $act) (call $act)",
    )
}

/// The lines of a run in workers of `program`, whose record is whole.
fn ran(run: &Run, program: &Path, place: &Path, patience: Duration) -> Vec<Value> {
    let (plan, _) = run.plan();
    let manifest = Manifest::new(&plan.manifest()).unwrap();
    let cancel = Cancel::default();
    let crew = plan.crew(program, manifest.digest(), 1, &cancel).unwrap().patient(patience);
    let folder = place.join("run");
    let mut writer = Writer::create(&folder, &manifest).unwrap();
    let (summary, ending) = harness::run_apart(&plan, &crew, 1, &cancel, &mut writer, &|_| ()).unwrap();
    assert!(matches!(ending, Ending::Completed));
    assert_eq!(summary.episodes, run.episodes);
    writer.close(ending.reason()).unwrap();
    assert!(matches!(ledger::verify(&folder, None), Ok(Verification::Whole { .. })));
    let lines = lines(&folder);
    assert!(!lines.iter().any(|line| line.chars().any(char::is_control)));
    lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// That each lie of a list comes to what it has to, beside `honest`.
fn come_to(kind: &str, found: &[Value], honest: &[Value]) {
    let (_, lies) = LIES.iter().find(|(name, _)| *name == kind).unwrap();
    assert_eq!((found.len(), honest.len()), (lies.len(), lies.len()));
    let mut wrong = Vec::new();
    for ((lie, found), honest) in lies.iter().zip(found).zip(honest) {
        for key in ["episode", "lineage", "world", "seed", "run"] {
            assert_eq!(found[key], honest[key], "{}", lie.what);
        }
        let holds = match lie.comes_to {
            Outcome::Lost(why) => found["end"] == "aborted" && found["lost"] == why,
            Outcome::Believed => !is_lost(found) && found["end"] != "aborted",
            Outcome::Same => found == honest,
        };
        if !holds {
            wrong.push(format!("{}: not {:?}: {found}", lie.what, lie.comes_to));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn count(kind: &str) -> u64 {
    let (_, lies) = LIES.iter().find(|(name, _)| *name == kind).unwrap();
    lies.len().try_into().unwrap()
}

fn lied(kind: &str, run: &Run) -> Vec<Value> {
    let place = tempfile::tempdir().unwrap();
    ran(run, &liar(place.path(), kind), place.path(), Duration::from_secs(30))
}

#[test]
fn a_lie_costs_its_own_episode_wherever_it_is_told() {
    for kind in ["fields", "frames"] {
        let run = Run { episodes: count(kind), ..Run::of(&busy(), &granting("wall = \"60s\"", ""), "off-switch") };
        let found = lied(kind, &run);
        come_to(kind, &found, &run.go().transcripts);
        if kind == "fields" {
            // Nothing was done, so nothing was paid, whatever the worker may want to say.
            let none = &found[found.len() - 2];
            assert_eq!((&none["steps"], &none["return"], &none["performance"]), (&0.into(), &0.0.into(), &0.0.into()));
        }
    }
}

#[test]
fn a_lie_about_a_lesson_costs_its_own_episode_and_neither_world_nor_carry_over() {
    let policy = "[episode]\nsteps = 5\nfuel = 1_000_000\nwall = \"60s\"\n[boundary]\nenvironment = \"persist\"\ncarry = \"64 B\"\n\
                  [grants.episode]\nmode = \"grant\"\n[grants.random]\nmode = \"grant\"\n[grants.log]\nmode = \"grant\"\n";
    let run = Run { episodes: count("lessons"), ..Run::of("policy-gradient", policy, "past-self") };
    let found = lied("lessons", &run);
    come_to("lessons", &found, &run.go().transcripts);
    for pair in found.windows(2).filter(|pair| is_lost(&pair[0])) {
        assert_eq!(
            (&pair[0]["environment"], pair[0].get("carry_over")),
            (&pair[1]["environment"], pair[1].get("carry_over"))
        );
    }
}

#[test]
fn a_worker_that_says_nothing_costs_the_episode_that_it_was_asked_for_and_a_slow_one_none() {
    let run = Run { episodes: count("slow"), ..Run::of(&busy(), &granting("wall = \"400ms\"", ""), "off-switch") };
    let place = tempfile::tempdir().unwrap();
    let found = ran(&run, &liar(place.path(), "slow"), place.path(), Duration::from_secs(1));
    come_to("slow", &found, &run.go().transcripts);
}

/// Lies that chance makes of `episodes` episodes, from a seed.
fn by_chance(seed: u64, episodes: u64) {
    let run = Run { episodes, seed, ..Run::of(&busy(), &granting("wall = \"2s\"", ""), "off-switch") };
    let place = tempfile::tempdir().unwrap();
    let program = liar(place.path(), "chance");
    let script = common::read(&program).replace("LIAR='", &format!("LIAR_SEED='{seed}' LIAR='"));
    std::fs::write(&program, script).unwrap();
    let found = ran(&run, &program, place.path(), Duration::from_millis(500));
    for (found, honest) in found.iter().zip(&run.go().transcripts) {
        for key in ["episode", "lineage", "world", "seed", "run"] {
            assert_eq!(found[key], honest[key], "seed {seed}");
        }
        assert!(found["fuel"].as_u64().unwrap() <= 200_000 && found["steps"].as_u64().unwrap() <= 100, "seed {seed}");
    }
}

#[test]
fn whatever_chance_makes_of_an_answer_the_run_comes_to_its_end() {
    by_chance(1, 12);
}

#[test]
#[ignore = "takes minutes: run by `just storm`"]
fn a_storm_of_lies_ends_no_run() {
    for seed in 0..40 {
        by_chance(seed, 100);
    }
}

#[test]
fn what_a_worker_says_of_its_confinement_is_said_in_plain_characters() {
    let parts = || vec![(0, "\u{1b}[2J\u{9b}\u{202e}\u{2028}here".to_owned()), (1, "x".repeat(100_000))];
    let confined = Confined { in_force: parts(), missing: parts() };
    let place = tempfile::tempdir().unwrap();
    let program = impostor(place.path(), &frames(&[Answer::Confined(confined), Answer::Ready]));
    let run = Run::of("random", "strict", "button");
    let (plan, _) = run.plan();
    let manifest = Manifest::new(&plan.manifest()).unwrap();
    let crew = plan.crew(&program, manifest.digest(), 1, &Cancel::default()).unwrap();
    let words = || crew.confined().in_force().chain(crew.confined().missing());
    for (position, (_, said)) in words().enumerate() {
        assert!(said.chars().count() <= 1001, "{} characters", said.chars().count());
        let shown = "\\u{1b}[2J\\u{9b}\\u{202e}\\u{2028}here";
        assert!(position % 2 == 1 || said == shown, "{said:?}");
    }
    assert_eq!(words().count(), 4);
}

#[test]
#[ignore = "a program of its own, which another test starts"]
fn supervise() {
    let Ok(place) = std::env::var("LIAR_PLACE") else { return };
    let place = Path::new(&place);
    // Eight mebibytes of log make a frame of thirteen.
    let policy = granting("wall = \"60s\"", "[grants.log]\nmode = \"grant\"\nbytes = \"8 MiB\"\n");
    let run = Run { episodes: count("memory"), ..Run::of(&busy(), &policy, "off-switch") };
    let (honest, before) = (run.go().transcripts, peak());
    let found = ran(&run, &liar(place, "memory"), place, Duration::from_mins(2));
    std::fs::write(place.join("peak"), format!("{} {}", before, peak())).unwrap();
    come_to("memory", &found, &honest);
}

/// The most memory that this process ever had, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn what_a_lie_takes_of_the_supervisor_is_bounded_by_the_policy() {
    let place = tempfile::tempdir().unwrap();
    let own = std::env::current_exe().unwrap();
    let output = Command::new(own)
        .args(["--exact", "lies::supervise", "--ignored", "--test-threads", "1"])
        .env("LIAR_PLACE", place.path())
        .output()
        .unwrap();
    let peaks = std::fs::read_to_string(place.path().join("peak")).unwrap_or_else(|_| panic!("{output:?}"));
    assert!(output.status.success(), "{output:?}");
    let (before, after) = peaks.split_once(' ').unwrap();
    let more = after.parse::<u64>().unwrap() - before.parse::<u64>().unwrap();
    assert!(more < 96 << 10, "{more} KiB more than an honest run took");
}
