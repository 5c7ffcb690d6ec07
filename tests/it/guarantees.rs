//! Promises, their tests, and the breaks that those tests were seen to catch.
//!
//! ```text
//!  GUARANTEES.md --promises--> tests <--were seen to fail-- docs/mutants.md, tests/mutants
//! ```
//!
//! 1. Every test that a promise or a break names exists.
//! 2. Every promise names a test that was seen to fail of a break.
//! 3. Every file of `tests/mutants` has been built, and its line says what became of it.
//!
//! It does not show that a break goes against the promise whose test caught it: the author of the
//! line says so.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;

use crate::common::{read, root};
use crate::mutants::mutants;

/// A test, or a file of tests, as documents name it: `module::test` in `tests/it`, `src/file.rs: test`, the same in a crate
/// (`crates/name/src/file.rs: test`), or a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(transparent)]
pub(crate) struct Named(String);

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Named {
    /// Returns the tests that a text names in backticks.
    fn all(text: &str) -> Vec<Self> {
        let is_pair = |word: &str| word.split_once("::").is_some_and(|(module, test)| is_name(module) && is_name(test));
        let is_test = |word: &&str| is_path(word) || is_pair(word);
        text.split('`').skip(1).step_by(2).filter(is_test).map(|word| Self(word.to_owned())).collect()
    }

    /// Returns the file, and the test in it if one is named.
    fn parts(&self) -> (String, Option<&str>) {
        match (self.0.split_once(": "), self.0.split_once("::")) {
            (Some((file, test)), _) => (file.to_owned(), Some(test)),
            (None, Some((module, test))) => (format!("tests/it/{module}.rs"), Some(test)),
            (None, None) => (self.0.clone(), None),
        }
    }

    /// `true` if it is one test that cargo can be asked for.
    pub(crate) fn is_one(&self) -> bool {
        self.parts().1.is_some()
    }

    pub(crate) fn exists(&self) -> bool {
        let (file, test) = self.parts();
        let path = root().join(file);
        match test {
            Some(test) => path.is_file() && declares(&read(&path), test),
            None => path.exists(),
        }
    }

    /// `true` if a test of that name is this one, or lies within it.
    fn covers(&self, other: &Self) -> bool {
        let rest = other.0.strip_prefix(&self.0);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':']))
    }

    /// Returns the argument that tells cargo where the test is.
    pub(crate) fn target(&self) -> &'static str {
        if is_path(&self.0) { "--lib" } else { "--test=it" }
    }

    /// Returns the names under which the test may run: the tests of a file may be in a module of
    /// their own.
    pub(crate) fn paths(&self) -> Vec<String> {
        let Some((file, test)) = self.0.split_once(": ") else { return vec![self.0.clone()] };
        let file = file.strip_prefix("crates/").and_then(|file| file.split_once('/')).map_or(file, |(_, file)| file);
        let module =
            file.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod").replace('/', "::");
        vec![format!("{module}::tests::{test}"), format!("{module}::{test}")]
    }
}

fn is_path(word: &str) -> bool {
    ["src/", "tests/", "crates/"].iter().any(|start| word.starts_with(start))
}

fn is_name(word: &str) -> bool {
    !word.is_empty()
        && word.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
}

/// `true` if a source has a test of this name.
fn declares(source: &str, test: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let declared = format!("fn {test}(");
    let at = lines.iter().position(|line| line.starts_with(&declared));
    at.is_some_and(|at| lines[..at].iter().rev().take_while(|line| !line.is_empty()).any(|line| *line == "#[test]"))
}

/// Returns the promises by number, with the tests that each names.
pub(crate) fn promises() -> BTreeMap<u32, Vec<Named>> {
    let text = read(&root().join("GUARANTEES.md"));
    let mut promises: BTreeMap<u32, Vec<Named>> = BTreeMap::new();
    let mut current = None;
    for line in text.lines() {
        let number = line.split_once(". ").and_then(|(number, _)| number.parse().ok());
        if let Some(number) = number {
            assert!(promises.insert(number, Vec::new()).is_none(), "there are two promises {number}");
        }
        current = if line.starts_with('#') { None } else { number.or(current) };
        if let Some(number) = current {
            promises.get_mut(&number).unwrap().extend(Named::all(line));
        }
    }
    promises
}

