//! A parallel map whose results are taken in order.
//!
//! ```text
//!  0 1 2 3 ... --> thread, thread --> 1 0 3 2 --> waiting for the one before --> 0 1 2 3 --> taken, one at a time
//! ```
//!
//! 1. The result of a piece is taken once the results of all pieces before it are taken, and never by two threads at
//!    a time.
//! 2. No thread waits for another to take results. A thread that finishes a piece takes results itself, unless
//!    another thread is taking.
//! 3. No further piece begins while the waiting results fill their room. Threads with begun pieces then rest, except
//!    the one whose piece is next.
//! 4. No thread waits for a piece that will not be done: a thread that leaves pieces undone, even by a panic, ends
//!    the work.

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError, TryLockError};

use crate::episode::Cancel;
use crate::value::lock;

/// Results of pieces of work, on their way into order.
pub(super) struct InOrder<'t, T> {
    /// Next piece that no thread has begun; `end` is the end of all pieces.
    begun: AtomicU64,
    end: u64,
    /// Maximum number of bytes that wait.
    most: u64,
    /// Number of bytes that wait.
    bytes: AtomicU64,
    /// `true` once no further piece is begun.
    is_over: AtomicBool,
    waiting: Mutex<Backlog<T>>,
    /// Condition that is notified whenever fewer bytes wait, or the work is over.
    room: Condvar,
    take: Mutex<&'t mut Take<'t, T>>,
}

/// Consumer of results. Once it breaks, no further piece is begun or taken.
pub(super) type Take<'t, T> = dyn FnMut(T) -> ControlFlow<()> + Send + 't;

/// Results that are done, and not taken.
struct Backlog<T> {
    done: BTreeMap<u64, (u64, T)>,
    /// Piece whose result is taken next.
    next: u64,
}

impl<'t, T: Send> InOrder<'t, T> {
    /// Returns the pieces of `range`, of which about `most` bytes may wait.
    pub(super) fn new(range: Range<u64>, most: u64, take: &'t mut Take<'t, T>) -> Self {
        Self {
            begun: AtomicU64::new(range.start),
            end: range.end,
            most,
            bytes: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
            waiting: Mutex::new(Backlog { done: BTreeMap::new(), next: range.start }),
            room: Condvar::new(),
            take: Mutex::new(take),
        }
    }

    /// Begins at most `count` pieces, and none once the work is over. Waits while there is no room. The calling
    /// thread has to have finished all pieces that it began before.
    pub(super) fn begin(&self, count: u64) -> Range<u64> {
        self.rest(|_| false);
        self.begin_now(count)
    }

    /// Begins at most `count` pieces without waiting, and none where there is no room.
    pub(super) fn begin_now(&self, count: u64) -> Range<u64> {
        if self.is_over.load(Ordering::Relaxed) || self.is_full() {
            return self.end..self.end;
        }
        let first = self.begun.fetch_add(count, Ordering::Relaxed).min(self.end);
        first..first.saturating_add(count).min(self.end)
    }

