//! Virtual WASI: its answers, and what becomes of an agent that attacks it.

use dayfly::agent::{Agent, Engine, Error};
use serde_json::Value;

use crate::common::{Run, ended, granting, live, violations};
use crate::guest::{ACT, ANSWERED, REFUSED};

const STDOUT: &str = "(call $wasi.cli/stdout.get-stdout)";

/// Returns code that writes a text to a stream.
fn print(stream: &str, text: &str) -> String {
    format!(
        "(call $wasi.io/streams.output-stream.write (call $wasi.cli/{stream}.get-{stream}) \"{text}\" (global.get $answer))"
    )
}

/// Returns code that traps if two numbers differ.
fn same(left: &str, right: u64) -> String {
    format!("(if (i64.ne {left} (i64.const {right})) (then unreachable))")
}

const NOW: &str = "(call $wasi.clocks/monotonic-clock.now)";

fn run(body: &str) -> Value {
    live(body, &granting("", ""), "off-switch")
}

fn lines(transcript: &Value) -> Vec<&str> {
    transcript["log"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect()
}

#[test]
fn what_is_printed_goes_to_the_log_line_by_line() {
    let body = print("stdout", "one\\0atw") + &print("stderr", "aside") + &print("stdout", "o\\0a");
    assert_eq!(lines(&run(&body)), ["one", "two", "aside"]);
}

#[test]
fn the_quota_of_the_log_holds_what_is_printed_exactly() {
    let limit = "[grants.log]\nmode = \"grant\"\nbytes = \"100 B\"\n";
    // A message counts 8 bytes more than its text.
    for (bytes, refused) in [(91, 0), (92, 0), (93, 1)] {
        let zeroes = "(call $wasi.io/streams.output-stream.blocking-write-zeroes-and-flush";
        let body = format!(
            "{zeroes} {STDOUT} (i64.const {bytes}) (global.get $answer)) {}",
            if refused == 0 { ANSWERED } else { REFUSED }
        );
        let transcript = live(&body, &granting("", limit), "off-switch");
        assert_eq!(ended(&transcript).1, "returned", "{bytes} bytes");
        assert_eq!(violations(&transcript, "over-quota"), refused, "{bytes} bytes");
    }
}

#[test]
fn a_log_that_is_denied_takes_nothing_that_is_printed() {
    let denied = granting("", "[grants.log]\nmode = \"deny\"\n");
    let transcript = live(&(print("stdout", "text") + REFUSED), &denied, "off-switch");
    assert_eq!(ended(&transcript).1, "returned");
    assert_eq!(
        (&transcript["entries"][0]["operation"], violations(&transcript, "ungranted")),
        (&"log.write".into(), 1)
    );
    assert!(transcript.get("log").is_none());
}

#[test]
fn a_tripwire_prints_nothing_and_answers_as_if_it_had() {
    let tripwire = granting("", "[grants.wasi]\nmode = \"tripwire\"\n");
    let transcript = live(&(print("stdout", "text") + ANSWERED), &tripwire, "off-switch");
    assert_eq!((ended(&transcript).1, violations(&transcript, "trip-wire")), ("returned", 2));
    assert!(transcript.get("log").is_none(), "{transcript}");
}

#[test]
fn time_is_the_steps_and_what_was_waited_for() {
    let wait =
        "(call $wasi.io/poll.pollable.block (call $wasi.clocks/monotonic-clock.subscribe-duration (i64.const 7)))";
    let body = [same(NOW, 0), ACT.into(), same(NOW, 1_000_000_000), wait.into(), same(NOW, 1_000_000_007)].concat();
    assert_eq!(ended(&run(&body)), ("returned", "returned"));
}

#[test]
fn the_time_stands_still_from_the_boundary_on() {
    let told = same(NOW, 1_000_000_000);
    let wait =
        "(call $wasi.io/poll.pollable.block (call $wasi.clocks/monotonic-clock.subscribe-duration (i64.const 7)))";
    let body = [ACT, &told, ACT, &told, wait, &told].concat();
    let transcript = live(&body, &granting("steps = 2", ""), "off-switch");
    assert_eq!(ended(&transcript), ("steps", "returned"));
    assert_eq!(transcript["after_end"], 4);
}

#[test]
fn nobody_waits_however_long_they_ask_to() {
    let forever = "(call $wasi.clocks/monotonic-clock.subscribe-duration (i64.const -1))";
    let body = format!(
        "(call $wasi.io/poll.pollable.block {forever})
         (i32.store (i32.const 0) {forever})
         (call $wasi.io/poll.poll (i32.const 0) (i32.const 1) (global.get $answer))
         (if (i32.ne (i32.load offset=4 (global.get $answer)) (i32.const 1)) (then unreachable))"
    );
    let transcript = live(&body, &granting("wall = \"2s\"", ""), "off-switch");
    assert_eq!(ended(&transcript), ("returned", "returned"));
}

#[test]
fn a_poll_of_nothing_traps_and_says_so_in_the_record() {
    let transcript = run("(call $wasi.io/poll.poll (i32.const 0) (i32.const 0) (global.get $answer))");
    assert_eq!(ended(&transcript), ("trapped", "trapped"));
    assert_eq!(transcript["entries"][0]["rule"], "there is nothing to wait for");
}

/// Returns code that writes one handle down so many times, and polls so many of them.
pub(crate) fn poll(written: u32, count: u32) -> String {
    format!(
        "(local $at i32) (local $handle i32)
        (local.set $handle (call $wasi.io/streams.output-stream.subscribe (call $wasi.cli/stdout.get-stdout)))
        (loop $again
          (i32.store (local.get $at) (local.get $handle))
          (local.set $at (i32.add (local.get $at) (i32.const 4)))
          (br_if $again (i32.lt_u (local.get $at) (i32.const {}))))
        (call $wasi.io/poll.poll (i32.const 0) (i32.const {count}) (global.get $answer))",
        written * 4
    )
}

#[test]
fn a_poll_of_one_handle_a_thousand_times_answers_a_thousand_times() {
    // The same handle may be lent as often as a list has room for.
    let counted = "(if (i32.ne (i32.load offset=4 (global.get $answer)) (i32.const 1000)) (then unreachable))";
    assert_eq!(ended(&run(&(poll(1000, 1000) + counted))), ("returned", "returned"));
}

#[test]
fn a_poll_of_more_than_a_call_may_move_traps_and_is_recorded() {
    // An answer has four bytes for each handle.
    let policy = granting("call-bytes = \"2 KiB\"", "");
    for (count, end, refused) in [(511, "returned", 0), (512, "returned", 0), (513, "trapped", 1)] {
        let transcript = live(&poll(count, count), &policy, "off-switch");
        assert_eq!((ended(&transcript).0, violations(&transcript, "over-quota")), (end, refused), "{count}");
    }
}

#[test]
fn an_agent_learns_nothing_from_its_handles_about_an_earlier_episode() {
    // The number of the handle is the action, and so is the time.
    let act = format!(
        "(call $episode.step (i32.const 0) (i64.and (i64.extend_i32_u {STDOUT}) (i64.const 3)) (i32.const 0)
           (global.get $answer))
         (call $episode.step (i32.const 0) (i64.and {NOW} (i64.const 3)) (i32.const 0) (global.get $answer))"
    );
    let mut run = Run::of(&crate::guest::agent(&act.repeat(5)), &granting("", ""), "off-switch:interruption=0");
    run.episodes = 8;
    let ran = run.go();
    let first = &ran.transcripts[0]["calls"];
    assert!(ran.transcripts.iter().all(|transcript| transcript["calls"] == *first));
}

