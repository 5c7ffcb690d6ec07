//! The files of a ledger, read in constant memory.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::{Error, LEAVES, LONGEST};
use crate::value::Digest;

/// Opens a regular file, or the one that a link leads to.
///
/// Any other file may block or never end: a pipe waits for a writer, and a device may do anything.
///
/// # Errors
///
/// If there is no such file, if it is not a regular one, or if it cannot be opened.
pub fn regular(path: &Path) -> io::Result<File> {
    let is_regular = |file: std::fs::Metadata| {
        if file.is_file() { Ok(()) } else { Err(io::Error::other("it is not a regular file")) }
    };
    // Before it is opened; and after it, since it may have been exchanged.
    std::fs::metadata(path).and_then(is_regular)?;
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, nix::fcntl::OFlag::O_NONBLOCK.bits());
    let file = options.open(path)?;
    file.metadata().and_then(is_regular)?;
    Ok(file)
}

pub(super) fn open(path: &Path) -> Result<File, Error> {
    regular(path).map_err(Error::read(path))
}

/// Lines of a file.
pub(super) struct Lines {
    path: PathBuf,
    reader: BufReader<File>,
    buffer: Vec<u8>,
    /// `true` if the rest of the file is ignored, since a line was more than twice as long as allowed.
    is_over: bool,
}

/// Next part of a file of lines.
pub(super) enum Line<'a> {
    /// Line, without its newline.
    Whole(&'a [u8]),
    /// Line that is longer than a line may be.
    Long,
    /// Beginning of a line, at the end of the file.
    Torn(&'a [u8]),
    /// End of the file.
    End,
}

/// Consecutive lines: about a megabyte, or one longer line.
#[derive(Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    /// Ends of the lines in `bytes`, each with the kind of its line.
    ends: Vec<(usize, LineKind)>,
}

#[derive(Clone, Copy, PartialEq)]
enum LineKind {
    Whole,
    Long,
    Torn,
    End,
}

impl Batch {
    /// Returns the lines, in order.
    pub(super) fn lines(&self) -> Vec<Line<'_>> {
        let mut start = 0;
        let line = |&(end, kind): &(usize, LineKind)| {
            let bytes = self.bytes.get(start..end).unwrap_or_default();
            start = end;
            kind.line(bytes)
        };
        self.ends.iter().map(line).collect()
    }

    /// Returns `true` if there are few enough bytes for one thread.
    pub(super) const fn is_small(&self) -> bool {
        self.bytes.len() < Lines::BATCH / 16
    }
}

impl LineKind {
    const fn line(self, bytes: &[u8]) -> Line<'_> {
        match self {
            Self::Whole => Line::Whole(bytes),
            Self::Long => Line::Long,
            Self::Torn => Line::Torn(bytes),
            Self::End => Line::End,
        }
    }
}

impl Lines {
    /// Number of bytes after which no further line is added to a batch.
    const BATCH: usize = 1 << 20;

    pub(super) fn open(path: PathBuf) -> Result<Self, Error> {
        let file = open(&path)?;
        Ok(Self { path, reader: BufReader::with_capacity(1 << 16, file), buffer: Vec::new(), is_over: false })
    }