    /// Returns `true` if there is nothing left to begin.
    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed) || self.begun.load(Ordering::Relaxed) >= self.end
    }

    /// Stops the work: no further piece is begun.
    pub(super) fn stop(&self) {
        self.is_over.store(true, Ordering::Relaxed);
        // A thread that is about to wait checks `is_over` under the lock, so it cannot miss this.
        drop(lock(&self.waiting));
        self.room.notify_all();
    }

    /// Hands over the result `what` of a piece, which takes `bytes` until it is taken.
    pub(super) fn done(&self, piece: u64, bytes: u64, what: T) {
        let mut what = Some(what);
        loop {
            // INVARIANT 2
            let mut take = match self.take.try_lock() {
                Ok(take) => take,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => match what.take() {
                    // The taking thread may have looked before this result was added, so the loop tries once more.
                    Some(what) => {
                        self.wait_for_its_turn(piece, bytes, what);
                        continue;
                    }
                    None => return,
                },
            };
            if let Some(what) = what.take() {
                if self.is_next(piece) {
                    self.give(&mut **take, what);
                } else {
                    self.wait_for_its_turn(piece, bytes, what);
                }
            }
            while let Some(what) = self.next() {
                self.give(&mut **take, what);
            }
            drop(take);
            // A result that was added while this thread let go of `take` is taken in another round.
            let waiting = lock(&self.waiting);
            if !waiting.done.contains_key(&waiting.next) {
                return;
            }
        }
    }

    fn give(&self, take: &mut Take<'t, T>, what: T) {
        if take(what).is_break() {
            self.stop();
            lock(&self.waiting).next = u64::MAX;
        }
    }

    /// INVARIANT 1: returns `true` if the result of this piece is taken next, and moves on to the piece after it.
    fn is_next(&self, piece: u64) -> bool {
        let mut waiting = lock(&self.waiting);
        let is_next = waiting.next == piece;
        if is_next {
            waiting.next = piece.saturating_add(1);
            // The thread that has the next piece may be resting.
            if self.is_full() {
                self.room.notify_all();
            }
        }
        is_next
    }

    fn wait_for_its_turn(&self, piece: u64, bytes: u64, what: T) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        lock(&self.waiting).done.insert(piece, (bytes, what));
    }

    /// INVARIANT 1: returns the result that is taken next, if it is done.
    fn next(&self) -> Option<T> {
        let mut waiting = lock(&self.waiting);
        let next = waiting.next;
        let (bytes, what) = waiting.done.remove(&next)?;
        waiting.next = next.saturating_add(1);
        // Waking other threads is a system call, so it is left out where none can be resting.
        if self.is_full() {
            self.room.notify_all();
        }
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        Some(what)
    }

    /// INVARIANT 3: waits while there is no room and the next piece is not the thread's own.
    pub(super) fn rest(&self, is_own: impl Fn(u64) -> bool) {
        if !self.is_full() {
            return;
        }
        let mut waiting = lock(&self.waiting);
        while self.is_full() && !self.is_over.load(Ordering::Relaxed) && !is_own(waiting.next) {
            waiting = self.room.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn is_full(&self) -> bool {
        self.bytes.load(Ordering::Relaxed) >= self.most
    }

    /// INVARIANT 4: returns a guard that stops the work when its thread panics.
    pub(super) const fn guard(&self) -> PanicGuard<'_, 't, T> {
        PanicGuard(self)
    }
}

/// Guard that stops the work when its thread panics.
pub(super) struct PanicGuard<'o, 't, T: Send>(&'o InOrder<'t, T>);

impl<T: Send> Drop for PanicGuard<'_, '_, T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop();
        }
    }
}

/// Runs `work` with its number on each thread of the current pool, but no more than `most` times.
pub(super) fn fan_out(most: u64, work: &(dyn Fn(usize) + Sync)) {
    let threads = rayon::current_num_threads().min(usize::try_from(most).unwrap_or(usize::MAX));
    if threads <= 1 {
        return work(0);
    }
    rayon::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move |_| work(thread));
        }
    });
}

