//! Host without memory: an episode that it cannot give what the policy grants is aborted. It is no
//! deed of the agent.

use std::process::Command;

use dayfly::episode::Cancel;
use dayfly::run::{Plan, Run, Threads};
use nix::sys::resource::{Resource, setrlimit};
use serde_json::Value;

use crate::common::{self, granting};
use crate::guest::{learner, with};

const AGENT: &str = "DAYFLY_TEST_STARVED";
/// Bytes that are left to the process beyond what it has: enough for the host, and not for 64 MiB.
const LEFT: u64 = 24 << 20;

/// Returns agents that take 64 MiB which the policy grants them: at once, while they run, and while
/// they learn.
fn agents() -> [(&'static str, String); 4] {
    let grow = "(if (i32.lt_s (memory.grow (i32.const 1000)) (i32.const 0)) (then unreachable))";
    [
        ("nothing", with(1, "", "")),
        ("at once", with(1000, "", "")),
        ("while it runs", with(1, "", grow)),
        ("while it learns", learner("", &format!("{grow} (call $list (i32.const 0))"))),
    ]
}

/// Returns the bytes that this process may write to and has for itself, as the limit on data counts
/// them.
fn data() -> u64 {
    let status = common::read(std::path::Path::new("/proc/self/status"));
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmData:")?.trim().strip_suffix(" kB"));
    kilobytes.unwrap().parse::<u64>().unwrap() << 10
}

#[test]
#[ignore = "takes its own memory away: the test beside it starts it"]
#[expect(clippy::print_stdout, reason = "the test that starts it reads it")]
fn without_memory() {
    let Ok(name) = std::env::var(AGENT) else { return };
    let (name, is_starved) = name.strip_suffix(", starved").map_or((name.as_str(), false), |name| (name, true));
    let text = agents().into_iter().find(|(known, _)| *known == name).unwrap().1;
    let policy = common::policy(&granting("memory = \"80 MiB\"", "[boundary]\ncarry = \"8 B\"\n"));
    let world = "button".parse::<dayfly::environment::World>().unwrap();
    let plan = Plan::new(common::known(&text), policy, world);
    let run = Run::on_threads(plan, &Threads::new(1).unwrap(), &Cancel::default()).unwrap();
    let mut seen = String::new();
    let mut see = |transcript: &_| seen = serde_json::to_string(transcript).unwrap();
    if is_starved {
        // The threads that compiled give back their stacks a moment after they have answered.
        let settled = (0..20).map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(25));
            data()
        });
        let most = settled.min().unwrap() + LEFT;
        setrlimit(Resource::RLIMIT_DATA, most, most).unwrap();
    }
    let outcome = run.carry_out(&mut see).unwrap();
    println!("{:?}", outcome.ending);
    println!("{seen}");
}

/// Returns the end of the run, and the transcript.
fn lived(name: &str) -> (String, Value) {
    let own = ["--exact", "starved::without_memory", "--ignored", "--nocapture"];
    let output = Command::new(std::env::current_exe().unwrap()).args(own).env(AGENT, name).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = |start: &str| text.lines().find_map(|line| Some(&line[line.find(start)?..])).map(str::to_owned);
    let ending = line("Completed").or_else(|| line("Aborted")).unwrap_or_else(|| panic!("{name}: {text}"));
    (ending, serde_json::from_str(&line("{\"").unwrap()).unwrap())
}

#[test]
fn what_the_host_has_no_memory_for_is_an_aborted_episode_and_no_deed_of_the_agent() {
    for (name, _) in agents() {
        let (ending, transcript) = lived(name);
        assert_eq!((ending.as_str(), &transcript["end"]), ("Completed", &"returned".into()), "{name}");
        let (ending, transcript) = lived(&format!("{name}, starved"));
        if name == "nothing" {
            assert_eq!((ending.as_str(), &transcript["end"]), ("Completed", &"returned".into()), "{name}");
            continue;
        }
        assert!(ending.starts_with("Aborted(Engine(") && ending.contains("os error 12"), "{name}: {ending}");
        assert_eq!((&transcript["end"], transcript.get("cause")), (&"aborted".into(), None), "{name}: {transcript}");
        assert!(transcript.get("violations").is_none(), "{name}: {transcript}");
    }
}
