//! Pieces of work over all workers, and what they come to in the order of the pieces.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::episode::Cancel;

/// Do the pieces of `range` on the workers of the pool that this is called in, and give what those that were done come to, in
/// their order: the first ones, without a gap.
///
/// Workers take the next piece one at a time, so that when the run is cancelled none is left out between two that were done.
pub fn spread<T: Send>(range: Range<u64>, cancel: &Cancel, one: &(dyn Fn(u64) -> T + Sync)) -> Vec<T> {
    let next = AtomicU64::new(range.start);
    let work = || {
        let mut done = Vec::new();
        while !cancel.is_cancelled() {
            let piece = next.fetch_add(1, Ordering::Relaxed);
            if piece >= range.end {
                break;
            }
            done.push((piece, one(piece)));
        }
        done
    };
    let most = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX);
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
    done.sort_unstable_by_key(|(piece, _)| *piece);
    done.into_iter().map(|(_, done)| done).collect()
}
