//! Writing a ledger: append, checkpoint, close.
//!
//! ```text
//!  append --> transcripts.jsonl, leaves.bin    in buffers
//!  checkpoint --> flush both --> a line in checkpoints.jsonl        after 1, 2, 4, 8 ... leaves, then every 4096
//!  every few seconds --> flush both --> vouched.json                outside the seal, until the close
//!  close --> sync both --> the closing line --> sync it --> sync the folder
//! ```
//!
//! A ledger that is kept nowhere has the same head.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Error;
use super::checkpoint::{Checkpoint, Head, Reason, is_due};
use super::files::{Disk, Files};
use super::leaf::{Sealed, SealedManifest};
use super::salvage::Pending;
use super::tree::Tree;

/// A ledger that is being written. One that is dropped, and not closed, stays not closed.
pub struct Writer {
    tree: Tree,
    /// The episodes that the manifest asks for.
    asked: u64,
    kept: Kept,
    pending: Pending,
    /// When it was last vouched for all so far.
    vouched: Instant,
}

/// What is kept of a ledger.
enum Kept {
    /// Nothing: it has a head, and that is all.
    Nothing,
    /// All of it, in this folder.
    Folder(PathBuf, Box<Files>),
    /// No more than was written to this folder before a write failed. Where the run was not closed yet, that can be sealed.
    Failed(PathBuf, Option<Box<Files>>),
}

impl Writer {
    /// How long it is vouched for nothing more, at the most, while episodes are appended.
    const PATIENCE: Duration = Duration::from_secs(2);

    /// Make the folder, and those above it, and write the manifest, with a checkpoint.
    ///
    /// # Errors
    ///
    /// [`Error::Exists`] where there is anything at `folder`, [`Error::Write`] where it cannot be written.
    pub fn create(folder: &Path, manifest: &SealedManifest) -> Result<Self, Error> {
        Self::create_on(folder, manifest, |path| Ok(Box::new(File::create_new(path)?)))
    }

    /// As [`Writer::create`], with the disk that `open` gives for each file.
    pub(super) fn create_on(
        folder: &Path,
        manifest: &SealedManifest,
        open: impl Fn(&Path) -> io::Result<Box<dyn Disk>>,
    ) -> Result<Self, Error> {
        let files = Files::create(folder, manifest, open)?;
        let mut writer = Self::begin(manifest, Kept::Folder(folder.to_path_buf(), Box::new(files)));
        writer.checkpoint()?;
        Ok(writer)
    }

    /// A ledger without a disk: nothing is kept, no write can fail, and the head is that of the same ledger in a folder.
    pub fn nowhere(manifest: &SealedManifest) -> Self {
        Self::begin(manifest, Kept::Nothing)
    }

    fn begin(manifest: &SealedManifest, kept: Kept) -> Self {
        let mut tree = Tree::default();
        tree.push(manifest.leaf());
        Self { tree, asked: manifest.episodes(), kept, pending: Pending::default(), vouched: now() }
    }

    /// Append the line of the next episode, and a checkpoint where one is due.
    ///
    /// # Errors
    ///
    /// [`Error::Write`] where it cannot be written, [`Error::Failed`] ever after.
    pub fn append(&mut self, sealed: &Sealed) -> Result<(), Error> {
        if matches!(self.kept, Kept::Nothing) {
            self.tree.push(sealed.leaf());
            return Ok(());
        }
        self.pending.push(sealed.leaf(), sealed.bytes().len());
        self.keep(|files| files.append(sealed))?;
        self.tree.push(sealed.leaf());
        if is_due(self.tree.size()) {
            self.checkpoint()
        } else if now().duration_since(self.vouched) >= Self::PATIENCE {
            self.vouch_between()
        } else {
            Ok(())
        }
    }

    /// Vouch for all episodes so far.
    fn checkpoint(&mut self) -> Result<(), Error> {
        self.vouch(Files::checkpoint)
    }

    /// Say outside the seal what is vouched for so far.
    pub(super) fn vouch_between(&mut self) -> Result<(), Error> {
        self.vouch(Files::vouch_between)
    }

    fn vouch(&mut self, write: impl FnOnce(&mut Files, &Checkpoint) -> Result<(), Error>) -> Result<(), Error> {
        let checkpoint = Checkpoint::new(&self.tree, None);
        self.keep(|files| write(files, &checkpoint))?;
        self.pending.settle(&self.tree);
        self.vouched = now();
        Ok(())
    }

    /// Close the run. When this returns, all that is kept of it is on the disk.
    ///
    /// After a failed write it can still be closed as [`Reason::Aborted`]: what is sealed are the first episodes, as many as are
    /// there with their hashes, where the disk takes that.
    ///
    /// # Errors
    ///
    /// As [`Writer::append`]. Then the run is closed as aborted, as above, or not closed; or, where only the last sync failed, it is
    /// closed and all there, but may not outlive the machine's next halt. [`Error::Close`] where the number of episodes does not
    /// admit the reason.
    pub fn close(mut self, reason: Reason) -> Result<Head, Error> {
        if reason == Reason::Aborted && matches!(self.kept, Kept::Failed(_, Some(_))) {
            return self.salvage();
        }
        // INVARIANT 4: nothing can be appended after this.
        self.keep(|_| Ok(()))?;
        let checkpoint = Checkpoint::new(&self.tree, Some(reason));
        let episodes = checkpoint.head().episodes;
        if !reason.admits(episodes, self.asked) {
            return Err(Error::Close { reason, episodes, asked: self.asked });
        }
        match self.keep(|files| files.close(&checkpoint)) {
            Ok(()) => Ok(checkpoint.head()),
            Err(error) => {
                // What matters is why it could not be closed as it was to be.
                let _ = self.salvage();
                Err(error)
            }
        }
    }

    /// Seal what there is after a failed write.
    fn salvage(self) -> Result<Head, Error> {
        let Kept::Failed(path, files) = self.kept else { return Ok(Checkpoint::new(&self.tree, None).head()) };
        let Some(files) = files.filter(|files| !files.is_closed()) else { return Err(Error::Failed { path }) };
        let (mut files, tree) = self.pending.salvage(*files)?;
        let checkpoint = Checkpoint::new(&tree, Some(Reason::Aborted));
        files.close(&checkpoint)?;
        Ok(checkpoint.head())
    }

    /// Do some work on the files, where there are any. Once it fails nothing more is appended.
    fn keep(&mut self, work: impl FnOnce(&mut Files) -> Result<(), Error>) -> Result<(), Error> {
        match std::mem::replace(&mut self.kept, Kept::Nothing) {
            Kept::Nothing => Ok(()),
            Kept::Failed(path, files) => {
                let error = Error::Failed { path: path.clone() };
                self.kept = Kept::Failed(path, files);
                Err(error)
            }
            Kept::Folder(folder, mut files) => {
                let done = work(&mut files);
                // INVARIANT 3
                self.kept = if done.is_ok() { Kept::Folder(folder, files) } else { Kept::Failed(folder, Some(files)) };
                done
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "when `vouched.json` is written, which is outside the seal")]
fn now() -> Instant {
    Instant::now()
}
