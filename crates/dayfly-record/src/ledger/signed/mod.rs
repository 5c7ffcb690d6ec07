//! Signatures of a record: who vouches for it, and proofs of single episodes.
//!
//! ```text
//!  SigningKey --signs--> checkpoint.note    origin, number of leaves, root: everything below the root
//!             --signs--> host.note          origin, root, digest of host.json: another first line
//!
//!  leaf + Proof (index, path, checkpoint.note) --VerifyingKey--> this episode is in a run that the key signed
//! ```
//!
//! The formats are those of C2SP: signed notes (<https://c2sp.org/signed-note>), checkpoints
//! (<https://c2sp.org/tlog-checkpoint>) and proofs (<https://c2sp.org/tlog-proof>). Keys are written as the
//! Go package `golang.org/x/mod/sumdb/note` writes them.
//!
//! 1. No other file of a record depends on a key. The same record is signed and unsigned, byte for byte.
//! 2. A checkpoint is signed after its line is written. So nothing is signed that `checkpoints.jsonl` does not have.
//! 3. A signed text of one kind is never read as one of another kind: their second lines differ.
//! 4. Text of a signing key is in no error, and its `Debug` has its name alone.
//!
//! # What it does not show
//!
//! A signature shows that the holder of the key signed this root. That holder can write another history and sign
//! that one too.

mod by;
mod compare;
mod finding;
mod key;
mod note;
mod proof;
mod signer;
mod texts;

pub(super) use by::is_cut;
pub use by::{KnownRoot, SignedBy, Trust, Verified, verify_by};
pub use finding::SignedFinding;
pub use key::{KeyError, SigningKey, VerifyingKey};
pub use proof::{Proof, ProofError, ProofFlaw, Proved, ProvedLeaf, prove};
pub(super) use signer::Signer;
pub use signer::sign_host;
pub use texts::SignedHead;

/// Name of the file with the newest signed checkpoint.
pub(super) const CHECKPOINT_NOTE: &str = "checkpoint.note";
/// Name of the file with the signature of `host.json`.
pub(super) const HOST_NOTE: &str = "host.note";
