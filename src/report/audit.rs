//! Audits in words: what was tried, what was seen, and what that shows.

use std::fmt::{self, Write as _};

use anstyle::{AnsiColor, Style};

use crate::audit::{Difference, Guests, Measured, Pairs, Part, Road, Tried, Verdict};
use crate::policy::Policy;
use crate::property::{Compared, Pair};
use crate::report::paragraphs;
use crate::statistics::{Level, size};
use crate::value::{Digest, many, plural};

const BOLD: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const DIM: Style = Style::new().dimmed();

/// How many columns prose has, behind a label too; tables are as wide as they are.
const WIDE: usize = 80;

/// How many parts of a difference are shown.
const PARTS: usize = 5;

/// What was audited.
#[derive(Clone, Copy, Debug)]
pub struct Audited<'a> {
    /// The policy, with the fuel that episodes had.
    pub policy: &'a Policy,
    /// The environment.
    pub environment: &'a str,
    /// Whether the policy declares a road from one episode to the next.
    pub declares: bool,
}

/// The pairs of an audit of noninterference.
///
/// # Errors
///
/// Fails where `Display` fails, which writing to a `String` does not.
pub fn pairs(audited: Audited<'_>, pairs: &Pairs) -> Result<String, fmt::Error> {
    let mut text = String::new();
    let out = &mut text;
    let Audited { policy, environment, declares } = audited;
    let head = match (pairs.compared, pairs.differ) {
        (0, _) => format!("{BAD}no pair was compared{BAD:#}"),
        (1, 0) => format!("{GOOD}1 pair, alike{GOOD:#}"),
        (all, 0) => format!("{GOOD}{}, all alike{GOOD:#}", many(all, "pair")),
        (1, _) => format!("{BAD}1 pair, which differs{BAD:#}"),
        (all, some) => format!("{BAD}{some} of {} differ{BAD:#}", many(all, "pair")),
    };
    let head = format!(
        "{head}: what a probe sees after one agent, and after another, under {BOLD}{}{BOLD:#} in {environment}",
        policy.name
    );
    write!(out, "{}", paragraphs(&head, WIDE))?;
    if pairs.cancelled {
        let done = pairs.compared.saturating_add(pairs.uncompared);
        writeln!(
            out,
            "{BAD}cancelled{BAD:#} after {done} of {}: what follows is of these alone",
            many(pairs.asked, "pair")
        )?;
    }
    writeln!(out)?;
    writeln!(
        out,
        "{:>12}  {}: the whole transcript of each probe, its log in it",
        "compared",
        many(pairs.bytes, "byte")
    )?;
    let sights = sights(&pairs.sights);
    wrapped(out, "seen", sights.iter().map(String::as_str))?;
    for (position, (name, guests)) in pairs.guests.iter().enumerate() {
        let label = if position == 0 { "before it" } else { "" };
        writeln!(out, "{label:>12}  {name:<20} {DIM}{}{DIM:#}", fared(guests))?;
    }
    if declares {
        writeln!(
            out,
            "{:>12}  the policy declares a road to later episodes: the probe lived in another lineage",
            "but"
        )?;
    }
    if pairs.uncompared > 0 {
        writeln!(
            out,
            "{:>12}  {} in which the wall clock ended an episode of the probe",
            "left out",
            many(pairs.uncompared, "pair")
        )?;
    }
    writeln!(out)?;
    if let Some(first) = &pairs.first {
        difference(out, first)?;
    }
    if let Some(share) = &pairs.share {
        let percent = |share: f64| format!("{:.3} %", 100.0 * share);
        writeln!(
            out,
            "{:>12}  {} to {} of pairs drawn as these were differ (95 %, {}, n = {})",
            "shows",
            percent(share.low),
            percent(share.high),
            share.method,
            pairs.compared
        )?;
    }
    writeln!(
        out,
        "{:>12}  anything about agents that are not drawn like these, nor about time on the wall",
        "shows not"
    )?;
    if let Some(root) = &pairs.root {
        writeln!(out, "{:>12}  {DIM}{root}{DIM:#}", "root")?;
    }
    Ok(text)
}

fn difference(out: &mut String, first: &Difference) -> fmt::Result {
    let Difference { pair, seed, one, other, probe, parts } = first;
    writeln!(out, "{:>12}  pair {pair} (seed {seed}): `{probe}` after {one}, and after {other}", "first")?;
    writeln!(out, "{:>12}  `--pair {pair}`, in place of `--pairs`, compares it alone", "again")?;
    differing(out, parts)
}

fn differing(out: &mut String, parts: &[Part]) -> fmt::Result {
    if let Some(part) = parts.first() {
        writeln!(out, "{:>12}  the views part at byte {}", "", part.byte)?;
    }
    for part in parts.iter().take(PARTS) {
        writeln!(out, "{:>12}    {BOLD}{}{BOLD:#}", "", part.field)?;
        writeln!(out, "{:>12}      {}", "", short(&part.one))?;
        writeln!(out, "{:>12}      {}", "", short(&part.other))?;
    }
    let more = parts.len().saturating_sub(PARTS);
    if more > 0 {
        writeln!(out, "{:>12}    and {more} more {}", "", plural(more, "field"))?;
    }
    Ok(())
}

