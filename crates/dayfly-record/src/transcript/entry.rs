//! One decision, as it is recorded.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Class, Role};
use crate::value::{Digest, Hasher, Value};

/// An operation of the contract, such as `workspace.write`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The interface it belongs to.
    pub capability: &'static str,
    /// Its name in the interface.
    pub name: &'static str,
    /// Its number in digests: never reused, never changed.
    pub code: u8,
    /// Whether a granted call is kept as an entry.
    pub weight: Weight,
}

/// Whether a granted call is kept as an entry of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It changes nothing beyond the episode's own steps: the digest of the calls is enough.
    Light,
    /// It has an effect that an auditor asks about: each is kept.
    Heavy,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.capability, self.name)
    }
}

/// An operation as a record names it, such as `workspace.write`. Whoever reads a record need not know it: it may have been written by
/// another version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Called {
    /// The interface it belongs to: what stands before the first full stop.
    pub capability: Cow<'static, str>,
    /// Its name in the interface.
    pub name: Cow<'static, str>,
}

impl Called {
    /// The most bytes of a name.
    const MOST: usize = 128;
}

impl From<Operation> for Called {
    fn from(operation: Operation) -> Self {
        Self { capability: operation.capability.into(), name: operation.name.into() }
    }
}

impl PartialEq<Operation> for Called {
    fn eq(&self, operation: &Operation) -> bool {
        self.capability == operation.capability && self.name == operation.name
    }
}

impl fmt::Display for Called {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.capability, self.name)
    }
}

impl Serialize for Called {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Called {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl de::Visitor<'_> for Name {
            type Value = Called;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an operation, such as `workspace.write`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Called, E> {
                let is_letter = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'/');
                let is_one = text.len() <= Called::MOST && text.bytes().all(is_letter);
                match text.split_once('.').filter(|_| is_one) {
                    Some((capability, name)) => {
                        Ok(Called { capability: capability.to_owned().into(), name: name.to_owned().into() })
                    }
                    None => Err(E::invalid_value(de::Unexpected::Other("another text"), &self)),
                }
            }
        }
        deserializer.deserialize_str(Name)
    }
}

