//! A suite in words: a line for each case, the evidence of each failure, and what it all comes to.

use std::fmt::{self, Write as _};

use anstyle::{AnsiColor, Style};

use super::super::page::{pieces, plain};
use super::{CAVEAT, Told, count};
use crate::property::{Broken, Finding, Kind, Measure, Property};
use crate::statistics::{Interval, Sides};
use crate::suite::{Case, Outcome};
use crate::value::many;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// The policy where none is named.
const USUAL: &str = "strict";

/// What stands below the line of a case.
const INDENT: &str = "                ";

/// One case, when it is over: of one that holds, what holds, how often it was tried and within what interval.
pub fn line(case: &Case, outcome: &Outcome, columns: usize) -> String {
    let verdict = &outcome.verdict;
    let style = style(verdict.finding);
    let start = format!("{style}{:>14}{style:#} [{:>7.3}s]", word(verdict.finding), outcome.took.as_secs_f64());
    let line = heading(&start, case, columns);
    if verdict.finding != Finding::Holds {
        // The evidence is told at the end.
        return line;
    }
    let below = |text: &str| wrapped(&plain(text), INDENT, columns);
    let numbers = verdict.measures.iter().map(|measure| format!("\n{DIM}{}{DIM:#}", below(&number(measure))));
    let traps = trapped(outcome, columns).into_iter().flat_map(|line| ["\n".to_owned(), line]).collect::<String>();
    format!("{line}\n{}{}{traps}", below(&verdict.statement), numbers.collect::<String>())
}

/// A case in a few words behind what came of it: on one line, or where that has too few columns with the agent and the place below.
fn heading(start: &str, case: &Case, columns: usize) -> String {
    let line = format!("{start} {}", name(case));
    if anstream::adapter::strip_str(&line).to_string().chars().count() <= columns {
        return line;
    }
    let below = wrapped(&plain(&format!("{} in {}", case.agent.text, place(case))), INDENT, columns);
    format!("{start} {BOLD}{} {}{BOLD:#}\n{DIM}{below}{DIM:#}", case.property.code, case.property.name)
}

