//! Figures of SECURITY.md on the compiler, measured again: what takes it longest within the bounds,
//! each kind in a process of its own.
//!
//! `cargo test --release --test it -- --ignored --exact figures::of_the_compiler --nocapture`

use std::process::Command;
use std::time::Instant;

use dayfly::agent::{Agent, Engine, Error};

const KIND: &str = "DAYFLY_TEST_FIGURE";

/// Returns a module in a component, with a function that nobody calls.
fn module(fields: &str) -> Vec<u8> {
    let text = format!(
        "(component (core module $agent (func (export \"run\"))) (core instance $i (instantiate $agent))
           (func (export \"run\") (canon lift (core func $i \"run\")))
           (core module (memory 1) (table 1 funcref) (func $f) {fields}))"
    );
    wat::parse_str(text).unwrap()
}

/// Returns one instruction, so many times in a row.
fn straight(instruction: &str, count: usize) -> Vec<u8> {
    module(&format!("(func (param i32) {})", instruction.repeat(count)))
}

/// Returns so many locals that live through so many blocks.
fn live(locals: usize, blocks: usize) -> Vec<u8> {
    let block = "(block (br_if 0 (local.get 0)))".repeat(blocks);
    let each = |text: fn(usize) -> String| (1..=locals).map(text).collect::<Vec<_>>().concat();
    let kept = each(|number| format!("(local.set {number} (local.get 0))"));
    let used = each(|number| format!("(drop (local.get {number}))"));
    module(&format!("(func (param i32) (local {}) {kept} {block} {used})", "i32 ".repeat(locals)))
}

/// Returns a component, filled with empty custom sections up to the bound on bytes.
fn sections() -> Vec<u8> {
    let mut bytes = module("");
    while bytes.len() < (64 << 20) - 3 {
        bytes.extend([0, 1, 0]);
    }
    bytes
}

/// Kind of component, and a function that makes one.
type Figure = (&'static str, fn() -> Vec<u8>);

const FIGURES: &[Figure] = &[
    ("`if`", || straight("(if (local.get 0) (then))", 33_000)),
    ("`call_indirect`", || straight("(call_indirect (local.get 0))", 11_000)),
    ("`table.get`", || straight("(drop (table.get 0 (local.get 0)))", 16_600)),
    ("`call`", || straight("(call $f)", 33_000)),
    ("`table.copy`", || straight("(table.copy (local.get 0) (local.get 0) (local.get 0))", 4_160)),
    ("`memory.fill`", || straight("(memory.fill (local.get 0) (local.get 0) (local.get 0))", 9_900)),
    ("`loop`", || straight("(loop (br_if 0 (local.get 0)))", 2_200)),
    ("900 locals through 9,000 blocks", || live(900, 9_000)),
    ("64 MiB of empty sections", sections),
];

/// Returns the peak of this process's memory, in KiB.
#[cfg(target_os = "linux")]
fn peak() -> u64 {
    let status = crate::common::read(std::path::Path::new("/proc/self/status"));
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[cfg(not(target_os = "linux"))]
fn peak() -> u64 {
    0
}

#[test]
#[ignore = "measures one kind: the test beside it starts it"]
#[expect(clippy::print_stdout, reason = "the test that starts it reads it")]
fn one() {
    let Ok(kind) = std::env::var(KIND) else { return };
    let (_, make) = FIGURES.iter().find(|(name, _)| *name == kind).unwrap();
    let policy = crate::common::policy("strict");
    let engine = Engine::new(dayfly::episode::memory(&policy), 1).unwrap();
    let bytes = make();
    let (before, started) = (peak(), Instant::now());
    let became = match Agent::load("figure", &bytes, &engine) {
        Ok(_) => "compiled".to_owned(),
        Err(Error::Excess { excess, .. }) => format!("refused: too many {}", excess.part.name()),
        Err(error) => format!("refused: {error}"),
    };
    let (took, more) = (started.elapsed().as_secs_f64(), (peak() - before) >> 10);
    println!("\n| {kind} | {became} | {took:.2} s | {more} MiB |");
}

#[test]
#[ignore = "measures: a minute, and more than 10 s of it on one thread"]
#[expect(clippy::print_stdout, reason = "people read it")]
fn of_the_compiler() {
    println!("\n| what | became | time | memory |\n|---|---|---|---|");
    for (kind, _) in FIGURES {
        let own = ["--exact", "figures::one", "--ignored", "--nocapture"];
        let output = Command::new(std::env::current_exe().unwrap())
            .args(own)
            .env(KIND, kind)
            .env("RAYON_NUM_THREADS", "1")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        println!("{}", text.lines().find(|line| line.starts_with('|')).unwrap_or_else(|| panic!("{output:?}")));
    }
}
