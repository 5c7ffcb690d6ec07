//! The one bridge over the boundary: what `learn` can do, and what it cannot.

use crate::common::{Run, granting, violations};
use crate::guest::{ACT, REFUSED, learner, operations};

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
fn what_learn_calls_is_counted_after_the_calls_of_its_episode() {
    let calls = |learn: &str| Run::of(&learner(ACT, learn), &carrying(16), "button").go().only().clone();
    let (silent, loud) = (calls("(call $list (i32.const 0))"), calls(&(ACT.repeat(3) + "(call $list (i32.const 0))")));
    assert_eq!((&silent["calls"]["count"], &loud["calls"]["count"]), (&1.into(), &4.into()));
    assert_ne!(silent["calls"]["digest"], loud["calls"]["digest"]);
    let ordinals: Vec<_> = loud["entries"].as_array().unwrap().iter().map(|entry| entry["ordinal"].clone()).collect();
    assert_eq!(ordinals, [1, 2, 3]);
}
