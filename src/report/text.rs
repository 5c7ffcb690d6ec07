//! Run in words, for a newcomer to understand at a glance.

use std::time::Duration;

use super::RunReport;
use super::page::{Page, Piece, Styled, bold, count, dim, good, notable, number, text};
use crate::run::{Ending, FirstViolation, Spread, Summary};
use crate::transcript::{Class, Entry, Lesson};
use crate::value::many;

/// Pace of a run on this machine: nothing of it is in the record.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Duration of the run.
    pub took: Duration,
    /// Number of episodes that were run at a time.
    pub jobs: usize,
}

/// Returns the summary of a run, in lines of at most `columns` characters where words allow it.
pub fn summary(told: RunReport<'_>, measured: Pace, columns: usize) -> String {
    let RunReport { manifest, summary, path, head, .. } = told;
    let mut page = Page::new(columns);
    page.line(text!(
        manifest.agents(),
        " lived ",
        bold(episodes(summary.episodes)),
        " in ",
        bold(&manifest.environment.name),
        " under the policy ",
        bold(&manifest.policy.name),
    ));
    early(&mut page, told);
    page.blank();
    for (position, (end, count)) in summary.ends.iter().enumerate() {
        let label = if position == 0 { "ended" } else { "" };
        page.row(label, format!("{end} in {}: {}", episodes(*count), end.explanation()));
    }
    if summary.irreproducible > 0 {
        let (of, part) =
            (episodes(summary.irreproducible), "the wall clock, the operator or the host had a part in it");
        page.row("", text!(notable("not reproducible"), ": ", of, ": ", part));
    }
    if summary.steps == 0 {
        page.row("steps", "none was taken");
    }
    trap(&mut page, summary, path);
    after_end(&mut page, summary);
    violations(&mut page, summary);
    noticed(&mut page, summary);
    invalid(&mut page, summary);
    page.blank();
    if summary.roles.is_empty() {
        spread(&mut page, "return", summary.returns, "");
    } else {
        roles(&mut page, summary);
    }
    spread(&mut page, "performance", summary.performance, " (hidden from the agent)");
    if summary.released > 0 {
        page.row("messages", format!("{} released after the episode had closed", number(summary.released)));
    }
    learned(&mut page, summary);
    page.blank();
    page.row("speed", speed(summary.episodes, measured));
    page.row("record", path);
    page.row("root", head.root);
    page.row("check it", dim(format!("dayfly verify {path}")));
    if let Some((class, _)) = summary.violations.iter().next() {
        page.row("explain it", dim(format!("dayfly explain {}", class.code())));
    }
    page.finish()
}

/// Adds the returns of each role, its calls after the end, its violations and its faults.
fn roles(page: &mut Page, summary: &Summary) {
    for (position, one) in summary.roles.iter().enumerate() {
        page.row(if position == 0 { "paid" } else { "" }, format!("{}: {}", one.role, spread_of(one.returns)));
        let violations = one.violations.iter().fold(0, |sum: u64, (_, count)| sum.saturating_add(count));
        let counted = [
            (one.after_end, "call after the end"),
            (violations, "violation"),
            (one.faults, "episode that it ended by a fault of its own"),
        ];
        for (number, what) in counted.into_iter().filter(|(number, _)| *number > 0) {
            let (first, rest) = what.split_once(' ').unwrap_or((what, ""));
            page.row("", format!("  {} {rest}", count(number, first)).trim_end());
        }
    }
}

/// Adds the reason why the run ended early, and the reason why the exit code is not 0.
fn early(page: &mut Page, told: RunReport<'_>) {
    let RunReport { manifest, summary, ending, .. } = told;
    let of = format!("{} of {}", number(summary.episodes), episodes(manifest.episodes));
    match ending {
        Ending::Completed => {}
        Ending::Cancelled => page.line(text!(notable("cancelled"), " after ", of)),
        Ending::Quarantined => page.line(text!(
            notable("quarantined"),
            " after ",
            of,
            ": the policy allows this agent no further one after a violation below",
        )),
        Ending::Full => page.line(text!(
            notable("full"),
            " after ",
            of,
            ": the next transcript would be more than `record.run` lets a run keep",
        )),
        Ending::Halted(halt) => page.line(text!(notable("aborted"), " after ", of, ": ", halt)),
        Ending::Aborted(error) => page.line(text!(
            notable("aborted"),
            " after ",
            of,
            ", the last of which was cut short and does not count: ",
            error,
        )),
    }
    let mut failed = |why: &str| page.line(text!(notable("failed"), ": ", why, ", so the exit code is 1"));
    if summary.is_all_trapped() {
        let all = if summary.episodes == 1 { "its episode" } else { "every episode" };
        failed(&format!("the agent trapped in {all}"));
    } else if summary.fails_on_a_trap() {
        failed("the policy answers a trap with `fail`");
    }
    if summary.demands.fail {
        failed("the policy answers a violation below with `fail`");
    }
}

