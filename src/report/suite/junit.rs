//! Suite as `JUnit` XML: a suite for each agent, and in it a case for each property, world and
//! policy.
//!
//! A case that is violated or inconclusive is a failure, with its evidence. A case that does not
//! apply is skipped, with the reason, or a failure if it is required. A case that was not run is
//! skipped as well, and says so. The form is that of the schemas that Jenkins has for it
//! (`junit-10` of its xUnit plugin, and `jenkins-junit`), which other readers accept. By them the
//! root has no number of skipped cases, and the result of a case comes before its output.

use super::{CAVEAT, FIXED, text};
use crate::property::Judgement;
use crate::suite::{Case, CaseOutcome, Results, SeedOrigin, Stop, Suite};
use crate::value::is_hidden;

/// Case, and its outcome if it was run.
type CaseRow<'a> = (&'a Case, Option<&'a CaseOutcome>);

/// Returns the document.
pub fn document(results: &Results<'_>) -> String {
    let suite = results.suite;
    let all: Vec<CaseRow<'_>> = results.every().collect();
    let mut lines = vec![
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>".to_owned(),
        format!("<testsuites name=\"{}\" {}>", escaped(&suite.name), totals(&all)),
    ];
    let mut agents: Vec<&str> = Vec::new();
    for (case, _) in &all {
        if !agents.contains(&case.agent.text.as_str()) {
            agents.push(&case.agent.text);
        }
    }
    for agent in agents {
        let own: Vec<_> = all.iter().copied().filter(|(case, _)| case.agent.text == agent).collect();
        let (totals, skipped) = (totals(&own), skipped(&own));
        lines.push(format!("  <testsuite name=\"{}\" {totals} skipped=\"{skipped}\">", escaped(agent)));
        lines.extend(properties(suite));
        for (case, outcome) in own {
            lines.extend(outcome.map_or_else(|| left(case, results.stop), |outcome| one(case, outcome)));
        }
        lines.push("  </testsuite>".to_owned());
    }
    lines.push("</testsuites>\n".to_owned());
    lines.join("\n")
}

/// Returns the seed, the origin and the command line of the suite. A case may have a seed of its
/// own, and then says so itself.
fn properties(suite: &Suite) -> Vec<String> {
    let of =
        [("seed", suite.seed.to_string()), ("origin", suite.origin.name().to_owned()), ("again", suite.again.clone())];
    let one = |(name, value): &(_, String)| format!("      <property name=\"{name}\" value=\"{}\"/>", escaped(value));
    [vec!["    <properties>".to_owned()], of.iter().map(one).collect(), vec!["    </properties>".to_owned()]].concat()
}

fn totals(cases: &[CaseRow<'_>]) -> String {
    let failures = cases.iter().filter(|(case, outcome)| outcome.is_some_and(|outcome| outcome.fails(case))).count();
    // The sum of no numbers is -0.
    let seconds = cases.iter().filter_map(|(_, outcome)| *outcome).fold(0.0, |sum, one| sum + one.took.as_secs_f64());
    format!("tests=\"{}\" failures=\"{failures}\" errors=\"0\" time=\"{seconds:.3}\"", cases.len())
}

fn skipped(cases: &[CaseRow<'_>]) -> usize {
    let is_skipped = |(case, outcome): &&CaseRow<'_>| {
        outcome.is_none_or(|one| one.verdict.finding == Judgement::NotApplicable && !one.fails(case))
    };
    cases.iter().filter(is_skipped).count()
}

/// Returns a case that was not run.
fn left(case: &Case, stop: Stop) -> Vec<String> {
    let (agent, name) = (escaped(&case.agent.text), escaped(&name(case)));
    vec![
        format!("    <testcase classname=\"{agent}\" name=\"{name}\" time=\"0.000\">"),
        format!("      <skipped message=\"not run: {}\"/>", escaped(stop.words())),
        "    </testcase>".to_owned(),
    ]
}

fn one(case: &Case, outcome: &CaseOutcome) -> Vec<String> {
    let verdict = &outcome.verdict;
    let (agent, name, seconds) = (escaped(&case.agent.text), escaped(&name(case)), outcome.took.as_secs_f64());
    let mut lines = vec![format!("    <testcase classname=\"{agent}\" name=\"{name}\" time=\"{seconds:.3}\">")];
    let statement = escaped(&verdict.statement);
    match verdict.finding {
        Judgement::NotApplicable if !outcome.fails(case) => {
            lines.push(format!("      <skipped message=\"{statement}\"/>"));
        }
        Judgement::Holds => {}
        finding => {
            let evidence = escaped(&evidence(outcome));
            lines.push(format!("      <failure type=\"{finding}\" message=\"{statement}\">{evidence}</failure>"));
        }
    }
    let numbers: Vec<String> = verdict.measures.iter().map(text::number).collect();
    let fixed = if case.origin == SeedOrigin::Fixed { format!("the seed is fixed: {FIXED}\n") } else { String::new() };
    let traps = trapped(outcome).into_iter().flat_map(|line| [line, "\n".to_owned()]).collect::<String>();
    let said = format!("{}\n{}\n{traps}{fixed}{CAVEAT}", verdict.statement, numbers.join("\n"));
    lines.push(format!("      <system-out>{}</system-out>", escaped(&said)));
    lines.push("    </testcase>".to_owned());
    lines
}

/// Returns the name of a case: unique within a suite.
pub fn name(case: &Case) -> String {
    format!("{} {} in {} under {}", case.property.code, case.property.name, case.world.written(), case.rules.text)
}

fn evidence(outcome: &CaseOutcome) -> String {
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

/// Returns the last lines in the log of an agent that trapped, and the line that shows the trap.
fn trapped(outcome: &CaseOutcome) -> Vec<String> {
    let Some(traps) = &outcome.traps else { return Vec::new() };
    let log = traps.log.iter().map(|line| format!("its log: {line}"));
    log.chain([format!("see the trap: {}", traps.line.command)]).collect()
}

/// Returns text as XML. A character that XML cannot hold is replaced.
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
