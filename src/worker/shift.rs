//! One seat at work: what it owes, and what becomes of that when its worker is lost.
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
use super::seat::Seat;
use super::told::{Believed, Doubt};
use super::warden::Warden;
use super::wire::{Answer, Opening, Order, words};
use crate::agent::Known;
use crate::episode::{Lived, Setting, Ticket};
use crate::gate::Demands;
use crate::policy::Continuity;
use crate::transcript::{Body, Transcript};

/// Bytes of a batch beyond which it takes no further episode.
const BATCH: usize = 1 << 20;
/// How many workers in a row may be lost before they begin an episode, until one is charged for it, or the run ends.
pub(super) const IDLE: u32 = 3;

/// What a seat owes.
pub(super) struct Shift<'s> {
    setting: &'s Setting<Known>,
    bounds: &'s Bounds,
    warden: &'s Warden,
    patience: Duration,
    owed: VecDeque<Ticket>,
    /// How many of them the worker has been given.
    given: usize,
    /// When it was given each of these.
    since: VecDeque<Instant>,
    /// How many were taken at once, the last time that there were any.
    taken: usize,
    idle: u32,
}

/// What becomes of a worker that has nothing more to do.
pub(super) enum Left {
    Ready,
    Stopped,
}

/// What the loss of a worker costs.
pub(super) enum Cost {
    /// The episode that was open.
    Episode,
    /// Nothing, for so many workers in a row: none of them had begun an episode.
    Nothing(u32),
    /// There were too many of those.
    Patience,
}

/// Why a worker is given up.
pub(super) enum Loss {
    Pipe(frame::Error),
    Told(String),
}

impl From<frame::Error> for Loss {
    fn from(error: frame::Error) -> Self {
        Self::Pipe(error)
    }
}

impl<'s> Shift<'s> {
    /// A seat that owes nothing. Its worker has `patience` for each answer.
    pub(super) const fn new(
        setting: &'s Setting<Known>,
        bounds: &'s Bounds,
        warden: &'s Warden,
        patience: Duration,
    ) -> Self {
        Self {
            setting,
            bounds,
            warden,
            patience,
            owed: VecDeque::new(),
            given: 0,
            since: VecDeque::new(),
            taken: 0,
            idle: 0,
        }
    }

    /// Whether there is something to do, after a look at what there is `more`.
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

    /// Have everything that is owed lived, and what there is `more`.
    pub(super) fn work(
        &mut self,
        worker: &mut Seat,
        more: &mut impl FnMut() -> Vec<Ticket>,
        done: &mut impl FnMut(u64, Believed),
    ) -> Result<Left, Loss> {
        self.given = 0;
        self.since.clear();
        loop {
            // INVARIANT 4
            if self.given.saturating_mul(2) <= self.taken && self.goes_on(more) {
                self.give(worker)?;
            }
            if self.given == 0 {
                worker.watch.due.store(0, Ordering::Relaxed);
                return Ok(Left::Ready);
            }
            let answer = worker.hear(self.bounds.frame())?;
            // What is done with it may take as long as another worker needs.
            worker.watch.due.store(0, Ordering::Relaxed);
            match answer {
                Answer::Lived { of, parcel } => self.believe(of, &parcel, done)?,
                Answer::Stopped if self.setting.cancel.is_cancelled() => return Ok(Left::Stopped),
                // INVARIANT 2
                Answer::Failed(why) => return Err(Loss::Told(format!("the worker failed: {}", words(&why)))),
                Answer::Confined(_) | Answer::Unfit { .. } | Answer::Ready | Answer::Stopped | Answer::Compiled(_) => {
                    return Err(frame::Error::Malformed.into());
                }
            }
            self.warden.expect(&worker.watch, self.patience);
            self.given = self.given.saturating_sub(1);
            self.idle = 0;
            worker.told = worker.told.saturating_add(1);
        }
    }

