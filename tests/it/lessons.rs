//! What roles learn: each for itself, from what it was shown, for the same role of the next episode.

use dayfly::episode::Cancel;
use dayfly::ledger::{self, Manifest, Reason, Sealed, SealedManifest, Verification, Writer};
use dayfly::run::{self, Unwatched, Workers};
use dayfly::transcript::{Role, Transcript};
use dayfly::value::Digest;
use dayfly::worker::Patience;
use serde_json::Value;

use crate::common::{DAYFLY, Run, granting, read};
use crate::guest::{ACT, REFUSED, learner, operations};
use crate::mediation::ENDS;

const WORLD: &str = "matching-pennies";

fn carrying(episode: &str, rest: &str) -> String {
    granting(episode, &format!("[boundary]\ncarry = \"16 B\"\nlearn-fuel = 1_000_000\n{rest}"))
}

/// Returns the body of a `learn` that hands on so many bytes.
fn list(bytes: u32) -> String {
    format!("(call $list (i32.const {bytes}))")
}

/// Returns a run of two roles, of so many episodes.
fn pair(even: &str, odd: &str, policy: &str, world: &str, episodes: u64) -> Run {
    let roles = vec![("even", even.to_owned()), ("odd", odd.to_owned())];
    Run { roles, episodes, ..Run::of(even, policy, world) }
}

/// Runs the episodes here, and in workers, which record the same. Returns the transcripts.
fn both(run: &Run) -> Vec<Value> {
    let here = run.go().transcripts;
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("run");
    let open = run.on_workers(DAYFLY.as_ref(), Patience::default(), &Cancel::default()).unwrap();
    open.record_in(&folder).unwrap().carry_out(&mut Unwatched).unwrap();
    assert!(matches!(ledger::verify(&folder, None), Ok(Verification::Whole { .. })));
    let there: Vec<Value> =
        read(&folder.join("transcripts.jsonl")).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(here.len(), there.len());
    for (here, there) in here.iter().zip(&there) {
        assert!(here == there || here.get("reproducible").is_some(), "here, and in a worker:\n{here}\n{there}");
    }
    here
}

fn role<'t>(transcript: &'t Value, name: &str) -> &'t Value {
    transcript["roles"].as_array().unwrap().iter().find(|one| one["role"] == name).unwrap()
}

#[test]
fn each_role_learns_after_every_end_and_hands_it_to_itself() {
    let faults = [("returned", "", "", "", "", 0), ("trapped", "unreachable", "", "", "", 0)];
    for (end, reach, episode, rest, _, _) in ENDS.iter().chain(&faults) {
        let world = if *end == "terminated" { "matching-pennies:rounds=1" } else { WORLD };
        for reacher in ["even", "odd"] {
            if *end == "terminated" && reacher == "even" {
                continue;
            }
            let steps = if reacher == "even" { "steps = 3" } else { "steps = 2" };
            let episode = if *end == "steps" { steps } else { episode };
            let [even, odd] = if reacher == "even" {
                [format!("{ACT} {reach}"), ACT.to_owned()]
            } else {
                [ACT.to_owned(), (*reach).to_owned()]
            };
            let agents = [learner(&even, &list(3)), learner(&odd, &list(5))];
            let run = pair(&agents[0], &agents[1], &carrying(episode, rest), world, 2);
            let what = format!("{end}, which {reacher} reached");
            let transcripts = both(&run);
            let [first, next] = transcripts.as_slice() else { panic!("{what}: {} episodes", transcripts.len()) };
            assert_eq!(first["end"], *end, "{what}");
            for (name, bytes) in [("even", 3), ("odd", 5)] {
                let learned = &role(first, name)["learned"];
                let given = next["carry_overs"].get(name);
                if *end == "wall" {
                    assert_eq!((&learned["outcome"], given), (&"withheld".into(), None), "{what}");
                    continue;
                }
                assert_eq!((&learned["outcome"], &learned["bytes"]), (&"carried".into(), &bytes.into()), "{what}");
                assert_eq!(given, Some(&learned["carry_over"]), "{what}");
            }
            assert!(first.get("carry_overs").is_none() && next.get("carry_over").is_none(), "{what}");
        }
    }
}

/// Lessons of one role: what its `learn` does, what comes of it, and the class of violation.
fn lessons() -> Vec<(String, &'static str, Option<&'static str>)> {
    let asks: Vec<_> = operations().iter().map(|one| format!("{} {REFUSED} ", one.call())).collect();
    let asks = asks.concat();
    vec![
        (list(16), "carried", None),
        (list(17), "refused", Some("carry-undeclared")),
        ("unreachable".to_owned(), "trapped", None),
        (format!("(loop $more (br $more)) {}", list(1)), "exhausted", None),
        (format!("{asks} {}", list(1)), "carried", Some("ungranted")),
    ]
}

