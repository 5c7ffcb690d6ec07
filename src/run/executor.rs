//! The executor of the episodes of a run: threads of this process, or confined worker processes.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use rayon::ThreadPool;

use super::halt::{Halt, Reserve};
use super::lineage::Lineages;
use super::order::{InOrder, Take, fan_out};
use super::{Error, Threads};
use crate::episode::{self, Aborted, Cancel, Setting};
use crate::gate::Demands;
use crate::ledger::Sealed;
use crate::transcript::{Detail, Transcript};
use crate::value::{lock, wide};
use crate::worker::{self, Leftover, WorkerPool};

/// Executor of the episodes of a run.
pub(super) enum Executor {
    /// Threads of this process.
    Threads(Threads, Box<Setting>),
    /// Worker processes, and a pool with a thread that waits for each.
    Workers(Box<WorkerPool>, ThreadPool, Cancel),
}

/// Episode that is over, and ready to be recorded. `failure` is the failure of the host in an aborted episode.
pub(super) struct Completed {
    pub(super) transcript: Transcript,
    pub(super) sealed: Sealed,
    pub(super) demands: Demands,
    pub(super) failure: Option<episode::Error>,
}

/// Episodes of a run of which none depends on another.
struct Wave<'w> {
    lineages: &'w Lineages,
    order: InOrder<'w, Result<Completed, Error>>,
    /// Detail of the steps in the record.
    steps: Detail,
}

impl Executor {
    /// Returns the number of episodes that are open at a time.
    pub(super) fn jobs(&self) -> usize {
        match self {
            Self::Threads(threads, _) => threads.count(),
            Self::Workers(_, pool, _) => pool.current_num_threads(),
        }
    }

    /// Runs `work` on the threads.
    pub(super) fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match self {
            Self::Threads(threads, _) => threads.install(work),
            Self::Workers(_, pool, _) => pool.install(work),
        }
    }

    /// Runs the episodes of `wave` on the current pool, and hands each to `take` in order, without a gap. No further
    /// episode begins once `take` breaks, or the run is cancelled.
    ///
    /// # Errors
    ///
    /// Returns [`worker::Error`] when a lost worker cannot be replaced.
    pub(super) fn live(
        &self,
        lineages: &Lineages,
        wave: Range<u64>,
        steps: Detail,
        take: &mut Take<'_, Result<Completed, Error>>,
    ) -> Result<(), worker::Error> {
        let episodes = wave.end.saturating_sub(wave.start);
        let wave = Wave { lineages, order: InOrder::new(wave, lineages.held(), take), steps };
        match self {
            Self::Threads(_, setting) => {
                fan_out(episodes, &|_| wave.here(setting));
                Ok(())
            }
            Self::Workers(workers, pool, cancel) => {
                // Each thread asks for episodes several times, so that no thread waits long for the last one.
                let shares = wide(pool.current_num_threads().saturating_mul(4));
                let size = episodes.checked_div(shares).unwrap_or(0).clamp(1, WorkerPool::MOST);
                let lost = Mutex::new(None);
                fan_out(episodes, &|slot| {
                    if let Err(error) = wave.elsewhere(workers, cancel, slot, size) {
                        wave.order.stop();
                        lock(&lost).get_or_insert(error);
                    }
                });
                lost.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
            }
        }
    }

    /// Ends all workers. Returns the folders of workers that could not be removed.
    pub(super) fn dismiss(&self) -> Vec<Leftover> {
        match self {
            Self::Threads(..) => Vec::new(),
            Self::Workers(workers, ..) => workers.dismiss(),
        }
    }

    /// Returns the lack of room for the next episodes, if any. Files of lost workers are removed before room is
    /// called short.
    pub(super) fn lack(&self, reserve: &Reserve) -> Option<Halt> {
        let lacks = reserve.lacks()?;
        match self {
            Self::Threads(..) => Some(lacks),
            Self::Workers(workers, ..) => {
                workers.swept();
                reserve.lacks()
            }
        }
    }
}

impl Wave<'_> {
    /// Runs episodes on this thread, one at a time. So a cancelled run leaves no gap between episodes that were run.
    fn here(&self, setting: &Setting) {
        let _guard = self.order.guard();
        while !setting.cancel.is_cancelled() {
            let Some(episode) = self.order.begin(1).next() else { break };
            self.done(episode, setting.live(self.lineages.ticket(episode)));
        }
    }

    /// Has episodes run by the worker of a slot, `size` of them at a time.
    fn elsewhere(&self, workers: &WorkerPool, cancel: &Cancel, slot: usize, size: u64) -> Result<(), worker::Error> {
        let _guard = self.order.guard();
        // Episodes that this slot has begun and not finished.
        let own = RefCell::new(BTreeSet::new());
        while !cancel.is_cancelled() && !self.order.is_over() {
            // Only the first batch may be waited for. A later batch could wait for an episode that this worker still
            // has.
            let mut first = Some(self.order.begin(size));
            let more = || {
                if cancel.is_cancelled() && first.is_none() {
                    return Vec::new();
                }
                let begun = first.take().unwrap_or_else(|| self.order.begin_now(size));
                own.borrow_mut().extend(begun.clone());
                begun.map(|episode| self.lineages.ticket(episode)).collect()
            };
            let done = |episode, lived| {
                self.done(episode, lived);
                own.borrow_mut().remove(&episode);
                self.order.rest(|next| own.borrow().contains(&next));
            };
            workers.live(slot, more, done)?;
            if !own.borrow().is_empty() {
                // The run was cancelled before they were lived.
                self.order.stop();
            }
        }
        Ok(())
    }

    /// Seals an episode that is over, on the thread that ran it, and hands it on in order.
    fn done(&self, episode: u64, lived: Result<episode::Finished, Box<Aborted>>) {
        let (mut transcript, demands, failure) = match lived {
            Ok(lived) => {
                let lived = self.lineages.keep(lived);
                (lived.transcript, lived.demands, None)
            }
            Err(aborted) => (aborted.transcript, Demands::default(), Some(self.lineages.named(aborted.error, episode))),
        };
        match self.sealed(&mut transcript) {
            Ok((sealed, bytes)) => {
                self.order.done(episode, bytes, Ok(Completed { transcript, sealed, demands, failure }));
            }
            Err(error) => self.order.done(episode, 0, Err(error)),
        }
    }

    /// Returns the line of an episode, and the approximate number of bytes that the episode takes in memory.
    fn sealed(&self, transcript: &mut Transcript) -> Result<(Sealed, u64), Error> {
        // These steps are for sinks only, since the record does not keep them.
        let shown = match self.steps {
            Detail::Full => Vec::new(),
            Detail::Digest => std::mem::take(&mut transcript.body.trace),
        };
        let sealed = Sealed::of(transcript)?;
        let steps = shown.iter().fold(0, |sum: u64, step| sum.saturating_add(step.bytes()));
        if self.steps == Detail::Digest {
            transcript.body.trace = shown;
        }
        let bytes = sealed.length().saturating_mul(2).saturating_add(steps);
        Ok((sealed, bytes))
    }
}
