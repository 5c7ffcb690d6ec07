//! Limits of a grant on the total of an episode, each hit exactly: one below it, at it, one above
//! it.

use dayfly::capability::{CAPABILITIES, Tools};
use serde_json::Value;

use crate::common::{Run, ended, granting, live, violations};
use crate::guest::{ACT, ANSWERED, Part, agent, ask};

/// Limit, the policy with it, the agent that uses so much of it, and the most that it may use.
pub(crate) struct Case {
    pub(crate) limit: &'static str,
    policy: &'static str,
    does: fn(u32) -> String,
    most: u32,
}

fn repeat(count: u32, call: &str) -> String {
    call.repeat(usize::try_from(count).unwrap())
}

fn send(body: u32) -> String {
    ask("outbox.send", &[Part::Text("bob"), Part::Zeros(body)])
}

fn remind(note: u32) -> String {
    ask("agenda.remind", &[Part::U32(1), Part::Zeros(note)])
}

fn tool(input: u32) -> String {
    ask("tools.call", &[Part::Text("search"), Part::Zeros(input)])
}

fn log(message: u32) -> String {
    ask("log.write", &[Part::Zeros(message)])
}

fn draw(count: u32) -> String {
    ask("random.bytes", &[Part::U32(count)])
}

fn wasi_draw(count: u32) -> String {
    format!("(call $wasi.random/random.get-random-bytes (i64.const {count}) (global.get $answer))\n")
}

fn wasi_write(bytes: u32) -> String {
    format!(
        "(call $wasi.io/streams.output-stream.write (call $wasi.cli/stdout.get-stdout) (i32.const 0) (i32.const {bytes})
           (global.get $answer))\n"
    )
}

fn wasi_zeroes(count: u32) -> String {
    format!(
        "(call $wasi.io/streams.output-stream.write-zeroes (call $wasi.cli/stdout.get-stdout) (i64.const {count})
           (global.get $answer))\n"
    )
}

pub(crate) const CASES: &[Case] = &[
    // A recipient counts as well, and has three bytes here.
    Case { limit: "outbox.bytes", policy: "bytes = \"100 B\"", does: |n| send(60) + &send(n), most: 34 },
    Case { limit: "outbox.messages", policy: "messages = 3", does: |n| repeat(n, &send(1)), most: 3 },
    Case { limit: "agenda.reminders", policy: "reminders = 3", does: |n| repeat(n, &remind(1)), most: 3 },
    Case { limit: "agenda.bytes", policy: "bytes = \"100 B\"", does: |n| remind(60) + &remind(n), most: 40 },
    Case { limit: "random.bytes", policy: "bytes = \"100 B\"", does: |n| draw(60) + &draw(n), most: 40 },
    // One number has eight bytes.
    Case { limit: "random.bytes", policy: "bytes = \"100 B\"", does: |n| ask("random.next", &[]) + &draw(n), most: 92 },
    Case {
        limit: "tools.calls",
        policy: "allow = [\"search\"]\ncalls = 3",
        does: |n| ask("tools.available", &[]) + &repeat(n, &tool(1)),
        most: 3,
    },
    Case {
        limit: "tools.bytes",
        policy: "allow = [\"search\"]\nbytes = \"100 B\"",
        does: |n| tool(60) + &tool(n),
        most: 40,
    },
    // A message counts eight bytes more than its text.
    Case { limit: "log.bytes", policy: "bytes = \"100 B\"", does: |n| log(60) + &log(n), most: 24 },
    Case {
        limit: "wasi.handles",
        policy: "handles = 3",
        does: |n| repeat(n, "(drop (call $wasi.cli/stdout.get-stdout))"),
        most: 3,
    },
    Case { limit: "wasi.random", policy: "random = \"100 B\"", does: |n| wasi_draw(60) + &wasi_draw(n), most: 40 },
];