/// The arguments of a call, in the order of the contract.
#[derive(Clone, Copy, Debug)]
pub struct Argument<'a>(pub &'a [Part<'a>]);

/// One argument.
#[derive(Clone, Copy, Debug)]
pub enum Part<'a> {
    /// A count or an index.
    Number(u64),
    /// Text of the guest.
    Text(&'a str),
    /// Bytes of the guest.
    Bytes(&'a [u8]),
    /// An action.
    Value(&'a Value),
}

impl Argument<'_> {
    /// About how many bytes of a text an entry quotes, escaped.
    const EXCERPT: usize = 80;

    /// Append the framed bytes: a tag, a length where it varies, the content.
    #[inline]
    #[doc(hidden)]
    pub fn frame(&self, to: &mut impl Sink) {
        for part in self.0 {
            match part {
                Part::Number(number) => {
                    to.put(&[1]);
                    frame_number(*number, to);
                }
                Part::Text(text) => frame_bytes(2, text.as_bytes(), to),
                Part::Bytes(content) => frame_bytes(3, content, to),
                Part::Value(value) => frame_value(value, to),
            }
        }
    }

    /// How many bytes it moves beyond its scalars.
    pub fn weight(&self) -> usize {
        self.0.iter().fold(0, |sum, part| {
            sum.saturating_add(match part {
                Part::Number(_) => 0,
                Part::Text(text) => text.len(),
                Part::Bytes(bytes) => bytes.len(),
                Part::Value(value) => value.weight(),
            })
        })
    }

    /// The digest of the framed bytes.
    pub fn digest(&self) -> Digest {
        let mut hasher = Hasher::default();
        self.frame(&mut hasher);
        hasher.finish()
    }

    /// The beginning of the argument, for people: text quoted and escaped, bytes as their number.
    pub fn excerpt(&self) -> String {
        let mut text = String::new();
        for part in self.0 {
            if !text.is_empty() {
                text.push_str(", ");
            }
            match part {
                Part::Number(number) => push(&mut text, format_args!("{number}")),
                Part::Text(content) => quote(&mut text, content),
                Part::Bytes(content) => push(&mut text, format_args!("{} bytes", content.len())),
                Part::Value(Value::Discrete(index)) => push(&mut text, format_args!("{index}")),
                Part::Value(Value::Real(real)) => push(&mut text, format_args!("{real}")),
                Part::Value(Value::Text(content)) => quote(&mut text, content),
                Part::Value(value) => push(&mut text, format_args!("{} bytes", value.weight())),
            }
        }
        text
    }
}

fn push(text: &mut String, arguments: fmt::Arguments<'_>) {
    // Writing to a `String` does not fail.
    let _ = text.write_fmt(arguments);
}

/// Append `content` in quotes, escaped, cut once it takes [`Argument::EXCERPT`] bytes.
fn quote(text: &mut String, content: &str) {
    let mut characters = content.chars();
    let end = text.len().saturating_add(Argument::EXCERPT);
    text.push('"');
    while text.len() <= end {
        let Some(character) = characters.next() else { break };
        push(text, format_args!("{}", character.escape_debug()));
    }
    text.push('"');
    if characters.next().is_some() {
        text.push('…');
    }
}

/// Where framed bytes go: gathered, or hashed at once where there are many, so that nothing is held twice.
pub trait Sink {
    /// Take in more bytes.
    fn put(&mut self, bytes: &[u8]);
}

impl Sink for Vec<u8> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

impl Sink for Hasher {
    fn put(&mut self, bytes: &[u8]) {
        self.update(bytes);
    }
}

fn frame_bytes(tag: u8, content: &[u8], to: &mut impl Sink) {
    to.put(&[tag]);
    frame_length(content.len(), to);
    to.put(content);
}

fn frame_length(length: usize, to: &mut impl Sink) {
    // A guest's list has less than 2^32 bytes; `u64` holds every length there is.
    frame_number(u64::try_from(length).unwrap_or(u64::MAX), to);
}

/// Append a number as LEB128: most of them are small, and all that is framed is hashed.
#[inline]
fn frame_number(mut number: u64, to: &mut impl Sink) {
    while number >= 0x80 {
        let [low, ..] = number.to_le_bytes();
        to.put(&[low | 0x80]);
        number >>= 7;
    }
    let [low, ..] = number.to_le_bytes();
    to.put(&[low]);
}

/// Append the framed bytes of a value.
#[inline]
pub fn frame_value(value: &Value, to: &mut impl Sink) {
    match value {
        Value::Discrete(index) => {
            to.put(&[4]);
            frame_number(*index, to);
        }
        Value::Real(real) => {
            to.put(&[5]);
            to.put(&real.to_bits().to_le_bytes());
        }
        Value::MultiDiscrete(indices) => frame_list(6, indices, u32::to_le_bytes, to),
        Value::Box(entries) => frame_list(7, entries, |entry| entry.to_bits().to_le_bytes(), to),
        Value::Text(text) => frame_bytes(8, text.as_bytes(), to),
        Value::Bytes(content) => frame_bytes(9, content, to),
    }
}

/// Append a list of numbers, each of `N` bytes, a few hundred at a time.
fn frame_list<T: Copy, const N: usize>(tag: u8, list: &[T], encode: impl Fn(T) -> [u8; N], to: &mut impl Sink) {
    to.put(&[tag]);
    frame_length(list.len().saturating_mul(N), to);
    let mut content = Vec::new();
    for some in list.chunks(256) {
        content.clear();
        content.extend(some.iter().flat_map(|one| encode(*one)));
        to.put(&content);
    }
}

/// What the gate answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// It was done.
    Granted,
    /// It was not done, and the agent was told so.
    Refused,
    /// It was not done, and the agent was answered as if it had been.
    Pretended,
    /// It was answered with nothing, and is no violation: a language runtime asks it by itself.
    Noted,
}

/// When the effect that was asked for was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Due {
    /// Within the episode.
    Before,
    /// After its boundary.
    After,
}

