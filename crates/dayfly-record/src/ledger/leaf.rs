//! What is sealed: the manifest, and a line for each episode.

use serde::Deserialize;

use super::manifest::Manifest;
use super::{Error, LONGEST, tree};
use crate::transcript::Transcript;
use crate::value::{Digest, json};

/// The format of the ledgers that this program writes. It reads the older ones too.
pub const FORMAT: u64 = 2;

/// The oldest format that this program reads: it has no roles, no tools and no answers from outside.
pub(super) const OLDEST: u64 = 1;

/// The manifest of a run, as the bytes of `manifest.json`: leaf 0.
#[derive(Clone, Debug)]
pub struct SealedManifest {
    bytes: Vec<u8>,
    episodes: u64,
}

/// What every format has in its manifest.
#[derive(Deserialize)]
pub(super) struct Format {
    pub(super) ledger: u64,
}

impl SealedManifest {
    /// What `run` is, as indented JSON.
    ///
    /// # Errors
    ///
    /// [`Error::Long`] above 512 MiB.
    pub fn new(run: &Manifest) -> Result<Self, Error> {
        let mut bytes = json::pretty(run)?.into_bytes();
        bytes.push(b'\n');
        admit(&bytes)?;
        Ok(Self { bytes, episodes: run.episodes })
    }

    /// The SHA-256 digest of the file; not its hash as a leaf.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }

    /// How many episodes it asks for.
    pub(super) const fn episodes(&self) -> u64 {
        self.episodes
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn leaf(&self) -> Digest {
        tree::leaf(&self.bytes)
    }
}

/// A line of `transcripts.jsonl` with its leaf hash: the costly part of appending, for the thread that made the line.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// The line and its newline.
    bytes: Vec<u8>,
    leaf: Digest,
}

impl Sealed {
    /// Seal a transcript: its JSON, on one line.
    ///
    /// # Errors
    ///
    /// [`Error::Json`] where it has none, [`Error::Long`] above 512 MiB.
    pub fn of(transcript: &Transcript) -> Result<Self, Error> {
        Self::new(json::line(transcript)?)
    }

    /// Seal a line, which is the JSON object of one episode, without a newline.
    ///
    /// # Errors
    ///
    /// [`Error::Newline`] where there is one inside, [`Error::Long`] above 512 MiB.
    pub fn new(mut line: Vec<u8>) -> Result<Self, Error> {
        if line.contains(&b'\n') {
            return Err(Error::Newline);
        }
        admit(&line)?;
        // INVARIANT 1: the hash is that of these bytes, and neither can be set alone.
        let leaf = tree::leaf(&line);
        line.push(b'\n');
        Ok(Self { bytes: line, leaf })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) const fn leaf(&self) -> Digest {
        self.leaf
    }

    /// The bytes that it takes among the transcripts, its newline among them.
    pub fn length(&self) -> u64 {
        u64::try_from(self.bytes.len()).unwrap_or(u64::MAX)
    }
}

fn admit(bytes: &[u8]) -> Result<(), Error> {
    if bytes.len() > LONGEST { Err(Error::Long { bytes: bytes.len() }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_says_its_format_first() {
        let manifest = SealedManifest::new(&super::super::tests::described(3)).unwrap();
        assert!(manifest.bytes().starts_with(b"{\n  \"ledger\": 2,\n  \"dayfly\": "));
        assert_eq!(manifest.digest(), Digest::of(manifest.bytes()));
        assert_eq!(manifest.episodes(), 3);
    }

    #[test]
    fn a_line_is_one_line() {
        assert!(matches!(Sealed::new(b"{}\n{}".to_vec()), Err(Error::Newline)));
        assert!(matches!(Sealed::new(b"{}\n".to_vec()), Err(Error::Newline)));
        assert_eq!(Sealed::new(b"{}".to_vec()).unwrap().leaf(), tree::leaf(b"{}"));
    }

    #[test]
    fn a_line_or_a_manifest_is_bounded() {
        let manifest =
            SealedManifest::new(&Manifest { task: Some(" ".repeat(LONGEST)), ..super::super::tests::described(3) });
        assert!(matches!(manifest, Err(Error::Long { .. })));
        assert!(Sealed::new(vec![b' '; LONGEST]).is_ok());
        assert!(matches!(Sealed::new(vec![b' '; LONGEST + 1]), Err(Error::Long { .. })));
    }
}
