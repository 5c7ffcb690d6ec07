//! Limits of an episode, each hit exactly: one below it, at it, one above it.
//!
//! The totals of a grant are in `quotas`, the steps of an episode in `boundary`, and the bounds of
//! the compiler in `bombs`.

use std::time::{Duration, Instant};

use dayfly::agent::{Agent, Engine, Error};
use serde_json::Value;

use crate::common::{Run, ended, granting, live, policy, violations};
use crate::guest::{ACT, ANSWERED, Part, REFUSED, agent, ask, with};

/// Returns the least number from `low` on for which `holds`, if it holds for every greater one up
/// to `high`.
fn least(mut low: u64, mut high: u64, holds: impl Fn(u64) -> bool) -> u64 {
    assert!(holds(high) && !holds(low), "the bounds do not enclose it");
    while high - low > 1 {
        let middle = low.midpoint(high);
        *(if holds(middle) { &mut high } else { &mut low }) = middle;
    }
    high
}

#[test]
fn fuel_ends_an_episode_at_the_first_call_that_it_does_not_pay_for_to_the_unit() {
    let module = agent(&format!("(call $spin (i32.const 1000)) {ACT}"));
    let with_fuel = |fuel: u64| {
        let text = granting(&format!("fuel = {fuel}\ngrace = {{ fuel = 1000, records = 4 }}"), "");
        Run::of(&module, &text, "off-switch").go().only().clone()
    };
    let enough = least(1_000, 100_000, |fuel| with_fuel(fuel)["end"] == "returned");
    let (below, at, above) = (with_fuel(enough - 1), with_fuel(enough), with_fuel(enough + 1));
    assert_eq!((&below["end"], &below["steps"]), (&"fuel".into(), &0.into()));
    assert_eq!((&at["end"], &at["steps"]), (&"returned".into(), &1.into()));
    assert_eq!((&above["end"], &above["steps"]), (&"returned".into(), &1.into()));
    // The agent pays for the call alone: a few instructions follow the call.
    let used = at["fuel"].as_u64().unwrap();
    assert!((enough..enough + 16).contains(&used), "{used} of {enough}");
    assert_eq!(used, above["fuel"].as_u64().unwrap());
}

/// Returns the fuel of an agent that asks for nothing, as wasmtime counts it without Dayfly.
fn cost(module: &str) -> u64 {
    const ENOUGH: u64 = 1_000_000;
    let engine = wasmtime::Engine::new(wasmtime::Config::new().consume_fuel(true)).unwrap();
    let component = wasmtime::component::Component::new(&engine, crate::core::component(module)).unwrap();
    let mut linker = wasmtime::component::Linker::new(&engine);
    linker.define_unknown_imports_as_traps(&component).unwrap();
    let mut store = wasmtime::Store::new(&engine, ());
    store.set_fuel(ENOUGH).unwrap();
    let instance = linker.instantiate(&mut store, &component).unwrap();
    instance.get_typed_func::<(), ()>(&mut store, "run").unwrap().call(&mut store, ()).unwrap();
    ENOUGH - store.get_fuel().unwrap()
}

#[test]
fn a_loop_without_a_call_has_the_fuel_of_the_episode_and_of_the_grace_and_no_unit_more() {
    let module = agent("(call $spin (i32.const 400))");
    let with_grace = |grace: u64| {
        let text = granting(&format!("fuel = 2000\ngrace = {{ fuel = {grace}, records = 4 }}"), "");
        Run::of(&module, &text, "off-switch").go().only().clone()
    };
    let enough = least(0, 2_000, |grace| with_grace(grace)["closing"] == "returned");
    // With enough fuel the count is that of wasmtime: none is given besides.
    let ample = Run::of(&module, &granting("fuel = 100_000", ""), "off-switch").go();
    assert_eq!(ample.only()["fuel"], cost(&module));
    let below = with_grace(enough - 1);
    assert_eq!(ended(&below), ("fuel", "outlived"));
    assert_eq!(below["fuel"], 2_000 + enough - 1, "all of it was used, and no more");
    assert_eq!(ended(&with_grace(enough)).1, "returned");
}

