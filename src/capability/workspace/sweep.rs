//! Removal of a folder with everything in it.
//!
//! ```text
//!  top/a/b/c/ ... 34 names deep --/what lies deeper--rename--> top/0
//! ```
//!
//! 1. At most [`LEVELS`] folders are open at a time. A deeper folder is first moved to the top.
//! 2. A folder is moved at most once, so the time is linear in the number of files and folders.
//! 3. A file or folder that cannot be removed does not keep others from being removed.
//!
//! Nothing may be added to the folder meanwhile. Another process may remove the same files.

use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, DirEntry};

/// Maximum number of nested folders that are open at a time. A workspace has fewer, so its folders
/// are never moved: a confined worker cannot rename anything.
const LEVELS: usize = 34;

/// Removes the folder at `place` with everything in it. A folder that does not exist counts as
/// removed.
///
/// # Errors
///
/// Returns the first error. Everything else is removed.
pub(super) fn remove(place: &Path) -> io::Result<()> {
    match Dir::open_ambient_dir(place, ambient_authority()) {
        Ok(folder) => remove_open(folder, place),
        Err(error) => gone(Err(error)),
    }
}

/// Removes a folder that is open already.
pub(super) fn remove_open(folder: Dir, place: &Path) -> io::Result<()> {
    let emptied = Sweep { top: &folder, removed: 0, brought: 0, failed: None }.empty();
    drop(folder);
    emptied.and_then(|()| gone(std::fs::remove_dir(place)))
}

struct Sweep<'t> {
    top: &'t Dir,
    /// Number of files and folders removed.
    removed: u64,
    /// Number of names tried for folders moved to the top.
    brought: u64,
    failed: Option<io::Error>,
}

/// Open folder, with the names of the folders in it that are still to be visited.
struct OpenFolder {
    name: OsString,
    folder: Dir,
    within: Vec<OsString>,
}

impl Sweep<'_> {
    fn empty(mut self) -> io::Result<()> {
        loop {
            let before = (self.removed, self.brought);
            self.pass()?;
            let goes_on = (self.removed, self.brought) != before;
            match self.failed.take() {
                // INVARIANT 3: as long as a pass removes or moves something, the next one may do
                // more.
                _ if goes_on => {}
                Some(error) => return Err(error),
                None => return Ok(()),
            }
        }
    }

    /// Goes once through the whole folder. Folders moved to the top meanwhile are left for the next
    /// pass.
    fn pass(&mut self) -> io::Result<()> {
        let mut open = vec![self.list(OsString::new(), self.top.try_clone()?)?];
        while let Some(deepest) = open.last_mut() {
            if let Some(name) = deepest.within.pop() {
                let is_deep = open.len() >= LEVELS;
                let next = open.last().map_or(Ok(None), |above| self.take(&above.folder, name, is_deep));
                match next {
                    Ok(next) => open.extend(next),
                    Err(error) => self.note(Err(error)),
                }
                continue;
            }
            let name = open.pop().map(|done| done.name);
            if let (Some(name), Some(above)) = (name, open.last()) {
                self.note(above.folder.remove_dir(name));
            }
        }
        Ok(())
    }

    /// Opens a folder, or moves it to the top.
    fn take(&mut self, above: &Dir, name: OsString, is_deep: bool) -> io::Result<Option<OpenFolder>> {
        if is_deep {
            // INVARIANT 1
            self.bring_up(above, &name)?;
            return Ok(None);
        }
        let folder = allowed(above, &name, || above.open_dir(&name))?;
        self.list(name, folder).map(Some)
    }

    /// Removes the files in a folder, and lists its folders.
    fn list(&mut self, name: OsString, folder: Dir) -> io::Result<OpenFolder> {
        let mut within = Vec::new();
        for entry in folder.entries()? {
            let entry = entry?;
            if is_folder(&entry)? {
                within.push(entry.file_name());
            } else {
                self.note(entry.remove_file());
            }
        }
        Ok(OpenFolder { name, folder, within })
    }

    /// INVARIANT 2: moves the folder to the top, under a new name. The next pass visits its
    /// contents.
    fn bring_up(&mut self, above: &Dir, name: &OsStr) -> io::Result<()> {
        loop {
            let at_top = self.brought.to_string();
            self.brought = self.brought.saturating_add(1);
            match allowed(above, name, || above.rename(name, self.top, &at_top)) {
                // The name is in use.
                Err(error) if is_taken(error.kind()) => {}
                other => return other,
            }
        }
    }

    /// Counts a removal, or keeps the first error.
    fn note(&mut self, removed: io::Result<()>) {
        match gone(removed) {
            Ok(()) => self.removed = self.removed.saturating_add(1),
            Err(error) => drop(self.failed.get_or_insert(error)),
        }
    }
}

