//! What would be a violation and nobody committed, over all episodes of a run.

use std::collections::BTreeMap;

use super::summary::{Example, add};
use crate::transcript::{Body, Class, Decision, Tally};
use crate::value::wide;

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
    pub(super) fn add(&mut self, episode: u64, body: &Body) {
        self.counted.merge(&body.notices);
        if body.notices.of(Class::LeaveResidue) > 0 {
            add(&mut self.left, wide(body.all_residue().count()));
        }
        for (class, _) in body.notices.iter() {
            add(self.episodes_with.entry(class).or_default(), 1);
            self.examples.entry(class).or_insert_with(|| {
                let mut noted = body.entries.iter().filter(|entry| entry.decision == Decision::Noted);
                Example { episode, entry: noted.next().filter(|_| class == Class::Ungranted).cloned() }
            });
        }
    }
}
