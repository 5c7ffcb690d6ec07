//! Writing a ledger: append, checkpoint, close.
//!
//! ```text
//!  append --> transcripts.jsonl, leaves.bin    in buffers
//!  checkpoint --> flush both --> a line in checkpoints.jsonl
//!  close --> sync both --> the closing line --> sync it --> sync the folder
//! ```
//!
//! A ledger that is kept nowhere has the same head.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Error;
use super::checkpoint::{Checkpoint, Head, Reason};
use super::files::{Disk, Files, write_host};
use super::leaf::{Manifest, Sealed};
use super::tree::Tree;

/// A ledger that is being written. One that is dropped, and not closed, stays not closed.
pub struct Writer {
    tree: Tree,
    /// The episodes that the manifest asks for.
    asked: u64,
    /// The leaves that the last checkpoint vouches for.
    vouched: u64,
    kept: Kept,
}

/// What is kept of a ledger.
enum Kept {
    /// Nothing: it has a head, and that is all.
    Nothing,
    /// All of it, in this folder.
    Folder(PathBuf, Box<Files>),
    /// No more than was written to this folder before a write failed.
    Failed(PathBuf),
}

impl Writer {
    /// After how many leaves a checkpoint is due.
    const INTERVAL: u64 = 4096;

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
        let files = Files::create(folder, manifest, open)?;
        Ok(Self::begin(manifest, Kept::Folder(folder.to_path_buf(), Box::new(files))))
    }

    /// A ledger without a disk: nothing is kept, no write can fail, and the head is that of the same ledger in a folder.
    pub fn nowhere(manifest: &Manifest) -> Self {
        Self::begin(manifest, Kept::Nothing)
    }

    fn begin(manifest: &Manifest, kept: Kept) -> Self {
        let mut tree = Tree::default();
        tree.push(manifest.leaf());
        Self { tree, asked: manifest.episodes(), vouched: 0, kept }
    }

    /// Append the line of the next episode, and a checkpoint where one is due.
    ///
    /// # Errors
    ///
    /// [`Error::Write`] where it cannot be written, [`Error::Failed`] ever after.
    pub fn append(&mut self, sealed: &Sealed) -> Result<(), Error> {
        self.keep(|files| files.append(sealed))?;
        self.tree.push(sealed.leaf());
        if self.tree.size() - self.vouched >= Self::INTERVAL { self.checkpoint() } else { Ok(()) }
    }

    /// Vouch for all episodes so far; nothing is written where the last checkpoint does.
    ///
    /// # Errors
    ///
    /// As [`Writer::append`].
    pub fn checkpoint(&mut self) -> Result<(), Error> {
        if self.tree.size() == self.vouched {
            return self.keep(|_| Ok(()));
        }
        let checkpoint = Checkpoint::new(&self.tree, None);
        self.keep(|files| files.checkpoint(&checkpoint))?;
        self.vouched = self.tree.size();
        Ok(())
    }

    /// Write `host.json`: what depends on the machine or the wall clock. It is outside the seal, and may be written again.
    ///
    /// # Errors
    ///
    /// [`Error::Write`] where it cannot be written; the ledger itself can still be closed.
    pub fn write_host(&self, host: &impl Serialize) -> Result<(), Error> {
        match &self.kept {
            Kept::Nothing => Ok(()),
            Kept::Folder(folder, _) | Kept::Failed(folder) => write_host(folder, host),
        }
    }

    /// Close the run. When this returns, all that is kept of it is on the disk.
    ///
    /// # Errors
    ///
    /// As [`Writer::append`]. Then the run is not closed; or, where only the last sync failed, it is closed and all there,
    /// but may not outlive the machine's next halt. [`Error::Close`] where the number of episodes does not admit the reason.
    pub fn close(mut self, reason: Reason) -> Result<Head, Error> {
        // INVARIANT 4: nothing can be appended after this.
        self.keep(|_| Ok(()))?;
        let checkpoint = Checkpoint::new(&self.tree, Some(reason));
        let episodes = checkpoint.head().episodes;
        if !reason.admits(episodes, self.asked) {
            return Err(Error::Close { reason, episodes, asked: self.asked });
        }
        self.keep(|files| files.close(&checkpoint))?;
        Ok(checkpoint.head())
    }

    /// Do some work on the files, where there are any. Once it fails they are gone.
    fn keep(&mut self, work: impl FnOnce(&mut Files) -> Result<(), Error>) -> Result<(), Error> {
        let done = match &mut self.kept {
            Kept::Nothing => return Ok(()),
            Kept::Failed(folder) => return Err(Error::Failed { path: folder.clone() }),
            Kept::Folder(folder, files) => work(files).map_err(|error| (std::mem::take(folder), error)),
        };
        done.map_err(|(folder, error)| {
            // INVARIANT 3
            self.kept = Kept::Failed(folder);
            error
        })
    }
}
