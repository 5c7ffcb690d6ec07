//! What may stand behind a key: read, and described in the schema; and what is wrong with it where something is.

use std::ops::Range;

use schemars::Schema;
use toml::de::DeValue;

use crate::value::{Fault, hint};

/// What a key of a fixed name holds.
pub(crate) trait Readable: Sized {
    /// Read what was written.
    fn read(value: &DeValue<'_>) -> Result<Self, Complaint>;

    /// What may be written.
    fn schema() -> Schema;
}

/// What is wrong with a value. The table that it stands in knows its key and its place.
#[derive(Debug)]
pub(crate) struct Complaint {
    /// What is said of the key, such as "must be a size".
    pub(crate) what: String,
    /// The entry of a list that is at fault, and its bytes; the whole value where there is none.
    pub(crate) entry: Option<(usize, Range<usize>)>,
    /// What the underlined part is.
    pub(crate) label: String,
    /// What to do about it.
    pub(crate) help: String,
}

impl Complaint {
    /// A complaint about a whole value.
    pub(crate) fn new(what: impl Into<String>, label: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: what.into(), entry: None, label: label.into(), help: help.into() }
    }

    /// A value of the wrong type, where `wanted` is what the key must be.
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

    /// The same complaint about an entry of a list.
    pub(crate) fn about(self, position: usize, span: Range<usize>) -> Self {
        Self { entry: Some((position, span)), ..self }
    }

    /// As a fault of the key at `place`, whose value is at `span`.
    pub(crate) fn at(self, place: &str, span: Range<usize>) -> Fault {
        let (place, span) = match self.entry {
            Some((position, span)) => (format!("{place}[{position}]"), span),
            None => (place.to_owned(), span),
        };
        Fault { message: format!("`{place}` {}", self.what), span: Some(span), label: self.label, help: self.help }
    }
}

/// The text of a value.
pub(crate) fn text<'a>(value: &'a DeValue<'_>) -> Result<&'a str, Complaint> {
    value.as_str().ok_or_else(|| Complaint::kind("text", value, ""))
}

/// What a name out of a list stands for.
pub(crate) fn choose<T: Copy>(text: &str, all: &[(&str, T)]) -> Result<T, Complaint> {
    all.iter().find(|(name, _)| *name == text).map(|(_, meant)| *meant).ok_or_else(|| {
        let help = hint(text, "the values are", all.iter().map(|(name, _)| *name));
        Complaint::new(format!("cannot be `{text}`"), "no such value", help)
    })
}
