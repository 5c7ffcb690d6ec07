//! The folders that this process has made, so that one that stops at once leaves none of them behind.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use tempfile::TempDir;

use super::sweep;
use crate::value::lock;

/// None once the process is about to stop.
static OPEN: Mutex<Option<BTreeSet<PathBuf>>> = Mutex::new(Some(BTreeSet::new()));

/// A temporary directory that nobody else reads, whose name begins like this.
///
/// # Errors
///
/// Where there is none to be had, or the process is about to stop.
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

/// It has been removed.
pub(super) fn forget(place: &Path) {
    if let Some(places) = open().as_mut() {
        places.remove(place);
    }
}

/// Remove a folder that was made here, with all that is in it.
///
/// # Errors
///
/// Why something of it could not be removed: it is tried once more where the program stops at once.
pub fn remove(place: &Path) -> io::Result<()> {
    sweep::remove(place)?;
    forget(place);
    Ok(())
}

/// The room where folders are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// The folder that they are made in.
    pub place: PathBuf,
    /// The bytes that are free.
    pub bytes: u64,
    /// The files and folders that may still be made.
    pub files: u64,
    /// The bytes of a block: what a file takes is a multiple of it.
    pub block: u64,
}

/// The room that there is now; none where the system does not say.
pub fn room() -> Option<Room> {
    let place = tempfile::env::temp_dir();
    #[cfg(unix)]
    {
        let told = nix::sys::statvfs::statvfs(&place).ok()?;
        // The types of these numbers differ between systems.
        let wide = |number: &dyn std::fmt::Display| number.to_string().parse::<u64>().unwrap_or(u64::MAX);
        let block = wide(&told.fragment_size());
        // Some file systems make as many as there is room for, and say that they have none.
        let files = if told.files() == 0 { u64::MAX } else { wide(&told.files_available()) };
        Some(Room { place, bytes: wide(&told.blocks_available()).saturating_mul(block), files, block })
    }
    #[cfg(not(unix))]
    {
        let _ = place;
        None
    }
}

/// Remove every folder that this process has made and that is still there: it is about to stop without closing its episodes. None is
/// made from now on.
pub fn abandon() {
    let places = open().take().unwrap_or_default();
    for place in places {
        // An episode that still runs may write to it meanwhile; once it is gone, nobody makes it again.
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
