//! One wave of episodes on all workers.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::lineage::Lineages;
use super::{Error, Hands};
use crate::episode::{self, Aborted, Cancel, Setting};
use crate::gate::Demands;
use crate::ledger::Sealed;
use crate::transcript::{Detail, Transcript};
use crate::worker::{self, Crew};

/// What is kept of an episode until it is recorded.
pub(super) struct Done {
    pub(super) transcript: Transcript,
    pub(super) sealed: Sealed,
    pub(super) demands: Demands,
    pub(super) failure: Option<episode::Error>,
}

/// The episodes of a wave that nobody has taken yet, and who watches.
struct Wave<'w> {
    lineages: &'w Lineages,
    end: u64,
    next: AtomicU64,
    /// The bytes of records that are held, and the most before the wave is cut short.
    held: AtomicU64,
    most: u64,
    /// Whether a seat could not go on: then no further episode is taken.
    is_over: AtomicBool,
    /// When it began.
    began: Instant,
    /// What the record keeps of steps.
    steps: Detail,
    observe: &'w (dyn Fn(&Transcript) + Sync),
}

/// How long what was lived waits to be recorded, where a wave can be cut short. The record does not depend on it: where nothing crosses
/// the boundary, waves are of any size.
const PATIENCE: Duration = Duration::from_secs(2);

#[expect(clippy::disallowed_methods, reason = "when episodes are recorded, which the record does not show")]
fn now() -> Instant {
    Instant::now()
}

/// Episodes that were lived, in any order.
type Lived = Vec<(u64, Result<Done, Error>)>;

/// Live the episodes of `wave` on the workers of the current pool, and give those that were lived in their order: the first ones,
/// without a gap; and why a seat could not go on, where one could not.
pub(super) fn live(
    hands: &Hands<'_>,
    lineages: &Lineages,
    wave: &Range<u64>,
    steps: Detail,
    observe: &(dyn Fn(&Transcript) + Sync),
) -> (Vec<Result<Done, Error>>, Option<worker::Error>) {
    let taken = Wave {
        lineages,
        end: wave.end,
        next: AtomicU64::new(wave.start),
        held: AtomicU64::new(0),
        most: lineages.held(),
        is_over: AtomicBool::new(false),
        began: now(),
        steps,
        observe,
    };
    let episodes = wave.end - wave.start;
    let workers = rayon::current_num_threads().min(usize::try_from(episodes).unwrap_or(usize::MAX)).max(1);
    let work = |seat: usize| match hands {
        Hands::Threads(setting) => (taken.here(setting), None),
        Hands::Crew(crew, cancel) => {
            // Everybody takes a few times, so that nobody waits long for the last one.
            let size = episodes / u64::try_from(workers.saturating_mul(4)).unwrap_or(u64::MAX);
            taken.elsewhere(crew, cancel, seat, size.clamp(1, Crew::MOST))
        }
    };
    let done = if workers == 1 {
        vec![work(0)]
    } else {
        let (work, done) = (&work, Mutex::new(Vec::new()));
        rayon::scope(|scope| {
            for seat in 0..workers {
                let done = &done;
                scope.spawn(move |_| {
                    let own = work(seat);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push(own);
                });
            }
        });
        done.into_inner().unwrap_or_else(PoisonError::into_inner)
    };
    let (done, lost): (Vec<Lived>, Vec<Option<worker::Error>>) = done.into_iter().unzip();
    let mut done: Lived = done.into_iter().flatten().collect();
    done.sort_unstable_by_key(|(episode, _)| *episode);
    let without_gap = (wave.start..).zip(done).take_while(|(expected, (episode, _))| expected == episode);
    (without_gap.map(|(_, (_, done))| done).collect(), lost.into_iter().flatten().next())
}

impl Wave<'_> {
    /// Live episodes on this thread, one at a time, so that when the run is cancelled none is left out between two that were lived.
    fn here(&self, setting: &Setting) -> Lived {
        let mut done = Vec::new();
        while !setting.cancel.is_cancelled() && !self.is_full() {
            let episode = self.next.fetch_add(1, Ordering::Relaxed);
            if episode >= self.end {
                break;
            }
            done.push((episode, self.record(setting.live(self.lineages.ticket(episode)))));
        }
        done
    }

    /// Have episodes lived by the worker of a seat; `size` are taken at a time. What was lived is given whatever becomes of the seat.
    fn elsewhere(&self, crew: &Crew, cancel: &Cancel, seat: usize, size: u64) -> (Lived, Option<worker::Error>) {
        let mut done = Vec::new();
        let more = || {
            if cancel.is_cancelled() || self.is_full() || self.is_over.load(Ordering::Relaxed) {
                return Vec::new();
            }
            let first = self.next.fetch_add(size, Ordering::Relaxed);
            let last = self.end.min(first.saturating_add(size));
            (first..last).map(|episode| self.lineages.ticket(episode)).collect()
        };
        let lost = crew.live(seat, more, |episode, lived| done.push((episode, self.record(Ok(lived))))).err();
        if lost.is_some() {
            self.is_over.store(true, Ordering::Relaxed);
        }
        (done, lost)
    }

    /// Whether there is as much to be recorded as may be held, or for as long: every episode that was taken is still lived, so that none
    /// is left out.
    fn is_full(&self) -> bool {
        let held = self.held.load(Ordering::Relaxed);
        held >= self.most || (held > 0 && self.most < u64::MAX && now().duration_since(self.began) > PATIENCE)
    }

    /// What is kept of an episode until it is recorded.
    fn record(&self, lived: Result<episode::Lived, Box<Aborted>>) -> Result<Done, Error> {
        let (mut transcript, demands, failure) = match lived {
            Ok(lived) => {
                let lived = self.lineages.keep(lived);
                (lived.transcript, lived.demands, None)
            }
            Err(aborted) => (aborted.transcript, Demands::default(), Some(aborted.error)),
        };
        (self.observe)(&transcript);
        if self.steps == Detail::Digest {
            transcript.body.trace = Vec::new();
        }
        let sealed = Sealed::of(&transcript)?;
        self.held.fetch_add(sealed.length(), Ordering::Relaxed);
        Ok(Done { transcript, sealed, demands, failure })
    }
}
