//! Audits in words: what was tried, what was seen, and what that shows.

use super::page::{Page, Piece, Styled, bad, bold, dim, good, text};
use crate::audit::{Guests, Measured, Pairs, QuickResult, Received, Road, RoadVerdict, ViewDifference, ViewPart};
use crate::policy::Policy;
use crate::property::{ViewComparison, ViewPair};
use crate::statistics::{Level, size};
use crate::value::{Digest, many, plural};

/// Number of columns of a page, where words allow it.
const WIDE: usize = 80;

/// Maximum number of parts of a difference that are shown.
const PARTS: usize = 5;

/// Subject of an audit.
#[derive(Clone, Copy, Debug)]
pub struct Audited<'a> {
    /// Policy, with the fuel that episodes had.
    pub policy: &'a Policy,
    /// Environment, as it was named.
    pub environment: &'a str,
    /// `true` if the policy declares a road from one episode to the next.
    pub declares: bool,
}

impl Audited<'_> {
    /// Begins a page with what was found, its subject, the policy and the environment.
    fn begun(&self, mut page: Page, found: Styled, of: &str) -> Page {
        let Self { policy, environment, .. } = self;
        page.line(text!(found, ": ", of, ", under ", bold(&policy.name), " in ", environment));
        page
    }
}

/// Returns the report on the pairs of an audit of noninterference.
pub fn pairs(audited: Audited<'_>, pairs: &Pairs) -> String {
    let found = match (pairs.compared, pairs.differ) {
        (0, _) => bad("no pair was compared"),
        (1, 0) => good("1 pair, alike"),
        (all, 0) => good(format!("{}, all alike", many(all, "pair"))),
        (1, _) => bad("1 pair, which differs"),
        (all, some) => bad(format!("{some} of {} differ", many(all, "pair"))),
    };
    let mut page = audited.begun(Page::new(WIDE), found, "what a probe sees after one agent, and after another");
    if pairs.cancelled {
        let done = pairs.compared.saturating_add(pairs.uncompared);
        let asked = many(pairs.asked, "pair");
        page.line(text!(bad("cancelled"), format!(" after {done} of {asked}: what follows is of these alone")));
    }
    page.blank();
    let bytes = many(pairs.bytes, "byte");
    page.row("compared", format!("{bytes}: the whole transcript of each probe, its log in it"));
    listed(&mut page, "seen", &sights(&pairs.sights));
    let wide = widest(pairs.guests.keys().map(String::as_str));
    for (position, (name, guests)) in pairs.guests.iter().enumerate() {
        let label = if position == 0 { "before it" } else { "" };
        let Guests { episodes, called, calls, .. } = guests;
        let (episodes, calls) = (many(*episodes, "episode"), many(*calls, "call"));
        page.row(label, text!(format!("{name:<wide$}  "), dim(format!("{episodes}, {called} with calls, {calls}"))));
        let ends: Vec<String> = guests.ends.iter().map(|(end, count)| format!("{end} {count}")).collect();
        page.row("", text!(format!("{:<wide$}  ", ""), dim(format!("ended: {}", ends.join(", ")))));
    }
    if audited.declares {
        let declares = "the policy declares a road to later episodes: the probe lived in another lineage";
        page.row("but", declares);
    }
    if pairs.uncompared > 0 {
        let uncompared = many(pairs.uncompared, "pair");
        page.row("left out", format!("{uncompared} in which the wall clock ended an episode of the probe"));
    }
    page.blank();
    if let Some(first) = &pairs.first {
        difference(&mut page, first);
    }
    if let Some(share) = &pairs.share {
        let percent = |share: f64| format!("{:.3} %", 100.0 * share);
        let (low, high, method, n) = (percent(share.low), percent(share.high), share.method, pairs.compared);
        page.row("shows", format!("{low} to {high} of pairs drawn as these were differ (95 %, {method}, n = {n})"));
    }
    page.row("shows not", "anything about agents that are not drawn like these, nor about time on the wall");
    if let Some(root) = &pairs.root {
        page.row("root", dim(root));
    }
    page.finish()
}

fn difference(page: &mut Page, first: &ViewDifference) {
    let ViewDifference { pair, seed, one, other, probe, parts } = first;
    page.row("first", format!("pair {pair} (seed {seed}): `{probe}` after {one}, and after {other}"));
    page.row("again", format!("`--pair {pair}`, in place of `--pairs`, compares it alone"));
    differing(page, parts);
}

