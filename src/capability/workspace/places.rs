//! Temporary folders of this process. They are listed, so that a process that stops at once can
//! remove them all.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use tempfile::TempDir;

use super::sweep;
use crate::value::lock;

/// Folders that are in use; `None` once the process is about to stop.
static OPEN: Mutex<Option<BTreeSet<PathBuf>>> = Mutex::new(Some(BTreeSet::new()));

/// Makes a temporary directory that only this user can read. Its name begins with `prefix`.
///
/// # Errors
///
/// Returns an error if the system cannot make one, or the process is about to stop.
pub fn make(prefix: &str) -> io::Result<TempDir> {
    let mut open = open();
    let Some(places) = open.as_mut() else { return Err(io::ErrorKind::Interrupted.into()) };
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let place = builder.tempdir()?;
    places.insert(place.path().to_owned());
    Ok(place)
}

/// Forgets a folder that has been removed.
pub(super) fn forget(place: &Path) {
    if let Some(places) = open().as_mut() {
        places.remove(place);
    }
}

/// Removes a folder that was made here, with everything in it.
///
/// # Errors
///
/// Returns the first error. The folder stays listed, and [`abandon`] tries again.
pub fn remove(place: &Path) -> io::Result<()> {
    sweep::remove(place)?;
    forget(place);
    Ok(())
}

/// Free space for folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkspaceRoot {
    /// Folder in which they are made.
    pub place: PathBuf,
    /// Number of free bytes.
    pub bytes: u64,
    /// Number of files and folders that may still be made.
    pub files: u64,
    /// Size of a block in bytes: a file takes a multiple of it.
    pub block: u64,
}

/// Returns the free space now, or `None` if the system does not report it.
pub fn room() -> Option<WorkspaceRoot> {
    let place = tempfile::env::temp_dir();
    #[cfg(unix)]
    {
        let told = nix::sys::statvfs::statvfs(&place).ok()?;
        // These numbers have different types on different systems.
        let wide = |number: &dyn std::fmt::Display| number.to_string().parse::<u64>().unwrap_or(u64::MAX);
        let block = wide(&told.fragment_size());
        // Some file systems have no fixed number of files, and report 0.
        let files = if told.files() == 0 { u64::MAX } else { wide(&told.files_available()) };
        Some(WorkspaceRoot { place, bytes: wide(&told.blocks_available()).saturating_mul(block), files, block })
    }
    #[cfg(not(unix))]
    {
        let _ = place;
        None
    }
}

/// Removes every folder of this process that is still there. The process is about to stop without
/// closing its episodes. From now on no folder is made.
pub fn abandon() {
    let places = open().take().unwrap_or_default();
    for place in places {
        // A running episode may write to the folder meanwhile. Once removed, the folder is not made
        // again.
        for _ in 0..100 {
            if sweep::remove(&place).is_ok() || matches!(place.try_exists(), Ok(false)) {
                break;
            }
        }
    }
}

fn open() -> MutexGuard<'static, Option<BTreeSet<PathBuf>>> {
    lock(&OPEN)
}
