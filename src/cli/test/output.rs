//! Where the outcome of a suite goes: people, machines, files.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::super::failure::Failure;
use super::super::{say, width};
use super::Test;
use crate::report::suite::{Told, github, json, junit, text};

impl Test {
    /// Whether every file can be written that is to be, before much is done for it.
    pub(super) fn check_places(&self) -> Result<(), Failure> {
        let summary = self.for_github().then(step_summary).flatten();
        self.junit.iter().chain(&summary).try_for_each(|path| writable(path))
    }

    /// Tell it to everyone who asked: people first, so that nothing that cannot be written keeps it from them.
    pub(super) fn tell(&self, told: &Told<'_>) -> Result<(), Failure> {
        if self.json {
            let object = crate::value::json::pretty(&json::Suite::new(told)).map_err(|error| Failure::host(&error))?;
            say!("{object}");
        } else {
            let shown = if self.quiet { text::Shown::Failures } else { text::Shown::All };
            let summary = text::summary(told, shown, width().unwrap_or(80));
            // What comes first stands apart from the lines of the cases, where there are any.
            let summary = if self.quiet { summary.trim_start_matches('\n') } else { &summary };
            say!("{}", summary.trim_end());
        }
        let annotated = if self.for_github() { self.annotate(told) } else { Ok(()) };
        if let Some(path) = &self.junit {
            let document = junit::document(told);
            let written = File::create(path).and_then(|mut file| file.write_all(document.as_bytes()));
            written.map_err(|error| unwritten(path, &error))?;
        }
        annotated
    }

    fn for_github(&self) -> bool {
        self.github || variable("GITHUB_ACTIONS").is_some()
    }

    /// Annotations where GitHub reads them: on the output, or on the error output where that is a JSON object.
    fn annotate(&self, told: &Told<'_>) -> Result<(), Failure> {
        for line in github::annotations(told) {
            if self.json {
                // There is nobody left to tell where the error output is closed.
                let _ = writeln!(std::io::stderr(), "{line}");
            } else {
                say!("{line}");
            }
        }
        let Some(path) = step_summary() else { return Ok(()) };
        let summary = github::summary(told);
        let written = appended(&path).and_then(|mut file| file.write_all(summary.as_bytes()));
        written.map_err(|error| unwritten(&path, &error))
    }
}

/// A path as GitHub is told it: from the root of what it checked out.
pub(in crate::cli) fn from_workspace(path: &Path) -> String {
    let within = |path: &Path| {
        let root = PathBuf::from(variable("GITHUB_WORKSPACE")?).canonicalize().ok()?;
        Some(path.canonicalize().ok()?.strip_prefix(root).ok()?.to_path_buf())
    };
    within(path).unwrap_or_else(|| path.to_path_buf()).to_string_lossy().into_owned()
}

/// The file that GitHub shows as the summary of the step.
fn step_summary() -> Option<PathBuf> {
    variable("GITHUB_STEP_SUMMARY").map(PathBuf::from)
}

fn appended(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

/// Whether a file can be written; one that was not there is not left behind.
fn writable(path: &Path) -> Result<(), Failure> {
    let existed = path.exists();
    appended(path).map_err(|error| unwritten(path, &error))?;
    if existed { Ok(()) } else { std::fs::remove_file(path).map_err(|error| unwritten(path, &error)) }
}

/// A variable that GitHub Actions sets.
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
