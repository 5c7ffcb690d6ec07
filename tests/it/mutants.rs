//! Deliberate breaks: each file of `tests/mutants` is one, with the tests that must fail of it.
//!
//! ```text
//!  a copy of the sources --apply--> broken copy --build, run the named tests--> killed | survived
//! ```
//!
//! A test checks every time that each break still applies. Building them is for `just mutants`:
//! about a minute each, in a folder that is kept below `target`, with dependencies as they were
//! built before. To add a break is to add a file, and the line in `docs/mutants.md` that says what
//! became of it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use dayfly::capability::CAPABILITIES;
use dayfly::gate::LimitKind;
use serde::Deserialize;

use crate::common::{files, read, root};
use crate::guarantees::{Named, promises};

/// Break, as its file describes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mutant {
    /// Description of the break, in words.
    pub(crate) breaks: String,
    /// Number of the promise of `GUARANTEES.md` that the break goes against.
    pub(crate) promise: u32,
    file: String,
    /// Text that is there once, and the text that takes its place.
    find: String,
    replace: String,
    /// Tests that must fail, as `docs/mutants.md` names them.
    pub(crate) tests: Vec<Named>,
    #[serde(skip)]
    pub(crate) name: String,
}

/// Maximum time to build a break and to test it.
const MOST: Duration = Duration::from_mins(8);

pub(crate) fn mutants() -> Vec<Mutant> {
    let mutant = |path: &PathBuf| {
        let mut mutant: Mutant =
            toml::from_str(&read(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path.file_stem().unwrap().to_str().unwrap().clone_into(&mut mutant.name);
        mutant
    };
    files(&root().join("tests/mutants"), "toml").iter().map(mutant).collect()
}

impl Mutant {
    /// Returns the source, broken.
    fn applied(&self) -> String {
        let source = read(&root().join(&self.file));
        let places = source.matches(&self.find).count();
        assert_eq!(places, 1, "{}: what it replaces is there {places} times in {}", self.name, self.file);
        source.replacen(&self.find, &self.replace, 1)
    }
}

#[test]
fn every_mutant_applies_and_names_tests_that_there_are() {
    let promises = promises();
    for mutant in mutants() {
        assert_ne!(mutant.applied(), read(&root().join(&mutant.file)), "{} breaks nothing", mutant.name);
        assert!(promises.contains_key(&mutant.promise), "{}: there is no promise {}", mutant.name, mutant.promise);
        assert!(!mutant.tests.is_empty(), "{} names no test", mutant.name);
        for test in &mutant.tests {
            assert!(test.exists() && test.is_one(), "{}: there is no test `{test}`", mutant.name);
        }
    }
}

#[test]
fn every_part_of_the_box_and_every_quota_has_a_mutant() {
    let parts = [
        "audit", "carry", "compiler", "fuel", "gate", "grace", "ledger", "limiter", "pool", "record", "seed", "wall",
        "wasi", "wipe", "worker",
    ];
    let has_numbers = |kind: &LimitKind| !matches!(kind, LimitKind::Names);
    let limited = CAPABILITIES.iter().filter(|known| known.limits.iter().any(|limit| has_numbers(&limit.kind)));
    let mutants = mutants();
    for part in parts.map(str::to_owned).into_iter().chain(limited.map(|known| format!("quota-{}", known.name))) {
        assert!(mutants.iter().any(|mutant| mutant.name.starts_with(&format!("{part}-"))), "nothing breaks {part}");
    }
}

/// Copies everything but what is built.
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

/// Lets the build in a tree begin with the dependencies that this test was built with: they are the
/// same files. The build of Dayfly itself is left out, for it has the same names whatever the tree.
fn warm(tree: &Path) {
    let program = std::env::current_exe().unwrap();
    let built = program.ancestors().nth(2).unwrap();
    for folder in ["deps", ".fingerprint", "build"] {
        link(&built.join(folder), &tree.join("target/debug").join(folder), &|name| {
            let name = name.trim_start_matches("lib");
            !["dayfly", "dayfly_compiled", "dayfly_attempts", "dayfly_record", "it", "floor", "embed", "tool"]
                .iter()
                .any(|own| name.split(['-', '.']).next() == Some(*own))
        });
    }
}

fn link(from: &Path, to: &Path, is_wanted: &dyn Fn(&str) -> bool) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if target.exists() || !is_wanted(entry.file_name().to_str().unwrap()) {
            continue;
        }
        if entry.path().is_dir() {
            link(&entry.path(), &target, &|_| true);
        } else {
            fs::hard_link(entry.path(), target).unwrap();
        }
    }
}

/// Ends cargo and the processes that it has started.
fn end(child: &mut Child) {
    #[cfg(unix)]
    Command::new("kill").args(["-9", "--", &format!("-{}", child.id())]).status().unwrap();
    let _ = child.kill();
    child.wait().unwrap();
}

