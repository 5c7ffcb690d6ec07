//! One slot at work: what it owes, and what becomes of that when its worker is lost.
//!
//! ```text
//!  more --> | owed, not given | given to the worker, in this order | --answers--> done
//!                                ^ the one that was open when the worker was lost is aborted; the others are given to the next one
//! ```
//!
//! 1. Of the episodes that a lost worker was given, exactly the one that it had begun and not told of is aborted. A worker that
//!    had begun none costs none; some in a row cost one, or end the run where nothing was lived in between.
//! 2. A worker that says what is no answer, or what is not believed, or that it cannot go on, costs the episode that it said it of.
//!    What it says ends no run: whether the host can go on the supervisor finds out by itself, when it starts the next one, plays the
//!    world, or records.
//! 3. No wall clock ended an episode that the worker was given less than so long ago.
//! 4. The worker is given more before it has told of all it has, so that neither side waits for the other.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::bounds::Bounds;
use super::frame::{self, Bytes};
use super::parcel::Parcel;
use super::report::{Rejection, Validated};
use super::slot::WorkerSlot;
use super::watchdog::Watchdog;
use super::wire::{EpisodeOpening, WorkerReply, WorkerRequest, words};
use crate::agent::ParsedAgent;
use crate::episode::{Finished, Setting, Ticket};
use crate::gate::Demands;
use crate::policy::Continuity;
use crate::transcript::{Body, Transcript};

/// Number of bytes at which a batch takes no further episode.
const BATCH: usize = 1 << 20;
/// Number of workers in a row that may be lost before they begin an episode. Then one episode is charged for them, or
/// the run ends.
pub(super) const IDLE: u32 = 3;

/// Queue of episodes of a slot, and its bookkeeping.
pub(super) struct Assignment<'s> {
    setting: &'s Setting<ParsedAgent>,
    bounds: &'s Bounds,
    watchdog: &'s Watchdog,
    patience: Duration,
    owed: VecDeque<Ticket>,
    /// Number of queued episodes that have been sent to the worker.
    given: usize,
    /// Time at which the worker was given each of these.
    since: VecDeque<Instant>,
    /// Number of episodes in the last batch that `more` returned.
    taken: usize,
    idle: u32,
}

/// State of a worker when its queue is empty or its run cancelled.
pub(super) enum AfterWork {
    Ready,
    Stopped,
}

/// Charge for the loss of a worker.
pub(super) enum LossCost {
    /// The episode that was open.
    Episode,
    /// Nothing. None of so many workers in a row had begun an episode.
    Nothing(u32),
    /// Too many workers in a row had begun no episode.
    Patience,
}

/// Reason for which a worker is given up.
pub(super) enum Loss {
    Pipe(frame::Error),
    Told(String),
}

impl From<frame::Error> for Loss {
    fn from(error: frame::Error) -> Self {
        Self::Pipe(error)
    }
}

impl<'s> Assignment<'s> {
    /// Returns an empty queue. Its worker has `patience` for each answer.
    pub(super) const fn new(
        setting: &'s Setting<ParsedAgent>,
        bounds: &'s Bounds,
        watchdog: &'s Watchdog,
        patience: Duration,
    ) -> Self {
        Self {
            setting,
            bounds,
            watchdog,
            patience,
            owed: VecDeque::new(),
            given: 0,
            since: VecDeque::new(),
            taken: 0,
            idle: 0,
        }
    }

    /// Returns `true` if there is an episode to send. Asks `more` for episodes when all queued ones are sent.
    pub(super) fn goes_on(&mut self, more: &mut impl FnMut() -> Vec<Ticket>) -> bool {
        if self.given == self.owed.len() {
            let more = more();
            if !more.is_empty() {
                self.taken = more.len();
                self.owed.extend(more);
            }
        }
        self.given < self.owed.len()
    }

    /// Has all queued episodes run on `worker`, and those that `more` returns.
    pub(super) fn work(
        &mut self,
        worker: &mut WorkerSlot,
        more: &mut impl FnMut() -> Vec<Ticket>,
        done: &mut impl FnMut(u64, Validated),
    ) -> Result<AfterWork, Loss> {
        self.given = 0;
        self.since.clear();
        loop {
            // INVARIANT 4
            if self.given.saturating_mul(2) <= self.taken && self.goes_on(more) {
                self.give(worker)?;
            }
            if self.given == 0 {
                worker.watch.due.store(0, Ordering::Relaxed);
                return Ok(AfterWork::Ready);
            }
            let answer = worker.hear(self.bounds.frame())?;
            // The worker owes no answer while `done` runs, which may wait for another worker.
            worker.watch.due.store(0, Ordering::Relaxed);
            match answer {
                WorkerReply::Lived { of, parcel } => self.believe(of, &parcel, done)?,
                WorkerReply::Stopped if self.setting.cancel.is_cancelled() => return Ok(AfterWork::Stopped),
                // INVARIANT 2
                WorkerReply::Failed(why) => return Err(Loss::Told(format!("the worker failed: {}", words(&why)))),
                WorkerReply::Confined(_)
                | WorkerReply::Unfit { .. }
                | WorkerReply::Ready
                | WorkerReply::Stopped
                | WorkerReply::Compiled(_) => {
                    return Err(frame::Error::Malformed.into());
                }
            }
            self.watchdog.expect(&worker.watch, self.patience);
            self.given = self.given.saturating_sub(1);
            self.idle = 0;
            worker.told = worker.told.saturating_add(1);
        }
    }

