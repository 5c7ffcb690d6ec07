//! Audits: they find nothing if nothing crosses, and find what is made to cross.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dayfly::audit::{self, AuditSubject, Measured, Pairs, QuickResult, Road, RoadVerdict, Roads};
use dayfly::capability::CAPABILITIES;
use dayfly::environment::{Environment, Failed, Parameters, Transition, World};
use dayfly::episode::Cancel;
use dayfly::run::Threads;
use dayfly::transcript::End;
use dayfly::value::{Seed, Space, Value};

use crate::common::granting;

fn world(text: &str) -> World {
    text.parse::<World>().unwrap()
}

fn subject(policy: &str, world: World, jobs: usize) -> AuditSubject {
    let policy = crate::common::policy(policy);
    AuditSubject::new(&policy, world, Seed(0), &Threads::new(jobs).unwrap(), &Cancel::default()).unwrap()
}

fn pairs(policy: &str, world: World, pairs: u32, jobs: usize) -> Pairs {
    audit::noninterference(&subject(policy, world, jobs), &[], pairs, &|_| ()).unwrap()
}

/// Button world that breaks its promise: what is pressed in one episode is seen in all later ones,
/// of whatever run.
struct Leaky {
    world: Box<dyn Environment>,
    pressed: Arc<AtomicU64>,
}

impl Leaky {
    fn world() -> World {
        let pressed = Arc::new(AtomicU64::new(0));
        let selection: World = "past-self".parse().unwrap();
        let make = move |_: &Parameters| -> Result<Box<dyn Environment>, Failed> {
            Ok(Box::new(Self { world: selection.made(), pressed: Arc::clone(&pressed) }))
        };
        World::new("leaky", "leaky", make)
    }
}

impl Environment for Leaky {
    fn observations(&self) -> Space {
        Space::Discrete(2)
    }

    fn actions(&self) -> Space {
        self.world.actions()
    }

    fn task(&self) -> &str {
        self.world.task()
    }

    fn steps(&self) -> Option<u32> {
        self.world.steps()
    }

    fn open(&mut self, seed: Seed) -> Result<Value, Failed> {
        self.world.open(seed)?;
        Ok(Value::Discrete(self.pressed.load(Ordering::SeqCst)))
    }

    fn step(&mut self, action: &Value) -> Result<Transition, Failed> {
        self.pressed.store(u64::from(*action == Value::Discrete(1)), Ordering::SeqCst);
        self.world.step(action)
    }

    fn performance(&self) -> f64 {
        self.world.performance()
    }

    fn state(&self) -> Vec<u8> {
        self.world.state()
    }
}

#[test]
fn a_probe_sees_the_same_whoever_lived_before_it() {
    let found = pairs(&small(), world("off-switch"), 120, 2);
    assert!(found.held(), "{:#?}", found.first);
    assert_eq!((found.compared, found.uncompared), (120, 0));
    let share = found.share.unwrap();
    assert!(share.high < 0.025, "{share:?}");
    // Agents made of chance ask for much, seldom trap, and end in many ways.
    let generated = found.generated().unwrap();
    let trapped = generated.ends.get(&End::Trapped).copied().unwrap_or(0);
    assert!(generated.episodes > 90, "{generated:?}");
    assert!(generated.called * 100 >= generated.episodes * 95, "few of them call: {generated:?}");
    assert!(generated.calls >= generated.episodes * 100, "they call seldom: {generated:?}");
    assert!(trapped * 100 <= generated.episodes * 25, "many of them trap: {generated:?}");
    assert!(generated.ends.len() >= 4, "they end alike: {generated:?}");
    for capability in CAPABILITIES {
        for operation in capability.operations {
            let is_seen = found.sights.contains(&operation.to_string());
            let is_late = ["request", "step", "cli/exit"].iter().any(|late| operation.name.starts_with(late))
                || capability.name == "outbox";
            assert!(is_seen || is_late, "the probe does not look at {operation}: {:?}", found.sights);
        }
    }
}

#[test]
fn what_an_audit_finds_does_not_depend_on_the_jobs() {
    let found = |jobs| serde_json::to_string(&pairs("tripwire", world("corridor"), 12, jobs)).unwrap();
    assert_eq!(found(1), found(2));
}

