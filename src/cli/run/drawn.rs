//! Picture of a run: `dayfly run --svg`.

use std::path::Path;

use crate::cli::failure::Failure;
use crate::cli::find;
use crate::ledger::Manifest;
use crate::report::picture::{EpisodeRow, ROWS, picture};
use crate::transcript::Transcript;
use crate::value::many;

/// Rows of the first episodes of a run.
#[derive(Default)]
pub(super) struct DrawnEpisodes(Vec<EpisodeRow>);

impl DrawnEpisodes {
    pub(super) fn see(&mut self, transcript: &Transcript) {
        if transcript.header.episode < ROWS {
            self.0.push(EpisodeRow::of(transcript));
        }
    }

    /// Writes the picture of the first episodes, for a run that recorded `recorded` episodes.
    pub(super) fn write(self, path: &Path, manifest: &Manifest, recorded: u64) -> Result<(), Failure> {
        let Self(rows) = self;
        let drawn = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let of = if drawn < recorded { format!("the first {drawn} of ") } else { String::new() };
        let title = format!(
            "{} in {} under {}: {of}{}",
            manifest.agents(),
            manifest.environment.name,
            manifest.policy.name,
            many(recorded, "episode")
        );
        find::write_text("picture", path, &picture(&title, &rows))
    }
}