#[test]
fn every_limit_of_a_grant_is_hit_exactly() {
    let mut faults = Vec::new();
    for Case { limit, policy, does, most } in CASES {
        let capability = limit.split('.').next().unwrap();
        let policy = granting("", &format!("[grants.{capability}]\nmode = \"grant\"\n{policy}\n"));
        for (amount, refused) in [(most - 1, 0), (*most, 0), (most + 1, 1)] {
            let transcript = live(&does(amount), &policy, "off-switch");
            let count = violations(&transcript, "over-quota");
            let is_last = |entry: &Value| entry["decision"] == "refused" && entry["rule"] == format!("grants.{limit}");
            let entries = transcript.get("entries").and_then(|entries| entries.as_array());
            let says_so = entries.and_then(|entries| entries.last()).is_some_and(is_last);
            if count != refused || says_so != (refused > 0) {
                faults.push(format!("{limit}: {amount} of {most} are refused {count} times"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_limit_is_forgotten() {
    // The limits of the workspace are tested where its index is, and `allow` is no number.
    for capability in CAPABILITIES.iter().filter(|capability| capability.name != "workspace") {
        for limit in capability.limits.iter().filter(|limit| limit.name != "allow") {
            let name = format!("{}.{}", capability.name, limit.name);
            assert!(CASES.iter().any(|case| case.limit == name), "{name}");
        }
    }
}

#[test]
fn a_tool_that_is_not_allowed_is_not_called() {
    let call = |name| ask("tools.call", &[Part::Text(name), Part::Text("1+1")]);
    let policy = granting("", "[grants.tools]\nmode = \"grant\"\nallow = [\"calculator\"]\n");
    for (name, refused) in [("calculator", 0), ("search", 1), ("calculato", 1)] {
        assert_eq!(violations(&live(&call(name), &policy, "off-switch"), "ungranted"), refused, "{name}");
    }
}

#[test]
fn a_recipient_has_1_to_128_bytes() {
    for (bytes, sent) in [(0, 0), (1, 1), (128, 1), (129, 0)] {
        let transcript = live(&ask("outbox.send", &[Part::Zeros(bytes), Part::Zeros(1)]), &granting("", ""), "button");
        assert_eq!(transcript["released"].as_array().map_or(0, Vec::len), sent, "{bytes} bytes");
        assert!(transcript.get("violations").is_none(), "a call that makes no sense is no violation");
    }
}

#[test]
fn every_byte_that_a_call_moves_costs_fuel() {
    let moving: [fn(u32) -> String; 9] = [
        log,
        send,
        remind,
        tool,
        draw,
        |bytes| ask("workspace.write", &[Part::Text("a"), Part::Zeros(bytes)]),
        wasi_draw,
        wasi_write,
        wasi_zeroes,
    ];
    let policy = granting("", "[grants.tools]\nmode = \"grant\"\nallow = [\"search\"]\n");
    for call in moving {
        let fuel = |bytes| live(&call(bytes), &policy, "off-switch")["fuel"].as_u64().unwrap();
        assert_eq!(fuel(1100) - fuel(100), 1000, "{}", call(100));
    }
    // The content that is read was written before: the answer alone makes the difference.
    let read = |written: u32| {
        let write = |path, bytes| ask("workspace.write", &[Part::Text(path), Part::Zeros(bytes)]);
        write("a", written) + &write("b", 2000 - written) + &ask("workspace.read", &[Part::Text("a")])
    };
    let fuel = |written| live(&read(written), &policy, "off-switch")["fuel"].as_u64().unwrap();
    assert_eq!(fuel(1100) - fuel(100), 1000);
}

#[test]
fn only_the_tools_that_are_allowed_are_named() {
    for (allowed, count) in [("", 0), ("\"calculator\"", 1), ("\"calculator\", \"search\"", 2)] {
        let policy = granting("", &format!("[grants.tools]\nmode = \"grant\"\nallow = [{allowed}]\n"));
        // The answer has its length at 8.
        let differs = format!("(i32.ne (i32.load offset=8 (global.get $answer)) (i32.const {count}))");
        let body = ask("tools.available", &[]) + &format!("{ANSWERED} (if {differs} (then unreachable))");
        assert_eq!(ended(&live(&body, &policy, "off-switch")).0, "returned", "{allowed}");
    }
}

#[test]
fn every_byte_of_an_answer_costs_fuel_too() {
    let used = |body: &str, allowed: &str, task: usize| {
        let policy = granting("", &format!("[grants.tools]\nmode = \"grant\"\nallow = [\"{allowed}\"]\n"));
        let run = Run { task: Some("x".repeat(task)), ..Run::of(&agent(body), &policy, "off-switch") };
        let transcript = run.go().only().clone();
        assert_eq!(ended(&transcript).0, "returned", "{body}");
        transcript["fuel"].as_u64().unwrap()
    };
    // The task is in the brief, and a tool may answer with all of it.
    for call in [ask("episode.brief", &[]), ask("tools.call", &[Part::Text("calculator"), Part::Text("1+1")])] {
        assert_eq!(used(&call, "calculator", 1100) - used(&call, "calculator", 100), 1000, "{call}");
    }
    // In the other calls the agent puts together as much, and is answered with a part of it.
    let write = |path: &str| ask("workspace.write", &[Part::Text(path), Part::Zeros(0)]);
    let entries = |bytes| {
        let names = write(&format!("d/{}", "a".repeat(bytes))) + &write(&format!("e/{}", "b".repeat(140 - bytes)));
        names + &ask("workspace.entries", &[Part::Text("d")])
    };
    let remind = |step, bytes| ask("agenda.remind", &[Part::U32(step), Part::Zeros(bytes)]);
    let due = |bytes| remind(1, bytes) + &remind(2, 1200 - bytes) + ACT + &ask("agenda.due", &[]);
    let poll = |count| crate::wasi::poll(500, count);
    let resolve = |bytes| {
        format!(
            "(call $wasi.sockets/ip-name-lookup.resolve-addresses (call $wasi.sockets/instance-network.instance-network)
               (i32.const 0) (i32.const {bytes}) (global.get $answer))"
        )
    };
    for (more, less, bytes) in [
        (entries(120), entries(20), 100),
        (due(1100), due(100), 1000),
        // A handle has four bytes, and so has its number in the answer.
        (poll(350), poll(100), 2000),
        (resolve(1100), resolve(100), 1000),
    ] {
        assert_eq!(used(&more, "calculator", 1) - used(&less, "calculator", 1), bytes, "{more}");
    }
    let named = |name: &str| used(&ask("tools.available", &[]), name, 1);
    let told = |name: &str| {
        let tools = Tools::builtin();
        let tool = tools.get(name).unwrap();
        u64::try_from(tool.name().len() + tool.description().len()).unwrap()
    };
    assert_ne!(told("calculator"), told("search"));
    assert_eq!(named("calculator") + told("search"), named("search") + told("calculator"));
}
