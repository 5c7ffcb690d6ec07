//! Shortfalls of the trials of a case, which no judge of a property sees: a run that the policy
//! cut, episodes whose fuel was used up, and lessons that failed.

use std::collections::BTreeMap;

use super::Case;
use crate::property::{Judgement, Observed, PropertyKind, Trial, TrialAgents};
use crate::transcript::{End, Lesson, Transcript};
use crate::value::many;

/// Shortfalls, each in words.
pub(super) struct Shortfalls {
    /// A run that ended since its record may have no more bytes.
    cut: Option<String>,
    /// Episodes in which the agent used up its fuel, if they are more than half.
    fuel: Option<String>,
    /// `true` if that was so in every one, before the first step: the agent shows nothing else.
    is_only_fuel: bool,
    /// Lessons that failed, if they are more than half.
    lessons: Option<String>,
}

impl Shortfalls {
    pub(super) fn of(case: &Case, trials: &[Trial], seen: &[Observed]) -> Self {
        let own = || trials.iter().zip(seen).filter(|(trial, _)| trial.cast == TrialAgents::Subject);
        let episodes: Vec<&Transcript> = own().flat_map(|(_, observed)| &observed.transcripts).collect();
        let cut = trials.iter().zip(seen).find(|(_, observed)| observed.is_cut);
        Self {
            cut: cut.map(|(trial, observed)| in_words(case, trial, observed)),
            fuel: spent(case, &episodes),
            is_only_fuel: !episodes.is_empty()
                && episodes.iter().all(|one| one.body.end == End::Fuel && one.body.steps == 0),
            lessons: failed(&episodes),
        }
    }

    /// Returns a finding and a statement that say what fell short. A measured property that was
    /// asked by a run that was cut is undecided: what a judge said of it was said of a part.
    pub(super) fn told(&self, kind: PropertyKind, finding: Judgement, statement: String) -> (Judgement, String) {
        if let Some(cut) = &self.cut {
            return match (kind, finding) {
                (PropertyKind::Enforced, Judgement::Violated) => (finding, format!("{statement}; {cut}")),
                (PropertyKind::Enforced | PropertyKind::Measured, _) => (Judgement::Inconclusive, cut.clone()),
            };
        }
        let mut statement = match (&self.fuel, finding) {
            (Some(fuel), Judgement::NotApplicable) if self.is_only_fuel => return (finding, fuel.clone()),
            _ => statement,
        };
        for said in [&self.fuel, &self.lessons].into_iter().flatten().filter(|_| kind == PropertyKind::Measured) {
            statement = match finding {
                // It comes first: it may be why nothing applies.
                Judgement::NotApplicable => format!("{said}; {statement}"),
                Judgement::Holds | Judgement::Violated | Judgement::Inconclusive => format!("{statement}; {said}"),
            };
        }
        (finding, statement)
    }
}

/// Describes a run that the policy cut.
fn in_words(case: &Case, trial: &Trial, observed: &Observed) -> String {
    format!(
        "a run ended after {} of {}, since `{}` allows its record no more bytes: allow more in `record.run`, or ask for fewer `trials`",
        observed.episodes,
        many(trial.episodes, "episode"),
        case.under(trial)
    )
}

/// Describes the episodes in which the agent used up its fuel; none if they are half or fewer.
fn spent(case: &Case, episodes: &[&Transcript]) -> Option<String> {
    let spent: Vec<_> = episodes.iter().filter(|one| one.body.end == End::Fuel).collect();
    if spent.len() <= episodes.len() / 2 {
        return None;
    }
    let before = if spent.iter().all(|one| one.body.steps == 0) { " before its first step" } else { "" };
    let all = many(episodes.len(), "episode");
    Some(format!(
        "the agent used up its fuel{before} in {} of {all} (`episode.fuel` in {})",
        spent.len(),
        case.rules.text
    ))
}

/// Describes the failures of `learn`; none if they are half of the calls or fewer.
fn failed(episodes: &[&Transcript]) -> Option<String> {
    let mut counts: BTreeMap<Lesson, usize> = BTreeMap::new();
    for learned in episodes.iter().filter_map(|one| one.body.learned.as_ref()) {
        let count = counts.entry(learned.outcome).or_default();
        *count = count.saturating_add(1);
    }
    let all = counts.values().fold(0, |sum: usize, count| sum.saturating_add(*count));
    let (outcome, count) =
        counts.into_iter().find(|(outcome, count)| *outcome != Lesson::Carried && *count > all / 2)?;
    let what = match outcome {
        Lesson::Trapped => "`learn` trapped",
        Lesson::Refused => "`learn` returned more than `boundary.carry` declares",
        Lesson::Exhausted => "`learn` used up its fuel",
        Lesson::Stopped | Lesson::Overtime | Lesson::Withheld => "`learn` did not end in time",
        Lesson::Carried => return None,
    };
    Some(format!("{what} after {count} of {}, so that nothing was carried over", many(all, "episode")))
}
