//! The interrupt clock of an engine.
//!
//! One thread advances it at a fixed rate. It starts with the first store that waits for it, and
//! stops when the engine and its agents are gone. Each store has its own callback, which checks its
//! own episode. So one episode never ends another.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use wasmtime::EngineWeak;

/// Interval of the clock.
const TICK: Duration = Duration::from_millis(10);

/// Clock that runs once it is started.
pub(super) struct Clock {
    engine: EngineWeak,
    running: OnceLock<Running>,
}

struct Running {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Clock {
    /// Makes the clock of `engine`, which does not run yet.
    pub(super) fn of(engine: &wasmtime::Engine) -> Arc<Self> {
        Arc::new(Self { engine: engine.weak(), running: OnceLock::new() })
    }

    /// Starts the clock, if it does not run.
    pub(super) fn start(&self) {
        self.running.get_or_init(|| {
            let stop = Arc::new(AtomicBool::new(false));
            let (engine, stopped) = (self.engine.clone(), Arc::clone(&stop));
            let thread = thread::spawn(move || {
                while !stopped.load(Ordering::Relaxed) {
                    thread::park_timeout(TICK);
                    match engine.upgrade() {
                        Some(engine) => engine.increment_epoch(),
                        None => break,
                    }
                }
            });
            Running { stop, thread: Some(thread) }
        });
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // The thread cannot panic: it only sleeps and counts.
            let _ = thread.join();
        }
    }
}
