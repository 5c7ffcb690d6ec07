//! Work that is shared by threads, whose results stand in the order of what they are of.

use std::panic::resume_unwind;
use std::thread::{self, Builder};

/// The most threads: reading the lines is one thread's work, and keeps no more of them busy.
const MOST: usize = 16;

/// Result of `work` for each of `some`, in their order. Each thread has at least `few` of them; one that cannot be had is done without.
pub(super) fn all<T: Sync, R: Send>(some: &[T], few: usize, work: &(impl Fn(&T) -> R + Sync)) -> Vec<R> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MOST);
    let share = some.len().div_ceil(threads).max(few).max(1);
    let mut shares = some.chunks(share);
    let own = shares.next().unwrap_or_default();
    let of = |share: &[T]| share.iter().map(work).collect::<Vec<R>>();
    thread::scope(|scope| {
        let others: Vec<_> =
            shares.map(|share| (share, Builder::new().spawn_scoped(scope, move || of(share)))).collect();
        let mut results = of(own);
        for (share, other) in others {
            results.extend(match other {
                Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
                Err(_) => of(share),
            });
        }
        results
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_stand_in_the_order_of_what_they_are_of() {
        for length in [0, 1, 31, 32, 33, 1000] {
            let numbers: Vec<u64> = (0..length).collect();
            let doubled: Vec<u64> = numbers.iter().map(|number| number * 2).collect();
            assert_eq!(all(&numbers, 1, &|number| number * 2), doubled, "{length}");
            assert_eq!(all(&numbers, 32, &|number| number * 2), doubled, "{length}");
        }
    }

    #[test]
    #[should_panic(expected = "seven")]
    fn a_panic_of_a_thread_is_not_lost() {
        all(&(0..100).collect::<Vec<_>>(), 1, &|number| assert_ne!(*number, 99, "seven"));
    }
}
