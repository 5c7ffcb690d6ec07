//! The reader of two structs from one JSON object: the members of the first, then those of the second.
//!
//! ```text
//!  {"episode":3, ..., "end":"steps", ...}
//!   `-- Header --'    `-- Body ---'
//! ```
//!
//! Each struct is read as strictly as it would be alone: with `deny_unknown_fields`, no unknown and no repeated
//! member is accepted. The members of the first struct have to come before those of the second. In contrast, serde's
//! `flatten` accepts members in any order, and unknown ones.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::StrDeserializer;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

/// Reads `A` and `B` from one object.
///
/// # Errors
///
/// Returns the errors of both, and an error for a value that is not an object.
pub(crate) fn joined<'de, A, B, D>(deserializer: D) -> Result<(A, B), D::Error>
where
    A: Deserialize<'de>,
    B: Deserialize<'de>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_map(Both(PhantomData))
}

struct Both<A, B>(PhantomData<(A, B)>);

impl<'de, A: Deserialize<'de>, B: Deserialize<'de>> Visitor<'de> for Both<A, B> {
    type Value = (A, B);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(A, B), M::Error> {
        let mut next = map.next_key_seed(MemberName)?;
        let first = A::deserialize(PendingMembers { map: &mut map, next: &mut next, is_last: false })?;
        let second = B::deserialize(PendingMembers { map: &mut map, next: &mut next, is_last: true })?;
        Ok((first, second))
    }
}

/// Members of one of the two structs, from the next one on.
struct PendingMembers<'m, M> {
    map: &'m mut M,
    /// Name of the next member, or `None` at the end of the object.
    next: &'m mut Option<String>,
    is_last: bool,
}

impl<'de, M: MapAccess<'de>> Deserializer<'de> for PendingMembers<'_, M> {
    type Error = M::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, M::Error> {
        Err(M::Error::custom("only structs are joined"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, M::Error> {
        // All remaining members go to the last struct, which refuses unknown ones.
        visitor.visit_map(Members { part: self, fields })
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct seq tuple
        tuple_struct map enum identifier ignored_any
    }
}

struct Members<'m, M> {
    part: PendingMembers<'m, M>,
    fields: &'static [&'static str],
}

impl<'de, M: MapAccess<'de>> MapAccess<'de> for Members<'_, M> {
    type Error = M::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, M::Error> {
        let is_own = |name: &str| self.part.is_last || self.fields.contains(&name);
        match self.part.next.as_deref().filter(|name| is_own(name)) {
            Some(name) => seed.deserialize(StrDeserializer::<M::Error>::new(name)).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, M::Error> {
        let value = self.part.map.next_value_seed(seed)?;
        // The memory of the name is used again.
        let room = self.part.next.take().unwrap_or_default();
        *self.part.next = self.part.map.next_key_seed(Again(room))?;
        Ok(value)
    }
}

/// Reader of the name of a member.
struct MemberName;

impl<'de> DeserializeSeed<'de> for MemberName {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        Again(String::new()).deserialize(deserializer)
    }
}

/// Reader of the name of a member into the memory of another name.
struct Again(String);

impl<'de> DeserializeSeed<'de> for Again {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Again {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_str<E: Error>(mut self, name: &str) -> Result<String, E> {
        self.0.clear();
        self.0.push_str(name);
        Ok(self.0)
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Head {
        a: u8,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        b: Option<String>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Rest {
        c: Vec<u8>,
        #[serde(default)]
        d: u8,
    }

    #[derive(Debug, PartialEq, Serialize)]
    struct Whole {
        #[serde(flatten)]
        head: Head,
        #[serde(flatten)]
        rest: Rest,
    }

    fn read(json: &str) -> Result<Whole, String> {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let (head, rest) = joined(&mut deserializer).map_err(|error| error.to_string())?;
        deserializer.end().map_err(|error| error.to_string())?;
        Ok(Whole { head, rest })
    }

    #[test]
    fn two_structs_are_read_from_the_object_that_they_are_written_as() {
        for json in [r#"{"a":1,"b":"x\n","c":[1,2],"d":3}"#, r#"{"a":1,"c":[],"d":0}"#] {
            assert_eq!(serde_json::to_string(&read(json).unwrap()).unwrap(), json);
        }
        assert_eq!(read(r#"{"a":1,"c":[]}"#).unwrap().rest, Rest { c: Vec::new(), d: 0 });
    }

    #[test]
    fn no_other_member_is_taken_and_none_twice_and_none_in_the_place_of_another() {
        for (json, why) in [
            (r#"{"a":1,"c":[],"e":1}"#, "unknown field `e`"),
            (r#"{"e":1,"a":1,"c":[]}"#, "missing field `a`"),
            (r#"{"a":1,"a":2,"c":[]}"#, "duplicate field `a`"),
            (r#"{"a":1,"c":[],"c":[]}"#, "duplicate field `c`"),
            (r#"{"a":1,"c":[],"b":"x"}"#, "unknown field `b`"),
            (r#"{"a":1}"#, "missing field `c`"),
            ("{}", "missing field `a`"),
            (r#"{"a":1,"c":[]} "#, ""),
            (r#"{"a":1,"c":[]}}"#, "trailing characters"),
            ("[]", "expected an object"),
        ] {
            match read(json) {
                Ok(_) => assert!(why.is_empty(), "{json}"),
                Err(error) => assert!(!why.is_empty() && error.contains(why), "{json}: {error}"),
            }
        }
    }
}