#[test]
fn handles_are_held_to_their_number_exactly_and_come_back() {
    let limit = |handles: u32| granting("", &format!("[grants.wasi]\nmode = \"grant\"\nhandles = {handles}\n"));
    let body = format!("(drop {STDOUT})").repeat(3);
    let within = live(&body, &limit(3), "off-switch");
    assert_eq!(ended(&within), ("returned", "returned"));
    let returned = live(&format!("(call $drop.output-stream {STDOUT})").repeat(300), &limit(1), "off-switch");
    assert_eq!(ended(&returned), ("returned", "returned"));
    let beyond = live(&body, &limit(2), "off-switch");
    assert_eq!(ended(&beyond), ("trapped", "trapped"));
    assert_eq!((violations(&beyond, "over-quota"), &beyond["entries"][0]["rule"]), (1, &"grants.wasi.handles".into()));
}

#[test]
fn the_words_of_a_refusal_take_a_handle_and_are_not_to_be_had_where_none_is_left() {
    // A refusal is the first case of an error, and a closed stream the second.
    let refused = format!(
        "(call $wasi.io/streams.output-stream.write-zeroes {STDOUT} (i64.const -1) (global.get $answer)) {REFUSED}"
    );
    for (handles, case) in [(2, 0), (1, 1)] {
        let policy = granting("", &format!("[grants.wasi]\nmode = \"grant\"\nhandles = {handles}\n"));
        let differs = format!("(i32.ne (i32.load8_u offset=4 (global.get $answer)) (i32.const {case}))");
        let transcript = live(&format!("{refused} (if {differs} (then unreachable))"), &policy, "off-switch");
        assert_eq!(ended(&transcript), ("returned", "returned"), "{handles} handles");
    }
}

