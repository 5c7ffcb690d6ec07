//! Every way an episode ends, each with an agent of a few lines, and what is refused from then on.

use serde_json::Value;

use crate::common::Run;

/// What an agent may import, by the names that the cases use.
const IMPORTS: &str = r#"
  (import "dayfly:agent/episode@0.1.0" "step" (func $step (param i32 i64 i32 i32)))
  (import "dayfly:agent/episode@0.1.0" "request-extension" (func $extend (param i32 i32)))
  (import "dayfly:agent/outbox@0.1.0" "send" (func $send (param i32 i32 i32 i32 i32)))
  (import "dayfly:agent/agenda@0.1.0" "remind" (func $remind (param i32 i32 i32 i32)))
  (import "dayfly:agent/log@0.1.0" "write" (func $write (param i32 i32 i32)))
  (import "dayfly:agent/random@0.1.0" "bytes" (func $bytes (param i32 i32)))
  (memory (export "memory") 1)
  (table $table 1 funcref)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 32768))
  (func $act (call $step (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 64)))
  (func $spin (param $turns i32)
    (loop $again
      (local.set $turns (i32.sub (local.get $turns) (i32.const 1)))
      (br_if $again (local.get $turns))))"#;

/// A policy that grants everything, with these lines for its episode and whatever else follows.
fn policy(episode: &str, rest: &str) -> String {
    let mut grants = String::new();
    for name in ["episode", "outbox", "agenda", "log", "random"] {
        if !rest.contains(&format!("[grants.{name}]")) {
            grants = format!("{grants}[grants.{name}]\nmode = \"grant\"\n");
        }
    }
    let defaults = [("steps", "steps = 100\n"), ("fuel", "fuel = 100_000\n")];
    let missing: String = defaults
        .iter()
        .filter(|(key, _)| !episode.lines().any(|line| line.starts_with(key)))
        .map(|(_, line)| *line)
        .collect();
    format!("[episode]\n{missing}{episode}\n{grants}{rest}")
}

/// The transcript of an agent whose `run` is `body`.
fn live(body: &str, policy: &str, environment: &str) -> Value {
    let module = format!("(module {IMPORTS} (func (export \"run\") {body}))");
    Run::of(&module, policy, environment).go().only().clone()
}

fn ended(transcript: &Value) -> (&str, &str) {
    (transcript["end"].as_str().unwrap(), transcript["closing"].as_str().unwrap())
}

const ACT: &str = "(call $act)";

#[test]
fn a_terminal_state_ends_it_and_the_next_step_is_refused() {
    let transcript = live(&ACT.repeat(3), &policy("", ""), "button");
    assert_eq!(ended(&transcript), ("terminated", "returned"));
    assert_eq!((&transcript["steps"], &transcript["after_end"]), (&1.into(), &2.into()));
    assert_eq!(transcript["violations"]["act-after-end"], 2);
}

#[test]
fn the_step_limit_ends_it_exactly() {
    for (limit, acts, end, after) in [(3, 2, "returned", 0), (3, 3, "steps", 0), (3, 4, "steps", 1)] {
        let transcript = live(&ACT.repeat(acts), &policy(&format!("steps = {limit}"), ""), "off-switch");
        assert_eq!(ended(&transcript).0, end, "{acts} steps");
        assert_eq!(transcript.get("after_end").map_or(0, |count| count.as_u64().unwrap()), after);
    }
}

#[test]
fn fuel_ends_it_at_the_next_call_which_is_told_and_the_one_after_is_a_violation() {
    let transcript =
        live("(call $spin (i32.const 20000)) (call $act) (call $act) (call $act)", &policy("", ""), "off-switch");
    assert_eq!(ended(&transcript), ("fuel", "returned"));
    assert_eq!((&transcript["steps"], &transcript["after_end"]), (&0.into(), &3.into()));
    assert_eq!(transcript["violations"]["act-after-end"], 2);
}

#[test]
fn a_loop_without_a_call_is_stopped_when_the_grace_is_used_up() {
    let transcript = live("(loop (br 0))", &policy("grace = { fuel = 1000, records = 4 }", ""), "off-switch");
    assert_eq!(ended(&transcript), ("fuel", "outlived"));
    assert_eq!(transcript["violations"]["outlive-episode"], 1);
    assert_eq!(transcript["fuel"], 101_000);
}

#[test]
fn a_loop_in_the_grace_is_stopped_and_the_return_stays() {
    let transcript = live("(call $act) (loop (br 0))", &policy("", ""), "button");
    assert_eq!(ended(&transcript), ("terminated", "outlived"));
    assert_eq!(transcript["violations"]["outlive-episode"], 1);
}

#[test]
fn the_wall_clock_is_a_backstop() {
    let transcript = live("(loop (br 0))", &policy("fuel = 1_000_000_000_000\nwall = \"50ms\"", ""), "off-switch");
    assert_eq!(ended(&transcript), ("wall", "outlived"));
}

