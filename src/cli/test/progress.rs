//! Progress of a suite, for people.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::super::failure::Failure;
use super::super::{say, width};
use super::output::Reporter;
use crate::report::suite::text::{self, Shown};
use crate::suite::Event;
use crate::value::{lock, wide};

/// Time after which a case is called slow, once.
const SLOW: Duration = Duration::from_secs(10);

/// Interval between two checks for a slow case.
const LOOK: Duration = Duration::from_millis(250);

/// Bar, with a line for each case and one for each slow case.
pub(super) struct TestProgress {
    bar: ProgressBar,
    quiet: bool,
    current: Arc<Mutex<Option<Current>>>,
    stop: Arc<AtomicBool>,
    looking: Option<JoinHandle<()>>,
}

/// Case that is running.
struct Current {
    name: String,
    started: Instant,
    is_told: bool,
}

impl TestProgress {
    pub(super) fn new(cases: usize, quiet: bool) -> Self {
        let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(wide(cases)) };
        if let Ok(style) =
            ProgressStyle::with_template("{spinner} {pos} of {len} cases [{bar:12}] {elapsed}  {wide_msg}")
        {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        let (current, stop) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let looking = (!quiet).then(|| look(bar.clone(), Arc::clone(&current), Arc::clone(&stop)));
        Self { bar, quiet, current, stop, looking }
    }

    fn now(&self, current: Option<Current>) {
        *lock(&self.current) = current;
    }
}

impl Reporter for TestProgress {
    #[expect(clippy::disallowed_methods, reason = "how long a case takes is for people alone")]
    fn see(&self, event: Event<'_>) -> Result<(), Failure> {
        match event {
            Event::Started(case) => {
                let name = text::name(case);
                // The bar writes its message as it is, in color or not.
                self.bar.set_message(colored(&name, anstream::AutoStream::choice(&std::io::stderr())));
                self.now(Some(Current { name, started: Instant::now(), is_told: false }));
            }
            Event::Trial(_) => {}
            Event::Finished(case, outcome) => {
                self.now(None);
                self.bar.inc(1);
                if !self.quiet {
                    self.bar.suspend(|| say!("{}", text::line(case, outcome, width().unwrap_or(80)).trim_end()));
                }
            }
            Event::Closed(results) => {
                self.now(None);
                self.bar.finish_and_clear();
                let shown = if self.quiet { Shown::Failures } else { Shown::All };
                let summary = text::summary(results, shown, width().unwrap_or(80));
                // The first line is blank, to separate it from the lines of the cases. Without
                // those it is left out.
                let summary = if self.quiet { summary.trim_start_matches('\n') } else { &summary };
                say!("{}", summary.trim_end());
            }
        }
        Ok(())
    }
}

impl Drop for TestProgress {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(looking) = self.looking.take() {
            looking.thread().unpark();
            // The thread cannot panic: it sleeps, compares and prints.
            let _ = looking.join();
        }
        self.bar.finish_and_clear();
    }
}

/// Returns text with its styles, or without them if `choice` is never.
fn colored(text: &str, choice: anstream::ColorChoice) -> String {
    match choice {
        anstream::ColorChoice::Never => anstream::adapter::strip_str(text).to_string(),
        _ => text.to_owned(),
    }
}

/// Starts the thread that names a slow case.
fn look(bar: ProgressBar, current: Arc<Mutex<Option<Current>>>, stop: Arc<AtomicBool>) -> JoinHandle<()> {
    thread::spawn(move || {
        while !stop.load(Ordering::Relaxed) {
            thread::park_timeout(LOOK);
            let slow = lock(&current).as_mut().and_then(Current::slow);
            if let Some(line) = slow {
                bar.suspend(|| say!("{line}"));
            }
        }
    })
}

impl Current {
    /// Returns the line on a slow case, if one is due.
    fn slow(&mut self) -> Option<String> {
        if self.is_told || self.started.elapsed() < SLOW {
            return None;
        }
        self.is_told = true;
        Some(format!("{:>14} [> {:>5} s] {}", "SLOW", SLOW.as_secs(), self.name))
    }
}

#[cfg(test)]
mod tests {
    use anstream::ColorChoice;

    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "it is about the time")]
    fn a_case_is_called_slow_once() {
        let started = Instant::now().checked_sub(SLOW).unwrap();
        let mut current = Current { name: "P04".to_owned(), started, is_told: false };
        assert_eq!(current.slow().as_deref(), Some("          SLOW [>    10 s] P04"));
        assert_eq!(current.slow(), None);
    }

    #[test]
    fn a_bar_has_no_color_where_there_is_to_be_none() {
        assert_eq!(colored("\u{1b}[1mP04\u{1b}[0m  direct", ColorChoice::Never), "P04  direct");
        assert_eq!(colored("\u{1b}[1mP04\u{1b}[0m", ColorChoice::Always), "\u{1b}[1mP04\u{1b}[0m");
    }
}
