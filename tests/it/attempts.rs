//! Attempts that an exploit in a confined worker would make: each in a worker that compiles, in one
//! that lives episodes, and outside.
//!
//! ```text
//!     this test --starts--> this program once more: confined as a worker is, or not --ATTEMPTS--> outcomes
//! ```
//!
//! The attempts are in `crates/dayfly-attempts`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use dayfly::worker::confine;
use dayfly_attempts::{ATTEMPTS, Alone, Attempt, Phase, Place};

use crate::common::policy;

const EPERM: i32 = 1;
const EACCES: i32 = 13;
const ENOSYS: i32 = 38;

#[test]
#[ignore = "confines itself: other tests start it"]
fn tries() {
    let (Ok(phase), Ok(place)) = (std::env::var("ATTEMPTS_PHASE"), std::env::var("ATTEMPTS_PLACE")) else { return };
    let scratch = Path::new(&place).join("scratch");
    let place = Place::new(&scratch, &Path::new(&place).join("outside")).unwrap();
    let policy = policy(if phase == "Lab" { "lab" } else { "boxed" });
    if phase != "Alone" {
        let needs = confine::Needs::of(&policy, &[]);
        let confined = confine::before_the_agent(&needs, &scratch, 3600, confine::alone());
        if !confined.missing.is_empty() {
            std::io::stdout().write_all(b"not confined\n").unwrap();
            std::process::exit(0);
        }
        if phase != "Compiling" {
            confine::with_the_agent(&needs, &confined).unwrap();
        }
    }
    let mut said = String::from("\n");
    for (_, attempt) in attempts() {
        match attempt.make(&place) {
            Ok(_) => writeln!(said, "{}| done", attempt.what).unwrap(),
            Err(number) => writeln!(said, "{}| {number}", attempt.what).unwrap(),
        }
    }
    std::io::stdout().write_all(said.as_bytes()).unwrap();
    // No code of the test program could do its work here.
    std::process::exit(0);
}

fn attempts() -> impl Iterator<Item = (&'static str, &'static Attempt)> {
    ATTEMPTS.iter().flat_map(|(kind, attempts)| attempts.iter().map(|attempt| (*kind, attempt)))
}

/// Returns the outcome of each attempt; `None` if the system cannot confine a worker fully.
fn tried(phase: &str) -> Option<BTreeMap<String, Result<(), i32>>> {
    let place = tempfile::tempdir().unwrap();
    for folder in ["scratch", "outside"] {
        std::fs::create_dir(place.path().join(folder)).unwrap();
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "attempts::tries", "--ignored", "--nocapture", "--test-threads", "1"])
        .env("ATTEMPTS_PHASE", phase)
        .env("ATTEMPTS_PLACE", place.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if text.contains("not confined") {
        let mut error = std::io::stderr();
        writeln!(error, "skipped: this system cannot confine a worker fully").unwrap();
        return None;
    }
    assert!(output.status.success(), "{phase}: {output:?}");
    let became = |line: &str| {
        let (what, became) = line.split_once("| ")?;
        Some((what.to_owned(), if became == "done" { Ok(()) } else { Err(became.parse().unwrap()) }))
    };
    let tried: BTreeMap<_, _> = text.lines().filter_map(became).collect();
    assert_eq!(tried.len(), attempts().count(), "{phase}: {text}");
    Some(tried)
}

#[test]
fn no_attempt_of_a_confined_worker_succeeds_but_those_of_which_it_is_said() {
    assert!(attempts().count() >= 75);
    for phase in [Phase::Compiling, Phase::Lab, Phase::Boxed] {
        let Some(tried) = tried(&format!("{phase:?}")) else { return };
        let mut wrong = Vec::new();
        for (kind, attempt) in attempts() {
            let became = tried[attempt.what];
            // `clone3` is answered as missing, so that a program takes `clone`, whose flags can be
            // looked at.
            let is_refused = match became {
                Ok(()) => false,
                Err(ENOSYS) => attempt.what == "clone3" && phase == Phase::Compiling,
                Err(number) => number == EPERM || number == EACCES,
            };
            let holds = if attempt.left.contains(&phase) { became.is_ok() } else { is_refused };
            if !holds {
                wrong.push(format!("{kind}: {}: {became:?}", attempt.what));
            }
        }
        assert!(wrong.is_empty(), "{phase:?}: {wrong:#?}");
    }
}

/// `true` if this process has every capability, as root has outside of containers.
fn is_root() -> bool {
    let status = crate::common::read(Path::new("/proc/self/status"));
    let set = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
    let all = u64::from_str_radix(&set("CapEff:"), 16).unwrap();
    // All up to `CAP_SYSLOG`, but for those that this system may leave out: mounts, modules, names,
    // the clock.
    let needed = [1, 2, 6, 7, 12, 13, 16, 18, 20, 21, 22, 25, 34];
    needed.iter().all(|bit| all >> bit & 1 == 1)
}

#[test]
fn every_attempt_can_succeed_where_nothing_is_confined() {
    let tried = tried("Alone").unwrap();
    let is_root = is_root();
    let mut wrong = Vec::new();
    for (kind, attempt) in attempts() {
        let became = tried[attempt.what];
        let holds = match (attempt.alone, became) {
            (_, Ok(())) => true,
            (Alone::Done, Err(_)) => false,
            (Alone::Looked, Err(number)) => number != EPERM && number != EACCES,
            (Alone::LookedByRoot, Err(number)) => !is_root || (number != EPERM && number != EACCES),
        };
        if !holds {
            wrong.push(format!("{kind}: {}: {became:?}", attempt.what));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
