//! The files of a ledger that is being written.

use std::fs::{DirBuilder, File};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::checkpoint::Checkpoint;
use super::leaf::{Sealed, SealedManifest};
use super::signed::Signer;
use super::{CHECKPOINTS, Error, HOST, LEAVES, MANIFEST, TRANSCRIPTS, VOUCHED};
use crate::value::json;

/// Files of a ledger that is being written.
pub(super) struct Files {
    pub(super) folder: PathBuf,
    pub(super) transcripts: BufferedFile,
    pub(super) leaves: BufferedFile,
    pub(super) checkpoints: BufferedFile,
    /// `true` if the closing line was written.
    pub(super) closed: bool,
    /// Key that signs each checkpoint, if there is one.
    pub(super) signer: Option<Signer>,
}

/// File, or a stand-in for one in tests.
pub(super) trait Disk: Write + Send {
    /// Waits until everything written is on the disk.
    fn sync(&mut self) -> io::Result<()>;

    /// Cuts the file to its first `length` bytes, and goes on writing there.
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

/// File that is written through a buffer.
pub(super) struct BufferedFile {
    path: PathBuf,
    buffer: BufWriter<CountedDisk>,
    /// Number of bytes that the disk had taken when the buffer was last empty.
    whole: u64,
}

/// Disk, and the number of bytes that it has taken.
struct CountedDisk {
    disk: Box<dyn Disk>,
    taken: u64,
}

impl Write for CountedDisk {
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
    /// Number of bytes that are gathered before a file is written to.
    const BUFFER: usize = 1 << 18;

    /// Makes the folder and its parents, and writes the manifest. `open` returns the disk of each file.
    pub(super) fn create(
        folder: &Path,
        manifest: &SealedManifest,
        open: impl Fn(&Path) -> io::Result<Box<dyn Disk>>,
    ) -> Result<Self, Error> {
        make(folder)?;
        let sink = |name: &str, capacity: usize| {
            let path = folder.join(name);
            let disk = open(&path).map_err(Error::write(&path))?;
            Ok::<_, Error>(BufferedFile {
                path,
                buffer: BufWriter::with_capacity(capacity, CountedDisk { disk, taken: 0 }),
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
            signer: None,
        };
        files.leaves.write(manifest.leaf().as_bytes())?;
        Ok(files)
    }

    pub(super) fn append(&mut self, sealed: &Sealed) -> Result<(), Error> {
        self.transcripts.write(sealed.bytes())?;
        self.leaves.write(sealed.leaf().as_bytes())
    }

    /// Writes a checkpoint, after everything that it vouches for.
    pub(super) fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), Error> {
        // INVARIANT 2
        self.transcripts.flush()?;
        self.leaves.flush()?;
        self.vouch(checkpoint)?;
        self.signer.as_ref().map_or(Ok(()), |signer| signer.sign(&self.folder, checkpoint.head()))
    }

    /// Writes the last checkpoint. All files are on the disk when this returns.
    pub(super) fn close(&mut self, checkpoint: &Checkpoint) -> Result<(), Error> {
        // INVARIANT 2
        self.transcripts.sync()?;
        self.leaves.sync()?;
        self.vouch(checkpoint)?;
        self.closed = true;
        self.checkpoints.sync()?;
        if let Some(signer) = &self.signer {
            signer.sign_close(&self.folder, checkpoint.head())?;
        }
        self.forget_between()?;
        sync_folder(&self.folder)
    }

    /// Replaces `vouched.json` by a later checkpoint, atomically. It lies outside the seal.
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

    /// Removes `vouched.json`, since the close vouches for everything.
    pub(super) fn forget_between(&self) -> Result<(), Error> {
        let path = self.folder.join(VOUCHED);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::write(&path)(error)),
            _ => Ok(()),
        }
    }

    /// Returns `true` if the closing line was written, after which nothing may follow.
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

/// Writes `host.json` into the folder of a record. It holds what depends on the machine or the wall clock. It is
/// outside the seal, and may be written again.
///
/// # Errors
///
/// Returns [`Error::Write`] when the file cannot be written; the ledger itself is unchanged.
pub fn write_host(folder: &Path, host: &impl Serialize) -> Result<(), Error> {
    let path = folder.join(HOST);
    let mut bytes = json::pretty(host)?.into_bytes();
    bytes.push(b'\n');
    File::create(&path).and_then(|mut file| file.write_all(&bytes)).map_err(Error::write(&path))
}

impl BufferedFile {
    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.buffer.write_all(bytes).map_err(Error::write(&self.path))
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.buffer.flush().map_err(Error::write(&self.path))?;
        self.whole = self.taken();
        Ok(())
    }

    /// Returns the number of bytes of everything that was written completely.
    pub(super) const fn whole(&self) -> u64 {
        self.whole
    }

    fn sync(&mut self) -> Result<(), Error> {
        self.flush()?;
        self.buffer.get_mut().disk.sync().map_err(Error::write(&self.path))
    }

    /// Returns the number of bytes that the disk has taken.
    pub(super) fn taken(&self) -> u64 {
        self.buffer.get_ref().taken
    }

    /// Cuts the file to its first `length` bytes, and discards everything that waits to be written.
    pub(super) fn cut(self, length: u64) -> Result<Self, Error> {
        let Self { path, buffer, .. } = self;
        let (mut counted, _) = buffer.into_parts();
        counted.disk.cut(length).map_err(Error::write(&path))?;
        counted.taken = length;
        Ok(Self { path, buffer: BufWriter::with_capacity(0, counted), whole: length })
    }
}

/// Makes `folder`, which must not exist, and its parents, which may.
fn make(folder: &Path) -> Result<(), Error> {
    if let Some(above) = folder.parent() {
        DirBuilder::new().recursive(true).create(above).map_err(Error::write(above))?;
    }
    DirBuilder::new().create(folder).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => Error::Exists { path: folder.to_path_buf() },
        _ => Error::write(folder)(source),
    })
}

/// Waits until the names of the files are on the disk. Where folders cannot be opened, the system takes care of this.
fn sync_folder(folder: &Path) -> Result<(), Error> {
    if cfg!(unix) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::write(folder))
    } else {
        Ok(())
    }
}
