//! The writer of a ledger: append, checkpoint, close.
//!
//! ```text
//!  append --> transcripts.jsonl, leaves.bin    in buffers
//!  checkpoint --> flush both --> a line in checkpoints.jsonl        after 1, 2, 4, 8 ... leaves, then every 4096
//!  every few seconds --> flush both --> vouched.json                outside the seal; until the close
//!  close --> sync both --> the closing line --> sync it --> sync the folder
//! ```
//!
//! A ledger that is not stored has the same head.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Error;
use super::checkpoint::{Checkpoint, Head, Reason, is_due};
use super::files::{Disk, Files};
use super::leaf::{Sealed, SealedManifest};
use super::salvage::Pending;
use super::signed::{Signer, SigningKey};
use super::tree::Tree;

/// Ledger that is being written. A ledger that is dropped without a close stays not closed.
pub struct Writer {
    tree: Tree,
    /// Number of episodes that the manifest asks for.
    asked: u64,
    kept: Retained,
    pending: Pending,
    /// Time at which a checkpoint last vouched for everything.
    vouched: Instant,
}

/// Storage of a ledger.
enum Retained {
    /// None: the ledger has only a head.
    Nothing,
    /// A folder, with the whole ledger.
    Folder(PathBuf, Box<Files>),
    /// A folder in which a write failed. It holds the ledger up to there, which can be sealed if the run was not
    /// closed yet.
    Failed(PathBuf, Option<Box<Files>>),
}

impl Writer {
    /// Maximum time between checkpoints while episodes are appended, those of `vouched.json` included.
    const PATIENCE: Duration = Duration::from_secs(2);

    /// Makes the folder and its parents, and writes the manifest, with a checkpoint.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Exists`] when there is anything at `folder`, and [`Error::Write`] when it cannot be written.
    pub fn create(folder: &Path, manifest: &SealedManifest) -> Result<Self, Error> {
        Self::create_on(folder, manifest, |path| Ok(Box::new(File::create_new(path)?)))
    }

    /// Creates a ledger as [`Writer::create`] does, each of whose checkpoints `key` signs in `checkpoint.note`.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Writer::create`].
    pub fn create_signed(folder: &Path, manifest: &SealedManifest, key: SigningKey) -> Result<Self, Error> {
        let mut files = Files::create(folder, manifest, |path| Ok(Box::new(File::create_new(path)?)))?;
        files.signer = Some(Signer::new(key, manifest.digest()));
        Self::begin(manifest, Retained::Folder(folder.to_path_buf(), Box::new(files))).checkpointed()
    }

    /// Creates a ledger as [`Writer::create`] does, with the disk that `open` returns for each file.
    pub(super) fn create_on(
        folder: &Path,
        manifest: &SealedManifest,
        open: impl Fn(&Path) -> io::Result<Box<dyn Disk>>,
    ) -> Result<Self, Error> {
        let files = Files::create(folder, manifest, open)?;
        Self::begin(manifest, Retained::Folder(folder.to_path_buf(), Box::new(files))).checkpointed()
    }

    /// Returns the ledger with a first checkpoint, which vouches for the manifest.
    fn checkpointed(mut self) -> Result<Self, Error> {
        self.checkpoint()?;
        Ok(self)
    }

    /// Returns a ledger without a disk: nothing is stored, no write can fail, and the head is that of the same ledger
    /// in a folder.
    pub fn nowhere(manifest: &SealedManifest) -> Self {
        Self::begin(manifest, Retained::Nothing)
    }

    fn begin(manifest: &SealedManifest, kept: Retained) -> Self {
        let mut tree = Tree::default();
        tree.push(manifest.leaf());
        Self { tree, asked: manifest.episodes(), kept, pending: Pending::default(), vouched: now() }
    }

    /// Appends the line of the next episode, and a checkpoint where one is due.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Write`] when it cannot be written, and [`Error::Failed`] ever after.
    pub fn append(&mut self, sealed: &Sealed) -> Result<(), Error> {
        if matches!(self.kept, Retained::Nothing) {
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

    /// Writes a checkpoint that vouches for all episodes so far.
    fn checkpoint(&mut self) -> Result<(), Error> {
        self.vouch(Files::checkpoint)
    }

    /// Writes such a checkpoint outside the seal, to `vouched.json`.
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

    /// Closes the run. Everything that is stored of it is on the disk when this returns.
    ///
    /// After a failed write the run can still be closed as [`Reason::Aborted`], if the disk allows it. Its sealed
    /// part is the first episodes whose lines and hashes were both written.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Writer::append`]. The run is then closed as aborted, as above, or not closed. Where
    /// only the last sync failed, the run is closed and complete, but may be lost if the machine halts. The close is
    /// not signed then. Returns
    /// [`Error::Close`] when the number of episodes does not admit the reason.
    pub fn close(mut self, reason: Reason) -> Result<Head, Error> {
        if reason == Reason::Aborted && matches!(self.kept, Retained::Failed(_, Some(_))) {
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
                // The reason for which the close failed is the error to return.
                let _ = self.salvage();
                Err(error)
            }
        }
    }

    /// Seals the first episodes after a failed write.
    fn salvage(self) -> Result<Head, Error> {
        let Retained::Failed(path, files) = self.kept else { return Ok(Checkpoint::new(&self.tree, None).head()) };
        let Some(files) = files.filter(|files| !files.is_closed()) else { return Err(Error::Failed { path }) };
        let (mut files, tree) = self.pending.salvage(*files)?;
        let checkpoint = Checkpoint::new(&tree, Some(Reason::Aborted));
        files.close(&checkpoint)?;
        Ok(checkpoint.head())
    }

    /// Runs `work` on the files, where there are any. Nothing is appended after it fails.
    fn keep(&mut self, work: impl FnOnce(&mut Files) -> Result<(), Error>) -> Result<(), Error> {
        match std::mem::replace(&mut self.kept, Retained::Nothing) {
            Retained::Nothing => Ok(()),
            Retained::Failed(path, files) => {
                let error = Error::Failed { path: path.clone() };
                self.kept = Retained::Failed(path, files);
                Err(error)
            }
            Retained::Folder(folder, mut files) => {
                let done = work(&mut files);
                // INVARIANT 3
                self.kept =
                    if done.is_ok() { Retained::Folder(folder, files) } else { Retained::Failed(folder, Some(files)) };
                done
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "when `vouched.json` is written, which is outside the seal")]
fn now() -> Instant {
    Instant::now()
}
