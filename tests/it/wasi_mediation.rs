//! Functions of virtual WASI, each at every end and under every mode. They are enumerated from
//! `wit/wasi/`, so that a new function is tested here without being named.

use std::collections::BTreeSet;

use dayfly::capability::{CAPABILITIES, wasi_has};
use serde_json::Value;

use crate::common::{Run, granting, live};
use crate::guest::{HANDLES, Operation, REFUSED, learner, wasi_functions};
use crate::mediation::ENDS;

/// Returns the code that an agent needs before it can call a function; `None` if nobody holds the
/// handle that it needs.
fn prepare(function: &Operation) -> Option<String> {
    let mut text = String::new();
    for resource in function.handles() {
        let (_, made) = HANDLES.iter().find(|(name, _)| *name == resource)?;
        text.push_str(made);
    }
    if function.name == "io/poll.poll" {
        let (_, made) = HANDLES.iter().find(|(name, _)| *name == "pollable")?;
        text = format!("{made} (i32.store (i32.const 0) (global.get $pollable))");
    }
    Some(text)
}

/// Returns the call. A list of pollables has one, and a text that is printed has five bytes, so
/// that there is an effect to be seen.
fn call(function: &Operation) -> String {
    let arguments = match function.name.as_str() {
        "io/poll.poll" => "(i32.const 0) (i32.const 1)",
        "io/streams.output-stream.write" | "io/streams.output-stream.blocking-write-and-flush" => {
            "(global.get $output-stream) (i32.const 0) (i32.const 5)"
        }
        "io/streams.output-stream.write-zeroes" | "io/streams.output-stream.blocking-write-zeroes-and-flush" => {
            "(global.get $output-stream) (i64.const 5)"
        }
        _ => return function.call(),
    };
    format!("(call ${} {arguments} (global.get $answer))", function.full_name())
}

/// Returns the functions that can be called, each with the code that comes before.
fn callable() -> Vec<(Operation, String)> {
    let known = wasi_functions().into_iter();
    known.filter_map(|function| prepare(&function).map(|before| (function, before))).collect()
}

fn last(transcript: &Value) -> &Value {
    transcript["entries"].as_array().unwrap().last().unwrap()
}

#[test]
fn every_function_of_wasi_is_an_operation_and_no_operation_is_more() {
    let operations: BTreeSet<&str> = CAPABILITIES
        .iter()
        .filter(|capability| capability.name == "wasi")
        .flat_map(|capability| capability.operations)
        .map(|operation| operation.name)
        .collect();
    let callable = callable();
    let called: BTreeSet<&str> = callable.iter().map(|(function, _)| function.name.as_str()).collect();
    assert_eq!(operations, called);
    for function in wasi_functions() {
        let (path, plain) = function.name.split_once('.').unwrap();
        assert!(wasi_has(path, plain), "`{}` is in wit/wasi and nowhere else", function.name);
    }
    assert!(!wasi_has("io/streams", "[method]output-stream.read"));
}

#[test]
fn every_function_of_wasi_is_refused_and_recorded_once_after_every_end() {
    let functions = callable();
    for (end, reach, episode, rest, environment, told) in ENDS {
        for (function, before) in &functions {
            let name = function.full_name();
            // An agent that exits cannot see that it was refused.
            let refused = if function.can_fail { REFUSED } else { "" };
            let body = format!("{before} {reach} {} {refused}", call(function));
            let transcript = live(&body, &granting(episode, rest), environment);
            assert_eq!(transcript["end"], *end, "{name} after {end}");
            assert_eq!(transcript["closing"], "returned", "{name} after {end}: it was not refused, or trapped");
            assert_eq!(transcript["after_end"], told + 1, "{name} after {end}");
            let entry = last(&transcript);
            assert_eq!((&entry["operation"], &entry["decision"]), (&name.as_str().into(), &"refused".into()));
            assert_eq!((&entry["rule"], &entry["due"]), (&"boundary".into(), &"after".into()));
            assert_eq!(entry.get("class"), None, "{name} after {end} is no more than a notice");
            assert!(transcript.get("log").is_none(), "{name} after {end} had an effect");
        }
    }
}

#[test]
fn every_function_of_wasi_that_is_denied_or_a_tripwire_is_recorded_and_has_no_effect() {
    let functions = callable();
    for (mode, class) in [("deny", "ungranted"), ("tripwire", "trip-wire")] {
        let policy = granting("", &format!("[grants.wasi]\nmode = \"{mode}\""));
        for (function, before) in &functions {
            let name = function.full_name();
            let fails = mode == "deny" && function.can_fail;
            let body = format!("{before} {} {}", call(function), if fails { REFUSED } else { "" });
            let transcript = live(&body, &policy, "off-switch");
            assert_eq!(transcript["closing"], "returned", "{name} under {mode}");
            let entry = last(&transcript);
            assert_eq!((&entry["operation"], &entry["class"]), (&name.as_str().into(), &class.into()), "{name} {mode}");
            let decision = entry["decision"].as_str().unwrap();
            assert!(decision == "refused" || (mode == "tripwire" && decision == "pretended"), "{name}: {decision}");
            assert!(transcript.get("log").is_none(), "{name} under {mode} had an effect");
        }
    }
}

