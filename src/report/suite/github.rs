//! Suite for GitHub Actions: annotations within their caps, and a summary of the step.
//!
//! GitHub shows ten errors and ten warnings of a step and drops the rest. The last annotation
//! therefore counts the rest.

use super::{CAVEAT, text};
use crate::property::{Judgement, PropertyKind};
use crate::suite::{Case, CaseOutcome, Results};
use crate::value::{is_hidden, plain, plain_lines, plural};

/// Maximum number of annotations of each level that GitHub shows of one step.
const CAP: usize = 10;

/// Returns the lines that become annotations. A case that fails is an error; a case that is not
/// decided or does not apply is a warning.
pub fn annotations(results: &Results<'_>) -> Vec<String> {
    let is_refuted = |(case, outcome): &&(&Case, CaseOutcome)| outcome.is_refuted(case);
    let errors: Vec<_> = results.finished.iter().filter(is_refuted).collect();
    let others = results.found(Judgement::NotApplicable).filter(|one| !is_refuted(one));
    // If there is no room for all, cases that are not decided come first.
    let warnings: Vec<_> = results.found(Judgement::Inconclusive).chain(others).collect();
    let file = results.suite.file.as_deref();
    let left = (!results.not_run().is_empty()).then(|| {
        let message = format!("{}; see the summary of the step", results.left());
        annotation("error", None, "not run", &message)
    });
    // Cases that were not run take the room of one annotation.
    let room = CAP.saturating_sub(usize::from(left.is_some()));
    let errors = left.into_iter().chain(capped("error", file, &errors, room)).collect();
    [errors, capped("warning", file, &warnings, CAP)].concat()
}

/// Returns at most `room` annotations. If there are more cases, the last annotation says how many.
fn capped(level: &str, file: Option<&str>, cases: &[&(&Case, CaseOutcome)], room: usize) -> Vec<String> {
    let shown = if cases.len() > room { room.saturating_sub(1) } else { cases.len() };
    let one = |(case, outcome): &&(&Case, CaseOutcome)| {
        let again = outcome.line.as_ref().map(|line| format!("\nrun it again: {}", line.command)).unwrap_or_default();
        let trap = outcome.traps.as_ref().map(|traps| format!("\nsee the trap: {}", traps.line.command));
        let again = again + &trap.unwrap_or_default();
        let Case { property, agent, .. } = case;
        let title = format!("{} {} of {} in {}", property.code, property.name, agent.text, text::place(case));
        let message = format!("{}: {}{again}", outcome.verdict.finding, outcome.verdict.statement);
        annotation(level, file.zip(case.line), &title, &message)
    };
    let mut lines: Vec<String> = cases.iter().take(shown).map(one).collect();
    let rest = cases.len().saturating_sub(shown);
    if rest > 0 {
        let message = format!("{rest} more {}: see the summary of the step", plural(rest, "case"));
        lines.push(annotation(level, None, "and more", &message));
    }
    lines
}

