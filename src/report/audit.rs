//! Audits in words: what was tried, what was seen, and what that shows.

use super::page::{Page, Piece, Styled, bad, bold, dim, good, text};
use crate::audit::{Difference, Guests, Measured, Pairs, Part, Road, Tried, Verdict};
use crate::policy::Policy;
use crate::property::{Compared, Pair};
use crate::statistics::{Level, size};
use crate::value::{Digest, many, plural};

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

impl Audited<'_> {
    /// A page that begins with what was found, `of` what, and where.
    fn page(&self, found: Styled, of: &str) -> Page {
        let mut page = Page::new(WIDE);
        let Self { policy, environment, .. } = self;
        page.line(text!(found, ": ", of, ", under ", bold(&policy.name), " in ", environment));
        page
    }
}

/// The pairs of an audit of noninterference.
pub fn pairs(audited: Audited<'_>, pairs: &Pairs) -> String {
    let found = match (pairs.compared, pairs.differ) {
        (0, _) => bad("no pair was compared"),
        (1, 0) => good("1 pair, alike"),
        (all, 0) => good(format!("{}, all alike", many(all, "pair"))),
        (1, _) => bad("1 pair, which differs"),
        (all, some) => bad(format!("{some} of {} differ", many(all, "pair"))),
    };
    let mut page = audited.page(found, "what a probe sees after one agent, and after another");
    if pairs.cancelled {
        let done = pairs.compared.saturating_add(pairs.uncompared);
        let asked = many(pairs.asked, "pair");
        page.unwrapped(text!(bad("cancelled"), format!(" after {done} of {asked}: what follows is of these alone")));
    }
    page.blank();
    let bytes = many(pairs.bytes, "byte");
    page.unwrapped_row("compared", format!("{bytes}: the whole transcript of each probe, its log in it"));
    listed(&mut page, "seen", &sights(&pairs.sights));
    for (position, (name, guests)) in pairs.guests.iter().enumerate() {
        let label = if position == 0 { "before it" } else { "" };
        page.unwrapped_row(label, text!(format!("{name:<20} "), dim(fared(guests))));
    }
    if audited.declares {
        let declares = "the policy declares a road to later episodes: the probe lived in another lineage";
        page.unwrapped_row("but", declares);
    }
    if pairs.uncompared > 0 {
        let uncompared = many(pairs.uncompared, "pair");
        page.unwrapped_row("left out", format!("{uncompared} in which the wall clock ended an episode of the probe"));
    }
    page.blank();
    if let Some(first) = &pairs.first {
        difference(&mut page, first);
    }
    if let Some(share) = &pairs.share {
        let percent = |share: f64| format!("{:.3} %", 100.0 * share);
        let (low, high, method, n) = (percent(share.low), percent(share.high), share.method, pairs.compared);
        page.unwrapped_row(
            "shows",
            format!("{low} to {high} of pairs drawn as these were differ (95 %, {method}, n = {n})"),
        );
    }
    page.unwrapped_row("shows not", "anything about agents that are not drawn like these, nor about time on the wall");
    if let Some(root) = &pairs.root {
        page.unwrapped_row("root", dim(root));
    }
    page.finish()
}

fn difference(page: &mut Page, first: &Difference) {
    let Difference { pair, seed, one, other, probe, parts } = first;
    page.unwrapped_row("first", format!("pair {pair} (seed {seed}): `{probe}` after {one}, and after {other}"));
    page.unwrapped_row("again", format!("`--pair {pair}`, in place of `--pairs`, compares it alone"));
    differing(page, parts);
}

fn differing(page: &mut Page, parts: &[Part]) {
    if let Some(part) = parts.first() {
        page.unwrapped_row("", format!("the views part at byte {}", part.byte));
    }
    for part in parts.iter().take(PARTS) {
        page.unwrapped_row("", text!("  ", bold(&part.field)));
        page.unwrapped_row("", format!("    {}", short(&part.one)));
        page.unwrapped_row("", format!("    {}", short(&part.other)));
    }
    let more = parts.len().saturating_sub(PARTS);
    if more > 0 {
        page.unwrapped_row("", format!("  and {more} more {}", plural(more, "field")));
    }
}

/// One trial on every road: what the receiver saw after a 1, beside what it saw after a 0 with the same seed.
pub fn sent(audited: Audited<'_>, trial: u64, pairs: &[Pair], root: Digest) -> String {
    let mut page = Page::new(WIDE);
    let Audited { policy, environment, .. } = audited;
    let roads = if pairs.len() == 1 { "1 road".to_owned() } else { format!("each of {} roads", pairs.len()) };
    page.unwrapped(text!(
        format!("trial {trial}: a 1 and a 0 on {roads}, with the same seed, under "),
        bold(&policy.name),
        " in ",
        environment,
    ));
    page.blank();
    for pair in pairs {
        let is_as_declared = pair.is_as_declared();
        let saw = match pair.compared() {
            Compared::Alike => "nothing arrives",
            Compared::Differ => "it arrives",
            Compared::Hurried => "the wall clock ended an episode",
        };
        let declared = format!("{:<22} ", declared(pair.road));
        page.unwrapped_row(pair.channel, text!(declared, judged(is_as_declared, saw)));
        if !is_as_declared {
            differing(&mut page, &pair.parts);
        }
    }
    page.blank();
    page.unwrapped_row("root", dim(root));
    page.finish()
}

