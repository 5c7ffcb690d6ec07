//! Faults of a world: everything that is found, each once.
//!
//! 1. No more is looked for once so much was found: to name what may have been meant takes time for each fault.

use std::cell::{Cell, RefCell};

use crate::value::Fault;

/// The most faults that are looked for.
const MOST: usize = 63;

/// Faults, while a world is read.
#[derive(Debug, Default)]
pub(super) struct Faults {
    found: RefCell<Vec<Fault>>,
    is_over: Cell<bool>,
}

impl Faults {
    /// Keep a fault.
    pub(super) fn push(&self, fault: Fault) {
        if !self.is_full() {
            self.found.borrow_mut().push(fault);
        }
    }

    /// A part of the world that was read; nothing where it is at fault, which is kept.
    pub(super) fn keep<T>(&self, read: Result<T, Fault>) -> Option<T> {
        read.map_err(|fault| self.push(fault)).ok()
    }

    /// The same of a part without which nothing more is looked for, such as a size.
    pub(super) fn keep_or_end<T>(&self, read: Result<T, Fault>) -> Option<T> {
        let kept = self.keep(read);
        self.is_over.set(self.is_over.get() || kept.is_none());
        kept
    }

    /// Returns `true` if the search for faults is over.
    pub(super) fn is_full(&self) -> bool {
        self.is_over.get() || self.found.borrow().len() >= MOST
    }

    /// Returns `value` if there is no fault, else all faults in the order of the text.
    pub(super) fn settle<T>(self, read: Option<T>) -> Result<T, Vec<Fault>> {
        let is_cut = self.found.borrow().len() >= MOST;
        let mut found = self.found.into_inner();
        if let Some(read) = read.filter(|_| found.is_empty()) {
            return Ok(read);
        }
        found.sort_by_key(|fault| fault.span.as_ref().map(|span| (span.start, span.end)));
        if is_cut {
            let message = format!("no more than {MOST} faults are looked for in a world");
            found.push(Fault { message, span: None, label: String::new(), help: "mend these first".to_owned() });
        }
        Err(found.into_iter().map(Fault::plain).collect())
    }
}

/// Everything that is wrong with a world in TOML, from the beginning of its text to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.first().map_or("this is no world", |fault| fault.message.as_str()))]
pub struct Faulty(pub Vec<Fault>);
