//! Run as an SVG file: a row for each episode, its boundary as a line across it, and what was tried
//! after that.
//!
//! ```text
//!  episode 0   =========|xx xxx      steps, return -100
//!  episode 1   ====|                 terminated, return 42
//! ```
//!
//! What it does not show: what was done in a step, and how long anything took.

use super::markup::{escaped, head};
use super::page::number;
use crate::transcript::{Due, End, Transcript};

/// Maximum number of episodes that are drawn: the first of the run.
pub const ROWS: u64 = 24;
/// Maximum number of calls after the boundary that are drawn one by one.
const MARKS: usize = 20;

const WIDTH: f64 = 760.0;
const TOP: f64 = 76.0;
const ROW: f64 = 24.0;
/// Left edge of the steps, and right edge of those of the longest episode.
const LEFT: f64 = 104.0;
const LAST: f64 = 370.0;
/// Width of one call after the boundary.
const MARK: f64 = 9.0;
/// Left edge of the words about an episode.
const WORDS: f64 = 572.0;
/// Maximum number of characters of a name.
const NAME: usize = 96;

const STEPS: &str = "#9db8d2";
const BOUNDARY: &str = "#222";
const VIOLATION: &str = "#c62828";
const NOTICE: &str = "#888";

/// Row of one episode.
#[derive(Clone, Debug)]
pub struct EpisodeRow {
    /// Ordinal of the episode in its run, counted from 0.
    pub episode: u64,
    steps: u32,
    end: End,
    total: f64,
    /// Calls after the boundary that are kept, in their order.
    attempts: Vec<LateCall>,
    /// Number of all calls after the boundary.
    after_end: u64,
}

/// Call after the boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LateCall {
    Violation,
    Notice,
}

impl EpisodeRow {
    /// Returns the row of the episode of a transcript.
    pub fn of(transcript: &Transcript) -> Self {
        let after = transcript.body.entries.iter().filter(|entry| entry.due == Due::After);
        let attempts = after.map(|entry| if entry.class.is_some() { LateCall::Violation } else { LateCall::Notice });
        Self {
            episode: transcript.header.episode,
            steps: transcript.body.steps,
            end: transcript.body.end,
            total: transcript.body.total,
            attempts: attempts.take(MARKS).collect(),
            after_end: transcript.body.after_end,
        }
    }
}

/// Returns the text of the file. `title` says what was run, and `rows` are its first episodes in
/// their order.
pub fn picture(title: &str, rows: &[EpisodeRow]) -> String {
    let longest = rows.iter().map(|row| row.steps).max().unwrap_or(0).max(1);
    let bottom = rows.iter().fold(TOP, |bottom, _| bottom + ROW);
    let height = bottom + 52.0;
    let cut = if title.chars().count() > NAME { "..." } else { "" };
    let title = title.chars().take(NAME).collect::<String>() + cut;
    let mut lines = Vec::from(head(WIDTH, height, &title));
    lines.extend([
        words(24.0, 26.0, "start", BOUNDARY, &title),
        words(LEFT, TOP - 12.0, "start", NOTICE, "steps"),
        words(WORDS, TOP - 12.0, "start", NOTICE, "why it ended, and its return"),
    ]);
    let mut top = TOP;
    for row in rows {
        drawn(row, longest, top, &mut lines);
        top += ROW;
    }
    key(bottom + 28.0, &mut lines);
    lines.push("</svg>\n".to_owned());
    lines.join("\n")
}

/// Draws one episode.
fn drawn(row: &EpisodeRow, longest: u32, top: f64, lines: &mut Vec<String>) {
    let middle = top + ROW / 2.0;
    let base = middle + 4.5;
    let end = LEFT + (LAST - LEFT) * f64::from(row.steps) / f64::from(longest);
    lines.push(words(LEFT - 12.0, base, "end", BOUNDARY, &format!("episode {}", number(row.episode))));
    let (y, width) = (top + 6.0, end - LEFT);
    lines.push(format!("<rect x=\"{LEFT}\" y=\"{y}\" width=\"{width:.1}\" height=\"12\" fill=\"{STEPS}\"/>"));
    lines.push(boundary(end, top + 2.0));
    let mut x = end + MARK;
    for attempt in &row.attempts {
        lines.push(mark(*attempt, x, middle));
        x += MARK;
    }
    let drawn = u64::try_from(row.attempts.len()).unwrap_or(u64::MAX);
    if row.after_end > drawn {
        lines.push(words(x, base, "start", VIOLATION, &format!("+{}", number(row.after_end.saturating_sub(drawn)))));
    }
    lines.push(words(WORDS, base, "start", BOUNDARY, &format!("{}, {}", row.end, row.total)));
}

/// Draws the key, which says what each mark means.
fn key(y: f64, lines: &mut Vec<String>) {
    lines.push(boundary(LEFT + 4.0, y - 10.0));
    lines.push(words(LEFT + 14.0, y + 4.5, "start", NOTICE, "the boundary"));
    lines.push(mark(LateCall::Violation, LEFT + 130.0, y));
    lines.push(words(LEFT + 140.0, y + 4.5, "start", NOTICE, "tried after it: refused, a violation"));
    lines.push(mark(LateCall::Notice, LEFT + 386.0, y));
    lines.push(words(LEFT + 396.0, y + 4.5, "start", NOTICE, "refused, no violation"));
}

fn boundary(x: f64, top: f64) -> String {
    format!("<path d=\"M{x:.1} {top:.1} v20\" stroke=\"{BOUNDARY}\" stroke-width=\"2.5\"/>")
}

/// Draws a call after the boundary. The two marks differ in form as well as in colour.
fn mark(attempt: LateCall, x: f64, y: f64) -> String {
    match attempt {
        LateCall::Violation => {
            let (left, top) = (x - 3.0, y - 3.0);
            format!("<path d=\"M{left:.1} {top:.1} l6 6 m0 -6 l-6 6\" stroke=\"{VIOLATION}\" stroke-width=\"1.8\"/>")
        }
        LateCall::Notice => {
            format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.8\" fill=\"none\" stroke=\"{NOTICE}\"/>")
        }
    }
}

fn words(x: f64, y: f64, anchor: &str, color: &str, text: &str) -> String {
    format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{color}\">{}</text>", escaped(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(steps: u32, violations: usize, notices: usize, after_end: u64) -> EpisodeRow {
        let attempts = [vec![LateCall::Violation; violations], vec![LateCall::Notice; notices]].concat();
        EpisodeRow { episode: 7, steps, end: End::Terminated, total: -1.5, attempts, after_end }
    }

    #[test]
    fn every_episode_has_its_boundary_and_every_call_after_it_a_mark() {
        let svg = picture("<b>mine</b>", &[row(10, 2, 1, 3), row(5, 0, 0, 0), row(0, 20, 0, 1_024)]);
        // The key has one more of each.
        assert_eq!(svg.matches("v20").count(), 3 + 1);
        assert_eq!(svg.matches("l6 6").count(), 22 + 1);
        assert_eq!(svg.matches("<circle").count(), 1 + 1);
        assert!(svg.contains(">+1,004</text>"), "{svg}");
        assert!(svg.contains("<title>&lt;b&gt;mine&lt;/b&gt;</title>"), "{svg}");
        assert!(svg.contains(">terminated, -1.5</text>"), "{svg}");
        // The longest episode takes all the room for steps, and one of half as many steps takes
        // half of it.
        assert!(svg.contains("width=\"266.0\"") && svg.contains("width=\"133.0\""), "{svg}");
    }
}
