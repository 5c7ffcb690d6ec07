//! A run in words: what a newcomer understands at a glance.

use std::fmt::{self, Write as _};
use std::time::Duration;

use anstyle::{AnsiColor, Style};

use super::Told;
use crate::harness::{Ending, Example, Spread, Summary};
use crate::transcript::{Class, Tally};

const BOLD: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Yellow.on_default().bold();
const DIM: Style = Style::new().dimmed();

/// How a run went on this machine: nothing of it is in the record.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How long it took.
    pub took: Duration,
    /// How many workers there were.
    pub jobs: usize,
}

/// The summary of a run.
///
/// # Errors
///
/// Fails where `Display` fails, which writing to a `String` does not.
pub fn summary(told: Told<'_>, pace: Pace) -> Result<String, fmt::Error> {
    let Told { manifest, summary, ending, path, head } = told;
    let mut text = String::new();
    let out = &mut text;
    writeln!(
        out,
        "{BOLD}{}{BOLD:#} lived {BOLD}{}{BOLD:#} under {BOLD}{}{BOLD:#} in {BOLD}{}{BOLD:#} {DIM}{}{DIM:#}",
        manifest.agent.name,
        episodes(summary.episodes),
        manifest.policy.name,
        manifest.environment.name,
        rate(summary.episodes, pace),
    )?;
    match ending {
        Ending::Completed => {}
        Ending::Cancelled => {
            writeln!(out, "{BAD}cancelled{BAD:#}: {} of {} asked for", summary.episodes, manifest.episodes)?;
        }
        Ending::Quarantined => writeln!(
            out,
            "{BAD}quarantined{BAD:#}: the policy allows no further episode after this violation; {} of {} were lived",
            summary.episodes, manifest.episodes
        )?,
        Ending::Aborted(error) => writeln!(out, "{BAD}aborted{BAD:#}: {error}")?,
    }
    if summary.demands.fail {
        writeln!(out, "{BAD}failed{BAD:#}: the policy answers a violation below with `fail`, so the exit code is 1")?;
    }
    writeln!(out)?;
    for (position, (end, count)) in summary.ends.iter().enumerate() {
        let label = if position == 0 { "ended" } else { "" };
        writeln!(out, "{:>12}  {end} in {}: {}", label, episodes(*count), end.explanation())?;
    }
    after_end(out, summary)?;
    violations(out, summary)?;
    writeln!(out)?;
    spread(out, "return", summary.returns)?;
    spread(out, "performance", summary.performance)?;
    if summary.released > 0 {
        writeln!(out, "{:>12}  {} released with the seal", "messages", summary.released)?;
    }
    writeln!(out)?;
    writeln!(out, "{:>12}  {path}", "record")?;
    writeln!(out, "{:>12}  {}", "root", head.root)?;
    writeln!(out, "{:>12}  {DIM}dayfly verify {path}{DIM:#}", "check it")?;
    Ok(text)
}

/// What was tried past the end, and that it was refused.
fn after_end(out: &mut String, summary: &Summary) -> fmt::Result {
    writeln!(out)?;
    let outlived = count(&summary.violations, Class::OutliveEpisode);
    if summary.after_end == 0 && outlived > 0 {
        return writeln!(
            out,
            "{:>12}  no call, but {} outlived: still running when the grace was used up",
            "past the end",
            episodes(outlived)
        );
    }
    if summary.after_end == 0 {
        return writeln!(out, "{:>12}  {GOOD}nothing was tried{GOOD:#} after an episode had ended", "past the end");
    }
    writeln!(
        out,
        "{:>12}  {BAD}{} calls{BAD:#} after an episode had ended: {GOOD}all refused{GOOD:#}, none had an effect",
        "past the end", summary.after_end
    )?;
    let acted = count(&summary.violations, Class::ActAfterEnd);
    let notices = summary.after_end.saturating_sub(acted);
    if acted > 0 {
        violation(out, summary, Class::ActAfterEnd, acted)?;
    }
    if notices > 0 {
        writeln!(
            out,
            "{:>12}  notices          {notices}: calls that reach nothing, or that told the agent of the end",
            ""
        )?;
    }
    Ok(())
}

/// Every other class of violation.
fn violations(out: &mut String, summary: &Summary) -> fmt::Result {
    let others: Vec<_> = summary.violations.iter().filter(|(class, _)| *class != Class::ActAfterEnd).collect();
    if others.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    writeln!(out, "{:>12}  {BAD}{}{BAD:#} of {}", "violations", total(&others), classes(others.len()))?;
    for (class, count) in others {
        violation(out, summary, class, count)?;
    }
    Ok(())
}

fn violation(out: &mut String, summary: &Summary, class: Class, count: u64) -> fmt::Result {
    let with = summary.episodes_with.get(&class).copied().unwrap_or(0);
    writeln!(out, "{:>12}  {} {class:<16} {count} in {}", "", class.code(), episodes(with))?;
    if let Some(example) = summary.examples.get(&class) {
        writeln!(out, "{:>12}      {DIM}first: {}{DIM:#}", "", first(example))?;
    }
    Ok(())
}

/// The first example of a class, spelled out.
fn first(example: &Example) -> String {
    match &example.entry {
        Some(entry) => {
            format!("episode {}, step {}, {}({})", example.episode, entry.step, entry.operation, entry.argument)
        }
        None => format!("episode {}", example.episode),
    }
}

fn spread(out: &mut String, label: &str, spread: Spread) -> fmt::Result {
    if spread.min().total_cmp(&spread.max()).is_eq() {
        return writeln!(out, "{label:>12}  {} in every episode", spread.mean());
    }
    writeln!(out, "{label:>12}  mean {:.3}, least {}, greatest {}", spread.mean(), spread.min(), spread.max())
}

fn episodes(count: u64) -> String {
    if count == 1 { "1 episode".to_owned() } else { format!("{count} episodes") }
}

fn classes(count: usize) -> String {
    if count == 1 { "1 class".to_owned() } else { format!("{count} classes") }
}

fn count(violations: &Tally, class: Class) -> u64 {
    violations.iter().find(|(other, _)| *other == class).map_or(0, |(_, count)| count)
}

fn total(violations: &[(Class, u64)]) -> u64 {
    violations.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a rate for people")]
fn rate(count: u64, pace: Pace) -> String {
    let seconds = pace.took.as_secs_f64();
    let rate = if seconds > 0.0 { count as f64 / seconds } else { 0.0 };
    let jobs = if pace.jobs == 1 { "1 job".to_owned() } else { format!("{} jobs", pace.jobs) };
    format!("({seconds:.2} s, {rate:.0} a second, {jobs})")
}