/// Functions that a language runtime calls by itself: the list that `dayfly explain wasi` shows,
/// written down once more.
const BY_RUNTIMES: [&str; 20] = [
    "cli/environment.get-environment",
    "cli/environment.get-arguments",
    "cli/environment.initial-cwd",
    "cli/stdin.get-stdin",
    "cli/stdout.get-stdout",
    "cli/stderr.get-stderr",
    "cli/terminal-stdin.get-terminal-stdin",
    "cli/terminal-stdout.get-terminal-stdout",
    "cli/terminal-stderr.get-terminal-stderr",
    "clocks/monotonic-clock.now",
    "clocks/monotonic-clock.resolution",
    "clocks/wall-clock.now",
    "clocks/wall-clock.resolution",
    "random/random.get-random-bytes",
    "random/random.get-random-u64",
    "random/insecure.get-insecure-random-bytes",
    "random/insecure.get-insecure-random-u64",
    "random/insecure-seed.insecure-seed",
    "filesystem/preopens.get-directories",
    "sockets/tcp-create-socket.create-tcp-socket",
];

#[test]
fn every_function_of_wasi_is_refused_and_recorded_while_an_agent_learns() {
    assert!(BY_RUNTIMES.iter().all(|name| callable().iter().any(|(function, _)| function.name == *name)));
    for (function, before) in callable().iter().filter(|(function, _)| !function.name.starts_with("cli/exit.")) {
        let name = function.full_name();
        let refused = if function.can_fail { REFUSED } else { "" };
        let module = learner("", &format!("{before} {} {refused} (call $list (i32.const 0))", call(function)));
        let ran = Run::of(&module, &granting("", "[boundary]\ncarry = \"16 B\"\n"), "button").go();
        let transcript = ran.only();
        assert_eq!(transcript["learned"]["outcome"], "carried", "{name}");
        let entry = last(transcript);
        assert_eq!((&entry["operation"], &entry["rule"]), (&name.as_str().into(), &"learn".into()));
        let is_noted = BY_RUNTIMES.contains(&function.name.as_str());
        let (decision, class) = if is_noted { ("noted", Value::Null) } else { ("refused", "ungranted".into()) };
        assert_eq!(
            (&entry["decision"], entry.get("class").unwrap_or(&Value::Null)),
            (&decision.into(), &class),
            "{name}"
        );
        // A runtime also asks for a handle to a standard stream.
        let handed = u64::try_from(before.matches("get-std").count()).unwrap() + u64::from(is_noted);
        let noted = transcript.get("notices").map_or(0, |notices| notices["ungranted"].as_u64().unwrap());
        assert_eq!(noted, handed, "{name}");
    }
}

#[test]
fn every_function_of_wasi_that_is_granted_answers() {
    for (function, before) in callable() {
        let name = function.full_name();
        let transcript = live(&format!("{before} {}", call(&function)), &granting("", ""), "off-switch");
        assert_eq!(transcript["closing"], "returned", "{name}: {transcript}");
        let prints = name.contains("write") && !name.ends_with("check-write");
        assert_eq!(transcript.get("log").is_some(), prints, "{name}: {transcript}");
    }
}

#[test]
fn what_nobody_holds_cannot_be_called() {
    let functions = wasi_functions();
    let absent: Vec<&Operation> = functions.iter().filter(|function| prepare(function).is_none()).collect();
    assert!(absent.len() > 60, "{}", absent.len());
    for function in absent {
        let name = function.full_name();
        // A handle that the agent does hold, to something else.
        let mut text = function.call();
        for resource in function.handles() {
            text = text.replace(&format!("(global.get ${resource})"), "(local.get $other)");
        }
        let body = format!("(local $other i32) (local.set $other (call $wasi.cli/stdout.get-stdout)) {text}");
        let transcript = live(&body, &granting("", ""), "off-switch");
        assert_eq!(transcript["closing"], "trapped", "{name}");
        assert!(transcript.get("entries").is_none(), "{name} came to a decision");
    }
}

#[test]
fn no_function_of_wasi_hands_out_what_nobody_holds() {
    let is_held = |resource: &String| HANDLES.iter().any(|(held, _)| held == resource);
    let mut asked = BTreeSet::new();
    for (function, before) in callable() {
        if function.hands_out.iter().all(is_held) {
            continue;
        }
        let name = function.full_name();
        let body = format!("{before} {} {}", call(&function), function.nothing);
        let transcript = live(&body, &granting("", ""), "off-switch");
        assert_eq!(transcript["closing"], "returned", "{name} handed something out");
        asked.insert(name);
    }
    for road in ["filesystem/preopens.get-directories", "sockets/tcp-create-socket.create-tcp-socket"] {
        assert!(asked.contains(&format!("wasi.{road}")), "{asked:?}");
    }
    assert!(asked.len() >= 5, "{asked:?}");
}
