//! Where the outcome of a suite goes: people, machines, files.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use super::super::failure::Failure;
use super::super::{say, width};
use super::Test;
use crate::report::suite::{Told, github, json, junit, text};

impl Test {
    /// Tell it to everyone who asked.
    pub(super) fn tell(&self, told: &Told<'_>) -> Result<(), Failure> {
        if let Some(path) = &self.junit {
            let document = junit::document(told).map_err(|error| Failure::host(&error))?;
            let written = File::create(path).and_then(|mut file| file.write_all(document.as_bytes()));
            written.map_err(|error| unwritten(path, &error))?;
        }
        if self.json {
            let object =
                serde_json::to_string_pretty(&json::Suite::new(told)).map_err(|error| Failure::host(&error))?;
            say!("{object}");
        } else {
            say!("{}", text::summary(told, width().unwrap_or(80)).map_err(|error| Failure::host(&error))?.trim_end());
        }
        if self.github || variable("GITHUB_ACTIONS").is_some() {
            self.annotate(told)?;
        }
        Ok(())
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
        let Some(path) = variable("GITHUB_STEP_SUMMARY") else { return Ok(()) };
        let summary = github::summary(told).map_err(|error| Failure::host(&error))?;
        let path = Path::new(&path);
        let file = OpenOptions::new().append(true).create(true).open(path);
        file.and_then(|mut file| file.write_all(summary.as_bytes())).map_err(|error| unwritten(path, &error))
    }
}

/// A variable that GitHub Actions sets.
#[expect(
    clippy::disallowed_methods,
    reason = "this is how GitHub Actions says where it listens; no verdict depends on it"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    let message = format!("cannot write `{}`: {error}", path.display());
    Failure::input(message, "name a file in a folder that you may write to")
}
