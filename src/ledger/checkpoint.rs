//! Checkpoints: what vouches for all leaves so far.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::finding::{Finding, Findings};
use super::read::{Line, Lines};
use super::tree::{self, Tree};
use super::{CHECKPOINTS, Error};
use crate::value::Digest;

/// The size and the root of a ledger, up to some leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of episodes.
    pub episodes: u64,
    /// The number of leaves: the manifest, the episodes, and the close where it is closed.
    pub size: u64,
    /// The root of their tree.
    pub root: Digest,
}

/// Why a run was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Every episode was run.
    Completed,
    /// The operator cancelled it.
    Cancelled,
    /// A violation that the policy answers with `quarantine`.
    Quarantined,
    /// The host could not go on.
    Aborted,
    /// The next transcript would have been more than the policy lets a run keep.
    Full,
}

impl Reason {
    /// Every reason.
    pub(super) const ALL: [Self; 5] = [Self::Completed, Self::Cancelled, Self::Quarantined, Self::Aborted, Self::Full];

    /// Its name in reports and records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Quarantined => "quarantined",
            Self::Aborted => "aborted",
            Self::Full => "full",
        }
    }

    /// Whether a run that was asked for so many episodes can be closed for this after `episodes`.
    pub(super) const fn admits(self, episodes: u64, asked: u64) -> bool {
        match self {
            Self::Completed => episodes == asked,
            Self::Cancelled | Self::Quarantined | Self::Aborted => episodes <= asked,
            Self::Full => episodes < asked,
        }
    }

    /// The root of a closed run, whose other leaves are those of `tree`: the close is the last leaf.
    ///
    /// Its bytes are a JSON object, as those of the others are; an episode has other fields, so it cannot be taken for one.
    pub(super) fn close(self, tree: &Tree) -> Digest {
        let mut closed = tree.clone();
        // INVARIANT 5
        closed.push(tree::leaf(format!(r#"{{"closed":"{}"}}"#, self.name()).as_bytes()));
        closed.root()
    }
}

/// One line of `checkpoints.jsonl`. It has these fields and no other: what stands beside them nothing vouches for.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Checkpoint {
    /// The number of leaves, the close included.
    size: u64,
    root: Digest,
    /// Null while the run goes on; never absent.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(super) closed: Option<Reason>,
}

impl Checkpoint {
    /// What vouches for all of `tree`, and closes it where there is a reason.
    pub(super) fn new(tree: &Tree, closed: Option<Reason>) -> Self {
        let (size, root) = closed
            .map_or_else(|| (tree.size(), tree.root()), |reason| (tree.size().saturating_add(1), reason.close(tree)));
        Self { size, root, closed }
    }

    /// The leaves before the close that it vouches for: the manifest and the episodes.
    pub(super) const fn leaves(&self) -> u64 {
        self.size.saturating_sub(if self.closed.is_some() { 1 } else { 0 })
    }

    pub(super) const fn head(&self) -> Head {
        Head { episodes: self.leaves().saturating_sub(1), size: self.size, root: self.root }
    }

    /// Whether it is what vouches for `tree`.
    pub(super) fn is_of(&self, tree: &Tree) -> bool {
        self.root == Self::new(tree, self.closed).root
    }

    /// The reason that was sealed, where it is not the one that stands here.
    pub(super) fn sealed(&self, tree: &Tree) -> Option<Reason> {
        self.closed?;
        Reason::ALL.into_iter().find(|reason| self.root == reason.close(tree))
    }
}

/// The checkpoints of a ledger, in order, each with the number of its line, counted from 1.
///
/// Their sizes grow, but for the last one's, which may close the run without a new leaf.
pub(super) struct Checkpoints(Vec<(u64, Checkpoint)>);

/// How far the lines of a ledger go.
#[derive(Clone, Copy)]
pub(super) enum Extent {
    /// To this many episodes.
    Closed(u64),
    /// To this many episodes at least.
    Open(u64),
}

impl Extent {
    /// Whether there may be such an episode.
    pub(super) const fn admits(self, episode: u64) -> bool {
        match self {
            Self::Closed(episodes) => episode < episodes,
            Self::Open(_) => true,
        }
    }
}

impl Checkpoints {
    /// The most there can be: enough for four thousand million episodes.
    const MOST: usize = 1 << 20;

    /// Read those that can be believed, so far as they go without the leaves, and note the others.
    pub(super) fn read(folder: &Path, findings: &mut Findings) -> Result<Self, Error> {
        let mut lines = Lines::open(folder.join(CHECKPOINTS))?;
        let mut checkpoints = Self(Vec::new());
        for number in 1.. {
            let line = match lines.next()? {
                Line::End => break,
                Line::Torn if checkpoints.closed().is_none() => {
                    findings.push(Finding::CheckpointCut { line: number });
                    break;
                }
                Line::Whole(line) => serde_json::from_slice(line).ok(),
                Line::Torn | Line::Long => None,
            };
            match line {
                Some(checkpoint) if checkpoints.admit(&checkpoint) => checkpoints.0.push((number, checkpoint)),
                _ => findings.push(Finding::Checkpoint { line: number }),
            }
        }
        Ok(checkpoints)
    }

    fn admit(&self, next: &Checkpoint) -> bool {
        let least = match self.last() {
            None => 1,
            // INVARIANT 4
            Some(Checkpoint { closed: Some(_), .. }) => return false,
            Some(last) if next.closed.is_some() => last.leaves(),
            Some(last) => last.leaves().saturating_add(1),
        };
        next.leaves() >= least && self.0.len() < Self::MOST
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(u64, Checkpoint)> {
        self.0.iter()
    }

    pub(super) fn last(&self) -> Option<&Checkpoint> {
        self.0.last().map(|(_, checkpoint)| checkpoint)
    }

    pub(super) fn closed(&self) -> Option<Reason> {
        self.last()?.closed
    }

    /// The leaves before the close that the last one vouches for; 0 where there is none.
    pub(super) fn leaves(&self) -> u64 {
        self.last().map_or(0, Checkpoint::leaves)
    }

    pub(super) fn extent(&self) -> Extent {
        let episodes = self.leaves().saturating_sub(1);
        if self.closed().is_some() { Extent::Closed(episodes) } else { Extent::Open(episodes) }
    }
}
