//! Checkpoints: what vouches for all leaves so far.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::finding::{Finding, Findings};
use super::read::{Line, Lines};
use super::{CHECKPOINTS, Error};
use crate::value::Digest;

/// The size and the root of a ledger, up to some leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of leaves: the manifest and the episodes.
    pub size: u64,
    /// The root of their tree.
    pub root: Digest,
}

impl Head {
    /// The number of episodes.
    pub const fn episodes(&self) -> u64 {
        self.size.saturating_sub(1)
    }
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
}

impl Reason {
    /// Its name in reports and records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Quarantined => "quarantined",
            Self::Aborted => "aborted",
        }
    }
}

/// One line of `checkpoints.jsonl`. Fields that are not known here are passed over.
#[derive(Serialize, Deserialize)]
pub(super) struct Checkpoint {
    pub(super) size: u64,
    pub(super) root: Digest,
    /// Null while the run goes on; never absent.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(super) closed: Option<Reason>,
}

impl Checkpoint {
    pub(super) const fn head(&self) -> Head {
        Head { size: self.size, root: self.root }
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
            Some(last) if next.closed.is_some() => last.size,
            Some(last) => last.size.saturating_add(1),
        };
        next.size >= least && self.0.len() < Self::MOST
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

    /// The leaves that the last one vouches for; 0 where there is none.
    pub(super) fn size(&self) -> u64 {
        self.last().map_or(0, |last| last.size)
    }

    pub(super) fn extent(&self) -> Extent {
        let episodes = self.size().saturating_sub(1);
        if self.closed().is_some() { Extent::Closed(episodes) } else { Extent::Open(episodes) }
    }
}
