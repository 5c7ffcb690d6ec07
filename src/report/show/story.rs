//! One episode, told in its order.

use anstyle::{AnsiColor, Style};

use super::names::{Names, shortened};
use super::{Entry, Episode, Message, Run};
use crate::report::page::{Page, count, number, plain};
use crate::transcript::{Class, End};

const BOLD: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Yellow.on_default().bold();
const DIM: Style = Style::new().dimmed();

/// An episode in lines of at most so many characters, where words allow it.
pub fn story(run: &Run, episode: &Episode, columns: usize) -> String {
    let mut page = Page::new(columns);
    page.line(&format!(
        "{BOLD}episode {}{BOLD:#}: {BOLD}{}{BOLD:#} in {BOLD}{}{BOLD:#} under the policy {BOLD}{}{BOLD:#}",
        number(episode.episode),
        plain(&run.agent.name),
        plain(&run.environment.name),
        plain(&run.policy.name),
    ));
    page.blank();
    facts(&mut page, run, episode);
    page.blank();
    before(&mut page, run, episode);
    boundary(&mut page, episode, columns);
    after(&mut page, episode);
    rest(&mut page, episode);
    page.finish()
}

fn facts(page: &mut Page, run: &Run, episode: &Episode) {
    let explained = End::find(&episode.end).map_or("", End::explanation);
    page.row("ended", &format!("{}: {explained}", plain(&episode.end)));
    if let Some(lost) = &episode.lost {
        page.row("lost", &plain(lost));
    }
    match &episode.cause {
        Some(cause) => page.row("left", &format!("{BAD}{}{BAD:#}: {}", plain(&episode.closing), plain(cause))),
        None => page.row("left", &plain(&episode.closing)),
    }
    page.row("return", &format!("{}", episode.total));
    page.row("performance", &format!("{} (hidden from the agent)", episode.performance));
    let calls = count(episode.calls.count, "call");
    page.row("used", &format!("{}, {calls}, {} of fuel", count(episode.steps.into(), "step"), number(episode.fuel)));
    page.row("seed", &format!("{}, lineage {}, generation {}", episode.seed, episode.lineage, episode.generation));
    if let Some(task) = &run.task {
        page.row("task", &plain(&shortened(task)));
    }
    if let Some(instructions) = &run.instructions {
        page.row("told", &plain(&shortened(instructions)));
    }
    let touched: Vec<String> =
        episode.tripwires.iter().map(|(name, times)| format!("{} {times}", plain(name))).collect();
    if !touched.is_empty() {
        page.row("tripwires", &touched.join(", "));
    }
}

/// What was done within the episode: steps where they are kept, and between them the decisions that are.
fn before(page: &mut Page, run: &Run, episode: &Episode) {
    let names = Names::of(&run.definition);
    if !episode.trace.is_empty() {
        let kept = "what earlier episodes left of the world".to_owned();
        let first = if episode.environment.is_some() { Some(kept) } else { names.first(episode.seed) };
        if let Some(first) = first {
            page.row("begins with", &first);
        }
    }
    let mut entries = episode.entries.iter().filter(|entry| !is_after(entry)).peekable();
    for (taken, step) in (0_u32..).zip(&episode.trace) {
        while let Some(entry) = entries.next_if(|entry| entry.step <= taken) {
            decision(page, entry);
        }
        let (action, seen) = (names.action(&step.action), names.observation(&step.observation));
        page.row(
            &format!("step {}", taken.saturating_add(1)),
            &format!("{action} {DIM}->{DIM:#} {seen}, reward {}", step.reward),
        );
    }
    for entry in entries {
        decision(page, entry);
    }
    if episode.trace.is_empty() && episode.steps > 0 {
        let steps = count(episode.steps.into(), "step");
        let note = format!("{DIM}{steps}, kept as a digest: `steps = \"full\"` under `[record]` keeps each{DIM:#}");
        page.row("steps", &note);
    }
}

fn boundary(page: &mut Page, episode: &Episode, columns: usize) {
    let text = format!(" the boundary: {} ", plain(&episode.end));
    let wide = columns.clamp(40, 100);
    let right = wide.saturating_sub(6).saturating_sub(text.chars().count());
    page.line(&format!("{BOLD}------{text}{}{BOLD:#}", "-".repeat(right)));
}

