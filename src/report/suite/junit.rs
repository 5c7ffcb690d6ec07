//! A suite as `JUnit` XML: a suite an agent, and in it a case for each property, world and policy.
//!
//! What is violated or inconclusive is a failure, with its evidence; what does not apply is skipped, with the reason, or a
//! failure where it is required. What was not run is skipped as well, and says so. The form is that of the schemas that Jenkins has for it (`junit-10` of its xUnit plugin, and
//! `jenkins-junit`), which other readers accept: at the root no number of skipped cases, and what a case came to before what it said.

use std::fmt::{self, Write as _};

use super::{CAVEAT, FIXED, Told, text};
use crate::property::Finding;
use crate::suite::{Case, Origin, Outcome};
use crate::value::is_hidden;

/// The document.
///
/// # Errors
///
/// Fails where `Display` fails, which writing to a `String` does not.
pub fn document(told: &Told<'_>) -> Result<String, fmt::Error> {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let all: Vec<(&Case, Option<&Outcome>)> = told.every().collect();
    writeln!(out, "<testsuites name=\"{}\" {}>", escaped(told.name), totals(&all))?;
    let mut agents: Vec<&str> = Vec::new();
    for (case, _) in &all {
        if !agents.contains(&case.agent.text.as_str()) {
            agents.push(&case.agent.text);
        }
    }
    for agent in agents {
        let own: Vec<_> = all.iter().copied().filter(|(case, _)| case.agent.text == agent).collect();
        let (totals, skipped) = (totals(&own), skipped(&own));
        writeln!(out, "  <testsuite name=\"{}\" {totals} skipped=\"{skipped}\">", escaped(agent))?;
        properties(&mut out, told)?;
        for (case, outcome) in own {
            match outcome {
                Some(outcome) => one(&mut out, case, outcome)?,
                None => left(&mut out, case, told)?,
            }
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")?;
    Ok(out)
}

/// What the whole followed from. A case says what it is under by itself, since it may have a seed of its own.
fn properties(out: &mut String, told: &Told<'_>) -> fmt::Result {
    writeln!(out, "    <properties>")?;
    for (name, value) in
        [("seed", told.seed.to_string().as_str()), ("origin", told.origin.name()), ("again", told.again)]
    {
        writeln!(out, "      <property name=\"{name}\" value=\"{}\"/>", escaped(value))?;
    }
    writeln!(out, "    </properties>")
}

fn totals(cases: &[(&Case, Option<&Outcome>)]) -> String {
    let failures = cases.iter().filter(|(case, outcome)| outcome.is_some_and(|outcome| outcome.fails(case))).count();
    // The sum of no numbers is -0.
    let seconds = cases.iter().filter_map(|(_, outcome)| *outcome).fold(0.0, |sum, one| sum + one.took.as_secs_f64());
    format!("tests=\"{}\" failures=\"{failures}\" errors=\"0\" time=\"{seconds:.3}\"", cases.len())
}

fn skipped(cases: &[(&Case, Option<&Outcome>)]) -> usize {
    let is_skipped = |(case, outcome): &&(&Case, Option<&Outcome>)| {
        outcome.is_none_or(|one| one.verdict.finding == Finding::NotApplicable && !one.fails(case))
    };
    cases.iter().filter(is_skipped).count()
}

/// A case that was not run.
fn left(out: &mut String, case: &Case, told: &Told<'_>) -> fmt::Result {
    let (agent, name) = (escaped(&case.agent.text), escaped(&name(case)));
    writeln!(out, "    <testcase classname=\"{agent}\" name=\"{name}\" time=\"0.000\">")?;
    writeln!(out, "      <skipped message=\"not run: {}\"/>", escaped(told.stop.words()))?;
    writeln!(out, "    </testcase>")
}

fn one(out: &mut String, case: &Case, outcome: &Outcome) -> fmt::Result {
    let verdict = &outcome.verdict;
    writeln!(
        out,
        "    <testcase classname=\"{}\" name=\"{}\" time=\"{:.3}\">",
        escaped(&case.agent.text),
        escaped(&name(case)),
        outcome.took.as_secs_f64()
    )?;
    let statement = escaped(&verdict.statement);
    match verdict.finding {
        Finding::NotApplicable if !outcome.fails(case) => writeln!(out, "      <skipped message=\"{statement}\"/>")?,
        Finding::Holds => {}
        finding => {
            writeln!(
                out,
                "      <failure type=\"{finding}\" message=\"{statement}\">{}</failure>",
                escaped(&evidence(outcome))
            )?;
        }
    }
    let numbers: Vec<String> = verdict.measures.iter().map(text::number).collect();
    let fixed = if case.origin == Origin::Fixed { format!("the seed is fixed: {FIXED}\n") } else { String::new() };
    let traps = trapped(outcome).into_iter().flat_map(|line| [line, "\n".to_owned()]).collect::<String>();
    let said = format!("{}\n{}\n{traps}{fixed}{CAVEAT}", verdict.statement, numbers.join("\n"));
    writeln!(out, "      <system-out>{}</system-out>", escaped(&said))?;
    writeln!(out, "    </testcase>")
}

/// The name of a case: unique within a suite.
pub fn name(case: &Case) -> String {
    format!("{} {} in {} under {}", case.property.code, case.property.name, case.world.written(), case.rules.text)
}

fn evidence(outcome: &Outcome) -> String {
    let mut lines: Vec<String> = outcome.verdict.measures.iter().map(text::number).collect();
    if let Some(witness) = &outcome.verdict.witness {
        lines.push(format!("seen in episode {}: {}", witness.episode, witness.what));
    }
    if let Some(line) = &outcome.line {
        lines.push(format!("run it again: {}", line.command));
        lines.push(format!("its root: {}", line.root));
    }
    lines.extend(trapped(outcome));
    lines.join("\n")
}

/// The last that an agent that trapped wrote to its log, and the line that shows the trap.
fn trapped(outcome: &Outcome) -> Vec<String> {
    let Some(traps) = &outcome.traps else { return Vec::new() };
    let log = traps.log.iter().map(|line| format!("its log: {line}"));
    log.chain([format!("see the trap: {}", traps.line.command)]).collect()
}

/// Text as XML: what XML cannot hold is replaced.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' | '\r' => escaped.push_str(match letter {
                '\t' => "&#9;",
                '\n' => "&#10;",
                _ => "&#13;",
            }),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            hidden if is_hidden(hidden) => {
                let number = u32::from(hidden).to_string();
                for part in ["&#", &number, ";"] {
                    escaped.push_str(part);
                }
            }
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn no_text_breaks_out_of_its_place() {
        assert_eq!(escaped("a<b>&\"c\"\n\u{1b}[31m"), "a&lt;b&gt;&amp;&quot;c&quot;&#10;\u{fffd}[31m");
        assert_eq!(escaped("\u{9b}\u{202e}\u{e0041}"), "&#155;&#8238;&#917569;");
    }
}
