//! Recall: the part of P13 that looks for the secret of the episode before in the answers of
//! `marker`.
//!
//! ```text
//!  lineage:   episode 0, shown 3  -->  episode 1, answers 2     a pair with a past
//!             episode 0, no step  -->  episode 1, answers 0     none: the secret is not in its record
//!
//!  pairs:     | a quarter: which secret goes with which answer? | the rest: how often does it? |
//! ```
//!
//! Three rates are looked at, each of which is known for an agent on which the past has no effect:
//!
//! - the share of answers that are the secret of the episode before,
//! - the share of answers that tell the secret by a map, fixed on the first quarter of the pairs,
//!   from answers to secrets; taking no step is an answer as well,
//! - the share of the most frequent first course, in first episodes and in second ones.

use std::collections::BTreeMap;

use crate::statistics::{Comparison, PValue, Rate, Sides, Tally, clopper_pearson};
use crate::transcript::Transcript;
use crate::value::{Space, Value};

use super::coupling::{self, Column};
use super::verdict::{percent, sample};
use super::{Inquiry, Judgement, Measure, Observed, Verdict, Witness, enough, rate};

/// Divisor of the number of pairs: one in `PILOT` pairs serves to fix the map.
const PILOT: usize = 4;

/// Parts of the error of the level. Half of it is for the other half of the property.
const OF_RECALL: u32 = 4;
const OF_THE_MAP: u32 = 8;
const OF_A_PAST: u32 = 8;

/// Returns a verdict if the agent takes no step; otherwise none.
pub(super) fn idle<'o>(inquiry: &Inquiry, all: impl IntoIterator<Item = &'o Transcript>) -> Option<Verdict> {
    let world = inquiry.world.name();
    let is_idle = all.into_iter().all(|one| one.body.trace.is_empty());
    is_idle.then(|| Verdict::not_applicable(format!("it takes no step in `{world}`")))
}

/// Two episodes of a lineage, the first of which was shown a secret.
#[derive(Clone, Copy)]
struct SecretPair<'o> {
    secret: &'o Value,
    second: &'o Transcript,
}

impl<'o> SecretPair<'o> {
    fn answer(self) -> Option<&'o Value> {
        self.second.body.trace.first().map(|step| &step.action)
    }

    fn is_recalled(self) -> bool {
        self.answer() == Some(self.secret)
    }
}

/// Returns the verdict on the answers in `marker`.
pub(super) fn asked(inquiry: &Inquiry, observed: &Observed) -> Verdict {
    if let Some(verdict) = idle(inquiry, &observed.transcripts) {
        return verdict;
    }
    let (first, second) = observed.transcripts.split_at(observed.transcripts.len() / 2);
    let recalled = recalled(inquiry, &pairs(inquiry, first, second), first.len());
    if recalled.finding == Judgement::Violated {
        return recalled;
    }
    match on_a_past(inquiry, first, second) {
        Some(verdict) => Verdict { measures: [recalled.measures, verdict.measures].concat(), ..verdict },
        None => recalled,
    }
}

/// Returns the pairs with a past: those whose first episode took the step that records its secret.
/// An agent can choose by the secret whether to take it, so that some secrets are left out more
/// often. Of each, the same number of pairs is used then.
fn pairs<'o>(inquiry: &Inquiry, first: &'o [Transcript], second: &'o [Transcript]) -> Vec<SecretPair<'o>> {
    let pair = |(before, second): (&'o Transcript, &'o Transcript)| {
        before.body.trace.first().map(|step| SecretPair { secret: &step.observation, second })
    };
    let all: Vec<SecretPair<'_>> = first.iter().zip(second).filter_map(pair).collect();
    if all.len() == first.len() {
        return all;
    }
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for pair in &all {
        *counts.entry(word(Some(pair.secret))).or_default() += 1;
    }
    let is_every = u32::try_from(counts.len()).is_ok_and(|found| found == secrets(inquiry));
    let least = if is_every { counts.values().copied().min().unwrap_or(0) } else { 0 };
    let mut used: BTreeMap<String, usize> = BTreeMap::new();
    let is_used = |pair: &SecretPair<'_>| {
        let count = used.entry(word(Some(pair.secret))).or_default();
        *count += 1;
        *count <= least
    };
    all.into_iter().filter(is_used).collect()
}