/// Maps the pieces of `range` on the threads of the current pool. Returns the results in order, without a gap.
///
/// Threads take the next piece one at a time. So a cancelled run leaves no gap between pieces that were done.
pub fn spread<T: Send>(range: Range<u64>, cancel: &Cancel, one: &(dyn Fn(u64) -> T + Sync)) -> Vec<T> {
    let mut all = Vec::new();
    let mut take = |what| {
        all.push(what);
        ControlFlow::Continue(())
    };
    let pieces = range.end.saturating_sub(range.start);
    let order = InOrder::new(range, u64::MAX, &mut take);
    fan_out(pieces, &|_| {
        let _guard = order.guard();
        while !cancel.is_cancelled() {
            let Some(piece) = order.begin(1).next() else { break };
            order.done(piece, 0, one(piece));
        }
    });
    drop(order);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool() -> rayon::ThreadPool {
        rayon::ThreadPoolBuilder::new().num_threads(4).build().unwrap()
    }

    #[test]
    fn pieces_are_taken_in_their_order_by_one_thread_at_a_time() {
        let (mut taken, is_taking) = (Vec::new(), AtomicBool::new(false));
        let mut take = |piece: u64| {
            assert!(!is_taking.swap(true, Ordering::SeqCst));
            taken.push(piece);
            is_taking.store(false, Ordering::SeqCst);
            ControlFlow::Continue(())
        };
        let order = InOrder::new(3..2000, 64, &mut take);
        pool().install(|| {
            fan_out(u64::MAX, &|_| {
                while let Some(piece) = order.begin(1).next() {
                    // The later half is done sooner.
                    if piece < 1000 && piece % 7 == 0 {
                        std::thread::yield_now();
                    }
                    order.done(piece, 16, piece);
                }
            });
        });
        drop(order);
        assert_eq!(taken, (3..2000).collect::<Vec<_>>());
    }

    #[test]
    fn nothing_is_taken_after_a_break_and_nothing_is_begun() {
        let mut taken = Vec::new();
        let mut take = |piece: u64| {
            taken.push(piece);
            if piece == 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        // A few may wait for one whose thread is not let go on, and no more.
        let order = InOrder::new(0..1000, 8, &mut take);
        let begun = AtomicU64::new(0);
        pool().install(|| {
            fan_out(u64::MAX, &|_| {
                while let Some(piece) = order.begin(1).next() {
                    begun.fetch_add(1, Ordering::Relaxed);
                    order.done(piece, 1, piece);
                }
            });
        });
        assert!(order.is_over());
        drop(order);
        assert_eq!(taken, [0, 1, 2, 3, 4, 5]);
        assert!(begun.into_inner() < 1000);
    }

    #[test]
    fn no_piece_is_begun_where_too_much_waits_for_one_that_is_not_done() {
        let mut taken = Vec::new();
        let mut take = |piece: u64| {
            taken.push(piece);
            ControlFlow::Continue(())
        };
        let order = InOrder::new(0..10, 3, &mut take);
        assert_eq!(order.begin(2), 0..2);
        order.done(1, 3, 1);
        assert!(order.begin_now(1).is_empty() && !order.is_over());
        order.done(0, 3, 0);
        assert_eq!(order.begin_now(20), 2..10);
        assert!(order.begin(1).is_empty() && order.is_over());
        drop(order);
        assert_eq!(taken, [0, 1]);
    }

    #[test]
    fn whoever_has_the_next_piece_goes_on_and_the_others_rest_until_there_is_room() {
        let mut take = |_: u64| ControlFlow::Continue(());
        let order = InOrder::new(0..10, 3, &mut take);
        assert_eq!(order.begin(4), 0..4);
        order.done(1, 3, 1);
        // The next one is 0.
        order.rest(|next| next == 0);
        std::thread::scope(|scope| {
            let other = scope.spawn(|| order.rest(|next| next == 3));
            std::thread::sleep(std::time::Duration::from_millis(20));
            assert!(!other.is_finished());
            order.done(2, 3, 2);
            order.done(0, 3, 0);
            other.join().unwrap();
        });
        assert_eq!(order.begin_now(1), 4..5);
    }

    #[test]
    fn nobody_waits_for_a_piece_that_will_not_be_done() {
        let mut take = |_: u64| ControlFlow::Continue(());
        let order = InOrder::new(0..10, 3, &mut take);
        assert_eq!(order.begin(2), 0..2);
        order.done(1, 3, 1);
        std::thread::scope(|scope| {
            let other = scope.spawn(|| order.begin(1));
            let panics = scope.spawn(|| {
                let _guard = order.guard();
                panic!("a defect");
            });
            assert!(panics.join().is_err());
            assert!(other.join().unwrap().is_empty());
        });
    }

    #[test]
    fn a_cancelled_spread_gives_the_first_pieces() {
        let cancel = Cancel::default();
        let done = pool().install(|| {
            spread(0..1_000_000, &cancel, &|piece| {
                if piece == 50 {
                    cancel.cancel();
                }
                piece
            })
        });
        assert!(done.len() > 50 && done.len() < 1_000_000);
        assert_eq!(done, (0..u64::try_from(done.len()).unwrap()).collect::<Vec<_>>());
    }
}