/// Line of a table of `docs/mutants.md`.
struct Row {
    cells: Vec<String>,
}

impl Row {
    fn of(line: &str) -> Self {
        Self { cells: line.split(" | ").map(str::to_owned).collect() }
    }

    /// Returns the tests that caught the break.
    fn tests(&self) -> Vec<Named> {
        Named::all(self.cells.last().unwrap())
    }
}

/// Returns the table of `docs/mutants.md`.
fn table() -> Vec<Row> {
    let text = read(&root().join("docs/mutants.md"));
    let is_head = |line: &&str| ["mutant | ", "--- | "].iter().any(|head| line.starts_with(head));
    let lines = text.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    lines.filter(|line| !is_head(line)).map(Row::of).collect()
}

#[test]
fn every_promise_names_tests_that_there_are() {
    for (number, tests) in &promises() {
        assert!(!tests.is_empty(), "promise {number} names no test");
        for test in tests {
            assert!(test.exists(), "promise {number}: there is no `{test}`");
        }
    }
}

#[test]
fn every_test_that_is_said_to_show_a_breach_is_there() {
    let named = Named::all(&read(&root().join("SECURITY.md")));
    assert!(named.len() > 10, "{named:?}");
    for test in named {
        assert!(test.exists(), "there is no `{test}`");
    }
}

#[test]
fn every_promise_has_a_test_that_was_seen_to_fail() {
    // Code that uses the store of an episode twice does not compile: the episode consumes it.
    const BY_TYPE: [u32; 1] = [5];
    let caught: BTreeSet<Named> = table().iter().flat_map(Row::tests).collect();
    for (number, tests) in promises().into_iter().filter(|(number, _)| !BY_TYPE.contains(number)) {
        let was_seen = |test: &Named| caught.iter().any(|other| test.covers(other));
        assert!(tests.iter().any(was_seen), "no break of docs/mutants.md made a test of promise {number} fail");
    }
}

#[test]
fn every_mutant_was_killed_by_the_tests_that_it_names() {
    let recorded: Vec<String> = table().iter().map(|row| row.cells.join(" | ")).collect();
    let killed: Vec<String> = mutants()
        .iter()
        .map(|mutant| {
            let tests: Vec<_> = mutant.tests.iter().map(|test| format!("`{test}`")).collect();
            format!("`{}` | {} | {} | killed by {}", mutant.name, mutant.promise, mutant.breaks, tests.join(", "))
        })
        .collect();
    assert_eq!(recorded, killed, "docs/mutants.md has the table that `just mutants` prints");
}

#[test]
fn what_is_named_is_told_from_what_is_not() {
    let text =
        "`ended`, `dayfly verify`, `a::b`, `src/x.rs: c`, `src/x`, `tests/cli/d.trycmd`, `wit/wasi/`, `Told::of`";
    let named: Vec<String> = Named::all(text).iter().map(Named::to_string).collect();
    assert_eq!(named, ["a::b", "src/x.rs: c", "src/x", "tests/cli/d.trycmd"]);
    let named = |text: &str| Named(text.to_owned());
    assert!(named("src/x").covers(&named("src/x/y.rs: c")) && named("src/x.rs").covers(&named("src/x.rs: c")));
    assert!(!named("src/x").covers(&named("src/xy.rs: c")) && !named("a::b").covers(&named("a::bc")));
    assert_eq!(named("src/x/mod.rs: c").paths(), ["x::tests::c", "x::c"]);
    assert_eq!(named("crates/a/src/x/mod.rs: c").paths(), ["x::tests::c", "x::c"]);
    assert_eq!(named("crates/a/src/x.rs: c").target(), "--lib");
    assert!(declares("#[test]\n#[ignore]\nfn a() {", "a") && !declares("#[test]\nfn b() {\n}\n\nfn a() {", "a"));
    assert!(named("guarantees::what_is_named_is_told_from_what_is_not").exists());
    assert!(!named("guarantees::what_is_not").exists() && !named("src/nothing.rs").exists());
}
