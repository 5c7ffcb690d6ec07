//! The decisions that a transcript keeps in full.
//!
//! 1. The first violation of each class is kept, whatever the limits.
//! 2. After the boundary a notice gives way to a violation.
//! 3. What is not kept is counted.

use super::{Class, Entry, Tally};

/// Which entries an entry is counted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// Those of the episode.
    Episode,
    /// Those after its boundary.
    Grace,
}

/// The entries of one episode.
#[derive(Debug, Default)]
pub(super) struct Entries {
    before: Vec<Entry>,
    /// Violations after the boundary, and the notices that there is room for besides.
    after: Vec<Entry>,
    notices: Vec<Entry>,
    /// First violations that there was no room for.
    first: Vec<Entry>,
    seen: Tally,
    cut: u64,
}

impl Entries {
    /// How many there are of before the boundary.
    pub(super) fn before(&self) -> usize {
        self.before.len()
    }

    /// Keep an entry, or count it where there is no room: no more than `most` are counted with it. Says whether there is one more.
    pub(super) fn push(&mut self, budget: Budget, most: usize, entry: Entry) -> bool {
        let is_first = entry.class.is_some_and(|class| self.is_first(class));
        let (kept, violates) = (self.after.len().saturating_add(self.notices.len()), entry.class.is_some());
        match budget {
            Budget::Episode if self.before.len() < most => self.before.push(entry),
            Budget::Grace if kept < most && violates => self.after.push(entry),
            Budget::Grace if kept < most => self.notices.push(entry),
            // INVARIANT 2
            Budget::Grace if violates && self.notices.pop().is_some() => {
                self.cut = self.cut.saturating_add(1);
                self.after.push(entry);
            }
            // INVARIANT 1
            Budget::Episode | Budget::Grace if is_first => self.first.push(entry),
            // INVARIANT 3
            Budget::Episode | Budget::Grace => {
                self.cut = self.cut.saturating_add(1);
                return false;
            }
        }
        true
    }

    fn is_first(&mut self, class: Class) -> bool {
        self.seen.add(class);
        self.seen.of(class) == 1
    }

    /// Those that are kept, in the order of their calls, and how many more there were.
    pub(super) fn finish(mut self) -> (Vec<Entry>, u64) {
        let mut entries = self.before;
        entries.append(&mut self.after);
        entries.append(&mut self.notices);
        entries.append(&mut self.first);
        entries.sort_by_key(|entry| entry.ordinal);
        (entries, self.cut)
    }
}
