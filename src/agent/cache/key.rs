//! Key of a user: 32 bytes in a file that nobody else can read.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use dayfly_compiled::Key;

use super::{Unusable, place};
use crate::ledger::regular;

/// Name of the file.
const FILE: &str = "compiled.key";
const BYTES: usize = 32;

/// Returns the key in the folder `state`. Makes one if there is none.
pub(super) fn of(state: &Path) -> Result<Key, Unusable> {
    let path = state.join(FILE);
    let unusable = |source| Unusable::Io { path: path.clone(), source };
    match regular(&path) {
        Ok(file) => read(&path, file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make(state, &path).map_err(unusable)?;
            // Another process may have made one meanwhile.
            read(&path, regular(&path).map_err(unusable)?)
        }
        Err(error) => Err(unusable(error)),
    }
}

/// Reads the key from a file that nobody else can have read or written.
fn read(path: &Path, mut file: File) -> Result<Key, Unusable> {
    let unusable = |source| Unusable::Io { path: path.to_owned(), source };
    let about = file.metadata().map_err(unusable)?;
    // INVARIANT 3
    if !place::is_secret(&about) {
        return Err(Unusable::Shared(path.to_owned()));
    }
    if usize::try_from(about.len()).ok() != Some(BYTES) {
        return Err(unusable(io::Error::other("it is no key: remove it")));
    }
    let mut bytes = [0; BYTES];
    file.read_exact(&mut bytes).map_err(unusable)?;
    Ok(Key::new(bytes))
}

/// Makes a key where there is none. A key that another process has made meanwhile stays.
fn make(state: &Path, path: &Path) -> io::Result<()> {
    let bytes = random()?;
    let mut file = tempfile::Builder::new().prefix("unfinished-").tempfile_in(state)?;
    file.write_all(&bytes)?;
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => Err(error.error),
        _ => Ok(()),
    }
}

/// Returns 32 random bytes that cannot be guessed.
///
/// # Errors
///
/// Returns an error if the system gives none.
pub(in crate::agent) fn random() -> io::Result<[u8; 32]> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|_| io::Error::other("the system gives no random bytes"))?;
    Ok(bytes)
}
