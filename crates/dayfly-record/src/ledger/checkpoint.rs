//! Checkpoints: what vouches for all leaves so far.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::finding::{Finding, Findings};
use super::read::{Line, Lines, whole};
use super::tree::{self, Tree};
use super::{CHECKPOINTS, Error, VOUCHED};
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
#[derive(Clone, Copy, Serialize, Deserialize)]
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

    /// As it was sealed: the same root for this many leaves before the close, closed for this.
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

    /// Whether it is what vouches for `tree`.
    pub(super) fn is_of(&self, tree: &Tree) -> bool {
        self.root == Self::new(tree, self.closed).root
    }

    /// Whether it can come after `before`.
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

    /// The reason that was sealed, where it is not the one that stands here.
    pub(super) fn sealed(&self, tree: &Tree) -> Option<Reason> {
        self.closed?;
        Reason::ALL.into_iter().find(|reason| self.root == reason.close(tree))
    }
}

/// After how many leaves a checkpoint is due: 1, 2, 4, 8 and so on, and from there on after every 4096. The clock has no say in it, so
/// that equal runs have equal records.
pub(super) const fn is_due(leaves: u64) -> bool {
    leaves.is_multiple_of(INTERVAL) || (leaves < INTERVAL && leaves.is_power_of_two())
}

const INTERVAL: u64 = 4096;

/// The checkpoints of a ledger, in order, each with the number of its line, counted from 1.
///
/// Their sizes grow, but for the last one's, which may close the run without a new leaf.
#[derive(Default)]
pub(super) struct Checkpoints {
    pub(super) list: Vec<(u64, Checkpoint)>,
    /// What was vouched for after the last of them, of a run that is not closed.
    pub(super) between: Option<Checkpoint>,
}

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

/// Read a checkpoint, written as this program writes it.
fn read(line: &[u8]) -> Option<Checkpoint> {
    let checkpoint: Checkpoint = serde_json::from_slice(line).ok()?;
    let again = serde_json::to_vec(&checkpoint).ok()?;
    (again == line).then_some(checkpoint)
}

impl Checkpoints {
    /// The most there can be: enough for four thousand million episodes.
    const MOST: usize = 1 << 20;

    /// Read those that are checkpoints, in whatever order, and note the others.
    pub(super) fn read(folder: &Path, findings: &mut Findings) -> Result<Self, Error> {
        let mut lines = Lines::open(folder.join(CHECKPOINTS))?;
        let mut checkpoints = Self::default();
        for number in 1.. {
            let line = match lines.next()? {
                Line::End => break,
                Line::Torn if checkpoints.closed().is_none() => {
                    findings.push(Finding::CheckpointCut { line: number });
                    break;
                }
                Line::Whole(line) => read(line),
                Line::Torn | Line::Long => None,
            };
            match line {
                Some(checkpoint) if checkpoints.list.len() < Self::MOST => checkpoints.list.push((number, checkpoint)),
                _ => findings.push(Finding::Checkpoint { line: number }),
            }
        }
        let vouched = folder.join(VOUCHED);
        if checkpoints.closed().is_none() && vouched.is_file() {
            let between = whole(&vouched)?.and_then(|bytes| read(bytes.strip_suffix(b"\n")?));
            match between.filter(|between| between.closed.is_none()) {
                Some(between) => checkpoints.between = Some(between).filter(|one| one.size > checkpoints.leaves()),
                None => findings.push(Finding::Vouched),
            }
        }
        Ok(checkpoints)
    }

    /// Whether each is in its place.
    pub(super) fn are_in_order(&self) -> bool {
        let mut before = None;
        self.list.iter().all(|(_, checkpoint)| checkpoint.follows(before.replace(checkpoint)))
    }

    /// Drop and note those that are not in their place.
    pub(super) fn order(&mut self, findings: &mut Findings) {
        let mut kept: Vec<(u64, Checkpoint)> = Vec::new();
        for (line, checkpoint) in std::mem::take(&mut self.list) {
            if checkpoint.follows(kept.last().map(|(_, last)| last)) {
                kept.push((line, checkpoint));
            } else {
                findings.push(Finding::Checkpoint { line });
            }
        }
        self.list = kept;
        // It is held against those of the list, and not against itself.
        let between = self.between.take();
        let (closed, leaves) = (self.closed(), self.leaves());
        self.between = between.filter(|between| closed.is_none() && between.size > leaves);
    }

    /// The sizes that a checkpoint is due at and that have none. Records of earlier versions have them after every 4096 leaves alone.
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

    /// All in order, with their lines; what was vouched for after the last has none.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Option<u64>, &Checkpoint)> {
        let listed = self.list.iter().map(|(line, checkpoint)| (Some(*line), checkpoint));
        listed.chain(self.between.iter().map(|between| (None, between)))
    }

    pub(super) fn last(&self) -> Option<&Checkpoint> {
        self.between.as_ref().or_else(|| self.list.last().map(|(_, checkpoint)| checkpoint))
    }

    pub(super) fn closed(&self) -> Option<Reason> {
        self.last()?.closed
    }

    /// The leaves before the close that the last one vouches for; 0 where there is none.
    pub(super) fn leaves(&self) -> u64 {
        self.last().map_or(0, Checkpoint::leaves)
    }

    /// The most leaves before a close that one of them vouches for.
    pub(super) fn largest(&self) -> Option<u64> {
        self.iter().map(|(_, checkpoint)| checkpoint.leaves()).max()
    }

    pub(super) fn extent(&self) -> Extent {
        let episodes = self.leaves().saturating_sub(1);
        if self.closed().is_some() { Extent::Closed(episodes) } else { Extent::Open(episodes) }
    }
}
