//! The number of episodes that a worker has begun. Its supervisor can read the number however the worker ends.
//!
//! ```text
//!  worker --8 bytes before each episode--> file in the scratch folder <--read once the worker is gone-- supervisor
//! ```
//!
//! Answers may be sent in batches. This number is written at once. Both processes open the file at the start, so
//! renaming or removing it changes nothing.

use std::fs::File;
use std::io;
use std::path::Path;

/// Counter of begun episodes, as the supervisor or the worker holds it.
#[derive(Debug)]
pub(super) struct BegunCount(File);

const NAME: &str = "begun";

impl BegunCount {
    /// Creates the file, with no episode begun: the supervisor's side.
    pub(super) fn new(scratch: &Path) -> io::Result<Self> {
        File::options().read(true).write(true).create_new(true).open(scratch.join(NAME)).map(Self)
    }

    /// Opens the file: the worker's side.
    pub(super) fn open(scratch: &Path) -> io::Result<Self> {
        File::options().write(true).open(scratch.join(NAME)).map(Self)
    }

    /// Writes that `episodes` have been begun.
    pub(super) fn say(&self, episodes: u64) -> io::Result<()> {
        let bytes = episodes.to_le_bytes();
        #[cfg(unix)]
        let written = std::os::unix::fs::FileExt::write_at(&self.0, &bytes, 0)?;
        #[cfg(windows)]
        let written = std::os::windows::fs::FileExt::seek_write(&self.0, &bytes, 0)?;
        if written == bytes.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
    }

    /// Number of episodes begun, as the worker wrote it. The number is not to be trusted.
    pub(super) fn count(&self) -> u64 {
        let mut bytes = [0; 8];
        #[cfg(unix)]
        let read = std::os::unix::fs::FileExt::read_at(&self.0, &mut bytes, 0);
        #[cfg(windows)]
        let read = std::os::windows::fs::FileExt::seek_read(&self.0, &mut bytes, 0);
        if matches!(read, Ok(8)) { u64::from_le_bytes(bytes) } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_side_says_the_other_one_counts() {
        let scratch = tempfile::tempdir().unwrap();
        assert!(BegunCount::open(scratch.path()).is_err());
        let supervisor = BegunCount::new(scratch.path()).unwrap();
        assert_eq!(supervisor.count(), 0);
        let worker = BegunCount::open(scratch.path()).unwrap();
        for episodes in [1, 2, u64::MAX] {
            worker.say(episodes).unwrap();
            assert_eq!(supervisor.count(), episodes);
        }
        std::fs::remove_file(scratch.path().join(NAME)).unwrap();
        worker.say(3).unwrap();
        assert_eq!(supervisor.count(), 3);
    }
}
