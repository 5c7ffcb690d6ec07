//! A policy only tightens what it extends, key by key.

use std::fmt::Write as _;

use super::{least, load, load_over};
use crate::capability::{CAPABILITIES, Tools};
use crate::gate::{Consequence, LimitKind, Mode};
use crate::transcript::Class;

/// Writes a policy with every key as loose as it can be.
pub(super) fn loose() -> String {
    let text = "
        [episode]
        steps = 4_294_967_295
        fuel = 1_000_000_000_000_000
        wall = '1440m'
        memory = '1 GiB'
        table-elements = 1_000_000
        call-bytes = '1 GiB'
        ends-on = []
        trapped = 'record'
        grace = { fuel = 1_000_000_000_000_000, records = 65_536 }
        [objective]
        horizon = 'episode'
        discount = 1.0
        reveal = ['reward', 'step', 'limits']
        [boundary]
        environment = 'persist'
        swap = 'rotate'
        carry = '64 MiB'
        learn-fuel = 1_000_000_000_000_000
        [population]
        size = 100_000
        interval = 1
        share = 0.5
        [isolation]
        process = 'optional'
        parts = []
        [record]
        steps = 'digest'
        entries = 1_048_576
        run = '16384 GiB'
    ";
    let most = |kind| match kind {
        LimitKind::Names => format!("{:?}", Tools::builtin().names()),
        LimitKind::Count { most, .. } => most.to_string(),
        LimitKind::Size { most, .. } => format!("'{most} B'"),
    };
    format!("{text}\n{}", limits("grant", most))
}

/// Writes a policy with every key as tight as it can be.
pub(super) fn tight() -> String {
    let text = "
        [episode]
        steps = 1
        fuel = 1
        wall = '1ms'
        memory = '64 KiB'
        table-elements = 1
        call-bytes = '1 KiB'
        ends-on = ['release']
        trapped = 'fail'
        grace = { fuel = 0, records = 0 }
        [objective]
        horizon = 1
        discount = 0.0
        reveal = []
        [boundary]
        environment = 'reset'
        swap = 'none'
        carry = '0 B'
        learn-fuel = 1
        [population]
        size = 2
        interval = 4_294_967_295
        share = 0.0
        [isolation]
        process = 'required'
        parts = ['limits', 'landlock', 'seccomp']
        [record]
        steps = 'full'
        entries = 1
        run = '1 KiB'
        [violations]
        default = 'quarantine'
    ";
    let least = |kind| match kind {
        LimitKind::Names => "[]".to_owned(),
        LimitKind::Count { .. } => "0".to_owned(),
        LimitKind::Size { .. } => "'0 B'".to_owned(),
    };
    format!("{text}\n{}", limits("deny", least))
}

/// Writes a grant of every capability, with every limit.
fn limits(mode: &str, value: impl Fn(LimitKind) -> String) -> String {
    let mut text = String::new();
    for capability in CAPABILITIES {
        writeln!(text, "[grants.{}]\nmode = '{mode}'", capability.name).unwrap();
        for limit in capability.limits {
            writeln!(text, "{} = {}", limit.name, value(limit.kind)).unwrap();
        }
    }
    text
}

#[test]
fn no_key_can_be_loosened() {
    let effective = load(&loose()).unwrap().effective();
    let mut section = "";
    let mut keys = 0;
    for line in effective.lines().filter(|line| !line.is_empty() && !line.starts_with("name = ")) {
        if line.starts_with('[') {
            section = line;
            continue;
        }
        if line.starts_with("signal = ") {
            continue;
        }
        let mode =
            if section.starts_with("[grants.") && !line.starts_with("mode = ") { "mode = \"deny\"\n" } else { "" };
        let child = format!("{section}\n{mode}{line}\n");
        let invalid = load_over(&tight(), &child).expect_err(&child);
        assert!(
            invalid.faults.iter().any(|fault| fault.message.contains("is looser than in `parent.toml`")),
            "{child}"
        );
        keys += 1;
    }
    assert!(keys > 40, "{keys}");
}

#[test]
fn every_key_can_be_tightened() {
    let mut tightened = load_over(&loose(), &tight()).unwrap();
    tightened.name = "test".into();
    assert_eq!(tightened, load(&tight()).unwrap());
}

#[test]
fn what_is_not_written_is_inherited() {
    let mut inherited = load_over(&loose(), "").unwrap();
    inherited.name = "test".into();
    assert_eq!(inherited, load(&loose()).unwrap());
}

#[test]
fn each_part_of_the_grace_and_each_grant_is_held() {
    for part in ["fuel = 1", "records = 1"] {
        load_over(&tight(), &format!("[episode]\ngrace = {{ {part} }}\n")).unwrap_err();
    }
    for mode in ["tripwire", "grant"] {
        load_over(&tight(), &format!("[grants.clock]\nmode = \"{mode}\"\n")).unwrap_err();
    }
    for names in ["['calculator']", "['calculator', 'search']"] {
        let parent = least("[grants.tools]\nmode = 'grant'\nallow = ['search']\n");
        load_over(&parent, &format!("[grants.tools]\nmode = 'grant'\nallow = {names}\n")).unwrap_err();
    }
    let parent = least("");
    load_over(&parent, "[grants.clock]\nmode = \"deny\"\n").unwrap_err();
}

