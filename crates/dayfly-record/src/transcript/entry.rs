//! The entry of one decision in a transcript.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Class, Role};
use crate::value::{Digest, Hasher, Value};

/// Operation of the contract, such as `workspace.write`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Interface that it belongs to.
    pub capability: &'static str,
    /// Name of the operation in the interface.
    pub name: &'static str,
    /// Number of the operation in digests: never reused, never changed.
    pub code: u8,
    /// Weight of the operation, which decides on the entries of granted calls.
    pub weight: Weight,
}

/// Weight of an operation. Granted calls of heavy operations have entries of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// The operation changes nothing beyond the episode's own steps: the digest of the calls suffices.
    Light,
    /// The operation has an effect that auditors look for: each granted call is kept.
    Heavy,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.capability, self.name)
    }
}

/// Operation as a record names it, such as `workspace.write`. The reader of a record may not know the operation,
/// since another version may have written it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Called {
    /// Interface that it belongs to: the part before the first full stop.
    pub capability: Cow<'static, str>,
    /// Name of the operation in the interface.
    pub name: Cow<'static, str>,
}

impl Called {
    /// Maximum number of bytes of a name.
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

/// Arguments of a call, in the order of the contract.
#[derive(Clone, Copy, Debug)]
pub struct Argument<'a>(pub &'a [RecordedArgument<'a>]);

/// One argument.
#[derive(Clone, Copy, Debug)]
pub enum RecordedArgument<'a> {
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
    /// Approximate number of bytes of an escaped text that an entry quotes.
    const EXCERPT: usize = 80;

    /// Appends the framed bytes: a tag, a length where it varies, the content.
    #[inline]
    #[doc(hidden)]
    pub fn frame(&self, to: &mut impl FrameSink) {
        for part in self.0 {
            match part {
                RecordedArgument::Number(number) => {
                    to.put(&[1]);
                    frame_number(*number, to);
                }
                RecordedArgument::Text(text) => frame_bytes(2, text.as_bytes(), to),
                RecordedArgument::Bytes(content) => frame_bytes(3, content, to),
                RecordedArgument::Value(value) => frame_value(value, to),
            }
        }
    }

    /// Returns the number of bytes that the arguments move beyond scalars.
    pub fn weight(&self) -> usize {
        self.0.iter().fold(0, |sum, part| {
            sum.saturating_add(match part {
                RecordedArgument::Number(_) => 0,
                RecordedArgument::Text(text) => text.len(),
                RecordedArgument::Bytes(bytes) => bytes.len(),
                RecordedArgument::Value(value) => value.weight(),
            })
        })
    }

    /// Returns the digest of the framed bytes.
    pub fn digest(&self) -> Digest {
        let mut hasher = Hasher::default();
        self.frame(&mut hasher);
        hasher.finish()
    }

    /// Returns the beginning of the arguments, for people: text quoted and escaped, bytes as their number.
    pub fn excerpt(&self) -> String {
        let mut text = String::new();
        for part in self.0 {
            if !text.is_empty() {
                text.push_str(", ");
            }
            match part {
                RecordedArgument::Number(number) => push(&mut text, format_args!("{number}")),
                RecordedArgument::Text(content) => quote(&mut text, content),
                RecordedArgument::Bytes(content) => push(&mut text, format_args!("{} bytes", content.len())),
                RecordedArgument::Value(Value::Discrete(index)) => push(&mut text, format_args!("{index}")),
                RecordedArgument::Value(Value::Real(real)) => push(&mut text, format_args!("{real}")),
                RecordedArgument::Value(Value::Text(content)) => quote(&mut text, content),
                RecordedArgument::Value(value) => push(&mut text, format_args!("{} bytes", value.weight())),
            }
        }
        text
    }
}

fn push(text: &mut String, arguments: fmt::Arguments<'_>) {
    // Writing to a `String` does not fail.
    let _ = text.write_fmt(arguments);
}

/// Appends `content` in quotes, escaped, cut once it takes [`Argument::EXCERPT`] bytes.
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

/// Destination of framed bytes: a buffer, or a hasher for large content, so that no content is held twice.
pub trait FrameSink {
    /// Takes more bytes.
    fn put(&mut self, bytes: &[u8]);
}

impl FrameSink for Vec<u8> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

impl FrameSink for Hasher {
    fn put(&mut self, bytes: &[u8]) {
        self.update(bytes);
    }
}

fn frame_bytes(tag: u8, content: &[u8], to: &mut impl FrameSink) {
    to.put(&[tag]);
    frame_length(content.len(), to);
    to.put(content);
}

fn frame_length(length: usize, to: &mut impl FrameSink) {
    // A guest's list has less than 2^32 bytes, and `u64` holds every length.
    frame_number(u64::try_from(length).unwrap_or(u64::MAX), to);
}

/// Appends a number as LEB128, since most numbers are small, and all framed bytes are hashed.
#[inline]
fn frame_number(mut number: u64, to: &mut impl FrameSink) {
    while number >= 0x80 {
        let [low, ..] = number.to_le_bytes();
        to.put(&[low | 0x80]);
        number >>= 7;
    }
    let [low, ..] = number.to_le_bytes();
    to.put(&[low]);
}

/// Appends the framed bytes of a value.
#[inline]
pub fn frame_value(value: &Value, to: &mut impl FrameSink) {
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

/// Appends a list of numbers, each of `N` bytes, a few hundred at a time.
fn frame_list<T: Copy, const N: usize>(tag: u8, list: &[T], encode: impl Fn(T) -> [u8; N], to: &mut impl FrameSink) {
    to.put(&[tag]);
    frame_length(list.len().saturating_mul(N), to);
    let mut content = Vec::new();
    for some in list.chunks(256) {
        content.clear();
        content.extend(some.iter().flat_map(|one| encode(*one)));
        to.put(&content);
    }
}

/// Decision of the gate on a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// The call was done.
    Granted,
    /// The call was not done, and the agent was told so.
    Refused,
    /// The call was not done, and the agent was answered as if it had been.
    Pretended,
    /// The call was answered with nothing, and is no violation, since language runtimes make it by themselves.
    Noted,
}

/// Time at which the effect of a call was due.
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
    /// Role that called, where the episode has several roles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Ordinal of the call in the episode, counted from 0.
    pub ordinal: u64,
    /// Number of steps that had been taken.
    pub step: u32,
    /// Operation that was called.
    pub operation: Called,
    /// Beginning of the argument, escaped.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub argument: String,
    /// Digest of the whole argument.
    pub digest: Digest,
    /// Decision of the gate.
    pub decision: Decision,
    /// Class of violation; a notice has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    /// Line of the policy that decided, or rule of the contract.
    pub rule: Cow<'static, str>,
    /// Time at which the effect was due.
    pub due: Due,
}

