//! Who lives the episodes of a run: threads of this process, or confined processes of their own.

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
use crate::worker::{self, Crew, Left};

/// Who lives the episodes.
pub(super) enum Executor {
    /// Threads of this process.
    Threads(Threads, Box<Setting>),
    /// Processes, each of which a thread waits for.
    Workers(Box<Crew>, ThreadPool, Cancel),
}

/// An episode that is over, and ready to be recorded; an error in its place says why it cannot be written down.
pub(super) struct Lived {
    pub(super) transcript: Transcript,
    pub(super) sealed: Sealed,
    pub(super) demands: Demands,
    pub(super) failure: Option<episode::Error>,
}

/// Some episodes of a run, none of which depends on another.
struct Wave<'w> {
    lineages: &'w Lineages,
    order: InOrder<'w, Result<Lived, Error>>,
    /// What the record keeps of steps.
    steps: Detail,
}

impl Executor {
    /// How many episodes are open at a time.
    pub(super) fn jobs(&self) -> usize {
        match self {
            Self::Threads(threads, _) => threads.count(),
            Self::Workers(_, pool, _) => pool.current_num_threads(),
        }
    }

    /// Do something on the threads.
    pub(super) fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match self {
            Self::Threads(threads, _) => threads.install(work),
            Self::Workers(_, pool, _) => pool.install(work),
        }
    }

    /// Live the episodes of `wave` on the threads that this is called on, and have each taken in their order, without a gap. No further
    /// one is begun once one is not taken, or the run is cancelled.
    ///
    /// # Errors
    ///
    /// Why a worker that was lost could not be replaced.
    pub(super) fn live(
        &self,
        lineages: &Lineages,
        wave: Range<u64>,
        steps: Detail,
        take: &mut Take<'_, Result<Lived, Error>>,
    ) -> Result<(), worker::Error> {
        let episodes = wave.end.saturating_sub(wave.start);
        let wave = Wave { lineages, order: InOrder::new(wave, lineages.held(), take), steps };
        match self {
            Self::Threads(_, setting) => {
                fan_out(episodes, &|_| wave.here(setting));
                Ok(())
            }
            Self::Workers(crew, pool, cancel) => {
                // Everybody takes a few times, so that nobody waits long for the last one.
                let shares = wide(pool.current_num_threads().saturating_mul(4));
                let size = episodes.checked_div(shares).unwrap_or(0).clamp(1, Crew::MOST);
                let lost = Mutex::new(None);
                fan_out(episodes, &|seat| {
                    if let Err(error) = wave.elsewhere(crew, cancel, seat, size) {
                        wave.order.stop();
                        lock(&lost).get_or_insert(error);
                    }
                });
                lost.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
            }
        }
    }

    /// End all workers, and give what they left on the disk and could not be removed.
    pub(super) fn dismiss(&self) -> Vec<Left> {
        match self {
            Self::Threads(..) => Vec::new(),
            Self::Workers(crew, ..) => crew.dismiss(),
        }
    }

    /// What is wrong where there is no room for the next episodes. What lost workers left is not theirs to keep.
    pub(super) fn lack(&self, reserve: &Reserve) -> Option<Halt> {
        let lacks = reserve.lacks()?;
        match self {
            Self::Threads(..) => Some(lacks),
            Self::Workers(crew, ..) => {
                crew.swept();
                reserve.lacks()
            }
        }
    }
}

impl Wave<'_> {
    /// Live episodes on this thread, one at a time, so that when the run is cancelled none is left out between two that were lived.
    fn here(&self, setting: &Setting) {
        let _guard = self.order.guard();
        while !setting.cancel.is_cancelled() {
            let Some(episode) = self.order.begin(1).next() else { break };
            self.done(episode, setting.live(self.lineages.ticket(episode)));
        }
    }

    /// Have episodes lived by the worker of a seat, `size` of them at a time.
    fn elsewhere(&self, crew: &Crew, cancel: &Cancel, seat: usize, size: u64) -> Result<(), worker::Error> {
        let _guard = self.order.guard();
        // Those that were begun here and are not done.
        let own = RefCell::new(BTreeSet::new());
        while !cancel.is_cancelled() && !self.order.is_over() {
            // Only the first ones may be waited for: those that it was given before may be what the others wait for.
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
            crew.live(seat, more, done)?;
            if !own.borrow().is_empty() {
                // The run was cancelled before they were lived.
                self.order.stop();
            }
        }
        Ok(())
    }

    /// Seal an episode that is over, on the thread that lived it, and have it taken.
    fn done(&self, episode: u64, lived: Result<episode::Lived, Box<Aborted>>) {
        let (mut transcript, demands, failure) = match lived {
            Ok(lived) => {
                let lived = self.lineages.keep(lived);
                (lived.transcript, lived.demands, None)
            }
            Err(aborted) => (aborted.transcript, Demands::default(), Some(self.lineages.named(aborted.error, episode))),
        };
        match self.sealed(&mut transcript) {
            Ok((sealed, bytes)) => {
                self.order.done(episode, bytes, Ok(Lived { transcript, sealed, demands, failure }));
            }
            Err(error) => self.order.done(episode, 0, Err(error)),
        }
    }

    /// The line of an episode, and about how many bytes all of it takes.
    fn sealed(&self, transcript: &mut Transcript) -> Result<(Sealed, u64), Error> {
        // The steps are for who watches, where the record does not keep them.
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