#[test]
fn a_million_handles_are_no_more_than_the_grant_has() {
    let transcript = live(
        "(local $turns i32)
         (loop $again
           (drop (call $wasi.cli/stdout.get-stdout))
           (local.set $turns (i32.add (local.get $turns) (i32.const 1)))
           (br_if $again (i32.lt_u (local.get $turns) (i32.const 1000000))))",
        &granting("fuel = 1_000_000_000", ""),
        "off-switch",
    );
    assert_eq!(ended(&transcript), ("trapped", "trapped"));
    assert_eq!((&transcript["calls"]["count"], violations(&transcript, "over-quota")), (&257.into(), 1));
}

#[test]
fn a_flood_on_standard_output_is_cut_and_counted() {
    let transcript = live(
        &format!(
            "(local $turns i32) (local $stream i32)
             (local.set $stream {STDOUT})
             (loop $again
               (call $wasi.io/streams.output-stream.write (local.get $stream) (i32.const 0) (i32.const 4096)
                 (global.get $answer))
               (local.set $turns (i32.add (local.get $turns) (i32.const 1)))
               (br_if $again (i32.lt_u (local.get $turns) (i32.const 300))))"
        ),
        &granting("fuel = 1_000_000_000", "[record]\nentries = 8\n"),
        "off-switch",
    );
    assert_eq!(ended(&transcript), ("returned", "returned"));
    // The log has 16 KiB, less 8 bytes for its one line.
    assert_eq!(lines(&transcript).concat().len(), 3 * 4096);
    assert_eq!((violations(&transcript, "over-quota"), &transcript["entries_cut"]), (297, &289.into()));
}

#[test]
fn a_huge_read_moves_nothing_and_huge_randomness_traps() {
    let read = "(call $wasi.io/streams.input-stream.blocking-read (call $wasi.cli/stdin.get-stdin) (i64.const -1)
                  (global.get $answer))";
    // `closed`: standard input is at its end.
    let closed = "(if (i32.ne (i32.load8_u offset=4 (global.get $answer)) (i32.const 1)) (then unreachable))";
    assert_eq!(ended(&run(&format!("{read} {REFUSED} {closed}"))), ("returned", "returned"));
    for bytes in ["-1", "1048577"] {
        let draw = format!("(call $wasi.random/random.get-random-bytes (i64.const {bytes}) (global.get $answer))");
        let transcript = run(&draw);
        assert_eq!(ended(&transcript), ("trapped", "trapped"), "{bytes}");
        assert_eq!(violations(&transcript, "over-quota"), 1, "{bytes}");
    }
}

#[test]
fn randomness_is_held_to_its_quota_exactly_and_is_the_same_for_the_same_seed() {
    let draw = |number: &str| format!("(drop (call $wasi.random/{number}))");
    let body = draw("random.get-random-u64") + &draw("insecure.get-insecure-random-u64");
    for (limit, end, refused) in [("16 B", "returned", 0), ("15 B", "trapped", 1)] {
        let policy = granting("", &format!("[grants.wasi]\nmode = \"grant\"\nrandom = \"{limit}\"\n"));
        let transcript = live(&body, &policy, "off-switch");
        assert_eq!((ended(&transcript).0, violations(&transcript, "over-quota")), (end, refused));
    }
    // The number that is drawn is an action: the episodes go the same way.
    let act = "(call $episode.step (i32.const 0)
        (i64.and (call $wasi.random/random.get-random-u64) (i64.const 3)) (i32.const 0) (global.get $answer))";
    let digest = |seed: u64| {
        let mut run = Run::of(&crate::guest::agent(&act.repeat(40)), &granting("", ""), "off-switch");
        run.seed = seed;
        run.go().only()["calls"]["digest"].clone()
    };
    assert_eq!(digest(1), digest(1));
    assert_ne!(digest(1), digest(2));
}

