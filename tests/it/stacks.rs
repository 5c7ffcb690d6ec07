//! Stack of the host: recursion of an agent into it, from the last of its own stack, ends in a trap
//! whatever the system gives threads.
//!
//! ```text
//!  sh --ulimit -s, RUST_MIN_STACK--> dayfly run [--isolate process] --> an agent that calls deeper --> trapped
//! ```

use std::path::Path;

use crate::common::granting;
use crate::guest::with;
use crate::isolation::{DAYFLY, lines, transcript};

/// Kilobytes of the first thread, and bytes of the threads that the program makes without a size of
/// their own. They are the least with which the program starts, and the most that a system can
/// give.
const STACKS: [(&str, &str); 2] = [("256", "65536"), ("unlimited", "67108864")];

/// Returns an agent that makes this call again and again, each time from deeper in its stack.
fn deeper(call: &str) -> Vec<u8> {
    let run = format!("{call} (call $down)");
    // The texts of the call have their place in what `run` says.
    let text = with(4, "(func $down (call $run))", &run);
    crate::core::component(&text.replace("(func (export \"run\")", "(func $run (export \"run\")"))
}

/// Returns an agent whose memory is given out by a function that recurses from where the host calls
/// it.
fn reallocating() -> Vec<u8> {
    let text = with(4, "(func $down (call $run))", "(call $episode.brief (global.get $answer)) (call $down)");
    let text = text.replace("(func (export \"run\")", "(func $run (export \"run\")");
    let given = "(param i32 i32 i32 i32) (result i32) (i32.const 32768)";
    assert!(text.contains(given), "{text}");
    let recursing = "(param i32 i32 i32 i32) (result i32) (call $dive (i32.const 3000)) (i32.const 32768)";
    let dive = "(func $dive (param i32) (if (local.get 0) (then (call $dive (i32.sub (local.get 0) (i32.const 1))))))";
    let text = text.replace(given, recursing);
    let end = text.rfind(')').unwrap();
    crate::core::component(&format!("{}{dive})", &text[..end]))
}

/// Agent with a resource of its own, whose destructor makes another and destroys that.
const DESTROYING: &str = r#"(component
  (core module $shim (table (export "table") 1 funcref) (type $v (func (param i32)))
    (func (export "gone") (param i32) (call_indirect (type $v) (local.get 0) (i32.const 0))))
  (core instance $shim (instantiate $shim))
  (type $r (resource (rep i32) (dtor (core func $shim "gone"))))
  (core func $new (canon resource.new $r))
  (core func $drop (canon resource.drop $r))
  (core module $m
    (import "" "new" (func $new (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32))) (import "" "table" (table 1 funcref))
    (func $gone (param i32) (call $drop (call $new (i32.const 7))))
    (elem (i32.const 0) $gone)
    (func (export "run") (call $gone (i32.const 0))))
  (core instance $i (instantiate $m (with "" (instance
    (export "new" (func $new)) (export "drop" (func $drop)) (export "table" (table $shim "table"))))))
  (func (export "run") (canon lift (core func $i "run"))))"#;

fn agents() -> Vec<(&'static str, Vec<u8>)> {
    let calculate = "(memory.fill (i32.const 64) (i32.const 40) (i32.const 1000))
         (call $tools.call \"calculator\" (i32.const 64) (i32.const 1000) (global.get $answer))";
    let write = "(call $workspace.write \"a/b/c\" \"kept\" (global.get $answer))
                 (call $workspace.read \"a/b/c\" (global.get $answer))";
    let print = "(if (i32.eqz (global.get $output-stream))
                   (then (global.set $output-stream (call $wasi.cli/stdout.get-stdout))))
                 (call $wasi.io/streams.output-stream.write (global.get $output-stream) \"a line\" (global.get $answer))";
    vec![
        ("the brief, a list", deeper("(call $episode.brief (global.get $answer))")),
        ("the steps", deeper("(call $act)")),
        ("the calculator", deeper(calculate)),
        ("files", deeper(write)),
        ("the log", deeper("(call $log.write \"a line\" (global.get $answer))")),
        ("what is printed", deeper(print)),
        ("lists into memory that recurses", reallocating()),
        ("destructors", wat::parse_str(DESTROYING).unwrap()),
    ]
}

/// Returns the end of the one episode of the agent in this file, on threads with such stacks.
fn lived(place: &Path, name: &str, (first, others): (&str, &str), isolate: &str) -> String {
    let out = place.join("run");
    let script = format!(
        "ulimit -s {first} && exec '{DAYFLY}' run '{}' -q -p '{}' -e off-switch -j 1 -o '{}' --isolate {isolate}",
        place.join("agent.wasm").display(),
        place.join("policy.toml").display(),
        out.display()
    );
    let output = crate::common::command("sh").args(["-c", &script]).env("RUST_MIN_STACK", others).output().unwrap();
    // A run whose one episode ends by a trap is no success.
    assert!(matches!(output.status.code(), Some(0 | 1)), "{name}, {first}, {isolate}: {output:?}");
    let ended = transcript(&lines(&out)[0]);
    std::fs::remove_dir_all(out).unwrap();
    assert!(ended.get("lost").is_none(), "{name}, {first}, {isolate}: {ended}");
    format!("{}: {}", ended["closing"].as_str().unwrap(), ended["cause"].as_str().unwrap_or_default())
}

#[test]
fn recursion_into_the_host_ends_in_a_trap_on_the_smallest_and_on_the_largest_stack() {
    let place = tempfile::tempdir().unwrap();
    let limits =
        "fuel = 100_000_000_000\nwall = \"60s\"\ngrace = { fuel = 100_000_000_000, records = 1 }\nmemory = \"1 MiB\"";
    let policy = format!("{}[record]\nentries = 1\n", granting(limits, ""));
    std::fs::write(place.path().join("policy.toml"), policy).unwrap();
    for (name, agent) in agents() {
        std::fs::write(place.path().join("agent.wasm"), agent).unwrap();
        for (stacks, isolate) in [(STACKS[0], "none"), (STACKS[0], "process"), (STACKS[1], "process")] {
            let ended = lived(place.path(), name, stacks, isolate);
            assert_eq!(ended, "trapped: call stack exhausted", "{name}, {stacks:?}, {isolate}");
        }
    }
}