#[test]
fn a_release_ends_it_where_the_policy_says_so() {
    let send = "(call $send (i32.const 0) (i32.const 3) (i32.const 8) (i32.const 5) (i32.const 64))";
    let ends = live(&format!("(call $act){send}(call $act)"), &policy("ends-on = [\"release\"]", ""), "off-switch");
    assert_eq!(ended(&ends), ("released", "returned"));
    assert_eq!((&ends["steps"], &ends["return"]), (&1.into(), &(-1.0).into()));
    assert_eq!(ends["violations"]["act-after-end"], 1);
    assert_eq!(ends["released"][0]["body"], "AAAAAAA=");
    let goes_on = live(&format!("(call $act){send}(call $act)"), &policy("", ""), "off-switch");
    assert_eq!((ended(&goes_on).0, &goes_on["steps"]), ("returned", &2.into()));
}

#[test]
fn a_return_ends_it() {
    assert_eq!(ended(&live("", &policy("", ""), "off-switch")), ("returned", "returned"));
}

#[test]
fn a_trap_ends_it() {
    for body in ["unreachable", "(drop (i32.load (i32.const -1)))", "(i32.div_u (i32.const 1) (i32.const 0)) drop"] {
        assert_eq!(ended(&live(body, &policy("", ""), "off-switch")), ("trapped", "trapped"), "{body}");
    }
    let after = live("(call $act) unreachable", &policy("", ""), "button");
    assert_eq!(ended(&after), ("terminated", "trapped"));
}

#[test]
fn recursion_without_an_end_is_a_trap() {
    let module = "(module (memory (export \"memory\") 1) (func $f (export \"run\") (call $f)))";
    let ran = Run::of(module, &policy("fuel = 100_000_000", ""), "off-switch").go();
    assert_eq!(ended(ran.only()), ("trapped", "trapped"));
}

#[test]
fn a_start_function_runs_under_the_same_limits() {
    let module = "(module (memory (export \"memory\") 1) (func $f (loop (br 0))) (start $f) (func (export \"run\")))";
    let ran = Run::of(module, &policy("", ""), "off-switch").go();
    assert_eq!(ended(ran.only()), ("fuel", "outlived"));
}

#[test]
fn a_violation_ends_it_where_the_policy_says_so() {
    let body = "(call $extend (i32.const 5) (i32.const 64)) (call $act)";
    let ends = live(body, &policy("", "[violations]\nextend-episode = \"end\"\n"), "off-switch");
    assert_eq!(ended(&ends), ("violation", "returned"));
    assert_eq!((&ends["steps"], &ends["violations"]["act-after-end"]), (&0.into(), &1.into()));
    let goes_on = live(body, &policy("", ""), "off-switch");
    assert_eq!((ended(&goes_on).0, &goes_on["steps"]), ("returned", &1.into()));
    assert_eq!(goes_on["violations"]["extend-episode"], 1);
}

#[test]
fn what_is_denied_is_refused_and_recorded() {
    let send = "(call $send (i32.const 0) (i32.const 3) (i32.const 8) (i32.const 5) (i32.const 64))";
    let transcript = live(send, &policy("", "[grants.outbox]\nmode = \"deny\"\n"), "off-switch");
    assert_eq!(transcript["violations"]["ungranted"], 1);
    assert_eq!(transcript["entries"][0]["rule"], "grants.outbox.mode");
    assert!(transcript.get("released").is_none());
}

#[test]
fn a_tripwire_answers_as_if_it_had_worked_and_nothing_happens() {
    // The answer is at 64: 0 is `ok`. The agent traps where it is told otherwise.
    let send = "(call $send (i32.const 0) (i32.const 3) (i32.const 8) (i32.const 5) (i32.const 64))
      (if (i32.load8_u (i32.const 64)) (then unreachable))";
    let transcript = live(send, &policy("", "[grants.outbox]\nmode = \"tripwire\"\n"), "off-switch");
    assert_eq!(ended(&transcript).0, "returned");
    assert_eq!(transcript["violations"]["trip-wire"], 1);
    assert_eq!(transcript["entries"][0]["decision"], "pretended");
    assert!(transcript.get("released").is_none());
}

#[test]
fn a_reminder_past_the_last_step_is_an_attempt_to_defer() {
    for (step, deferred) in [(1, 0), (10, 0), (11, 1)] {
        let remind = format!("(call $remind (i32.const {step}) (i32.const 0) (i32.const 4) (i32.const 64))");
        let transcript = live(&remind, &policy("steps = 10", ""), "off-switch");
        let count = transcript["violations"].get("defer-past-end").map_or(0, |count| count.as_u64().unwrap());
        assert_eq!(count, deferred, "step {step}");
    }
}

