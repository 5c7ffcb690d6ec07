//! The verification of a record together with its signatures, and with a root that was kept.
//!
//! ```text
//!  examine: lines, hashes, checkpoints --findings--+
//!  checkpoint.note --key--> head ------------------+--> standing of the head --> findings, made clearer
//!  host.note --key--> digest of host.json ---------+
//!  root that was kept -----------------------------+--> older, newer, another
//! ```
//!
//! A signed head is one more witness. Where the hashes have the root that was signed, what disagrees with them is at
//! fault: a close that is not there was cut off, and a checkpoint was edited.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;

use super::super::finding::{Finding, Findings};
use super::super::read::{open, whole};
use super::super::verify::{Verification, examine};
use super::super::{Error, HOST, Head, MANIFEST, Reason};
use super::compare::{Standing, prefix, standing};
use super::finding::SignedFinding;
use super::key::VerifyingKey;
use super::note::{LONGEST_NOTE, Note, SignatureState, Unreadable};
use super::texts::{HostFacts, SignedHead};
use super::{CHECKPOINT_NOTE, HOST_NOTE};
use crate::value::Digest;

/// Knowledge about a record from elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Trust<'t> {
    /// Key that has to have signed it.
    pub key: Option<&'t VerifyingKey>,
    /// Root that was kept.
    pub root: Option<KnownRoot>,
}

/// Root of a record, as it was kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KnownRoot {
    /// The root alone.
    Root(Digest),
    /// A checkpoint, of which no signature is checked.
    Head(SignedHead),
}

/// Result of verifying a ledger and its signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Result for the whole.
    pub verification: Verification,
    /// Signature of the record.
    pub by: SignedBy,
    /// Head that is signed, where it could be read.
    pub head: Option<SignedHead>,
}

/// Signature of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignedBy {
    /// There is none.
    Nobody,
    /// No key was given. These are the names of the keys that are said to have signed.
    Unchecked(Vec<String>),
    /// The key that was given, by its name, signed the head.
    Checked(String),
    /// There is one, and a finding says why it counts for nothing.
    Refused,
}

/// Verifies the ledger in `folder` and its signatures, in constant memory. The run may still be going on.
///
/// # Errors
///
/// Returns the errors of [`super::super::verify()`].
pub fn verify_by(folder: &Path, trust: &Trust<'_>) -> Result<Verified, Error> {
    let mut findings = Findings::default();
    let closed = examine(folder, &mut findings)?;
    let mut examined = Examined { folder, key: trust.key, findings };
    let (by, head) = examined.checkpoint()?;
    let standing = head.as_ref().map(|head| examined.compare(head, closed)).transpose()?.flatten();
    examined.host(head.as_ref(), standing)?;
    if let Some(root) = &trust.root {
        examined.root(root, closed)?;
    }
    let Findings { list: findings, omitted } = examined.findings;
    let verification = match closed {
        Some((head, closed)) if findings.is_empty() => Verification::Whole { head, closed },
        _ => Verification::Flawed { findings, omitted },
    };
    Ok(Verified { verification, by, head })
}

/// Record that was examined, and what was found so far.
struct Examined<'e> {
    folder: &'e Path,
    key: Option<&'e VerifyingKey>,
    findings: Findings,
}

