//! Progress of long work, for people.

use std::fmt::Write;
use std::io::{IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::value::lock;

/// Returns a progress bar on standard error: number done, total, rate and time left. It is hidden
/// if that is no terminal.
pub(super) fn bar(length: u64, of: &str) -> ProgressBar {
    let bar = ProgressBar::new(length);
    bar.set_style(style(of));
    bar
}

/// Returns the style of a bar: one line of 80 columns. A message that does not fit is cut.
fn style(of: &str) -> ProgressStyle {
    let template =
        format!("{{spinner}} {{human_pos}} of {{human_len}} {of} [{{bar:12}}] {{rate}}/s, {{eta}} left{{wide_msg}}");
    let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.with_key("rate", rate).progress_chars("=> ")
}

fn rate(state: &ProgressState, text: &mut dyn Write) {
    // A failure to draw the bar is ignored.
    let _ = write!(text, "{:.0}", state.per_sec());
}

/// Interval between lines where there is no terminal, and time before the first.
const SILENT: Duration = Duration::from_secs(30);

/// Progress as lines on standard error if that is no terminal: the number done, every half minute.
pub(super) struct PlainProgress {
    started: Instant,
    last: Mutex<Instant>,
    length: u64,
    of: &'static str,
}

impl PlainProgress {
    /// Returns `None` if standard error is a terminal, where a bar is shown.
    #[expect(clippy::disallowed_methods, reason = "how long something takes is for people alone")]
    pub(super) fn new(length: u64, of: &'static str) -> Option<Self> {
        let now = Instant::now();
        (!std::io::stderr().is_terminal()).then(|| Self { started: now, last: Mutex::new(now), length, of })
    }

    /// Takes in the number done, and writes a line if one is due.
    pub(super) fn see(&self, done: u64) {
        {
            let mut last = lock(&self.last);
            let silent = last.elapsed();
            if silent < SILENT {
                return;
            }
            *last += silent;
        }
        // A failure to write is ignored: the error output may be closed.
        let _ = writeln!(anstream::stderr(), "{}", line(done, self.length, self.of, self.started.elapsed()));
    }
}

/// Formats the number done, the total, and the time that the rest takes at this rate.
fn line(done: u64, length: u64, of: &str, took: Duration) -> String {
    let rest = length.saturating_sub(done);
    let left = u32::try_from(done.max(1)).map_or(Duration::ZERO, |done| took / done);
    let left = left.saturating_mul(u32::try_from(rest).unwrap_or(u32::MAX));
    format!("{done} of {length} {of}, about {} left", rough(left))
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
    use std::sync::Arc;

    use indicatif::{ProgressDrawTarget, TermLike};

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
            let bar = bar(300_000, of);
            bar.set_draw_target(ProgressDrawTarget::term_like(Box::new(terminal.clone())));
            bar.set_message(message);
            bar.inc(114_123);
            bar.tick();
            let written = terminal.0.lock().unwrap().clone();
            let widest = written.iter().max_by_key(|line| line.chars().count()).unwrap();
            assert!(widest.contains("114,123 of 300,000"), "{written:?}");
            assert!(widest.trim_end().chars().count() <= 80, "{}: {widest}", widest.chars().count());
        }
    }

    #[test]
    fn what_is_left_follows_from_what_was_done() {
        let line = line(100, 400, "trials", Duration::from_secs(100));
        assert_eq!(line, "100 of 400 trials, about 5 min left");
        assert_eq!(
            [0, 90, 91, 6000].map(|seconds| rough(Duration::from_secs(seconds))),
            ["1 s", "90 s", "2 min", "2 h"]
        );
    }
}
