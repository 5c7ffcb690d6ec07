//! Documents of the user in TOML. They are read key by key, so that all faults are reported at
//! once, each with its place.
//!
//! ```text
//!  text --parse--> Table --key, table, tables--> what was written, or a Fault with its span
//!                    |
//!                    +-- a key that nobody asked for: a Fault that names the keys there are
//! ```

mod complaint;
mod table;

use toml::de::DeTable;

pub(crate) use complaint::{Complaint, Readable, choose, text};
pub(crate) use table::{KeyValue, TableReader};

use crate::value::Fault;

/// Reads a document. `document` is its kind in messages, such as "a policy". Returns the content,
/// and the faults in the order of their places.
///
/// # Errors
///
/// The text is not TOML.
pub(crate) fn read<T>(
    text: &str,
    document: &'static str,
    read: impl FnOnce(&mut TableReader<'_, '_>) -> T,
) -> Result<(T, Vec<Fault>), Vec<Fault>> {
    let (root, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return Err(errors.iter().map(|error| syntax(error).plain()).collect());
    }
    let mut faults = Vec::new();
    let raw = TableReader::root(document, root.get_ref(), &mut faults, read);
    faults.sort_by_key(|fault| fault.span.as_ref().map(|span| (span.start, span.end)));
    Ok((raw, faults.into_iter().map(Fault::plain).collect()))
}

/// Returns `true` if a text is TOML, has at its top only keys of `schema`, and has one of the keys
/// `telling`.
pub(crate) fn is_like(text: &str, schema: &serde_json::Value, telling: &[&str]) -> bool {
    let Ok(root) = DeTable::parse(text) else { return false };
    let mut names = root.get_ref().keys().map(|key| key.get_ref().as_ref());
    let known = schema.get("properties").and_then(serde_json::Value::as_object);
    let has = |name: &str| root.get_ref().get(name).is_some();
    known.is_some_and(|known| names.all(|name| known.contains_key(name))) && telling.iter().any(|name| has(name))
}

/// Makes a fault of a syntax error.
fn syntax(error: &toml::de::Error) -> Fault {
    let (message, label) = match error.message().split_once(", expected ") {
        Some((message, expected)) => (message, format!("expected {expected}")),
        None => (error.message(), String::new()),
    };
    let help = if message == "duplicate key" { "write it once" } else { "" };
    Fault { message: message.into(), span: error.span(), label, help: help.into() }
}