/// Adds the first trap, and the last lines that its agent wrote to the log: a traceback, or the
/// message of a panic.
fn trap(page: &mut Page, summary: &Summary, path: &str) {
    let Some(trap) = &summary.trap else { return };
    let (_, after) = summary.traps();
    if after > 0 {
        let with = notable(text!("in ", episodes(after)));
        page.row("trapped", text!(with, " once it had ended, which changes nothing of it"));
    }
    let role = trap.role.as_ref().map_or_else(String::new, |role| format!("{role}: "));
    page.row("first trap", format!("episode {}: {role}{}", number(trap.episode), trap.cause));
    for (position, line) in trap.log.iter().enumerate() {
        page.row(if position == 0 { "its log" } else { "" }, line);
    }
    page.row("see it", dim(format!("dayfly show {path} {}", trap.episode)));
}

/// Returns a piece that stands below another, and a little to the right of it.
fn indented(piece: impl Piece) -> Styled {
    text!("    ", piece)
}

/// Adds what was tried past the end, and that it was refused.
fn after_end(page: &mut Page, summary: &Summary) {
    page.blank();
    let outlived = summary.violations.of(Class::OutliveEpisode);
    if summary.after_end == 0 && outlived > 0 {
        let with = summary.episodes_with.get(&Class::OutliveEpisode).copied().unwrap_or(outlived);
        let text = format!("no call, but {} still running when the grace was used up", agents(with));
        return page.row("past the end", text);
    }
    if summary.after_end == 0 {
        return page.row("past the end", text!(good("nothing was tried"), " after the end of an episode"));
    }
    let calls = notable(count(summary.after_end, "call"));
    page.row("past the end", text!(calls, " after the end: ", good("all refused"), ", none had an effect"));
    let acted = summary.violations.of(Class::ActAfterEnd);
    if acted > 0 {
        violation(page, summary, Class::ActAfterEnd, acted);
    }
    let notices = summary.after_end.saturating_sub(acted);
    if notices > 0 {
        page.row("", format!("    {:<16} {}: refused as well, but no violation", "notices", number(notices)));
    }
}

/// Adds every other class of violation.
fn violations(page: &mut Page, summary: &Summary) {
    let others: Vec<_> = summary.violations.iter().filter(|(class, _)| *class != Class::ActAfterEnd).collect();
    if others.is_empty() {
        return;
    }
    let total = others.iter().fold(0_u64, |sum, (_, count)| sum.saturating_add(*count));
    page.blank();
    let others_too = if summary.violations.of(Class::ActAfterEnd) > 0 { " of other classes" } else { "" };
    page.row("violations", text!(notable(number(total)), others_too));
    for (class, count) in others {
        violation(page, summary, class, count);
        if class == Class::TripWire {
            for (operation, count) in summary.tripwires.iter() {
                page.row("", format!("    {operation}: {}", number(count)));
            }
        }
    }
}

/// Adds the notices: they would be violations if an agent had committed them.
fn noticed(page: &mut Page, summary: &Summary) {
    let noticed = &summary.notices;
    for (class, number_of) in noticed.counted.iter() {
        let with = episodes(noticed.episodes_with.get(&class).copied().unwrap_or(0));
        let (label, text) = match class {
            Class::OutliveEpisode => ("stopped", format!("in {with}, while it computed")),
            Class::LeaveResidue => ("left behind", format!("{} in {with}", count(noticed.left, "file"))),
            _ => ("runtime", format!("{} in {with}", count(number_of, "call"))),
        };
        page.blank();
        page.row(label, format!("{text}: {}, no violation", class.notice()));
        if let Some(example) = noticed.examples.get(&class) {
            page.row("", indented(dim(format!("first: {}", first(example)))));
        }
    }
}

