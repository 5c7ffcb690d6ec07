//! What people watch while a suite goes on.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::super::say;
use crate::report::suite::text;
use crate::suite::{Case, Event};

/// After how long a case is called slow, and how often it is again.
const SLOW: Duration = Duration::from_secs(10);

/// A bar, and a line for each case.
pub(super) struct Progress {
    bar: ProgressBar,
    quiet: bool,
    current: Arc<Mutex<Option<Current>>>,
}

/// The case that is being run.
struct Current {
    name: String,
    started: Instant,
    told: u32,
}

impl Progress {
    pub(super) fn new(cases: usize, quiet: bool) -> Self {
        let bar =
            if quiet { ProgressBar::hidden() } else { ProgressBar::new(u64::try_from(cases).unwrap_or(u64::MAX)) };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {pos} of {len} cases [{bar:24}] {elapsed}  {msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar, quiet, current: Arc::default() }
    }

    pub(super) fn see(&self, event: Event<'_>) {
        match event {
            Event::Started(case) => self.begin(case),
            Event::Trials(_) => self.slow(),
            Event::Finished(case, outcome) => {
                self.bar.inc(1);
                if !self.quiet {
                    self.bar.suspend(|| say!("{}", text::line(case, outcome)));
                }
            }
        }
    }

    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    #[expect(clippy::disallowed_methods, reason = "how long a case takes is for people alone")]
    fn begin(&self, case: &Case) {
        let name = text::name(case);
        self.bar.set_message(name.clone());
        let current = Current { name, started: Instant::now(), told: 0 };
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(current);
    }

    /// Name the case that is being run where it takes long.
    fn slow(&self) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(current) = current.as_mut().filter(|_| !self.quiet) else { return };
        let due = SLOW.saturating_mul(current.told.saturating_add(1));
        if current.started.elapsed() >= due {
            current.told = current.told.saturating_add(1);
            let (seconds, name) = (due.as_secs(), &current.name);
            self.bar.suspend(|| say!("{:>14} [> {seconds:>5} s] {name}", "SLOW"));
        }
    }
}