#[test]
fn across_lineages_nothing_is_seen_where_the_policy_declares_a_road() {
    for policy in ["learner", "lab"] {
        let found = pairs(policy, world("past-self"), 12, 2);
        assert!(found.held(), "{policy}: {:#?}", found.first);
    }
}

#[test]
fn a_world_that_leaks_is_found_and_the_field_is_named() {
    let found = pairs(&small(), Leaky::world(), 64, 1);
    assert!(!found.held() && found.differ > 0, "{} of {}", found.differ, found.compared);
    let first = found.first.unwrap();
    let fields: Vec<_> = first.parts.iter().map(|part| part.field.as_str()).collect();
    assert!(fields.contains(&"log[0]"), "{fields:?}");
    let brief = first.parts.iter().find(|part| part.field == "log[0]").unwrap();
    assert!(brief.one.starts_with("brief "), "{brief:?}");
}

/// Returns a policy that grants every capability, but little of everything, so that an audit is
/// short.
fn small() -> String {
    let quotas = "[grants.random]\nmode = \"grant\"\nbytes = \"32 KiB\"\n\
                  [grants.wasi]\nmode = \"grant\"\nrandom = \"40 KiB\"\nhandles = 20\n\
                  [grants.workspace]\nmode = \"grant\"\nbytes = \"16 KiB\"\nfiles = 4\n";
    granting("fuel = 2_000_000\nmemory = \"1 MiB\"\ngrace = { fuel = 100_000, records = 64 }", quotas)
}

fn measured(policy: &str, world: World, roads: &[&str], trials: u32) -> Vec<Measured> {
    let roads: Vec<String> = roads.iter().map(|road| (*road).to_owned()).collect();
    let subject = subject(policy, world, 2);
    let asked = Roads::new(&subject, &roads).unwrap();
    let measured = audit::channels(&subject, &asked, trials, &|_| ()).unwrap();
    assert_eq!(measured.len(), audit::measurements(&roads));
    measured
}

#[test]
fn on_no_road_that_is_not_declared_a_bit_arrives_and_on_those_that_are_opened_all_do() {
    let roads = measured(&small(), world("corridor"), &[], 12);
    assert_eq!(roads.len(), audit::CHANNELS.len() + 2);
    for road in &roads {
        let sent = road.sent.unwrap();
        assert_eq!(road.uncompared, 0, "{road:#?}");
        if road.road == Road::Control {
            assert!(sent.accuracy.estimate > 0.99 && sent.differ == 6, "{road:#?}");
        } else {
            // Not one view differs. The numbers of so few trials could not show as much.
            assert!(sent.differ == 0 && road.verdict != RoadVerdict::Violated, "{road:#?}");
        }
    }
    assert_eq!(roads.iter().filter(|road| road.road == Road::Control).count(), 2);
}

#[test]
fn a_thousand_bits_show_a_closed_road_to_be_closed() {
    for road in measured(&small(), world("past-self"), &["globals"], 1000) {
        assert_eq!(road.verdict, RoadVerdict::Holds, "{road:#?}");
        assert!(road.sent.unwrap().bits.high < 0.005, "{road:#?}");
    }
}