impl Entry {
    /// Returns `true` if the call was invalid: refused before the boundary for a reason that no policy can remove.
    pub fn is_invalid(&self) -> bool {
        self.decision == Decision::Refused && self.class.is_none() && self.due == Due::Before
    }

    /// Returns `true` if the policy denied the call before the boundary: by the mode of a grant, by the names of a
    /// grant, or by a rule.
    pub fn is_denied(&self) -> bool {
        let is_of_policy = ["grants.", "rules[", "roles."].iter().any(|place| self.rule.starts_with(place));
        self.decision == Decision::Refused && self.class == Some(Class::Ungranted) && is_of_policy
    }

    /// Returns the first argument, if it is a text that is quoted whole and without escapes.
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
        let joined = Argument(&[RecordedArgument::Text("ab"), RecordedArgument::Text("")]).digest();
        let parted = Argument(&[RecordedArgument::Text("a"), RecordedArgument::Text("b")]).digest();
        let bytes = Argument(&[RecordedArgument::Bytes(b"ab"), RecordedArgument::Text("")]).digest();
        assert_ne!(joined, parted);
        assert_ne!(joined, bytes);
        // A text may have what stands before another one.
        let within = Argument(&[RecordedArgument::Text("a\u{2}b"), RecordedArgument::Text("")]).digest();
        let without = Argument(&[RecordedArgument::Text("a"), RecordedArgument::Text("b\u{2}")]).digest();
        assert_ne!(within, without);
        let list = |list: &[u32], more| {
            let list = Value::MultiDiscrete(list.to_vec());
            Argument(&[RecordedArgument::Value(&list), RecordedArgument::Bytes(more)]).digest()
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
        assert_eq!(
            Argument(&[RecordedArgument::Text("a\n\u{1b}[31m"), RecordedArgument::Number(3)]).excerpt(),
            "\"a\\n\\u{1b}[31m\", 3"
        );
        let excerpt = Argument(&[RecordedArgument::Text(&long)]).excerpt();
        assert_eq!(excerpt.chars().count(), Argument::EXCERPT + 3);
        assert!(excerpt.ends_with("\"…"));
    }
}
