//! Episodes that the wall clock ended: they say so, and nothing of them reaches the next one.

use serde_json::Value;

use crate::common::{Run, granting};
use crate::guest::{ACT, agent, learner};

/// Returns a loop without an end, after one step.
fn spinning() -> String {
    format!("{ACT} (loop $again (br $again))")
}

/// World in which each step goes on to another state, and an episode begins where the one before
/// was cut off.
const LINE: &str = r#"
name = "line"
task = "Go on."
start = "a"
actions = ["on"]
persist = true
[states.a]
on = { to = "b" }
[states.b]
on = { to = "c" }
[states.c]
on = { to = "a" }
"#;

/// Returns a policy under which only the wall clock ends that loop.
fn hurried(rest: &str) -> String {
    granting("fuel = 1_000_000_000_000_000\nwall = \"100ms\"\n", rest)
}

fn is_reproducible(transcript: &Value) -> bool {
    transcript.get("reproducible").is_none()
}

#[test]
fn an_episode_that_the_wall_clock_ended_teaches_nothing_and_says_that_it_is_not_reproducible() {
    let policy = hurried("[boundary]\ncarry = \"16 B\"\nlearn-fuel = 100_000\n");
    let module = learner(&spinning(), "(call $list (i32.const 8))");
    let ran = Run { episodes: 2, ..Run::of(&module, &policy, "off-switch") }.go();
    for transcript in &ran.transcripts {
        assert_eq!((&transcript["end"], &transcript["reproducible"]), (&"wall".into(), &false.into()));
        let learned = &transcript["learned"];
        assert_eq!((&learned["outcome"], &learned["fuel"]), (&"withheld".into(), &0.into()));
        // A carry-over from the episode before would stand here.
        assert!(transcript.get("carry_over").is_none(), "{transcript}");
    }
    assert_eq!(ran.summary.irreproducible, 2);
}

#[test]
fn a_lesson_that_the_wall_clock_cut_is_told_from_one_without_fuel() {
    let learning = |fuel: &str| {
        let policy = hurried(&format!("[boundary]\ncarry = \"16 B\"\nlearn-fuel = {fuel}\n"));
        Run::of(&learner(ACT, "(loop (br 0)) unreachable"), &policy, "button").go().only().clone()
    };
    let (cut, spent) = (learning("1_000_000_000_000_000"), learning("10_000"));
    assert_eq!((&cut["learned"]["outcome"], is_reproducible(&cut)), (&"overtime".into(), false));
    assert_eq!((&spent["learned"]["outcome"], is_reproducible(&spent)), (&"exhausted".into(), true));
}

#[test]
fn a_world_that_persists_is_what_it_was_before_an_episode_that_the_wall_clock_ended() {
    let world = |body: &str| {
        let policy = hurried("[boundary]\nenvironment = \"persist\"\n");
        let run = Run { episodes: 3, ..Run::of(&agent(body), &policy, LINE) };
        let worlds =
            |transcripts: &[Value]| transcripts.iter().map(|one| one["environment"].clone()).collect::<Vec<_>>();
        let here = worlds(&run.go().transcripts);
        let apart = run.apart(std::path::Path::new(env!("CARGO_BIN_EXE_dayfly"))).unwrap();
        assert_eq!(worlds(&apart), here, "with and without workers");
        here
    };
    let lived = world(ACT);
    assert_ne!(lived[0], lived[1], "a step shows in the world");
    let cut = world(&spinning());
    assert_eq!((&cut[1], &cut[2]), (&cut[0], &cut[0]));
}

#[test]
fn an_agent_that_is_stopped_by_the_clock_in_its_grace_is_not_reproducible_either() {
    let policy = granting(
        "steps = 1\nfuel = 1_000_000_000_000_000\ngrace = { fuel = 1_000_000_000_000_000 }\nwall = \"100ms\"\n",
        "",
    );
    let transcript = Run::of(&agent(&spinning()), &policy, "off-switch").go().only().clone();
    assert_eq!((&transcript["end"], &transcript["closing"]), (&"steps".into(), &"stopped".into()));
    assert!(!is_reproducible(&transcript));
}

#[test]
fn an_episode_that_no_clock_had_a_part_in_says_nothing_of_it() {
    for policy in ["strict", "boxed"] {
        let ran = Run { episodes: 5, ..Run::of("random", policy, "off-switch") }.go();
        assert!(ran.transcripts.iter().all(is_reproducible));
        assert_eq!(ran.summary.irreproducible, 0);
    }
}