#[test]
fn randomness_that_is_refused_is_zeros_which_cost_as_much_and_no_more_than_a_call_may_move() {
    let draw =
        |bytes: i64| format!("(call $wasi.random/random.get-random-bytes (i64.const {bytes}) (global.get $answer))");
    let denied = granting("", "[grants.wasi]\nmode = \"deny\"\n");
    for (before, policy, environment) in [("", &denied, "off-switch"), (ACT, &granting("", ""), "button")] {
        let drawn = |bytes| live(&(before.to_owned() + &draw(bytes)), policy, environment);
        assert_eq!(drawn(1100)["fuel"].as_u64().unwrap() - drawn(100)["fuel"].as_u64().unwrap(), 1000);
        for (bytes, closing) in [(1100, "returned"), ((1 << 20) + 1, "trapped"), (-1, "trapped")] {
            assert_eq!(ended(&drawn(bytes)).1, closing, "{bytes} bytes");
        }
    }
}

#[test]
fn an_exit_is_a_return_and_a_failure_a_trap() {
    let exit = |name: &str, code: u32| format!("(call $wasi.cli/exit.{name} (i32.const {code})) unreachable");
    for (code, end) in [(0, "returned"), (1, "trapped"), (255, "trapped")] {
        assert_eq!(ended(&run(&exit("exit-with-code", code))), (end, end), "{code}");
    }
    assert_eq!(ended(&run(&exit("exit", 0))), ("returned", "returned"));
    assert_eq!(ended(&run(&exit("exit", 1))), ("trapped", "trapped"));
    let after = live(&format!("{ACT} {}", exit("exit", 0)), &granting("", ""), "button");
    assert_eq!((ended(&after), &after["after_end"]), (("terminated", "returned"), &1.into()));
}

#[test]
fn who_leaves_while_learning_carries_nothing_over() {
    let learner = crate::guest::learner(ACT, "(call $wasi.cli/exit.exit (i32.const 0)) unreachable");
    let ran = Run::of(&learner, &granting("", "[boundary]\ncarry = \"16 B\"\n"), "button").go();
    let transcript = ran.only();
    assert_eq!((&transcript["learned"]["outcome"], &transcript["learned"]["bytes"]), (&"trapped".into(), &0.into()));
}

#[test]
fn asking_for_a_socket_is_a_notice_where_a_runtime_asks_and_else_recorded_as_ungranted() {
    // `not-supported` and `access-denied`, as `wit/wasi/` numbers them.
    let asked = |call: &str, code: u32| {
        let says =
            format!("(if (i32.ne (i32.load8_u offset=4 (global.get $answer)) (i32.const {code})) (then unreachable))");
        let transcript = run(&format!("{call} {REFUSED} {says}"));
        assert_eq!(ended(&transcript).1, "returned", "{call}");
        let entry = transcript["entries"].as_array().unwrap().last().unwrap();
        assert_eq!(
            (&entry["rule"], &entry["due"]),
            (&"virtual WASI has no sockets".into(), &"before".into()),
            "{call}"
        );
        (violations(&transcript, "ungranted"), transcript.get("notices").cloned(), entry["decision"].clone())
    };
    let noted = Some(serde_json::json!({ "ungranted": 1 }));
    let stream = "(call $wasi.sockets/tcp-create-socket.create-tcp-socket (i32.const 0) (global.get $answer))";
    assert_eq!(asked(stream, 2), (0, noted, "noted".into()));
    let datagrams = "(call $wasi.sockets/udp-create-socket.create-udp-socket (i32.const 0) (global.get $answer))";
    assert_eq!(asked(datagrams, 1), (1, None, "refused".into()));
    let network = "(call $wasi.sockets/instance-network.instance-network)";
    let name = format!(
        "(call $wasi.sockets/ip-name-lookup.resolve-addresses {network} (i32.const 0) (i32.const 3) (global.get $answer))"
    );
    assert_eq!(asked(&name, 1), (1, None, "refused".into()));
}

#[test]
fn an_error_says_what_the_policy_says_and_nothing_of_the_host() {
    let body = format!(
        "(call $wasi.io/streams.output-stream.write-zeroes {STDOUT} (i64.const -1) (global.get $answer))
         (call $wasi.io/error.error.to-debug-string (i32.load offset=8 (global.get $answer)) (global.get $answer))
         (call $log.write (i32.load (global.get $answer)) (i32.load offset=4 (global.get $answer)) (global.get $answer))"
    );
    assert_eq!(lines(&run(&body)), ["over quota: episode.call-bytes"]);
}

