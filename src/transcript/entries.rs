//! The entries of a transcript: decisions that are kept in full.
//!
//! 1. The first violation of each class is kept, whatever the limits.
//! 2. After the boundary a notice makes room for a violation.
//! 3. Decisions that are not kept are counted.

use super::{Class, ClassCounts, Entry};

/// Limit that an entry counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// The limit on entries of the episode.
    Episode,
    /// The limit on entries after its boundary.
    Grace,
}

/// Entries of one episode.
#[derive(Debug, Default)]
pub(super) struct Entries {
    before: Vec<Entry>,
    /// Violations after the boundary; `notices` are kept besides while there is room.
    after: Vec<Entry>,
    notices: Vec<Entry>,
    /// First violations for which the limits left no room.
    first: Vec<Entry>,
    seen: ClassCounts,
    cut: u64,
}

impl Entries {
    /// Returns the number of entries before the boundary.
    pub(super) fn before(&self) -> usize {
        self.before.len()
    }

    /// Keeps an entry and returns `true`, if there is room or it is the first violation of its class. Otherwise counts
    /// it and returns `false`. At most `most` entries count against the limit.
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

    /// Returns the entries that are kept, in the order of their calls, and the number of further ones.
    pub(super) fn finish(mut self) -> (Vec<Entry>, u64) {
        let mut entries = self.before;
        entries.append(&mut self.after);
        entries.append(&mut self.notices);
        entries.append(&mut self.first);
        entries.sort_by_key(|entry| entry.ordinal);
        (entries, self.cut)
    }
}
