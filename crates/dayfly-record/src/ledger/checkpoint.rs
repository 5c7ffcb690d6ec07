//! Checkpoints, each of which vouches for all leaves before it.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::finding::{Finding, Findings};
use super::read::{Line, Lines, beside};
use super::tree::{self, Tree};
use super::{CHECKPOINTS, Error, VOUCHED};
use crate::value::Digest;

/// Size and root of a ledger, up to some leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Number of episodes.
    pub episodes: u64,
    /// Number of leaves: the manifest, the episodes, and the close where the ledger is closed.
    pub size: u64,
    /// Root of the tree of the leaves.
    pub root: Digest,
}

/// Reason for which a run was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Every episode was run.
    Completed,
    /// The operator cancelled the run.
    Cancelled,
    /// The policy answered a violation with `quarantine`.
    Quarantined,
    /// The host could not go on.
    Aborted,
    /// The next transcript would have exceeded the number of bytes that the policy allows a run.
    Full,
}

impl Reason {
    /// All reasons.
    pub(super) const ALL: [Self; 5] = [Self::Completed, Self::Cancelled, Self::Quarantined, Self::Aborted, Self::Full];

    /// Returns the name of the reason in reports and records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Quarantined => "quarantined",
            Self::Aborted => "aborted",
            Self::Full => "full",
        }
    }

    /// Returns `true` if a run of `asked` episodes can be closed for this reason after `episodes`.
    pub(super) const fn admits(self, episodes: u64, asked: u64) -> bool {
        match self {
            Self::Completed => episodes == asked,
            Self::Cancelled | Self::Quarantined | Self::Aborted => episodes <= asked,
            Self::Full => episodes < asked,
        }
    }

    /// Returns the root of a closed run. Its leaves are those of `tree`, and the close.
    ///
    /// The close is a JSON object, like the other leaves. It has other fields than an episode, so it cannot be taken
    /// for one.
    pub(super) fn close(self, tree: &Tree) -> Digest {
        let mut closed = tree.clone();
        // INVARIANT 5
        closed.push(tree::leaf(&self.leaf()));
        closed.root()
    }

    /// Returns the bytes of the close.
    pub(super) fn leaf(self) -> Vec<u8> {
        format!(r#"{{"closed":"{}"}}"#, self.name()).into_bytes()
    }
}

/// Line of `checkpoints.jsonl`. It has these fields and no other, since nothing vouches for further fields.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Checkpoint {
    /// Number of leaves, the close included.
    size: u64,
    root: Digest,
    /// Reason for the close; null, never absent, while the run goes on.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(super) closed: Option<Reason>,
}

impl Checkpoint {
    /// Returns the checkpoint of `tree`, which closes it if there is a reason.
    pub(super) fn new(tree: &Tree, closed: Option<Reason>) -> Self {
        let (size, root) = closed
            .map_or_else(|| (tree.size(), tree.root()), |reason| (tree.size().saturating_add(1), reason.close(tree)));
        Self { size, root, closed }
    }

    /// Returns the number of leaves before the close that it vouches for: the manifest and the episodes.
    pub(super) const fn leaves(&self) -> u64 {
        self.size.saturating_sub(if self.closed.is_some() { 1 } else { 0 })
    }

    pub(super) const fn head(&self) -> Head {
        Head { episodes: self.leaves().saturating_sub(1), size: self.size, root: self.root }
    }

    /// Returns the checkpoint with the same root, for this number of leaves before the close and this reason.
    pub(super) const fn mended(&self, leaves: u64, closed: Option<Reason>) -> Self {
        let size = leaves.saturating_add(if closed.is_some() { 1 } else { 0 });
        Self { size, root: self.root, closed }
    }

    pub(super) const fn root(&self) -> Digest {
        self.root
    }

    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// Returns `true` if its root is that of `tree`.
    pub(super) fn is_of(&self, tree: &Tree) -> bool {
        self.root == Self::new(tree, self.closed).root
    }

