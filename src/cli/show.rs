//! `dayfly show`: the episodes of a run as a table, or one of them as a story.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;

use super::failure::Failure;
use super::{Exit, say, width};
use crate::ledger::{LONGEST, regular};
use crate::report::plain;
use crate::report::show::{self, Episode, EpisodeFilter};
use crate::transcript::{Class, End};
use crate::value::json::plain_line;
use crate::value::{hint, many};

/// Show the episodes of a run as a table, or one of them as a story. A run that goes on, or was
/// killed, is shown as far as it goes.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The folder of the run.
    run: PathBuf,
    /// Ordinal of an episode, counted from 0: it is told from its beginning to its end.
    episode: Option<u64>,
    /// Only episodes with a violation of this class, by code or name.
    #[arg(long, value_name = "CLASS", value_parser = class, conflicts_with = "episode")]
    class: Option<Class>,
    /// Only episodes with this end, or whose agent left in this way: `trapped`, `steps`, `fuel`,
    /// and the like.
    #[arg(long, value_name = "END", value_parser = end, conflicts_with = "episode")]
    end: Option<String>,
    /// Print the lines of the record themselves: JSON, one line an episode.
    #[arg(long)]
    json: bool,
}

impl ShowArgs {
    pub(super) fn execute(&self) -> Result<Exit, Failure> {
        let run = self.manifest()?;
        let mut lines = TranscriptLines::open(&self.run)?;
        match self.episode {
            Some(number) => self.one(&run, number, &mut lines),
            None => self.table(&run, &mut lines),
        }
    }

    fn manifest(&self) -> Result<show::ShownManifest, Failure> {
        let path = self.run.join("manifest.json");
        let unreadable = |why: String| {
            let help = runs_in(&self.run).unwrap_or_else(|| {
                "name the folder of a run, which has `manifest.json` and `transcripts.jsonl` in it".to_owned()
            });
            Failure::input(format!("`{}` cannot be shown: {why}", self.run.display()), help)
        };
        let most = u64::try_from(LONGEST).unwrap_or(u64::MAX);
        let mut bytes = Vec::new();
        let file = regular(&path).map_err(|error| unreadable(error.to_string()))?;
        file.take(most).read_to_end(&mut bytes).map_err(|error| unreadable(error.to_string()))?;
        serde_json::from_slice(&bytes).map_err(|error| unreadable(format!("its manifest is none: {error}")))
    }

    fn one(&self, run: &show::ShownManifest, number: u64, lines: &mut TranscriptLines) -> Result<Exit, Failure> {
        #[derive(Deserialize)]
        struct Numbered {
            episode: u64,
        }
        let mut recorded = 0_u64;
        while let Some(line) = lines.next()? {
            recorded = recorded.saturating_add(1);
            let is_it = serde_json::from_slice::<Numbered>(line).is_ok_and(|found| found.episode == number);
            if is_it && self.json {
                say!("{}", plain_line(&String::from_utf8_lossy(line)));
                return Ok(Exit::Held);
            }
            if is_it {
                let episode = self.read(line, recorded)?;
                say!("{}", show::story(run, &episode, width().unwrap_or(80)).trim_end());
                return Ok(Exit::Held);
            }
        }
        let there = match recorded {
            0 => "it has none so far".to_owned(),
            1 => "it has only episode 0".to_owned(),
            _ => format!("it has {recorded}, from 0 to {}", recorded.saturating_sub(1)),
        };
        Err(Failure::nothing(format!("`{}` has no episode {number}", self.run.display()), there))
    }

