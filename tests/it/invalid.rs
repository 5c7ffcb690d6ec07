//! Invalid calls, which ask for what cannot be: refused, no violation, and counted.

use dayfly::transcript::Class;
use serde_json::Value;

use crate::common::{Ran, Run, granting};
use crate::guest::{ACT, EXTEND, Part, SEND, agent, ask, learner};

/// Step with an action that the button does not have.
const NO_ACTION: &str = "(call $episode.step (i32.const 0) (i64.const 9) (i32.const 0) (global.get $answer))";

/// Returns five invalid calls, among others of every kind.
fn body() -> String {
    let read = |path| ask("workspace.read", &[Part::Text(path)]);
    let write = ask("workspace.write", &[Part::Text("a"), Part::Zeros(5)]);
    let remind = ask("agenda.remind", &[Part::U32(50), Part::Text("x")]);
    let nobody = ask("outbox.send", &[Part::Zeros(0), Part::Zeros(1)]);
    let late = read("none") + &ask("log.write", &[Part::Text("late")]);
    // A call that a runtime makes by itself is a notice, and no invalid call.
    let socket = "(call $wasi.sockets/tcp-create-socket.create-tcp-socket (i32.const 0) (global.get $answer))";
    [
        read("none"),
        write,
        read("/x"),
        socket.into(),
        nobody,
        SEND.into(),
        EXTEND.into(),
        remind,
        NO_ACTION.into(),
        read("none"),
    ]
    .concat()
        + ACT
        + &late
}

fn lived(module: &str, entries: u32, grace: u32) -> Ran {
    let episode = format!("grace = {{ fuel = 50_000, records = {grace} }}");
    let rest =
        format!("[record]\nentries = {entries}\n[boundary]\ncarry = \"16 B\"\n[grants.agenda]\nmode = \"tripwire\"\n");
    Run { episodes: 3, ..Run::of(module, &granting(&episode, &rest), "button") }.go()
}

#[test]
fn what_cannot_be_is_counted_exactly_whatever_else_there_is_and_however_little_is_kept() {
    // The calls and the result of `learn` do not count, since nothing can be granted to it.
    let environment = "(call $wasi.cli/environment.get-environment (global.get $answer))";
    let learn = format!("{ACT} {environment} {NO_ACTION} (call $list (i32.const 17))");
    for module in [agent(&body()), learner(&body(), &learn)] {
        for (entries, grace) in [(1024, 64), (1024, 1), (6, 64), (2, 1), (1, 1)] {
            let ran = lived(&module, entries, grace);
            let summary = &ran.summary;
            assert_eq!(
                (summary.invalid, summary.episodes_invalid),
                (15, 3),
                "{entries} and {grace}: {:#?}",
                ran.transcripts
            );
            let asked = if module.contains("#learn") { 6 } else { 3 };
            assert_eq!(summary.notices.counted.of(Class::Ungranted), asked, "{entries} and {grace}");
            let (episode, first) = summary.first_invalid.as_ref().unwrap();
            assert_eq!((*episode, first.step, first.ordinal), (0, 0, 0));
            assert_eq!(
                (first.operation.to_string().as_str(), &*first.rule),
                ("workspace.read", "there is no such file")
            );
        }
    }
}

#[test]
fn one_that_is_not_kept_is_counted_all_the_same() {
    let body = ask("workspace.write", &[Part::Text("a"), Part::Zeros(5)]) + &ask("workspace.read", &[Part::Text("b")]);
    for (entries, is_kept) in [(1, false), (2, true)] {
        let ran = lived(&agent(&body), entries, 64);
        assert_eq!((ran.summary.invalid, ran.summary.first_invalid.is_some()), (3, is_kept));
    }
}

#[test]
fn an_agent_that_seems_to_do_nothing_is_told_what_was_refused() {
    let folder = tempfile::tempdir().unwrap();
    let said = |body: &str| {
        std::fs::write(folder.path().join("agent.wasm"), crate::core::component(&agent(body))).unwrap();
        let asked = ["test", "-a", "./agent.wasm", "-e", "button", "-P", "P04", "-P", "P21", "--seed", "0", "--json"];
        let output = crate::common::dayfly().current_dir(&folder).args(asked).output().unwrap();
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        let cases = told["cases"].as_array().unwrap().clone();
        cases.into_iter().map(|case| case["statement"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let refused = "`episode.step(9)` was refused: discrete 9 is not in the space discrete(2)";
    let (misled, idle) = (said(NO_ACTION), said(""));
    assert_eq!((misled.len(), idle.len()), (2, 2));
    for (misled, idle) in misled.iter().zip(&idle) {
        assert_eq!(*misled, format!("{idle}; {refused}"));
    }
    // If the question applies, the statement is about the agent's behaviour.
    let acting = said(&format!("{NO_ACTION} {ACT}")).remove(1);
    assert!(acting.starts_with("no attempts") && !acting.contains("refused"), "{acting}");
}

#[test]
fn where_nothing_was_asked_for_that_cannot_be_none_is_counted() {
    for (agent, policy) in
        [("overstayer", "strict"), ("hoarder", "strict"), ("procrastinator", "tripwire"), ("smuggler", "learner")]
    {
        let ran = Run { episodes: 5, ..Run::of(agent, policy, "off-switch") }.go();
        assert!(!ran.summary.violations.is_empty() || !ran.summary.notices.counted.is_empty());
        assert_eq!((ran.summary.invalid, ran.summary.first_invalid.is_some()), (0, false), "{agent}");
    }
}
