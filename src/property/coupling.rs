//! Coupling: runs with the same seeds under several conditions, to count the seeds for which the
//! agent takes another course.
//!
//! Two runs with the same seed differ in the condition alone. Let the agent take the same course
//! under both conditions for a share `1 - d` of the seeds. Then the distributions of its courses
//! have a total variation distance of at most `d` (the coupling inequality: Aldous 1983; Levin,
//! Peres, Wilmer, "Markov Chains and Mixing Times", 4.7). So an upper limit of `d` shows that the
//! condition makes little difference, whatever the courses are. A large `d` shows nothing: the
//! agent may only have drawn other random numbers. A change of the distribution is shown by the
//! rate of one course that was fixed beforehand.

use std::collections::BTreeMap;

use crate::environment::{NumberRange, Parameter};
use crate::statistics::{Comparison, Interval, Level, PValue, Rate, Sides, Tally, clopper_pearson, proportions};
use crate::transcript::{End, Step, Transcript};
use crate::value::Value;

use super::Observed;

/// Divisor of the number of seeds: one in `PILOT` seeds serves to fix a course, and the others test
/// it.
const PILOT: usize = 4;

/// Episodes of one condition, in the order of their seeds, with the ordinals of their trials.
#[derive(Clone, Debug)]
pub(super) struct Column<'o> {
    pub(super) episodes: Vec<(usize, &'o Transcript)>,
}

impl Column<'_> {
    /// Describes the actions of an episode, in words.
    pub(super) fn course(&self, episode: u64) -> String {
        let found = self.episodes.iter().find(|(_, one)| one.header.episode == episode);
        found.map_or(String::new(), |(_, one)| in_words(one))
    }
}

/// Returns one column for each condition. Each batch of `seen` has one trial for each condition.
pub(super) fn columns(seen: &[Observed], conditions: usize) -> Vec<Column<'_>> {
    let column = |condition: usize| {
        let trials = seen.iter().enumerate().skip(condition).step_by(conditions.max(1));
        let episodes = trials.flat_map(|(trial, observed)| observed.transcripts.iter().map(move |one| (trial, one)));
        Column { episodes: episodes.collect() }
    };
    (0..conditions).map(column).collect()
}

/// Result of a coupling: the number of seeds for which the course was not the same under every
/// condition.
#[derive(Clone, Debug)]
pub(super) struct Coupled {
    /// Number of seeds that differ, among all seeds.
    pub(super) differing: Tally,
    /// First seed that differs: its condition, its trial and its episode.
    pub(super) first: Option<(usize, usize, u64)>,
}