    fn table(&self, run: &show::ShownManifest, lines: &mut TranscriptLines) -> Result<Exit, Failure> {
        let filter = EpisodeFilter { class: self.class, end: self.end.clone() };
        let columns = width().unwrap_or(80);
        let (mut recorded, mut shown) = (0_u64, 0_u64);
        while let Some(line) = lines.next()? {
            recorded = recorded.saturating_add(1);
            let episode = self.read(line, recorded)?;
            if !filter.holds(&episode) {
                continue;
            }
            if shown == 0 && !self.json {
                say!("{}", show::heading());
            }
            shown = shown.saturating_add(1);
            if self.json {
                say!("{}", plain_line(&String::from_utf8_lossy(line)));
            } else {
                say!("{}", show::row(&episode, columns));
            }
        }
        if !self.json {
            let of = if shown == recorded { String::new() } else { format!(" of {recorded}") };
            say!("{}", many(shown, "episode") + &of);
            if recorded < run.episodes {
                let end = if lines.is_torn { ", and a part of the next one" } else { "" };
                say!("{} were asked for: the run goes on, or it ended early{end}", run.episodes);
            }
        }
        Ok(if shown == 0 && recorded > 0 { Exit::Nothing } else { Exit::Held })
    }

    fn read(&self, line: &[u8], number: u64) -> Result<Episode, Failure> {
        serde_json::from_slice(line).map_err(|error| {
            let message =
                format!("line {number} of the transcripts in `{}` is no episode: {error}", self.run.display());
            Failure::input(message, format!("`dayfly verify {}` says what was changed", self.run.display()))
        })
    }
}

/// Complete lines of the transcripts, read one at a time: memory does not grow with the run.
struct TranscriptLines {
    reader: BufReader<File>,
    buffer: Vec<u8>,
    path: PathBuf,
    /// `true` if the last line has no end yet: it is being written, or the run was killed while it
    /// was.
    is_torn: bool,
}

impl TranscriptLines {
    fn open(run: &Path) -> Result<Self, Failure> {
        let path = run.join("transcripts.jsonl");
        let file = regular(&path).map_err(|error| unread(&path, &error))?;
        Ok(Self { reader: BufReader::new(file), buffer: Vec::new(), path, is_torn: false })
    }

    fn next(&mut self) -> Result<Option<&[u8]>, Failure> {
        self.buffer.clear();
        let most = u64::try_from(LONGEST).unwrap_or(u64::MAX).saturating_add(1);
        let read = self.reader.by_ref().take(most).read_until(b'\n', &mut self.buffer);
        read.map_err(|error| unread(&self.path, &error))?;
        let is_whole = self.buffer.pop_if(|last| *last == b'\n').is_some();
        self.is_torn = !is_whole && !self.buffer.is_empty();
        Ok(is_whole.then_some(self.buffer.as_slice()))
    }
}

/// Maximum number of runs of a folder that are named, and of its entries that are looked at.
const NAMED: usize = 12;
const LOOKED_AT: usize = 10_000;

/// Returns the help that names the runs in a folder; `None` if it has no runs.
fn runs_in(folder: &Path) -> Option<String> {
    let inside = std::fs::read_dir(folder).ok()?.take(LOOKED_AT).filter_map(Result::ok).map(|entry| entry.path());
    let mut runs: Vec<PathBuf> = inside.filter(|path| path.join("manifest.json").is_file()).collect();
    runs.sort();
    let named: Vec<String> =
        runs.iter().take(NAMED).map(|run| format!("`{}`", plain(&run.display().to_string()))).collect();
    let more =
        if runs.len() > NAMED { format!(" and {} more", runs.len().saturating_sub(NAMED)) } else { String::new() };
    (!named.is_empty()).then(|| format!("it has runs in it, pick one: {}{more}", named.join(", ")))
}

fn unread(path: &Path, error: &std::io::Error) -> Failure {
    Failure::input(format!("cannot read `{}`: {error}", path.display()), "name the folder of a run that you may read")
}

/// Parses a class of violation, from its code or its name.
fn class(text: &str) -> Result<Class, String> {
    Class::find(text).ok_or_else(|| hint(text, "there are", Class::ALL.into_iter().map(Class::name)))
}

/// Parses the end of an episode, or the way an agent leaves it.
fn end(text: &str) -> Result<String, String> {
    // Two ways in which an agent leaves that are no ends of an episode.
    let names = End::ALL.iter().map(|end| end.name()).chain(["outlived", "stopped"]);
    if names.clone().any(|name| name == text) { Ok(text.to_owned()) } else { Err(hint(text, "there are", names)) }
}
