//! Values of keys, read and described in a schema; and complaints about values that are wrong.

use std::ops::Range;

use schemars::Schema;
use toml::de::DeValue;

use crate::value::{Fault, hint};

/// Value of a key.
pub(crate) trait Readable: Sized {
    /// Reads the written value.
    fn read(value: &DeValue<'_>) -> Result<Self, Complaint>;

    /// Returns the schema of the values that may be written.
    fn schema() -> Schema;
}

/// Fault of a value, without its place. The table that holds the value adds the key and the place.
#[derive(Debug)]
pub(crate) struct Complaint {
    /// Sentence about the key, such as "must be a size".
    pub(crate) what: String,
    /// Entry of a list that is at fault, with its bytes; `None` where the whole value is.
    pub(crate) entry: Option<(usize, Range<usize>)>,
    /// Description of the underlined part.
    pub(crate) label: String,
    /// Remedy.
    pub(crate) help: String,
}

impl Complaint {
    /// Makes a complaint about a whole value.
    pub(crate) fn new(what: impl Into<String>, label: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: what.into(), entry: None, label: label.into(), help: help.into() }
    }

    /// Makes a complaint about a value of the wrong type. `wanted` describes the right one.
    pub(crate) fn kind(wanted: &str, value: &DeValue<'_>, help: impl Into<String>) -> Self {
        let label = match value {
            DeValue::String(_) => "this is text",
            DeValue::Integer(_) => "this is a whole number",
            DeValue::Float(_) => "this is a real number",
            DeValue::Boolean(_) => "this is true or false",
            DeValue::Datetime(_) => "this is a date",
            DeValue::Array(_) => "this is a list",
            DeValue::Table(_) => "this is a table",
        };
        Self::new(format!("must be {wanted}"), label, help)
    }

    /// Moves the complaint to an entry of a list.
    pub(crate) fn about(self, position: usize, span: Range<usize>) -> Self {
        Self { entry: Some((position, span)), ..self }
    }

    /// Makes a fault of the key at `place`, whose value is at `span`.
    pub(crate) fn at(self, place: &str, span: Range<usize>) -> Fault {
        let (place, span) = match self.entry {
            Some((position, span)) => (format!("{place}[{position}]"), span),
            None => (place.to_owned(), span),
        };
        Fault { message: format!("`{place}` {}", self.what), span: Some(span), label: self.label, help: self.help }
    }
}

/// Returns the text of a value.
pub(crate) fn text<'a>(value: &'a DeValue<'_>) -> Result<&'a str, Complaint> {
    value.as_str().ok_or_else(|| Complaint::kind("text", value, ""))
}

/// Finds the value of a name in a list.
pub(crate) fn choose<T: Copy>(text: &str, all: &[(&str, T)]) -> Result<T, Complaint> {
    all.iter().find(|(name, _)| *name == text).map(|(_, meant)| *meant).ok_or_else(|| {
        let help = hint(text, "the values are", all.iter().map(|(name, _)| *name));
        Complaint::new(format!("cannot be `{text}`"), "no such value", help)
    })
}
