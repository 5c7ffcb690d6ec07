//! Writing a ledger: append, checkpoint, close.
//!
//! ```text
//!  append --> transcripts.jsonl, leaves.bin    in buffers
//!  checkpoint --> flush both --> a line in checkpoints.jsonl
//!  close --> sync both --> the closing line --> sync it --> sync the folder
//! ```

use std::fs::{DirBuilder, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::checkpoint::{Checkpoint, Head, Reason};
use super::leaf::{Manifest, Sealed};
use super::tree::Tree;
use super::{CHECKPOINTS, Error, HOST, LEAVES, MANIFEST, TRANSCRIPTS};

/// A ledger that is being written. One that is dropped, and not closed, stays not closed.
pub struct Writer {
    folder: PathBuf,
    /// None once a write has failed.
    files: Option<Box<Files>>,
}

struct Files {
    transcripts: Sink,
    leaves: Sink,
    checkpoints: Sink,
    tree: Tree,
    /// The leaves that the last checkpoint vouches for.
    vouched: u64,
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

impl Writer {
    /// After how many leaves a checkpoint is due.
    const INTERVAL: u64 = 4096;

    /// The bytes that are gathered before a file is written to.
    const BUFFER: usize = 1 << 18;

    /// Make the folder, and those above it, and write the manifest.
    ///
    /// # Errors
    ///
    /// [`Error::Exists`] where there is anything at `folder`, [`Error::Write`] where it cannot be written.
    pub fn create(folder: &Path, manifest: &Manifest) -> Result<Self, Error> {
        Self::create_on(folder, manifest, |path| Ok(Box::new(File::create_new(path)?)))
    }

    /// As [`Writer::create`], with the disk that `open` gives for each file.
    pub(super) fn create_on(
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
        let mut files = Files {
            transcripts: sink(TRANSCRIPTS, Self::BUFFER)?,
            leaves: sink(LEAVES, Self::BUFFER)?,
            // INVARIANT 3: no buffer is left that would be written when it is dropped after a failure.
            checkpoints: sink(CHECKPOINTS, 0)?,
            tree: Tree::default(),
            vouched: 0,
        };
        files.leaves.write(manifest.leaf().as_bytes())?;
        files.tree.push(manifest.leaf());
        Ok(Self { folder: folder.to_path_buf(), files: Some(Box::new(files)) })
    }

    /// Append the line of the next episode, and a checkpoint where one is due.
    ///
    /// # Errors
    ///
    /// [`Error::Write`] where it cannot be written, [`Error::Failed`] ever after.
    pub fn append(&mut self, sealed: &Sealed) -> Result<(), Error> {
        let mut files = self.take()?;
        files.transcripts.write(sealed.bytes())?;
        files.leaves.write(sealed.leaf().as_bytes())?;
        files.tree.push(sealed.leaf());
        if files.tree.size() - files.vouched >= Self::INTERVAL {
            files.checkpoint()?;
        }
        self.files = Some(files);
        Ok(())
    }

    /// Vouch for all episodes so far; nothing is written where the last checkpoint does.
    ///
    /// # Errors
    ///
    /// As [`Writer::append`].
    pub fn checkpoint(&mut self) -> Result<(), Error> {
        let mut files = self.take()?;
        if files.tree.size() > files.vouched {
            files.checkpoint()?;
        }
        self.files = Some(files);
        Ok(())
    }

    /// Write `host.json`: what depends on the machine or the wall clock. It is outside the seal, and may be written again.
    ///
    /// # Errors
    ///
    /// [`Error::Write`] where it cannot be written; the ledger itself can still be closed.
    pub fn write_host(&self, host: &impl Serialize) -> Result<(), Error> {
        let path = self.folder.join(HOST);
        let mut bytes = serde_json::to_vec_pretty(host)?;
        bytes.push(b'\n');
        File::create(&path).and_then(|mut file| file.write_all(&bytes)).map_err(Error::write(&path))
    }

    /// Close the run. When this returns, all of it is on the disk.
    ///
    /// # Errors
    ///
    /// As [`Writer::append`]. Then the run is not closed; or, where only the last sync failed, it is closed and all there,
    /// but may not outlive the machine's next halt.
    pub fn close(mut self, reason: Reason) -> Result<Head, Error> {
        // INVARIANT 4: nothing can be appended after this.
        let mut files = self.take()?;
        files.transcripts.sync()?;
        files.leaves.sync()?;
        // INVARIANT 2
        let head = files.vouch(Some(reason))?;
        files.checkpoints.sync()?;
        sync_folder(&self.folder)?;
        Ok(head)
    }

    /// The files, for one piece of work. Whoever fails at it does not give them back.
    fn take(&mut self) -> Result<Box<Files>, Error> {
        // INVARIANT 3
        self.files.take().ok_or_else(|| Error::Failed { path: self.folder.clone() })
    }
}

impl Files {
    fn checkpoint(&mut self) -> Result<(), Error> {
        // INVARIANT 2
        self.transcripts.flush()?;
        self.leaves.flush()?;
        self.vouch(None)?;
        self.vouched = self.tree.size();
        Ok(())
    }

    fn vouch(&mut self, closed: Option<Reason>) -> Result<Head, Error> {
        let checkpoint = Checkpoint { size: self.tree.size(), root: self.tree.root(), closed };
        let mut line = serde_json::to_vec(&checkpoint)?;
        line.push(b'\n');
        self.checkpoints.write(&line)?;
        self.checkpoints.flush()?;
        Ok(checkpoint.head())
    }
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
