//! The comparison of hashes with checkpoints.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::checkpoint::{Checkpoint, Checkpoints};
use super::finding::{Finding, Findings};
use super::read::Leaves;
use super::tree::Tree;
use super::{Error, Reason};
use crate::value::Digest;

/// Result of comparing hashes with checkpoints.
pub(super) enum Agreement {
    /// The last checkpoint vouches for the hashes. Checkpoints that disagree were themselves edited.
    Full { edited: Vec<Finding> },
    /// There are fewer hashes than the last checkpoint vouches for, and those present agree with it.
    Short,
    /// The checkpoint on this line disagrees with these leaves, for which no checkpoint before it vouches.
    Dispute { line: u64, leaves: Range<u64> },
}

impl Agreement {
    /// Compares the hashes of `leaves.bin` with the checkpoints.
    pub(super) fn of_leaves(checkpoints: &Checkpoints, leaves: &mut Leaves) -> Result<Self, Error> {
        let mut index = 0..;
        Self::of(checkpoints, || index.next().map_or(Ok(None), |index| leaves.get(index)))
    }

    pub(super) fn of(
        checkpoints: &Checkpoints,
        mut next: impl FnMut() -> Result<Option<Digest>, Error>,
    ) -> Result<Self, Error> {
        let mut tree = Tree::default();
        let mut ahead = checkpoints.iter().peekable();
        let (mut edited, mut dispute, mut vouched, mut agrees) = (Vec::new(), None, 0, true);
        loop {
            while let Some((line, checkpoint)) = ahead.next_if(|(_, checkpoint)| checkpoint.leaves() == tree.size()) {
                if checkpoint.is_of(&tree) {
                    (agrees, vouched) = (true, tree.size());
                    continue;
                }
                let Some(line) = line else {
                    // This checkpoint lies outside the seal, so no other file is blamed for it.
                    edited.push(Finding::Vouched);
                    continue;
                };
                if let Some(sealed) = checkpoint.sealed(&tree) {
                    (agrees, vouched) = (true, tree.size());
                    edited.push(Finding::Reason { line, sealed });
                    continue;
                }
                edited.push(Finding::Checkpoint { line });
                // A later checkpoint may vouch for the same leaves.
                if vouched < tree.size() {
                    agrees = false;
                    dispute.get_or_insert((line, vouched..tree.size()));
                }
            }
            // Leaves after the last checkpoint have no part in the comparison, and there may be any number of them.
            if ahead.peek().is_none() {
                break;
            }
            let Some(leaf) = next()? else { break };
            tree.push(leaf);
        }
        Ok(match dispute {
            _ if ahead.peek().is_none() && agrees => Self::Full { edited },
            Some((line, leaves)) => Self::Dispute { line, leaves },
            None => Self::Short,
        })
    }

    /// Returns `true` if neither the hashes nor the checkpoints have a fault.
    pub(super) const fn is_clean(&self) -> bool {
        matches!(self, Self::Full { edited } if edited.is_empty())
    }
}

/// Finds the original sizes and reasons of edited checkpoints, since a root belongs to one number of leaves only. A
/// checkpoint whose root belongs to no number of leaves stays as it is, and its root is returned. At most `most`
/// leaves are hashed.
pub(super) fn mend(
    checkpoints: &mut Checkpoints,
    leaves: &mut Leaves,
    most: u64,
    findings: &mut Findings,
) -> Result<BTreeSet<Digest>, Error> {
    let mut wrong = unvouched(checkpoints, leaves, most)?;
    let mut tree = Tree::default();
    let closes = checkpoints.list.last().map(|(_, last)| last.root());
    let mut sealed = BTreeMap::new();
    while !wrong.is_empty() && tree.size() < most {
        let Some(leaf) = leaves.get(tree.size())? else { break };
        tree.push(leaf);
        let root = tree.root();
        if wrong.remove(&root) {
            sealed.insert(root, (tree.size(), None));
        }
        // Only the last checkpoint can be a close.
        if let Some(last) = closes.filter(|last| wrong.contains(last))
            && let Some(reason) = Reason::ALL.into_iter().find(|reason| reason.close(&tree) == last)
        {
            wrong.remove(&last);
            sealed.insert(last, (tree.size(), Some(reason)));
        }
    }
    for (line, checkpoint) in &mut checkpoints.list {
        let Some((leaves, reason)) = sealed.get(&checkpoint.root()) else { continue };
        restore(*line, checkpoint, checkpoint.mended(*leaves, *reason), findings);
    }
    if checkpoints.between.as_ref().is_some_and(|between| sealed.contains_key(&between.root())) {
        checkpoints.between = None;
        findings.push(Finding::Vouched);
    }
    Ok(wrong)
}

/// Restores the sealed checkpoint, and notes the edit.
fn restore(line: u64, checkpoint: &mut Checkpoint, mended: Checkpoint, findings: &mut Findings) {
    match (checkpoint.closed, mended.closed) {
        (one, other) if one == other && checkpoint.size() == mended.size() => {}
        (one, other) if one == other => findings.push(Finding::Size { line, sealed: mended.size() }),
        (_, Some(sealed)) => findings.push(Finding::Reason { line, sealed }),
        (_, None) => findings.push(Finding::Checkpoint { line }),
    }
    *checkpoint = mended;
}

/// Returns the roots of the checkpoints that do not vouch for the number of leaves they claim.
fn unvouched(checkpoints: &Checkpoints, leaves: &mut Leaves, most: u64) -> Result<BTreeSet<Digest>, Error> {
    let mut order: Vec<&Checkpoint> = checkpoints.iter().map(|(_, checkpoint)| checkpoint).collect();
    order.sort_by_key(|checkpoint| checkpoint.leaves());
    let mut tree = Tree::default();
    let mut wrong = BTreeSet::new();
    for checkpoint in order {
        while tree.size() < checkpoint.leaves().min(most) {
            let Some(leaf) = leaves.get(tree.size())? else { break };
            tree.push(leaf);
        }
        if tree.size() != checkpoint.leaves() || !checkpoint.is_of(&tree) {
            wrong.insert(checkpoint.root());
        }
    }
    Ok(wrong)
}
