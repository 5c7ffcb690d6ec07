//! `workspace`: a scratch folder for one episode.
//!
//! ```text
//!  path --parse--> Path --check against the index, quotas--> Permit --> cap-std over a temporary directory
//! ```
//!
//! 1. A name is checked before it reaches a file system; cap-std is the second barrier.
//! 2. Every decision follows from the index, and the index from the calls alone. No answer depends
//!    on the disk.
//! 3. The folder is made at the first write. When the episode has closed, it is removed, and that
//!    is checked. A process that is told to stop at once removes it as well. Only a killed process
//!    leaves it behind.

mod disk;
mod index;
mod path;
mod places;
mod sweep;

use std::collections::BTreeSet;

use wasmtime::component::Linker;

pub use self::disk::Error;
pub use self::path::PATH;
pub use self::places::{WorkspaceRoot, abandon, make, remove, room};

use self::disk::WorkspaceDisk;
use self::index::FileIndex;
use self::path::WorkspacePath;
use super::host::{Host, HostOpening};
use super::{call, interface};
use crate::gate::{
    AfterEnd, Capability, Example, Given, Grant, Ground, KeptBody, Limit, LimitKind, Mode, Permit, Refusal, Request,
    Shortfall,
};
use crate::transcript::{Argument, Entry as Decided, Operation, RecordedArgument, Residue, Weight};
use crate::value::wide;
use crate::wit::dayfly::agent::workspace::Entry;

const READ: Operation = Operation { capability: "workspace", name: "read", code: 0x10, weight: Weight::Light };
const WRITE: Operation = Operation { capability: "workspace", name: "write", code: 0x11, weight: Weight::Heavy };
const APPEND: Operation = Operation { capability: "workspace", name: "append", code: 0x12, weight: Weight::Heavy };
const REMOVE: Operation = Operation { capability: "workspace", name: "remove", code: 0x13, weight: Weight::Heavy };
const ENTRIES: Operation = Operation { capability: "workspace", name: "entries", code: 0x14, weight: Weight::Light };

/// Grounds for the refusal of a write.
const GROUNDS: &[Ground] = &[Ground::Invalid, Ground::Quota("depth"), Ground::Quota("files"), Ground::Quota("bytes")];

pub(super) const CAPABILITY: Capability = Capability {
    name: "workspace",
    summary: "a scratch folder, empty at the start and wiped at the end",
    contract: include_str!("../../../wit/workspace.wit"),
    operations: &[READ, WRITE, APPEND, REMOVE, ENTRIES],
    limits: &[
        Limit {
            name: "bytes",
            kind: LimitKind::Size { default: 1 << 20, most: 1 << 30 },
            meaning: "the contents of all files together",
        },
        Limit {
            name: "files",
            kind: LimitKind::Count { default: 32, most: 65_536 },
            meaning: "how many files and folders there may be at a time",
        },
        Limit {
            name: "depth",
            kind: LimitKind::Count { default: 4, most: 32 },
            meaning: "how many names a path may have",
        },
    ],
    grounds: &[
        (READ, &[Ground::Invalid]),
        (WRITE, GROUNDS),
        (APPEND, GROUNDS),
        (REMOVE, &[Ground::Invalid]),
        (ENTRIES, &[Ground::Invalid]),
    ],
    after_end: AfterEnd::Violation,
    fits: Some(fits),
    by_runtimes: &[],
    examples: &[
        Example { operation: WRITE, arguments: &[Given::Text("left/behind"), Given::Text("by the one before")] },
        Example { operation: WRITE, arguments: &[Given::Text("not-for-long"), Given::Text("")] },
        Example { operation: WRITE, arguments: &[Given::New, Given::Filling(4096)] },
        Example { operation: READ, arguments: &[Given::Text("left/behind")] },
        Example { operation: APPEND, arguments: &[Given::Text("left/behind"), Given::Text("and more")] },
        Example { operation: REMOVE, arguments: &[Given::Text("not-for-long")] },
        Example { operation: ENTRIES, arguments: &[Given::Text("left")] },
    ],
};

#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    bytes: u64,
    files: u64,
    depth: u64,
}

impl From<&Grant> for Limits {
    fn from(grant: &Grant) -> Self {
        Self { bytes: grant.number("bytes"), files: grant.number("files"), depth: grant.number("depth") }
    }
}

/// Returns `true` if the residue is possible and within the grant. No more files have content than
/// writes were recorded. Each recorded call was granted, as far as its path is shown whole.
fn fits(kept: &KeptBody<'_>) -> bool {
    let residue = &kept.body.residue;
    let Some((warrant, grant)) = kept.granted else { return residue.is_empty() };
    let bytes = residue.iter().map(|left| left.bytes).fold(0, u64::saturating_add);
    let is_write = |entry: &&Decided| entry.operation == WRITE || entry.operation == APPEND;
    let writes = wide(kept.entries(CAPABILITY.name).filter(is_write).count());
    let filled = wide(residue.iter().filter(|left| left.bytes > 0).count());
    let folded: BTreeSet<String> = residue.iter().map(|left| left.path.to_ascii_lowercase()).collect();
    let is_granted = |entry: &Decided| {
        let decided = |operation: &Operation| {
            entry.name().is_none_or(|path| warrant.decide(*operation, Some(path), entry.step).0 == Mode::Grant)
        };
        CAPABILITY.operations.iter().find(|operation| entry.operation == **operation).is_some_and(decided)
    };
    kept.entries(CAPABILITY.name).all(is_granted)
        // A call makes at most one file, and the folders above it.
        && filled <= writes
        && wide(residue.len()) <= writes.saturating_mul(grant.number("depth"))
        // The paths are sorted and unique, also without regard to the case of letters.
        && residue.is_sorted_by(|one, next| one.path < next.path)
        && folded.len() == residue.len()
        && wide(residue.len()) <= grant.number("files")
        && bytes <= grant.number("bytes")
        && residue.iter().all(|Residue { path, .. }| {
            WorkspacePath::parse(path).is_ok_and(|path| (1..=grant.number("depth")).contains(&path.depth()))
        })
}

