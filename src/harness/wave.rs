//! One wave of episodes on all workers.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::ThreadPool;

use super::Error;
use super::lineage::Lineages;
use super::summary::Digested;
use crate::episode::{self, Setting};
use crate::ledger::Sealed;
use crate::transcript::Transcript;

/// What is kept of an episode until it is recorded.
pub(super) struct Done {
    pub(super) sealed: Sealed,
    pub(super) digested: Digested,
    pub(super) failure: Option<episode::Error>,
}

/// Live the episodes of `wave`, and give those that were lived in their order: the first ones, without a gap.
///
/// Workers take the next episode one at a time, so that when the run is cancelled none is left out between two that were lived.
pub(super) fn live(
    pool: &ThreadPool,
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
    let mut done = if pool.current_num_threads() == 1 || wave.end - wave.start == 1 {
        work()
    } else {
        pool.broadcast(|_| work()).into_iter().flatten().collect()
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
    let (transcript, demands, failure) = match setting.live(lineages.ticket(episode)) {
        Ok(lived) => {
            let lived = lineages.keep(lived);
            (lived.transcript, lived.demands, None)
        }
        Err(aborted) => (aborted.transcript, crate::gate::Demands::default(), Some(aborted.error)),
    };
    observe(&transcript);
    let mut line = Vec::with_capacity(768);
    serde_json::to_writer(&mut line, &transcript)?;
    Ok(Done { sealed: Sealed::new(line)?, digested: Digested::new(transcript, demands), failure })
}
