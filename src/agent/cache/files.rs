//! The files of the cache: each has a tag and code, and the oldest go first.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use dayfly_compiled::TAG;

use super::{Held, MOST_OF_ONE, Maker};
use crate::ledger::regular;

/// What the name of a file begins with that is being written.
const UNFINISHED: &str = "unfinished-";

/// A tag and the code that it is for, where there is such a file. It counts as used.
pub(super) fn read(path: &Path) -> Option<([u8; TAG], Vec<u8>)> {
    let mut file = regular(path).ok()?;
    let about = file.metadata().ok()?;
    if about.len() > MOST_OF_ONE {
        return None;
    }
    let mut tag = [0; TAG];
    file.read_exact(&mut tag).ok()?;
    let mut code = Vec::with_capacity(usize::try_from(about.len()).ok()?);
    // It may grow while it is read.
    (&file).take(MOST_OF_ONE).read_to_end(&mut code).ok()?;
    // A folder that cannot be written to is still read.
    let _ = file.set_modified(now());
    Some((tag, code))
}

/// Write a file, which takes its place as a whole.
pub(super) fn write(folder: &Path, name: &str, tag: &[u8; TAG], code: &[u8]) -> io::Result<()> {
    // INVARIANT 3: for the user alone, whatever the process gives files by default.
    let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder)?;
    file.write_all(tag)?;
    file.write_all(code)?;
    // INVARIANT 4
    file.persist(folder.join(name)).map(drop).map_err(|error| error.error)
}

/// Remove what was not used for longest, until no more bytes are left than that.
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

pub(super) fn held(folder: &Path) -> Held {
    sum(&kept(folder))
}

pub(super) fn clean(folder: &Path) -> io::Result<Held> {
    let files = kept(folder);
    for file in &files {
        match fs::remove_file(&file.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(sum(&files))
}

fn sum(files: &[Kept]) -> Held {
    files.iter().fold(Held::default(), |held, file| Held {
        agents: held.agents.saturating_add(u64::from(file.is_whole)),
        bytes: held.bytes.saturating_add(file.bytes),
    })
}

/// A file of the cache.
struct Kept {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
    is_whole: bool,
}

/// Every file of the cache, and no other that may lie in its folder.
fn kept(folder: &Path) -> Vec<Kept> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let file = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        let is_whole = is_name(&name);
        let about = entry.metadata().ok().filter(fs::Metadata::is_file)?;
        (is_whole || name.starts_with(UNFINISHED)).then(|| Kept {
            path: entry.path(),
            bytes: about.len(),
            used: about.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            is_whole,
        })
    };
    entries.filter_map(|entry| file(entry.ok()?)).collect()
}

/// Whether a file is called as those of the cache are: a maker and a digest.
fn is_name(name: &str) -> bool {
    name.split_once('-').is_some_and(|(maker, digest)| {
        Maker::ALL.iter().any(|known| known.name() == maker) && digest.parse::<crate::value::Digest>().is_ok()
    })
}

#[expect(clippy::disallowed_methods, reason = "when code was last used decides what is kept, and reaches no record")]
fn now() -> SystemTime {
    SystemTime::now()
}
