//! Running a suite: one case after another, the trials of each case on all workers.

use std::time::Instant;

use rayon::prelude::*;

use super::lived::ObservedEpisodes;
use super::stage::{self, Stage};
use super::{Case, CaseOutcome, Results, TrialLine};
use crate::episode::Cancel;
use crate::property::{Inquiry, Judgement, Observed, PropertyKind, Trial, TrialAgents, Verdict};
use crate::transcript::{End, Entry};

/// Reaction to a case that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// The run goes on.
    GoOn,
    /// The run stops.
    Stop,
}

/// Event of a suite, in order; every report follows from the events.
#[derive(Clone, Copy, Debug)]
pub enum Event<'e> {
    /// A case begins.
    Started(&'e Case),
    /// One trial of a case is done; trials are done on all workers, in any order.
    Trial(&'e Case),
    /// A case is over.
    Finished(&'e Case, &'e CaseOutcome),
    /// The suite is over.
    Closed(&'e Results<'e>),
}

/// Error returned when a suite cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A case cannot be run.
    #[error("{case}")]
    Case {
        /// Description of the case.
        case: String,
        /// Cause of the failure.
        source: stage::Error,
    },
}

/// Runs the cases in order. If the run is cancelled, or stops at a case that fails, the outcomes
/// are those of the first cases.
///
/// # Errors
///
/// [`Error`] if the host fails to run a case.
pub fn run(
    cases: &[Case],
    stage: &Stage,
    on_failure: OnFailure,
    cancel: &Cancel,
    watch: &(dyn Fn(Event<'_>) + Sync),
) -> Result<Vec<CaseOutcome>, Error> {
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

/// Runs one case; none if it was cancelled.
#[expect(clippy::disallowed_methods, reason = "how long a case took is for people alone")]
fn one(
    case: &Case,
    stage: &Stage,
    cancel: &Cancel,
    watch: &(dyn Fn(Event<'_>) + Sync),
) -> Result<Option<CaseOutcome>, stage::Error> {
    let started = Instant::now();
    let inquiry = case.inquiry();
    let outcome = |verdict: Verdict, trials: &[Trial], seen: &[Observed]| {
        let at = verdict.witness.as_ref().map_or(0, |witness| witness.trial);
        let line = trials.get(at).zip(seen.get(at));
        let line = line.map(|(trial, observed)| TrialLine { command: case.command(trial), root: observed.root });
        let episodes = seen.iter().map(|observed| observed.episodes).sum();
        let lived = ObservedEpisodes::of(case, trials, seen);
        let verdict = lived.told(case.property.kind, verdict);
        let verdict = match misled(trials, seen).filter(|_| verdict.finding == Judgement::NotApplicable) {
            Some(call) => Verdict { statement: format!("{}; {call}", verdict.statement), ..verdict },
            None => verdict,
        };
        let (trials, traps) = (trials.len(), lived.traps());
        CaseOutcome { verdict, trials, episodes, line, traps, took: started.elapsed() }
    };
    if let Some(reason) = case.property.inapplicable(&inquiry) {
        return Ok(Some(outcome(Verdict::not_applicable(reason), &[], &[])));
    }
    match crashes(case, &inquiry, stage, cancel)? {
        FirstLook::Cancelled => return Ok(None),
        FirstLook::Crashes(Gathered { trials, seen }) => {
            let outcome = outcome(Verdict::not_applicable("it takes no step"), &trials, &seen);
            let statement = format!("{}; no more was run, since it takes no step", outcome.verdict.statement);
            return Ok(Some(CaseOutcome { verdict: Verdict { statement, ..outcome.verdict }, ..outcome }));
        }
        FirstLook::Lives => {}
    }
    let Some(Gathered { trials, seen }) = gather(case, &inquiry, stage, cancel, watch)? else { return Ok(None) };
    let verdict = match refused(case, &trials, &seen) {
        Some(reason) => Verdict::not_applicable(reason),
        None => case.property.judged(&inquiry, &seen),
    };
    Ok(Some(outcome(verdict, &trials, &seen)))
}

/// The trials of a case, each with its observation.
#[derive(Default)]
struct Gathered {
    trials: Vec<Trial>,
    seen: Vec<Observed>,
}

/// Result of the first look at an agent, before many trials run.
enum FirstLook {
    /// The agent does not crash at once, or the look cannot tell.
    Lives,
    /// The agent traps, or uses up its fuel, before its first step in all of these trials.
    Crashes(Gathered),
    /// The look was cancelled.
    Cancelled,
}

/// Number of episodes of each trial that are run to find an agent that only traps, or only computes.
const SCOUTED: u64 = 8;

/// Finds an agent that traps, or uses up its fuel, before its first step, in each of the first
/// episodes of each of the first trials. Such an agent shows nothing under any condition, so a measured property neither
/// holds of it nor is violated. This look saves the remaining trials. Its episodes are, byte for
/// byte, the first ones of the trials.
fn crashes(case: &Case, inquiry: &Inquiry, stage: &Stage, cancel: &Cancel) -> Result<FirstLook, stage::Error> {
    let batch = case.property.planned(inquiry, &[]);
    // A learner may do otherwise after its training.
    let is_scouted = |trial: &Trial| trial.cast == TrialAgents::Subject && (trial.kept.start == 0 || !case.learns);
    if case.property.kind != PropertyKind::Measured || batch.is_empty() || !batch.iter().all(is_scouted) {
        return Ok(FirstLook::Lives);
    }
    let beginning = |trial: &Trial, episodes: u64| {
        let lineages = trial.lineages.min(u32::try_from(episodes).unwrap_or(u32::MAX));
        let episodes = episodes.min(trial.episodes);
        Trial { episodes, lineages, kept: 0..episodes, ..trial.clone() }
    };
    let has_crashed = |observed: &Observed| {
        let mut all = observed.transcripts.iter();
        observed.episodes > 0 && all.all(|one| matches!(one.body.end, End::Trapped | End::Fuel) && one.body.steps == 0)
    };
    // One episode is enough to see that an agent does something.
    for trial in batch.iter().take(1) {
        match stage.observe(case, &beginning(trial, 1), cancel)? {
            None => return Ok(FirstLook::Cancelled),
            Some(observed) if !has_crashed(&observed) => return Ok(FirstLook::Lives),
            Some(_) => {}
        }
    }
    let trials: Vec<Trial> = batch.iter().map(|trial| beginning(trial, SCOUTED)).collect();
    let live = |trial| stage.observe(case, trial, cancel);
    let seen: Option<Vec<_>> = trials.par_iter().map(live).collect::<Result<_, _>>()?;
    Ok(match seen {
        None => FirstLook::Cancelled,
        Some(seen) if seen.iter().all(has_crashed) => FirstLook::Crashes(Gathered { trials, seen }),
        Some(_) => FirstLook::Lives,
    })
}

/// Runs the trials of a case, batch by batch, until no more are planned; none if it was cancelled.
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
            // A trial that was cancelled is not done.
            if matches!(observed, Ok(Some(_))) {
                watch(Event::Trial(case));
            }
            observed
        };
        // INVARIANT 1: in the order of the plan, whichever worker was first.
        let observed: Option<Vec<_>> = batch.par_iter().map(live).collect::<Result<_, _>>()?;
        let Some(observed) = observed else { return Ok(None) };
        // What is missing cannot be made up for by more trials.
        let is_over = refused(case, &batch, &observed).is_some() || observed.iter().any(|observed| observed.is_cut);
        gathered.trials.extend(batch);
        gathered.seen.extend(observed);
        if is_over {
            return Ok(Some(gathered));
        }
    }
}

/// Returns all observations of one case; an empty list if it was cancelled. `watch` gets an event
/// for each trial.
///
/// # Errors
///
/// [`Error`] if the host fails to run the case.
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

/// Describes the first call of the agent with an invalid argument, which may be the reason for
/// which it seems to do nothing; none without such a call.
fn misled(trials: &[Trial], seen: &[Observed]) -> Option<String> {
    let own = trials.iter().zip(seen).filter(|(trial, _)| trial.cast == TrialAgents::Subject);
    let entry =
        own.flat_map(|(_, observed)| &observed.transcripts).find_map(|transcript| transcript.body.first_invalid())?;
    let Entry { operation, argument, rule, .. } = entry;
    Some(format!("`{operation}({argument})` was refused: {rule}"))
}

/// Describes the imports of the agent that a policy does not grant; none if it grants all.
fn refused(case: &Case, batch: &[Trial], observed: &[Observed]) -> Option<String> {
    let is_own = |trial: &Trial| matches!(trial.cast, TrialAgents::Subject | TrialAgents::Pair(_));
    let mut own = batch.iter().zip(observed).filter(|(trial, _)| is_own(trial));
    own.find(|(_, observed)| !observed.refused.is_empty()).map(|(trial, observed)| {
        let policy = case.under(trial);
        format!("the agent imports {}, which `{policy}` does not grant", observed.refused.join(", "))
    })
}
