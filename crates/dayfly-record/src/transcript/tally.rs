//! Counts that are exact, whatever is kept.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Called, Class};

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
        let mut map = serializer.serialize_map(Some(self.iter().count()))?;
        for (class, count) in self.iter() {
            map.serialize_entry(class.name(), &count)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Tally {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Counts(PhantomData::<Class>)).map(|counts| counts.into_iter().collect())
    }
}

/// How often each operation was asked for where the policy has a tripwire, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched(Vec<(Called, u64)>);

impl Touched {
    /// Count some more.
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

    /// Count all that `other` counted.
    pub fn merge(&mut self, other: &Self) {
        other.iter().for_each(|(operation, count)| self.add(operation.clone(), count));
    }

    /// The operations that were counted at all, with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (&Called, u64)> {
        self.0.iter().map(|(operation, count)| (operation, *count))
    }

    /// Whether nothing was counted.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether they stand in the order of their names, as a recorder counts them.
    pub fn is_in_order(&self) -> bool {
        self.0.is_sorted_by(|(one, _), (next, _)| one < next)
    }

    /// How many calls of this operation there were.
    pub fn of(&self, operation: &Called) -> u64 {
        self.0.iter().find(|(other, _)| other == operation).map_or(0, |(_, count)| *count)
    }

    /// How many calls there were, of all operations.
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
        deserializer.deserialize_map(Counts(PhantomData)).map(Self)
    }
}

/// Reads how often each of something was counted: no more than there are operations, and none twice.
struct Counts<K>(PhantomData<K>);

impl<K> Counts<K> {
    /// The most kinds that are counted apart: an operation has a code of one byte.
    const MOST: usize = 256;
}

impl<'de, K: Deserialize<'de> + PartialEq> Visitor<'de> for Counts<K> {
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
