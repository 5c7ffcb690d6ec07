//! Destinations of a suite's events: people, machines and files.
//!
//! ```text
//!  Suite::carry_out --Event--> Reporters --+--> Progress   lines while it goes on, and the summary
//!                                          +--> Json       an object on the output
//!                                          +--> Junit      a file
//!                                          +--> GitHub     annotations, and the summary of the step
//! ```

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::super::failure::Failure;
use super::super::{find, say};
use super::TestArgs;
use super::progress::TestProgress;
use crate::report::suite::{github, json, junit};
use crate::suite::Event;
use crate::value::lock;

/// Reporter of a suite: a format, and the place it is written to.
pub(super) trait Reporter: Sync {
    /// Takes in an event.
    fn see(&self, event: Event<'_>) -> Result<(), Failure>;
}

/// Reporters of a suite, and the first failure to write.
pub(super) struct Reporters {
    all: Vec<Box<dyn Reporter>>,
    failure: Mutex<Option<Failure>>,
}

/// Results as one JSON object on the output.
struct Json;

/// Results as a `JUnit` file.
struct Junit(PathBuf);

/// Annotations for GitHub, and the summary of the step.
struct GitHub {
    /// `true` if the output is a JSON object, so that annotations go to the error output.
    is_json: bool,
}

impl TestArgs {
    /// Checks that every file can be written that is to be, before the suite runs.
    pub(super) fn check_places(&self) -> Result<(), Failure> {
        let summary = self.for_github().then(step_summary).flatten();
        self.junit.iter().chain(&summary).try_for_each(|path| writable(path))
    }

    /// Returns the reporters that were asked for. The one for people is first, so that no failure
    /// to write keeps anything from them.
    pub(super) fn reporters(&self, cases: usize) -> Reporters {
        let mut all: Vec<Box<dyn Reporter>> = Vec::new();
        all.push(if self.json { Box::new(Json) } else { Box::new(TestProgress::new(cases, self.quiet)) });
        if let Some(path) = &self.junit {
            all.push(Box::new(Junit(path.clone())));
        }
        if self.for_github() {
            all.push(Box::new(GitHub { is_json: self.json }));
        }
        Reporters { all, failure: Mutex::default() }
    }

    fn for_github(&self) -> bool {
        self.github || variable("GITHUB_ACTIONS").is_some()
    }
}

impl Reporters {
    /// Gives the event to each reporter, even if another one failed to write.
    pub(super) fn see(&self, event: Event<'_>) {
        for reporter in &self.all {
            if let Err(failure) = reporter.see(event) {
                lock(&self.failure).get_or_insert(failure);
            }
        }
    }

    /// Returns the first failure to write.
    pub(super) fn told(self) -> Result<(), Failure> {
        self.failure.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }
}

impl Reporter for Json {
    fn see(&self, event: Event<'_>) -> Result<(), Failure> {
        let Event::Closed(results) = event else { return Ok(()) };
        let object =
            crate::value::json::pretty(&json::SuiteJson::new(results)).map_err(|error| Failure::host(&error))?;
        say!("{object}");
        Ok(())
    }
}

impl Reporter for Junit {
    fn see(&self, event: Event<'_>) -> Result<(), Failure> {
        let (Self(path), Event::Closed(results)) = (self, event) else { return Ok(()) };
        let written = find::writable(path).and_then(|mut file| {
            file.set_len(0)?;
            file.write_all(junit::document(results).as_bytes())
        });
        written.map_err(|error| unwritten(path, &error))
    }
}

impl Reporter for GitHub {
    fn see(&self, event: Event<'_>) -> Result<(), Failure> {
        let Event::Closed(results) = event else { return Ok(()) };
        for line in github::annotations(results) {
            if self.is_json {
                // A failure to write is ignored: the error output may be closed.
                let _ = writeln!(std::io::stderr(), "{line}");
            } else {
                say!("{line}");
            }
        }
        let Some(path) = step_summary() else { return Ok(()) };
        let written = find::writable(&path).and_then(|mut file| file.write_all(github::summary(results).as_bytes()));
        written.map_err(|error| unwritten(&path, &error))
    }
}

/// Returns a path as GitHub expects it: relative to the root of its checkout.
pub(in crate::cli) fn from_workspace(path: &Path) -> String {
    let within = |path: &Path| {
        let root = PathBuf::from(variable("GITHUB_WORKSPACE")?).canonicalize().ok()?;
        Some(path.canonicalize().ok()?.strip_prefix(root).ok()?.to_path_buf())
    };
    within(path).unwrap_or_else(|| path.to_path_buf()).to_string_lossy().into_owned()
}

/// Returns the file that GitHub shows as the summary of the step.
fn step_summary() -> Option<PathBuf> {
    variable("GITHUB_STEP_SUMMARY").map(PathBuf::from)
}

/// Checks that a file can be written. A file that was not there before is removed again.
fn writable(path: &Path) -> Result<(), Failure> {
    let existed = path.exists();
    find::writable(path).map_err(|error| unwritten(path, &error))?;
    if existed { Ok(()) } else { std::fs::remove_file(path).map_err(|error| unwritten(path, &error)) }
}

/// Returns the value of a variable that GitHub Actions sets.
#[expect(
    clippy::disallowed_methods,
    reason = "this is how GitHub Actions says where it listens; no verdict depends on it"
)]
pub(in crate::cli) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    let message = format!("cannot write `{}`: {error}", path.display());
    Failure::input(message, "name a file in a folder that you may write to")
}