#[test]
fn what_comes_of_a_lesson_is_that_roles_own_and_leaves_the_other_as_it_was() {
    let acts = ACT.repeat(3);
    let policy = carrying("", "");
    let quiet = |name: &str, module: &str| {
        let [even, odd] = if name == "even" {
            [module.to_owned(), "policy-gradient".to_owned()]
        } else {
            ["policy-gradient".to_owned(), module.to_owned()]
        };
        // The numbers that a role draws follow from the agents of all roles.
        let mut run = pair(&even, &odd, &policy.replace("16 B", "64 B"), "matching-pennies:shown=0", 4);
        run.draws = Some("beside".to_owned());
        run
    };
    for name in ["even", "odd"] {
        let other = if name == "even" { "odd" } else { "even" };
        let mut seen: Vec<Vec<(Value, Value)>> = Vec::new();
        for (learn, outcome, class) in lessons() {
            let learn = learn.replace("(i32.const 17)", "(i32.const 65)");
            let transcripts = both(&quiet(name, &learner(&acts, &learn)));
            for transcript in &transcripts {
                let own = role(transcript, name);
                assert_eq!(own["learned"]["outcome"], outcome, "{name}: {transcript}");
                assert_eq!(own.get("violations").is_some(), class.is_some(), "{name}: {own}");
                if let Some(class) = class {
                    assert!(own["violations"][class].as_u64().unwrap() > 0, "{name}: {own}");
                }
                assert!(role(transcript, other).get("violations").is_none(), "{name}: {transcript}");
            }
            let carried = |one: &Value| one["carry_overs"].get(other).cloned().unwrap_or_default();
            seen.push(transcripts.iter().map(|one| (role(one, other).clone(), carried(one))).collect());
        }
        // It learned something, and nothing of what the other role made of its own.
        assert!(seen[0].iter().any(|(body, _)| body["learned"]["bytes"].as_u64().unwrap() > 0));
        assert!(seen.iter().all(|one| *one == seen[0]), "{other} learned otherwise");
    }
}

#[test]
fn a_role_that_was_absent_learns_nothing_and_keeps_what_it_had() {
    let agents = [learner("", &list(3)), learner("unreachable", "unreachable")];
    for transcript in both(&pair(&agents[0], &agents[1], &carrying("", ""), WORLD, 2)) {
        let absent = role(&transcript, "odd");
        assert_eq!((&absent["closing"], absent.get("learned")), (&"absent".into(), None));
        assert!(transcript["carry_overs"].get("odd").is_none());
    }
}

#[test]
fn the_record_of_what_roles_learn_is_the_same_for_any_number_of_jobs_and_lineages_stay_apart() {
    let policy = carrying("", "").replace("16 B", "64 B");
    let of = |jobs| Run { lineages: 3, jobs, ..pair("policy-gradient", "q-learning", &policy, WORLD, 12) };
    let (one, two) = (both(&of(1)), both(&of(2)));
    assert_eq!(one, two);
    for (episode, transcript) in one.iter().enumerate().skip(3) {
        for name in ["even", "odd"] {
            let before = &role(&one[episode - 3], name)["learned"]["carry_over"];
            assert_eq!(&transcript["carry_overs"][name], before, "episode {episode}, {name}");
        }
    }
}

#[test]
fn no_population_selects_among_roles_and_one_that_does_not_select_is_accepted() {
    let policy = carrying("", "[population]\nsize = 4\ninterval = 1\nshare = 0.5\n");
    let agents = [learner(ACT, &list(3)), learner(ACT, &list(3))];
    let run = |policy: &str, lineages| Run { lineages, ..pair(&agents[0], &agents[1], policy, WORLD, 8) };
    assert!(matches!(run(&policy, 4).attempt().map(|_| ()), Err(run::Error::RolesSelect)));
    let workers = Workers::new("/nowhere", 1);
    let refused = run::Run::on_workers(run(&policy, 4).plan(), workers, &Cancel::default());
    assert!(matches!(refused, Err(run::Error::RolesSelect)));
    run(&policy, 2).go();
    run(&policy.replace("share = 0.5", "share = 0.0"), 4).go();
    // Nobody learns, so nothing is selected.
    Run { lineages: 4, ..pair("random", "random", &policy, WORLD, 8) }.go();
}

/// Change of the transcript of one episode.
type Forgery = fn(&mut Transcript);