/// One decision of the gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Who called, where the episode has several roles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Which call of the episode it was, counted from 0.
    pub ordinal: u64,
    /// How many steps had been taken.
    pub step: u32,
    /// What was called.
    pub operation: Called,
    /// The beginning of the argument, escaped.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub argument: String,
    /// The digest of the whole argument.
    pub digest: Digest,
    /// What the gate answered.
    pub decision: Decision,
    /// The class of violation; a notice has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    /// The line of the policy that decided, or the rule of the contract.
    pub rule: Cow<'static, str>,
    /// When the effect was due.
    pub due: Due,
}

impl Entry {
    /// Whether it was refused before the boundary for what no policy could grant: what was asked for cannot be.
    pub fn is_invalid(&self) -> bool {
        self.decision == Decision::Refused && self.class.is_none() && self.due == Due::Before
    }

    /// Whether the policy denied it before the boundary: by the mode of a grant, by what a grant names, or by a rule.
    pub fn is_denied(&self) -> bool {
        let is_of_policy = ["grants.", "rules[", "roles."].iter().any(|place| self.rule.starts_with(place));
        self.decision == Decision::Refused && self.class == Some(Class::Ungranted) && is_of_policy
    }

    /// The first argument, where that is a text which is shown whole and as it is.
    pub fn name(&self) -> Option<&str> {
        let (name, rest) = self.argument.strip_prefix('"')?.split_once('"')?;
        (!name.contains('\\') && !rest.starts_with('…')).then_some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_can_imitate_another_argument() {
        let joined = Argument(&[Part::Text("ab"), Part::Text("")]).digest();
        let parted = Argument(&[Part::Text("a"), Part::Text("b")]).digest();
        let bytes = Argument(&[Part::Bytes(b"ab"), Part::Text("")]).digest();
        assert_ne!(joined, parted);
        assert_ne!(joined, bytes);
        // A text may have what stands before another one.
        let within = Argument(&[Part::Text("a\u{2}b"), Part::Text("")]).digest();
        let without = Argument(&[Part::Text("a"), Part::Text("b\u{2}")]).digest();
        assert_ne!(within, without);
        let list = |list: &[u32], more| {
            let list = Value::MultiDiscrete(list.to_vec());
            Argument(&[Part::Value(&list), Part::Bytes(more)]).digest()
        };
        // Without its length a list of one number would be none, and these bytes behind it.
        assert_ne!(list(&[], &[0, 0, 3, 0]), list(&[0x0403], &[]));
    }

    #[test]
    fn numbers_are_framed_as_leb128() {
        // The examples of the DWARF standard, version 5, section 7.6.
        for (number, expected) in [(2, &[2][..]), (127, &[127]), (128, &[0x80, 1]), (12857, &[0xb9, 0x64])] {
            let mut bytes = Vec::new();
            frame_number(number, &mut bytes);
            assert_eq!(bytes, expected, "{number}");
        }
        let mut bytes = Vec::new();
        frame_number(u64::MAX, &mut bytes);
        assert_eq!((bytes.len(), bytes.last()), (10, Some(&1)));
    }

    #[test]
    fn an_excerpt_is_escaped_and_cut() {
        let long = "x".repeat(200);
        assert_eq!(Argument(&[Part::Text("a\n\u{1b}[31m"), Part::Number(3)]).excerpt(), "\"a\\n\\u{1b}[31m\", 3");
        let excerpt = Argument(&[Part::Text(&long)]).excerpt();
        assert_eq!(excerpt.chars().count(), Argument::EXCERPT + 3);
        assert!(excerpt.ends_with("\"…"));
    }
}
