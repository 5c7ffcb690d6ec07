//! Reading a ledger: its manifest, and one transcript after the other.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::leaf::{FORMAT, Format, OLDEST};
use super::manifest::Manifest;
use super::read::{self, Line, Lines};
use super::verify::{Verification, verify};
use super::{Error, MANIFEST, TRANSCRIPTS, content};
use crate::transcript::Transcript;
use crate::value::{Digest, json};

/// A ledger that is read. Nothing of it is believed before it is verified: [`Ledger::verify`].
#[derive(Clone, Debug)]
pub struct Ledger {
    folder: PathBuf,
    manifest: Manifest,
}

/// Transcripts of a ledger, in the order of its lines. A line that has no end yet is not among them.
///
/// Iteration ends after the first error.
pub struct Transcripts {
    path: PathBuf,
    lines: Lines,
    number: u64,
    is_over: bool,
}

/// A line of an export: what the manifest calls agent, policy and environment, and then the members of the transcript.
#[derive(Serialize)]
struct Exported<'a> {
    agent_name: &'a str,
    policy_name: &'a str,
    environment_name: &'a str,
    #[serde(flatten)]
    transcript: &'a Transcript,
}

impl Ledger {
    /// Open the ledger in `folder`, which may be that of a run that still goes on.
    ///
    /// # Errors
    ///
    /// [`Error::NotALedger`], [`Error::Format`], [`Error::Read`] where the manifest cannot be read, and [`Error::Manifest`] where it is none
    /// that this program writes.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, Error> {
        let folder = folder.as_ref().to_path_buf();
        let path = folder.join(MANIFEST);
        if !path.try_exists().unwrap_or(false) {
            return Err(Error::NotALedger { path: folder });
        }
        let bytes = read::whole(&path)?.unwrap_or_default();
        if let Ok(Format { ledger: found }) = serde_json::from_slice(&bytes)
            && !(OLDEST..=FORMAT).contains(&found)
        {
            return Err(Error::Format { path: folder, found });
        }
        let manifest = content::manifest(&bytes).map_err(|flaw| Error::Manifest { path, flaw })?;
        Ok(Self { folder, manifest })
    }

    /// Manifest of the run: agent, policy, environment, seed, and how many episodes were asked for.
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Verify the ledger, as [`verify`] does; `kept` is its root, where that was kept elsewhere.
    ///
    /// # Errors
    ///
    /// As [`verify`].
    pub fn verify(&self, kept: Option<Digest>) -> Result<Verification, Error> {
        verify(&self.folder, kept)
    }

    /// Transcripts of the run, from the first one on, in constant memory.
    ///
    /// # Errors
    ///
    /// [`Error::Read`] where there is no file that can be read.
    pub fn transcripts(&self) -> Result<Transcripts, Error> {
        let path = self.folder.join(TRANSCRIPTS);
        Ok(Transcripts { lines: Lines::open(path.clone())?, path, number: 0, is_over: false })
    }

    /// Write each transcript to `to` as a line of JSON (JSON Lines), and give their number. A line begins with `agent_name`, `policy_name` and
    /// `environment_name`, so that those of several runs can be put together; the other members are those of `transcripts.jsonl`.
    ///
    /// # Errors
    ///
    /// [`Error::Read`] and [`Error::Line`] where a transcript cannot be read, [`Error::Export`] where `to` takes no more.
    pub fn export(&self, to: &mut impl Write) -> Result<u64, Error> {
        let Manifest { agent, policy, environment, .. } = &self.manifest;
        let mut written = 0_u64;
        for transcript in self.transcripts()? {
            let line = Exported {
                agent_name: &agent.name,
                policy_name: &policy.name,
                environment_name: &environment.name,
                transcript: &transcript?,
            };
            json::write(&mut *to, &line)
                .map_err(io::Error::from)
                .and_then(|()| to.write_all(b"\n"))
                .map_err(Error::Export)?;
            written = written.saturating_add(1);
        }
        to.flush().map_err(Error::Export)?;
        Ok(written)
    }
}

impl Iterator for Transcripts {
    type Item = Result<Transcript, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let read = self.lines.next().map(|line| match line {
            Line::Whole(line) => Some(content::transcript(line)),
            Line::Long => Some(Err(super::Flaw::Unread("it is longer than a line may be".to_owned()))),
            Line::Torn(_) | Line::End => None,
        });
        self.number = self.number.saturating_add(1);
        let item = match read {
            Ok(Some(Ok(transcript))) => return Some(Ok(transcript)),
            Ok(Some(Err(flaw))) => Some(Err(Error::Line { path: self.path.clone(), line: self.number, flaw })),
            Err(error) => Some(Err(error)),
            Ok(None) => None,
        };
        self.is_over = true;
        item
    }
}