#[test]
fn the_wall_clock_cuts_a_host_call_that_waits_and_no_other() {
    let waiting = |milliseconds: u32, wall: &str| {
        let call = ask("tools.call", &[Part::Text("wait"), Part::Text(&milliseconds.to_string())]);
        let text = granting(&format!("wall = \"{wall}\""), "[grants.tools]\nmode = \"grant\"\nallow = [\"wait\"]\n");
        let started = Instant::now();
        let transcript = live(&format!("{call} {ACT}"), &text, "off-switch");
        (transcript, started.elapsed())
    };
    let (below, took) = waiting(60, "60s");
    assert_eq!((&below["end"], &below["steps"]), (&"returned".into(), &1.into()));
    assert!(took >= Duration::from_millis(60));
    let (above, took) = waiting(30_000, "60ms");
    assert_eq!(ended(&above), ("wall", "returned"));
    assert_eq!((&above["steps"], violations(&above, "act-after-end")), (&0.into(), 1), "the answer told it");
    let entry = &above["entries"][0];
    assert_eq!((&entry["operation"], &entry["decision"]), (&"tools.call".into(), &"granted".into()));
    assert!(took >= Duration::from_millis(60) && took < Duration::from_secs(20), "{took:?}");
}

#[test]
fn memory_is_limited_to_the_byte() {
    let page = 65_536;
    let grow = |bytes: u32| {
        live("(drop (memory.grow (i32.const 1)))", &granting(&format!("memory = \"{bytes} B\""), ""), "off-switch")
    };
    for (bytes, refused) in [(2 * page + 1, 0), (2 * page, 0), (2 * page - 1, 1)] {
        assert_eq!(violations(&grow(bytes), "over-quota"), refused, "{bytes} bytes for two pages");
    }
}

fn load(text: &str, episode: &str) -> Result<Agent, Error> {
    let policy = policy(&granting(episode, ""));
    let engine = Engine::new(dayfly::episode::memory(&policy), 1).unwrap();
    let bytes = if text.starts_with("(component") { text.into() } else { crate::core::component(text) };
    Agent::load("test", &bytes, &engine)
}

#[test]
fn what_an_agent_begins_with_counts_like_what_it_grows_to() {
    let begin = |pages: u32, elements: u32| {
        let module = with(pages, &format!("(table {elements} funcref)"), "");
        load(&module, "memory = \"128 KiB\"\ntable-elements = 10")
    };
    for (pages, elements, fits) in [(1, 9, true), (2, 10, true), (3, 10, false), (2, 11, false)] {
        match begin(pages, elements) {
            Ok(_) => assert!(fits, "{pages} pages, {elements} elements"),
            Err(error) => assert!(!fits && matches!(error, Error::Memory { .. } | Error::Tables { .. }), "{error}"),
        }
    }
}

#[test]
fn a_table_grows_to_its_limit_and_no_element_further() {
    for (elements, refused) in [(8, 0), (9, 0), (10, 1)] {
        let run = format!("(drop (table.grow $t (ref.null func) (i32.const {elements})))");
        let module = with(1, "(table $t 1 funcref)", &run);
        let ran = Run::of(&module, &granting("table-elements = 10", ""), "off-switch").go();
        assert_eq!(violations(ran.only(), "over-quota"), refused, "{elements} elements more than one");
    }
}

