//! Locks whose holder cannot leave what is locked half changed.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Hold what is locked, whether or not a thread panicked while it held it.
pub(crate) fn lock<T>(slot: &Mutex<T>) -> MutexGuard<'_, T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}
