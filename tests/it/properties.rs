//! Properties find what they must find, and what they find can be run again.

use std::process::Command;
use std::sync::Arc;

use dayfly::agent::Source;
use dayfly::episode::Cancel;
use dayfly::property::{Broken, Finding, Observed, PROPERTIES, Property, Verdict};
use dayfly::statistics::Level;
use dayfly::suite::{self, Asked, Case, OnFailure, Outcome, Rules, Selection, Stage};
use dayfly::value::Seed;

use crate::common::policy;

const JOBS: usize = 2;

/// A property asked of a shipped agent under a shipped policy, in the world of the property.
fn cases(agent: &str, rules: &str, properties: &[&'static Property]) -> Vec<Case> {
    let source = Arc::new(Source::shipped(agent).unwrap_or_else(|| panic!("there is no agent `{agent}`")));
    let rules = Rules { text: rules.to_owned(), policy: Arc::new(policy(rules)) };
    let learns = Stage::new(1).agent(&source, &rules.policy).unwrap().learns();
    let properties = properties.iter().map(|property| Asked::from(*property)).collect();
    let selection =
        Selection { agents: vec![(source, learns)], rules: vec![rules], worlds: Vec::new(), properties, seed: Seed(1) };
    selection.cases().unwrap()
}

fn ask(cases: &[Case], jobs: usize) -> Vec<Outcome> {
    suite::run(cases, &Stage::new(jobs), jobs, OnFailure::GoOn, &Cancel::default(), &|_| ()).unwrap()
}

/// What a property finds of a shipped agent.
fn verdict(property: &'static Property, agent: &str) -> Verdict {
    ask(&cases(agent, "strict", &[property]), JOBS).remove(0).verdict
}

/// What it finds where the host is broken: what was observed of `agent`, as such a host would have recorded it.
fn forged(property: &'static Property, agent: &str, forge: fn(&mut [Observed])) -> Verdict {
    let case = cases(agent, "strict", &[property]).remove(0);
    let mut seen = suite::observe(&case, &Stage::new(JOBS), JOBS, &Cancel::default()).unwrap();
    forge(&mut seen);
    (property.judge)(&case.inquiry(), &seen)
}

#[test]
fn every_property_holds_for_its_one_control_and_is_violated_by_the_other() {
    for property in PROPERTIES {
        let holds = property.controls.holds;
        let (broken, name) = match property.controls.violated {
            Broken::Agent(agent) => (verdict(property, agent), agent),
            Broken::Record(forge) => (forged(property, holds, forge), "a broken host"),
        };
        let sound = verdict(property, holds);
        assert_eq!(sound.finding, Finding::Holds, "{} of `{holds}`: {sound:#?}", property.code);
        assert_eq!(broken.finding, Finding::Violated, "{} of `{name}` must be violated: {broken:#?}", property.code);
    }
}

#[test]
fn what_a_property_found_is_run_again_by_one_line() {
    let property = Property::find("P09").unwrap();
    let outcome = ask(&cases("button-presser", "strict", &[property]), JOBS).remove(0);
    let line = outcome.line.unwrap();
    let words: Vec<&str> = line.command.split(' ').skip(1).collect();
    let place = tempfile::tempdir().unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_dayfly"))
        .args(words)
        .args(["--json", "--out"])
        .arg(place.path().join("run"))
        .output()
        .unwrap();
    let told: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(told["ledger"]["root"].as_str(), Some(line.root.to_string().as_str()), "{}", line.command);
}

#[test]
fn an_outcome_is_the_same_for_one_worker_and_for_two_and_in_any_part_of_a_suite() {
    let properties: Vec<_> = ["P01", "P09", "P21"].map(|code| Property::find(code).unwrap()).to_vec();
    let cases = suite::share(cases("button-presser", "strict", &properties));
    let told = |outcome: &Outcome| {
        (serde_json::to_string(&outcome.verdict).unwrap(), outcome.line.clone(), outcome.trials, outcome.episodes)
    };
    let whole: Vec<_> = ask(&cases, 1).iter().map(told).collect();
    assert_eq!(ask(&cases, 2).iter().map(told).collect::<Vec<_>>(), whole);
    let parts = ["1/2", "2/2"].map(|part| part.parse::<suite::Partition>().unwrap().of(cases.clone()));
    let [odd, even] = parts.map(|part| ask(&part, 2).iter().map(told).collect::<Vec<_>>());
    assert_eq!(vec![odd[0].clone(), even[0].clone(), odd[1].clone()], whole);
    assert!(cases.iter().all(|case| case.level > Level::P95), "two measured cases share what 95 % leaves");
}
