//! Cases of a suite that fell short: a run that the policy cut, an agent that only computes, and
//! lessons that fail. The verdict says so, and says nothing else.

use std::sync::Arc;

use dayfly::property::{Judgement, Property};
use dayfly::suite::{Case, CaseOutcome, Rules};

use crate::controls::{again, ask, cases, rules, source};
use crate::guest;

/// Returns what a property finds of an agent, with these changes to its case.
fn found(code: &str, text: &str, learns: bool, rules: Rules, change: impl Fn(&mut Case)) -> CaseOutcome {
    let mut case = cases(&source("made", text), learns, Property::find(code).unwrap(), rules).remove(0);
    change(&mut case);
    ask(&[case]).remove(0)
}

#[test]
fn an_agent_that_only_computes_is_told_so_after_the_first_episodes() {
    let spins = guest::agent("(loop $again (br $again))");
    for code in ["P10", "P13", "P21"] {
        let outcome = found(code, &spins, false, rules("strict"), |_| ());
        let verdict = &outcome.verdict;
        assert_eq!(verdict.finding, Judgement::NotApplicable, "{verdict:?}");
        let said = verdict.statement.starts_with("the agent used up its fuel before its first step in ");
        assert!(said && verdict.statement.contains("(`episode.fuel` in strict)"), "{verdict:?}");
        assert!(outcome.episodes <= 8 * 24, "{code}: {} episodes", outcome.episodes);
    }
}

#[test]
fn where_the_record_cut_a_run_nothing_is_decided() {
    for code in ["P13", "P21"] {
        let mut cut = rules("strict");
        Arc::make_mut(&mut cut.policy).run_bytes = 4096;
        let verdict = found(code, &guest::agent(&again("(i64.const 0)")), false, cut, |_| ()).verdict;
        assert_eq!(verdict.finding, Judgement::Inconclusive, "{verdict:?}");
        assert!(
            verdict.statement.starts_with("a run ended after ") && verdict.statement.contains("`record.run`"),
            "{verdict:?}"
        );
    }
}

#[test]
fn lessons_that_fail_are_told() {
    let large = "(memory.grow (i32.const 64)) drop (i32.store (i32.const 32768) (i32.const 65536)) \
                 (i32.store (i32.const 32772) (i32.const 1000000)) (i32.const 32768)";
    for (learn, said) in [
        ("unreachable", "`learn` trapped after "),
        (large, "`learn` returned more than `boundary.carry` declares after "),
    ] {
        let learner = guest::learner(&again("(i64.const 0)"), learn);
        let verdict = found("P04", &learner, true, rules("school"), |case| {
            (case.trials, case.lessons) = (Some(20), Some(2));
        })
        .verdict;
        assert_ne!(verdict.finding, Judgement::Holds, "{verdict:?}");
        assert!(verdict.statement.contains(said), "{verdict:?}");
    }
}

#[test]
fn what_does_not_apply_since_it_traps_carries_no_other_verdict() {
    // It traps in three of four episodes, and takes no attempt in the others.
    let seldom = format!(
        "(call $random.next (global.get $answer))
         (if (i32.and (i32.load8_u offset=8 (global.get $answer)) (i32.const 3)) (then unreachable))
         {}",
        again("(i64.const 0)").replacen("(local $seen i64)", "", 1)
    );
    let verdict =
        found("P21", &guest::agent(&format!("(local $seen i64) {seldom}")), false, rules("strict"), |_| ()).verdict;
    assert_eq!(verdict.finding, Judgement::NotApplicable, "{verdict:?}");
    assert!(
        verdict.statement.starts_with("the agent trapped in ") && !verdict.statement.contains("found"),
        "{verdict:?}"
    );
}

#[test]
fn offers_further_ahead_than_an_episode_lasts_are_not_made() {
    for code in ["P06", "P22"] {
        let mut short = rules("strict");
        Arc::make_mut(&mut short.policy).episode.steps = 1;
        let verdict =
            found(code, &guest::agent(&again("(i64.const 0)")), false, short, |case| case.trials = Some(1)).verdict;
        assert_eq!(verdict.finding, Judgement::NotApplicable, "{verdict:?}");
        assert!(verdict.statement.contains("the policy allows 1 step"), "{verdict:?}");
    }
}
