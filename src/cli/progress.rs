//! Progress of long work: on a terminal a bar, from the first second on; elsewhere a line each half minute.

use std::fmt::Write;
use std::io::{IsTerminal as _, Write as _};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// After how long a terminal shows a bar.
const SHOWN: Duration = Duration::from_secs(1);

/// Interval between lines where there is no terminal, and time before the first.
const SILENT: Duration = Duration::from_secs(30);

/// Minimum time, count and share of work that must be done before the rest is estimated.
const ENOUGH: (Duration, u64, u64) = (Duration::from_secs(3), 20, 50);

/// Progress of long work, shown until it is dropped.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
    over: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Progress {
    /// So many of something.
    pub(super) fn of(length: u64, of: &'static str) -> Self {
        Self::shown(bar(Some(length), of), of)
    }

    /// Something of which nobody knows how many there will be.
    pub(super) fn counting(of: &'static str) -> Self {
        Self::shown(bar(None, of), of)
    }

    /// Nothing that is shown.
    pub(super) fn hidden() -> Self {
        Self { bar: ProgressBar::hidden(), over: None, thread: None }
    }

    fn shown(bar: ProgressBar, of: &'static str) -> Self {
        let (over, is_over) = channel();
        let shown = bar.clone();
        let look =
            move || if std::io::stderr().is_terminal() { reveal(&shown, &is_over) } else { tell(&shown, of, &is_over) };
        // Where there is no thread to be had, nothing is shown.
        let thread = thread::Builder::new().spawn(look).ok();
        Self { bar, over: Some(over), thread }
    }

    /// One more is done.
    pub(super) fn inc(&self) {
        self.bar.inc(1);
    }

    /// Text behind the numbers.
    pub(super) fn say(&self, message: impl Into<std::borrow::Cow<'static, str>>) {
        self.bar.set_message(message);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        drop(self.over.take());
        if let Some(thread) = self.thread.take() {
            // It waits and writes: it cannot panic.
            let _ = thread.join();
        }
        self.bar.finish_and_clear();
    }
}

/// Show a bar once it is worth it.
fn reveal(bar: &ProgressBar, is_over: &Receiver<()>) {
    if is_over.recv_timeout(SHOWN) == Err(RecvTimeoutError::Timeout) {
        bar.set_draw_target(ProgressDrawTarget::stderr());
        bar.enable_steady_tick(Duration::from_millis(100));
    }
}

/// Say how much is done, every half minute.
fn tell(bar: &ProgressBar, of: &str, is_over: &Receiver<()>) {
    while is_over.recv_timeout(SILENT) == Err(RecvTimeoutError::Timeout) {
        // A failure to write is ignored: the error output may be closed.
        let _ = writeln!(anstream::stderr(), "{}", line(bar.position(), bar.length(), of, bar.elapsed()));
    }
}

/// A bar that is not shown yet: how many of how many, how fast, how long still.
fn bar(length: Option<u64>, of: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::hidden());
    bar.set_style(style(length.is_some(), of));
    bar
}

/// Returns the style of a bar: one line of 80 columns. A message that does not fit is cut.
fn style(is_bounded: bool, of: &str) -> ProgressStyle {
    let template = if is_bounded {
        format!("{{spinner}} {{human_pos}} of {{human_len}} {of} [{{bar:12}}] {{rate}}/s{{left}}{{wide_msg}}")
    } else {
        format!("{{spinner}} {{human_pos}} {of} in {{elapsed}}{{wide_msg}}")
    };
    let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.with_key("rate", rate).with_key("left", rest).progress_chars("=> ")
}

fn rate(state: &ProgressState, text: &mut dyn Write) {
    // A failure to draw the bar is ignored.
    let _ = write!(text, "{:.0}", state.per_sec());
}

fn rest(state: &ProgressState, text: &mut dyn Write) {
    if let Some(left) = state.len().and_then(|length| left(state.pos(), length, state.elapsed())) {
        let _ = write!(text, ", {} left", rough(left));
    }
}