    /// Give the worker one batch of what it has not been given yet.
    fn give(&mut self, worker: &Seat) -> Result<(), Loss> {
        let persists = self.setting.policy.boundary.environment == Continuity::Persist;
        let mut bytes: usize = 0;
        let mut batch = Vec::new();
        for ticket in self.owed.iter().skip(self.given) {
            if bytes > BATCH {
                break;
            }
            let opening = opening(ticket, persists);
            let world = opening.world.as_ref().map_or(0, |world| world.0.len());
            bytes = bytes.saturating_add(opening.carry_over.0.len()).saturating_add(world);
            batch.push(opening);
        }
        self.given = self.given.saturating_add(batch.len());
        let (now, each) = (now(), batch.len());
        self.since.extend(std::iter::repeat_n(now, each));
        let mut order = Vec::new();
        frame::put(&Order::Batch(batch), &mut order)?;
        self.warden.expect(&worker.watch, self.patience);
        Ok(worker.say(&order)?)
    }

    /// Take what is told of the episode with the seed `of` for the one that is due, and for no other.
    fn believe(&mut self, of: u64, parcel: &Parcel, done: &mut impl FnMut(u64, Believed)) -> Result<(), Loss> {
        let Some(ticket) = self.owed.front_mut() else { return Ok(()) };
        let is_due = ticket.seed.0 == of;
        let told = if is_due { parcel.open(self.bounds) } else { Err(Doubt::Unasked) };
        // INVARIANT 3
        let least = if self.setting.cancel.is_cancelled() { Duration::ZERO } else { self.setting.policy.episode.wall };
        let is_early = self.since.pop_front().is_some_and(|since| now().duration_since(since) < least);
        let told =
            told.and_then(|told| if is_early && told.is_hurried() { Err(Doubt::Contradiction) } else { Ok(told) });
        let lived = told.and_then(|told| told.believe(self.setting, self.bounds, ticket));
        let lived = lived.map_err(|doubt| Loss::Told(doubt.to_string()))?;
        let episode = ticket.episode;
        self.owed.pop_front();
        done(episode, lived);
        Ok(())
    }

    /// The worker is gone; `open` is how many of those that it had not told of it had finished before the one that was open, and
    /// nothing where none was. That one is aborted, and its world and lineage stay what they were.
    pub(super) fn lost(&mut self, open: Option<u64>, why: &str, done: &mut impl FnMut(u64, Believed)) -> Cost {
        // INVARIANT 1
        let given = std::mem::take(&mut self.given);
        let Some(open) = open else {
            self.idle = self.idle.saturating_add(1);
            return if self.idle < IDLE { Cost::Nothing(self.idle) } else { Cost::Patience };
        };
        // A worker may say anything, but it costs one of its own.
        let last = given.saturating_sub(1);
        self.abort(usize::try_from(open).map_or(last, |open| open.min(last)), why.to_owned(), done);
        Cost::Episode
    }

    /// Charge the first episode that is owed with the loss of workers that had begun none.
    pub(super) fn charge(&mut self, why: String, done: &mut impl FnMut(u64, Believed)) {
        self.abort(0, why, done);
    }

    fn abort(&mut self, place: usize, why: String, done: &mut impl FnMut(u64, Believed)) {
        self.idle = 0;
        let Some(ticket) = self.owed.remove(place) else { return };
        let body = Body { lost: Some(Cow::Owned(why)), ..Body::default() };
        let transcript = Transcript { header: self.setting.header(&ticket), body };
        let Ticket { episode, environment, carry_over, .. } = ticket;
        done(episode, Ok(Lived { transcript, environment, carry_over, demands: Demands::default() }));
    }
}

/// The time, by which a worker is doubted and nothing is recorded.
#[expect(clippy::disallowed_methods, reason = "an episode that a clock ended is not older than the clock says")]
fn now() -> Instant {
    Instant::now()
}

fn opening(ticket: &Ticket, persists: bool) -> Opening {
    Opening {
        seed: ticket.seed.0,
        lineage_seed: ticket.lineage_seed.0,
        generation: ticket.generation,
        world: persists.then(|| Bytes(ticket.environment.state())),
        carry_over: Bytes(ticket.carry_over.to_vec()),
    }
}