#[test]
fn an_agent_has_room_for_so_many_instances_memories_and_tables() {
    let made = |module: &str, count: u32| {
        let others = "(core instance (instantiate $n))".repeat(usize::try_from(count).unwrap());
        format!(
            "(component (core module $n {module}) {others} (core module $m (func (export \"run\")))
               (core instance $i (instantiate $m)) (func (export \"run\") (canon lift (core func $i \"run\"))))"
        )
    };
    // The agent itself is one instance more, with neither a memory nor a table.
    for (module, most) in [("", 31), ("(memory 0)", 4), ("(table 0 funcref)", 16)] {
        for (count, fits) in [(most - 1, true), (most, true), (most + 1, false)] {
            match load(&made(module, count), "") {
                Ok(_) => assert!(fits, "{count} of {module:?}"),
                Err(error) => assert!(!fits && matches!(error, Error::Room { .. }), "{count} of {module:?}: {error}"),
            }
        }
    }
}

#[test]
fn an_agent_holds_a_thousand_and_twenty_four_handles_of_its_own() {
    let made = |count: u32| {
        let component = format!(
            "(component
               (type $r (resource (rep i32)))
               (core func $new (canon resource.new $r))
               (core module $m (import \"\" \"new\" (func $new (param i32) (result i32)))
                 (func (export \"run\") {}))
               (core instance $i (instantiate $m (with \"\" (instance (export \"new\" (func $new))))))
               (func (export \"run\") (canon lift (core func $i \"run\"))))",
            "(drop (call $new (i32.const 7)))".repeat(usize::try_from(count).unwrap())
        );
        ended(Run::of(&component, &granting("", ""), "off-switch").go().only()).0.to_owned()
    };
    for (count, end) in [(1023, "returned"), (1024, "returned"), (1025, "trapped")] {
        assert_eq!(made(count), end, "{count} handles");
    }
}

#[test]
fn the_stack_is_full_at_one_depth_and_that_is_a_trap() {
    let call = |depth: u64| {
        let module = with(
            1,
            "(func $down (param i32) (if (local.get 0) (then (call $down (i32.sub (local.get 0) (i32.const 1))))))",
            &format!("(call $down (i32.const {depth}))"),
        );
        Run::of(&module, &granting("fuel = 100_000_000", ""), "off-switch").go().only().clone()
    };
    let full = least(100, 1_000_000, |depth| call(depth)["end"] == "trapped");
    assert_eq!(ended(&call(full - 1)), ("returned", "returned"));
    assert_eq!(ended(&call(full)), ("trapped", "trapped"));
    assert_eq!(ended(&call(full + 1)), ("trapped", "trapped"));
    // 512 KiB of frames of 16 bytes or more.
    assert!((2_000..=32_768).contains(&full), "{full} calls");
}

#[test]
fn one_call_moves_what_it_takes_and_what_it_answers_together() {
    let limit = "call-bytes = \"1 KiB\"";
    let write = |bytes| ask("workspace.write", &[Part::Text("a"), Part::Zeros(bytes)]);
    // The path is one byte.
    for (bytes, refused) in [(1022, 0), (1023, 0), (1024, 1)] {
        assert_eq!(violations(&live(&write(bytes), &granting(limit, ""), "off-switch"), "over-quota"), refused);
    }
    let draw = |bytes| ask("random.bytes", &[Part::U32(bytes)]);
    for (bytes, refused) in [(1023, 0), (1024, 0), (1025, 1)] {
        assert_eq!(violations(&live(&draw(bytes), &granting(limit, ""), "off-switch"), "over-quota"), refused);
    }
    // A file of 1023 bytes can be written, and read by a path of one byte; with one byte more it is
    // too much.
    let read = |name: &str| {
        let append = |bytes| ask("workspace.append", &[Part::Text(name), Part::Zeros(bytes)]);
        format!("{}{} {}", append(512), append(511), ask("workspace.read", &[Part::Text(name)]))
    };
    for (name, refused) in [("a", 0), ("ab", 1)] {
        assert_eq!(violations(&live(&read(name), &granting(limit, ""), "off-switch"), "over-quota"), refused, "{name}");
    }
}

#[test]
fn a_list_that_is_lifted_is_no_larger_than_the_memory_that_the_policy_grants() {
    // Two lists of the same bytes: each is in the memory, and both together are more than it.
    let send = |bytes: u32| {
        let call = ask("outbox.send", &[Part::Zeros(65_536), Part::Zeros(bytes)]);
        let text = granting("memory = \"128 KiB\"\nfuel = 10_000_000", "");
        Run::of(&with(2, "", &call), &text, "off-switch").go().only().clone()
    };
    assert_eq!(send(65_000)["end"], "returned");
    assert_eq!(send(131_072)["end"], "trapped");
}

#[test]
fn every_limit_of_a_workspace_is_hit_exactly() {
    let write = |path: &str, bytes: u32| ask("workspace.write", &[Part::Text(path), Part::Zeros(bytes)]);
    let over = |body: &str, limit: &str| {
        let text = granting("", &format!("[grants.workspace]\nmode = \"grant\"\n{limit}\n"));
        let transcript = live(body, &text, "off-switch");
        let last = transcript["entries"].as_array().unwrap().last().unwrap().clone();
        (violations(&transcript, "over-quota"), last["rule"].as_str().unwrap().to_owned())
    };
    for (bytes, refused) in [(39, 0), (40, 0), (41, 1)] {
        let (count, rule) = over(&(write("a", 60) + &write("b", bytes)), "bytes = \"100 B\"");
        assert_eq!(count, refused, "{bytes} bytes beside 60");
        assert!(refused == 0 || rule == "grants.workspace.bytes");
    }
    // Appended bytes count with the bytes that were there, and written bytes count in their place.
    let append = |bytes| ask("workspace.append", &[Part::Text("a"), Part::Zeros(bytes)]);
    for (bytes, refused) in [(39, 0), (40, 0), (41, 1)] {
        assert_eq!(over(&(write("a", 60) + &append(bytes)), "bytes = \"100 B\"").0, refused, "{bytes} bytes after 60");
        let anew = write("a", 90) + &write("a", 60) + &write("b", bytes);
        assert_eq!(over(&anew, "bytes = \"100 B\"").0, refused, "{bytes} bytes beside 60 in place of 90");
    }
    for (files, refused) in [(2, 0), (3, 0), (4, 1)] {
        let body: String = ["a", "b", "c", "d"].iter().take(files).map(|name| write(name, 1)).collect();
        let (count, rule) = over(&body, "files = 3");
        assert_eq!(count, refused, "{files} files");
        assert!(refused == 0 || rule == "grants.workspace.files");
    }
    // A folder counts like a file.
    for (path, refused) in [("a/b", 0), ("a/b/c", 0), ("a/b/c/d", 1)] {
        assert_eq!(over(&write(path, 1), "files = 3").0, refused, "{path}");
        let (count, rule) = over(&write(path, 1), "depth = 3");
        assert_eq!(count, refused, "{path}");
        assert!(refused == 0 || rule == "grants.workspace.depth");
    }
}

#[test]
fn a_name_and_a_path_have_so_many_bytes_and_no_more() {
    let write = |path: &str, expected: &str| {
        let body = ask("workspace.write", &[Part::Text(path), Part::Zeros(1)]) + expected;
        let text = granting("", "[grants.workspace]\nmode = \"grant\"\ndepth = 32\nfiles = 100\n");
        let transcript = live(&body, &text, "off-switch");
        assert_eq!(transcript["end"], "returned", "a path of {} bytes", path.len());
        assert_eq!(violations(&transcript, "over-quota"), 0, "it is no quota: the path is none");
    };
    for (bytes, expected) in [(127, ANSWERED), (128, ANSWERED), (129, REFUSED)] {
        write(&"x".repeat(bytes), expected);
    }
    let fitting = ["x".repeat(127).as_str(); 7].join("/") + "/" + &"y".repeat(128);
    assert_eq!(fitting.len(), 1024);
    write(&fitting, ANSWERED);
    write(&fitting[1..], ANSWERED);
    write(&["x".repeat(127).as_str(), &fitting[127..1023], "/z"].concat(), REFUSED);
}

#[test]
fn the_record_keeps_so_many_entries_and_counts_the_rest() {
    let kept = |transcript: &Value| transcript["entries"].as_array().unwrap().len();
    let cut = |transcript: &Value| transcript.get("entries_cut").map_or(0, |count| count.as_u64().unwrap());
    // Before the boundary a call that cannot be recorded does not happen. The first violation of a
    // class is kept besides.
    let send = ask("outbox.send", &[Part::Text("bob"), Part::Zeros(1)]);
    for (calls, sent, refused, cuts) in [(2, 2, 0, 0), (3, 3, 0, 0), (4, 3, 1, 0), (5, 3, 2, 1)] {
        let transcript = live(&send.repeat(calls), &granting("", "[record]\nentries = 3\n"), "off-switch");
        assert_eq!(transcript["released"].as_array().unwrap().len(), sent, "{calls} messages");
        assert_eq!(violations(&transcript, "over-quota"), refused);
        assert_eq!(
            (kept(&transcript), cut(&transcript)),
            (calls - usize::try_from(cuts).unwrap(), cuts),
            "{calls} messages"
        );
    }
    // After the boundary an entry that is not kept is counted.
    for (calls, keeps, cuts) in [(2, 2, 0), (3, 3, 0), (4, 3, 1)] {
        let text = granting("grace = { fuel = 10_000, records = 3 }", "");
        let transcript = live(&ACT.repeat(calls + 1), &text, "button");
        assert_eq!((kept(&transcript), cut(&transcript)), (keeps, cuts), "{calls} calls after the end");
        assert_eq!(violations(&transcript, "act-after-end"), u64::try_from(calls).unwrap());
    }
}

#[cfg(unix)]
#[test]
fn a_call_that_waits_hears_of_the_operator_too() {
    let place = tempfile::tempdir().unwrap();
    let call = ask("tools.call", &[Part::Text("wait"), Part::Text("30000")]);
    let text = granting("wall = \"60s\"", "[grants.tools]\nmode = \"grant\"\nallow = [\"wait\"]\n");
    std::fs::write(place.path().join("agent.wasm"), crate::core::component(&agent(&call))).unwrap();
    std::fs::write(place.path().join("policy.toml"), text).unwrap();
    let mut child = crate::common::dayfly()
        .args(["run", "./agent.wasm", "-p", "./policy.toml", "-e", "off-switch", "--quiet", "--out", "run"])
        .current_dir(&place)
        .spawn()
        .unwrap();
    let folder = place.path().join("run");
    while !folder.join("transcripts.jsonl").exists() {
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_millis(100));
    let started = Instant::now();
    let interrupt = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(started.elapsed() < Duration::from_secs(20), "it waited on");
    let line = crate::common::read(&folder.join("transcripts.jsonl"));
    let transcript: Value = serde_json::from_str(line.trim()).unwrap();
    assert_eq!((&transcript["end"], &transcript["entries"][0]["decision"]), (&"cancelled".into(), &"granted".into()));
}
