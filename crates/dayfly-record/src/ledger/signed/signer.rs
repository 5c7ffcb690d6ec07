//! The notes beside a record, written while it is recorded.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use super::super::read::whole;
use super::super::{Error, HOST, Head};
use super::key::SigningKey;
use super::texts::{HostFacts, SignedHead};
use super::{CHECKPOINT_NOTE, HOST_NOTE};
use crate::value::Digest;

/// Key of a run, and what it signs.
pub(in super::super) struct Signer {
    key: SigningKey,
    /// Digest of the manifest.
    run: Digest,
}

impl Signer {
    pub(in super::super) const fn new(key: SigningKey, run: Digest) -> Self {
        Self { key, run }
    }

    /// Replaces `checkpoint.note` by that of a later head, atomically.
    pub(in super::super) fn sign(&self, folder: &Path, head: Head) -> Result<(), Error> {
        write(folder, CHECKPOINT_NOTE, &self.key.checkpoint(self.run, head))
    }

    /// Signs the head of a closed run. The note is on the disk when this returns, but for its name.
    pub(in super::super) fn sign_close(&self, folder: &Path, head: Head) -> Result<(), Error> {
        self.sign(folder, head)?;
        let path = folder.join(CHECKPOINT_NOTE);
        File::open(&path).and_then(|file| file.sync_all()).map_err(Error::write(&path))
    }
}

/// Signs the `host.json` of a run with this digest of its manifest and this head, in a file of its own.
///
/// # Errors
///
/// Returns [`Error::Read`] when there is no `host.json`, and [`Error::Write`] when the note cannot be written.
pub fn sign_host(folder: &Path, key: &SigningKey, run: Digest, head: Head) -> Result<(), Error> {
    let bytes = whole(&folder.join(HOST))?.unwrap_or_default();
    let Head { size, root, .. } = head;
    let origin = SignedHead { name: key.verifying().name().to_owned(), run, size, root }.origin();
    let facts = HostFacts { origin, root, digest: Digest::of(&bytes) };
    write(folder, HOST_NOTE, &key.signed(&facts.text()))
}

/// Writes a file, which is there as a whole or not at all.
fn write(folder: &Path, name: &str, text: &str) -> Result<(), Error> {
    let (path, new) = (folder.join(name), folder.join(format!("{name}.new")));
    let written = File::create(&new).and_then(|mut file| file.write_all(text.as_bytes()));
    written.and_then(|()| std::fs::rename(&new, &path)).map_err(Error::write(&path))
}
