//! A suite in words: a line for each case, the evidence of each failure, and what it all comes to.

use anstyle::{AnsiColor, Style};

use super::super::page::{Page, Styled, bold, dim, painted, text};
use super::CAVEAT;
use crate::property::{Broken, Finding, Kind, Measure, Property};
use crate::statistics::{Interval, Sides};
use crate::suite::{Case, Outcome, Results};
use crate::value::many;

/// The policy where none is named.
const USUAL: &str = "strict";

/// The width of the labels: the longest word of a finding.
const LABEL: usize = 14;

/// One case, when it is over: of one that holds, what holds, how often it was tried and within what interval.
pub fn line(case: &Case, outcome: &Outcome, columns: usize) -> String {
    let mut page = Page::labelled(columns, LABEL);
    let seconds = format!(" [{:>7.3}s]", outcome.took.as_secs_f64());
    headed(&mut page, text!(worded(outcome.verdict.finding), seconds), case);
    // The evidence of any other finding is told at the end.
    if outcome.verdict.finding == Finding::Holds {
        found(&mut page, outcome);
        trapped(&mut page, outcome);
    }
    page.finish()
}

/// A finding as a label.
fn worded(finding: Finding) -> Styled {
    painted(style(finding), format!("{:>LABEL$}", word(finding)))
}

/// A case in a few words behind what came of it: on one line, or where that has too few columns with the agent and the place below.
fn headed(page: &mut Page, start: Styled, case: &Case) {
    let line = text!(start.clone(), " ", titled(case));
    if page.fits(&line) {
        return page.unwrapped(line);
    }
    let Case { property, agent, .. } = case;
    page.unwrapped(text!(start, " ", bold(format!("{} {}", property.code, property.name))));
    page.row("", dim(text!(&agent.text, " in ", place(case))));
}

/// What was found, and by which numbers.
fn found(page: &mut Page, outcome: &Outcome) {
    page.row("", &outcome.verdict.statement);
    if outcome.verdict.finding != Finding::NotApplicable {
        for measure in &outcome.verdict.measures {
            page.row("", dim(number(measure)));
        }
    }
}

/// A case in a few words: the code, the property, the agent, and where it is asked.
pub fn name(case: &Case) -> String {
    titled(case).into()
}

fn titled(case: &Case) -> Styled {
    let Case { property, agent, .. } = case;
    text!(bold(format!("{} {}", property.code, property.name)), "  ", &agent.text, "  ", dim(place(case)))
}

/// The world of a case, and its policy where that is not the one without which none is named.
pub(super) fn place(case: &Case) -> String {
    let world = case.world.path().unwrap_or_else(|| case.world.name());
    if case.rules.text == USUAL { world.to_owned() } else { format!("{world} under {}", case.rules.text) }
}

/// How much is said at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The evidence of all that does not hold, and what no verdict shows.
    All,
    /// The evidence of what fails.
    Failures,
}

/// What is to be said at the end: the evidence, then the numbers.
pub fn summary(results: &Results<'_>, shown: Shown, columns: usize) -> String {
    let Results { suite, finished, took, .. } = results;
    let mut page = Page::labelled(columns, LABEL);
    for finding in [Finding::NotApplicable, Finding::Inconclusive, Finding::Violated] {
        let is_shown = |(case, outcome): &&(&Case, Outcome)| shown == Shown::All || outcome.fails(case);
        for (case, outcome) in results.found(finding).filter(is_shown) {
            evidence(&mut page, case, outcome);
        }
    }
    page.blank();
    page.unwrapped_row("asked", format!("{} in {:.3} s", many(finished.len(), "case"), took.as_secs_f64()));
    for kind in [Kind::Enforced, Kind::Measured] {
        let mut counts = Styled::default();
        for finding in Finding::ALL {
            let number = results.count(kind, finding);
            if number > 0 {
                let comma = if counts == Styled::default() { "" } else { ", " };
                counts = text!(counts, comma, number, " ", painted(style(finding), finding));
            }
        }
        if counts != Styled::default() {
            page.unwrapped_row(kind.name(), counts);
        }
    }
    not_run(&mut page, results);
    let missed = results.found(Finding::NotApplicable).filter(|(case, _)| case.required).count();
    if missed > 0 {
        let what = "did not apply where the suite says `required = true`, which fails";
        page.row("required", format!("{} {what}", many(missed, "case")));
    }
    if results.is_idle_part() {
        let what = "nothing in it applies, which is no pass: the other parts decide";
        page.unwrapped_row("part", format!("{}: {what}", suite.partition));
    }
    page.row("seed", suite.chance());
    page.unwrapped_row("ask it again", &suite.again);
    let is_measured = |(case, outcome): &(&Case, Outcome)| {
        case.property.kind == Kind::Measured && outcome.verdict.finding != Finding::NotApplicable
    };
    if shown == Shown::All && finished.iter().any(is_measured) {
        page.blank();
        page.line(dim(CAVEAT));
    }
    page.finish()
}

