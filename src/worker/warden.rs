//! The thread that watches over workers: it starts them, passes on that a run is cancelled, and ends a worker that does not answer in
//! time.
//!
//! 1. A worker lives no longer than the thread that has started it: the system sees to it. So it is this one, which is there as long as
//!    the crew, and not whoever needs the worker first.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::frame;
use super::seat::{Seat, Watch};
use super::sweeper::Broom;
use super::wire::Order;
use crate::episode::Cancel;
use crate::value::lock;

/// How often it looks.
const TICK: Duration = Duration::from_millis(20);

/// The thread, for as long as this value lives.
pub(super) struct Warden {
    shared: Arc<Shared>,
    wishes: Option<Sender<Wish>>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    now: AtomicU64,
    watched: Watched,
}

/// The workers that are there.
#[derive(Clone, Default)]
pub(super) struct Watched(Arc<Mutex<Vec<Weak<Watch>>>>);

impl Watched {
    /// Those that there are now.
    pub(super) fn all(&self) -> Vec<Arc<Watch>> {
        lock(&self.0).iter().filter_map(Weak::upgrade).collect()
    }

    fn add(&self, worker: &Arc<Watch>) {
        let mut watched = lock(&self.0);
        watched.retain(|known| known.strong_count() > 0);
        watched.push(Arc::downgrade(worker));
    }
}

/// A worker of `program` is wanted.
struct Wish {
    program: PathBuf,
    granted: Sender<io::Result<Seat>>,
}

impl Warden {
    /// Start it. What a worker leaves on the disk goes to `broom`.
    pub(super) fn new(cancel: &Cancel, broom: Broom) -> Result<Self, frame::Error> {
        let shared = Arc::new(Shared { now: AtomicU64::new(1), watched: Watched::default() });
        let (watching, cancel) = (Arc::clone(&shared), cancel.clone());
        let mut stop = Vec::new();
        frame::put(&Order::Cancel, &mut stop)?;
        let (wishes, asked) = mpsc::channel::<Wish>();
        let thread = thread::spawn(move || {
            loop {
                match asked.recv_timeout(TICK) {
                    // INVARIANT 1. Nobody may want it any more: it ends with the value.
                    Ok(Wish { program, granted }) => drop(granted.send(Seat::start(&program, broom.clone()))),
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

    /// Start a worker of `program`, which has said nothing yet.
    pub(super) fn start(&self, program: &Path) -> io::Result<Seat> {
        let (granted, grant) = mpsc::channel();
        let wish = Wish { program: program.to_owned(), granted };
        let gone = || io::Error::other("nobody starts workers any more");
        self.wishes.as_ref().ok_or_else(gone)?.send(wish).map_err(|_| gone())?;
        grant.recv().map_err(|_| gone())?
    }

    /// Watch over one more worker.
    pub(super) fn watch(&self, worker: &Arc<Watch>) {
        self.shared.watched.add(worker);
    }

    /// The workers that it watches over.
    pub(super) fn watched(&self) -> Watched {
        self.shared.watched.clone()
    }

    /// The worker owes an answer within `patience` from now on.
    pub(super) fn expect(&self, worker: &Watch, patience: Duration) {
        let ticks = patience
            .as_millis()
            .checked_div(TICK.as_millis())
            .and_then(|ticks| u64::try_from(ticks).ok())
            .unwrap_or(u64::MAX);
        // The thread may look early, never late: twice the ticks are at least the time.
        let due = self.shared.now.load(Ordering::Relaxed).saturating_add(ticks).saturating_add(2);
        worker.due.store(due, Ordering::Relaxed);
    }
}

impl Shared {
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

impl Drop for Warden {
    fn drop(&mut self) {
        drop(self.wishes.take());
        if let Some(thread) = self.thread.take() {
            // It starts workers, looks and sends signals: it cannot panic.
            let _ = thread.join();
        }
    }
}
