//! `dayfly docs`: the pages that come with the program.

use std::borrow::Cow;
use std::io::{IsTerminal as _, Write as _};
use std::process::{Command, Stdio};

use anstream::ColorChoice;
use clap::Args;

use super::failure::Failure;
use super::test::variable;
use super::{Exit, prose, row, say, width};
use crate::report::{paragraphs, rendered, table};
use crate::value::hint;

/// Page: its name, its subject and its text.
type DocPage = (&'static str, &'static str, &'static str);

/// Pages, in the order in which they are best read.
const PAGES: &[DocPage] = &[
    ("readme", "what Dayfly is, and how to begin", include_str!("../../README.md")),
    ("cli", "the command line: exit codes, variables, numbers, completions", include_str!("../../docs/cli.md")),
    ("agents", "an agent of one's own, in Rust, C, JavaScript or Python", include_str!("../../agents/README.md")),
    ("policies", "every key of a policy", include_str!("../../docs/policies.md")),
    ("environments", "the environments, and one of your own", include_str!("../../docs/environments.md")),
    ("garden.toml", "an environment of one's own", include_str!("../../examples/garden.toml")),
    ("gardener.wat", "an agent in text, for that environment", include_str!("../../examples/gardener.wat")),
    ("orchard.toml", "one that persists, with knobs", include_str!("../../examples/orchard.toml")),
    ("testing", "testing an agent, and what a verdict means", include_str!("../../docs/testing.md")),
    ("measure", "the horizon of an agent, measured", include_str!("../../docs/measure.md")),
    ("audits", "how an audit is made, and what it shows", include_str!("../../docs/audits.md")),
    ("isolation", "episodes in confined processes", include_str!("../../docs/isolation.md")),
    ("science", "published results, reproduced", include_str!("../../docs/science.md")),
    ("run-json", "what a record holds, and what `run --json` prints", include_str!("../../docs/run-json.md")),
    ("ledger", "signed records and proofs, byte by byte", include_str!("../../docs/ledger.md")),
    ("test-json", "what `test --json` prints", include_str!("../../docs/test-json.md")),
    ("speed", "what it costs, measured", include_str!("../../docs/speed.md")),
    ("words", "one word for one thing: every term, and its type", include_str!("../../docs/words.md")),
    ("design", "why it is as it is", include_str!("../../docs/design.md")),
    ("guarantees", "each promise, with the test that keeps it", include_str!("../../GUARANTEES.md")),
    ("security", "what counts as a breach, and how to report one", include_str!("../../SECURITY.md")),
    ("changelog", "what changed", include_str!("../../CHANGELOG.md")),
];

/// Print a page of the documentation.
#[derive(Debug, Args)]
pub(super) struct DocsArgs {
    /// Name of the page; without one, the names of all.
    name: Option<String>,
    /// Print it in Markdown, as it is written. By default where the output is no terminal.
    #[arg(long, requires = "name")]
    raw: bool,
}

impl DocsArgs {
    pub(super) fn execute(&self) -> Result<Exit, Failure> {
        let Some(name) = &self.name else {
            let rows: Vec<_> = PAGES.iter().map(|(name, about, _)| row(*name, *about)).collect();
            say!("{}", table(&rows, width().unwrap_or(usize::MAX)).trim_end());
            let note = "`dayfly docs NAME` prints one; where one says `testing.md`, that is `dayfly docs testing`";
            say!("\n{}", paragraphs(note, prose()).trim_end());
            return Ok(Exit::Held);
        };
        let stem = name.rsplit('/').next().unwrap_or(name).to_lowercase();
        let stem = stem.strip_suffix(".md").unwrap_or(&stem);
        let Some((_, _, text)) = PAGES.iter().find(|(page, _, _)| *page == stem) else {
            let help = hint(stem, "there are", PAGES.iter().map(|(page, _, _)| *page));
            return Err(Failure::input(format!("there is no page `{name}`"), help));
        };
        let is_markdown = !stem.contains('.');
        let text = if std::io::stdout().is_terminal() && is_markdown && !self.raw {
            Cow::Owned(rendered(text, prose()))
        } else {
            Cow::Borrowed(*text)
        };
        if !paged(&text) {
            say!("{}", text.trim_end());
        }
        Ok(Exit::Held)
    }
}

/// Shows the text in the user's pager if it is longer than the terminal. Returns `true` if that
/// succeeded.
fn paged(text: &str) -> bool {
    let rows = terminal_size::terminal_size_of(std::io::stdout()).map_or(0, |(_, terminal_size::Height(rows))| rows);
    if !std::io::stdout().is_terminal() || text.lines().count() < usize::from(rows) {
        return false;
    }
    let pager = variable("PAGER").unwrap_or_else(|| "less".to_owned());
    let mut words = pager.split_whitespace();
    let Some(program) = words.next() else { return false };
    let mut command = Command::new(program);
    if variable("LESS").is_none() {
        // So that bold letters are, and a page that fits is not paged; other pagers do not read it.
        command.env("LESS", "FRX");
    }
    let Ok(mut child) = command.args(words).stdin(Stdio::piped()).spawn() else { return false };
    if let Some(mut input) = child.stdin.take() {
        let has_color =
            program.ends_with("less") && anstream::AutoStream::choice(&std::io::stdout()) != ColorChoice::Never;
        let text = if has_color { Cow::Borrowed(text) } else { anstream::adapter::strip_str(text).to_string().into() };
        // A user who leaves the pager early has read far enough.
        let _ = input.write_all(text.as_bytes());
    }
    child.wait().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pages for those who work on Dayfly itself.
    const OURS: [&str; 1] = ["mutants"];

    #[test]
    fn every_page_fits_into_80_columns_but_for_its_code_and_what_has_no_blank() {
        for (name, _, text) in PAGES.iter().filter(|(name, _, _)| !name.contains('.')) {
            let shown = anstream::adapter::strip_str(&rendered(text, 80)).to_string();
            for line in shown.lines().filter(|line| !line.starts_with("    ") && line.trim().contains(' ')) {
                let longest = line.split(' ').map(|word| word.chars().count()).max().unwrap_or(0);
                assert!(line.chars().count() <= 80 || longest > 40, "{name}: {line}");
            }
            assert!(!shown.contains("](") && !shown.contains("|---"), "{name}");
        }
    }

    #[test]
    fn every_page_there_is_comes_with_the_program() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/docs");
        for entry in std::fs::read_dir(folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let Some(name) = name.strip_suffix(".md") else { continue };
            let is_there = PAGES.iter().any(|(page, _, _)| *page == name);
            assert!(is_there != OURS.contains(&name), "{name}");
        }
    }
}