#[test]
fn a_policy_adds_no_population_to_the_one_that_it_extends() {
    let population = "[population]\nsize = 2\ninterval = 9\nshare = 0.5\n";
    let carrying = "[boundary]\ncarry = '1 B'\n";
    let invalid = load_over(&least(carrying), population).unwrap_err();
    assert_eq!(invalid.faults[0].message, "`population` is looser than in `parent.toml`");
    assert_eq!(load_over(&least(&format!("{carrying}{population}")), "").unwrap().population.unwrap().size, 2);
}

#[test]
fn a_share_of_a_population_is_a_whole_number_of_lineages() {
    for (size, share, replaced) in [(10, "0.2", 2), (1000, "0.2", 200), (100, "0.29", 29), (3, "0.5", 1), (3, "0", 0)] {
        let text = format!("[boundary]\ncarry = '1 B'\n[population]\nsize = {size}\ninterval = 1\nshare = {share}\n");
        assert_eq!(load(&least(&text)).unwrap().population.unwrap().replaced(), replaced, "{share} of {size}");
    }
    let default = least("[boundary]\ncarry = '1 B'\n[population]\nsize = 10\ninterval = 1\n");
    assert_eq!(load(&default).unwrap().population.unwrap().replaced(), 2);
}

#[test]
fn end_and_fail_do_not_stand_in_for_each_other() {
    let ways = ["record", "end", "quarantine", "fail"];
    let allowed: [[bool; 4]; 4] = [
        [true, true, true, true],
        [false, true, true, false],
        [false, false, true, false],
        [false, false, false, true],
    ];
    for (parent, row) in ways.iter().zip(allowed) {
        for (child, allowed) in ways.iter().zip(row) {
            for key in ["default", "act-after-end"] {
                let parent = least(&format!("[violations]\n{key} = \"{parent}\"\n"));
                let loaded = load_over(&parent, &format!("[violations]\n{key} = \"{child}\"\n"));
                assert_eq!(loaded.is_ok(), allowed, "{child} over {parent}");
            }
        }
    }
}

#[test]
fn the_default_of_violations_is_for_the_classes_that_are_not_named() {
    let text = least("[violations]\ndefault = \"end\"\nact-after-end = \"fail\"\n");
    let consequences = load(&text).unwrap().consequences;
    assert_eq!(consequences.of(Class::ActAfterEnd), Consequence::Fail);
    assert_eq!(consequences.of(Class::OverQuota), Consequence::End);
    let child = "[violations]\ndefault = \"quarantine\"\nact-after-end = \"fail\"\n";
    let consequences = load_over(&text, child).unwrap().consequences;
    assert_eq!(consequences.of(Class::ActAfterEnd), Consequence::Fail);
    assert_eq!(consequences.of(Class::OverQuota), Consequence::Quarantine);
}

#[test]
fn rules_are_numbered_through_the_chain() {
    let rule = |name: &str| format!("[[rules]]\ncapability = \"tools\"\nname = \"{name}\"\ndecision = \"deny\"\n");
    let parent = least(&format!("[grants.tools]\nmode = \"grant\"\n{}", rule("search")));
    let policy = load_over(&parent, &rule("calculator")).unwrap();
    let warrant = &policy.grants["tools"].warrant;
    let call = CAPABILITIES.iter().find(|known| known.name == "tools").unwrap().operations[0];
    assert_eq!(warrant.decide(call, Some("search"), 0), (Mode::Deny, "rules[0]"));
    assert_eq!(warrant.decide(call, Some("calculator"), 0), (Mode::Deny, "rules[1]"));
    assert_eq!(warrant.decide(call, None, 0), (Mode::Grant, "grants.tools.mode"));
}

#[test]
fn a_rule_applies_to_the_calls_that_match_all_it_says() {
    let text = "
        [grants.tools]
        mode = 'grant'
        [[rules]]
        capability = 'tools'
        operation = 'call'
        name = 'search'
        after-step = 2
        before-step = 5
        decision = 'tripwire'
    ";
    let policy = load(&least(text)).unwrap();
    let tools = CAPABILITIES.iter().find(|known| known.name == "tools").unwrap();
    let decided = |operation: &str, name, step| {
        let operation = tools.operations.iter().find(|known| known.name == operation).unwrap();
        policy.grants["tools"].warrant.decide(*operation, name, step).0
    };
    let steps = [2, 3, 4, 5].map(|step| decided("call", Some("search"), step));
    assert_eq!(steps, [Mode::Grant, Mode::Tripwire, Mode::Tripwire, Mode::Grant]);
    assert_eq!(decided("call", Some("calculator"), 3), Mode::Grant);
    assert_eq!(decided("available", Some("search"), 3), Mode::Grant);
}
