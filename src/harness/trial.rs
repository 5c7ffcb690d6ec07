//! A trial of a property: one run, watched step by step, in a ledger that keeps nothing but its root.
//!
//! 1. What is observed is what `dayfly run` records of the same run, and the root is the same.
//! 2. Steps are watched without a change of the policy, so that its digest stays.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Ending, Error, Plan, Watch, carry_out};
use crate::agent::Agent;
use crate::episode::{self, Cancel};
use crate::gate::Release;
use crate::ledger::{Manifest, Writer};
use crate::policy::{Continuity, Policy, Swap};
use crate::property::{Observed, Terms, Trial};
use crate::transcript::{Detail, Transcript};

/// Run a trial of `agent` under `policy` on the workers of the current pool; nothing where it was cancelled.
///
/// # Errors
///
/// [`Error`] where the host could not carry it out.
pub fn observe(trial: &Trial, agent: Agent, policy: &Arc<Policy>, cancel: &Cancel) -> Result<Option<Observed>, Error> {
    let plan = Plan {
        agent,
        policy: Arc::clone(policy),
        world: trial.world.selection.clone().into(),
        task: trial.task.as_deref().map(Arc::from),
        episodes: trial.episodes,
        lineages: trial.lineages,
        seed: trial.seed,
        draws: None,
    };
    // INVARIANT 1: from here on as `dayfly run` does it.
    let manifest = Manifest::new(&plan.manifest())?;
    let mut writer = Writer::nowhere(&manifest);
    let kept = Mutex::new(BTreeMap::new());
    let see = |transcript: &Transcript| {
        if trial.kept.contains(&transcript.header.episode) {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.insert(transcript.header.episode, transcript.clone());
        }
    };
    // INVARIANT 2
    let watch = Watch { steps: Detail::Full, see: &see };
    let (summary, ending) = match carry_out(&plan, manifest.digest(), cancel, &mut writer, watch) {
        Ok(ran) => ran,
        Err(Error::Episode(episode::Error::Ungranted(refused))) => {
            let root = writer.close(crate::ledger::Reason::Aborted)?.root;
            return Ok(Some(Observed { refused, ..Observed::nothing(terms(policy), root) }));
        }
        Err(error) => return Err(error),
    };
    let root = writer.close(ending.reason())?.root;
    match ending {
        Ending::Cancelled => return Ok(None),
        Ending::Aborted(error) => return Err(error.into()),
        Ending::Halted(halt) => return Err(halt.into()),
        Ending::Completed | Ending::Quarantined | Ending::Full => {}
    }
    let kept = kept.into_inner().unwrap_or_else(PoisonError::into_inner);
    // What other workers lived after a quarantine, or when the record was full, is not on record.
    let transcripts = kept.into_iter().filter(|(episode, _)| *episode < summary.episodes);
    let transcripts = transcripts.map(|(_, transcript)| transcript).collect();
    let episodes = summary.episodes;
    Ok(Some(Observed { transcripts, episodes, ..Observed::nothing(terms(policy), root) }))
}

/// What a policy comes to, as far as a judge needs it.
pub fn terms(policy: &Policy) -> Terms {
    Terms {
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