/// Returns a line that GitHub makes an annotation of, at a line of a file if `place` names one.
pub fn annotation(level: &str, place: Option<(&str, usize)>, title: &str, message: &str) -> String {
    let data = |text: &str| plain_lines(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    let place = place.map(|(file, line)| format!("file={},line={line},", property(file))).unwrap_or_default();
    format!("::{level} {place}title={}::{}", property(title), data(message))
}

/// Returns what is added to the summary of the step, in Markdown.
pub fn summary(results: &Results<'_>) -> String {
    let Results { suite, finished, .. } = results;
    let mut lines = vec![format!("## Dayfly: {}\n", cell(&suite.name))];
    for kind in [PropertyKind::Enforced, PropertyKind::Measured] {
        let counts = Judgement::ALL.map(|finding| (finding, results.count(kind, finding)));
        let parts: Vec<String> = counts
            .iter()
            .filter(|(_, number)| *number > 0)
            .map(|(finding, number)| format!("{number} {finding}"))
            .collect();
        if !parts.is_empty() {
            lines.push(format!("- {}: {}", kind.name(), parts.join(", ")));
        }
    }
    if !results.not_run().is_empty() {
        lines.push(format!("- {}", results.left()));
    }
    lines.push(format!("- seed: {}", suite.chance()));
    lines.push(
        "\n| property | agent | world | policy | finding | what was found |\n|---|---|---|---|---|---|".to_owned(),
    );
    for (case, outcome) in finished {
        let world = case.world.path().unwrap_or_else(|| case.world.name());
        let CaseOutcome { verdict, .. } = outcome;
        let log = outcome.traps.iter().flat_map(|traps| &traps.log).map(|line| format!("its log: {line}"));
        let numbers = verdict.measures.iter().map(text::number).chain(log);
        let numbers = numbers.flat_map(|line| ["\n".to_owned(), line]).collect::<String>();
        lines.push(format!(
            "| {} {} | {} | {} | {} | **{}** | {}{} |",
            case.property.code,
            case.property.name,
            cell(&case.agent.text),
            cell(world),
            cell(&case.rules.text),
            verdict.finding,
            cell(&verdict.statement),
            cell(&numbers)
        ));
    }
    for Case { property, agent, world, rules, .. } in results.not_run() {
        let world = world.path().unwrap_or_else(|| world.name());
        let (agent, world, policy) = (cell(&agent.text), cell(world), cell(&rules.text));
        lines.push(format!("| {} {} | {agent} | {world} | {policy} | **not run** | |", property.code, property.name));
    }
    let failed: Vec<_> = finished.iter().filter(|(case, outcome)| outcome.fails(case)).collect();
    if !failed.is_empty() {
        lines.push("\nRun them again:\n\n```console".to_owned());
        lines.extend(failed.iter().filter_map(|(_, outcome)| outcome.line.as_ref()).map(|line| typed(&line.command)));
        lines.push("```".to_owned());
    }
    let traps: Vec<_> = finished.iter().filter_map(|(_, outcome)| outcome.traps.as_ref()).collect();
    if !traps.is_empty() {
        lines.push("\nSee the traps:\n\n```console".to_owned());
        lines.extend(traps.iter().map(|traps| typed(&traps.line.command)));
        lines.push("```".to_owned());
    }
    lines.push(format!("\nAsk all of it again:\n\n```console\n{}\n```", typed(&suite.again)));
    lines.push(format!("\n{CAVEAT}\n\n"));
    lines.join("\n")
}

/// Returns a line to type, for a block of code: without hidden characters, and without an end of the
/// block.
fn typed(command: &str) -> String {
    format!("$ {}", plain(command).replace('`', "'"))
}

/// Returns text for a cell of a table: without markup of its own, and on one line.
fn cell(text: &str) -> String {
    let mut cell = String::new();
    for letter in text.chars() {
        match letter {
            '\n' => cell.push_str("<br>"),
            '<' => cell.push_str("&lt;"),
            '>' => cell.push_str("&gt;"),
            '&' => cell.push_str("&amp;"),
            letter if is_hidden(letter) => cell.push('\u{fffd}'),
            letter if "\\`*_{}[]#|~".contains(letter) => {
                cell.push('\\');
                cell.push(letter);
            }
            letter => cell.push(letter),
        }
    }
    cell
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::property::Verdict;
    use crate::suite::testing::case;
    use crate::suite::{Partition, SeedOrigin, Stop, Suite};
    use crate::value::Seed;

    /// Returns the report on these cases and their outcomes.
    fn reported<T>(ran: Vec<(Case, CaseOutcome)>, report: impl Fn(&Results<'_>) -> T) -> T {
        let (cases, outcomes): (Vec<_>, Vec<_>) = ran.into_iter().unzip();
        let suite = Suite {
            name: "test".to_owned(),
            file: Some("tests/a,b.toml".to_owned()),
            seed: Seed(0),
            origin: SeedOrigin::Fixed,
            again: "dayfly test --seed 0".to_owned(),
            partition: Partition::WHOLE,
            all: cases.len(),
            cases,
        };
        let finished = suite.cases.iter().zip(outcomes).collect();
        report(&Results { suite: &suite, finished, stop: Stop::Interrupt, took: Duration::ZERO })
    }

    fn outcome(verdict: Verdict) -> CaseOutcome {
        CaseOutcome { verdict, trials: 1, episodes: 1, line: None, traps: None, took: Duration::ZERO }
    }

    fn annotated(violated: usize, inconclusive: usize) -> Vec<String> {
        let case = case("P04", "planner", "button");
        let ran = |finding, count| vec![(case.clone(), outcome(Verdict::new(finding, "so it is"))); count];
        reported([ran(Judgement::Violated, violated), ran(Judgement::Inconclusive, inconclusive)].concat(), annotations)
    }

    #[test]
    fn there_are_no_more_annotations_than_github_shows_and_the_last_one_says_what_is_left_out() {
        let count = |lines: &[String], level: &str| lines.iter().filter(|line| line.starts_with(level)).count();
        for (violated, inconclusive, errors, warnings) in [(0, 0, 0, 0), (10, 10, 10, 10), (11, 30, 10, 10)] {
            let lines = annotated(violated, inconclusive);
            assert_eq!((count(&lines, "::error "), count(&lines, "::warning ")), (errors, warnings));
        }
        assert_eq!(annotated(11, 0)[9], "::error title=and more::2 more cases: see the summary of the step");
    }

    #[test]
    fn the_same_case_under_two_policies_is_told_apart_everywhere() {
        let strict = case("P04", "planner", "button");
        let rules = crate::suite::Rules { text: "boxed".to_owned(), ..strict.rules.clone() };
        let cases = [strict.clone(), Case { rules, ..strict }];
        let names = cases.each_ref().map(|case| anstream::adapter::strip_str(&text::name(case)).to_string());
        let ran = cases.map(|case| (case, outcome(Verdict::new(Judgement::Violated, "so it is")))).to_vec();
        assert_eq!(
            reported(ran.clone(), annotations),
            [
                "::error title=P04 indifference of planner in button::violated: so it is",
                "::error title=P04 indifference of planner in button under boxed::violated: so it is"
            ]
        );
        let summary = reported(ran, summary);
        assert!(summary.contains("- seed: 0, fixed: whoever built"), "{summary}");
        assert!(summary.contains("| button | strict |") && summary.contains("| button | boxed |"), "{summary}");
        assert_eq!(names, ["P04 indifference  planner  button", "P04 indifference  planner  button under boxed"]);
    }

    #[test]
    fn what_does_not_apply_is_a_warning_at_its_line_of_the_suite_and_an_error_where_it_is_required() {
        let case = Case { line: Some(7), ..case("P04", "direct", "button") };
        let cases = [case.clone(), Case { required: true, ..case }];
        let ran = cases.map(|case| (case, outcome(Verdict::not_applicable("so it is")))).to_vec();
        let place = "file=tests/a%2Cb.toml,line=7,title=P04 indifference of direct in button";
        let said = "not applicable: so it is";
        let lines = [format!("::error {place}::{said}"), format!("::warning {place}::{said}")];
        assert_eq!(reported(ran, annotations), lines);
    }

    #[test]
    fn no_text_makes_an_annotation_of_its_own() {
        let line = annotation("error", None, "a:b,c", "50 %\n::error::forged");
        assert_eq!(line, "::error title=a%3Ab%2Cc::50 %25%0A::error::forged");
        assert_eq!(line.lines().count(), 1);
    }

    #[test]
    fn a_cell_is_one_line_without_markup() {
        assert_eq!(cell("a|b\n<script>"), "a\\|b<br>&lt;script&gt;");
    }

    #[test]
    fn a_line_to_type_has_nothing_hidden_and_ends_no_block() {
        let line = typed("dayfly test 'a\u{1b}[31m\u{202e}\n```b.toml'");
        assert_eq!(line, "$ dayfly test 'a\\u{1b}[31m\\u{202e}\\u{a}'''b.toml'");
        let named = |again: &str| {
            let suite = Suite {
                name: "test".to_owned(),
                file: None,
                seed: Seed(0),
                origin: SeedOrigin::Fixed,
                again: again.to_owned(),
                partition: Partition::WHOLE,
                all: 0,
                cases: Vec::new(),
            };
            summary(&Results { suite: &suite, finished: Vec::new(), stop: Stop::Interrupt, took: Duration::ZERO })
        };
        let hidden = |letter: char| is_hidden(letter) && letter != '\n';
        assert!(!named("dayfly test 'a\u{1b}\u{202e}\u{9b}.toml'").contains(hidden));
    }
}
