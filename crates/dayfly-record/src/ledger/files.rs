//! The files that a ledger is written to.

use std::fs::{DirBuilder, File};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::checkpoint::Checkpoint;
use super::leaf::{Sealed, SealedManifest};
use super::{CHECKPOINTS, Error, HOST, LEAVES, MANIFEST, TRANSCRIPTS, VOUCHED};
use crate::value::json;

/// The files of a ledger that is being written.
pub(super) struct Files {
    pub(super) folder: PathBuf,
    pub(super) transcripts: Sink,
    pub(super) leaves: Sink,
    pub(super) checkpoints: Sink,
    /// Whether the closing line was written.
    pub(super) closed: bool,
}

/// What a file is written to.
pub(super) trait Disk: Write + Send {
    /// Wait until all that was written is on the disk.
    fn sync(&mut self) -> io::Result<()>;

    /// Drop what was written after the first `length` bytes, and write on from there.
    fn cut(&mut self, length: u64) -> io::Result<()>;
}

impl Disk for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)?;
        self.seek(SeekFrom::Start(length)).map(drop)
    }
}

/// A file that is written to, through a buffer.
pub(super) struct Sink {
    path: PathBuf,
    buffer: BufWriter<Counted>,
    /// The bytes that the disk had when all was last given to it.
    whole: u64,
}

/// A disk, and how many bytes it took.
struct Counted {
    disk: Box<dyn Disk>,
    taken: u64,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.disk.write(bytes)?;
        self.taken = self.taken.saturating_add(u64::try_from(taken).unwrap_or(u64::MAX));
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.disk.flush()
    }
}

impl Files {
    /// The bytes that are gathered before a file is written to.
    const BUFFER: usize = 1 << 18;

    /// Make the folder, and those above it, and write the manifest; `open` gives the disk of each file.
    pub(super) fn create(
        folder: &Path,
        manifest: &SealedManifest,
        open: impl Fn(&Path) -> io::Result<Box<dyn Disk>>,
    ) -> Result<Self, Error> {
        make(folder)?;
        let sink = |name: &str, capacity: usize| {
            let path = folder.join(name);
            let disk = open(&path).map_err(Error::write(&path))?;
            Ok::<_, Error>(Sink {
                path,
                buffer: BufWriter::with_capacity(capacity, Counted { disk, taken: 0 }),
                whole: 0,
            })
        };
        let mut first = sink(MANIFEST, 0)?;
        first.write(manifest.bytes())?;
        first.sync()?;
        let mut files = Self {
            folder: folder.to_path_buf(),
            transcripts: sink(TRANSCRIPTS, Self::BUFFER)?,
            leaves: sink(LEAVES, Self::BUFFER)?,
            // INVARIANT 3: no buffer is left that would be written when it is dropped after a failure.
            checkpoints: sink(CHECKPOINTS, 0)?,
            closed: false,
        };
        files.leaves.write(manifest.leaf().as_bytes())?;
        Ok(files)
    }

    pub(super) fn append(&mut self, sealed: &Sealed) -> Result<(), Error> {
        self.transcripts.write(sealed.bytes())?;
        self.leaves.write(sealed.leaf().as_bytes())
    }

    /// Write a checkpoint, after all that it vouches for.
    pub(super) fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), Error> {
        // INVARIANT 2
        self.transcripts.flush()?;
        self.leaves.flush()?;
        self.vouch(checkpoint)
    }

    /// Write the last checkpoint. When this returns, all is on the disk.
    pub(super) fn close(&mut self, checkpoint: &Checkpoint) -> Result<(), Error> {
        // INVARIANT 2
        self.transcripts.sync()?;
        self.leaves.sync()?;
        self.vouch(checkpoint)?;
        self.closed = true;
        self.checkpoints.sync()?;
        self.forget_between()?;
        sync_folder(&self.folder)
    }

    /// Say, outside the seal, what is vouched for after the last checkpoint: whole, or not at all.
    pub(super) fn vouch_between(&mut self, checkpoint: &Checkpoint) -> Result<(), Error> {
        // INVARIANT 2
        self.transcripts.flush()?;
        self.leaves.flush()?;
        let (path, new) = (self.folder.join(VOUCHED), self.folder.join("vouched.json.new"));
        let mut line = serde_json::to_vec(checkpoint)?;
        line.push(b'\n');
        let written = File::create(&new).and_then(|mut file| file.write_all(&line));
        written.and_then(|()| std::fs::rename(&new, &path)).map_err(Error::write(&path))
    }

    /// Remove what was said outside the seal: the close vouches for all.
    pub(super) fn forget_between(&self) -> Result<(), Error> {
        let path = self.folder.join(VOUCHED);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::write(&path)(error)),
            _ => Ok(()),
        }
    }

    /// Whether the closing line was written: nothing may follow it.
    pub(super) const fn is_closed(&self) -> bool {
        self.closed
    }

    fn vouch(&mut self, checkpoint: &Checkpoint) -> Result<(), Error> {
        let mut line = serde_json::to_vec(checkpoint)?;
        line.push(b'\n');
        self.checkpoints.write(&line)?;
        self.checkpoints.flush()
    }
}

/// Write `host.json` into the folder of a record: what depends on the machine or the wall clock. It is outside the seal, and may be written
/// again.
///
/// # Errors
///
/// [`Error::Write`] where it cannot be written; the ledger itself is what it was.
pub fn write_host(folder: &Path, host: &impl Serialize) -> Result<(), Error> {
    let path = folder.join(HOST);
    let mut bytes = json::pretty(host)?.into_bytes();
    bytes.push(b'\n');
    File::create(&path).and_then(|mut file| file.write_all(&bytes)).map_err(Error::write(&path))
}

impl Sink {
    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.buffer.write_all(bytes).map_err(Error::write(&self.path))
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.buffer.flush().map_err(Error::write(&self.path))?;
        self.whole = self.taken();
        Ok(())
    }

    /// The bytes of what was written as a whole.
    pub(super) const fn whole(&self) -> u64 {
        self.whole
    }

    fn sync(&mut self) -> Result<(), Error> {
        self.flush()?;
        self.buffer.get_mut().disk.sync().map_err(Error::write(&self.path))
    }

    /// How many bytes the disk took.
    pub(super) fn taken(&self) -> u64 {
        self.buffer.get_ref().taken
    }

    /// The same file with no more than its first `length` bytes, and nothing that waits to be written.
    pub(super) fn cut(self, length: u64) -> Result<Self, Error> {
        let Self { path, buffer, .. } = self;
        let (mut counted, _) = buffer.into_parts();
        counted.disk.cut(length).map_err(Error::write(&path))?;
        counted.taken = length;
        Ok(Self { path, buffer: BufWriter::with_capacity(0, counted), whole: length })
    }
}

/// Make `folder`, which must not exist, and the folders above it, which may.
fn make(folder: &Path) -> Result<(), Error> {
    if let Some(above) = folder.parent() {
        DirBuilder::new().recursive(true).create(above).map_err(Error::write(above))?;
    }
    DirBuilder::new().create(folder).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => Error::Exists { path: folder.to_path_buf() },
        _ => Error::write(folder)(source),
    })
}

/// Wait until the names of the files are on the disk; where folders cannot be opened, the system sees to it.
fn sync_folder(folder: &Path) -> Result<(), Error> {
    if cfg!(unix) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::write(folder))
    } else {
        Ok(())
    }
}
