//! What is sealed: the manifest, and a line for each episode.

use serde::{Deserialize, Serialize};

use super::{Error, LONGEST, tree};
use crate::value::Digest;

/// The format of ledgers that this program writes and reads.
pub(super) const FORMAT: u64 = 1;

/// The manifest of a run, as the bytes of `manifest.json`: leaf 0.
#[derive(Clone, Debug)]
pub struct Manifest {
    bytes: Vec<u8>,
    episodes: u64,
}

#[derive(Serialize)]
struct Versioned<'a, T> {
    ledger: u64,
    #[serde(flatten)]
    run: &'a T,
}

/// What every format has in its manifest.
#[derive(Deserialize)]
pub(super) struct Format {
    pub(super) ledger: u64,
}

/// What this format has in its manifest.
#[derive(Deserialize)]
pub(super) struct Asked {
    /// How many episodes were asked for.
    pub(super) episodes: u64,
}

impl Manifest {
    /// The fields of `run` as indented JSON, after the field `ledger`, which is the format of the ledger and must not be among
    /// them. One of them is `episodes`: how many are asked for.
    ///
    /// # Errors
    ///
    /// [`Error::Json`] where `run` is not a JSON object or has no `episodes`, [`Error::Long`] above 512 MiB.
    pub fn new(run: &impl Serialize) -> Result<Self, Error> {
        let mut bytes = serde_json::to_vec_pretty(&Versioned { ledger: FORMAT, run })?;
        bytes.push(b'\n');
        admit(&bytes)?;
        let Asked { episodes } = serde_json::from_slice(&bytes)?;
        Ok(Self { bytes, episodes })
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

    /// The bytes that it takes among the transcripts.
    pub fn size(&self) -> u64 {
        u64::try_from(self.bytes.len()).unwrap_or(u64::MAX)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) const fn leaf(&self) -> Digest {
        self.leaf
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
        let manifest = Manifest::new(&serde_json::json!({ "agent": "honest", "episodes": 3 })).unwrap();
        assert_eq!(manifest.bytes(), b"{\n  \"ledger\": 1,\n  \"agent\": \"honest\",\n  \"episodes\": 3\n}\n");
        assert_eq!(manifest.digest(), Digest::of(manifest.bytes()));
        assert!(matches!(Manifest::new(&7), Err(Error::Json(_))));
        assert!(matches!(Manifest::new(&serde_json::json!({ "agent": "honest" })), Err(Error::Json(_))));
    }

    #[test]
    fn a_line_is_one_line() {
        assert!(matches!(Sealed::new(b"{}\n{}".to_vec()), Err(Error::Newline)));
        assert!(matches!(Sealed::new(b"{}\n".to_vec()), Err(Error::Newline)));
        assert_eq!(Sealed::new(b"{}".to_vec()).unwrap().leaf(), tree::leaf(b"{}"));
    }

    #[test]
    fn a_line_or_a_manifest_is_bounded() {
        let manifest = Manifest::new(&serde_json::json!({ "agent": " ".repeat(LONGEST), "episodes": 3 }));
        assert!(matches!(manifest, Err(Error::Long { .. })));
        assert!(Sealed::new(vec![b' '; LONGEST]).is_ok());
        assert!(matches!(Sealed::new(vec![b' '; LONGEST + 1]), Err(Error::Long { .. })));
    }
}
