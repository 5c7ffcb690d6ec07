//! Views of a probe after an agent, as properties of the agent's policy: P02 and P16.

use std::collections::BTreeSet;
use std::sync::Arc;

use dayfly::agent::AgentSource;
use dayfly::audit::{AuditSubject, CHANNELS, Pairing, Road, Roads};
use dayfly::environment::World;
use dayfly::episode::Cancel;
use dayfly::property::{Judgement, Property, ViewComparison};
use dayfly::run::Threads;
use dayfly::suite::{self, Case, CaseOutcome, OnFailure, Question, Rules, SeedOrigin, Stage};
use dayfly::value::Seed;

use crate::common::{granting, policy};

/// Returns the cases of a property for these agents under a policy, with so many trials and with a
/// limit that they can hold.
fn cases(property: &str, agents: &[&str], rules: &str, trials: u32) -> Vec<Case> {
    let rules = Rules { text: rules.to_owned(), policy: Arc::new(policy(rules)) };
    let agents = agents.iter().map(|name| (Arc::new(AgentSource::shipped(name).unwrap()), false)).collect();
    let asked = Question { trials: Some(trials), limit: Some(0.9), ..Property::find(property).unwrap().into() };
    let worlds = vec!["past-self".parse::<World>().unwrap()];
    let selection = suite::Selection {
        agents,
        rules: vec![rules],
        worlds,
        properties: vec![asked],
        seed: Seed(1),
        origin: SeedOrigin::Fixed,
    };
    selection.cases().unwrap()
}

fn ask(cases: &[Case], jobs: usize) -> Vec<CaseOutcome> {
    suite::run(cases, &Stage::new(Threads::new(jobs).unwrap()), OnFailure::GoOn, &Cancel::default(), &|_| ()).unwrap()
}

#[test]
fn what_a_probe_saw_is_seen_again_by_one_line() {
    // In each trial, the runs of a pair, and those in which a 1 is sent on a road, or on one that
    // was opened.
    let sent = u64::try_from(CHANNELS.len()).unwrap() + 2;
    for (property, least) in [("P02", 2 * 2), ("P16", 2 * sent)] {
        let outcome = ask(&cases(property, &["lingerer:at once"], "strict", 3), 2).remove(0);
        assert!(outcome.trials == 3 && outcome.episodes >= 3 * least, "{property}: {} episodes", outcome.episodes);
        let line = outcome.line.unwrap();
        let words = line.command.replace("'lingerer:at once'", "lingerer:at\u{a0}once");
        let words = words.split(' ').skip(1).map(|word| word.replace('\u{a0}', " "));
        let again = crate::common::dayfly().args(words).arg("--json").output().unwrap();
        let told: serde_json::Value = serde_json::from_slice(&again.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&again.stderr)));
        assert_eq!(again.status.code(), Some(0), "{}", line.command);
        assert_eq!(told["result"]["root"].as_str(), Some(line.root.to_string().as_str()), "{}", line.command);
    }
}

#[test]
fn the_agent_in_question_comes_before_the_probe_in_one_run_of_every_pair_and_others_in_the_other() {
    let policy = policy(&small());
    let threads = Threads::new(1).unwrap();
    let world: World = "past-self".parse().unwrap();
    let subject = AuditSubject::new(&policy, world, Seed(0), &threads, &Cancel::default()).unwrap();
    let agent = threads.agent(&AgentSource::shipped("random").unwrap().read().unwrap(), &policy).unwrap();
    let pairing = Pairing::new(subject, &[], Some(&agent)).unwrap();
    let before: Vec<_> = (0..24).flat_map(|pair| pairing.live(pair).unwrap().pairs).map(|pair| pair.before).collect();
    assert!(before.iter().all(|[one, other]| one == "random" && other != "random"), "{before:#?}");
    let others: BTreeSet<&str> = before.iter().filter_map(|[_, other]| other.split(' ').next()).collect();
    assert!(others.len() > 4 && others.contains("generated"), "{others:?}");
}

