//! Waits for the outside. Each happens inside a host call, and lasts no longer than its episode.
//!
//! ```text
//!  host call --wait(future)--> tokio runtime of this call --answer----------------------> Ok
//!                                    |
//!                                    +-- wall clock, operator: the future is dropped ---> Cut
//! ```
//!
//! Neither fuel nor the interrupt clock stops a host call that blocks: both stop WebAssembly. So
//! this module bounds such calls.
//!
//! 1. A wait is over when its episode must end, whatever it waits for.
//! 2. No part of a wait outlives its call: the runtime is dropped with the call.
//! 3. The clock decides if a wait is cut, and the end of the episode records it. No other answer
//!    may depend on the clock.
//!
//! It does not bound work that never waits: a request to the outside has to be asynchronous.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::Builder;
use tokio::time::timeout;

use crate::transcript::End;

/// Time that an agent may go on after the wall clock ran out, so that it can learn of the end.
const GRACE: Duration = Duration::from_millis(100);
/// Fuel that calls may cost between two checks of the clock. A check takes as long as a small call.
const OFTEN: u64 = 1 << 14;
/// Interval at which a wait checks for cancellation.
const LOOK: Duration = Duration::from_millis(10);

/// Cancellation of a run by the operator.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Cancels the run.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Returns `true` if the run was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Wall clock of one episode, and cancellation: both end the episode from outside.
#[derive(Clone, Debug)]
pub struct Wall {
    end: Instant,
    cancel: Cancel,
}

/// Watch on the wall clock of one episode, for its calls and for the interrupt clock alike.
#[derive(Debug)]
pub(super) struct WallClockWatch {
    wall: Wall,
    /// Time at which the component must stop, once the clock was seen to have run out.
    last: Option<Instant>,
    /// Cost of the calls since the last check.
    unseen: u64,
}

/// Result of a check of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Time {
    /// The episode may go on.
    Left,
    /// The episode must end.
    Up(End),
    /// The episode must have ended, and its component must stop.
    Gone(End),
}

/// Reason for a wait without an answer.
#[derive(Debug)]
pub enum Cut {
    /// The episode must end.
    Ended(End),
    /// The host could not wait.
    Failed(Error),
}

/// Error returned when the host could not wait for the outside.
#[derive(Debug, thiserror::Error)]
#[error("there is no runtime to wait on")]
pub struct Error(#[from] io::Error);

impl Wall {
    /// Starts the wall clock of an episode that opens now.
    #[expect(clippy::disallowed_methods, reason = "a backstop: an episode that it ends says so")]
    pub fn after(wall: Duration, cancel: Cancel) -> Self {
        Self { end: Instant::now() + wall, cancel }
    }

    /// Returns the end that the episode must have now, if any.
    pub fn reached(&self) -> Option<End> {
        if self.cancel.is_cancelled() {
            return Some(End::Cancelled);
        }
        self.left().is_zero().then_some(End::Wall)
    }

    #[expect(clippy::disallowed_methods, reason = "a backstop: an episode that it ends says so")]
    fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    /// Waits for `outside`, unless the episode must end before.
    pub(super) fn wait<T>(&self, outside: impl Future<Output = T>) -> Result<T, Cut> {
        // INVARIANT 2: a runtime of its own.
        let runtime = Builder::new_current_thread().enable_time().build().map_err(|error| Cut::Failed(error.into()))?;
        runtime.block_on(async {
            let mut outside = std::pin::pin!(outside);
            loop {
                // INVARIANT 1: looked at before each turn, and a turn is short.
                if let Some(end) = self.reached() {
                    return Err(Cut::Ended(end));
                }
                if let Ok(answer) = timeout(self.left().min(LOOK), &mut outside).await {
                    return Ok(answer);
                }
            }
        })
    }
}

impl WallClockWatch {
    pub(super) const fn new(wall: Wall) -> Self {
        Self { wall, last: None, unseen: 0 }
    }

    /// Checks the clock.
    #[expect(clippy::disallowed_methods, reason = "a backstop: an episode that it ends says so")]
    pub(super) fn look(&mut self) -> Time {
        self.unseen = 0;
        match self.wall.reached() {
            None => Time::Left,
            Some(End::Cancelled) => Time::Gone(End::Cancelled),
            Some(end) => {
                let now = Instant::now();
                let last = *self.last.get_or_insert(now + GRACE);
                if now < last { Time::Up(end) } else { Time::Gone(end) }
            }
        }
    }

    /// Checks the clock once calls have cost enough since the last check.
    #[inline]
    pub(super) fn glance(&mut self, cost: u64) -> Time {
        self.unseen = self.unseen.saturating_add(cost);
        if self.unseen < OFTEN { Time::Left } else { self.look() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::sleep;

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn what_answers_in_time_is_heard() {
        let wall = Wall::after(LONG, Cancel::default());
        let answer = wall.wait(async {
            sleep(Duration::from_millis(25)).await;
            7
        });
        assert!(matches!(answer, Ok(7)));
    }

    #[test]
    fn a_wait_is_over_when_the_wall_clock_runs_out_or_the_operator_wants_it() {
        let wall = Wall::after(Duration::from_millis(30), Cancel::default());
        let long = async || sleep(LONG).await;
        assert!(matches!(wall.wait(long()), Err(Cut::Ended(End::Wall))));
        assert!(matches!(wall.wait(async {}), Err(Cut::Ended(End::Wall))), "nothing begins after it");
        let cancel = Cancel::default();
        let wall = Wall::after(LONG, cancel.clone());
        let operator = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(30));
            cancel.cancel();
        });
        assert!(matches!(wall.wait(long()), Err(Cut::Ended(End::Cancelled))));
        operator.join().unwrap();
    }
}
