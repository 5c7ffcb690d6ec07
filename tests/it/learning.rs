//! `learn`, the one bridge over the boundary: what it can do, and what it cannot.

use crate::common::{Run, granting, violations};
use crate::guest::{ACT, REFUSED, SEND, learner, operations};

fn carrying(bytes: u64) -> String {
    granting("", &format!("[boundary]\ncarry = \"{bytes} B\"\n"))
}

#[test]
fn a_carry_over_may_be_as_large_as_is_declared_and_no_larger() {
    for (bytes, outcome, refused) in [(15, "carried", 0), (16, "carried", 0), (17, "refused", 1)] {
        let module = learner(ACT, &format!("(call $list (i32.const {bytes}))"));
        let ran = Run { episodes: 2, ..Run::of(&module, &carrying(16), "button") }.go();
        for transcript in &ran.transcripts {
            assert_eq!(transcript["learned"]["outcome"], outcome, "{bytes} bytes");
            assert_eq!(transcript["learned"]["bytes"], bytes);
            assert_eq!(violations(transcript, "carry-undeclared"), refused, "{bytes} bytes");
        }
        assert_eq!(ran.transcripts[1].get("carry_over").is_some(), refused == 0, "{bytes} bytes");
    }
}

#[test]
fn where_no_carry_over_is_declared_nothing_is_learned() {
    let module = learner(ACT, "unreachable");
    let called = Run::of(&module, &carrying(1), "button").go();
    assert_eq!(called.only()["learned"]["outcome"], "trapped");
    let not_called = Run::of(&module, &carrying(0), "button").go();
    assert!(not_called.only().get("learned").is_none(), "{}", not_called.only());
}

#[test]
fn learning_has_the_fuel_that_is_declared_for_it_and_no_unit_more() {
    let policy = granting("", "[boundary]\ncarry = \"16 B\"\nlearn-fuel = 10_000\n");
    let ran = Run::of(&learner(ACT, "(loop (br 0)) unreachable"), &policy, "button").go();
    let learned = &ran.only()["learned"];
    assert_eq!((&learned["outcome"], &learned["fuel"]), (&"exhausted".into(), &10_000.into()));
}

#[test]
fn a_reward_is_learned_from_only_where_it_is_revealed() {
    // The agent hands on one byte if the step has its reward. The list of steps comes first: a step
    // has two values, and then the reward.
    let module = r#"(module
      (import "dayfly:agent/episode@0.1.0" "step" (func $step (param i32 i64 i32 i32)))
      (memory (export "memory") 4)
      (global $free (mut i32) (i32.const 4096))
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
        (local.set $at (global.get $free))
        (global.set $free (i32.and (i32.add (i32.add (local.get $at) (local.get 3)) (i32.const 7)) (i32.const -8)))
        (local.get $at))
      (func (export "run") (call $step (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 1024)))
      (func (export "dayfly:agent/learning@0.1.0#learn")
        (param i32 i32 i32 i32 i64 i32 i64 i32 i32 i32 i32 i32) (result i32)
        (if (i32.ne (local.get 1) (i32.const 1)) (then unreachable))
        (i32.store (i32.const 0) (i32.const 2048))
        (i32.store (i32.const 4) (i32.load8_u offset=32 (local.get 0)))
        (i32.const 0)))"#;
    for (reveal, bytes) in [("", 0), ("\"reward\"", 1)] {
        let policy = carrying(16) + &format!("[objective]\nreveal = [{reveal}]\n");
        let ran = Run::of(module, &policy, "button").go();
        let learned = &ran.only()["learned"];
        assert_eq!((&learned["outcome"], &learned["bytes"]), (&"carried".into(), &bytes.into()), "{reveal}");
    }
}

#[test]
fn every_operation_is_refused_and_recorded_while_an_agent_learns() {
    for operation in operations() {
        let name = operation.full_name();
        let module = learner(ACT, &format!("{} {REFUSED} (call $list (i32.const 0))", operation.call()));
        let ran = Run::of(&module, &carrying(16), "button").go();
        let transcript = ran.only();
        assert_eq!(transcript["learned"]["outcome"], "carried", "{name} was not refused");
        assert_eq!(violations(transcript, "ungranted"), 1, "{name}");
        let entry = transcript["entries"].as_array().unwrap().last().unwrap();
        assert_eq!((&entry["operation"], &entry["rule"]), (&name.as_str().into(), &"learn".into()));
        assert_eq!((&entry["decision"], &entry["due"]), (&"refused".into(), &"after".into()), "{name}");
    }
}

#[test]
fn what_is_tried_while_learning_has_its_consequence() {
    let learner = learner(ACT, &format!("{SEND} (call $list (i32.const 0))"));
    for (consequence, episodes, quarantine, fail) in [("quarantine", 1, true, false), ("fail", 3, false, true)] {
        let policy = carrying(16) + &format!("[violations]\nungranted = \"{consequence}\"\n");
        let ran = Run { episodes: 3, ..Run::of(&learner, &policy, "button") }.go();
        let demands = ran.summary.demands;
        assert_eq!((ran.summary.episodes, demands.quarantine, demands.fail), (episodes, quarantine, fail));
    }
}

#[test]
fn what_learn_calls_is_counted_after_the_calls_of_its_episode() {
    let calls = |learn: &str| Run::of(&learner(ACT, learn), &carrying(16), "button").go().only().clone();
    let (silent, loud) = (calls("(call $list (i32.const 0))"), calls(&(ACT.repeat(3) + "(call $list (i32.const 0))")));
    assert_eq!((&silent["calls"]["count"], &loud["calls"]["count"]), (&1.into(), &4.into()));
    assert_ne!(silent["calls"]["digest"], loud["calls"]["digest"]);
    let ordinals: Vec<_> = loud["entries"].as_array().unwrap().iter().map(|entry| entry["ordinal"].clone()).collect();
    assert_eq!(ordinals, [1, 2, 3]);
}
