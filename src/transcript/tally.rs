//! Counts that are exact, whatever is kept.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::{Class, Operation};

/// How many requests of each class there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally([u64; Class::ALL.len()]);

impl Tally {
    /// Count one more.
    pub fn add(&mut self, class: Class) {
        if let Some(count) = self.0.get_mut(class.index()) {
            *count = count.saturating_add(1);
        }
    }

    /// Count all that `other` counted.
    pub fn merge(&mut self, other: &Self) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count = count.saturating_add(more);
        }
    }

    /// The classes that were counted at all, with their counts, in the order of their codes.
    pub fn iter(&self) -> impl Iterator<Item = (Class, u64)> {
        Class::ALL.into_iter().zip(self.0).filter(|(_, count)| *count > 0)
    }

    /// How many of this class were counted.
    pub fn of(&self, class: Class) -> u64 {
        self.0.get(class.index()).copied().unwrap_or(0)
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|count| *count == 0)
    }
}

impl FromIterator<(Class, u64)> for Tally {
    fn from_iter<I: IntoIterator<Item = (Class, u64)>>(counts: I) -> Self {
        let mut tally = Self::default();
        for (class, count) in counts {
            if let Some(slot) = tally.0.get_mut(class.index()) {
                *slot = slot.saturating_add(count);
            }
        }
        tally
    }
}

impl Serialize for Tally {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (class, count) in self.iter() {
            map.serialize_entry(class.name(), &count)?;
        }
        map.end()
    }
}

/// How often each operation was asked for where the policy has a tripwire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched(Vec<(Operation, u64)>);

impl Touched {
    /// Count some more.
    pub fn add(&mut self, operation: Operation, more: u64) {
        match self.0.binary_search_by_key(&operation.code, |(other, _)| other.code) {
            Ok(at) => {
                if let Some((_, count)) = self.0.get_mut(at) {
                    *count = count.saturating_add(more);
                }
            }
            Err(at) => self.0.insert(at, (operation, more)),
        }
    }

    /// Count all that `other` counted.
    pub fn merge(&mut self, other: &Self) {
        other.iter().for_each(|(operation, count)| self.add(operation, count));
    }

    /// The operations that were counted at all, with their counts, in the order of the contract.
    pub fn iter(&self) -> impl Iterator<Item = (Operation, u64)> {
        self.0.iter().copied()
    }

    /// Whether nothing was counted.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Touched {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(operation, count)| (operation.to_string(), count)))
    }
}