/// Returns what cargo says in a tree, or the reason why there is no answer.
fn cargo(tree: &Path, arguments: impl IntoIterator<Item = String>) -> Result<String, String> {
    let said = tree.join("said");
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["test", "--locked", "--no-fail-fast"])
        .args(arguments)
        .current_dir(tree)
        .env("CARGO_TARGET_DIR", tree.join("target"))
        .stdout(Stdio::from(fs::File::create(&said).unwrap()))
        .stderr(Stdio::from(fs::File::create(tree.join("errors")).unwrap()));
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut cargo, 0);
    let mut child = cargo.spawn().unwrap();
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if started.elapsed() > MOST {
            end(&mut child);
            return Err(format!("it took longer than {MOST:?}"));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let errors = read(&tree.join("errors"));
    if errors.contains("error: could not compile") {
        return Err(errors.lines().find(|line| line.starts_with("error")).unwrap_or("it does not build").to_owned());
    }
    Ok(read(&said))
}

/// Returns the tests that fail in a tree, or the reason why there is no answer.
fn failed<'t>(tree: &Path, tests: &'t [Named]) -> Result<Vec<&'t Named>, String> {
    let targets: BTreeSet<&str> = tests.iter().map(Named::target).collect();
    let how = ["--", "--exact", "--test-threads", "2"].into_iter();
    let arguments = targets.into_iter().chain(how).map(str::to_owned).chain(tests.iter().flat_map(Named::paths));
    let said = cargo(tree, arguments)?;
    if !said.contains("\nrunning ") {
        return Err("no test was run".to_owned());
    }
    let passed: BTreeSet<&str> = said.lines().filter_map(passed).collect();
    // A test that takes the whole program down has no line.
    let has_passed = |test: &&Named| test.paths().iter().any(|path| passed.contains(path.as_str()));
    Ok(tests.iter().filter(|test| !has_passed(test)).collect())
}

/// Returns the test that passed, in a line such as `test limits::that - should panic ... ok`.
fn passed(line: &str) -> Option<&str> {
    line.strip_suffix(" ... ok")?.strip_prefix("test ")?.split(' ').next()
}

#[test]
fn a_line_of_a_test_that_passed_is_told_from_others() {
    assert_eq!(passed("test limits::that ... ok"), Some("limits::that"));
    assert_eq!(passed("test runs::this - should panic ... ok"), Some("runs::this"));
    assert_eq!(passed("test limits::that ... FAILED"), None);
    assert_eq!(passed("test result: ok. 1 passed"), None);
}

#[test]
#[ignore = "it builds dayfly once for each: `just mutants`"]
#[expect(clippy::print_stderr, reason = "it takes minutes: people want to see how far it is")]
fn every_mutant_is_killed() {
    let tree = root().join("target/mutants");
    copy(root(), &tree);
    warm(&tree);
    let wanted = std::env::var("MUTANT").unwrap_or_default();
    let mutants: Vec<_> = mutants().into_iter().filter(|mutant| mutant.name.contains(&wanted)).collect();
    assert!(!mutants.is_empty(), "no mutant has `{wanted}` in its name");
    let mut table = "| mutant | promise | what it breaks | result |\n|---|---|---|---|\n".to_owned();
    let (mut alive, mut longest) = (Vec::new(), Duration::ZERO);
    eprintln!("building what is not broken");
    cargo(&tree, ["--lib", "--test=it", "--no-run"].map(str::to_owned)).unwrap_or_else(|why| panic!("{why}"));
    for (number, mutant) in mutants.iter().enumerate() {
        let path = tree.join(&mutant.file);
        let started = Instant::now();
        fs::write(&path, mutant.applied()).unwrap();
        let failed = failed(&tree, &mutant.tests);
        fs::copy(root().join(&mutant.file), &path).unwrap();
        let list = |tests: &[&Named]| tests.iter().map(|test| format!("`{test}`")).collect::<Vec<_>>().join(", ");
        let is_killed = failed.as_ref().is_ok_and(|failed| failed.len() == mutant.tests.len());
        let result = match failed {
            Ok(failed) if is_killed => format!("killed by {}", list(&failed)),
            Ok(failed) if failed.is_empty() => "**survived**".to_owned(),
            Ok(failed) => format!("**survived**, but for {}", list(&failed)),
            Err(why) => format!("**no answer**: {why}"),
        };
        if !is_killed {
            alive.push(mutant.name.as_str());
        }
        let took = started.elapsed();
        longest = longest.max(took);
        eprintln!("{}/{} {}, {} s: {result}", number + 1, mutants.len(), mutant.name, took.as_secs());
        writeln!(table, "| `{}` | {} | {} | {result} |", mutant.name, mutant.promise, mutant.breaks).unwrap();
        fs::write(root().join("target/mutants.md"), &table).unwrap();
    }
    let killed = mutants.len() - alive.len();
    eprintln!("\n{table}\n{killed} of {} mutants killed, {} s at the most", mutants.len(), longest.as_secs());
    assert!(alive.is_empty(), "not killed: {}", alive.join(", "));
}
