//! Locks for data that a panic of their holder cannot leave half changed.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks `slot`, whether or not a thread panicked while it held the lock.
pub(crate) fn lock<T>(slot: &Mutex<T>) -> MutexGuard<'_, T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}
