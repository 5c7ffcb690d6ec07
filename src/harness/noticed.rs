//! What would be a violation and nobody committed, over all episodes of a run.

use std::collections::BTreeMap;

use super::summary::{Example, add};
use crate::transcript::{Class, Decision, Entry, Tally, Transcript};

/// The notices of one episode.
#[derive(Debug)]
pub(super) struct Notices {
    counted: Tally,
    /// What was left in the workspace, where that is a notice.
    left: u64,
    /// The first call of a runtime that is kept.
    first: Option<Entry>,
}

impl Notices {
    pub(super) fn of(transcript: &Transcript) -> Self {
        let is_notice = transcript.notices.of(Class::LeaveResidue) > 0;
        let left = if is_notice { transcript.residue.len() } else { 0 };
        Self {
            counted: transcript.notices,
            left: u64::try_from(left).unwrap_or(u64::MAX),
            first: transcript.entries.iter().find(|entry| entry.decision == Decision::Noted).cloned(),
        }
    }
}

/// The notices of a run.
#[derive(Debug, Default)]
pub struct Noticed {
    /// How many there were, by the class that each would be of.
    pub counted: Tally,
    /// In how many episodes there was one.
    pub episodes_with: BTreeMap<Class, u64>,
    /// The first of each: the episode, and its entry where a call made it.
    pub examples: BTreeMap<Class, Example>,
    /// How many files and folders were left behind.
    pub left: u64,
}

impl Noticed {
    /// Count those of one more episode.
    pub(super) fn add(&mut self, episode: u64, notices: &Notices) {
        self.counted.merge(&notices.counted);
        add(&mut self.left, notices.left);
        for (class, _) in notices.counted.iter() {
            add(self.episodes_with.entry(class).or_default(), 1);
            let entry = notices.first.clone().filter(|_| class == Class::Ungranted);
            self.examples.entry(class).or_insert(Example { episode, entry });
        }
    }
}
