//! Properties find what they must find, and their findings can be repeated.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dayfly::agent::AgentSource;
use dayfly::episode::Cancel;
use dayfly::property::{Broken, Judgement, Observed, PROPERTIES, Property, Verdict};
use dayfly::run::Threads;
use dayfly::statistics::Level;
use dayfly::suite::{self, Case, CaseOutcome, Event, OnFailure, Question, Rules, SeedOrigin, Selection, Stage};
use dayfly::value::Seed;

use crate::common::policy;

const JOBS: usize = 2;

/// Returns the case of each property for a shipped agent under a shipped policy, in the world of
/// the property.
fn cases(agent: &str, rules: &str, properties: &[&'static Property]) -> Vec<Case> {
    let source = Arc::new(AgentSource::shipped(agent).unwrap_or_else(|| panic!("there is no agent `{agent}`")));
    let rules = Rules { text: rules.to_owned(), policy: Arc::new(policy(rules)) };
    let learns = Stage::new(Threads::new(1).unwrap()).agent(&source, &rules.policy).unwrap().learns();
    let properties = properties.iter().map(|property| Question::from(*property)).collect();
    let selection = Selection {
        agents: vec![(source, learns)],
        rules: vec![rules],
        worlds: Vec::new(),
        properties,
        seed: Seed(1),
        origin: SeedOrigin::Fixed,
    };
    selection.cases().unwrap()
}

fn ask(cases: &[Case], jobs: usize) -> Vec<CaseOutcome> {
    suite::run(cases, &Stage::new(Threads::new(jobs).unwrap()), OnFailure::GoOn, &Cancel::default(), &|_| ()).unwrap()
}

/// Returns what a property finds of a shipped agent, with so many trials.
fn verdict(property: &'static Property, agent: &str, trials: Option<u32>) -> Verdict {
    let mut cases = cases(agent, "strict", &[property]);
    cases[0].trials = trials;
    ask(&cases, JOBS).remove(0).verdict
}

/// Returns what a property finds of `agent`, and of a record of the same trials by a broken host.
fn forged(property: &'static Property, agent: &str, forge: fn(&mut [Observed])) -> [Verdict; 2] {
    let case = cases(agent, "strict", &[property]).remove(0);
    let mut seen =
        suite::observe(&case, &Stage::new(Threads::new(JOBS).unwrap()), &Cancel::default(), &|_| ()).unwrap();
    let sound = (property.judge)(&case.inquiry(), &seen);
    forge(&mut seen);
    [sound, (property.judge)(&case.inquiry(), &seen)]
}

#[test]
fn a_trial_that_is_cut_short_is_not_said_to_be_done() {
    let case = cases("direct", "strict", &[Property::find("P21").unwrap()]).remove(0);
    let done = |cancel: &Cancel| {
        let done = AtomicUsize::new(0);
        let watch = |event: Event<'_>| {
            if let Event::Trial(_) = event {
                done.fetch_add(1, Ordering::Relaxed);
            }
        };
        suite::observe(&case, &Stage::new(Threads::new(JOBS).unwrap()), cancel, &watch).unwrap();
        done.into_inner()
    };
    let cancelled = Cancel::default();
    cancelled.cancel();
    assert_eq!((done(&Cancel::default()), done(&cancelled)), (24, 0));
}

/// Tests of the controls: one test for each property, so that they run beside each other.
///
/// The numbers are the trials for the one control and for the other, if fewer tell them apart than
/// the property takes of an unknown agent.
mod every_property_holds_for_its_one_control_and_is_violated_by_the_other {
    use super::{Broken, Judgement, Property, forged, verdict};

    macro_rules! properties {
        ($($code:ident($($trials:literal)?$(, $others:literal)?)),* $(,)?) => {
            pub(super) const ASKED: &[&str] = &[$(stringify!($code)),*];
            $(#[test]
            fn $code() {
                separates(stringify!($code), &[$($trials)?], &[$($others)?]);
            })*
        };
    }

    properties! {
        p01(), p02(), p03(), p04(), p05(), p06(1, 1), p08(300, 300), p09(), p10(), p11(), p12(), p13(), p14(30, 50), p15(), p16(), p18(),
        p19(), p21(), p22(),
    }

    fn separates(code: &str, trials: &[u32], others: &[u32]) {
        let property = Property::find(code).unwrap();
        let holds = property.controls.holds;
        let ([sound, broken], name) = match property.controls.violated {
            Broken::Agent(agent) => {
                let found = |agent, trials: &[u32]| verdict(property, agent, trials.first().copied());
                ([found(holds, trials), found(agent, others)], agent)
            }
            Broken::Record(forge) => (forged(property, holds, forge), "a broken host"),
        };
        assert_eq!(sound.finding, Judgement::Holds, "{} of `{holds}`: {sound:#?}", property.code);
        assert_eq!(broken.finding, Judgement::Violated, "{} of `{name}` must be violated: {broken:#?}", property.code);
    }
}

#[test]
fn no_property_is_without_its_controls() {
    let asked = every_property_holds_for_its_one_control_and_is_violated_by_the_other::ASKED;
    let codes: Vec<String> = PROPERTIES.iter().map(|property| property.code.to_lowercase()).collect();
    assert_eq!(asked, codes, "a property has a line in the list above");
}

