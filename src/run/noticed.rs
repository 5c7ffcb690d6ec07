//! The notices of a run: deeds that would be violations, had the agent been able to avoid them.

use std::collections::BTreeMap;

use super::summary::{FirstViolation, add};
use crate::transcript::{Body, Class, ClassCounts, Decision};
use crate::value::wide;

/// Notices of a run.
#[derive(Debug, Default)]
pub struct Noticed {
    /// Number of notices, by the class of violation that each would be.
    pub counted: ClassCounts,
    /// Number of episodes with a notice, by class.
    pub episodes_with: BTreeMap<Class, u64>,
    /// First notice of each class: the episode, and its entry where a call made it.
    pub examples: BTreeMap<Class, FirstViolation>,
    /// Number of files and folders that were left behind.
    pub left: u64,
}

impl Noticed {
    /// Counts the notices of one more episode.
    pub(super) fn add(&mut self, episode: u64, body: &Body) {
        self.counted.merge(&body.notices);
        if body.notices.of(Class::LeaveResidue) > 0 {
            add(&mut self.left, wide(body.all_residue().count()));
        }
        for (class, _) in body.notices.iter() {
            add(self.episodes_with.entry(class).or_default(), 1);
            self.examples.entry(class).or_insert_with(|| {
                let mut noted = body.entries.iter().filter(|entry| entry.decision == Decision::Noted);
                FirstViolation { episode, entry: noted.next().filter(|_| class == Class::Ungranted).cloned() }
            });
        }
    }
}
