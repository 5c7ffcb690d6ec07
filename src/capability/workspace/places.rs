//! The folders that this process has made, so that one that stops at once leaves none of them behind.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;

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
pub fn forget(place: &Path) {
    if let Some(places) = open().as_mut() {
        places.remove(place);
    }
}

/// Remove every folder that this process has made and that is still there: it is about to stop without closing its episodes. None is
/// made from now on.
pub fn abandon() {
    let places = open().take().unwrap_or_default();
    for place in places {
        // An episode that still runs may write to it meanwhile; once it is gone, nobody makes it again.
        for _ in 0..100 {
            if matches!(std::fs::remove_dir_all(&place), Ok(())) || matches!(place.try_exists(), Ok(false)) {
                break;
            }
        }
    }
}

fn open() -> MutexGuard<'static, Option<BTreeSet<PathBuf>>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}