/// What was tried once it was over.
fn after(page: &mut Page, episode: &Episode) {
    let tried: Vec<&Entry> = episode.entries.iter().filter(|entry| is_after(entry)).collect();
    if episode.after_end == 0 {
        page.row("after it", &format!("{GOOD}nothing was tried{GOOD:#}"));
    }
    for entry in &tried {
        decision(page, entry);
    }
    if episode.entries_cut > 0 {
        let more = count(episode.entries_cut, "more decision");
        let note = "`entries` under `[record]` and `records` of `grace` say how many are kept";
        page.row("", &format!("{DIM}and {more}, counted and not kept: {note}{DIM:#}"));
    }
}

/// A call, and what was decided on it.
fn decision(page: &mut Page, entry: &Entry) {
    let class = entry.class.as_deref().map(|name| match Class::find(name) {
        Some(class) => format!(", {BAD}{} {}{BAD:#}", class.code(), class.name()),
        None => format!(", {BAD}{}{BAD:#}", plain(name)),
    });
    // An entry has its argument escaped already; whoever wrote the file may not have.
    let call = format!("{}({})", plain(&entry.operation), plain(&entry.argument));
    let (class, rule) = (class.unwrap_or_default(), plain(&entry.rule));
    page.row(
        &format!("call {}", entry.ordinal),
        &format!("{call} {}{class} {DIM}[{rule}]{DIM:#}", plain(&entry.decision)),
    );
}

/// Whether a call came after the boundary: no rule of a policy is called so.
fn is_after(entry: &Entry) -> bool {
    entry.rule == "boundary" && entry.due == "after"
}

/// What is left of it: messages, files, what was learned, the log.
fn rest(page: &mut Page, episode: &Episode) {
    page.blank();
    for (position, message) in episode.released.iter().enumerate() {
        let label = if position == 0 { "messages" } else { "" };
        page.row(label, &format!("to {}: {}", plain(&message.recipient), body(message)));
    }
    for (position, left) in episode.residue.iter().enumerate() {
        let label = if position == 0 { "left behind" } else { "" };
        page.row(label, &format!("{} ({})", plain(&left.path), count(left.bytes, "byte")));
    }
    if !episode.residue.is_empty() {
        page.row("", &blame(episode));
    }
    if let Some(learned) = &episode.learned {
        page.row("learned", &format!("{}, {} returned", plain(&learned.outcome), count(learned.bytes, "byte")));
    }
    let mut lines = episode.log.iter().flat_map(|text| text.lines()).peekable();
    if lines.peek().is_none() {
        page.row("log", &format!("{DIM}nothing was written{DIM:#}"));
    }
    for (position, line) in lines.enumerate() {
        page.row(if position == 0 { "log" } else { "" }, &plain(line));
    }
    page.row("not kept", &format!("{DIM}answers of tools, and contents of files{DIM:#}"));
}

/// Whether what was left behind is a violation or a notice, and how many files that is.
fn blame(episode: &Episode) -> String {
    let class = Class::LeaveResidue;
    let left = count(u64::try_from(episode.residue.len()).unwrap_or(u64::MAX), "file");
    if episode.notices.contains_key(class.name()) {
        format!("{DIM}notice, left behind: {left}: {}{DIM:#}", class.notice())
    } else if episode.violations.contains_key(class.name()) {
        format!("{BAD}{} {}{BAD:#}: {left}", class.code(), class.name())
    } else {
        left
    }
}

/// A message: its text, or how many bytes it has.
fn body(message: &Message) -> String {
    let Ok(bytes) = data_encoding::BASE64.decode(message.body.as_bytes()) else {
        return format!("{DIM}it cannot be read{DIM:#}");
    };
    match std::str::from_utf8(&bytes) {
        Ok(text) => format!("\"{}\"", plain(&shortened(text))),
        Err(_) => count(u64::try_from(bytes.len()).unwrap_or(u64::MAX), "byte"),
    }
}
