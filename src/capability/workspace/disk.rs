//! Temporary directory behind a workspace.

use std::io::{self, ErrorKind, Write as _};
use std::path::PathBuf;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};
use tempfile::TempDir;

use super::path::WorkspacePath;
use super::{places, sweep};
use crate::transcript::Residue;

/// Error returned when the host could not keep a workspace.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system refused.
    #[error("the workspace could not be used")]
    Io(#[from] io::Error),
    /// The folder had a file that the agent did not put there, or lacked one.
    #[error("the workspace did not hold what was written to it")]
    Inventory,
    /// The folder, or something in it, is still there.
    #[error("the workspace `{}` could not be wiped: {why}", place.display())]
    NotWiped {
        /// Path of the folder.
        place: PathBuf,
        /// Error of the file system.
        why: io::Error,
    },
}

/// Directory, made at the first write.
#[derive(Debug)]
pub(super) struct WorkspaceDisk(Option<MadeFolder>);

#[derive(Debug)]
struct MadeFolder {
    folder: Dir,
    place: TempDir,
}

impl WorkspaceDisk {
    pub(super) const fn new() -> Self {
        Self(None)
    }

    pub(super) fn read(&self, path: &WorkspacePath) -> Result<Vec<u8>, Error> {
        let Some(MadeFolder { folder, .. }) = &self.0 else { return Err(Error::Inventory) };
        Ok(folder.read(path.as_str())?)
    }

    pub(super) fn write(&mut self, path: &WorkspacePath, contents: &[u8]) -> Result<(), Error> {
        Ok(self.folder_for(path)?.write(path.as_str(), contents)?)
    }

    pub(super) fn append(&mut self, path: &WorkspacePath, contents: &[u8]) -> Result<(), Error> {
        let folder = self.folder_for(path)?;
        let mut file = folder.open_with(path.as_str(), OpenOptions::new().append(true).create(true))?;
        Ok(file.write_all(contents)?)
    }

    pub(super) fn remove(&self, path: &WorkspacePath) -> Result<(), Error> {
        let Some(MadeFolder { folder, .. }) = &self.0 else { return Err(Error::Inventory) };
        if folder.symlink_metadata(path.as_str())?.is_dir() {
            folder.remove_dir(path.as_str())?;
        } else {
            folder.remove_file(path.as_str())?;
        }
        Ok(())
    }

    /// Returns the directory, and makes the folders above `path`.
    fn folder_for(&mut self, path: &WorkspacePath) -> Result<&Dir, Error> {
        let made = if let Some(made) = self.0.take() {
            made
        } else {
            let place = places::make("dayfly-")?;
            MadeFolder { folder: Dir::open_ambient_dir(place.path(), ambient_authority())?, place }
        };
        let folder = &self.0.insert(made).folder;
        if let Some(parent) = path.parents().last() {
            folder.create_dir_all(parent)?;
        }
        Ok(folder)
    }

    /// Takes the inventory, removes everything, and checks that it is gone.
    pub(super) fn wipe(self) -> Result<Vec<Residue>, Error> {
        let Some(MadeFolder { folder, place }) = self.0 else { return Ok(Vec::new()) };
        let mut left = Vec::new();
        let listed = inventory(&folder, "", DEEPEST, &mut left);
        let place = place.keep();
        // INVARIANT 3: the folder is removed, and that is checked, whatever was found in it.
        if let Err(why) = sweep::remove_open(folder, &place) {
            return Err(Error::NotWiped { place, why });
        }
        places::forget(&place);
        if place.try_exists()? {
            return Err(Error::NotWiped { place, why: ErrorKind::AlreadyExists.into() });
        }
        listed?;
        left.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(left)
    }
}

/// Depth that no path of a workspace reaches.
const DEEPEST: u32 = 40;

fn inventory(folder: &Dir, above: &str, deepest: u32, left: &mut Vec<Residue>) -> Result<(), Error> {
    let deepest = deepest.checked_sub(1).ok_or(Error::Inventory)?;
    for entry in folder.entries()? {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|_| Error::Inventory)?;
        let path = if above.is_empty() { name } else { format!("{above}/{name}") };
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            left.push(Residue { path: path.clone(), bytes: 0 });
            inventory(&entry.open_dir()?, &path, deepest, left)?;
        } else {
            left.push(Residue { path, bytes: metadata.len() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> WorkspacePath {
        WorkspacePath::parse(text).unwrap()
    }

    #[test]
    fn what_was_written_is_listed_and_gone() {
        let mut disk = WorkspaceDisk::new();
        disk.write(&path("a/b"), b"12").unwrap();
        disk.append(&path("a/b"), b"3").unwrap();
        assert_eq!(disk.read(&path("a/b")).unwrap(), b"123");
        let place = disk.0.as_ref().unwrap().place.path().to_owned();
        assert!(place.exists());
        let left = disk.wipe().unwrap();
        assert_eq!(
            left.iter().map(|file| (file.path.as_str(), file.bytes)).collect::<Vec<_>>(),
            [("a", 0), ("a/b", 3)]
        );
        assert!(!place.exists());
    }

    #[cfg(unix)]
    #[test]
    fn nobody_but_its_user_can_look_into_it() {
        let mut disk = WorkspaceDisk::new();
        disk.write(&path("a"), b"1").unwrap();
        let place = disk.0.as_ref().unwrap().place.path();
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(place).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o700);
        disk.wipe().unwrap();
    }

    #[test]
    fn nothing_is_made_for_an_episode_that_writes_nothing() {
        assert!(WorkspaceDisk::new().wipe().unwrap().is_empty());
    }
}