fn load(imports: &str) -> Result<Agent, Error> {
    let policy = crate::common::policy("strict");
    let engine = Engine::new(dayfly::episode::memory(&policy), 1).unwrap();
    let run = "(core module $m (func (export \"run\")))
        (core instance $i (instantiate $m)) (func (export \"run\") (canon lift (core func $i \"run\")))";
    Agent::load("test", format!("(component {imports} {run})").as_bytes(), &engine)
}

#[test]
fn every_version_of_wasi_0_2_will_do_and_no_other() {
    let import = |version: &str| {
        format!("(import \"wasi:random/random@{version}\" (instance (export \"get-random-u64\" (func (result u64)))))")
    };
    for version in ["0.2.0", "0.2.9", "0.2.12", "0.2.99"] {
        assert_eq!(load(&import(version)).unwrap().imports(), ["wasi"], "{version}");
    }
    for version in ["0.3.0", "0.1.0", "1.0.0", "0.2.0-rc-2023-11-10"] {
        let error = load(&import(version)).unwrap_err();
        assert!(error.help().contains("WASI 0.2"), "{version}: {error} {}", error.help());
    }
}

#[test]
fn a_function_of_wasi_that_is_newer_is_named() {
    let error = load("(import \"wasi:random/random@0.2.40\" (instance (export \"get-better\" (func (result u64)))))");
    let text = error.unwrap_err().to_string();
    assert!(text.contains("wasi:random/random@0.2.40.get-better"), "{text}");
    let error = load("(import \"wasi:http/types@0.2.12\" (instance))").unwrap_err();
    assert!(error.help().contains("without HTTP"), "{}", error.help());
}

#[test]
fn an_agent_that_prints_has_to_be_granted_the_log_as_well() {
    let prints = "(import \"wasi:cli/stdout@0.2.12\" (instance))";
    assert_eq!(load(prints).unwrap().imports(), ["log", "wasi"]);
}

/// Returns a component of two parts, one of which passes a text to the other.
fn joined(encoding: &str) -> String {
    format!(
        "(component
           (component $inner
             (core module $m (memory (export \"memory\") 1)
               (func (export \"realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 16))
               (func (export \"take\") (param i32 i32)
                 (if (i32.ne (i32.load8_u (local.get 0)) (i32.const 97)) (then unreachable))))
             (core instance $i (instantiate $m))
             (alias core export $i \"memory\" (core memory $memory))
             (alias core export $i \"realloc\" (core func $realloc))
             (func (export \"take\") (param \"text\" string)
               (canon lift (core func $i \"take\") string-encoding={encoding} (memory $memory) (realloc $realloc))))
           (component $main
             (import \"take\" (func $take (param \"text\" string)))
             (core module $own (memory (export \"memory\") 1) (data (i32.const 0) \"abc\"))
             (core instance $own (instantiate $own))
             (alias core export $own \"memory\" (core memory $memory))
             (core func $taken (canon lower (func $take) (memory $memory)))
             (core module $m
               (import \"\" \"take\" (func $take (param i32 i32)))
               (func (export \"run\") (call $take (i32.const 0) (i32.const 3))))
             (core instance $i (instantiate $m (with \"\" (instance (export \"take\" (func $taken))))))
             (func (export \"run\") (canon lift (core func $i \"run\"))))
           (instance $inner (instantiate $inner))
           (instance $main (instantiate $main (with \"take\" (func $inner \"take\"))))
           (export \"run\" (func $main \"run\")))"
    )
}

#[test]
fn a_component_of_two_parts_runs_where_its_texts_are_in_utf_8_and_is_refused_otherwise() {
    let joined_run = Run::of(&joined("utf8"), &granting("", ""), "off-switch").go();
    assert_eq!(ended(joined_run.only()), ("returned", "returned"));
    let engine = Engine::new(dayfly::episode::memory(&crate::common::policy("strict")), 1).unwrap();
    for encoding in ["utf16", "latin1+utf16"] {
        let refused = Agent::load("test", joined(encoding).as_bytes(), &engine);
        assert!(matches!(refused, Err(Error::Encoding { .. })), "{encoding}");
    }
}
