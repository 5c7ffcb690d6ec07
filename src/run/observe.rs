//! A trial of a property: one run, watched step by step, in a ledger that keeps only its root.
//!
//! 1. The observed run is recorded as `dayfly run` would record it, with the same root.
//! 2. Steps are watched without a change of the policy, so that its digest stays.

use std::sync::Arc;

use super::{Ending, Error, Plan, Run, Threads};
use crate::agent::ParsedAgent;
use crate::episode::{self, Cancel};
use crate::gate::Release;
use crate::ledger::{Reason, SealedManifest, Writer};
use crate::policy::{Continuity, Policy, Swap};
use crate::property::{Observed, PolicyTerms, Trial};
use crate::transcript::Transcript;

/// Runs a trial of `agent` under `policy`. Returns `None` if it was cancelled.
///
/// # Errors
///
/// Returns [`Error`] when the host cannot carry out the run.
pub fn observe(
    trial: &Trial,
    agent: ParsedAgent,
    policy: &Arc<Policy>,
    threads: &Threads,
    cancel: &Cancel,
) -> Result<Option<Observed>, Error> {
    let plan = Plan {
        task: trial.task.as_deref().map(Arc::from),
        episodes: trial.episodes,
        lineages: trial.lineages,
        seed: trial.seed,
        ..Plan::new(agent, Arc::clone(policy), trial.world.clone())
    };
    let run = match Run::on_threads(plan.clone(), threads, cancel) {
        Ok(run) => run,
        Err(Error::Episode(episode::Error::Ungranted(refused))) => {
            let sealed = SealedManifest::new(&plan.manifest())?;
            let root = Writer::nowhere(&sealed).close(Reason::Aborted)?.root;
            return Ok(Some(Observed { refused, ..Observed::nothing(terms(policy), root) }));
        }
        Err(error) => return Err(error),
    };
    let mut transcripts = Vec::new();
    let mut keep = |transcript: &Transcript| {
        if trial.kept.contains(&transcript.header.episode) {
            transcripts.push(transcript.clone());
        }
    };
    // INVARIANT 2
    let outcome = run.showing_steps().carry_out(&mut keep)?.unless_cancelled()?;
    Ok(outcome.map(|outcome| {
        let (episodes, root) = (outcome.summary.episodes, outcome.head.root);
        let is_cut = matches!(outcome.ending, Ending::Full);
        Observed { transcripts, episodes, is_cut, ..Observed::nothing(terms(policy), root) }
    }))
}

/// Returns the terms of a policy, as far as a property's judge needs them.
pub fn terms(policy: &Policy) -> PolicyTerms {
    PolicyTerms {
        steps: policy.episode.steps,
        objective: policy.objective,
        persists: policy.boundary.environment == Continuity::Persist,
        carry: policy.boundary.carry,
        population: policy.population.map_or(0, |population| population.size),
        interval: policy.population.map_or(0, |population| population.interval),
        replaced: policy.population.map_or(0, |population| population.replaced()),
        swaps: policy.boundary.swap == Swap::Rotate,
        release_ends: policy.episode.on_release == Release::Ends,
    }
}