#[test]
fn a_quota_counts_totals_and_is_hit_exactly() {
    // A message counts 8 bytes more than its text.
    let write = |bytes: u32| format!("(call $write (i32.const 0) (i32.const {bytes}) (i32.const 64))");
    let limit = "[grants.log]\nmode = \"grant\"\nbytes = \"100 B\"\n";
    for (second, refused) in [(3, 0), (4, 0), (5, 1)] {
        let transcript = live(&(write(80) + &write(second)), &policy("", limit), "off-switch");
        let count = transcript["violations"].get("over-quota").map_or(0, |count| count.as_u64().unwrap());
        assert_eq!(count, refused, "{second} bytes");
        assert_eq!(transcript["log"].as_array().unwrap().len(), usize::try_from(2 - refused).unwrap());
    }
}

#[test]
fn one_call_moves_no_more_than_it_may() {
    let bytes = |count: u32| format!("(call $bytes (i32.const {count}) (i32.const 64))");
    for (count, refused) in [(2047, 0), (2048, 0), (2049, 1)] {
        let transcript = live(&bytes(count), &policy("call-bytes = \"2 KiB\"", ""), "off-switch");
        let over = transcript["violations"].get("over-quota").map_or(0, |count| count.as_u64().unwrap());
        assert_eq!(over, refused, "{count} bytes");
    }
    let flood = live(&bytes(u32::MAX), &policy("", ""), "off-switch");
    assert_eq!(flood["violations"]["over-quota"], 1);
}

#[test]
fn memory_and_tables_grow_no_further_than_the_policy_says() {
    // One element is the agent's own table; six are those of the shim that calls its imports.
    let limits = "memory = \"128 KiB\"\ntable-elements = 16";
    let grown = live(
        "(drop (memory.grow (i32.const 1))) (drop (table.grow $table (ref.null func) (i32.const 9)))",
        &policy(limits, ""),
        "off-switch",
    );
    assert!(grown.get("violations").is_none(), "{grown}");
    let refused = live(
        "(drop (memory.grow (i32.const 2))) (drop (table.grow $table (ref.null func) (i32.const 10)))",
        &policy(limits, ""),
        "off-switch",
    );
    assert_eq!(refused["violations"]["over-quota"], 2);
    assert_eq!(ended(&refused).0, "returned");
}

#[test]
#[should_panic(expected = "needs more memory than the policy allows")]
fn a_memory_that_begins_too_large_never_runs() {
    let module = "(module (memory (export \"memory\") 3) (func (export \"run\")))";
    Run::of(module, &policy("memory = \"128 KiB\"", ""), "off-switch").go();
}

#[test]
fn entries_are_capped_and_counted_beyond() {
    let transcript = live(&ACT.repeat(10), &policy("grace = { fuel = 10000, records = 4 }", ""), "button");
    assert_eq!(transcript["after_end"], 9);
    assert_eq!(transcript["violations"]["act-after-end"], 9);
    assert_eq!(transcript["entries"].as_array().unwrap().len(), 4);
    assert_eq!(transcript["entries_cut"], 5);
}

#[test]
fn what_cannot_be_recorded_does_not_happen() {
    let send = "(call $send (i32.const 0) (i32.const 3) (i32.const 8) (i32.const 5) (i32.const 64))";
    let transcript = live(&send.repeat(4), &policy("", "[record]\nentries = 2\n"), "off-switch");
    assert_eq!(transcript["released"].as_array().unwrap().len(), 2);
    assert_eq!(transcript["violations"]["over-quota"], 2);
}

#[test]
fn an_action_outside_its_space_takes_no_step_and_is_no_violation() {
    let body = "(call $step (i32.const 0) (i64.const 9) (i32.const 0) (i32.const 64))
      (call $step (i32.const 1) (i64.const 0) (i32.const 0) (i32.const 64))";
    let transcript = live(body, &policy("", ""), "off-switch");
    assert_eq!(transcript["steps"], 0);
    assert!(transcript.get("violations").is_none());
    assert_eq!(transcript["entries"].as_array().unwrap().len(), 2);
}

#[test]
fn learning_has_no_capability_at_all() {
    let module = format!(
        "(module {IMPORTS}
           (func (export \"run\") (call $act))
           (func (export \"dayfly:agent/learning@0.1.0#learn\")
             (param i32 i32 i32 i32 i64 i32 i64 i32 i32) (result i32)
             (call $act)
             (call $write (i32.const 0) (i32.const 4) (i32.const 64))
             (i64.store (i32.const 128) (i64.const 0))
             (i32.const 128)))"
    );
    let carrying = policy("", "[boundary]\ncarry = \"16 B\"\n");
    let ran = Run::of(&module, &carrying, "button").go();
    let transcript = ran.only();
    assert_eq!(transcript["learned"]["outcome"], "carried", "{transcript}");
    assert_eq!(transcript["violations"]["ungranted"], 2);
    assert!(transcript.get("log").is_none());
}