const fn is_taken(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::AlreadyExists | ErrorKind::DirectoryNotEmpty | ErrorKind::NotADirectory)
}

fn is_folder(entry: &DirEntry) -> io::Result<bool> {
    let kind = entry.file_type()?;
    // Some file systems do not report the type of an entry in a list.
    if kind.is_dir() || kind.is_file() || kind.is_symlink() {
        Ok(kind.is_dir())
    } else {
        Ok(entry.metadata()?.is_dir())
    }
}

/// Does `work` with the folder `name`. If permissions forbid it, changes them and tries again.
fn allowed<T>(above: &Dir, name: &OsStr, work: impl Fn() -> io::Result<T>) -> io::Result<T> {
    match work() {
        #[cfg(unix)]
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            let own = <cap_std::fs::Permissions as cap_std::fs::PermissionsExt>::from_mode(0o700);
            above.set_permissions(name, own)?;
            work()
        }
        other => {
            let _ = (above, name);
            other
        }
    }
}

/// Treats a missing file as removed.
fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes nested folders, each with a file, and a file whose name the sweep would use.
    fn deep(levels: usize) -> std::path::PathBuf {
        let place = tempfile::tempdir().unwrap().keep();
        let mut folder = Dir::open_ambient_dir(&place, ambient_authority()).unwrap();
        for _ in 0..levels {
            folder.create("0").unwrap();
            folder.create_dir("d").unwrap();
            folder = folder.open_dir("d").unwrap();
        }
        place
    }

    #[test]
    fn folders_within_each_other_are_removed_however_deep_they_go() {
        for levels in [0, 1, LEVELS - 1, LEVELS, 15_000] {
            let place = deep(levels);
            remove(&place).unwrap();
            assert!(!place.exists(), "{levels}");
            remove(&place).unwrap();
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn few_folders_are_open_at_a_time() {
        const ALONE: &str = "DAYFLY_TEST_ALONE";
        let test = "capability::workspace::sweep::tests::few_folders_are_open_at_a_time";
        if std::env::var_os(ALONE).is_none() {
            // This runs in a process of its own, which may have few descriptors open.
            let limited = format!("ulimit -n 60; exec \"$0\" --exact {test}");
            let program = std::env::current_exe().unwrap();
            let status = std::process::Command::new("sh").args(["-c", &limited]).arg(program).env(ALONE, "1").status();
            assert!(status.unwrap().success());
            return;
        }
        let place = deep(3000);
        remove(&place).unwrap();
        assert!(!place.exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_may_not_be_read_is_removed_with_what_is_in_it() {
        use cap_std::fs::{Permissions, PermissionsExt as _};
        let place = deep(2 * LEVELS);
        let top = Dir::open_ambient_dir(&place, ambient_authority()).unwrap();
        let long = ["d"; LEVELS + 1].join("/");
        for path in [long.as_str(), "d"] {
            top.set_permissions(path, Permissions::from_mode(0)).unwrap();
        }
        remove(&place).unwrap();
        assert!(!place.exists());
    }
}
