//! The wall clock of every episode: a backstop, never the reason a result depends on.
//!
//! One thread moves the engine's interrupt clock at a fixed rate. Each store has a callback of its own that looks at *its*
//! episode; what one episode does never ends another.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use wasmtime::{Store, UpdateDeadline};

use crate::agent::Engine;
use crate::capability::Host;

/// How often the interrupt clock moves.
const TICK: Duration = Duration::from_millis(10);

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
pub(super) fn watch(store: &mut Store<Host>) {
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut context| {
        Ok(if context.data_mut().may_go_on() { UpdateDeadline::Continue(1) } else { UpdateDeadline::Interrupt })
    });
}