    /// Returns `true` if it can come after `before`.
    fn follows(&self, before: Option<&Self>) -> bool {
        let least = match before {
            None => 1,
            // INVARIANT 4
            Some(Self { closed: Some(_), .. }) => return false,
            Some(before) if self.closed.is_some() => before.leaves(),
            Some(before) => before.leaves().saturating_add(1),
        };
        self.leaves() >= least
    }

    /// Returns the sealed reason for the close, or `None` if the root belongs to no reason.
    pub(super) fn sealed(&self, tree: &Tree) -> Option<Reason> {
        self.closed?;
        Reason::ALL.into_iter().find(|reason| self.root == reason.close(tree))
    }
}

/// Returns `true` if a checkpoint is due: after 1, 2, 4, 8 leaves and so on, and from 4096 on after every 4096. The
/// clock has no influence, so equal runs have equal records.
pub(super) const fn is_due(leaves: u64) -> bool {
    leaves.is_multiple_of(INTERVAL) || (leaves < INTERVAL && leaves.is_power_of_two())
}

const INTERVAL: u64 = 4096;

/// Checkpoints of a ledger, in order, each with the number of its line, counted from 1.
///
/// Their sizes grow, except that the last one may close the run without a new leaf.
#[derive(Default)]
pub(super) struct Checkpoints {
    pub(super) list: Vec<(u64, Checkpoint)>,
    /// Checkpoint outside the list, from some seconds before the run was stopped.
    pub(super) between: Option<Checkpoint>,
}

/// Extent of the lines of a ledger.
#[derive(Clone, Copy)]
pub(super) enum Extent {
    /// Exactly this many episodes.
    Closed(u64),
    /// At least this many episodes.
    Open(u64),
}

impl Extent {
    /// Returns `true` if an episode can have this ordinal.
    pub(super) const fn admits(self, episode: u64) -> bool {
        match self {
            Self::Closed(episodes) => episode < episodes,
            Self::Open(_) => true,
        }
    }
}

/// Reads a checkpoint, if it is written as this program writes it.
pub(super) fn read(line: &[u8]) -> Option<Checkpoint> {
    let checkpoint: Checkpoint = serde_json::from_slice(line).ok()?;
    let again = serde_json::to_vec(&checkpoint).ok()?;
    (again == line).then_some(checkpoint)
}

impl Checkpoints {
    /// Maximum number of checkpoints: enough for four thousand million episodes.
    const MOST: usize = 1 << 20;

    /// Reads the checkpoints, in whatever order, and notes the lines that are not checkpoints.
    pub(super) fn read(folder: &Path, findings: &mut Findings) -> Result<Self, Error> {
        let mut lines = Lines::open(folder.join(CHECKPOINTS))?;
        let mut checkpoints = Self::default();
        for number in 1.. {
            let line = match lines.next()? {
                Line::End => break,
                // A last newline was edited, not cut off.
                Line::Torn([line @ .., _]) if read(line).is_some() => {
                    findings.push(Finding::Checkpoint { line: number });
                    checkpoints.list.extend(read(line).map(|checkpoint| (number, checkpoint)));
                    break;
                }
                Line::Torn(_) if checkpoints.closed().is_none() => {
                    findings.push(Finding::CheckpointCut { line: number });
                    break;
                }
                Line::Whole(line) => read(line),
                Line::Torn(_) | Line::Long => None,
            };
            match line {
                Some(checkpoint) if checkpoints.list.len() < Self::MOST => checkpoints.list.push((number, checkpoint)),
                _ => findings.push(Finding::Checkpoint { line: number }),
            }
        }
        if let Some(bytes) = beside(&folder.join(VOUCHED))? {
            let between = bytes.strip_suffix(b"\n").and_then(read);
            checkpoints.between = between.filter(|between| between.closed.is_none() && between.size > 0);
            if checkpoints.between.is_none() {
                findings.push(Finding::Vouched);
            }
        }
        Ok(checkpoints)
    }