#[test]
fn a_carry_over_of_a_role_that_is_not_what_its_lineage_left_is_found_though_it_is_sealed_again() {
    let agents = [learner(ACT, &list(3)), learner(ACT, &list(5))];
    let run = Run { lineages: 2, ..pair(&agents[0], &agents[1], &carrying("", ""), WORLD, 6) };
    let ran = run.go();
    let manifest: Manifest = serde_json::from_str(&read(&ran.folder.join("manifest.json"))).unwrap();
    let lines = read(&ran.folder.join("transcripts.jsonl"));
    let sealed_again = |forge: Forgery| {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("run");
        let mut writer = Writer::create(&folder, &SealedManifest::new(&manifest).unwrap()).unwrap();
        for (episode, line) in lines.lines().enumerate() {
            let mut transcript: Transcript = serde_json::from_str(line).unwrap();
            if episode == 3 {
                forge(&mut transcript);
            }
            writer.append(&Sealed::of(&transcript).unwrap()).unwrap();
        }
        writer.close(Reason::Completed).unwrap();
        format!("{:?}", ledger::verify(&folder, None).unwrap())
    };
    let even = || Role::new("even").unwrap();
    assert!(sealed_again(|_| ()).starts_with("Whole"), "{}", sealed_again(|_| ()));
    let forgeries: [(&str, Forgery); 6] = [
        ("given nothing", |one| {
            one.header.carry_overs.remove(&Role::new("even").unwrap());
        }),
        ("given something else", |one| {
            one.header.carry_overs.insert(Role::new("even").unwrap(), Digest::of(b"other"));
        }),
        ("given what the other role had", |one| {
            let odd = one.header.carry_overs[&Role::new("odd").unwrap()];
            one.header.carry_overs.insert(Role::new("even").unwrap(), odd);
        }),
        ("given to no role", |one| {
            one.header.carry_overs.insert(Role::new("nobody").unwrap(), Digest::of(b"other"));
        }),
        ("given to the episode", |one| one.header.carry_over = Some(Digest::of(b"other"))),
        ("handing on something else", |one| {
            one.body.roles[0].learned.as_mut().unwrap().carry_over = Digest::of(b"other");
        }),
    ];
    assert_eq!(manifest.roles[0].role, even());
    for (what, forge) in forgeries {
        let found = sealed_again(forge);
        let flaw = if what.starts_with("given to") { "Roles" } else { "CarryOver" };
        assert!(!found.starts_with("Whole") && found.contains(flaw), "{what}: {found}");
    }
}

#[test]
fn each_role_learns_from_its_own_steps_and_is_paid_with_the_last() {
    // The list of steps comes first, each with its reward at 40 of its 56 bytes. The carry-over comes last.
    let agent = |steps: usize, paid: i32, more: u32| {
        let last = "(i32.add (local.get 0) (i32.mul (i32.sub (local.get 1) (i32.const 1)) (i32.const 56)))";
        let step = "(call $step (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 1024))".repeat(steps);
        format!(
            r#"(module
              (import "dayfly:agent/episode@0.1.0" "step" (func $step (param i32 i64 i32 i32)))
              (memory (export "memory") 4)
              (global $free (mut i32) (i32.const 4096))
              (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
                (local.set $at (global.get $free))
                (global.set $free
                  (i32.and (i32.add (i32.add (local.get $at) (local.get 3)) (i32.const 7)) (i32.const -8)))
                (local.get $at))
              (func (export "run") {step})
              (func (export "dayfly:agent/learning@0.1.0#learn")
                (param i32 i32 i32 i32 i64 i32 i64 i32 i32 i32 i32 i32) (result i32)
                (if (f64.ne (f64.load offset=40 {last}) (f64.const {paid})) (then unreachable))
                (i32.store (i32.const 0) (i32.const 2048))
                (i32.store (i32.const 4)
                  (i32.add (local.get 11) (i32.add (local.get 1) (i32.const {more}))))
                (i32.const 0)))"#
        )
    };
    // The last one leaves at its second turn, and pays for the rounds that are left.
    for (odd, steps) in [(3, [3, 3]), (1, [2, 1])] {
        let agents = [agent(3, 3, 0), agent(odd, -3, 1)];
        let policy = carrying("", "[objective]\nreveal = [\"reward\"]\n");
        let transcripts = both(&pair(&agents[0], &agents[1], &policy, WORLD, 3));
        for (episode, transcript) in (1..).zip(&transcripts) {
            let learned = ["even", "odd"].map(|name| role(transcript, name)["learned"].clone());
            assert!(learned.iter().all(|one| one["outcome"] == "carried"), "{transcript}");
            let bytes = learned.map(|one| one["bytes"].as_u64().unwrap());
            assert_eq!(bytes, [episode * steps[0], episode * (steps[1] + 1)], "{transcript}");
        }
    }
}
