//! Deliberate breaks: each file of `tests/mutants` is one, with the tests that must fail of it.
//!
//! ```text
//!  a copy of the sources --apply--> broken copy --build, run the named tests--> killed | survived
//! ```
//!
//! Whether each still applies is tested every time. Building them is for `just mutants`: half a minute each, in a folder that is kept
//! below `target`. To add a break is to add a file.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::common::{files, read};

/// One file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutant {
    /// What it breaks, in words.
    breaks: String,
    /// The promise of `GUARANTEES.md` that it goes against.
    promise: u32,
    file: String,
    /// What is there once, and what takes its place.
    find: String,
    replace: String,
    /// The tests in `tests/it` that must fail.
    #[serde(default)]
    tests: Vec<String>,
    /// The tests beside the code that must fail.
    #[serde(default)]
    units: Vec<String>,
    #[serde(skip)]
    name: String,
}

/// The longest that one may take to build and to be tested.
const MOST: Duration = Duration::from_mins(8);

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn mutants() -> Vec<Mutant> {
    let mutant = |path: &PathBuf| {
        let mut mutant: Mutant =
            toml::from_str(&read(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path.file_stem().unwrap().to_str().unwrap().clone_into(&mut mutant.name);
        mutant
    };
    files(&root().join("tests/mutants"), "toml").iter().map(mutant).collect()
}

impl Mutant {
    /// The source, broken.
    fn applied(&self) -> String {
        let source = read(&root().join(&self.file));
        let places = source.matches(&self.find).count();
        assert_eq!(places, 1, "{}: what it replaces is there {places} times in {}", self.name, self.file);
        source.replacen(&self.find, &self.replace, 1)
    }
}

/// Whether there is a test of this name: `module::test` in `tests/it`, or a path of modules in `src`.
fn exists(folder: &str, test: &str) -> bool {
    let (modules, name) = test.rsplit_once("::").unwrap();
    let module = modules.split("::").next().unwrap();
    let declared = format!("fn {name}()");
    let is_of_module = |path: &&PathBuf| {
        path.components()
            .any(|part| part.as_os_str().to_str().is_some_and(|part| part.trim_end_matches(".rs") == module))
    };
    files(&root().join(folder), "rs").iter().filter(is_of_module).any(|path| read(path).contains(&declared))
}

#[test]
fn every_mutant_applies_and_names_tests_that_there_are() {
    let mutants = mutants();
    assert!(mutants.len() >= 12);
    let promises = read(&root().join("GUARANTEES.md"));
    for mutant in &mutants {
        assert_ne!(mutant.applied(), read(&root().join(&mutant.file)), "{} breaks nothing", mutant.name);
        assert!(promises.contains(&format!("\n{}. ", mutant.promise)), "{}: there is no such promise", mutant.name);
        assert!(!mutant.tests.is_empty() || !mutant.units.is_empty(), "{} names no test", mutant.name);
        for test in &mutant.tests {
            assert!(exists("tests/it", test), "{}: there is no {test}", mutant.name);
        }
        for test in &mutant.units {
            assert!(exists("src", test), "{}: there is no {test}", mutant.name);
        }
    }
}

/// A copy of everything but what is built.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if ["target", ".git", "dayfly-runs"].iter().any(|skipped| name == *skipped) {
            continue;
        }
        let (source, target) = (entry.path(), to.join(&name));
        if source.is_dir() {
            copy(&source, &target);
        } else if fs::read(&target).ok() != fs::read(&source).ok() {
            fs::copy(&source, &target).unwrap();
        }
    }
}

/// What cargo says of some tests: which failed, or why there is no answer.
fn failed(tree: &Path, target: &[&str], tests: &[String]) -> Result<Vec<String>, String> {
    if tests.is_empty() {
        return Ok(Vec::new());
    }
    let said = tree.join("said");
    let mut child = Command::new(env!("CARGO"))
        .args(["test", "--locked", "--quiet"])
        .args(target)
        .args(["--", "--exact", "--test-threads", "2"])
        .args(tests)
        .current_dir(tree)
        .env("CARGO_TARGET_DIR", root().join("target"))
        .stdout(Stdio::from(fs::File::create(&said).unwrap()))
        .stderr(Stdio::from(fs::File::create(tree.join("errors")).unwrap()))
        .spawn()
        .unwrap();
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if started.elapsed() > MOST {
            child.kill().unwrap();
            child.wait().unwrap();
            return Err(format!("it took longer than {MOST:?}"));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let said = read(&said);
    if !said.contains("test result:") {
        let errors = read(&tree.join("errors"));
        let first = errors.lines().find(|line| line.starts_with("error")).unwrap_or("it does not build");
        return Err(first.to_owned());
    }
    // Each test that failed has a line of its own in the list at the end.
    let list = said.rsplit("failures:").next().unwrap_or_default();
    let is_failed = |test: &&String| list.lines().any(|line| line.trim() == test.as_str());
    Ok(if said.contains("failures:") { tests.iter().filter(is_failed).cloned().collect() } else { Vec::new() })
}

#[test]
#[ignore = "it builds dayfly once for each: `just mutants`"]
#[expect(clippy::print_stderr, reason = "it takes minutes: people want to see how far it is")]
fn every_mutant_is_killed() {
    let tree = root().join("target/mutants");
    copy(root(), &tree);
    let wanted = std::env::var("MUTANT").unwrap_or_default();
    let mutants: Vec<_> = mutants().into_iter().filter(|mutant| mutant.name.contains(&wanted)).collect();
    let mut table = "| mutant | promise | what it breaks | result |\n|---|---|---|---|\n".to_owned();
    let mut alive = Vec::new();
    for mutant in &mutants {
        let path = tree.join(&mutant.file);
        fs::write(&path, mutant.applied()).unwrap();
        let broken = failed(&tree, &["--test", "it"], &mutant.tests)
            .and_then(|it| Ok((it, failed(&tree, &["--lib"], &mutant.units)?)));
        fs::copy(root().join(&mutant.file), &path).unwrap();
        let result = match broken {
            Ok((it, units)) if it == mutant.tests && units == mutant.units => {
                format!(
                    "killed by {}",
                    [it, units].concat().iter().map(|test| format!("`{test}`")).collect::<Vec<_>>().join(", ")
                )
            }
            Ok((it, units)) => {
                alive.push(mutant.name.clone());
                format!("**survived** but for {:?}", [it, units].concat())
            }
            Err(why) => {
                alive.push(mutant.name.clone());
                format!("**no answer**: {why}")
            }
        };
        eprintln!("{}: {result}", mutant.name);
        writeln!(table, "| `{}` | {} | {} | {result} |", mutant.name, mutant.promise, mutant.breaks).unwrap();
        fs::write(root().join("target/mutants.md"), &table).unwrap();
    }
    assert!(alive.is_empty(), "survived: {alive:?}");
}