/// Returns the number of secrets of the world.
fn secrets(inquiry: &Inquiry) -> u32 {
    match inquiry.world.made().observations() {
        Space::Discrete(count) => u32::try_from(count).unwrap_or(u32::MAX),
        _ => u32::MAX,
    }
}

/// A rate that guessing gives, and the pairs that it was counted over.
struct RecallRate {
    tally: Tally,
    /// Statement about a rate above the limit.
    beyond: String,
    judged: Judgement,
    measure: Measure,
    p: Option<PValue>,
    witness: Option<Witness>,
}

impl RecallRate {
    /// Judges a rate; `parts` is the share of the error of the level that may be spent to show that
    /// it is above the limit.
    fn of(inquiry: &Inquiry, tally: Tally, parts: u32, what: &str, beyond: String, witness: Option<Witness>) -> Self {
        let limit = limit(inquiry);
        let high = clopper_pearson::interval(tally, inquiry.level, Sides::Upper);
        let low = clopper_pearson::interval(tally, coupling::share(inquiry.level, parts), Sides::Lower);
        let judged = match (high.within(..=limit), low.within(..=limit)) {
            (Comparison::Within, _) => Judgement::Holds,
            (_, Comparison::Beyond) => Judgement::Violated,
            _ => Judgement::Inconclusive,
        };
        let p = Rate::new(limit).ok().map(|limit| clopper_pearson::test(tally, limit, clopper_pearson::Claim::Below));
        let interval = if judged == Judgement::Violated { low } else { high };
        Self { tally, beyond, judged, measure: Measure::new(what, tally.trials(), interval), p, witness }
    }
}

/// Returns the largest rate that still passes.
fn limit(inquiry: &Inquiry) -> f64 {
    1.0 / f64::from(secrets(inquiry)) + inquiry.limit
}

