//! Hashes against checkpoints: which of them vouch for what.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::checkpoint::{Checkpoint, Checkpoints};
use super::finding::{Finding, Findings};
use super::read::Leaves;
use super::tree::Tree;
use super::{Error, Reason};
use crate::value::Digest;

/// What hashes and checkpoints say of each other.
pub(super) enum Agreement {
    /// The last checkpoint vouches for the hashes, so that those which do not are themselves wrong.
    Full { edited: Vec<Finding> },
    /// There are fewer hashes than the last checkpoint vouches for, and the others agree.
    Short,
    /// The checkpoint on this line does not agree with these leaves, for which none before it vouches.
    Dispute { line: u64, leaves: Range<u64> },
}

impl Agreement {
    /// Of `leaves.bin`.
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
                    // It is outside the seal: nothing else is accused for it.
                    edited.push(Finding::Vouched);
                    continue;
                };
                if let Some(sealed) = checkpoint.sealed(&tree) {
                    (agrees, vouched) = (true, tree.size());
                    edited.push(Finding::Reason { line, sealed });
                    continue;
                }
                edited.push(Finding::Checkpoint { line });
                // Another checkpoint may vouch for the same leaves.
                if vouched < tree.size() {
                    agrees = false;
                    dispute.get_or_insert((line, vouched..tree.size()));
                }
            }
            // What no checkpoint vouches for says nothing of those: there may be any number of them.
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

    /// Whether nothing is wrong with either.
    pub(super) const fn is_clean(&self) -> bool {
        matches!(self, Self::Full { edited } if edited.is_empty())
    }
}

/// Find out what the checkpoints were before their sizes or reasons were changed: a root is that of one number of leaves alone. Those
/// whose root is of none stay as they are. No more than `most` leaves are looked at.
pub(super) fn mend(
    checkpoints: &mut Checkpoints,
    leaves: &mut Leaves,
    most: u64,
    findings: &mut Findings,
) -> Result<(), Error> {
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
        // The last one alone can be a close.
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
    Ok(())
}

/// Put back what was sealed, and say what was changed.
fn restore(line: u64, checkpoint: &mut Checkpoint, mended: Checkpoint, findings: &mut Findings) {
    match (checkpoint.closed, mended.closed) {
        (one, other) if one == other && checkpoint.size() == mended.size() => {}
        (one, other) if one == other => findings.push(Finding::Size { line, sealed: mended.size() }),
        (_, Some(sealed)) => findings.push(Finding::Reason { line, sealed }),
        (_, None) => findings.push(Finding::Checkpoint { line }),
    }
    *checkpoint = mended;
}

/// The roots of the checkpoints that do not vouch for as many leaves as they say.
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
