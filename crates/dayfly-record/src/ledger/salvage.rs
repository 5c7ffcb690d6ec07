//! The recovery of a ledger after a failed write. Its files are cut to whole lines that have their hashes.
//!
//! 1. The sealed part of the run is its first episodes, without a gap, and all of them are on the disk.

use super::Error;
use super::checkpoint::{Checkpoint, is_due};
use super::files::Files;
use super::tree::Tree;
use crate::value::Digest;

/// Lines appended since everything was last handed to the disk.
#[derive(Default)]
pub(super) struct Pending {
    /// Tree of all lines before, and the number of their bytes.
    settled: Tree,
    bytes: u64,
    /// Each later leaf, and the number of bytes of all lines up to its end.
    since: Vec<(Digest, u64)>,
}

impl Pending {
    /// Notes that everything so far, which is in `tree`, was handed to the disk.
    pub(super) fn settle(&mut self, tree: &Tree) {
        self.settled = tree.clone();
        self.bytes = self.end();
        self.since.clear();
    }

    /// Notes that a line of `bytes`, its newline included, and its hash were appended.
    pub(super) fn push(&mut self, leaf: Digest, bytes: usize) {
        let end = self.end().saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        self.since.push((leaf, end));
    }

    fn end(&self) -> u64 {
        self.since.last().map_or(self.bytes, |(_, end)| *end)
    }

    /// Cuts the files to the lines that both of them have, and returns them with the tree of those lines.
    pub(super) fn salvage(self, files: Files) -> Result<(Files, Tree), Error> {
        let Files { folder, transcripts, leaves, checkpoints, signer, .. } = files;
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
        let mut files = Files { folder, transcripts, leaves, checkpoints, closed: false, signer };
        if tree.size() > settled && is_due(tree.size()) {
            // The write that failed may have been that of this checkpoint.
            files.checkpoint(&Checkpoint::new(&tree, None))?;
        }
        Ok((files, tree))
    }
}