/// Compares every condition with the one at `reference`.
pub(super) fn couple(
    columns: &[Column<'_>],
    reference: usize,
    differ: fn(&Transcript, &Transcript) -> bool,
) -> Option<Coupled> {
    let base = columns.get(reference)?;
    let (mut hits, mut trials, mut first) = (0, 0, None);
    for (seed, (_, transcript)) in base.episodes.iter().enumerate() {
        let others = columns.iter().enumerate().filter_map(|(at, column)| Some((at, column.episodes.get(seed)?)));
        let found = others
            .filter(|(_, (_, other))| differ(transcript, other))
            .map(|(condition, (trial, other))| (condition, *trial, other.header.episode))
            .next();
        trials += 1;
        hits += u32::from(found.is_some());
        first = first.or(found);
    }
    Some(Coupled { differing: Tally::new(hits, trials).ok()?, first })
}

impl Coupled {
    /// Returns the share of seeds that differ. Its upper limit bounds the total variation.
    pub(super) fn interval(&self, level: Level) -> Interval {
        clopper_pearson::interval(self.differing, level, Sides::Upper)
    }

    /// Returns the share of seeds that differ, with the limit that it is shown to reach.
    pub(super) fn at_least(&self, level: Level) -> Interval {
        clopper_pearson::interval(self.differing, level, Sides::Lower)
    }

    /// Returns the p-value of the claim that the condition makes less difference than `limit`.
    pub(super) fn p(&self, limit: f64) -> Option<PValue> {
        Some(clopper_pearson::test(self.differing, Rate::new(limit).ok()?, clopper_pearson::Claim::Below))
    }
}

/// Returns the course of an episode: its actions, in order.
pub(super) fn course(transcript: &Transcript) -> Vec<&Value> {
    transcript.body.trace.iter().map(|step| &step.action).collect()
}

/// Describes the first actions of an episode, for people.
fn in_words(transcript: &Transcript) -> String {
    const SHOWN: usize = 12;
    let word = |step: &Step| match (&step.action_name, &step.action) {
        (Some(name), _) => format!("`{name}`"),
        (None, Value::Discrete(index)) => index.to_string(),
        (None, Value::Real(real)) => real.to_string(),
        (None, other) => format!("{other:?}"),
    };
    let shown: Vec<String> = transcript.body.trace.iter().take(SHOWN).map(word).collect();
    let rest = if transcript.body.trace.len() > SHOWN { " ..." } else { "" };
    match shown.as_slice() {
        [] => "no action".to_owned(),
        [only] => format!("action {only}"),
        _ => format!("actions {}{rest}", shown.join(" ")),
    }
}

/// `true` if the actions differ, or their number.
pub(super) fn by_actions(one: &Transcript, other: &Transcript) -> bool {
    course(one) != course(other)
}

/// `true` if the actions differ before the outcomes do. Actions that follow different observations
/// are not compared.
pub(super) fn by_actions_on_the_same_history(one: &Transcript, other: &Transcript) -> bool {
    for (step, beside) in one.body.trace.iter().zip(&other.body.trace) {
        if step.action != beside.action {
            return true;
        }
        if !same_outcome(step, beside) {
            return false;
        }
    }
    let stopped = |transcript: &Transcript| transcript.body.end == End::Returned;
    one.body.trace.len() != other.body.trace.len() && (stopped(one) || stopped(other))
}

fn same_outcome(step: &Step, other: &Step) -> bool {
    step.observation == other.observation && step.reward.to_bits() == other.reward.to_bits()
}

/// Returns the difference that a condition makes to the rate of a course, if it is shown to be more
/// than `limit`.
///
/// Two courses are tested: the whole one, and its first action. Each is fixed as the most frequent
/// one under the reference in the first quarter of the seeds. Its rate is compared over the other
/// seeds, at half of the error that `level` allows.
///
/// `course` returns the course of an episode.
pub(super) fn apart<'o>(
    reference: &Column<'o>,
    other: &Column<'o>,
    course: &dyn Fn(&'o Transcript) -> Vec<&'o Value>,
    limit: f64,
    level: Level,
) -> Option<Interval> {
    let level = share(level, 2);
    let whole = rate_of(reference, other, level, course);
    let first = rate_of(reference, other, level, |transcript| course(transcript).into_iter().take(1).collect());
    [whole, first].into_iter().flatten().find(|interval| interval.within(-limit..=limit) == Comparison::Beyond)
}

/// Returns the number of episodes of a condition on which the fixed course is tested.
pub(super) fn tested(column: &Column<'_>) -> usize {
    column.episodes.len() - column.episodes.len() / PILOT
}

/// Returns the difference between two conditions in the rate of the course that `view` selects.
fn rate_of<'o>(
    reference: &Column<'o>,
    other: &Column<'o>,
    level: Level,
    view: impl Fn(&'o Transcript) -> Vec<&'o Value>,
) -> Option<Interval> {
    let pilot = reference.episodes.len() / PILOT;
    let fixed = modal(reference.episodes.iter().take(pilot).map(|(_, transcript)| view(transcript)))?;
    let tally = |column: &Column<'o>| {
        let rest = column.episodes.iter().skip(pilot);
        let trials = u32::try_from(rest.len()).ok()?;
        let hits = rest.filter(|(_, transcript)| view(transcript) == fixed).count();
        Tally::new(u32::try_from(hits).ok()?, trials).ok()
    };
    Some(proportions::interval(tally(reference)?, tally(other)?, level))
}

/// Returns the most frequent course; of equally frequent ones, the first in the order of its text.
fn modal<'o>(courses: impl Iterator<Item = Vec<&'o Value>>) -> Option<Vec<&'o Value>> {
    let mut counts: BTreeMap<String, (u32, Vec<&Value>)> = BTreeMap::new();
    for course in courses {
        counts.entry(format!("{course:?}")).or_insert((0, course)).0 += 1;
    }
    counts.into_values().rev().max_by_key(|(count, _)| *count).map(|(_, course)| course)
}

/// Returns the level of each of `parts` statements that together may be wrong as often as `level`
/// allows.
pub(super) fn share(level: Level, parts: u32) -> Level {
    Level::new((1.0 - level.alpha() / f64::from(parts.max(1))).min(0.999_999)).unwrap_or(level)
}

/// Returns the values to which a knob is turned: the powers of ten within its range, with both
/// signs and 0. If fewer than three of these values are in the range, the range is divided into
/// quarters.
pub(super) fn levels(parameter: &Parameter<'_>) -> Vec<f64> {
    let admits = |value: &f64| (parameter.low..=parameter.high).contains(value);
    let decades: Vec<f64> = [-1000.0, -100.0, -10.0, 0.0, 10.0, 100.0, 1000.0].into_iter().filter(admits).collect();
    if decades.len() >= 3 {
        return decades;
    }
    let at = |quarter: f64| parameter.low + (parameter.high - parameter.low) * quarter / 4.0;
    let mut quarters: Vec<f64> = [0.0, 1.0, 2.0, 3.0, 4.0].map(at).to_vec();
    if parameter.numbers == NumberRange::Whole {
        for value in &mut quarters {
            *value = value.round();
        }
    }
    quarters.dedup_by(|one, other| one.total_cmp(other).is_eq());
    quarters
}