fn differing(page: &mut Page, parts: &[ViewPart]) {
    if let Some(part) = parts.first() {
        page.row("", format!("the views part at byte {}", part.byte));
    }
    for part in parts.iter().take(PARTS) {
        page.row("", text!("  ", bold(&part.field)));
        page.row("", format!("    {}", short(&part.one)));
        page.row("", format!("    {}", short(&part.other)));
    }
    let more = parts.len().saturating_sub(PARTS);
    if more > 0 {
        page.row("", format!("  and {more} more {}", plural(more, "field")));
    }
}

/// Returns the report on one trial on every road: what the receiver saw after a 1, beside what it
/// saw after a 0 with the same seed.
pub fn sent(audited: Audited<'_>, trial: u64, pairs: &[ViewPair], root: Digest) -> String {
    let wide = widest(pairs.iter().map(|pair| pair.channel));
    let mut page = Page::labelled(WIDE, wide);
    let Audited { policy, environment, .. } = audited;
    let roads = if pairs.len() == 1 { "1 road".to_owned() } else { format!("each of {} roads", pairs.len()) };
    page.line(text!(
        format!("trial {trial}: a 1 and a 0 on {roads}, with the same seed, under "),
        bold(&policy.name),
        " in ",
        environment,
    ));
    page.blank();
    for pair in pairs {
        let is_as_declared = pair.is_as_declared();
        let saw = match pair.compared() {
            ViewComparison::Alike => "nothing arrives",
            ViewComparison::Differ => "it arrives",
            ViewComparison::Hurried => "the wall clock ended an episode",
        };
        tried(&mut page, wide, pair.channel, &declared(pair.road), judged(is_as_declared, saw));
        if !is_as_declared {
            differing(&mut page, &pair.parts);
        }
    }
    page.blank();
    page.line(text!("root: ", dim(root)));
    page.finish()
}

/// Styles a piece as good news or as bad news.
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

/// Number of characters of the longest of these names.
fn widest<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    names.map(|name| name.chars().count()).max().unwrap_or(0)
}

/// Adds a road, its declaration and its result. The page has labels as wide as the longest name of
/// a road.
fn tried(page: &mut Page, wide: usize, road: &str, declared: &str, came_to: Styled) {
    page.row(format!("{road:<wide$}"), text!(format!("{declared:<16} "), came_to));
}

/// Returns the names of what was seen. For WASI it gives the number of functions of each package.
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

/// Adds a list, in rows under one label.
fn listed(page: &mut Page, label: &str, words: &[String]) {
    let mut line = String::new();
    let mut label = label;
    for word in words {
        if line.len().saturating_add(word.len()) > 64 {
            page.row(label, line.trim_end());
            (label, line) = ("", String::new());
        }
        line.push_str(word);
        line.push_str(", ");
    }
    page.row(label, line.trim_end_matches(", "));
}

/// Returns the report on a few trials on every road: the number of trials in which something
/// arrived.
pub fn quick(audited: Audited<'_>, roads: &[QuickResult]) -> String {
    let as_declared = roads.iter().filter(|one| one.holds()).count();
    let found = match (roads.len(), as_declared) {
        (0, _) => bad("no road was tried"),
        (all, held) if all == held => good(format!("{}, none carries more than is declared", many(all, "road"))),
        (all, held) => text!(bad(format!("{} of {all} roads", all.saturating_sub(held))), " not as declared"),
    };
    let wide = widest(roads.iter().map(|one| one.channel));
    let mut page = audited.begun(Page::labelled(WIDE, wide), found, FROM);
    page.blank();
    for one in roads {
        let QuickResult { channel, road, compared, arrived, .. } = *one;
        let arrives = judged(one.holds(), format!("{arrived} of {compared} arrive"));
        tried(&mut page, wide, channel, &declared(road), arrives);
    }
    let least = roads.iter().filter(|one| one.road == Road::Undeclared).map(|one| one.compared).min().unwrap_or(0);
    if least > 0
        && let Ok(level) = Level::new(0.95)
    {
        let share = 100.0 * size::excluded(least, level);
        page.blank();
        page.line(format!("where none of {least} arrives, fewer than {share:.1} % of such bits do (95 %)"));
    }
    page.line("shows not: how many bits arrive; without `--quick` that is measured");
    page.finish()
}

/// Subject of an audit of roads.
const FROM: &str = "from an episode to the next";

