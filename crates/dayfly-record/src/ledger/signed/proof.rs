//! Proofs that a leaf is in a run that was signed: the file format `c2sp.org/tlog-proof@v1`.
//!
//! ```text
//!            root                 leaf 2 of 5: its path is [d, e, f]
//!          /      \
//!         o        f              H(H(e, H(leaf, d)), f) = root
//!       /   \
//!      e     o
//!     / \   / \
//!    0   1 2   d   4
//! ```

use std::fmt;
use std::path::Path;

use serde::Deserialize;

use super::super::read::{Leaves, Line, Lines, whole};
use super::super::tree::{Tree, branch, leaf as hashed};
use super::super::{Error, MANIFEST, Reason, TRANSCRIPTS};
use super::CHECKPOINT_NOTE;
use super::compare::{Standing, standing};
use super::key::VerifyingKey;
use super::note::{LONGEST_NOTE, Note, SignatureState};
use super::texts::{SignedHead, base64, digest};
use crate::value::{Digest, many};

const MAGIC: &str = "c2sp.org/tlog-proof@v1";

/// Proof that a leaf is in a run whose head is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    index: u64,
    /// Hashes beside the way from the leaf to the root, from below.
    path: Vec<Digest>,
    /// Signed checkpoint, as it stands in `checkpoint.note`.
    note: String,
}

/// Leaf of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProvedLeaf {
    /// The manifest.
    Manifest,
    /// The episode with this ordinal.
    Episode(u64),
    /// The close, after which nothing follows.
    Close,
}

/// Result of a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proved {
    /// Leaf that the run has.
    pub leaf: ProvedLeaf,
    /// Head of the run, which was signed.
    pub head: SignedHead,
}

/// Error returned when nothing can be proved.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// The run is not signed.
    #[error("the run is not signed")]
    Unsigned,
    /// The record is not the one that was signed.
    #[error("the record is not what was signed")]
    Differs,
    /// The signed part of the run has no such episode.
    #[error("no episode {episode} was signed: there are {}", many(*.episodes, "episode"))]
    NoEpisode {
        /// Ordinal that was asked for.
        episode: u64,
        /// Number of episodes that were signed.
        episodes: u64,
    },
    /// The close was not signed.
    #[error("the close was not signed")]
    NotClosed,
    /// A file could not be read.
    #[error(transparent)]
    Ledger(#[from] Error),
}

impl ProofError {
    /// Returns the remedy.
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Unsigned => "a run is signed while it is recorded: `dayfly run --sign release.key`",
            Self::Differs => "`dayfly verify RUN` says what was changed",
            Self::NoEpisode { .. } => "episodes are counted from 0",
            Self::NotClosed => "prove an episode of it, or wait until the run is closed",
            Self::Ledger(error) => error.help(),
        }
    }
}

/// Reason for which a proof shows nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProofFlaw {
    /// The checkpoint in the proof is not signed by the key, but by others.
    ByOther(Vec<String>),
    /// The signature is not of the checkpoint in the proof.
    Spoilt,
    /// The path does not lead from the leaf to the root.
    Path,
    /// The leaf says that it is another one, or of another run.
    Says,
}

impl Proof {
    /// Reads a proof. Returns `None` if it is not written as this program writes one.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= LONGEST_NOTE)?;
        let (proof, note) = text.split_once("\n\n")?;
        let mut lines = proof.split('\n');
        if lines.next() != Some(MAGIC) {
            return None;
        }
        let index = lines.next()?.strip_prefix("index ")?.parse().ok()?;
        let path = lines.map(digest).collect::<Option<_>>()?;
        SignedHead::of_note(note.as_bytes())?;
        Some(Self { index, path, note: note.to_owned() }).filter(|proof| proof.to_string() == text)
    }

    /// Checks that `key` signed a run that has this leaf: a line of `transcripts.jsonl` without its newline, the
    /// manifest, or the close.
    ///
    /// # Errors
    ///
    /// Returns [`ProofFlaw`] when it shows nothing.
    pub fn check(&self, leaf: &[u8], key: &VerifyingKey) -> Result<Proved, ProofFlaw> {
        let note = Note::parse(self.note.as_bytes()).map_err(|_| ProofFlaw::Spoilt)?;
        match note.signed_by(key) {
            SignatureState::Good => {}
            SignatureState::Bad => return Err(ProofFlaw::Spoilt),
            SignatureState::None => return Err(ProofFlaw::ByOther(note.names())),
        }
        let head = SignedHead::read(note.text).filter(|head| head.name == key.name()).ok_or(ProofFlaw::Spoilt)?;
        if root(self.index, head.size, hashed(leaf), &self.path) != Some(head.root) {
            return Err(ProofFlaw::Path);
        }
        let leaf = said(leaf, self.index, &head).ok_or(ProofFlaw::Says)?;
        Ok(Proved { leaf, head })
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{MAGIC}\nindex {}", self.index)?;
        self.path.iter().try_for_each(|hash| writeln!(f, "{}", base64(hash)))?;
        write!(f, "\n{}", self.note)
    }
}

/// Returns the leaf that has this index, if it says the same.
fn said(leaf: &[u8], index: u64, head: &SignedHead) -> Option<ProvedLeaf> {
    #[derive(Deserialize)]
    struct Said {
        episode: u64,
        run: Digest,
    }
    if index == 0 {
        return (Digest::of(leaf) == head.run).then_some(ProvedLeaf::Manifest);
    }
    if index == head.size.saturating_sub(1) && Reason::ALL.iter().any(|reason| reason.leaf() == leaf) {
        return Some(ProvedLeaf::Close);
    }
    let Said { episode, run } = serde_json::from_slice(leaf).ok()?;
    (run == head.run && Some(episode) == index.checked_sub(1)).then_some(ProvedLeaf::Episode(episode))
}

