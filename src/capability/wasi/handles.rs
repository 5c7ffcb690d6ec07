//! Handles of WASI that a component holds, and the time that it was told last.
//!
//! They are not state of the capability: a handle only says which stream or which instant a call is
//! about.

use wasmtime::component::{Resource, ResourceTable, ResourceTableError};

use super::Limits;

/// Standard input.
#[derive(Debug)]
pub(super) struct InputStream;

/// Stream that goes to the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::capability) enum OutputStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Reason of a failed operation on a stream, in words.
#[derive(Debug)]
pub(super) struct IoError(pub(super) String);

/// Object that can be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pollable {
    /// Always ready.
    Ready,
    /// Ready at an instant of the logical clock, in nanoseconds.
    At(u64),
}

/// Network: a handle to nothing.
#[derive(Debug)]
pub(super) struct Network;

/// Handles of one component, and the time that it was told last.
#[derive(Debug)]
pub(in crate::capability) struct Handles {
    table: ResourceTable,
    held: u64,
    most: u64,
    /// Last answer of a clock, in nanoseconds.
    pub(super) told: u64,
}

impl Handles {
    pub(in crate::capability) fn new(limits: Limits) -> Self {
        Self { table: ResourceTable::new(), held: 0, most: limits.handles, told: 0 }
    }

    /// Returns `true` if one more handle is within the grant.
    pub(super) const fn has_room(&self) -> bool {
        self.held < self.most
    }

    /// Adds an entry, and returns its handle.
    pub(super) fn push<T: Send + 'static>(&mut self, entry: T) -> wasmtime::Result<Resource<T>> {
        if !self.has_room() {
            return Err(wasmtime::format_err!("grants.wasi.handles"));
        }
        let handle = self.table.push(entry)?;
        self.held = self.held.saturating_add(1);
        Ok(handle)
    }

    /// Returns the entry of a handle.
    pub(super) fn get<T: 'static>(&self, handle: &Resource<T>) -> Result<&T, ResourceTableError> {
        self.table.get(handle)
    }

    /// Removes the entry of a handle.
    pub(super) fn take_back<T: 'static>(&mut self, handle: Resource<T>) -> wasmtime::Result<()> {
        self.table.delete(handle)?;
        self.held = self.held.saturating_sub(1);
        Ok(())
    }
}
