//! The thread that watches over workers: it passes on that a run is cancelled, and ends a worker that does not answer in time.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::frame;
use super::seat::Watch;
use super::wire::Order;
use crate::episode::Cancel;

/// How often it looks.
const TICK: Duration = Duration::from_millis(20);

/// The thread, for as long as this value lives.
pub(super) struct Warden {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    stop: AtomicBool,
    now: AtomicU64,
    watched: Mutex<Vec<Weak<Watch>>>,
}

impl Warden {
    /// Start it.
    pub(super) fn start(cancel: &Cancel) -> Result<Self, frame::Error> {
        let shared =
            Arc::new(Shared { stop: AtomicBool::new(false), now: AtomicU64::new(1), watched: Mutex::default() });
        let (watching, cancel) = (Arc::clone(&shared), cancel.clone());
        let mut stop = Vec::new();
        frame::put(&Order::Cancel, &mut stop)?;
        let thread = thread::spawn(move || {
            while !watching.stop.load(Ordering::Relaxed) {
                thread::park_timeout(TICK);
                let now = watching.now.fetch_add(1, Ordering::Relaxed).saturating_add(1);
                watching.look(now, cancel.is_cancelled(), &stop);
            }
        });
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Watch over one more worker.
    pub(super) fn watch(&self, worker: &Arc<Watch>) {
        let mut watched = self.shared.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched.retain(|known| known.strong_count() > 0);
        watched.push(Arc::downgrade(worker));
    }

    /// The worker owes an answer within `patience` from now on.
    pub(super) fn expect(&self, worker: &Watch, patience: Duration) {
        let ticks = u64::try_from(patience.as_millis() / TICK.as_millis()).unwrap_or(u64::MAX);
        // The thread may look early, never late: twice the ticks are at least the time.
        let due = self.shared.now.load(Ordering::Relaxed).saturating_add(ticks).saturating_add(2);
        worker.due.store(due, Ordering::Relaxed);
    }
}

impl Shared {
    fn look(&self, now: u64, is_cancelled: bool, stop: &[u8]) {
        let watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        for worker in watched.iter().filter_map(Weak::upgrade) {
            if is_cancelled && !worker.cancelled.load(Ordering::Relaxed) && worker.try_say(stop) {
                worker.cancelled.store(true, Ordering::Relaxed);
            }
            let due = worker.due.load(Ordering::Relaxed);
            if due != 0 && now > due && !worker.overdue.swap(true, Ordering::Relaxed) {
                worker.kill();
            }
        }
    }
}

impl Drop for Warden {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It looks and sends signals: it cannot panic.
            let _ = thread.join();
        }
    }
}