/// Folder of one episode.
#[derive(Debug)]
pub(super) struct State {
    index: FileIndex,
    disk: WorkspaceDisk,
}

impl State {
    pub(super) const fn open(_: &HostOpening) -> Self {
        Self { index: FileIndex::new(), disk: WorkspaceDisk::new() }
    }

    /// Wipes the folder, and returns its contents.
    pub(super) fn wipe(self) -> Result<Vec<Residue>, Error> {
        let left = self.disk.wipe()?;
        if left == self.index.inventory() { Ok(left) } else { Err(Error::Inventory) }
    }
}

/// Asks for a permit to do `operation` to `path`; `fits` receives the parsed path.
macro_rules! ask {
    ($host:ident, $operation:expr, $path:ident, $argument:expr, $fits:expr) => {{
        let term = &$host.charter.workspace;
        let request = Request { operation: $operation, argument: Argument($argument), name: Some($path) };
        let parsed = WorkspacePath::parse($path);
        let permit: Result<Permit<'_, State>, Refusal> =
            $host.states.workspace.ask(&mut $host.gate, &term.warrant, &request, |state| {
                let path = parsed.as_ref().map_err(|why| Shortfall::Invalid((*why).into()))?;
                $fits(&state.index, path, term.limits)
            });
        match (permit, parsed) {
            (Ok(permit), parsed) => (permit, parsed.unwrap_or_default()),
            (Err(refusal), _) => return Ok(Err(refusal)),
        }
    }};
}

type WorkspaceAnswer<T> = wasmtime::Result<Result<T, Refusal>>;

impl Host {
    fn read(&mut self, path: &str) -> WorkspaceAnswer<Vec<u8>> {
        let (permit, path) =
            ask!(self, READ, path, &[RecordedArgument::Text(path)], |index: &FileIndex, path: &WorkspacePath, _| {
                index.file(path).and_then(|bytes| usize::try_from(bytes).map_err(|_| Shortfall::Quota("bytes")))
            });
        Ok(Ok(permit.answer(|state| state.disk.read(&path), |_| Ok(Vec::new()))?))
    }

    fn write(&mut self, path: &str, contents: &[u8]) -> WorkspaceAnswer<()> {
        let argument = [RecordedArgument::Text(path), RecordedArgument::Bytes(contents)];
        let more = u64::try_from(contents.len()).unwrap_or(u64::MAX);
        let (permit, path) = ask!(self, WRITE, path, &argument, |index: &FileIndex, path: &WorkspacePath, limits| {
            index.fits(path, more, limits)
        });
        let effect = |state: &mut State| {
            state.index.put(&path, more);
            state.disk.write(&path, contents)
        };
        Ok(Ok(permit.answer(effect, |_| Ok(()))?))
    }

    fn append(&mut self, path: &str, contents: &[u8]) -> WorkspaceAnswer<()> {
        let argument = [RecordedArgument::Text(path), RecordedArgument::Bytes(contents)];
        let more = u64::try_from(contents.len()).unwrap_or(u64::MAX);
        let (permit, path) = ask!(self, APPEND, path, &argument, |index: &FileIndex, path: &WorkspacePath, limits| {
            index.fits(path, index.file(path).unwrap_or(0).saturating_add(more), limits)
        });
        let effect = |state: &mut State| {
            let bytes = state.index.file(&path).unwrap_or(0).saturating_add(more);
            state.index.put(&path, bytes);
            state.disk.append(&path, contents)
        };
        Ok(Ok(permit.answer(effect, |_| Ok(()))?))
    }

    fn remove(&mut self, path: &str) -> WorkspaceAnswer<()> {
        let (permit, path) =
            ask!(self, REMOVE, path, &[RecordedArgument::Text(path)], |index: &FileIndex, path: &WorkspacePath, _| {
                index.removable(path)
            });
        let effect = |state: &mut State| {
            state.index.remove(&path);
            state.disk.remove(&path)
        };
        Ok(Ok(permit.answer(effect, |_| Ok(()))?))
    }

    fn entries(&mut self, path: &str) -> WorkspaceAnswer<Vec<Entry>> {
        let (permit, path) =
            ask!(self, ENTRIES, path, &[RecordedArgument::Text(path)], |index: &FileIndex, path: &WorkspacePath, _| {
                let moved = |entry: &Entry| entry.name.len().saturating_add(24);
                index.entries(path).map(|entries| entries.iter().map(moved).sum())
            });
        Ok(Ok(permit.answer(|state| state.index.entries(&path).unwrap_or_default(), |_| Vec::new())))
    }
}

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    let mut linker = interface(linker, &CAPABILITY)?;
    linker.func_wrap(READ.name, |store, (path,): (String,)| call(store, path.len(), |host| host.read(&path)))?;
    linker.func_wrap(WRITE.name, |store, (path, contents): (String, Vec<u8>)| {
        call(store, path.len().saturating_add(contents.len()), |host| host.write(&path, &contents))
    })?;
    linker.func_wrap(APPEND.name, |store, (path, contents): (String, Vec<u8>)| {
        call(store, path.len().saturating_add(contents.len()), |host| host.append(&path, &contents))
    })?;
    linker.func_wrap(REMOVE.name, |store, (path,): (String,)| call(store, path.len(), |host| host.remove(&path)))?;
    linker.func_wrap(ENTRIES.name, |store, (path,): (String,)| call(store, path.len(), |host| host.entries(&path)))
}
