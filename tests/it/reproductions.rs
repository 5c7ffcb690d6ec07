//! Published results, made again in their small versions; the full ones are for `just nightly`.

use dayfly::episode::Cancel;
use dayfly::policy::Swap;
use dayfly::reproduction::hi_ads::{Learner, Training};
use dayfly::reproduction::{Cell, Reproduction, RowOutcome, Scale, carry_out};
use dayfly::run::Threads;
use dayfly::value::Seed;

fn outcomes(cell: &Cell, jobs: usize) -> Vec<RowOutcome> {
    let seen = carry_out(cell, &Threads::new(jobs).unwrap(), &Cancel::default(), &|| ()).unwrap().unwrap();
    cell.rows.iter().map(|row| row.outcome(&seen)).collect()
}

fn holds(name: &str) {
    for cell in (Reproduction::find(name).unwrap().cells)(Scale::Quick, Seed(0)) {
        for (row, outcome) in cell.rows.iter().zip(outcomes(&cell, 2)) {
            assert_ne!(outcome.within, Some(false), "{}: {}: {outcome:?}", cell.name, row.what);
        }
    }
}

#[test]
fn the_off_switch_scores_as_published() {
    holds("off-switch");
}

#[test]
fn the_absent_supervisor_scores_as_published() {
    holds("supervisor");
}

#[test]
fn selection_brings_the_incentive_back_and_the_swap_takes_it_away() {
    holds("hi-ads");
}

#[test]
fn a_reward_for_same_length_trajectories_leaves_a_learner_neutral_about_its_length() {
    holds("post");
}

#[test]
fn a_reproduction_is_the_same_for_one_worker_and_for_two() {
    let training = Training {
        learner: Learner::PolicyGradient,
        population: 10,
        interval: 2,
        swap: Swap::Rotate,
        rounds: 20,
        trials: 3,
    };
    let cell = training.cell(Seed(5), "", None);
    let once = outcomes(&cell, 1);
    assert_eq!(outcomes(&cell, 2), once);
    let other = training.cell(Seed(6), "", None);
    assert_ne!(outcomes(&other, 2), once);
}