/// A piece as good news or as bad.
fn judged(is_good: bool, piece: impl Piece) -> Styled {
    if is_good { good(piece) } else { bad(piece) }
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

/// A list in the rows of one label.
fn listed(page: &mut Page, label: &str, words: &[String]) {
    let mut line = String::new();
    let mut label = label;
    for word in words {
        if line.len().saturating_add(word.len()) > 64 {
            page.unwrapped_row(label, line.trim_end());
            (label, line) = ("", String::new());
        }
        line.push_str(word);
        line.push_str(", ");
    }
    page.unwrapped_row(label, line.trim_end_matches(", "));
}

/// A few trials on every road: on how many of them something arrived.
pub fn quick(audited: Audited<'_>, tried: &[Tried]) -> String {
    let as_declared = tried.iter().filter(|one| one.holds()).count();
    let found = match (tried.len(), as_declared) {
        (0, _) => bad("no road was tried"),
        (all, held) if all == held => good(format!("{}, none carries more than is declared", many(all, "road"))),
        (all, held) => text!(bad(format!("{} of {all} roads", all.saturating_sub(held))), " not as declared"),
    };
    let mut page = audited.page(found, FROM);
    page.blank();
    let wide = tried.iter().map(|one| one.channel.len()).max().unwrap_or(0);
    for one in tried {
        let Tried { channel, road, compared, arrived, .. } = *one;
        let arrives = judged(one.holds(), format!("{arrived} of {compared} arrive"));
        page.unwrapped(text!(format!("{channel:<wide$}  {:<22} ", declared(road)), arrives));
    }
    let least = tried.iter().filter(|one| one.road == Road::Undeclared).map(|one| one.compared).min().unwrap_or(0);
    if least > 0
        && let Ok(level) = Level::new(0.95)
    {
        let share = 100.0 * size::excluded(least, level);
        page.blank();
        page.unwrapped(format!("where none of {least} arrives, fewer than {share:.1} % of such bits do (95 %)"));
    }
    page.unwrapped("shows not: how many bits arrive; without `--quick` that is measured");
    page.finish()
}

/// What an audit of roads is about.
const FROM: &str = "from an episode to the next";

/// The channels of an audit, as a table.
pub fn channels(audited: Audited<'_>, trials: u32, all: usize, measured: &[Measured]) -> String {
    let count = |verdict| measured.iter().filter(|one| one.verdict == verdict).count();
    let (held, violated) = (count(Verdict::Holds), count(Verdict::Violated));
    let found = if measured.is_empty() {
        bad("no road was tried to the end")
    } else if held == measured.len() {
        let none = if held == 1 { "which carries no" } else { "none carries" };
        good(format!("{}, {none} more than is declared", many(held, "road")))
    } else {
        let open = measured.len().saturating_sub(held);
        let all = many(measured.len(), "road");
        let carry = if open == 1 { "carries what it should not, or is" } else { "carry what they should not, or are" };
        text!(bad(format!("{open} of {all}")), " ", carry, " not shown not to")
    };
    let mut page = audited.page(found, FROM);
    if measured.len() < all {
        let after = format!(" after {} of {}", measured.len(), many(all, "road"));
        page.unwrapped(text!(bad("cancelled"), after, ": the one that was being tried is left out"));
    }
    page.blank();
    let wide = measured.iter().map(|one| one.channel.len()).max().unwrap_or(0).max("road".len());
    page.unwrapped(bold(format!(
        "{:<wide$} {:<22} {:>24} {:>9} {:>26}  so it",
        "road", "declared", "bits decoded rightly", "differ", "bits an episode, at least"
    )));
    for one in measured {
        page.unwrapped(row(one, wide));
    }
    page.blank();
    page.line(format!(
        "{trials} random bits a road, half of them 1; limits at 95 %, Clopper-Pearson; bits by Fano's inequality: 1 - h(error rate)"
    ));
    page.line("differ: trials in which the receiver saw something else than after a 0, with the same seed");
    page.unwrapped("shows not: what another sender could do, nor anything about time on the wall");
    if violated > 0 {
        let breach = bad("a road that is not declared and carries bits is a breach");
        page.unwrapped(text!(breach, ": please report it as `dayfly docs security` says"));
    }
    page.finish()
}

fn row(one: &Measured, wide: usize) -> Styled {
    let declared = declared(one.road);
    let says = match (one.verdict, one.road) {
        (Verdict::Holds, Road::Undeclared) => good("is closed"),
        (Verdict::Holds, Road::Control) => good("is seen"),
        (Verdict::Holds, _) if one.sent.is_some_and(|sent| sent.differ == 0) => {
            text!("is open by the policy; this sender gets nothing through")
        }
        (Verdict::Holds, _) => good("carries what is declared"),
        (Verdict::Violated, Road::Control) => bad("is not seen: the audit is blind"),
        (Verdict::Violated, _) => bad("leaks"),
        (Verdict::Inconclusive, _) => bad("is not shown to be closed"),
    };
    let (accuracy, differ, bits) = one.sent.map_or_else(
        || ("no trial".to_owned(), String::new(), String::new()),
        |sent| {
            let accuracy =
                format!("{:.3} [{:.3}, {:.3}]", sent.accuracy.estimate, sent.accuracy.low, sent.accuracy.high);
            let bits = format!("{:.3} [{:.3}, {:.3}]", sent.bits.estimate, sent.bits.low, sent.bits.high);
            (accuracy, sent.differ.to_string(), bits)
        },
    );
    text!(format!("{:<wide$} {declared:<22} {accuracy:>24} {differ:>9} {bits:>26}  ", one.channel), says)
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