/// Proves a leaf of the run in `folder`. Returns the proof and the bytes of the leaf.
///
/// # Errors
///
/// Returns [`ProofError`] when the leaf is not there, not signed, or not what was signed.
pub fn prove(folder: &Path, leaf: ProvedLeaf) -> Result<(Proof, Vec<u8>), ProofError> {
    let path = folder.join(CHECKPOINT_NOTE);
    if !path.exists() {
        return Err(ProofError::Unsigned);
    }
    let note = whole(&path)?.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or(ProofError::Differs)?;
    let head = SignedHead::of_note(note.as_bytes()).ok_or(ProofError::Differs)?;
    let close = match standing(folder, head.size, head.root)? {
        Standing::Close(reason) => Some(reason),
        Standing::Prefix => None,
        Standing::Beyond { .. } | Standing::Other => return Err(ProofError::Differs),
    };
    let before = head.size.saturating_sub(u64::from(close.is_some()));
    let (index, bytes) = match leaf {
        ProvedLeaf::Manifest => (0, whole(&folder.join(MANIFEST))?.ok_or(ProofError::Differs)?),
        ProvedLeaf::Episode(episode) => {
            let episodes = before.saturating_sub(1);
            if episode >= episodes {
                return Err(ProofError::NoEpisode { episode, episodes });
            }
            (episode.saturating_add(1), line(folder, episode)?.ok_or(ProofError::Differs)?)
        }
        ProvedLeaf::Close => (before, close.ok_or(ProofError::NotClosed)?.leaf()),
    };
    let mut leaves = Leaves::open(folder)?;
    let mut hash = |index: u64| match (leaves.get(index)?, close) {
        (_, Some(reason)) if index == before => Ok(hashed(&reason.leaf())),
        (Some(leaf), _) => Ok(leaf),
        (None, _) => Err(ProofError::Differs),
    };
    let proof = Proof { index, path: beside(index, head.size, &mut hash)?, note };
    if root(index, head.size, hashed(&bytes), &proof.path) != Some(head.root)
        || said(&bytes, index, &head) != Some(leaf)
    {
        return Err(ProofError::Differs);
    }
    Ok((proof, bytes))
}

/// Returns the line of an episode.
fn line(folder: &Path, episode: u64) -> Result<Option<Vec<u8>>, Error> {
    let mut lines = Lines::open(folder.join(TRANSCRIPTS))?;
    for _ in 0..episode {
        if matches!(lines.next()?, Line::End) {
            return Ok(None);
        }
    }
    Ok(match lines.next()? {
        Line::Whole(line) => Some(line.to_vec()),
        Line::Long | Line::Torn(_) | Line::End => None,
    })
}

/// Returns the hashes beside the way from a leaf to the root, from below (RFC 6962, section 2.1.1). Each leaf is asked
/// for once.
fn beside<E>(index: u64, size: u64, leaf: &mut impl FnMut(u64) -> Result<Digest, E>) -> Result<Vec<Digest>, E> {
    let (mut start, mut end, mut path) = (0, size, Vec::new());
    while end - start > 1 {
        let middle = start + (end - start).next_power_of_two() / 2;
        let other = if index < middle { middle..end } else { start..middle };
        (start, end) = if index < middle { (start, middle) } else { (middle, end) };
        let mut tree = Tree::default();
        for index in other {
            tree.push(leaf(index)?);
        }
        path.push(tree.root());
    }
    path.reverse();
    Ok(path)
}

/// Returns the root that a path leads to, or `None` if it has another length (RFC 9162, section 2.1.3.2).
fn root(index: u64, size: u64, leaf: Digest, path: &[Digest]) -> Option<Digest> {
    let mut last = size.checked_sub(1).filter(|last| index <= *last)?;
    let (mut at, mut node) = (index, leaf);
    for other in path {
        if last == 0 {
            return None;
        }
        if at % 2 == 1 || at == last {
            node = branch(other, &node);
            while at.is_multiple_of(2) && at != 0 {
                (at, last) = (at / 2, last / 2);
            }
        } else {
            node = branch(&node, other);
        }
        (at, last) = (at / 2, last / 2);
    }
    (last == 0).then_some(node)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_leaf_of_every_tree_has_a_path_to_its_root_and_to_no_other_place() {
        for size in 1..40_u64 {
            let leaves: Vec<Digest> = (0..size).map(|index| hashed(&index.to_le_bytes())).collect();
            let mut tree = Tree::default();
            leaves.iter().copied().for_each(|leaf| tree.push(leaf));
            for index in 0..size {
                let at = |index: u64| usize::try_from(index).unwrap();
                let path = beside(index, size, &mut |index| Ok::<_, Error>(leaves[at(index)])).unwrap();
                for place in 0..size {
                    let leads = root(place, size, leaves[at(index)], &path) == Some(tree.root());
                    assert_eq!(leads, place == index, "{index} of {size} at {place}");
                }
                let longer = [path.as_slice(), &[tree.root()]].concat();
                assert_eq!(root(index, size, leaves[at(index)], &longer), None);
                assert_eq!(root(size, size, leaves[at(index)], &path), None);
            }
        }
    }
}
