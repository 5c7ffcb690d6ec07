//! The folders that this process has made, so that one that stops at once leaves none of them behind.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;

/// None once the process is about to stop.
static OPEN: Mutex<Option<BTreeSet<PathBuf>>> = Mutex::new(Some(BTreeSet::new()));

/// A temporary directory that nobody else reads.
pub(super) fn make() -> io::Result<TempDir> {
    let mut open = open();
    let Some(places) = open.as_mut() else { return Err(io::ErrorKind::Interrupted.into()) };
    let mut builder = tempfile::Builder::new();
    builder.prefix("dayfly-");
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

/// Remove every workspace of this process, which is about to stop without closing its episodes. None is made from now on.
pub fn abandon() {
    let places = open().take().unwrap_or_default();
    for place in places {
        // An episode that still runs may write to it meanwhile.
        for _ in 0..10 {
            if matches!(std::fs::remove_dir_all(&place), Ok(())) || matches!(place.try_exists(), Ok(false)) {
                break;
            }
        }
    }
}

fn open() -> MutexGuard<'static, Option<BTreeSet<PathBuf>>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}
