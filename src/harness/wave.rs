//! One wave of episodes on all workers.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::Error;
use super::lineage::Lineages;
use super::summary::Digested;
use crate::episode::{self, Setting};
use crate::ledger::Sealed;
use crate::transcript::{Detail, Transcript};

/// What is kept of an episode until it is recorded.
pub(super) struct Done {
    pub(super) sealed: Sealed,
    pub(super) digested: Digested,
    pub(super) failure: Option<episode::Error>,
}

/// Live the episodes of `wave` on the workers of the current pool, and give those that were lived in their order: the first ones, without a gap.
///
/// Workers take the next episode one at a time, so that when the run is cancelled none is left out between two that were lived.
pub(super) fn live(
    setting: &Setting,
    lineages: &Lineages,
    wave: Range<u64>,
    observe: &(dyn Fn(&Transcript) + Sync),
) -> Vec<Result<Done, Error>> {
    let next = AtomicU64::new(wave.start);
    let work = || {
        let mut done = Vec::new();
        while !setting.cancel.is_cancelled() {
            let episode = next.fetch_add(1, Ordering::Relaxed);
            if episode >= wave.end {
                break;
            }
            done.push((episode, one(setting, lineages, episode, observe)));
        }
        done
    };
    let most = usize::try_from(wave.end - wave.start).unwrap_or(usize::MAX);
    let workers = rayon::current_num_threads().min(most);
    let mut done = if workers <= 1 {
        work()
    } else {
        let done = Mutex::new(Vec::new());
        rayon::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|_| {
                    let own = work();
                    done.lock().unwrap_or_else(PoisonError::into_inner).extend(own);
                });
            }
        });
        done.into_inner().unwrap_or_else(PoisonError::into_inner)
    };
    done.sort_unstable_by_key(|(episode, _)| *episode);
    done.into_iter().map(|(_, done)| done).collect()
}

fn one(
    setting: &Setting,
    lineages: &Lineages,
    episode: u64,
    observe: &(dyn Fn(&Transcript) + Sync),
) -> Result<Done, Error> {
    let (mut transcript, demands, failure) = match setting.live(lineages.ticket(episode)) {
        Ok(lived) => {
            let lived = lineages.keep(lived);
            (lived.transcript, lived.demands, None)
        }
        Err(aborted) => (aborted.transcript, crate::gate::Demands::default(), Some(aborted.error)),
    };
    observe(&transcript);
    if setting.policy.record.steps == Detail::Digest {
        transcript.trace.clear();
    }
    let mut line = Vec::with_capacity(768);
    serde_json::to_writer(&mut line, &transcript)?;
    Ok(Done { sealed: Sealed::new(line)?, digested: Digested::new(transcript, demands), failure })
}
