//! Folders of the cache and of its key, with checks that nobody else can write there.

use std::env;
use std::fs::{DirBuilder, Metadata};
use std::path::{Path, PathBuf};

use super::Unusable;

/// Returns the folder of the cache.
pub(super) fn cache() -> Result<PathBuf, Unusable> {
    match env::var_os("DAYFLY_CACHE") {
        Some(place) if ["off", "0"].iter().any(|off| place == *off) => Err(Unusable::Off),
        Some(place) if !place.is_empty() => Ok(place.into()),
        _ => below("XDG_CACHE_HOME", ".cache"),
    }
}

/// Returns the folder of the key. It is not in the cache, which may be shared, restored or moved.
pub(super) fn state() -> Result<PathBuf, Unusable> {
    below("XDG_STATE_HOME", ".local/state")
}

/// Returns `dayfly` in the folder that `variable` names, or in `otherwise` below the home of the
/// user.
fn below(variable: &str, otherwise: &str) -> Result<PathBuf, Unusable> {
    let named = |variable: &str| env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = named(variable).or_else(|| named("HOME").map(|home| home.join(otherwise)));
    let folder = folder.ok_or(Unusable::Nowhere)?;
    // A user who acts as another for a while leaves nothing in the home of that other.
    let there = folder.ancestors().find_map(|folder| Some((folder, folder.metadata().ok()?)));
    match there {
        Some((folder, about)) if !is_own(&about) => Err(Unusable::Shared(folder.to_owned())),
        _ => Ok(folder.join("dayfly")),
    }
}

/// Makes a folder for the user alone, if it does not exist. A folder that others can write to is an
/// error.
pub(super) fn make(folder: &Path) -> Result<(), Unusable> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let unusable = |source| Unusable::Io { path: folder.to_owned(), source };
    builder.create(folder).map_err(unusable)?;
    let about = folder.metadata().map_err(unusable)?;
    // INVARIANT 3
    if is_own(&about) && !is_open(&about, 0o022) { Ok(()) } else { Err(Unusable::Shared(folder.to_owned())) }
}

/// Returns `true` if a file is the user's, and nobody else can read or write it.
pub(super) fn is_secret(about: &Metadata) -> bool {
    is_own(about) && !is_open(about, 0o077)
}

#[cfg(unix)]
fn is_own(about: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::uid(about) == nix::unistd::geteuid().as_raw()
}

#[cfg(unix)]
fn is_open(about: &Metadata, to: u32) -> bool {
    std::os::unix::fs::MetadataExt::mode(about) & to != 0
}

/// Returns `false`: the owner is unknown on this system, so there is no cache.
#[cfg(not(unix))]
fn is_own(_: &Metadata) -> bool {
    false
}

#[cfg(not(unix))]
fn is_open(_: &Metadata, _: u32) -> bool {
    true
}
