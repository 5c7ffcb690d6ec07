//! Table of a document while it is read. It knows its place, and the keys that no code has read.

use std::borrow::Cow;
use std::ops::Range;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Complaint, Readable};
use crate::value::{Fault, hint};

/// Written value of a key.
#[derive(Clone, Debug, Default)]
pub(crate) enum KeyValue<T> {
    /// The key is absent.
    #[default]
    Absent,
    /// The value is at fault, and the fault is reported already.
    Faulty,
    /// The value is valid.
    Written {
        /// Value.
        value: T,
        /// Path of the key, such as `episode.steps`.
        place: String,
        /// Bytes of the value.
        span: Range<usize>,
    },
}

impl<T> KeyValue<T> {
    /// Returns the value, if it is valid.
    pub(crate) const fn value(&self) -> Option<&T> {
        match self {
            Self::Written { value, .. } => Some(value),
            Self::Absent | Self::Faulty => None,
        }
    }

    /// Returns the bytes of the value, if it is valid.
    pub(crate) fn span(&self) -> Option<Range<usize>> {
        match self {
            Self::Written { span, .. } => Some(span.clone()),
            Self::Absent | Self::Faulty => None,
        }
    }
}

impl<T: Readable> JsonSchema for KeyValue<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Key".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        T::schema()
    }
}

/// Table of a document, while it is read.
pub(crate) struct TableReader<'t, 'f> {
    entries: &'t DeTable<'t>,
    /// Kind of the document in messages, such as "a policy".
    document: &'static str,
    /// Path of the table, such as `episode.grace`; empty for the document itself.
    place: String,
    /// Bytes of the header, or of the braces of an inline table.
    header: Option<Range<usize>>,
    asked: Vec<&'static str>,
    faults: &'f mut Vec<Fault>,
}

impl<'t> TableReader<'t, '_> {
    /// Reads a whole document. `document` is its kind in messages, such as "a policy".
    pub(crate) fn root<T>(
        document: &'static str,
        entries: &'t DeTable<'t>,
        faults: &mut Vec<Fault>,
        read: impl FnOnce(&mut TableReader<'_, '_>) -> T,
    ) -> T {
        TableReader { document, entries, place: String::new(), header: None, asked: Vec::new(), faults }.run(read)
    }

    /// Returns the bytes of the header.
    pub(crate) fn header(&self) -> Option<Range<usize>> {
        self.header.clone()
    }

    /// Reads the value of `name`.
    pub(crate) fn key<T: Readable>(&mut self, name: &'static str) -> KeyValue<T> {
        self.key_with(name, T::read)
    }

    /// Reads the value of `name`, which is required. `example` is a value for messages.
    pub(crate) fn required<T: Readable>(&mut self, name: &'static str, example: &str) -> KeyValue<T> {
        let key = self.key(name);
        if matches!(key, KeyValue::Absent) {
            self.faults.push(Fault {
                message: format!("`{}` is missing", self.place_of(name)),
                span: self.header(),
                label: format!("this needs `{name}`"),
                help: format!("add `{name}`, such as `{name} = {example}`"),
            });
        }
        key
    }

    /// Reads the value of `name` with `read`.
    pub(crate) fn key_with<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, Complaint>,
    ) -> KeyValue<T> {
        self.asked.push(name);
        let Some(found) = self.entries.get(name) else { return KeyValue::Absent };
        let (place, span) = (self.place_of(name), found.span());
        match read(found.get_ref()) {
            Ok(value) => KeyValue::Written { value, place, span },
            Err(complaint) => {
                self.faults.push(complaint.at(&place, span));
                KeyValue::Faulty
            }
        }
    }

    /// Reads the table `name`, if there is one.
    pub(crate) fn table<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut TableReader<'_, '_>) -> T,
    ) -> Option<T> {
        self.asked.push(name);
        let found = self.entries.get(name)?;
        self.enter(found, self.place_of(name), &format!("write `[{}]` on a line of its own", self.place_of(name)), read)
    }

    /// Returns `true` if the table has the key `name`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// Reads the tables `[[name]]`.
    pub(crate) fn tables<T>(&mut self, name: &'static str, read: impl Fn(&mut TableReader<'_, '_>) -> T) -> Vec<T> {
        self.asked.push(name);
        let Some(found) = self.entries.get(name) else { return Vec::new() };
        let help = format!("write `[[{name}]]` on a line of its own");
        let DeValue::Array(items) = found.get_ref() else {
            let complaint = Complaint::kind("a list of tables", found.get_ref(), help);
            self.faults.push(complaint.at(name, found.span()));
            return Vec::new();
        };
        let places = (0..items.len()).map(|index| format!("{name}[{index}]"));
        items.iter().zip(places).filter_map(|(item, place)| self.enter(item, place, &help, &read)).collect()
    }

    /// Reads the tables inside the table `name`. The user chooses their names.
    pub(crate) fn chosen<T>(
        &mut self,
        name: &'static str,
        is_name: impl Fn(&str) -> Result<(), Complaint>,
        read: impl Fn(&mut TableReader<'_, '_>) -> T,
    ) -> Vec<(String, T)> {
        self.asked.push(name);
        let Some(found) = self.entries.get(name) else { return Vec::new() };
        let DeValue::Table(entries) = found.get_ref() else {
            let help = format!("write `[{name}.NAME]` on a line of its own");
            self.faults.push(Complaint::kind("a table", found.get_ref(), help).at(name, found.span()));
            return Vec::new();
        };
        let mut all = Vec::new();
        for (key, value) in entries {
            let own: &str = key.get_ref().as_ref();
            let place = format!("{name}.{own}");
            if let Err(complaint) = is_name(own) {
                self.faults.push(complaint.at(&place, key.span()));
                continue;
            }
            let help = format!("write `[{place}]` on a line of its own");
            all.extend(self.enter(value, place, &help, &read).map(|one| (own.to_owned(), one)));
        }
        all
    }

    fn enter<T>(
        &mut self,
        found: &Spanned<DeValue<'_>>,
        place: String,
        help: &str,
        read: impl FnOnce(&mut TableReader<'_, '_>) -> T,
    ) -> Option<T> {
        let DeValue::Table(entries) = found.get_ref() else {
            self.faults.push(Complaint::kind("a table", found.get_ref(), help).at(&place, found.span()));
            return None;
        };
        let inner = TableReader {
            document: self.document,
            entries,
            place,
            header: Some(found.span()),
            asked: Vec::new(),
            faults: self.faults,
        };
        Some(inner.run(read))
    }

    /// Reads the table, then reports the keys that no code has read.
    fn run<T>(mut self, read: impl FnOnce(&mut TableReader<'_, '_>) -> T) -> T {
        let value = read(&mut self);
        for key in self.entries.keys().filter(|key| !self.asked.contains(&key.get_ref().as_ref())) {
            let name = key.get_ref().as_ref();
            let owner = if self.place.is_empty() { self.document.to_owned() } else { format!("`{}`", self.place) };
            self.faults.push(Fault {
                message: format!("unknown key `{}`", self.place_of(name)),
                span: Some(key.span()),
                label: "no such key".into(),
                help: hint(name, &format!("the keys of {owner} are"), self.asked.iter().copied()),
            });
        }
        value
    }

    fn place_of(&self, name: &str) -> String {
        if self.place.is_empty() { name.to_owned() } else { format!("{}.{name}", self.place) }
    }
}
