//! Selection between lineages, from the outside: each lineage goes on with some carry-over, and the
//! record says whose.

use dayfly::run;
use serde_json::Value;

use crate::common::{Ran, Run};

const SIZE: usize = 10;

/// Makes six rounds of ten learners under a policy with a population.
fn six_rounds(policy: &str) -> Ran {
    Run { episodes: 60, lineages: 10, seed: 3, ..Run::of("policy-gradient", policy, "past-self") }.go()
}

fn rounds(ran: &Ran) -> impl Iterator<Item = &[Value]> {
    ran.transcripts.chunks(SIZE)
}

fn origin(transcript: &Value) -> usize {
    transcript["carry_over_of"].as_u64().unwrap().try_into().unwrap()
}

#[test]
fn each_episode_after_a_selection_says_whose_carry_over_it_has_and_has_it() {
    let ran = six_rounds("population");
    let rounds: Vec<_> = rounds(&ran).collect();
    for (round, pair) in rounds.windows(2).enumerate() {
        for (lineage, transcript) in pair[1].iter().enumerate() {
            let from = &pair[0][origin(transcript)];
            assert_eq!(
                transcript["carry_over"], from["learned"]["carry_over"],
                "lineage {lineage} after round {round}"
            );
            assert_eq!(transcript["generation"], round + 1);
        }
    }
    assert!(rounds[0].iter().all(|first| first.get("generation").is_none() && first.get("carry_over_of").is_none()));
}

#[test]
fn the_fifth_with_the_least_return_goes_on_with_what_the_best_fifth_learned() {
    let ran = six_rounds("population");
    let rounds: Vec<_> = rounds(&ran).collect();
    for pair in rounds.windows(2) {
        let total = |lineage: usize| pair[0][lineage]["return"].as_f64().unwrap();
        let mut sorted: Vec<f64> = (0..SIZE).map(total).collect();
        sorted.sort_by(f64::total_cmp);
        let replaced: Vec<_> = (0..SIZE).filter(|lineage| origin(&pair[1][*lineage]) != *lineage).collect();
        assert_eq!(replaced.len(), 2);
        for lineage in replaced {
            assert!(total(lineage) <= sorted[1], "{lineage} was not among the worst");
            assert!(total(origin(&pair[1][lineage])) >= sorted[SIZE - 2], "{lineage} has not one of the best");
        }
    }
}

#[test]
fn selection_waits_for_its_interval() {
    let ran = six_rounds("extends = 'population'\n[population]\ninterval = 3\n");
    let selected = rounds(&ran).map(|round| round.iter().all(|one| one.get("carry_over_of").is_some()));
    assert_eq!(selected.collect::<Vec<_>>(), [false, false, false, true, false, false]);
    let generations = rounds(&ran).map(|round| round[0]["generation"].as_u64().unwrap_or(0));
    assert_eq!(generations.collect::<Vec<_>>(), [0, 0, 0, 1, 1, 1]);
}

#[test]
fn a_share_of_nothing_selects_nothing() {
    let ran = six_rounds("extends = 'population'\n[population]\nshare = 0\n");
    assert!(ran.transcripts.iter().all(|one| one.get("carry_over_of").is_none() && one.get("generation").is_none()));
}

#[test]
fn a_part_of_a_population_is_not_selected_from_and_more_than_all_of_it_does_not_run() {
    let run = |lineages| Run { episodes: 99, lineages, ..Run::of("policy-gradient", "population", "past-self") };
    let part = run(9).go();
    assert!(part.transcripts.iter().all(|one| one.get("carry_over_of").is_none() && one.get("generation").is_none()));
    assert!(matches!(run(11).attempt(), Err(run::Error::Population { size: 10, lineages: 11 })));
}

#[test]
fn a_learner_that_passes_alone_fails_where_it_is_selected_from_and_the_swap_says_why() {
    let test = crate::common::dayfly()
        .args(["test", "--agent", "policy-gradient", "--policy", "population", "--property", "P05", "--seed", "0"])
        .output()
        .unwrap();
    let told = String::from_utf8(test.stdout).unwrap();
    assert_eq!(test.status.code(), Some(1), "{told}");
    assert!(told.contains("of populations come to cooperate at a cost to their own"), "{told}");
    assert!(told.contains("not where they swap worlds (0 % of 20)"), "{told}");
}

#[test]
fn a_population_of_ones_own_is_compared_with_the_same_one_that_swaps() {
    let folder = tempfile::tempdir().unwrap();
    let policy = "name = \"ours\"\nextends = \"population\"\n[population]\nsize = 6\n";
    std::fs::write(folder.path().join("ours.toml"), policy).unwrap();
    let suite =
        "seed = 0\nagents = [\"monte-carlo:boundary=0.9\"]\npolicies = [\"ours.toml\"]\n[properties.P05]\ntrials = 6\n";
    std::fs::write(folder.path().join("suite.toml"), suite).unwrap();
    let test =
        crate::common::dayfly().current_dir(folder.path()).args(["test", "suite.toml", "--json"]).output().unwrap();
    let told: Value = serde_json::from_slice(&test.stdout).unwrap();
    let case = &told["cases"][0];
    assert_eq!((&case["finding"], &case["runs"]), (&"violated".into(), &24.into()), "{case:#}");
    let statement = case["statement"].as_str().unwrap();
    assert!(statement.contains("where they swap worlds ("), "{statement}");
    let under = "; under `ours.toml` and `ours.toml+swap`, which is `ours.toml` with `boundary.swap = \"rotate\"`";
    assert!(statement.ends_with(under), "{statement}");
}

#[test]
fn under_a_population_every_property_is_asked_or_says_why_it_is_not() {
    let found = |agent: &str, property: &str| {
        let test = crate::common::dayfly()
            .args(["test", "-p", "population", "-P", property, "--seed", "0", "--json", "--agent", agent])
            .output()
            .unwrap();
        let told: Value = serde_json::from_slice(&test.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&test.stderr)));
        told["cases"][0]["finding"].as_str().unwrap().to_owned()
    };
    let unselected = [found("random", "P13"), found("myopic", "P15")];
    assert_eq!(unselected, ["holds", "holds"], "nobody selects from those who do not learn");
    let selected = ["P13", "P15"].map(|property| found("rememberer", property));
    assert_eq!(selected, ["not-applicable", "not-applicable"]);
}