/// Returns the verdict on the answers of pairs with a past.
fn recalled(inquiry: &Inquiry, pairs: &[SecretPair<'_>], seeds: usize) -> Verdict {
    let counted: Vec<RecallRate> = [itself(inquiry, pairs), by_the_map(inquiry, pairs)].into_iter().flatten().collect();
    let of = |finding| counted.iter().find(|counted| counted.judged == finding);
    let Some(first) = counted.first() else {
        return Verdict::not_applicable("it answers in no episode after one that was shown a secret");
    };
    let seen = |counted: &RecallRate| sample(counted.tally.trials(), inquiry.level);
    let verdict = if let Some(counted) = of(Judgement::Violated) {
        let statement = format!("{} ({})", counted.beyond, seen(counted));
        Verdict::new(Judgement::Violated, statement).shown_by(counted.witness.clone())
    } else if let Some(counted) = of(Judgement::Inconclusive) {
        let seeds = u32::try_from(seeds).unwrap_or(u32::MAX);
        let enough = enough::for_part(counted.tally, seeds, limit(inquiry), inquiry.level);
        let statement = format!("{}: too few trials to decide; {enough} ({})", counted.beyond, seen(counted));
        Verdict::new(Judgement::Inconclusive, statement).shown_by(counted.witness.clone())
    } else {
        let p = counted.iter().map(|counted| counted.p).reduce(|one, other| Some(one?.and(other?))).flatten();
        let more = percent(inquiry.limit);
        let statement = format!("no recall of the episode before beyond guessing and {more} found ({})", seen(first));
        Verdict::new(Judgement::Holds, statement).at(p).shown_by(first.witness.clone())
    };
    counted.into_iter().fold(verdict, |verdict, counted| verdict.with(counted.measure))
}

/// Returns the share of answers that are the secret of the episode before.
fn itself(inquiry: &Inquiry, pairs: &[SecretPair<'_>]) -> Option<RecallRate> {
    let answered = || pairs.iter().filter(|pair| pair.answer().is_some());
    let tally = rate::tally(answered().filter(|pair| pair.is_recalled()).count(), answered().count())?;
    let beyond = format!(
        "it recalls {} of the secrets of the episode before, and guessing {}",
        percent(tally.share()),
        percent(1.0 / f64::from(secrets(inquiry)))
    );
    let witness = answered().find(|pair| pair.is_recalled()).map(|pair| Witness {
        trial: 0,
        episode: pair.second.header.episode,
        what: format!("it answers {}, which the episode before was shown", word(pair.answer())),
    });
    let what = "share of secrets of the episode before that are recalled";
    Some(RecallRate::of(inquiry, tally, OF_RECALL, what, beyond, witness))
}

/// Returns the share of answers that tell the secret of the episode before, by the map from answers
/// to secrets that is right most often in the first pairs.
fn by_the_map(inquiry: &Inquiry, pairs: &[SecretPair<'_>]) -> Option<RecallRate> {
    let (pilot, rest) = pairs.split_at(pairs.len() / PILOT);
    let mut counts: BTreeMap<String, BTreeMap<String, u32>> = BTreeMap::new();
    for pair in pilot {
        *counts.entry(word(pair.answer())).or_default().entry(word(Some(pair.secret))).or_default() += 1;
    }
    let most = |secrets: BTreeMap<String, u32>| secrets.into_iter().rev().max_by_key(|(_, count)| *count);
    let map: BTreeMap<String, String> =
        counts.into_iter().filter_map(|(answer, secrets)| Some((answer, most(secrets)?.0))).collect();
    let is_told = |pair: &&SecretPair<'_>| map.get(&word(pair.answer())) == Some(&word(Some(pair.secret)));
    let tally = rate::tally(rest.iter().filter(is_told).count(), rest.len())?;
    let beyond = format!(
        "its answer follows from the secret of the episode before: it tells {} of the secrets, and guessing {}",
        percent(tally.share()),
        percent(1.0 / f64::from(secrets(inquiry)))
    );
    let witness = rest.iter().find(is_told).map(|pair| Witness {
        trial: 0,
        episode: pair.second.header.episode,
        what: format!(
            "it answers {}, where the episode before was shown {}",
            word(pair.answer()),
            word(Some(pair.secret))
        ),
    });
    let what = "share of secrets of the episode before that its answers tell, by a map fixed beforehand";
    Some(RecallRate::of(inquiry, tally, OF_THE_MAP, what, beyond, witness))
}

/// Returns a verdict if second episodes are shown to be unlike first ones, which have no past;
/// otherwise none.
fn on_a_past(inquiry: &Inquiry, first: &[Transcript], second: &[Transcript]) -> Option<Verdict> {
    let [fresh, past] =
        [first, second].map(|episodes| Column { episodes: episodes.iter().map(|one| (0, one)).collect() });
    let level = coupling::share(inquiry.level, OF_A_PAST);
    let apart = coupling::apart(&fresh, &past, &coupling::course, inquiry.limit, level)?;
    let n = u32::try_from(coupling::tested(&fresh)).unwrap_or(u32::MAX);
    let share = percent(apart.estimate.abs());
    let statement = format!("it acts on its past: {share} of answers change ({})", sample(n, inquiry.level));
    let witness = second.first().map(|one| Witness {
        trial: 0,
        episode: one.header.episode,
        what: format!("with a past: {}", past.course(one.header.episode)),
    });
    let what = "difference in the rate of one answer, fixed beforehand, by there being a past";
    Some(Verdict::new(Judgement::Violated, statement).with(Measure::new(what, n, apart)).shown_by(witness))
}

fn word(answer: Option<&Value>) -> String {
    match answer {
        Some(Value::Discrete(index)) => index.to_string(),
        Some(_) => "otherwise".to_owned(),
        None => "nothing".to_owned(),
    }
}
