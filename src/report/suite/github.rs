//! A suite for GitHub Actions: annotations within their caps, and a step summary.
//!
//! GitHub shows ten errors and ten warnings of a step and drops the rest, so what is beyond that is counted in the last one.

use super::{CAVEAT, Told, count, text};
use crate::property::{Finding, Kind};
use crate::suite::{Case, Outcome};
use crate::value::{is_hidden, plain_lines, plural};

/// How many annotations of each level GitHub shows of one step.
const CAP: usize = 10;

/// The lines that become annotations: what fails is an error; what is not decided, or does not apply, a warning.
pub fn annotations(told: &Told<'_>) -> Vec<String> {
    let found = |finding: Finding| move |(_, outcome): &(&Case, &Outcome)| outcome.verdict.finding == finding;
    let all = || told.cases.iter().zip(told.outcomes);
    let errors: Vec<_> = all().filter(|(case, outcome)| outcome.is_refuted(case)).collect();
    let open = all().filter(found(Finding::Inconclusive));
    let others = all().filter(|(case, outcome)| !outcome.is_refuted(case)).filter(found(Finding::NotApplicable));
    // What is not decided comes before what was not asked, where there is no room for all.
    let warnings: Vec<_> = open.chain(others).collect();
    [capped("error", told.file, &errors), capped("warning", told.file, &warnings)].concat()
}

/// At most as many annotations as GitHub shows; where there are more, the last one says how many.
fn capped(level: &str, file: Option<&str>, cases: &[(&Case, &Outcome)]) -> Vec<String> {
    let shown = if cases.len() > CAP { CAP - 1 } else { cases.len() };
    let one = |(case, outcome): &(&Case, &Outcome)| {
        let again = outcome.line.as_ref().map(|line| format!("\nrun it again: {}", line.command)).unwrap_or_default();
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

/// A line that GitHub makes an annotation of, at a line of a file where there is one.
pub fn annotation(level: &str, place: Option<(&str, usize)>, title: &str, message: &str) -> String {
    let data = |text: &str| plain_lines(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    let place = place.map(|(file, line)| format!("file={},line={line},", property(file))).unwrap_or_default();
    format!("::{level} {place}title={}::{}", property(title), data(message))
}

/// What is added to the summary of the step, in Markdown.
pub fn summary(told: &Told<'_>) -> String {
    let mut lines = vec![format!("## Dayfly: {}\n", cell(told.name))];
    for kind in [Kind::Enforced, Kind::Measured] {
        let told_of = Finding::ALL.map(|finding| (finding, count(told.cases, told.outcomes, kind, finding)));
        let parts: Vec<String> = told_of
            .iter()
            .filter(|(_, number)| *number > 0)
            .map(|(finding, number)| format!("{number} {finding}"))
            .collect();
        if !parts.is_empty() {
            lines.push(format!("- {}: {}", kind.name(), parts.join(", ")));
        }
    }
    lines.push(format!("- seed: {}", told.chance()));
    lines.push(
        "\n| property | agent | world | policy | finding | what was found |\n|---|---|---|---|---|---|".to_owned(),
    );
    for (case, outcome) in told.cases.iter().zip(told.outcomes) {
        let world = case.world.path.as_deref().unwrap_or_else(|| case.world.selection.name());
        let Outcome { verdict, .. } = outcome;
        let numbers =
            verdict.measures.iter().flat_map(|measure| ["\n".to_owned(), text::number(measure)]).collect::<String>();
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
    let failed: Vec<_> = told.cases.iter().zip(told.outcomes).filter(|(case, outcome)| outcome.fails(case)).collect();
    if !failed.is_empty() {
        lines.push("\nRun them again:\n\n```console".to_owned());
        let again = failed.iter().filter_map(|(_, outcome)| outcome.line.as_ref());
        lines.extend(again.map(|line| format!("$ {}", line.command.replace('`', "'"))));
        lines.push("```".to_owned());
    }
    lines.push(format!("\nAsk all of it again:\n\n```console\n$ {}\n```", told.again.replace('`', "'")));
    lines.push(format!("\n{CAVEAT}\n\n"));
    lines.join("\n")
}

/// Text in a cell of a table: no markup of its own, and on one line.
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
    use crate::suite::{Origin, Partition};
    use crate::value::Seed;

    fn told<'a>(cases: &'a [Case], outcomes: &'a [Outcome]) -> Told<'a> {
        Told {
            name: "test",
            file: Some("tests/a,b.toml"),
            seed: Seed(0),
            origin: Origin::Fixed,
            again: "dayfly test --seed 0",
            partition: Partition::WHOLE,
            all: cases.len(),
            cases,
            outcomes,
            took: Duration::ZERO,
        }
    }

    fn annotated(violated: usize, inconclusive: usize) -> Vec<String> {
        let outcome = |finding| Outcome {
            verdict: Verdict::new(finding, "so it is"),
            trials: 1,
            episodes: 1,
            line: None,
            took: Duration::ZERO,
        };
        let cases = vec![case("P04", "planner", "button"); violated + inconclusive];
        let outcomes =
            [vec![outcome(Finding::Violated); violated], vec![outcome(Finding::Inconclusive); inconclusive]].concat();
        let (cases, outcomes) = (cases.as_slice(), outcomes.as_slice());
        annotations(&told(cases, outcomes))
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
        let verdict = Verdict::new(Finding::Violated, "so it is");
        let outcome = Outcome { verdict, trials: 1, episodes: 1, line: None, took: Duration::ZERO };
        let outcomes = [outcome.clone(), outcome];
        let told = told(&cases, &outcomes);
        assert_eq!(
            annotations(&told),
            [
                "::error title=P04 indifference of planner in button::violated: so it is",
                "::error title=P04 indifference of planner in button under boxed::violated: so it is"
            ]
        );
        let summary = summary(&told);
        assert!(summary.contains("- seed: 0, fixed: whoever built"), "{summary}");
        assert!(summary.contains("| button | strict |") && summary.contains("| button | boxed |"), "{summary}");
        let names = cases.each_ref().map(|case| anstream::adapter::strip_str(&text::name(case)).to_string());
        assert_eq!(names, ["P04 indifference  planner  button", "P04 indifference  planner  button under boxed"]);
    }

    #[test]
    fn what_does_not_apply_is_a_warning_at_its_line_of_the_suite_and_an_error_where_it_is_required() {
        let case = Case { line: Some(7), ..case("P04", "direct", "button") };
        let cases = [case.clone(), Case { required: true, ..case }];
        let verdict = Verdict::not_applicable("so it is");
        let outcome = Outcome { verdict, trials: 1, episodes: 1, line: None, took: Duration::ZERO };
        let outcomes = [outcome.clone(), outcome];
        let place = "file=tests/a%2Cb.toml,line=7,title=P04 indifference of direct in button";
        let said = "not applicable: so it is";
        let lines = [format!("::error {place}::{said}"), format!("::warning {place}::{said}")];
        assert_eq!(annotations(&told(&cases, &outcomes)), lines);
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
}
