//! What a component holds of WASI: its handles, and the time it was told last.
//!
//! None of it is state of the capability: a handle only says which stream or which instant a call is about.

use wasmtime::component::{Resource, ResourceTable, ResourceTableError};

use super::Limits;

/// Standard input.
#[derive(Debug)]
pub(super) struct InputStream;

/// A stream that goes to the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::capability) enum OutputStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Why an operation on a stream failed, in words.
#[derive(Debug)]
pub(super) struct IoError(pub(super) String);

/// What can be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pollable {
    /// It is there.
    Ready,
    /// An instant of the logical clock, in nanoseconds.
    At(u64),
}

/// The network: a handle to nothing.
#[derive(Debug)]
pub(super) struct Network;

/// The handles of one component, and the time it was told last.
#[derive(Debug)]
pub(in crate::capability) struct Handles {
    table: ResourceTable,
    held: u64,
    most: u64,
    /// The last answer of a clock, in nanoseconds.
    pub(super) told: u64,
}

impl Handles {
    pub(in crate::capability) fn new(limits: Limits) -> Self {
        Self { table: ResourceTable::new(), held: 0, most: limits.handles, told: 0 }
    }

    /// Whether one more handle is within the grant.
    pub(super) const fn has_room(&self) -> bool {
        self.held < self.most
    }

    /// Hand one out.
    pub(super) fn push<T: Send + 'static>(&mut self, entry: T) -> wasmtime::Result<Resource<T>> {
        if !self.has_room() {
            return Err(wasmtime::format_err!("grants.wasi.handles"));
        }
        let handle = self.table.push(entry)?;
        self.held = self.held.saturating_add(1);
        Ok(handle)
    }

    /// What a handle stands for.
    pub(super) fn get<T: 'static>(&self, handle: &Resource<T>) -> Result<&T, ResourceTableError> {
        self.table.get(handle)
    }

    /// Take one back.
    pub(super) fn take_back<T: 'static>(&mut self, handle: Resource<T>) -> wasmtime::Result<()> {
        self.table.delete(handle)?;
        self.held = self.held.saturating_sub(1);
        Ok(())
    }
}