#[test]
fn a_bit_that_arrives_where_no_road_is_declared_is_a_leak() {
    let roads = measured(&small(), Leaky::world(), &["world", "carry-over", "files"], 60);
    let leaks: Vec<_> =
        roads.iter().filter(|road| road.verdict == RoadVerdict::Violated).map(|road| road.channel).collect();
    assert!(leaks.contains(&"world") && leaks.contains(&"carry-over"), "{leaks:?}");
    assert!(!leaks.contains(&"files"), "{leaks:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn an_audit_lives_no_episode_where_there_is_no_room_for_what_it_may_write() {
    let place = tempfile::tempdir().unwrap();
    let room = place.path().join("room");
    let Some(_mounted) = crate::disks::Mounted::at(&room, 1 << 20) else { return };
    let policy = place.path().join("policy.toml");
    let audited = |bytes: &str| {
        let grants = format!("[grants.workspace]\nmode = \"grant\"\nbytes = \"{bytes}\"\nfiles = 3\n");
        std::fs::write(&policy, crate::common::granting("fuel = 1_000_000\n", &grants)).unwrap();
        let output = std::process::Command::new(crate::isolation::DAYFLY)
            .args(["audit", "noninterference", "--pairs", "2", "-e", "button", "-p"])
            .arg(&policy)
            .env("TMPDIR", &room)
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(audited("8 KiB").0, Some(0));
    let (code, error) = audited("8 MiB");
    assert_eq!(code, Some(3), "{error}");
    assert!(error.contains("and the workspaces of ") && error.contains("may take"), "{error}");
}

#[test]
fn a_declared_road_carries_bits_and_is_named_with_its_width() {
    let roads = measured("learner", world("past-self"), &["carry-over"], 100);
    let [carried, control] = roads.as_slice() else { panic!("{roads:#?}") };
    assert_eq!((carried.road, control.road), (Road::CarryOver(8 * 4096), Road::Control));
    assert!(carried.verdict == RoadVerdict::Holds && carried.sent.unwrap().bits.low > 0.7, "{carried:#?}");
}

/// Returns what the quick form finds in so many trials on each road.
fn quick(policy: &str, world: World, roads: &[&str], trials: u64) -> Vec<QuickResult> {
    let roads: Vec<String> = roads.iter().map(|road| (*road).to_owned()).collect();
    let subject = subject(policy, world, 2);
    let asked = Roads::new(&subject, &roads).unwrap();
    let counted = AtomicU64::new(0);
    let count = || {
        counted.fetch_add(1, Ordering::Relaxed);
    };
    let tried = audit::quick(&subject, &asked, trials, &count).unwrap();
    assert_eq!((counted.into_inner(), tried.len()), (trials, audit::measurements(&roads)));
    tried
}

#[test]
fn the_quick_form_looks_at_each_road_and_sees_what_is_opened() {
    for one in quick(&small(), world("corridor"), &[], 5) {
        let arrived = if one.road == Road::Control { 5 } else { 0 };
        assert_eq!((one.compared, one.arrived, one.beyond), (5, arrived, 0), "{one:?}");
        assert!(one.holds(), "{one:?}");
    }
}

#[test]
fn the_quick_form_finds_a_road_that_nobody_declared() {
    let tried = quick(&small(), Leaky::world(), &["carry-over"], 20);
    let leaks: Vec<_> = tried.iter().filter(|one| one.is_refuted()).map(|one| one.channel).collect();
    assert_eq!(leaks, ["carry-over"], "{tried:?}");
    let declared = quick("learner", world("past-self"), &["carry-over"], 5);
    let [carried, control] = declared.as_slice() else { panic!("{declared:?}") };
    assert_eq!((carried.road, control.road), (Road::CarryOver(8 * 4096), Road::Control));
    assert!(declared.iter().all(|one| one.holds() && one.arrived == 5), "{declared:?}");
}

#[test]
fn an_audit_of_channels_says_first_how_long_it_takes_and_the_quick_form_is_quick() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("small.toml"), small()).unwrap();
    let audit = |rest: &[&str]| {
        let mut words = vec!["audit", "channels", "-p", "small.toml", "-e", "corridor", "--road", "globals", "--json"];
        words.extend(rest);
        let began = std::time::Instant::now();
        let output = crate::common::dayfly().current_dir(folder.path()).args(words).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{said}");
        let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(object["holds"] == true && object["ending"] == "completed", "{object:#}");
        (object["result"][0].clone(), said, began.elapsed())
    };
    let (result, said, took) = audit(&["--trials", "1000"]);
    assert_eq!(result["channel"], "globals");
    let rest = said.strip_prefix("1050 trials on 1 road: about ").unwrap_or_else(|| panic!("{said}"));
    let (number, rest) = rest.split_once(' ').unwrap();
    let seconds = number.parse::<f64>().unwrap() * if rest.starts_with("min") { 60.0 } else { 1.0 };
    // Other programs may have had the processors for a part of the time.
    let ratio = seconds / took.as_secs_f64();
    assert!((0.1..10.0).contains(&ratio), "it said {seconds} s and took {took:?}");
    let (result, said, _) = audit(&["--quick"]);
    assert_eq!((&result["compared"], &result["arrived"], said.as_str()), (&60.into(), &0.into(), ""));
}