/// Returns the report on the channels of an audit, as a table.
pub fn channels(audited: Audited<'_>, trials: u32, all: usize, measured: &[Measured]) -> String {
    let count = |verdict| measured.iter().filter(|one| one.verdict == verdict).count();
    let (held, violated) = (count(RoadVerdict::Holds), count(RoadVerdict::Violated));
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
    let wide = widest(measured.iter().map(|one| one.channel).chain(["road"]));
    let mut page = audited.begun(Page::labelled(WIDE, wide), found, FROM);
    if measured.len() < all {
        let after = format!(" after {} of {}", measured.len(), many(all, "road"));
        page.line(text!(bad("cancelled"), after, ": the one that was being tried is left out"));
    }
    page.blank();
    page.line(bold(format!("{:<wide$}  {:<16} so it", "road", "declared")));
    for one in measured {
        tried(&mut page, wide, one.channel, &declared(one.road), says(one));
        page.line(dim(numbers(one)));
    }
    page.blank();
    page.line(format!("{trials} random bits a road, half of them 1; limits at 95 %, Clopper-Pearson"));
    page.line("rightly: the share of them that the receiver decoded rightly");
    page.line("differ: trials in which it saw something else than after a 0 with the same seed");
    page.line("bits: at least so many an episode, by Fano's inequality: 1 - h(error rate)");
    page.line("shows not: what another sender could do, nor anything about time on the wall");
    if violated > 0 {
        let breach = bad("a road that is not declared and carries bits is a breach");
        page.line(text!(breach, ": please report it as `dayfly docs security` says"));
    }
    page.finish()
}

/// Describes the verdict on a road.
fn says(one: &Measured) -> Styled {
    match (one.verdict, one.road) {
        (RoadVerdict::Holds, Road::Undeclared) => good("is closed"),
        (RoadVerdict::Holds, Road::Control) => good("is seen"),
        (RoadVerdict::Holds, _) if one.sent.is_some_and(|sent| sent.differ == 0) => {
            text!("is open by the policy; this sender gets nothing through")
        }
        (RoadVerdict::Holds, _) => good("carries what is declared"),
        (RoadVerdict::Violated, Road::Control) => bad("is not seen: the audit is blind"),
        (RoadVerdict::Violated, _) => bad("leaks"),
        (RoadVerdict::Inconclusive, _) => bad("is not shown to be closed"),
    }
}

/// Formats the numbers behind the verdict on a road.
fn numbers(one: &Measured) -> String {
    let Some(sent) = one.sent else { return "    no trial".to_owned() };
    let within = |estimate, low, high| format!("{estimate:.3} [{low:.3}, {high:.3}]");
    let Received { accuracy, differ, bits } = sent;
    let rightly = within(accuracy.estimate, accuracy.low, accuracy.high);
    let bits = within(bits.estimate, bits.low, bits.high);
    format!("    rightly {rightly}  differ {differ:<6}  bits {bits}")
}

/// Describes the declaration of a road.
fn declared(road: Road) -> String {
    match road {
        Road::Undeclared => "nothing".to_owned(),
        Road::CarryOver(bits) => many(bits, "bit"),
        Road::World => "the world".to_owned(),
        Road::Control => "control: opened".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Bits, ChannelKind};
    use crate::statistics::{Interval, Method, Sides};

    #[test]
    fn every_road_fits_in_eighty_columns_with_its_numbers_below_it() {
        let level = Level::new(0.95).unwrap();
        let (sides, method) = (Sides::Both, Method::ClopperPearson);
        let accuracy = Interval { estimate: 0.5, low: 0.455, high: 0.545, level, sides, method };
        let sent = Received { accuracy, differ: 500_000, bits: Bits { estimate: 0.0, low: 0.0, high: 0.006 } };
        let roads = [Road::Undeclared, Road::CarryOver(4_294_967_295), Road::World, Road::Control];
        let verdicts = [RoadVerdict::Holds, RoadVerdict::Violated, RoadVerdict::Inconclusive];
        let measured = roads.into_iter().flat_map(|road| {
            let sent = [Some(sent), Some(Received { differ: 0, ..sent }), None];
            verdicts.into_iter().flat_map(move |verdict| sent.map(|sent| (road, verdict, sent)))
        });
        let measured: Vec<Measured> = measured
            .map(|(road, verdict, sent)| Measured {
                channel: "wasi-randomness",
                kind: ChannelKind::Storage,
                meaning: "",
                road,
                uncompared: 0,
                sent,
                verdict,
            })
            .collect();
        let policy = Policy::shipped("strict").unwrap();
        let audited = Audited { policy: &policy, environment: "off-switch", declares: true };
        let text = channels(audited, 1_000_000, measured.len(), &measured);
        let text = anstream::adapter::strip_str(&text).to_string();
        assert!(text.lines().all(|line| line.chars().count() <= WIDE), "{text}");
        let closed = "wasi-randomness  nothing          is closed\n    \
                      rightly 0.500 [0.455, 0.545]  differ 500000  bits 0.000 [0.000, 0.006]\n";
        assert!(text.contains(closed), "{text}");
    }
}
