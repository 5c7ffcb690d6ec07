//! Lies and their outcomes: one at every place of what a worker says, and those that chance makes.
//!
//! [`places`] has every place of the conversation in one table, and [`list`] the lies that are told
//! of an episode.
//!
//! 1. A lie costs the episode that it is told of, or is believed within what the policy allows. It
//!    changes no other episode.
//! 2. A run in which lies are told comes to its end, and its record is whole.
//! 3. The memory of the supervisor that a lie takes is bounded by the policy, and not by the lie.

pub(crate) mod begun;
pub(crate) mod list;
mod places;
pub(crate) mod starts;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use dayfly::environment::Environment;
use dayfly::episode::{Cancel, Setting, Ticket};
use dayfly::ledger::{self, Verification};
use dayfly::run::{Ending, Plan, Threads, Unwatched};
use dayfly::value::{Digest, Seed};
use dayfly::worker::{Confined, Patience, WorkerReply};
use serde_json::Value;

use crate::common::{self, Run, granting};
use crate::guest::agent;
use crate::isolation::{frames, impostor, is_lost, lines};
use crate::liar::liar;
use list::{LIES, Outcome};

/// Returns an agent whose report has something in most places.
fn busy() -> String {
    agent(
        "(call $outbox.send \"you\" \"hello\" (global.get $answer)) (call $workspace.write \"kept\" \"something\" (global.get $answer)) \
         (call $log.write \"a line\" (global.get $answer)) (call $act) (call $act)
         (if (i32.const 0) (then (call $agenda.remind (i32.const 9) \"\" (global.get $answer))
           (call $tools.call \"wait\" \"1\" (global.get $answer))))",
    )
}

/// Returns the lines of a run in workers of `program`, whose record is whole.
fn ran(run: &Run, program: &Path, place: &Path, patience: Duration) -> Vec<Value> {
    let folder = place.join("run");
    let open =
        run.on_workers(program, Patience { answer: patience, ..Patience::default() }, &Cancel::default()).unwrap();
    let outcome = open.record_in(&folder).unwrap().carry_out(&mut Unwatched).unwrap();
    assert!(matches!(outcome.ending, Ending::Completed));
    assert_eq!(outcome.summary.episodes, run.episodes);
    assert!(matches!(ledger::verify(&folder, None), Ok(Verification::Whole { .. })));
    let lines = lines(&folder);
    assert!(!lines.iter().any(|line| line.chars().any(char::is_control)));
    lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Checks the outcome of each lie of a list, beside the transcripts of `honest`.
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

/// Returns what all episodes of a run share, on a thread of its own.
pub(crate) fn setting(plan: &Plan) -> Setting {
    let (run, policy) = (Digest::of(b"run"), Arc::clone(&plan.policy));
    let setting = Setting::new(plan.agent.clone(), policy, None, run, Cancel::default()).unwrap();
    setting.compiled(|agent| Threads::new(1).unwrap().agent(agent, &plan.policy)).unwrap()
}

/// Returns an episode in a world.
pub(crate) fn ticket(environment: Box<dyn Environment>) -> Ticket {
    Ticket {
        episode: 0,
        lineage: 0,
        world: 0,
        seed: Seed(3),
        lineage_seed: Seed(4),
        generation: 0,
        carry_over_of: None,
        environment,
        carry_over: Arc::from([]),
        carry_overs: Vec::new(),
    }
}

#[test]
fn a_lie_costs_its_own_episode_wherever_it_is_told() {
    for kind in ["fields", "frames", "turns"] {
        let run = Run { episodes: count(kind), ..Run::of(&busy(), &granting("wall = \"60s\"", ""), "off-switch") };
        let found = lied(kind, &run);
        come_to(kind, &found, &run.go().transcripts);
        if kind == "fields" {
            // No step was taken, so nothing was paid, whatever the worker says.
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

/// Returns a run of two roles, of which each leaves something in most places, and `odd` is not granted the log.
fn pair(episodes: u64) -> Run {
    let odd = "[roles.odd]\nfuel = 80_000\n[roles.odd.grants.episode]\nmode = \"grant\"\n[roles.odd.grants.outbox]\nmode = \"grant\"\n\
               [roles.odd.grants.workspace]\nmode = \"grant\"\n";
    let others = dayfly::capability::CAPABILITIES.iter().map(|capability| capability.name);
    let others = others.filter(|name| !matches!(*name, "episode" | "outbox" | "workspace"));
    let denied: Vec<_> = others.map(|name| format!("[roles.odd.grants.{name}]\nmode = \"deny\"\n")).collect();
    let denied = denied.concat();
    let policy = granting("wall = \"60s\"", &format!("{odd}{denied}"));
    let roles = vec![("even", busy()), ("odd", busy())];
    Run { roles, episodes, ..Run::of(&busy(), &policy, "matching-pennies:rounds=2") }
}

#[test]
fn a_lie_about_a_role_costs_its_own_episode_wherever_it_is_told() {
    let run = pair(count("roles"));
    come_to("roles", &lied("roles", &run), &run.go().transcripts);
    let roles = vec![("even", agent("")), ("odd", busy())];
    let run = Run { roles, ..pair(count("absent")) };
    come_to("absent", &lied("absent", &run), &run.go().transcripts);
}

#[test]
fn a_worker_that_says_nothing_costs_the_episode_that_it_was_asked_for_and_a_slow_one_none() {
    let run = Run { episodes: count("slow"), ..Run::of(&busy(), &granting("wall = \"400ms\"", ""), "off-switch") };
    let place = tempfile::tempdir().unwrap();
    let found = ran(&run, &liar(place.path(), "slow"), place.path(), Duration::from_secs(1));
    come_to("slow", &found, &run.go().transcripts);
}

/// Runs `episodes` episodes with lies that chance makes, from a seed.
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
    let program = impostor(place.path(), &frames(&[WorkerReply::Confined(confined), WorkerReply::Ready]));
    let run = Run::of("random", "strict", "button");
    let run = run.on_workers(&program, Patience::default(), &Cancel::default()).unwrap();
    let workers = run.workers().unwrap();
    let words = || workers.confined().in_force().chain(workers.confined().missing());
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

/// Returns the peak of this process's memory, in KiB.
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

#[test]
fn a_lie_about_what_was_begun_costs_one_of_its_own_episodes_at_the_most() {
    begun::are_told();
}

#[test]
fn a_lie_of_a_worker_that_takes_up_its_work_costs_no_episode_and_is_named_where_all_tell_it() {
    starts::are_told();
}

#[test]
fn a_lie_about_the_code_of_an_agent_reaches_nobody_but_its_own_workers_and_costs_no_episode() {
    starts::are_told_of_code();
}

#[test]
fn there_is_a_lie_at_every_place_of_the_conversation() {
    places::are_all_lied_at();
}

#[test]
fn what_is_told_has_the_fields_that_the_liar_knows() {
    places::are_those_that_there_are();
}