/// A case in a few words: the code, the property, the agent, and where it is asked.
pub fn name(case: &Case) -> String {
    let place = place(case);
    format!("{BOLD}{} {}{BOLD:#}  {}  {DIM}{place}{DIM:#}", case.property.code, case.property.name, case.agent.text)
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
///
/// # Errors
///
/// Fails where `Display` fails, which writing to a `String` does not.
pub fn summary(told: &Told<'_>, shown: Shown, columns: usize) -> Result<String, fmt::Error> {
    let Told { cases, outcomes, took, .. } = *told;
    let mut text = String::new();
    let out = &mut text;
    for finding in [Finding::NotApplicable, Finding::Inconclusive, Finding::Violated] {
        let found = cases.iter().zip(outcomes).filter(|(_, outcome)| outcome.verdict.finding == finding);
        for (case, outcome) in found.filter(|(case, outcome)| shown == Shown::All || outcome.fails(case)) {
            evidence(out, case, outcome, columns)?;
        }
    }
    writeln!(out, "\n{:>14}  {} in {:.3} s", "asked", many(outcomes.len(), "case"), took.as_secs_f64())?;
    for kind in [Kind::Enforced, Kind::Measured] {
        let parts = Finding::ALL.map(|finding| (finding, count(cases, outcomes, kind, finding)));
        let told: Vec<String> = parts
            .into_iter()
            .filter(|(_, number)| *number > 0)
            .map(|(finding, number)| {
                let style = style(finding);
                format!("{number} {style}{finding}{style:#}")
            })
            .collect();
        if !told.is_empty() {
            writeln!(out, "{:>14}  {}", kind.name(), told.join(", "))?;
        }
    }
    not_run(out, told, columns)?;
    let is_missed =
        |(case, outcome): &(&Case, &Outcome)| case.required && outcome.verdict.finding == Finding::NotApplicable;
    let missed = cases.iter().zip(outcomes).filter(is_missed).count();
    if missed > 0 {
        let what = "did not apply where the suite says `required = true`, which fails";
        let line = wrapped(&format!("{} {what}", many(missed, "case")), INDENT, columns);
        writeln!(out, "{:>14}  {}", "required", line.trim_start())?;
    }
    if told.is_idle_part() {
        writeln!(
            out,
            "{:>14}  {}: nothing in it applies, which is no pass: the other parts decide",
            "part", told.partition
        )?;
    }
    let chance = wrapped(&told.chance(), INDENT, columns);
    writeln!(out, "{:>14}  {}", "seed", chance.trim_start())?;
    writeln!(out, "{:>14}  {}", "ask it again", told.again)?;
    let is_measured = |(case, outcome): (&Case, &Outcome)| {
        case.property.kind == Kind::Measured && outcome.verdict.finding != Finding::NotApplicable
    };
    if shown == Shown::All && cases.iter().zip(outcomes).any(is_measured) {
        writeln!(out, "\n{DIM}{}{DIM:#}", wrapped(CAVEAT, "", columns))?;
    }
    Ok(text)
}

/// The most cases that are named of those that were not run.
const NAMED: usize = 20;

/// How many cases were not run, why, and which.
fn not_run(out: &mut String, told: &Told<'_>, columns: usize) -> fmt::Result {
    let left = told.not_run();
    if left.is_empty() {
        return Ok(());
    }
    let said = wrapped(&told.left(), INDENT, columns);
    writeln!(out, "{:>14}  {}", "not run", said.trim_start())?;
    for case in left.iter().take(NAMED) {
        writeln!(out, "{INDENT}{}", name(case))?;
    }
    let more = left.len().saturating_sub(NAMED);
    if more > 0 { writeln!(out, "{INDENT}and {more} more") } else { Ok(()) }
}

/// What was found, in full.
fn evidence(out: &mut String, case: &Case, outcome: &Outcome, columns: usize) -> fmt::Result {
    let verdict = &outcome.verdict;
    let style = style(verdict.finding);
    let start = format!("{style}{:>14}{style:#}", word(verdict.finding));
    writeln!(out, "\n{}", heading(&start, case, columns))?;
    let below = |text: &str| wrapped(&plain(text), INDENT, columns);
    writeln!(out, "{}", below(&verdict.statement))?;
    if verdict.finding == Finding::NotApplicable {
        for line in trapped(outcome, columns) {
            writeln!(out, "{line}")?;
        }
        return Ok(());
    }
    for measure in &verdict.measures {
        writeln!(out, "{DIM}{}{DIM:#}", below(&number(measure)))?;
    }
    if let Some(witness) = &verdict.witness {
        let seen = below(&format!("episode {}: {}", witness.episode, witness.what));
        writeln!(out, "{:>14}  {}", "seen", seen.trim_start())?;
    }
    if let Some(line) = &outcome.line {
        writeln!(out, "{:>14}  {}", "run it again", line.command)?;
        writeln!(out, "{:>14}  {DIM}{}{DIM:#}", "its root", line.root)?;
    }
    for line in trapped(outcome, columns) {
        writeln!(out, "{line}")?;
    }
    writeln!(out, "{:>14}  {DIM}dayfly explain {}{DIM:#}", "about", case.property.code)
}

/// The last that an agent that trapped wrote to its log, and the line that shows the trap.
fn trapped(outcome: &Outcome, columns: usize) -> Vec<String> {
    let Some(traps) = &outcome.traps else { return Vec::new() };
    let log = traps.log.iter().enumerate().map(|(position, text)| {
        let text = wrapped(&plain(text), INDENT, columns);
        format!("{:>14}  {}", if position == 0 { "its log" } else { "" }, text.trim_start())
    });
    log.chain([format!("{:>14}  {}", "see the trap", traps.line.command)]).collect()
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
pub fn explanation(property: &Property) -> String {
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
    let parts = parts.map(|(title, text)| format!("{title}\n{}", wrapped(text, "  ", 80)));
    format!("{} {}: {}\n\n{}", property.code, property.name, property.kind.name(), parts.join("\n\n"))
}

/// Text in lines of at most so many columns, each behind `indent`.
fn wrapped(text: &str, indent: &str, columns: usize) -> String {
    let mut lines = Vec::new();
    let mut line = String::new();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for word in pieces(&text) {
        if !line.is_empty() && indent.len() + line.chars().count() + 1 + word.chars().count() > columns {
            lines.push(format!("{indent}{line}"));
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(format!("{indent}{line}"));
    lines.join("\n")
}