impl Examined<'_> {
    fn push(&mut self, finding: SignedFinding) {
        self.findings.push(Finding::Signed(finding));
    }

    /// Reads `checkpoint.note`.
    fn checkpoint(&mut self) -> Result<(SignedBy, Option<SignedHead>), Error> {
        let Some(bytes) = note(&self.folder.join(CHECKPOINT_NOTE))? else {
            match self.key {
                Some(key) => self.push(SignedFinding::Unsigned { name: key.name().to_owned() }),
                None if self.folder.join(HOST_NOTE).exists() => {
                    self.findings.push(Finding::File { name: CHECKPOINT_NOTE });
                }
                None => {}
            }
            return Ok((SignedBy::Nobody, None));
        };
        let Some((text, names)) = self.checked(CHECKPOINT_NOTE, &bytes) else { return Ok((SignedBy::Refused, None)) };
        let Some(head) = SignedHead::read(text) else {
            self.push(SignedFinding::Form { file: CHECKPOINT_NOTE });
            return Ok((SignedBy::Refused, None));
        };
        let by = match self.key {
            Some(key) if key.name() != head.name => {
                self.push(SignedFinding::Origin);
                return Ok((SignedBy::Refused, None));
            }
            Some(key) => SignedBy::Checked(key.name().to_owned()),
            None => SignedBy::Unchecked(names),
        };
        Ok((by, Some(head)))
    }

    /// Returns the text of a note, and the names under it, where the key that was given signed it or none was given.
    fn checked<'n>(&mut self, file: &'static str, bytes: &'n [u8]) -> Option<(&'n str, Vec<String>)> {
        let note = match Note::parse(bytes) {
            Ok(note) => note,
            Err(Unreadable::Cut) => {
                self.push(SignedFinding::Cut { file });
                return None;
            }
            Err(Unreadable::Form) => {
                self.push(SignedFinding::Form { file });
                return None;
            }
        };
        let Some(key) = self.key else { return Some((note.text, note.names())) };
        let name = key.name().to_owned();
        match note.signed_by(key) {
            SignatureState::Good => return Some((note.text, note.names())),
            SignatureState::Bad => self.push(SignedFinding::Spoilt { file, name }),
            SignatureState::None => self.push(SignedFinding::ByOther { file, name, names: note.names() }),
        }
        None
    }

    /// Compares a signed head with the record, where the hashes may have its root.
    fn compare(&mut self, head: &SignedHead, closed: Option<(Head, Reason)>) -> Result<Option<Standing>, Error> {
        // Other findings say already that the hashes, or what they vouch for, are not as they were.
        let is_open = |finding: &Finding| {
            matches!(
                finding,
                Finding::NotClosed { .. }
                    | Finding::Checkpoint { .. }
                    | Finding::CheckpointCut { .. }
                    | Finding::CheckpointMoved { .. }
                    | Finding::CheckpointRepeated { .. }
                    | Finding::Dispute { .. }
            )
        };
        if !self.findings.list.iter().all(is_open) {
            return Ok(None);
        }
        let standing = standing(self.folder, head.size, head.root)?;
        let is_clean = self.findings.list.iter().all(|finding| matches!(finding, Finding::NotClosed { .. }));
        match standing {
            Standing::Close(reason) => self.clear_up(reason),
            Standing::Prefix => {
                if closed.is_some() {
                    self.push(SignedFinding::Part { episodes: head.size.saturating_sub(1) });
                }
            }
            Standing::Beyond { here } if is_clean => {
                self.findings.list.clear();
                self.push(SignedFinding::Beyond { size: head.size, here });
            }
            Standing::Other if is_clean => self.push(SignedFinding::Another { root: head.root }),
            Standing::Beyond { .. } | Standing::Other => return Ok(None),
        }
        let is_of = whole(&self.folder.join(MANIFEST))?.is_some_and(|bytes| Digest::of(&bytes) == head.run);
        if matches!(standing, Standing::Close(_) | Standing::Prefix) && !is_of {
            self.push(SignedFinding::Origin);
        }
        Ok(Some(standing))
    }

    /// Blames the checkpoints, since the hashes are those of a close that was signed.
    fn clear_up(&mut self, reason: Reason) {
        let list = &mut self.findings.list;
        let is_not_closed = list.iter().any(|finding| matches!(finding, Finding::NotClosed { .. }));
        list.retain(|finding| !matches!(finding, Finding::NotClosed { .. }));
        for finding in list.iter_mut() {
            if let Finding::Dispute { line, .. } = finding {
                *finding = Finding::Checkpoint { line: *line };
            }
        }
        if is_not_closed && list.is_empty() {
            self.push(SignedFinding::CloseGone { reason });
        }
    }

    /// Compares `host.json` with its signature.
    fn host(&mut self, head: Option<&SignedHead>, standing: Option<Standing>) -> Result<(), Error> {
        let path = self.folder.join(HOST);
        let Some(note) = note(&self.folder.join(HOST_NOTE))? else {
            if path.exists() && matches!(standing, Some(Standing::Close(_))) {
                self.findings.push(Finding::File { name: HOST_NOTE });
            }
            return Ok(());
        };
        let Some((text, _)) = self.checked(HOST_NOTE, &note) else { return Ok(()) };
        let Some(facts) = HostFacts::read(text) else {
            self.push(SignedFinding::Form { file: HOST_NOTE });
            return Ok(());
        };
        if head.is_some_and(|head| facts.origin != head.origin() || facts.root != head.root) {
            self.push(SignedFinding::HostElsewhere);
        }
        match if path.exists() { whole(&path)? } else { None } {
            None => self.findings.push(Finding::File { name: HOST }),
            Some(bytes) if Digest::of(&bytes) == facts.digest => {}
            Some(bytes) if is_cut(&bytes, |bytes| Digest::of(bytes) == facts.digest) => {
                self.push(SignedFinding::HostCut);
            }
            Some(_) => self.push(SignedFinding::Host),
        }
        Ok(())
    }

    /// Compares the record with the root that was kept.
    fn root(&mut self, known: &KnownRoot, closed: Option<(Head, Reason)>) -> Result<(), Error> {
        let root = match known {
            KnownRoot::Root(root) | KnownRoot::Head(SignedHead { root, .. }) => *root,
        };
        if closed.is_some_and(|(head, _)| head.root == root) {
            return Ok(());
        }
        // What has findings of its own is compared no further: which state it is of is open.
        let is_clean = self.findings.list.iter().all(|finding| matches!(finding, Finding::NotClosed { .. }));
        let here = self.findings.list.iter().find_map(|finding| match finding {
            Finding::NotClosed { vouched } => Some(vouched.map_or(0, |head| head.episodes)),
            _ => None,
        });
        let Some(here) = closed.map(|(head, _)| head.episodes).or(here).filter(|_| is_clean) else {
            if let Some((Head { root, .. }, _)) = closed {
                self.findings.push(Finding::Root { root });
            }
            return Ok(());
        };
        let state = match known {
            KnownRoot::Head(head) => standing(self.folder, head.size, head.root)?,
            KnownRoot::Root(root) => match prefix(self.folder, *root)? {
                Some(_) => Standing::Prefix,
                None if closed.is_some() => Standing::Other,
                None => Standing::Beyond { here },
            },
        };
        let size = match known {
            KnownRoot::Head(head) => Some(head.size),
            KnownRoot::Root(root) => prefix(self.folder, *root)?,
        };
        match (state, closed) {
            (Standing::Prefix, Some(_)) => {
                self.push(SignedFinding::Newer { episodes: size.unwrap_or_default().saturating_sub(1) });
            }
            (Standing::Prefix, None) => {}
            (Standing::Beyond { .. } | Standing::Close(_), None) => self.push(SignedFinding::Older { here, size }),
            (_, Some((Head { root, .. }, _))) => self.findings.push(Finding::Root { root }),
            (Standing::Other, None) => self.push(SignedFinding::Older { here, size: None }),
        }
        Ok(())
    }
}

/// Reads a note, or its beginning where it is longer than any note. Returns `None` if there is none.
fn note(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match path.try_exists() {
        Ok(true) => {}
        Ok(false) => return Ok(None),
        Err(error) if error.kind() == ErrorKind::NotADirectory => return Ok(None),
        Err(error) => return Err(Error::read(path)(error)),
    }
    let file: File = open(path)?;
    let most = u64::try_from(LONGEST_NOTE).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes).map_err(Error::read(path))?;
    Ok(Some(bytes))
}

/// Returns `true` if indented JSON was cut off at its end. `is_whole` says if bytes are those that were written.
pub(in super::super) fn is_cut(bytes: &[u8], is_whole: impl Fn(&[u8]) -> bool) -> bool {
    if bytes.ends_with(b"\n}") {
        return is_whole(&[bytes, b"\n"].concat());
    }
    let ends = |bytes: &[u8]| serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_err_and(|error| error.is_eof());
    // A number may end within: `1.` is none, and `1.0` is one.
    !bytes.ends_with(b"\n}\n") && (ends(bytes) || ends(&[bytes, b"0"].concat()))
}
