//! Carrying out a suite: one case after another, the trials of each on all workers.

use std::time::Instant;

use rayon::prelude::*;

use super::lived::Lived;
use super::stage::{self, Stage};
use super::{Case, Line, Outcome, Results};
use crate::episode::Cancel;
use crate::property::{Cast, Finding, Inquiry, Kind, Observed, Trial, Verdict};
use crate::transcript::{End, Entry};

/// Whether a run goes on after a case that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// It does.
    GoOn,
    /// It stops.
    Stop,
}

/// What happens in a suite, in its order; every report follows from it.
#[derive(Clone, Copy, Debug)]
pub enum Event<'e> {
    /// A case begins.
    Started(&'e Case),
    /// One trial of a case is done; trials are done on all workers, in any order.
    Trial(&'e Case),
    /// A case is over.
    Finished(&'e Case, &'e Outcome),
    /// The suite is over.
    Closed(&'e Results<'e>),
}

/// A suite could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A case could not be.
    #[error("{case}")]
    Case {
        /// What was asked.
        case: String,
        /// Why.
        source: stage::Error,
    },
}

/// Carry out the cases in their order. Where it is cancelled, or a case does not hold and that stops it,
/// the outcomes are those of the first cases.
///
/// # Errors
///
/// [`Error`] where the host could not carry one out.
pub fn run(
    cases: &[Case],
    stage: &Stage,
    on_failure: OnFailure,
    cancel: &Cancel,
    watch: &(dyn Fn(Event<'_>) + Sync),
) -> Result<Vec<Outcome>, Error> {
    let mut outcomes = Vec::with_capacity(cases.len());
    for case in cases {
        watch(Event::Started(case));
        let ran = stage.threads().install(|| one(case, stage, cancel, watch));
        let ran = ran.map_err(|source| Error::Case { case: case.to_string(), source })?;
        let Some(outcome) = ran else { break };
        watch(Event::Finished(case, &outcome));
        let fails = outcome.fails(case);
        outcomes.push(outcome);
        if fails && on_failure == OnFailure::Stop {
            break;
        }
    }
    Ok(outcomes)
}

/// Carry out one case; nothing where it was cancelled.
#[expect(clippy::disallowed_methods, reason = "how long a case took is for people alone")]
fn one(
    case: &Case,
    stage: &Stage,
    cancel: &Cancel,
    watch: &(dyn Fn(Event<'_>) + Sync),
) -> Result<Option<Outcome>, stage::Error> {
    let started = Instant::now();
    let inquiry = case.inquiry();
    let outcome = |verdict: Verdict, trials: &[Trial], seen: &[Observed]| {
        let at = verdict.witness.as_ref().map_or(0, |witness| witness.trial);
        let line = trials.get(at).zip(seen.get(at));
        let line = line.map(|(trial, observed)| Line { command: case.command(trial), root: observed.root });
        let episodes = seen.iter().map(|observed| observed.episodes).sum();
        let lived = Lived::of(case, trials, seen);
        let verdict = lived.told(case.property.kind, verdict);
        let verdict = match misled(trials, seen).filter(|_| verdict.finding == Finding::NotApplicable) {
            Some(call) => Verdict { statement: format!("{}; {call}", verdict.statement), ..verdict },
            None => verdict,
        };
        let (trials, traps) = (trials.len(), lived.traps());
        Outcome { verdict, trials, episodes, line, traps, took: started.elapsed() }
    };
    if let Some(reason) = case.property.inapplicable(&inquiry) {
        return Ok(Some(outcome(Verdict::not_applicable(reason), &[], &[])));
    }
    match crashes(case, &inquiry, stage, cancel)? {
        Watched::Cancelled => return Ok(None),
        Watched::Crashes(Gathered { trials, seen }) => {
            let outcome = outcome(Verdict::not_applicable("it takes no step"), &trials, &seen);
            let statement = format!("{}; no more was run, since it takes no step", outcome.verdict.statement);
            return Ok(Some(Outcome { verdict: Verdict { statement, ..outcome.verdict }, ..outcome }));
        }
        Watched::Lives => {}
    }
    let Some(Gathered { trials, seen }) = gather(case, &inquiry, stage, cancel, watch)? else { return Ok(None) };
    let verdict = match refused(case, &trials, &seen) {
        Some(reason) => Verdict::not_applicable(reason),
        None => case.property.judged(&inquiry, &seen),
    };
    Ok(Some(outcome(verdict, &trials, &seen)))
}

/// The trials of a case, and what each led to.
#[derive(Default)]
struct Gathered {
    trials: Vec<Trial>,
    seen: Vec<Observed>,
}

/// How an agent begins, before much is asked of it.
enum Watched {
    /// It does not crash at once, or nothing can be said of that.
    Lives,
    /// It traps before its first step in all of these trials.
    Crashes(Gathered),
    /// That was cut short.
    Cancelled,
}

/// How many episodes of a trial are lived to see whether an agent does nothing but trap.
const SCOUTED: u64 = 8;

/// Whether an agent traps before its first step, in each of the first episodes of each of the first trials. Such an agent has shown nothing
/// under any condition, so that nothing that is measured holds for it, or is violated: it need not trap a thousand times to be told so.
/// What is lived here is what the trials begin with, to the byte.
fn crashes(case: &Case, inquiry: &Inquiry, stage: &Stage, cancel: &Cancel) -> Result<Watched, stage::Error> {
    let batch = case.property.planned(inquiry, &[]);
    // One that learns may do otherwise once it has been taught.
    let is_scouted = |trial: &Trial| trial.cast == Cast::Subject && (trial.kept.start == 0 || !case.learns);
    if case.property.kind != Kind::Measured || batch.is_empty() || !batch.iter().all(is_scouted) {
        return Ok(Watched::Lives);
    }
    let beginning = |trial: &Trial, episodes: u64| {
        let lineages = trial.lineages.min(u32::try_from(episodes).unwrap_or(u32::MAX));
        let episodes = episodes.min(trial.episodes);
        Trial { episodes, lineages, kept: 0..episodes, ..trial.clone() }
    };
    let has_crashed = |observed: &Observed| {
        let mut all = observed.transcripts.iter();
        observed.episodes > 0 && all.all(|one| one.body.end == End::Trapped && one.body.steps == 0)
    };
    // One episode is enough to see that an agent does something.
    for trial in batch.iter().take(1) {
        match stage.observe(case, &beginning(trial, 1), cancel)? {
            None => return Ok(Watched::Cancelled),
            Some(observed) if !has_crashed(&observed) => return Ok(Watched::Lives),
            Some(_) => {}
        }
    }
    let trials: Vec<Trial> = batch.iter().map(|trial| beginning(trial, SCOUTED)).collect();
    let live = |trial| stage.observe(case, trial, cancel);
    let seen: Option<Vec<_>> = trials.par_iter().map(live).collect::<Result<_, _>>()?;
    Ok(match seen {
        None => Watched::Cancelled,
        Some(seen) if seen.iter().all(has_crashed) => Watched::Crashes(Gathered { trials, seen }),
        Some(_) => Watched::Lives,
    })
}

/// The trials of a case with what they led to, batch by batch, until no more are planned; nothing where it was cancelled.
fn gather(
    case: &Case,
    inquiry: &Inquiry,
    stage: &Stage,
    cancel: &Cancel,
    watch: &(dyn Fn(Event<'_>) + Sync),
) -> Result<Option<Gathered>, stage::Error> {
    let mut gathered = Gathered::default();
    loop {
        let batch = case.property.planned(inquiry, &gathered.seen);
        if batch.is_empty() {
            return Ok(Some(gathered));
        }
        let live = |trial| {
            let observed = stage.observe(case, trial, cancel);
            // One that was cut short is not done.
            if matches!(observed, Ok(Some(_))) {
                watch(Event::Trial(case));
            }
            observed
        };
        // INVARIANT 1: in the order of the plan, whichever worker was first.
        let observed: Option<Vec<_>> = batch.par_iter().map(live).collect::<Result<_, _>>()?;
        let Some(observed) = observed else { return Ok(None) };
        let is_over = refused(case, &batch, &observed).is_some();
        gathered.trials.extend(batch);
        gathered.seen.extend(observed);
        if is_over {
            return Ok(Some(gathered));
        }
    }
}

/// All that is observed of one case; nothing where it was cancelled. `watch` is told of each trial.
///
/// # Errors
///
/// [`Error`] where the host could not carry it out.
pub fn observe(
    case: &Case,
    stage: &Stage,
    cancel: &Cancel,
    watch: &(dyn Fn(Event<'_>) + Sync),
) -> Result<Vec<Observed>, Error> {
    let gathered = stage.threads().install(|| gather(case, &case.inquiry(), stage, cancel, watch));
    let gathered = gathered.map_err(|source| Error::Case { case: case.to_string(), source })?;
    Ok(gathered.map(|gathered| gathered.seen).unwrap_or_default())
}

/// That a call of the agent asked for what cannot be: why it may seem to do nothing.
fn misled(trials: &[Trial], seen: &[Observed]) -> Option<String> {
    let own = trials.iter().zip(seen).filter(|(trial, _)| trial.cast == Cast::Subject);
    let entry =
        own.flat_map(|(_, observed)| &observed.transcripts).find_map(|transcript| transcript.body.first_invalid())?;
    let Entry { operation, argument, rule, .. } = entry;
    Some(format!("`{operation}({argument})` was refused: {rule}"))
}

/// That a policy refuses the agent.
fn refused(case: &Case, batch: &[Trial], observed: &[Observed]) -> Option<String> {
    let is_own = |trial: &Trial| matches!(trial.cast, Cast::Subject | Cast::Pair(_));
    let mut own = batch.iter().zip(observed).filter(|(trial, _)| is_own(trial));
    own.find(|(_, observed)| !observed.refused.is_empty()).map(|(trial, observed)| {
        let policy = case.under(trial);
        format!("the agent imports {}, which `{policy}` does not grant", observed.refused.join(", "))
    })
}
