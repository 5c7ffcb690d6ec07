//! The files that a ledger is written to.

use std::fs::{DirBuilder, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::checkpoint::Checkpoint;
use super::leaf::{Manifest, Sealed};
use super::{CHECKPOINTS, Error, HOST, LEAVES, MANIFEST, TRANSCRIPTS};

/// The files of a ledger that is being written.
pub(super) struct Files {
    folder: PathBuf,
    transcripts: Sink,
    leaves: Sink,
    checkpoints: Sink,
}

/// What a file is written to.
pub(super) trait Disk: Write + Send {
    /// Wait until all that was written is on the disk.
    fn sync(&mut self) -> io::Result<()>;
}

impl Disk for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

struct Sink {
    path: PathBuf,
    buffer: BufWriter<Box<dyn Disk>>,
}

impl Files {
    /// The bytes that are gathered before a file is written to.
    const BUFFER: usize = 1 << 18;

    /// Make the folder, and those above it, and write the manifest; `open` gives the disk of each file.
    pub(super) fn create(
        folder: &Path,
        manifest: &Manifest,
        open: impl Fn(&Path) -> io::Result<Box<dyn Disk>>,
    ) -> Result<Self, Error> {
        make(folder)?;
        let sink = |name: &str, capacity: usize| {
            let path = folder.join(name);
            let disk = open(&path).map_err(Error::write(&path))?;
            Ok::<_, Error>(Sink { path, buffer: BufWriter::with_capacity(capacity, disk) })
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
        self.checkpoints.sync()?;
        sync_folder(&self.folder)
    }

    fn vouch(&mut self, checkpoint: &Checkpoint) -> Result<(), Error> {
        let mut line = serde_json::to_vec(checkpoint)?;
        line.push(b'\n');
        self.checkpoints.write(&line)?;
        self.checkpoints.flush()
    }
}

/// Write `host.json`.
pub(super) fn write_host(folder: &Path, host: &impl Serialize) -> Result<(), Error> {
    let path = folder.join(HOST);
    let mut bytes = serde_json::to_vec_pretty(host)?;
    bytes.push(b'\n');
    File::create(&path).and_then(|mut file| file.write_all(&bytes)).map_err(Error::write(&path))
}

impl Sink {
    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.buffer.write_all(bytes).map_err(Error::write(&self.path))
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.buffer.flush().map_err(Error::write(&self.path))
    }

    fn sync(&mut self) -> Result<(), Error> {
        self.flush()?;
        self.buffer.get_mut().sync().map_err(Error::write(&self.path))
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
