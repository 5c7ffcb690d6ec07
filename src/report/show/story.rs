//! Story of one episode, told in its order.

use anstyle::{AnsiColor, Style};

use super::names::{WorldNames, shortened};
use super::{Episode, ShownEntry, ShownManifest, ShownMessage, ShownPlayer};
use crate::report::page::{Page, Styled, bold, count, dim, notable, number, painted, text};
use crate::transcript::{Class, End};
use crate::value::wide;

const GREEN: Style = AnsiColor::Green.on_default();

/// Returns the story of an episode, in lines of at most `columns` characters where words allow it.
pub fn story(run: &ShownManifest, episode: &Episode, columns: usize) -> String {
    let mut page = Page::new(columns);
    page.line(text!(
        bold(format!("episode {}", number(episode.episode))),
        ": ",
        agents(run),
        " in ",
        bold(&run.environment.name),
        " under the policy ",
        bold(&run.policy.name),
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

/// Returns the agent, or the agent of each role if there are several.
fn agents(run: &ShownManifest) -> Styled {
    let mut all = Styled::default();
    for (position, ShownPlayer { role, agent }) in run.roles.iter().enumerate() {
        let before = if position == 0 { "" } else { " and " };
        all = text!(all, before, bold(&agent.name), " as ", role);
    }
    if run.roles.is_empty() { bold(&run.agent.name) } else { all }
}

/// Returns the role that acted, if the episode has several.
fn who(role: Option<&String>) -> String {
    role.map_or_else(String::new, |role| format!("{role}: "))
}

/// Adds the roles, if there are several: how each left, its return and its usage.
fn roles(page: &mut Page, episode: &Episode) {
    for (position, one) in episode.roles.iter().enumerate() {
        let left = match &one.cause {
            Some(cause) => text!(notable(&one.closing), ": ", cause),
            None => Styled::of(&one.closing),
        };
        let used = format!(
            "paid {}, {}, {}, {} of fuel, left by: ",
            one.total,
            count(one.steps.into(), "step"),
            count(one.calls, "call"),
            number(one.fuel)
        );
        page.row(if position == 0 { "roles" } else { "" }, text!(bold(&one.role), ": ", used, left));
    }
    if let Some(fault) = &episode.fault {
        page.row("fault", text!(fault, " brought about the end"));
    }
}

fn facts(page: &mut Page, run: &ShownManifest, episode: &Episode) {
    let explained = End::find(&episode.end).map_or("", End::explanation);
    page.row("ended", format!("{}: {explained}", episode.end));
    if let Some(lost) = &episode.lost {
        page.row("lost", lost);
    }
    match &episode.cause {
        Some(cause) => page.row("left", text!(notable(&episode.closing), ": ", cause)),
        None => page.row("left", &episode.closing),
    }
    roles(page, episode);
    page.row("return", episode.total);
    page.row("performance", format!("{} (hidden from the agent)", episode.performance));
    let calls = count(episode.calls.count, "call");
    page.row("used", format!("{}, {calls}, {} of fuel", count(episode.steps.into(), "step"), number(episode.fuel)));
    page.row("seed", format!("{}, lineage {}, generation {}", episode.seed, episode.lineage, episode.generation));
    if let Some(task) = &run.task {
        page.row("task", shortened(task));
    }
    if let Some(instructions) = &run.instructions {
        page.row("told", shortened(instructions));
    }
    let touched: Vec<String> = episode.tripwires.iter().map(|(name, times)| format!("{name} {times}")).collect();
    if !touched.is_empty() {
        page.row("tripwires", touched.join(", "));
    }
}

/// Adds what was done within the episode: the steps that are kept, and between them the decisions
/// that are kept.
fn before(page: &mut Page, run: &ShownManifest, episode: &Episode) {
    let names = WorldNames::of(&run.definition);
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
        let label = format!("step {}", taken.saturating_add(1));
        page.row(label, text!(who(step.role.as_ref()), action, " ", dim("->"), " ", seen, ", reward ", step.reward));
    }
    for entry in entries {
        decision(page, entry);
    }
    if episode.trace.is_empty() && episode.steps > 0 {
        let steps = count(episode.steps.into(), "step");
        let note = format!("{steps}, kept as a digest: `steps = \"full\"` under `[record]` keeps each");
        page.row("steps", dim(note));
    }
}

fn boundary(page: &mut Page, episode: &Episode, columns: usize) {
    let text = text!(" the boundary: ", &episode.end, " ");
    let right = columns.clamp(40, 100).saturating_sub(6).saturating_sub(text.width());
    page.line(bold(text!("------", text, "-".repeat(right))));
}

/// Adds what was tried after the boundary.
fn after(page: &mut Page, episode: &Episode) {
    let tried: Vec<&ShownEntry> = episode.entries.iter().filter(|entry| is_after(entry)).collect();
    if episode.after_end == 0 {
        page.row("after it", painted(GREEN, "nothing was tried"));
    }
    for entry in &tried {
        decision(page, entry);
    }
    if episode.entries_cut > 0 {
        let more = count(episode.entries_cut, "more decision");
        let note = "`entries` under `[record]` and `records` of `grace` say how many are kept";
        page.row("", dim(format!("and {more}, counted and not kept: {note}")));
    }
}

/// Adds a call, and the decision on it.
fn decision(page: &mut Page, entry: &ShownEntry) {
    let class = match entry.class.as_deref().map(|name| Class::find(name).ok_or(name)) {
        None => Styled::default(),
        Some(Ok(class)) => text!(", ", notable(format!("{} {}", class.code(), class.name()))),
        Some(Err(name)) => text!(", ", notable(name)),
    };
    let ShownEntry { role, ordinal, operation, argument, decision, rule, .. } = entry;
    let rule = dim(format!("[{rule}]"));
    page.row(
        format!("call {ordinal}"),
        text!(who(role.as_ref()), operation, "(", argument, ") ", decision, class, " ", rule),
    );
}

/// `true` if a call came after the boundary: no rule of a policy has this name.
fn is_after(entry: &ShownEntry) -> bool {
    entry.rule == "boundary" && entry.due == "after"
}

/// Adds what the episode left: messages, files, what was learned, and the log.
fn rest(page: &mut Page, episode: &Episode) {
    page.blank();
    let of_roles = episode.roles.iter().map(|one| (Some(&one.role), one.released.as_slice()));
    let all = std::iter::once((None, episode.released.as_slice())).chain(of_roles);
    let messages = all.flat_map(|(role, all)| all.iter().map(move |message| (role, message)));
    for (position, (role, message)) in messages.enumerate() {
        let label = if position == 0 { "messages" } else { "" };
        page.row(label, text!(who(role), "to ", &message.recipient, ": ", body(message)));
    }
    let of_roles = episode.roles.iter().map(|one| (Some(&one.role), one.residue.as_slice()));
    let all = std::iter::once((None, episode.residue.as_slice())).chain(of_roles);
    let residue: Vec<_> = all.flat_map(|(role, all)| all.iter().map(move |left| (role, left))).collect();
    for (position, (role, left)) in residue.iter().enumerate() {
        let label = if position == 0 { "left behind" } else { "" };
        page.row(label, format!("{}{} ({})", who(*role), left.path, count(left.bytes, "byte")));
    }
    if !residue.is_empty() {
        page.row("", blame(episode, residue.len()));
    }
    let of_roles = episode.roles.iter().map(|one| (Some(&one.role), one.learned.as_ref()));
    let all = std::iter::once((None, episode.learned.as_ref())).chain(of_roles);
    let lessons = all.filter_map(|(role, learned)| Some((role, learned?)));
    for (position, (role, learned)) in lessons.enumerate() {
        let label = if position == 0 { "learned" } else { "" };
        page.row(label, format!("{}{}, {} returned", who(role), learned.outcome, count(learned.bytes, "byte")));
    }
    for (position, one) in episode.outside.iter().enumerate() {
        let label = if position == 0 { "outside" } else { "" };
        let bytes = data_encoding::BASE64.decode(one.answer.as_bytes()).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        page.row(label, text!(format!("call {}: {}: \"", one.ordinal, one.outcome), shortened(&text), "\""));
    }
    let of_roles = episode.roles.iter().map(|one| (Some(&one.role), one.log.as_slice()));
    let all = std::iter::once((None, episode.log.as_slice())).chain(of_roles);
    let lines = all.flat_map(|(role, log)| log.iter().flat_map(|text| text.lines()).map(move |line| (role, line)));
    let mut lines = lines.peekable();
    if lines.peek().is_none() {
        page.row("log", dim("nothing was written"));
    }
    for (position, (role, line)) in lines.enumerate() {
        page.row(if position == 0 { "log" } else { "" }, text!(who(role), line));
    }
    let kept = if episode.outside.is_empty() { "answers of tools, and contents of files" } else { "contents of files" };
    page.row("not kept", dim(kept));
}

/// Returns the number of files that were left behind, as a violation or as a notice.
fn blame(episode: &Episode, left: usize) -> Styled {
    let class = Class::LeaveResidue;
    let left = count(wide(left), "file");
    if episode.notices.contains_key(class.name()) {
        dim(format!("notice, left behind: {left}: {}", class.notice()))
    } else if episode.violations.contains_key(class.name()) {
        text!(notable(format!("{} {}", class.code(), class.name())), ": ", left)
    } else {
        text!(left)
    }
}

/// Returns the text of a message, or the number of its bytes.
fn body(message: &ShownMessage) -> Styled {
    let Ok(bytes) = data_encoding::BASE64.decode(message.body.as_bytes()) else {
        return dim("it cannot be read");
    };
    let is_none = |_| text!(count(wide(bytes.len()), "byte"));
    std::str::from_utf8(&bytes).map_or_else(is_none, |text| text!("\"", shortened(text), "\""))
}