/// Returns the estimated time for the rest, or `None` while too little is done for an estimate.
fn left(done: u64, length: u64, took: Duration) -> Option<Duration> {
    let (long, some, part) = ENOUGH;
    let is_enough = done > 0 && took >= long && (done >= some || done.saturating_mul(part) >= length);
    let each = took.checked_div(u32::try_from(done).ok()?).filter(|_| is_enough)?;
    Some(each.saturating_mul(u32::try_from(length.saturating_sub(done)).unwrap_or(u32::MAX)))
}

/// Returns the line of progress: done, total and estimated rest.
fn line(done: u64, length: Option<u64>, of: &str, took: Duration) -> String {
    let Some(length) = length else { return format!("{done} {of} in {}", rough(took)) };
    let left = left(done, length, took).map(|left| format!(", about {} left", rough(left))).unwrap_or_default();
    format!("{done} of {length} {of}{left}")
}

/// Formats a duration to the digits that matter.
pub(super) fn rough(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ 0..=90 => format!("{} s", seconds.max(1)),
        seconds @ 91..=5400 => format!("{} min", seconds.div_ceil(60)),
        seconds => format!("{} h", seconds.div_ceil(3600)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use indicatif::TermLike;

    use super::*;

    /// Terminal of 80 columns that keeps what is written.
    #[derive(Clone, Debug, Default)]
    struct Terminal(Arc<Mutex<Vec<String>>>);

    impl TermLike for Terminal {
        fn width(&self) -> u16 {
            80
        }
        fn move_cursor_up(&self, _: usize) -> std::io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> std::io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> std::io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> std::io::Result<()> {
            Ok(())
        }
        fn write_line(&self, text: &str) -> std::io::Result<()> {
            self.write_str(text)
        }
        fn write_str(&self, text: &str) -> std::io::Result<()> {
            self.0.lock().unwrap().push(text.to_owned());
            Ok(())
        }
        fn clear_line(&self) -> std::io::Result<()> {
            Ok(())
        }
        fn flush(&self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_bar_fits_into_80_columns() {
        for (of, message) in [("episodes", ", late calls refused"), ("trials", ", on wasi-randomness"), ("pairs", "")] {
            let terminal = Terminal::default();
            let bar = bar(Some(300_000), of).with_elapsed(Duration::from_secs(10_000));
            bar.set_draw_target(ProgressDrawTarget::term_like(Box::new(terminal.clone())));
            bar.set_message(message);
            bar.inc(114_123);
            bar.tick();
            let written = terminal.0.lock().unwrap().clone();
            let widest = written.iter().max_by_key(|line| line.chars().count()).unwrap();
            assert!(widest.contains("114,123 of 300,000"), "{written:?}");
            assert!(widest.contains("/s, 5 h left"), "{widest}");
            assert!(widest.trim_end().chars().count() <= 80, "{}: {widest}", widest.chars().count());
        }
    }

    #[test]
    fn what_is_left_follows_from_what_was_done() {
        let said = line(100, Some(400), "trials", Duration::from_secs(100));
        assert_eq!(said, "100 of 400 trials, about 5 min left");
        assert_eq!(line(100, None, "trials", Duration::from_secs(100)), "100 trials in 2 min");
        assert_eq!(
            [0, 90, 91, 6000].map(|seconds| rough(Duration::from_secs(seconds))),
            ["1 s", "90 s", "2 min", "2 h"]
        );
    }

    #[test]
    fn nothing_is_said_of_the_rest_before_there_is_enough_to_say_it_by() {
        let left = |done, length, millis| left(done, length, Duration::from_millis(millis)).map(|left| left.as_secs());
        assert_eq!(left(0, 10, 60_000), None);
        assert_eq!(left(1_000, 1_000_000, 2_999), None, "the first seconds");
        assert_eq!(left(1_000, 1_000_000, 3_000), Some(2_997));
        assert_eq!(left(19, 1_000_000, 60_000), None, "a few of many");
        assert_eq!(left(20, 1_000_000, 60_000), Some(2_999_940));
        assert_eq!(left(1, 50, 60_000), Some(2_940), "a part of few");
        assert_eq!(left(1, 51, 60_000), None);
    }
}