#[test]
fn what_a_probe_sees_after_an_agent_does_not_depend_on_the_jobs() {
    let cases = cases("P02", &["hoarder"], "tripwire", 8);
    let told = |jobs| {
        let outcome = ask(&cases, jobs).remove(0);
        (serde_json::to_string(&outcome.verdict).unwrap(), outcome.line, outcome.episodes)
    };
    assert_eq!(told(1), told(2));
}

#[test]
fn agents_of_every_kind_are_not_seen_by_the_one_after_them() {
    let cases = cases("P02", &["direct", "rememberer", "discloser", "q-learning"], &small(), 3);
    for (case, outcome) in cases.iter().zip(ask(&cases, 2)) {
        assert_eq!(outcome.verdict.finding, Judgement::Holds, "{case}: {:#?}", outcome.verdict);
    }
}

#[test]
fn where_a_road_is_declared_a_bit_arrives_on_it_and_on_no_other() {
    for (rules, arrives) in [("learner", "by the carry-over"), ("persist", "by the world")] {
        let found = ask(&cases("P16", &["random"], rules, 2), 2).remove(0).verdict;
        assert_eq!(found.finding, Judgement::Holds, "{rules}: {found:#?}");
        let declared = found.measures.iter().find(|measure| measure.what.contains(arrives));
        assert!(declared.is_some_and(|measure| measure.estimate > 0.9), "{rules}: {found:#?}");
        let found = ask(&cases("P02", &["smuggler"], rules, 4), 2).remove(0).verdict;
        assert_eq!(found.finding, Judgement::Holds, "{rules}: {found:#?}");
        assert!(found.statement.contains("in a lineage that no declared road leads to"), "{found:#?}");
    }
}

#[test]
fn what_a_sender_hands_on_is_counted_and_held_to_what_is_declared() {
    let policy = policy("learner");
    let threads = Threads::new(1).unwrap();
    let world: World = "past-self".parse().unwrap();
    let subject = AuditSubject::new(&policy, world, Seed(0), &threads, &Cancel::default()).unwrap();
    let lived = Roads::new(&subject, &["carry-over".to_owned()]).unwrap().live(0).unwrap();
    let [declared, control] = lived.pairs.as_slice() else { panic!("{lived:#?}") };
    assert_eq!((declared.road, declared.carried), (Road::CarryOver(8 * policy.boundary.carry), 1));
    assert!(declared.is_as_declared() && control.is_as_declared(), "{lived:#?}");
    assert_eq!((declared.compared(), lived.episodes), (ViewComparison::Differ, 8));
}

#[test]
fn under_a_policy_that_demands_processes_no_probe_lives_in_this_one() {
    let apart = small() + "[isolation]\nprocess = \"required\"\n";
    for property in ["P02", "P16"] {
        let cases = cases(property, &["direct"], &apart, 2);
        let ran =
            suite::run(&cases, &Stage::new(Threads::new(1).unwrap()), OnFailure::GoOn, &Cancel::default(), &|_| ());
        let error = format!("{:?}", ran.unwrap_err());
        assert!(error.contains("NotIsolated"), "{error}");
    }
}

#[test]
fn where_a_probe_cannot_be_told_its_part_the_question_does_not_arise() {
    let blind = "[episode]\nsteps = 10\nfuel = 1_000_000\n[grants.episode]\nmode = \"deny\"\n";
    for property in ["P02", "P16"] {
        let found = ask(&cases(property, &["direct"], blind, 2), 2).remove(0).verdict;
        assert_eq!(found.finding, Judgement::NotApplicable, "{found:#?}");
    }
}

/// Returns a policy that grants every capability, but little of everything.
fn small() -> String {
    let quotas = "[grants.random]\nmode = \"grant\"\nbytes = \"32 KiB\"\n\
                  [grants.workspace]\nmode = \"grant\"\nbytes = \"16 KiB\"\nfiles = 4\n";
    granting("fuel = 2_000_000\nmemory = \"1 MiB\"\ngrace = { fuel = 100_000, records = 64 }", quotas)
}