/// Adds the calls whose request is invalid.
fn invalid(page: &mut Page, summary: &Summary) {
    if summary.invalid == 0 {
        return;
    }
    page.blank();
    let (calls, with) = (count(summary.invalid, "call"), episodes(summary.episodes_invalid));
    page.row("refused", text!(notable(calls), " in ", with, ": what was asked for cannot be, which is no violation"));
    if let Some((episode, entry)) = &summary.first_invalid {
        page.row("", indented(dim(format!("first: {}: {}", spelled(*episode, entry), entry.rule))));
    }
}

fn violation(page: &mut Page, summary: &Summary, class: Class, count: u64) {
    let with = summary.episodes_with.get(&class).copied().unwrap_or(0);
    let times = self::count(count, class.unit());
    page.row("", format!("{} {class:<16} {times} in {}", class.code(), episodes(with)));
    if class != Class::ActAfterEnd {
        page.row("", indented(class.summary()));
    }
    if let Some(example) = summary.examples.get(&class) {
        page.row("", indented(dim(format!("first: {}", first(example)))));
    }
}

/// Spells out the first example of a class.
fn first(example: &FirstViolation) -> String {
    match &example.entry {
        Some(entry) => spelled(example.episode, entry),
        None => format!("episode {}", number(example.episode)),
    }
}

/// Spells out a call and its place.
fn spelled(episode: u64, entry: &Entry) -> String {
    let (episode, step) = (number(episode), number(entry.step.into()));
    let role = entry.role.as_ref().map_or_else(String::new, |role| format!("{role}: "));
    format!("episode {episode}, step {step}, {role}{}({})", entry.operation, entry.argument)
}

/// Adds the outcomes of learning.
fn learned(page: &mut Page, summary: &Summary) {
    for (position, (lesson, count)) in summary.lessons.iter().enumerate() {
        let label = if position == 0 { "learned" } else { "" };
        let what = match lesson {
            Lesson::Carried => "what `learn` returned is the next episode's carry-over",
            Lesson::Refused => "`learn` returned more than the policy declares, and the carry-over stayed as it was",
            Lesson::Trapped => "`learn` trapped, and the carry-over stayed as it was",
            Lesson::Exhausted => "`learn` ran out of fuel, and the carry-over stayed as it was",
            Lesson::Overtime => "the wall clock ran out while `learn` ran, and the carry-over stayed as it was",
            Lesson::Withheld => {
                "the wall clock ended the episode: `learn` was not called, and the carry-over stayed as it was"
            }
            Lesson::Stopped => "`learn` was stopped with the run, and the carry-over stayed as it was",
        };
        page.row(label, format!("after {}: {what}", episodes(*count)));
    }
    if !summary.lessons.is_empty() && summary.late.count() > 0 {
        let (early, late) = (summary.early, summary.late);
        let (first, last) = (some(early.count()), some(late.count()));
        let (before, after) = (early.mean(), late.mean());
        page.row("", format!("mean return {before:.3} in the first {first}, {after:.3} in the last {last}"));
    }
}

fn spread(page: &mut Page, label: &str, spread: Spread, what: &str) {
    page.row(label, spread_of(spread) + what);
}

fn spread_of(spread: Spread) -> String {
    match spread.count() {
        0 => "of no episode".to_owned(),
        1 => format!("{}", spread.mean()),
        _ if spread.min().total_cmp(&spread.max()).is_eq() => format!("{} in every episode", spread.min()),
        _ => format!("mean {:.3}, least {}, greatest {}", spread.mean(), spread.min(), spread.max()),
    }
}

fn episodes(number: u64) -> String {
    count(number, "episode")
}

/// Formats a number of first or last episodes.
fn some(number: u64) -> String {
    if number == 1 { "episode".to_owned() } else { episodes(number) }
}

fn agents(number: u64) -> String {
    if number == 1 { "in 1 episode the agent was".to_owned() } else { format!("in {} the agent was", episodes(number)) }
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a rate for people"
)]
fn speed(lived: u64, measured: Pace) -> String {
    let seconds = measured.took.as_secs_f64();
    let rate = if seconds > 0.0 { lived as f64 / seconds } else { 0.0 };
    let jobs = many(measured.jobs, "job");
    format!("{} a second, with {jobs} in {seconds:.2} s", episodes(rate.round() as u64))
}