/// The most cases that are named of those that were not run.
const NAMED: usize = 20;

/// How many cases were not run, why, and which.
fn not_run(page: &mut Page, results: &Results<'_>) {
    let left = results.not_run();
    if left.is_empty() {
        return;
    }
    page.row("not run", results.left());
    for case in left.iter().take(NAMED) {
        page.unwrapped_row("", titled(case));
    }
    let more = left.len().saturating_sub(NAMED);
    if more > 0 {
        page.unwrapped_row("", format!("and {more} more"));
    }
}

/// What was found, in full.
fn evidence(page: &mut Page, case: &Case, outcome: &Outcome) {
    page.blank();
    headed(page, worded(outcome.verdict.finding), case);
    found(page, outcome);
    if outcome.verdict.finding == Finding::NotApplicable {
        return trapped(page, outcome);
    }
    if let Some(witness) = &outcome.verdict.witness {
        page.row("seen", format!("episode {}: {}", witness.episode, witness.what));
    }
    if let Some(line) = &outcome.line {
        page.unwrapped_row("run it again", &line.command);
        page.unwrapped_row("its root", dim(line.root));
    }
    trapped(page, outcome);
    page.unwrapped_row("about", dim(format!("dayfly explain {}", case.property.code)));
}

/// The last that an agent that trapped wrote to its log, and the line that shows the trap.
fn trapped(page: &mut Page, outcome: &Outcome) {
    let Some(traps) = &outcome.traps else { return };
    for (position, line) in traps.log.iter().enumerate() {
        page.row(if position == 0 { "its log" } else { "" }, line);
    }
    page.unwrapped_row("see the trap", &traps.line.command);
}

/// A number with its interval, in words.
pub fn number(measure: &Measure) -> String {
    let Measure { what, n, estimate, interval } = measure;
    let between = interval.as_ref().map(between).unwrap_or_default();
    format!("{what}: {}{between} (n = {n})", rounded(*estimate))
}

fn between(interval: &Interval) -> String {
    let (low, high) = (rounded(interval.low), rounded(interval.high));
    let level = crate::property::percent(interval.level.get());
    match interval.sides {
        Sides::Both => format!(", between {low} and {high} ({level}, {})", interval.method),
        Sides::Lower => format!(", at least {low} ({level}, {})", interval.method),
        Sides::Upper => format!(", at most {high} ({level}, {})", interval.method),
    }
}

/// Four digits after the point, and none that say nothing.
fn rounded(number: f64) -> String {
    let text = format!("{number:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

const fn word(finding: Finding) -> &'static str {
    match finding {
        Finding::Holds => "HOLDS",
        Finding::Violated => "VIOLATED",
        Finding::Inconclusive => "INCONCLUSIVE",
        Finding::NotApplicable => "NOT APPLICABLE",
    }
}

const fn style(finding: Finding) -> Style {
    match finding {
        Finding::Holds => AnsiColor::Green.on_default().bold(),
        Finding::Violated => AnsiColor::Red.on_default().bold(),
        Finding::Inconclusive => AnsiColor::Yellow.on_default().bold(),
        Finding::NotApplicable => AnsiColor::Cyan.on_default(),
    }
}

/// A property in full: what it claims, why, how it is tested, and what it does not show.
pub fn explanation(property: &Property, columns: usize) -> String {
    let violated = match property.controls.violated {
        Broken::Agent(agent) => format!("{agent} must fail"),
        Broken::Record(_) => "what a broken host would have recorded must fail".to_owned(),
    };
    let limit = if property.limit > 0.0 {
        format!("{} of {}", property.limit, property.limit_of)
    } else {
        format!("no {}", property.limit_of)
    };
    let parts = [
        ("claim", property.claim),
        ("why", property.why),
        ("how it is tested", property.how),
        ("what it does not show", property.limits),
        ("source", property.source),
        ("is about", property.about.meaning()),
        ("needs", property.needs.meaning()),
        ("an agent that learns", &property.learners.meaning()),
        ("most that counts as nothing", &limit),
        ("asked in, where no other world is given", property.world),
        ("controls", &format!("{} must pass, {violated}", property.controls.holds)),
    ];
    let mut page = Page::labelled(columns, 0);
    page.line(format!("{} {}: {}", property.code, property.name, property.kind.name()));
    for (title, text) in parts {
        page.blank();
        page.line(title);
        page.row("", text);
    }
    page.finish().trim_end().to_owned()
}