/// One trial on every road: what the receiver saw after a 1, beside what it saw after a 0 with the same seed.
///
/// # Errors
///
/// As [`pairs`].
pub fn sent(audited: Audited<'_>, trial: u64, pairs: &[Pair], root: Digest) -> Result<String, fmt::Error> {
    let mut text = String::new();
    let out = &mut text;
    let Audited { policy, environment, .. } = audited;
    writeln!(
        out,
        "trial {trial}: a 1 and a 0 on {}, with the same seed, under {BOLD}{}{BOLD:#} in {environment}\n",
        if pairs.len() == 1 { "1 road".to_owned() } else { format!("each of {} roads", pairs.len()) },
        policy.name
    )?;
    for pair in pairs {
        let style = if pair.is_as_declared() { GOOD } else { BAD };
        let saw = match pair.compared() {
            Compared::Alike => "nothing arrives",
            Compared::Differ => "it arrives",
            Compared::Hurried => "the wall clock ended an episode",
        };
        writeln!(out, "{:>12}  {:<22} {style}{saw}{style:#}", pair.channel, declared(pair.road))?;
        if !pair.is_as_declared() {
            differing(out, &pair.parts)?;
        }
    }
    writeln!(out, "\n{:>12}  {DIM}{root}{DIM:#}", "root")?;
    Ok(text)
}

fn short(text: &str) -> String {
    let mut short: String = text.chars().take(160).flat_map(char::escape_debug).collect();
    if text.chars().count() > 160 {
        short.push_str("..");
    }
    short
}

fn fared(guests: &Guests) -> String {
    let ends: Vec<String> = guests.ends.iter().map(|(end, count)| format!("{end} {count}")).collect();
    let Guests { episodes, called, calls, .. } = guests;
    format!("{}, {called} with calls, {}; ended: {}", many(*episodes, "episode"), many(*calls, "call"), ends.join(", "))
}

/// What was seen, by name; of WASI, by package, how many of its functions.
fn sights<'a>(seen: impl IntoIterator<Item = &'a String>) -> Vec<String> {
    let mut named: Vec<(&str, u64)> = Vec::new();
    for sight in seen {
        let name = sight.split_once('/').map_or(sight.as_str(), |(package, _)| package);
        match named.last_mut() {
            Some((last, functions)) if *last == name => *functions += 1,
            _ => named.push((name, u64::from(name != sight))),
        }
    }
    let told = |(name, functions): (&str, u64)| match functions {
        0 => name.to_owned(),
        _ => format!("{name} ({})", many(functions, "function")),
    };
    named.into_iter().map(told).collect()
}

fn wrapped<'a>(out: &mut String, label: &str, words: impl Iterator<Item = &'a str>) -> fmt::Result {
    let mut line = String::new();
    let mut label = label;
    for word in words {
        if line.len().saturating_add(word.len()) > 64 {
            writeln!(out, "{label:>12}  {}", line.trim_end())?;
            (label, line) = ("", String::new());
        }
        line.push_str(word);
        line.push_str(", ");
    }
    writeln!(out, "{label:>12}  {}", line.trim_end_matches(", "))
}

/// A few trials on every road: on how many of them something arrived.
///
/// # Errors
///
/// As [`pairs`].
pub fn quick(audited: Audited<'_>, tried: &[Tried]) -> Result<String, fmt::Error> {
    let mut text = String::new();
    let out = &mut text;
    let Audited { policy, environment, .. } = audited;
    let as_declared = tried.iter().filter(|one| one.holds()).count();
    let head = match (tried.len(), as_declared) {
        (0, _) => format!("{BAD}no road was tried{BAD:#}"),
        (all, held) if all == held => {
            format!("{GOOD}{}, none carries more than is declared{GOOD:#}", many(all, "road"))
        }
        (all, held) => format!("{BAD}{} of {all} roads{BAD:#} not as declared", all.saturating_sub(held)),
    };
    let head = format!("{head}: from an episode to the next, under {BOLD}{}{BOLD:#} in {environment}", policy.name);
    writeln!(out, "{}", paragraphs(&head, WIDE))?;
    let wide = tried.iter().map(|one| one.channel.len()).max().unwrap_or(0);
    for one in tried {
        let style = if one.holds() { GOOD } else { BAD };
        let Tried { channel, road, compared, arrived, .. } = *one;
        writeln!(out, "{channel:<wide$}  {:<22} {style}{arrived} of {compared} arrive{style:#}", declared(road))?;
    }
    let least = tried.iter().filter(|one| one.road == Road::Undeclared).map(|one| one.compared).min().unwrap_or(0);
    if least > 0
        && let Ok(level) = Level::new(0.95)
    {
        let share = 100.0 * size::excluded(least, level);
        writeln!(out, "\nwhere none of {least} arrives, fewer than {share:.1} % of such bits do (95 %)")?;
    }
    writeln!(out, "shows not: how many bits arrive; without `--quick` that is measured")?;
    Ok(text)
}

