//! The record of one run: a folder of files whose every byte hangs on one root.
//!
//! ```text
//!  manifest.json       leaf 0 ------+
//!  transcripts.jsonl   leaf 1 ------+-- SHA-256(0x00 || bytes) --> leaves.bin --+--> root
//!    one an episode:   leaf 2 ------+                   32 bytes a leaf         |
//!                      ...                                                      v
//!  checkpoints.jsonl   {"size":1,"root":"..","closed":null}           after 1, 2, 4, 8 ... leaves, then every 4096
//!                      {"size":4,"root":"..","closed":"completed"}    the close, which is the last leaf
//!  vouched.json        outside the seal: a checkpoint of a few seconds ago, until the run is closed
//!  host.json           outside the seal: what depends on the machine or the wall clock
//!  checkpoint.note     outside the seal: the newest checkpoint, signed; host.note: the digest of host.json, signed
//! ```
//!
//! The tree is that of RFC 6962. A leaf is the exact bytes of the manifest, or of a line without its newline. Line i,
//! counted from 0, is the JSON object whose field `episode` is i. The close is the bytes `{"closed":"completed"}`, or
//! another reason. It needs no file, since its checkpoint has its whole content.
//!
//! 1. A line is never written with another line's hash: [`Sealed`] couples them.
//! 2. A checkpoint is written after everything that it vouches for.
//! 3. Nothing is appended after a failed write. Such a run is closed as aborted, or not at all. Its sealed part is
//!    the first episodes, without a gap.
//! 4. A run is closed by its last checkpoint, and nothing follows that.
//! 5. The root covers the reason for the close, and the number of episodes that was asked for. So `completed` means
//!    all of them.
//!
//! # What [`verify()`] does
//!
//! Lines, hashes and checkpoints are three witnesses. Where two agree, the third is found at fault. Where no two
//! agree, a line that differs from its hash is taken for the edited one. Every changed byte of the manifest, the
//! lines or the hashes is found, and every changed size, root or reason. But one [`Finding`] may stand for several
//! changes.
//!
//! Each line that is as it was sealed is read into the type that it was written from. It is compared with the
//! manifest, with the lines before it, and with itself ([`Flaw`]).
//!
//! # What it does not show
//!
//! Who replaces all the files by what this program could have written leaves no trace in them. A signature shows it,
//! to whoever has the key ([`verify_by`]), and so does the root, kept elsewhere.

mod agreement;
mod align;
mod checkpoint;
mod content;
mod files;
mod finding;
mod flaw;
mod leaf;
mod manifest;
mod read;
mod reader;
mod salvage;
mod signed;
#[cfg(test)]
mod tests;
mod threads;
mod tree;
mod verify;
mod writer;

use std::io;
use std::path::{Path, PathBuf};

pub use checkpoint::{Head, Reason};
pub use files::write_host;
pub use finding::{Finding, FindingKind};
pub use flaw::Flaw;
pub use leaf::{FORMAT, Sealed, SealedManifest};
pub use manifest::{Manifest, NamedDigest, RoleEntry};
#[doc(hidden)]
pub use read::regular;
pub use reader::{Ledger, Transcripts};
pub use signed::{
    KeyError, KnownRoot, Proof, ProofError, ProofFlaw, Proved, ProvedLeaf, SignedBy, SignedFinding, SignedHead,
    SigningKey, Trust, Verified, VerifyingKey, prove, sign_host, verify_by,
};
pub use verify::{Verification, verify};
pub use writer::Writer;

use crate::value::{many, plain_path};

const MANIFEST: &str = "manifest.json";
const TRANSCRIPTS: &str = "transcripts.jsonl";
const LEAVES: &str = "leaves.bin";
const CHECKPOINTS: &str = "checkpoints.jsonl";
const HOST: &str = "host.json";
const VOUCHED: &str = "vouched.json";

/// Maximum number of bytes of a line, and of a manifest. Every transcript is shorter, whatever the policy.
pub const LONGEST: usize = if cfg!(test) { 1 << 20 } else { 512 << 20 };

/// Error returned when a ledger cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is something at the path of the ledger.
    #[error("`{}` exists", plain_path(path))]
    Exists {
        /// Path of the ledger.
        path: PathBuf,
    },
    /// A file of the ledger could not be written.
    #[error("cannot write `{}`", plain_path(path))]
    Write {
        /// Path of the file.
        path: PathBuf,
        /// Cause of the failure.
        source: io::Error,
    },
    /// An earlier write failed.
    #[error("the ledger `{}` takes nothing more after a failed write", plain_path(path))]
    Failed {
        /// Path of the ledger.
        path: PathBuf,
    },
    /// A value has no JSON of the kind that is asked for.
    #[error("cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    /// A line contains a newline.
    #[error("a line of a ledger contains a newline")]
    Newline,
    /// A line, or a manifest, is longer than it may be.
    #[error("a record of {bytes} bytes is longer than the {LONGEST} that a ledger takes")]
    Long {
        /// Number of bytes.
        bytes: usize,
    },
    /// A file of the ledger could not be read.
    #[error("cannot read `{}`", plain_path(path))]
    Read {
        /// Path of the file.
        path: PathBuf,
        /// Cause of the failure.
        source: io::Error,
    },
    /// A run cannot be closed for this reason.
    #[error("a run of {} cannot be closed as {} after {episodes}", many(*asked, "episode"), reason.name())]
    Close {
        /// Reason that was asked for.
        reason: Reason,
        /// Number of episodes that were recorded.
        episodes: u64,
        /// Number of episodes that the manifest asks for.
        asked: u64,
    },
    /// The folder has no file of a ledger.
    #[error("`{}` is not a ledger", plain_path(path))]
    NotALedger {
        /// Path of the folder.
        path: PathBuf,
    },
    /// The ledger has a format that this program does not know.
    #[error(
        "the ledger `{}` has format {found}, and this program knows formats {} to {}",
        plain_path(path),
        leaf::OLDEST,
        leaf::FORMAT
    )]
    Format {
        /// Path of the ledger.
        path: PathBuf,
        /// Version of its format.
        found: u64,
    },
    /// The manifest is none that this program writes.
    #[error("`{}` is no manifest: {flaw}", plain_path(path))]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// Fault of the manifest.
        flaw: Flaw,
    },
    /// A line is no transcript.
    #[error("line {line} of `{}` is no transcript: {flaw}", plain_path(path))]
    Line {
        /// Path of the file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// Fault of the line.
        flaw: Flaw,
    },
    /// The export could not be written.
    #[error("cannot write what is exported")]
    Export(#[source] io::Error),
}

impl Error {
    /// Returns the remedy, or an empty text where the message says it all.
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Exists { .. } => "a ledger is never overwritten: name a folder that does not exist",
            Self::Write { .. } => "look for room on the disk and for the right to write, and run it again",
            Self::Failed { .. } => "the first error says why",
            Self::Long { .. } => "let the policy keep less, with `steps = \"digest\"` under `[record]`",
            Self::NotALedger { .. } => "name the folder with the `manifest.json` of a run",
            Self::Manifest { .. } | Self::Line { .. } => "`dayfly verify` says what was changed",
            Self::Export(_) => "look for room on the disk and for the right to write, and export it again",
            Self::Format { .. } => "verify it with the version of dayfly that wrote it, or with a newer one",
            Self::Json(_) | Self::Newline | Self::Close { .. } | Self::Read { .. } => "",
        }
    }

    fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Read { path: path.to_path_buf(), source }
    }

    fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Write { path: path.to_path_buf(), source }
    }
}
