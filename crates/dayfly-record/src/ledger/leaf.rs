//! The sealed data: the manifest, and a line for each episode.

use serde::Deserialize;

use super::manifest::Manifest;
use super::{Error, LONGEST, tree};
use crate::transcript::Transcript;
use crate::value::{Digest, json};

/// Version of the format of the ledgers that this program writes. It also reads the older ones.
pub const FORMAT: u64 = 2;

/// Oldest version of the format that this program reads. It has no roles, no tools and no answers from outside.
pub(super) const OLDEST: u64 = 1;

/// Manifest of a run, as the bytes of `manifest.json`: leaf 0.
#[derive(Clone, Debug)]
pub struct SealedManifest {
    bytes: Vec<u8>,
    episodes: u64,
}

/// Member that the manifest has in every format.
#[derive(Deserialize)]
pub(super) struct Format {
    pub(super) ledger: u64,
}

impl SealedManifest {
    /// Seals the manifest `run`, as indented JSON.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Long`] above 512 MiB.
    pub fn new(run: &Manifest) -> Result<Self, Error> {
        let mut bytes = json::pretty(run)?.into_bytes();
        bytes.push(b'\n');
        admit(&bytes)?;
        Ok(Self { bytes, episodes: run.episodes })
    }

    /// Returns the SHA-256 digest of the file, which differs from its hash as a leaf.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }

    /// Returns the number of episodes that it asks for.
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

/// Line of `transcripts.jsonl` with its leaf hash. Hashing is the costly part of appending, so the thread that makes
/// the line does it.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// Text of the line, with its newline.
    bytes: Vec<u8>,
    leaf: Digest,
}

impl Sealed {
    /// Seals a transcript: its JSON, on one line.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Json`] when it has no JSON, and [`Error::Long`] above 512 MiB.
    pub fn of(transcript: &Transcript) -> Result<Self, Error> {
        Self::new(json::line(transcript)?)
    }

    /// Seals a line, which is the JSON object of one episode, without a newline.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Newline`] when the line contains a newline, and [`Error::Long`] above 512 MiB.
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

    /// Returns the number of bytes that the line takes among the transcripts, with its newline.
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