/// The channels of an audit, as a table.
///
/// # Errors
///
/// As [`pairs`].
pub fn channels(audited: Audited<'_>, trials: u32, all: usize, measured: &[Measured]) -> Result<String, fmt::Error> {
    let mut text = String::new();
    let out = &mut text;
    let count = |verdict| measured.iter().filter(|one| one.verdict == verdict).count();
    let (held, violated) = (count(Verdict::Holds), count(Verdict::Violated));
    let title = if measured.is_empty() {
        format!("{BAD}no road was tried to the end{BAD:#}")
    } else if held == measured.len() {
        let none = if held == 1 { "which carries no" } else { "none carries" };
        format!("{GOOD}{}, {none} more than is declared{GOOD:#}", many(held, "road"))
    } else {
        let open = measured.len().saturating_sub(held);
        let all = many(measured.len(), "road");
        let carry = if open == 1 { "carries what it should not, or is" } else { "carry what they should not, or are" };
        format!("{BAD}{open} of {all}{BAD:#} {carry} not shown not to")
    };
    let Audited { policy, environment, .. } = audited;
    let first = format!("{title}: from an episode to the next, under {BOLD}{}{BOLD:#} in {environment}", policy.name);
    write!(out, "{}", paragraphs(&first, WIDE))?;
    if measured.len() < all {
        writeln!(
            out,
            "{BAD}cancelled{BAD:#} after {} of {}: the one that was being tried is left out",
            measured.len(),
            many(all, "road")
        )?;
    }
    writeln!(out)?;
    let wide = measured.iter().map(|one| one.channel.len()).max().unwrap_or(0).max("road".len());
    writeln!(
        out,
        "{BOLD}{:<wide$} {:<22} {:>24} {:>9} {:>26}  so it{BOLD:#}",
        "road", "declared", "bits decoded rightly", "differ", "bits an episode, at least"
    )?;
    for one in measured {
        row(out, one, wide)?;
    }
    writeln!(out)?;
    let sent = format!(
        "{trials} random bits a road, half of them 1; limits at 95 %, Clopper-Pearson; bits by Fano's inequality: 1 - h(error rate)"
    );
    write!(out, "{}", paragraphs(&sent, WIDE))?;
    let differ = "differ: trials in which the receiver saw something else than after a 0, with the same seed";
    write!(out, "{}", paragraphs(differ, WIDE))?;
    writeln!(out, "shows not: what another sender could do, nor anything about time on the wall")?;
    if violated > 0 {
        writeln!(
            out,
            "{BAD}a road that is not declared and carries bits is a breach{BAD:#}: please report it as `dayfly docs security` says"
        )?;
    }
    Ok(text)
}

fn row(out: &mut String, one: &Measured, wide: usize) -> fmt::Result {
    let declared = declared(one.road);
    let says = match (one.verdict, one.road) {
        (Verdict::Holds, Road::Undeclared) => format!("{GOOD}is closed{GOOD:#}"),
        (Verdict::Holds, Road::Control) => format!("{GOOD}is seen{GOOD:#}"),
        (Verdict::Holds, _) if one.sent.is_some_and(|sent| sent.differ == 0) => {
            "is open by the policy; this sender gets nothing through".to_owned()
        }
        (Verdict::Holds, _) => format!("{GOOD}carries what is declared{GOOD:#}"),
        (Verdict::Violated, Road::Control) => format!("{BAD}is not seen: the audit is blind{BAD:#}"),
        (Verdict::Violated, _) => format!("{BAD}leaks{BAD:#}"),
        (Verdict::Inconclusive, _) => format!("{BAD}is not shown to be closed{BAD:#}"),
    };
    let Some(sent) = one.sent else {
        return writeln!(out, "{:<wide$} {declared:<22} {:>24} {:>9} {:>26}  {says}", one.channel, "no trial", "", "");
    };
    let accuracy = format!("{:.3} [{:.3}, {:.3}]", sent.accuracy.estimate, sent.accuracy.low, sent.accuracy.high);
    let bits = format!("{:.3} [{:.3}, {:.3}]", sent.bits.estimate, sent.bits.low, sent.bits.high);
    writeln!(out, "{:<wide$} {declared:<22} {accuracy:>24} {:>9} {bits:>26}  {says}", one.channel, sent.differ)
}

/// What is declared of a road.
fn declared(road: Road) -> String {
    match road {
        Road::Undeclared => "nothing".to_owned(),
        Road::CarryOver(bits) => many(bits, "bit"),
        Road::World => "the world".to_owned(),
        Road::Control => "control: opened".to_owned(),
    }
}