    /// Sends the worker one batch of the episodes that it has not been sent yet.
    fn give(&mut self, worker: &WorkerSlot) -> Result<(), Loss> {
        let persists = self.setting.policy.boundary.environment == Continuity::Persist;
        let mut bytes: usize = 0;
        let mut batch = Vec::new();
        for ticket in self.owed.iter().skip(self.given) {
            if bytes > BATCH {
                break;
            }
            let opening = opening(ticket, persists);
            let world = opening.world.as_ref().map_or(0, |world| world.0.len());
            let carried = opening.carry_overs.iter().map(|bytes| bytes.0.len()).fold(0, usize::saturating_add);
            bytes = bytes.saturating_add(opening.carry_over.0.len()).saturating_add(carried).saturating_add(world);
            batch.push(opening);
        }
        self.given = self.given.saturating_add(batch.len());
        let (now, each) = (now(), batch.len());
        self.since.extend(std::iter::repeat_n(now, each));
        let mut order = Vec::new();
        frame::put(&WorkerRequest::Batch(batch), &mut order)?;
        self.watchdog.expect(&worker.watch, self.patience);
        Ok(worker.say(&order)?)
    }

    /// Validates the report of the episode with the seed `of`. It has to be the episode that is due.
    fn believe(&mut self, of: u64, parcel: &Parcel, done: &mut impl FnMut(u64, Validated)) -> Result<(), Loss> {
        let Some(ticket) = self.owed.front_mut() else { return Ok(()) };
        let is_due = ticket.seed.0 == of;
        let told = if is_due { parcel.open(self.bounds) } else { Err(Rejection::Unasked) };
        // INVARIANT 3
        let least = if self.setting.cancel.is_cancelled() { Duration::ZERO } else { self.setting.policy.episode.wall };
        let is_early = self.since.pop_front().is_some_and(|since| now().duration_since(since) < least);
        let told =
            told.and_then(|told| if is_early && told.is_hurried() { Err(Rejection::Contradiction) } else { Ok(told) });
        let lived = told.and_then(|told| told.believe(self.setting, self.bounds, ticket));
        let lived = lived.map_err(|doubt| Loss::Told(doubt.to_string()))?;
        let episode = ticket.episode;
        self.owed.pop_front();
        done(episode, lived);
        Ok(())
    }

    /// Returns the charge for the loss of a worker. `open` is the number of unreported episodes that it had finished
    /// before the open one, or `None` if none was open. The open episode is aborted, and its world and lineage stay
    /// as they were.
    pub(super) fn lost(&mut self, open: Option<u64>, why: &str, done: &mut impl FnMut(u64, Validated)) -> LossCost {
        // INVARIANT 1
        let given = std::mem::take(&mut self.given);
        let Some(open) = open else {
            self.idle = self.idle.saturating_add(1);
            return if self.idle < IDLE { LossCost::Nothing(self.idle) } else { LossCost::Patience };
        };
        // The counter of a worker is not to be trusted, but it can only charge an episode of its own.
        let last = given.saturating_sub(1);
        self.abort(usize::try_from(open).map_or(last, |open| open.min(last)), why.to_owned(), done);
        LossCost::Episode
    }

    /// Aborts the first queued episode, for the loss of workers that had begun none.
    pub(super) fn charge(&mut self, why: String, done: &mut impl FnMut(u64, Validated)) {
        self.abort(0, why, done);
    }

    fn abort(&mut self, place: usize, why: String, done: &mut impl FnMut(u64, Validated)) {
        self.idle = 0;
        let Some(ticket) = self.owed.remove(place) else { return };
        let body = Body { lost: Some(Cow::Owned(why)), ..Body::default() };
        let transcript = Transcript { header: self.setting.header(&ticket), body };
        let Ticket { episode, environment, carry_over, carry_overs, .. } = ticket;
        let demands = Demands::default();
        done(episode, Ok(Finished { transcript, environment, carry_over, carry_overs, demands }));
    }
}

/// The time, by which a worker is doubted and nothing is recorded.
#[expect(clippy::disallowed_methods, reason = "an episode that a clock ended is not older than the clock says")]
fn now() -> Instant {
    Instant::now()
}

fn opening(ticket: &Ticket, persists: bool) -> EpisodeOpening {
    EpisodeOpening {
        seed: ticket.seed.0,
        lineage_seed: ticket.lineage_seed.0,
        generation: ticket.generation,
        world: persists.then(|| Bytes(ticket.environment.state())),
        carry_over: Bytes(ticket.carry_over.to_vec()),
        carry_overs: ticket.carry_overs.iter().map(|carried| Bytes(carried.to_vec())).collect(),
    }
}
