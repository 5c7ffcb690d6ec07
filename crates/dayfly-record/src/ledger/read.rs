//! The files of a ledger, read in constant memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::{Error, LEAVES, LONGEST};
use crate::value::Digest;

/// Open a file, or what a link leads to. Only of a regular file is it known that it can be opened at once, and that it ends.
fn open(path: &Path) -> Result<File, Error> {
    let is_regular = std::fs::metadata(path).map_err(Error::read(path))?.is_file();
    if !is_regular {
        return Err(Error::read(path)(io::Error::other("it is not a regular file")));
    }
    File::open(path).map_err(Error::read(path))
}

/// The lines of a file.
pub(super) struct Lines {
    path: PathBuf,
    reader: BufReader<File>,
    buffer: Vec<u8>,
    /// Whether what follows is looked at no more: a line was more than twice as long as one may be.
    is_over: bool,
}

/// What comes next in a file of lines.
pub(super) enum Line<'a> {
    /// A line, without its newline.
    Whole(&'a [u8]),
    /// A line that is longer than a line may be.
    Long,
    /// The beginning of a line, at the end of the file.
    Torn,
    /// Nothing.
    End,
}

/// Lines that come after each other: about a megabyte of them, or one that is longer.
#[derive(Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    /// The ends of the lines in `bytes`, each with what kind of line it is.
    ends: Vec<(usize, Kind)>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Whole,
    Long,
    Torn,
    End,
}

impl Batch {
    /// The lines, in their order.
    pub(super) fn lines(&self) -> Vec<Line<'_>> {
        let mut start = 0;
        let line = |&(end, kind): &(usize, Kind)| {
            let bytes = self.bytes.get(start..end).unwrap_or_default();
            start = end;
            kind.line(bytes)
        };
        self.ends.iter().map(line).collect()
    }

    /// Whether they are few enough bytes for one thread.
    pub(super) const fn is_small(&self) -> bool {
        self.bytes.len() < Lines::BATCH / 16
    }
}

impl Kind {
    const fn line(self, bytes: &[u8]) -> Line<'_> {
        match self {
            Self::Whole => Line::Whole(bytes),
            Self::Long => Line::Long,
            Self::Torn => Line::Torn,
            Self::End => Line::End,
        }
    }
}

impl Lines {
    /// The bytes after which no further line is taken into a batch.
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

    /// The lines that come next; none at the end. What `batch` had is dropped.
    pub(super) fn batch(&mut self, batch: &mut Batch) -> Result<(), Error> {
        batch.bytes.clear();
        batch.ends.clear();
        // What a long line took is given back.
        batch.bytes.shrink_to(Self::BATCH.saturating_mul(2));
        while batch.bytes.len() < Self::BATCH {
            let kind = self.take(&mut batch.bytes)?;
            if kind == Kind::End {
                break;
            }
            batch.ends.push((batch.bytes.len(), kind));
        }
        Ok(())
    }

    /// Append the next line, without its newline; nothing of one that is too long.
    fn take(&mut self, to: &mut Vec<u8>) -> Result<Kind, Error> {
        if self.is_over {
            return Ok(Kind::End);
        }
        let before = to.len();
        // A newline may follow the longest line.
        let most = u64::try_from(LONGEST).unwrap_or(u64::MAX).saturating_add(1);
        let mut line = self.reader.by_ref().take(most);
        let read = line.read_until(b'\n', to).map_err(Error::read(&self.path))?;
        if to.len() > before && to.pop_if(|last| *last == b'\n').is_some() {
            return Ok(Kind::Whole);
        }
        if read > LONGEST {
            to.truncate(before);
            // A file without a byte on the disk may seem to have a line without an end.
            let skipped = self.reader.by_ref().take(most).skip_until(b'\n').map_err(Error::read(&self.path))?;
            self.is_over = u64::try_from(skipped).is_ok_and(|skipped| skipped == most);
            return Ok(Kind::Long);
        }
        Ok(if read == 0 { Kind::End } else { Kind::Torn })
    }
}

/// The hashes of `leaves.bin`, by their index.
pub(super) struct Leaves {
    path: PathBuf,
    reader: BufReader<File>,
    /// The bytes of the file when it was opened.
    bytes: u64,
    /// The index of the hash that is read next.
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

    /// The number of whole hashes.
    pub(super) const fn count(&self) -> u64 {
        self.bytes / Self::WIDTH
    }

    /// Whether there is anything after the first `size` hashes.
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

/// The bytes of a file.
pub(super) fn length(path: &Path) -> Result<u64, Error> {
    std::fs::metadata(path).map(|metadata| metadata.len()).map_err(Error::read(path))
}

/// A whole file, or nothing where it is longer than a line may be.
pub(super) fn whole(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    let file = open(path)?;
    let mut bytes = Vec::new();
    let most = u64::try_from(LONGEST).unwrap_or(u64::MAX).saturating_add(1);
    file.take(most).read_to_end(&mut bytes).map_err(Error::read(path))?;
    Ok((bytes.len() <= LONGEST).then_some(bytes))
}
