//! Operations of the contract, each at every end and under every mode. They are enumerated from
//! `wit/`, so that a new operation is tested here without being named.

use dayfly::capability::CAPABILITIES;
use dayfly::gate::AfterEnd;
use dayfly::transcript::End;
use serde_json::Value;

use crate::common::{granting, live};
use crate::guest::{ACT, ANSWERED, EXTEND, Operation, Part, REFUSED, SEND, ask, operations};

fn after_end(operation: &Operation) -> AfterEnd {
    CAPABILITIES.iter().find(|capability| capability.name == operation.capability).unwrap().after_end
}

/// Code that asks for the time until that is refused.
const WATCH: &str =
    "(loop $again (call $clock.now (global.get $answer)) (br_if $again (i32.eqz (i32.load8_u (global.get $answer)))))";

/// Ends and the way to reach them: the name, what the agent does, what the policy says, the
/// environment, and the number of refusals that tell the agent.
pub(crate) const ENDS: &[(&str, &str, &str, &str, &str, u64)] = &[
    ("terminated", ACT, "", "", "button", 0),
    ("steps", ACT, "steps = 1", "", "off-switch", 0),
    ("released", SEND, "ends-on = [\"release\"]", "", "off-switch", 0),
    ("violation", EXTEND, "", "[violations]\nextend-episode = \"end\"", "off-switch", 0),
    ("wall", WATCH, "fuel = 1_000_000_000\nwall = \"30ms\"", "", "off-switch", 1),
    ("fuel", WATCH, "fuel = 1_000_000\ngrace = { fuel = 1_000_000, records = 64 }", "", "off-switch", 1),
];

#[test]
fn every_operation_is_refused_and_recorded_once_after_every_end() {
    let operations = operations();
    for (end, reach, episode, rest, environment, told) in ENDS {
        for operation in &operations {
            let name = operation.full_name();
            let body = format!("{reach} {} {REFUSED}", operation.call());
            let transcript = live(&body, &granting(episode, rest), environment);
            assert_eq!(transcript["end"], *end, "{name} after {end}");
            assert_eq!(transcript["closing"], "returned", "{name} after {end}: it was not refused");
            assert_eq!(transcript["after_end"], told + 1, "{name} after {end}");
            let entry = transcript["entries"].as_array().unwrap().last().unwrap();
            assert_eq!((&entry["operation"], &entry["decision"]), (&name.as_str().into(), &"refused".into()));
            assert_eq!((&entry["rule"], &entry["due"]), (&"boundary".into(), &"after".into()));
            let class = match after_end(operation) {
                AfterEnd::Violation => "act-after-end".into(),
                AfterEnd::Notice => Value::Null,
            };
            assert_eq!(entry.get("class").unwrap_or(&Value::Null), &class, "{name} after {end}");
        }
    }
}

#[test]
fn every_operation_of_a_denied_capability_or_a_tripwire_is_recorded_and_has_no_effect() {
    let operations = operations();
    for (mode, class) in [("deny", "ungranted"), ("tripwire", "trip-wire")] {
        for operation in &operations {
            let name = operation.full_name();
            let policy = granting("", &format!("[grants.{}]\nmode = \"{mode}\"", operation.capability));
            let transcript = live(&operation.call(), &policy, "off-switch");
            let entries = transcript["entries"].as_array().unwrap();
            assert_eq!(entries.len(), 1, "{name} under {mode}");
            assert_eq!((&entries[0]["operation"], &entries[0]["class"]), (&name.as_str().into(), &class.into()));
            // A tripwire refuses what a grant would refuse as well, such as an empty path.
            let decision = entries[0]["decision"].as_str().unwrap();
            assert!(decision == "refused" || (mode == "tripwire" && decision == "pretended"), "{name}: {decision}");
            assert_eq!(transcript["steps"], 0, "{name} under {mode} had an effect");
            assert!(transcript.get("released").is_none() && transcript.get("log").is_none(), "{name} under {mode}");
        }
    }
}

/// Returns arguments that a grant accepts in a fresh episode. `None` if it never accepts any there:
/// there is nothing to read or to remove, and the boundary does not move.
fn accepted(operation: &Operation) -> Option<String> {
    let name = operation.full_name();
    let arguments: &[Part<'_>] = match name.as_str() {
        "workspace.read" | "workspace.remove" | "episode.request-extension" | "episode.request-carry-over" => {
            return None;
        }
        "workspace.write" | "workspace.append" => &[Part::Text("a"), Part::Zeros(5)],
        "outbox.send" => &[Part::Text("bob"), Part::Zeros(5)],
        "agenda.remind" => &[Part::U32(1), Part::Text("now")],
        "tools.call" => &[Part::Text("calculator"), Part::Text("1+1")],
        "random.bytes" => &[Part::U32(5)],
        "log.write" => &[Part::Text("hello")],
        _ => return Some(operation.call()),
    };
    Some(ask(&name, arguments))
}

#[test]
fn a_tripwire_answers_what_a_grant_accepts_and_nothing_happens() {
    for operation in operations() {
        let name = operation.full_name();
        let Some(call) = accepted(&operation) else { continue };
        let under = |mode| {
            let allow = if operation.capability == "tools" { "allow = [\"calculator\"]" } else { "" };
            let policy = granting("", &format!("[grants.{}]\nmode = \"{mode}\"\n{allow}", operation.capability));
            live(&format!("{call} {ANSWERED}"), &policy, "off-switch")
        };
        assert_eq!(under("grant")["end"], "returned", "{name} is not what a grant accepts");
        let pretended = under("tripwire");
        assert_eq!(pretended["end"], "returned", "{name}: the agent can tell");
        assert_eq!(pretended["violations"], serde_json::json!({ "trip-wire": 1 }), "{name}");
        assert_eq!(pretended["entries"][0]["decision"], "pretended", "{name}");
        assert_eq!(pretended["steps"], 0, "{name}");
        for trace in ["released", "log", "residue"] {
            assert!(pretended.get(trace).is_none(), "{name} left a {trace}");
        }
    }
}

/// Returns code that traps unless the answer to the last call is that the episode is over for this
/// reason.
fn says(end: &str) -> String {
    let reason = End::ALL.iter().position(|known| known.name() == end).unwrap();
    // If no answer has a number of 64 bits, the refusal lies at 4. Its first case is `ended`, and
    // the reason lies at 8.
    let reads = |at: u32, expected: usize| {
        format!(
            "(if (i32.ne (i32.load8_u offset={at} (global.get $answer)) (i32.const {expected})) (then unreachable))"
        )
    };
    [REFUSED.to_owned(), reads(4, 0), reads(8, reason)].concat()
}

#[test]
fn a_refusal_after_an_end_says_which_it_was() {
    for (end, reach, episode, rest, environment, _) in ENDS {
        let body = format!("{reach} (call $clock.now (global.get $answer)) {}", says(end));
        let transcript = live(&body, &granting(episode, rest), environment);
        assert_eq!((&transcript["end"], &transcript["closing"]), (&(*end).into(), &"returned".into()));
    }
}

#[test]
fn the_call_whose_violation_ends_an_episode_is_told_that_it_did() {
    let policy = granting("", "[violations]\nextend-episode = \"end\"");
    let transcript = live(&format!("{EXTEND} {}", says("violation")), &policy, "off-switch");
    assert_eq!((&transcript["end"], &transcript["closing"]), (&"violation".into(), &"returned".into()));
}
