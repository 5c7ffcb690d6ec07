//! Suite in words: a line for each case, the evidence of each failure, and the totals.

use anstyle::{AnsiColor, Style};

use super::super::page::{Page, Styled, bold, dim, painted, text};
use super::CAVEAT;
use crate::property::{Broken, Judgement, Measure, Property, PropertyKind};
use crate::statistics::{Interval, Sides};
use crate::suite::{Case, CaseOutcome, Results};
use crate::value::many;

/// Policy of a case if none is named.
const USUAL: &str = "strict";

/// Width of the labels: the longest word of a finding.
const LABEL: usize = 14;

/// Returns the lines on a case that is over. For a case that holds they give its statement and its
/// numbers.
pub fn line(case: &Case, outcome: &CaseOutcome, columns: usize) -> String {
    let mut page = Page::labelled(columns, LABEL);
    let seconds = format!(" [{:>7.3}s]", outcome.took.as_secs_f64());
    headed(&mut page, text!(worded(outcome.verdict.finding), seconds), case);
    // The evidence of any other finding comes at the end.
    if outcome.verdict.finding == Judgement::Holds {
        found(&mut page, outcome);
        trapped(&mut page, outcome);
    }
    page.finish()
}

/// Returns a finding as a label.
fn worded(finding: Judgement) -> Styled {
    painted(style(finding), format!("{:>LABEL$}", word(finding)))
}

/// Adds a case in a few words after its finding, on one line. If there are too few columns, the
/// agent and the place follow below.
fn headed(page: &mut Page, start: Styled, case: &Case) {
    let line = text!(start.clone(), " ", titled(case));
    if page.fits(&line) {
        return page.unwrapped(line);
    }
    let Case { property, agent, .. } = case;
    page.unwrapped(text!(start, " ", bold(format!("{} {}", property.code, property.name))));
    page.row("", dim(text!(&agent.text, " in ", place(case))));
}

/// Adds the statement of a verdict, and its numbers.
fn found(page: &mut Page, outcome: &CaseOutcome) {
    page.row("", &outcome.verdict.statement);
    if outcome.verdict.finding != Judgement::NotApplicable {
        for measure in &outcome.verdict.measures {
            page.row("", dim(number(measure)));
        }
    }
}

/// Returns a case in a few words: the code, the property, the agent, and the place.
pub fn name(case: &Case) -> String {
    titled(case).into()
}

fn titled(case: &Case) -> Styled {
    let Case { property, agent, .. } = case;
    text!(bold(format!("{} {}", property.code, property.name)), "  ", &agent.text, "  ", dim(place(case)))
}

/// Returns the world of a case, and its policy unless that is the usual one.
pub(super) fn place(case: &Case) -> String {
    let world = case.world.path().unwrap_or_else(|| case.world.name());
    if case.rules.text == USUAL { world.to_owned() } else { format!("{world} under {}", case.rules.text) }
}

/// Amount of evidence at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Evidence of all cases that do not hold, and the caveat.
    All,
    /// Evidence of the cases that fail.
    Failures,
}

/// Returns the end of the report: the evidence, then the numbers.
pub fn summary(results: &Results<'_>, shown: Shown, columns: usize) -> String {
    let Results { suite, finished, took, .. } = results;
    let mut page = Page::labelled(columns, LABEL);
    for finding in [Judgement::NotApplicable, Judgement::Inconclusive, Judgement::Violated] {
        let is_shown = |(case, outcome): &&(&Case, CaseOutcome)| shown == Shown::All || outcome.fails(case);
        for (case, outcome) in results.found(finding).filter(is_shown) {
            evidence(&mut page, case, outcome);
        }
    }
    page.blank();
    page.unwrapped_row("asked", format!("{} in {:.3} s", many(finished.len(), "case"), took.as_secs_f64()));
    for kind in [PropertyKind::Enforced, PropertyKind::Measured] {
        let mut counts = Styled::default();
        for finding in Judgement::ALL {
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
    let missed = results.found(Judgement::NotApplicable).filter(|(case, _)| case.required).count();
    if missed > 0 {
        let what = "did not apply where the suite says `required = true`, which fails";
        page.row("required", format!("{} {what}", many(missed, "case")));
    }
    if results.is_idle_part() && missed == 0 {
        let what = "nothing in it applies, which is no pass: the other parts decide";
        page.unwrapped_row("part", format!("{}: {what}", suite.partition));
    }
    page.row("seed", suite.chance());
    page.unwrapped_row("ask it again", &suite.again);
    let is_measured = |(case, outcome): &(&Case, CaseOutcome)| {
        case.property.kind == PropertyKind::Measured && outcome.verdict.finding != Judgement::NotApplicable
    };
    if shown == Shown::All && finished.iter().any(is_measured) {
        page.blank();
        page.line(dim(CAVEAT));
    }
    page.finish()
}

/// Maximum number of cases that are named of those that were not run.
const NAMED: usize = 20;

/// Adds the number of cases that were not run, the reason, and their names.
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

/// Adds the evidence of a case, in full.
fn evidence(page: &mut Page, case: &Case, outcome: &CaseOutcome) {
    page.blank();
    headed(page, worded(outcome.verdict.finding), case);
    found(page, outcome);
    if outcome.verdict.finding == Judgement::NotApplicable {
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

/// Adds the last lines in the log of an agent that trapped, and the line that shows the trap.
fn trapped(page: &mut Page, outcome: &CaseOutcome) {
    let Some(traps) = &outcome.traps else { return };
    for (position, line) in traps.log.iter().enumerate() {
        page.row(if position == 0 { "its log" } else { "" }, line);
    }
    page.unwrapped_row("see the trap", &traps.line.command);
}

/// Returns a number with its interval, in words.
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

/// Formats a number with four digits after the point, without zeros at the end.
fn rounded(number: f64) -> String {
    let text = format!("{number:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

const fn word(finding: Judgement) -> &'static str {
    match finding {
        Judgement::Holds => "HOLDS",
        Judgement::Violated => "VIOLATED",
        Judgement::Inconclusive => "INCONCLUSIVE",
        Judgement::NotApplicable => "NOT APPLICABLE",
    }
}

const fn style(finding: Judgement) -> Style {
    match finding {
        Judgement::Holds => AnsiColor::Green.on_default().bold(),
        Judgement::Violated => AnsiColor::Red.on_default().bold(),
        Judgement::Inconclusive => AnsiColor::Yellow.on_default().bold(),
        Judgement::NotApplicable => AnsiColor::Cyan.on_default(),
    }
}

/// Returns a property in full: its claim, the reason for it, its test, and what it does not show.
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
