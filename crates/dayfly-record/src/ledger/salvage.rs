//! What is kept of a ledger whose disk took no more: whole lines, each with its hash, cut to where both are there.
//!
//! 1. What is sealed of it is the first episodes, without a gap, and all of them are on the disk.

use super::Error;
use super::checkpoint::{Checkpoint, is_due};
use super::files::Files;
use super::tree::Tree;
use crate::value::Digest;

/// What was appended since it was last known to be on its way to the disk.
#[derive(Default)]
pub(super) struct Pending {
    /// The tree of all before, and the bytes of their lines.
    settled: Tree,
    bytes: u64,
    /// Each leaf since, and the bytes of all lines up to its end.
    since: Vec<(Digest, u64)>,
}

impl Pending {
    /// All so far, which `tree` is of, was given to the disk.
    pub(super) fn settle(&mut self, tree: &Tree) {
        self.settled = tree.clone();
        self.bytes = self.end();
        self.since.clear();
    }

    /// A line of so many bytes, its newline among them, and its hash were appended.
    pub(super) fn push(&mut self, leaf: Digest, bytes: usize) {
        let end = self.end().saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        self.since.push((leaf, end));
    }

    fn end(&self) -> u64 {
        self.since.last().map_or(self.bytes, |(_, end)| *end)
    }

    /// Cut the files to what both of them have, and give them with the tree of that.
    pub(super) fn salvage(self, files: Files) -> Result<(Files, Tree), Error> {
        let Files { folder, transcripts, leaves, checkpoints, .. } = files;
        let (lines, hashes) = (transcripts.taken(), leaves.taken() / 32);
        let (settled, mut tree, mut end) = (self.settled.size(), self.settled, self.bytes);
        for (leaf, bytes) in self.since {
            // INVARIANT 1
            if bytes > lines || tree.size() >= hashes {
                break;
            }
            tree.push(leaf);
            end = bytes;
        }
        let (transcripts, leaves) = (transcripts.cut(end)?, leaves.cut(tree.size().saturating_mul(32))?);
        let whole = checkpoints.whole();
        let checkpoints = checkpoints.cut(whole)?;
        let mut files = Files { folder, transcripts, leaves, checkpoints, closed: false };
        if tree.size() > settled && is_due(tree.size()) {
            // What failed may have been this one.
            files.checkpoint(&Checkpoint::new(&tree, None))?;
        }
        Ok((files, tree))
    }
}