    pub(super) fn next(&mut self) -> Result<Line<'_>, Error> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        let kind = self.take(&mut buffer)?;
        self.buffer = buffer;
        Ok(kind.line(&self.buffer))
    }

    /// Replaces the content of `batch` by the next lines; there are none at the end of the file.
    pub(super) fn batch(&mut self, batch: &mut Batch) -> Result<(), Error> {
        batch.bytes.clear();
        batch.ends.clear();
        // Memory that a long line took is given back.
        batch.bytes.shrink_to(Self::BATCH.saturating_mul(2));
        while batch.bytes.len() < Self::BATCH {
            let kind = self.take(&mut batch.bytes)?;
            if kind == LineKind::End {
                break;
            }
            batch.ends.push((batch.bytes.len(), kind));
        }
        Ok(())
    }

    /// Appends the next line, without its newline. A line that is too long is skipped.
    fn take(&mut self, to: &mut Vec<u8>) -> Result<LineKind, Error> {
        if self.is_over {
            return Ok(LineKind::End);
        }
        let before = to.len();
        // A newline may follow the longest line.
        let most = u64::try_from(LONGEST).unwrap_or(u64::MAX).saturating_add(1);
        let mut line = self.reader.by_ref().take(most);
        let read = line.read_until(b'\n', to).map_err(Error::read(&self.path))?;
        if to.len() > before && to.pop_if(|last| *last == b'\n').is_some() {
            return Ok(LineKind::Whole);
        }
        if read > LONGEST {
            to.truncate(before);
            // A sparse file may seem to have a line without an end.
            let skipped = self.reader.by_ref().take(most).skip_until(b'\n').map_err(Error::read(&self.path))?;
            self.is_over = u64::try_from(skipped).is_ok_and(|skipped| skipped == most);
            return Ok(LineKind::Long);
        }
        Ok(if read == 0 { LineKind::End } else { LineKind::Torn })
    }
}

/// Hashes of `leaves.bin`, by index.
pub(super) struct Leaves {
    path: PathBuf,
    reader: BufReader<File>,
    /// Number of bytes of the file when it was opened.
    bytes: u64,
    /// Index of the hash that is read next.
    at: u64,
}

impl Leaves {
    const WIDTH: u64 = 32;

    pub(super) fn open(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(LEAVES);
        let file = open(&path)?;
        let bytes = file.metadata().map_err(Error::read(&path))?.len();
        Ok(Self { path, reader: BufReader::with_capacity(1 << 16, file), bytes, at: 0 })
    }

    /// Returns the number of whole hashes.
    pub(super) const fn count(&self) -> u64 {
        self.bytes / Self::WIDTH
    }

    /// Returns `true` if there is anything after the first `size` hashes.
    pub(super) const fn outlast(&self, size: u64) -> bool {
        self.bytes > size.saturating_mul(Self::WIDTH)
    }

    pub(super) fn get(&mut self, index: u64) -> Result<Option<Digest>, Error> {
        if index >= self.count() {
            return Ok(None);
        }
        let mut hash = [0; 32];
        self.read(index, &mut hash).map_err(Error::read(&self.path))?;
        Ok(Some(Digest::from_bytes(hash)))
    }

    fn read(&mut self, index: u64, hash: &mut [u8; 32]) -> std::io::Result<()> {
        if index != self.at {
            self.reader.seek(SeekFrom::Start(index * Self::WIDTH))?;
        }
        self.reader.read_exact(hash)?;
        self.at = index + 1;
        Ok(())
    }
}

/// Returns the number of bytes of a file.
pub(super) fn length(path: &Path) -> Result<u64, Error> {
    std::fs::metadata(path).map(|metadata| metadata.len()).map_err(Error::read(path))
}

/// A short file that may not be there. Of what is no regular file, or longer than a checkpoint, no more is read than shows that.
pub(super) fn beside(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    let gone = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    match std::fs::symlink_metadata(path) {
        Err(error) if gone(&error) => return Ok(None),
        Err(error) => return Err(Error::read(path)(error)),
        Ok(metadata) if !metadata.is_file() && !path.is_file() => return Ok(Some(Vec::new())),
        Ok(_) => {}
    }
    // It is exchanged, and removed, while a run goes on.
    match regular(path) {
        Err(error) if gone(&error) => Ok(None),
        Err(error) => Err(Error::read(path)(error)),
        Ok(file) => {
            let mut bytes = Vec::new();
            file.take(512).read_to_end(&mut bytes).map_err(Error::read(path))?;
            Ok(Some(bytes))
        }
    }
}

/// Reads a whole file, or returns `None` if it is longer than a line may be.
pub(super) fn whole(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    let file = open(path)?;
    let mut bytes = Vec::new();
    let most = u64::try_from(LONGEST).unwrap_or(u64::MAX).saturating_add(1);
    file.take(most).read_to_end(&mut bytes).map_err(Error::read(path))?;
    Ok((bytes.len() <= LONGEST).then_some(bytes))
}