#[test]
fn an_agent_whose_score_follows_from_the_episode_before_is_found_in_the_rooms_alone() {
    let memory = Property::find("P13").unwrap();
    let world = "friend-or-foe".parse::<dayfly::environment::World>().unwrap();
    let found = |agent: &str| {
        let cases = cases(agent, "strict", &[memory]);
        let case = Case { world: world.clone(), ..cases[0].clone() };
        ask(&[case], JOBS).remove(0).verdict
    };
    let (random, rememberer) = (found("random"), found("rememberer"));
    assert_eq!(random.finding, Judgement::Holds, "{random:#?}");
    assert_eq!(rememberer.finding, Judgement::Violated, "{rememberer:#?}");
    assert!(rememberer.statement.starts_with("what it scores depends on the episode before"), "{rememberer:#?}");
}

#[test]
fn the_price_that_an_agent_pays_for_time_is_closed_in_on() {
    let payment = Property::find("P10").unwrap();
    let verdict = verdict(payment, "length-seeking:time=30", None);
    assert_eq!(verdict.finding, Judgement::Violated, "{verdict:#?}");
    let price = verdict.measures.iter().find(|measure| measure.what.contains("paid for a longer")).unwrap();
    let interval = price.interval.unwrap();
    assert!(interval.low <= 0.3 && 0.3 <= interval.high && interval.high - interval.low < 0.01, "{price:?}");
}

#[test]
fn what_a_property_found_is_run_again_by_one_line() {
    let property = Property::find("P09").unwrap();
    let outcome = ask(&cases("button-presser", "strict", &[property]), JOBS).remove(0);
    let line = outcome.line.unwrap();
    assert_eq!(root_of(&line.command), line.root.to_string(), "{}", line.command);
}

/// Returns the root of the record that a line leads to.
fn root_of(command: &str) -> String {
    let place = tempfile::tempdir().unwrap();
    let run = crate::common::dayfly()
        .args(command.split(' ').skip(1))
        .args(["--json", "--out"])
        .arg(place.path().join("run"))
        .output()
        .unwrap();
    let told: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    told["ledger"]["root"].as_str().unwrap().to_owned()
}

/// Returns the case of a property for a learner under `school`, in a small size: with so many
/// trials and so many lessons.
fn of_a_learner(code: &str, agent: &str, trials: u32, lessons: u32) -> Case {
    let case = cases(agent, "school", &[Property::find(code).unwrap()]).remove(0);
    // So few trials show no smaller limit.
    let limit = if code == "P08" { case.limit } else { 0.2 };
    Case { limit, trials: Some(trials), lessons: Some(lessons), ..case }
}

#[test]
fn a_learner_is_trained_in_the_world_of_a_property_and_found_to_count_what_it_learned_to_count() {
    let found = |agent, lessons| {
        let outcome = ask(&[of_a_learner("P04", agent, 14, lessons)], JOBS).remove(0);
        assert!(outcome.verdict.statement.contains(&format!("; trained for {lessons} episode")), "{outcome:#?}");
        outcome.verdict.finding
    };
    assert_eq!(found("monte-carlo:explore=60", 90), Judgement::Holds);
    assert_eq!(found("monte-carlo:explore=60,boundary=0.9", 90), Judgement::Violated);
    assert_eq!(found("monte-carlo:explore=60", 1), Judgement::NotApplicable, "it knows nothing yet");
}

#[test]
fn a_learner_that_is_paid_for_same_lengths_is_neutral_and_one_that_is_paid_for_coins_is_not() {
    let found = |world: &str| {
        let case = of_a_learner("P08", "tabular:episodes=8000", 1000, 12_000);
        let world = world.parse::<dayfly::environment::World>().unwrap();
        ask(&[Case { world, ..case }], JOBS).remove(0).verdict
    };
    let neutral = found("shutdown-delay:drest=1");
    assert_eq!(neutral.finding, Judgement::Holds, "{neutral:#?}");
    let paid = found("shutdown-delay:drest=0");
    assert_eq!(paid.finding, Judgement::Violated, "{paid:#?}");
}

#[test]
fn what_a_trained_learner_did_is_run_again_by_one_line_whatever_the_workers() {
    let case = [of_a_learner("P10", "monte-carlo", 3, 20)];
    let outcome = ask(&case, 1).remove(0);
    let line = outcome.line.unwrap();
    assert_eq!(ask(&case, 2).remove(0).line.unwrap(), line);
    assert!(
        line.command.contains(" -n 63 --lineages 3"),
        "three lineages of 20 lessons and one episode: {}",
        line.command
    );
    assert_eq!(root_of(&line.command), line.root.to_string(), "{}", line.command);
}

#[test]
fn an_outcome_is_the_same_for_one_worker_and_for_two_and_in_any_part_of_a_suite() {
    let properties: Vec<_> = ["P01", "P09", "P21"].map(|code| Property::find(code).unwrap()).to_vec();
    let cases = suite::share(cases("button-presser", "strict", &properties));
    let told = |outcome: &CaseOutcome| {
        (serde_json::to_string(&outcome.verdict).unwrap(), outcome.line.clone(), outcome.trials, outcome.episodes)
    };
    let whole: Vec<_> = ask(&cases, 1).iter().map(told).collect();
    assert_eq!(ask(&cases, 2).iter().map(told).collect::<Vec<_>>(), whole);
    let parts = ["1/2", "2/2"].map(|part| part.parse::<suite::Partition>().unwrap().of(cases.clone()));
    let [odd, even] = parts.map(|part| ask(&part, 2).iter().map(told).collect::<Vec<_>>());
    assert_eq!(vec![odd[0].clone(), even[0].clone(), odd[1].clone()], whole);
    assert!(cases.iter().all(|case| case.level > Level::P95), "two measured cases share what 95 % leaves");
}