    /// Returns `true` if each checkpoint can come after the one before.
    pub(super) fn are_in_order(&self) -> bool {
        let mut before = None;
        self.list.iter().all(|(_, checkpoint)| checkpoint.follows(before.replace(checkpoint)))
    }

    /// Removes and notes the checkpoints that cannot come after the one before. The roots in `unknown` are of no
    /// checkpoint of this run.
    pub(super) fn order(&mut self, unknown: &BTreeSet<Digest>, findings: &mut Findings) {
        let mut kept: Vec<(u64, Checkpoint)> = Vec::new();
        for (line, checkpoint) in std::mem::take(&mut self.list) {
            if checkpoint.follows(kept.last().map(|(_, last)| last)) {
                kept.push((line, checkpoint));
            } else if checkpoint.leaves() == 0 || unknown.contains(&checkpoint.root) {
                findings.push(Finding::Checkpoint { line });
            } else if kept.iter().any(|(_, other)| *other == checkpoint) {
                findings.push(Finding::CheckpointRepeated { line });
            } else {
                findings.push(Finding::CheckpointMoved { line });
            }
        }
        self.list = kept;
    }

    /// Returns the sizes at which a checkpoint is due and missing. Records of earlier versions have one only after
    /// every 4096 leaves.
    pub(super) fn gone(&self) -> Vec<u64> {
        let sizes: Vec<u64> = self
            .list
            .iter()
            .map(|(_, checkpoint)| checkpoint)
            .filter(|one| one.closed.is_none())
            .map(Checkpoint::leaves)
            .collect();
        let is_early = sizes.first().is_some_and(|first| *first < INTERVAL);
        let last = self.list.last().map_or(0, |(_, checkpoint)| checkpoint.leaves());
        let early = (0..INTERVAL.ilog2()).map(|power| 1 << power).filter(|_| is_early);
        let later = (1..=last / INTERVAL).map(|count| count.saturating_mul(INTERVAL));
        let due = early.chain(later).filter(|size| *size <= last && sizes.binary_search(size).is_err());
        due.take(Findings::MOST).collect()
    }

    /// All in order, with their lines; what was vouched for outside of the list has none, and stands where its size says.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Option<u64>, &Checkpoint)> {
        let listed = || self.list.iter().map(|(line, checkpoint)| (Some(*line), checkpoint));
        let size = self.between.map_or(u64::MAX, |between| between.size);
        let before = self.list.partition_point(|(_, checkpoint)| checkpoint.leaves() <= size);
        listed().take(before).chain(self.between.iter().map(|between| (None, between))).chain(listed().skip(before))
    }

    /// The close, or what vouches for most.
    pub(super) fn last(&self) -> Option<&Checkpoint> {
        let listed = self.list.last().map(|(_, checkpoint)| checkpoint);
        let leaves = listed.map_or(0, Checkpoint::leaves);
        let is_closed = listed.is_some_and(|last| last.closed.is_some());
        self.between.as_ref().filter(|between| !is_closed && between.size > leaves).or(listed)
    }

    pub(super) fn closed(&self) -> Option<Reason> {
        self.last()?.closed
    }

    /// Returns the number of leaves before the close that the last checkpoint vouches for, or 0 if there is none.
    pub(super) fn leaves(&self) -> u64 {
        self.last().map_or(0, Checkpoint::leaves)
    }

    /// The most leaves before a close that one of the list vouches for.
    pub(super) fn largest(&self) -> Option<u64> {
        self.list.iter().map(|(_, checkpoint)| checkpoint.leaves()).max()
    }

    pub(super) fn extent(&self) -> Extent {
        let episodes = self.leaves().saturating_sub(1);
        if self.closed().is_some() { Extent::Closed(episodes) } else { Extent::Open(episodes) }
    }
}
