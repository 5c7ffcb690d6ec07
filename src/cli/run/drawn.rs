//! The picture of a run: `dayfly run --svg`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::cli::failure::Failure;
use crate::cli::find;
use crate::ledger::Run;
use crate::report::picture::{ROWS, Row, picture};
use crate::transcript::Transcript;
use crate::value::many;

/// The first episodes of a run, in whatever order they were lived.
#[derive(Default)]
pub(super) struct Drawn(Mutex<BTreeMap<u64, Row>>);

impl Drawn {
    pub(super) fn see(&self, transcript: &Transcript) {
        if transcript.header.episode < ROWS {
            let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            rows.insert(transcript.header.episode, Row::of(transcript));
        }
    }

    /// Write the picture of those that were recorded: the first so many.
    pub(super) fn write(self, path: &Path, manifest: &Run, recorded: u64) -> Result<(), Failure> {
        let mut rows = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        rows.retain(|episode, _| *episode < recorded);
        let drawn = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let of = if drawn < recorded { format!("the first {drawn} of ") } else { String::new() };
        let title = format!(
            "{} in {} under {}: {of}{}",
            manifest.agent.name,
            manifest.environment.name,
            manifest.policy.name,
            many(recorded, "episode")
        );
        let rows: Vec<Row> = rows.into_values().collect();
        find::write_text("picture", path, &picture(&title, &rows))
    }
}
