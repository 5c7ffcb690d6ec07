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

use crate::value::{Fault, parse_toml};

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
    within(text, document)?;
    let (root, errors) = parse_toml(text);
    if !errors.is_empty() {
        return Err(first(errors.iter().map(syntax).collect()));
    }
    let mut faults = Vec::new();
    let raw = TableReader::root(document, root.get_ref(), &mut faults, read);
    faults.sort_by_key(|fault| fault.span.as_ref().map(|span| (span.start, span.end)));
    Ok((raw, first(faults)))
}

/// Checks that a text is no longer than a document may be.
fn within(text: &str, document: &str) -> Result<(), Vec<Fault>> {
    if text.len() <= MOST_BYTES {
        return Ok(());
    }
    let message = format!("{document} has at most {MOST_BYTES} bytes, and this has {}", text.len());
    let help = "leave out what is there twice, or split it".to_owned();
    Err(vec![Fault { message, span: None, label: String::new(), help }])
}

/// Returns the first faults, and how many there are besides.
fn first(mut faults: Vec<Fault>) -> Vec<Fault> {
    let rest = faults.len().saturating_sub(MOST_FAULTS);
    faults.truncate(MOST_FAULTS);
    if rest > 0 {
        let message = format!("there are {rest} more faults");
        faults.push(Fault { message, span: None, label: String::new(), help: "mend these first".to_owned() });
    }
    faults.into_iter().map(Fault::plain).collect()
}

/// Maximum number of bytes of a document.
const MOST_BYTES: usize = 1 << 20;
/// Maximum number of faults that are reported.
const MOST_FAULTS: usize = 100;

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

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<Fault> {
        match super::read(text, "a policy", |_| ()) {
            Ok(((), faults)) | Err(faults) => faults,
        }
    }

    #[test]
    fn a_document_is_no_longer_than_a_person_writes() {
        assert!(faults(&" ".repeat(MOST_BYTES)).is_empty());
        let found = faults(&" ".repeat(MOST_BYTES + 1));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].message, "a policy has at most 1048576 bytes, and this has 1048577");
        assert!(!found[0].help.is_empty());
    }

    #[test]
    fn no_more_faults_are_told_than_anybody_mends() {
        let keys = |count: usize| (0..count).fold(String::new(), |keys, n| keys + &format!("k{n} = 1\n"));
        assert_eq!(faults(&keys(MOST_FAULTS)).len(), MOST_FAULTS);
        let found = faults(&keys(MOST_FAULTS + 7));
        assert_eq!((found.len(), found[MOST_FAULTS].message.as_str()), (MOST_FAULTS + 1, "there are 7 more faults"));
    }
}
