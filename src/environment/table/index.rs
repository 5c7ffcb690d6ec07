//! Index of the names of states, actions and keys: names are looked up, never searched for.
//!
//! A look-up among `n` names takes about `log2(n)` comparisons. A test counts them: see
//! [`compared`].

use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Names, each with a number.
pub(super) struct NameIndex<'t>(BTreeMap<IndexedName<'t>, usize>);

/// Name, whose comparisons are counted in tests.
#[derive(PartialEq, Eq)]
struct IndexedName<'t>(&'t str);

impl<'t> NameIndex<'t> {
    /// Numbers these names by their order.
    pub(super) fn of(names: impl Iterator<Item = &'t str>) -> Self {
        Self(names.enumerate().map(|(place, name)| (IndexedName(name), place)).collect())
    }

    /// Returns the number of a name.
    pub(super) fn place(&self, name: &str) -> Option<usize> {
        #[cfg(test)]
        compared::LOOKED_UP.with(|count| count.set(count.get() + 1));
        self.0.get(&IndexedName(name)).copied()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.place(name).is_some()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Ord for IndexedName<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        #[cfg(test)]
        compared::COMPARED.with(|count| count.set(count.get() + 1));
        self.0.cmp(other.0)
    }
}

impl PartialOrd for IndexedName<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Counters of the names that this thread has looked up, and of the comparisons.
#[cfg(test)]
pub(super) mod compared {
    use std::cell::Cell;

    thread_local! {
        pub(super) static COMPARED: Cell<u64> = const { Cell::new(0) };
        pub(super) static LOOKED_UP: Cell<u64> = const { Cell::new(0) };
    }

    /// Returns both counts, and sets them to 0.
    pub(in super::super) fn since() -> (u64, u64) {
        (LOOKED_UP.take(), COMPARED.take())
    }
}
