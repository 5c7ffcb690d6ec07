//! The wall clock of every episode: a backstop, never the reason a result depends on.
//!
//! One thread moves the engine's interrupt clock at a fixed rate. Each store has a callback of its own that looks at *its*
//! episode; what one episode does never ends another.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use wasmtime::{Store, UpdateDeadline};

use crate::agent::Engine;
use crate::capability::{Host, Wall};
use crate::gate::Told;
use crate::transcript::End;

/// How often the interrupt clock moves.
const TICK: Duration = Duration::from_millis(10);
/// How long an agent may go on after the wall clock ran out, so that it can hear of it.
const GRACE: Duration = Duration::from_millis(100);

/// The thread that moves the interrupt clock, for as long as this value lives.
#[derive(Debug)]
pub struct Ticker {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    /// Start it.
    pub fn start(engine: &Engine) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (engine, stopped) = (engine.clone(), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                thread::park_timeout(TICK);
                engine.tick();
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // The thread cannot panic: it sleeps and counts.
            let _ = thread.join();
        }
    }
}

/// End the store's episode when its wall clock runs out or the run is cancelled, and stop it soon after.
#[expect(clippy::disallowed_methods, reason = "a backstop: an episode that it ends says so")]
pub(super) fn watch(store: &mut Store<Host>, wall: Wall) {
    let mut last = None;
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |mut context| {
        let Some(end) = wall.reached() else { return Ok(UpdateDeadline::Continue(1)) };
        context.data_mut().gate().close(end, Told::NotYet);
        if end == End::Cancelled {
            return Ok(UpdateDeadline::Interrupt);
        }
        let now = Instant::now();
        let last = *last.get_or_insert(now + GRACE);
        Ok(if now < last { UpdateDeadline::Continue(1) } else { UpdateDeadline::Interrupt })
    });
}
