//! Files of the cache: each has a tag and code, and the least recently used are removed first.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use dayfly_compiled::TAG;

use super::{CacheUse, MOST_OF_ONE, Maker};
use crate::ledger::regular;

/// Prefix of the name of a file that is being written.
const UNFINISHED: &str = "unfinished-";

/// Reads the tag and the code in a file, if there is one, and marks the file as used.
pub(super) fn read(path: &Path) -> Option<([u8; TAG], Vec<u8>)> {
    let mut file = regular(path).ok()?;
    let about = file.metadata().ok()?;
    if about.len() > MOST_OF_ONE {
        return None;
    }
    let mut tag = [0; TAG];
    file.read_exact(&mut tag).ok()?;
    let mut code = Vec::with_capacity(usize::try_from(about.len()).ok()?);
    // The file may grow while it is read.
    (&file).take(MOST_OF_ONE).read_to_end(&mut code).ok()?;
    // A file in a folder that cannot be written to is still read.
    let _ = file.set_modified(now());
    Some((tag, code))
}

/// Writes a file atomically.
pub(super) fn write(folder: &Path, name: &str, tag: &[u8; TAG], code: &[u8]) -> io::Result<()> {
    // INVARIANT 3: only the user can read it, whatever the default permissions of the process are.
    let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder)?;
    file.write_all(tag)?;
    file.write_all(code)?;
    // INVARIANT 4
    file.persist(folder.join(name)).map(drop).map_err(|error| error.error)
}

/// Removes the least recently used files until at most `most` bytes are left.
pub(super) fn make_room(folder: &Path, most: u64) {
    let mut files = kept(folder);
    files.sort_by_key(|file| file.used);
    let mut bytes = files.iter().fold(0_u64, |sum, file| sum.saturating_add(file.bytes));
    for file in files {
        if bytes <= most {
            return;
        }
        // Another process may have removed it.
        let _ = fs::remove_file(&file.path);
        bytes = bytes.saturating_sub(file.bytes);
    }
}

pub(super) fn held(folder: &Path) -> CacheUse {
    sum(&kept(folder))
}

pub(super) fn clean(folder: &Path) -> io::Result<CacheUse> {
    let files = kept(folder);
    for file in &files {
        match fs::remove_file(&file.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(sum(&files))
}

fn sum(files: &[CacheFile]) -> CacheUse {
    files.iter().fold(CacheUse::default(), |held, file| CacheUse {
        agents: held.agents.saturating_add(u64::from(file.is_whole)),
        bytes: held.bytes.saturating_add(file.bytes),
    })
}

/// File of the cache.
struct CacheFile {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
    is_whole: bool,
}

/// Returns every file of the cache, and no other that may lie in its folder.
fn kept(folder: &Path) -> Vec<CacheFile> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let file = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        let is_whole = is_name(&name);
        let about = entry.metadata().ok().filter(fs::Metadata::is_file)?;
        (is_whole || name.starts_with(UNFINISHED)).then(|| CacheFile {
            path: entry.path(),
            bytes: about.len(),
            used: about.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            is_whole,
        })
    };
    entries.filter_map(|entry| file(entry.ok()?)).collect()
}

/// Returns `true` if a file name is one of the cache: a maker and a digest.
fn is_name(name: &str) -> bool {
    name.split_once('-').is_some_and(|(maker, digest)| {
        Maker::ALL.iter().any(|known| known.name() == maker) && digest.parse::<crate::value::Digest>().is_ok()
    })
}

#[expect(clippy::disallowed_methods, reason = "when code was last used decides what is kept, and reaches no record")]
fn now() -> SystemTime {
    SystemTime::now()
}
