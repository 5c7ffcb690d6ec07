//! Exact counts, whatever is kept of the counted calls.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Called, Class};

/// Number of requests of each class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClassCounts([u64; Class::ALL.len()]);

impl ClassCounts {
    /// Adds one to the count of a class.
    pub fn add(&mut self, class: Class) {
        if let Some(count) = self.0.get_mut(class.index()) {
            *count = count.saturating_add(1);
        }
    }

    /// Adds the counts of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count = count.saturating_add(more);
        }
    }

    /// Returns the classes with a count above 0, in the order of their codes.
    pub fn iter(&self) -> impl Iterator<Item = (Class, u64)> {
        Class::ALL.into_iter().zip(self.0).filter(|(_, count)| *count > 0)
    }

    /// Returns the count of this class.
    pub fn of(&self, class: Class) -> u64 {
        self.0.get(class.index()).copied().unwrap_or(0)
    }

    /// Returns `true` if nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|count| *count == 0)
    }
}

impl FromIterator<(Class, u64)> for ClassCounts {
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

impl Serialize for ClassCounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.iter().count()))?;
        for (class, count) in self.iter() {
            map.serialize_entry(class.name(), &count)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for ClassCounts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(CountsVisitor(PhantomData::<Class>)).map(|counts| counts.into_iter().collect())
    }
}

/// Number of calls of each operation that touched a tripwire, in the order of the names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched(Vec<(Called, u64)>);

impl Touched {
    /// Adds to the count of an operation.
    pub fn add(&mut self, operation: Called, more: u64) {
        match self.0.binary_search_by(|(other, _)| other.cmp(&operation)) {
            Ok(at) => {
                if let Some((_, count)) = self.0.get_mut(at) {
                    *count = count.saturating_add(more);
                }
            }
            Err(at) => self.0.insert(at, (operation, more)),
        }
    }

    /// Adds the counts of `other`.
    pub fn merge(&mut self, other: &Self) {
        other.iter().for_each(|(operation, count)| self.add(operation.clone(), count));
    }

    /// Returns the operations that were counted, with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (&Called, u64)> {
        self.0.iter().map(|(operation, count)| (operation, *count))
    }

    /// Returns `true` if nothing was counted.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns `true` if the operations are in the order of their names, as a recorder keeps them.
    pub fn is_in_order(&self) -> bool {
        self.0.is_sorted_by(|(one, _), (next, _)| one < next)
    }

    /// Returns the number of calls of this operation.
    pub fn of(&self, operation: &Called) -> u64 {
        self.0.iter().find(|(other, _)| other == operation).map_or(0, |(_, count)| *count)
    }

    /// Returns the number of calls of all operations.
    pub fn total(&self) -> u64 {
        self.0.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }
}

impl Serialize for Touched {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Touched {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(CountsVisitor(PhantomData)).map(Self)
    }
}

/// Deserializer of counts, with a bounded number of keys, none of them twice.
struct CountsVisitor<K>(PhantomData<K>);

impl<K> CountsVisitor<K> {
    /// Maximum number of keys: an operation has a code of one byte.
    const MOST: usize = 256;
}

impl<'de, K: Deserialize<'de> + PartialEq> Visitor<'de> for CountsVisitor<K> {
    type Value = Vec<(K, u64)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("how many there were of each")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut counts: Vec<(K, u64)> = Vec::new();
        while let Some((key, count)) = map.next_entry()? {
            if counts.len() >= Self::MOST || counts.iter().any(|(other, _)| *other == key) {
                return Err(A::Error::custom("something is counted twice"));
            }
            counts.push((key, count));
        }
        Ok(counts)
    }
}
