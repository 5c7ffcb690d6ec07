//! Keys of a table in TOML, and values of the types that keys have.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::faults::Faults;
use crate::value::{Fault, hint, is_near};

/// Largest absolute value of a number.
const LARGEST: f64 = 1e9;

/// Value with its place in the text.
pub(super) type Item<'t> = &'t Spanned<DeValue<'t>>;

/// Key with its place in the text.
pub(super) type SpannedKey<'t> = (&'t str, Range<usize>);

/// Keys of one table.
pub(super) struct Fields<'t> {
    table: &'t DeTable<'t>,
    /// Place of the table; `None` for the whole text.
    span: Option<Range<usize>>,
    /// Description of the table in messages.
    what: String,
    /// The keys that it may not have.
    unknown: Vec<&'t str>,
}

impl<'t> Fields<'t> {
    /// Makes the keys of the table that is the whole text.
    pub(super) fn of_text(table: &'t DeTable<'t>) -> Self {
        Self { table, span: None, what: "the world".to_owned(), unknown: Vec::new() }
    }

    /// Makes the keys of the table `item`. `what` describes it in messages.
    pub(super) fn of(item: Item<'t>, what: String) -> Result<Self, Fault> {
        match item.get_ref() {
            DeValue::Table(table) => Ok(Self { table, span: Some(item.span()), what, unknown: Vec::new() }),
            _ => Err(mistyped(item, &what, "a table")),
        }
    }

    /// Refuses every key that is not `allowed`.
    pub(super) fn only(self, allowed: &[&str], faults: &Faults) -> Self {
        self.only_if(|key| allowed.contains(&key), || allowed.iter().copied(), faults)
    }

    /// Refuses every key that is not allowed. `names` are the allowed ones.
    pub(super) fn only_if<'n, N: Iterator<Item = &'n str> + Clone>(
        mut self,
        is_allowed: impl Fn(&str) -> bool,
        names: impl Fn() -> N,
        faults: &Faults,
    ) -> Self {
        for (key, span) in self.keys().into_iter().filter(|(key, _)| !is_allowed(key)) {
            if faults.is_full() {
                break;
            }
            let help = hint(key, "the keys are", names());
            faults.push(fault(format!("unknown key `{key}` in {}", self.what), span, "", help));
            self.unknown.push(key);
        }
        self
    }

    /// Returns `true` for a key that does not exist.
    pub(super) fn is_unknown(&self, key: &str) -> bool {
        self.unknown.contains(&key)
    }

    /// Returns `true` if an unknown key, which was already reported, stands for this one.
    pub(super) fn is_misspelt(&self, key: &str) -> bool {
        self.unknown.iter().any(|unknown| is_near(unknown, key))
    }

    /// Returns every key, in the order of the text.
    pub(super) fn keys(&self) -> Vec<SpannedKey<'t>> {
        let mut keys: Vec<SpannedKey<'_>> = self.table.keys().map(|key| (&**key.get_ref(), key.span())).collect();
        keys.sort_by_key(|(_, span)| span.start);
        keys
    }

    /// Returns the value of a key, if it is there.
    pub(super) fn get(&self, key: &str) -> Option<Item<'t>> {
        self.table.get(key)
    }

    /// The value of a key that must be there; nothing where it is not, which is said.
    pub(super) fn need(&self, key: &str, faults: &Faults) -> Option<Item<'t>> {
        let item = self.get(key);
        if item.is_none() && !self.is_misspelt(key) {
            faults.push(Fault {
                message: format!("{} has no `{key}`", self.what),
                span: self.span.clone(),
                label: String::new(),
                help: format!("add `{key}`"),
            });
        }
        item
    }
}

/// Makes a fault at one place.
pub(super) fn fault(message: String, span: Range<usize>, label: &str, help: String) -> Fault {
    Fault { message, span: Some(span), label: label.to_owned(), help }
}

fn mistyped(item: Item<'_>, what: &str, wanted: &str) -> Fault {
    let label = format!("this is of type {}", item.get_ref().type_str());
    fault(format!("{what} must be {wanted}"), item.span(), &label, String::new())
}

/// Returns `true` if `name` consists of letters, digits, `-` and `_`.
pub(super) fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter))
}

/// Reads text.
pub(super) fn text<'t>(item: Item<'t>, what: &str) -> Result<&'t str, Fault> {
    item.get_ref().as_str().ok_or_else(|| mistyped(item, what, "a string"))
}

/// Reads a truth value.
pub(super) fn flag(item: Item<'_>, what: &str) -> Result<bool, Fault> {
    item.get_ref().as_bool().ok_or_else(|| mistyped(item, what, "true or false"))
}

/// Reads a list.
pub(super) fn list<'t>(item: Item<'t>, what: &str) -> Result<Vec<Item<'t>>, Fault> {
    let array = item.get_ref().as_array().ok_or_else(|| mistyped(item, what, "an array"))?;
    Ok(array.iter().collect())
}

/// Reads a whole number from 1 on.
pub(super) fn count(item: Item<'_>, what: &str) -> Result<u32, Fault> {
    let count =
        item.get_ref().as_integer().and_then(|integer| u32::from_str_radix(integer.as_str(), integer.radix()).ok());
    count.filter(|count| *count > 0).ok_or_else(|| mistyped(item, what, "a whole number from 1 to 4294967295"))
}

/// Reads a number of moderate size, so that no sum of rewards is infinite.
pub(super) fn real(item: Item<'_>, what: &str) -> Result<f64, Fault> {
    let digits = match item.get_ref() {
        DeValue::Float(float) => float.as_str(),
        DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str(),
        _ => return Err(mistyped(item, what, "a decimal number")),
    };
    let moderate = digits.parse().ok().filter(|real: &f64| real.abs() <= LARGEST);
    // Adding 0 makes -0 and 0 one value, with one text.
    moderate.map(|real| real + 0.0).ok_or_else(|| {
        let message = format!("{what} must be a number from -{LARGEST} to {LARGEST}");
        fault(message, item.span(), "", String::new())
    })
}
