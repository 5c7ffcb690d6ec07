//! The watchdog of the workers. It starts them, passes on the cancellation of a run, and kills a worker that does not
//! answer in time.
//!
//! 1. The system kills a worker when the thread that started it ends. So the watchdog starts all workers, since it
//!    lives as long as the pool.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::frame;
use super::slot::{WatchRequest, WorkerSlot};
use super::sweeper::FolderRemoval;
use super::wire::WorkerRequest;
use crate::episode::Cancel;
use crate::value::lock;

/// Interval at which the watchdog looks at the workers.
const TICK: Duration = Duration::from_millis(20);

/// Handle of the watchdog, which stops when the handle is dropped.
pub(super) struct Watchdog {
    shared: Arc<WatchdogState>,
    wishes: Option<Sender<StartRequest>>,
    thread: Option<JoinHandle<()>>,
}

struct WatchdogState {
    now: AtomicU64,
    watched: WatchedWorkers,
}

/// Workers that exist.
#[derive(Clone, Default)]
pub(super) struct WatchedWorkers(Arc<Mutex<Vec<Weak<WatchRequest>>>>);

impl WatchedWorkers {
    /// Returns the workers that exist now.
    pub(super) fn all(&self) -> Vec<Arc<WatchRequest>> {
        lock(&self.0).iter().filter_map(Weak::upgrade).collect()
    }

    fn add(&self, worker: &Arc<WatchRequest>) {
        let mut watched = lock(&self.0);
        watched.retain(|known| known.strong_count() > 0);
        watched.push(Arc::downgrade(worker));
    }
}

/// Request for a worker of `program`.
struct StartRequest {
    program: PathBuf,
    granted: Sender<io::Result<WorkerSlot>>,
}

impl Watchdog {
    /// Starts the watchdog. The scratch folders of workers go to `broom`.
    pub(super) fn new(cancel: &Cancel, broom: FolderRemoval) -> Result<Self, frame::Error> {
        let shared = Arc::new(WatchdogState { now: AtomicU64::new(1), watched: WatchedWorkers::default() });
        let (watching, cancel) = (Arc::clone(&shared), cancel.clone());
        let mut stop = Vec::new();
        frame::put(&WorkerRequest::Cancel, &mut stop)?;
        let (wishes, asked) = mpsc::channel::<StartRequest>();
        let thread = thread::spawn(move || {
            loop {
                match asked.recv_timeout(TICK) {
                    // INVARIANT 1. A worker that is no longer wanted ends when its value is dropped.
                    Ok(StartRequest { program, granted }) => {
                        drop(granted.send(WorkerSlot::start(&program, broom.clone())));
                    }
                    Err(RecvTimeoutError::Timeout) => {
                        let now = watching.now.fetch_add(1, Ordering::Relaxed).saturating_add(1);
                        watching.look(now, cancel.is_cancelled(), &stop);
                    }
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        });
        Ok(Self { shared, wishes: Some(wishes), thread: Some(thread) })
    }

    /// Starts a worker of `program`, which has sent nothing yet.
    pub(super) fn start(&self, program: &Path) -> io::Result<WorkerSlot> {
        let (granted, grant) = mpsc::channel();
        let wish = StartRequest { program: program.to_owned(), granted };
        let gone = || io::Error::other("nobody starts workers any more");
        self.wishes.as_ref().ok_or_else(gone)?.send(wish).map_err(|_| gone())?;
        grant.recv().map_err(|_| gone())?
    }

    /// Adds a worker to those that are watched.
    pub(super) fn watch(&self, worker: &Arc<WatchRequest>) {
        self.shared.watched.add(worker);
    }

    /// Returns the workers that are watched.
    pub(super) fn watched(&self) -> WatchedWorkers {
        self.shared.watched.clone()
    }

    /// Sets the deadline of a worker's next answer, `patience` from now.
    pub(super) fn expect(&self, worker: &WatchRequest, patience: Duration) {
        let ticks = patience
            .as_millis()
            .checked_div(TICK.as_millis())
            .and_then(|ticks| u64::try_from(ticks).ok())
            .unwrap_or(u64::MAX);
        // A deadline may be late, never early: two more ticks cover the rounding.
        let due = self.shared.now.load(Ordering::Relaxed).saturating_add(ticks).saturating_add(2);
        worker.due.store(due, Ordering::Relaxed);
    }
}

impl WatchdogState {
    fn look(&self, now: u64, is_cancelled: bool, stop: &[u8]) {
        for worker in self.watched.all() {
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

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.wishes.take());
        if let Some(thread) = self.thread.take() {
            // The watchdog starts workers, looks and sends signals: it cannot panic.
            let _ = thread.join();
        }
    }
}
