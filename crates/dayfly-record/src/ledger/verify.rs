//! The verification of a ledger, which may be edited, missing data, truncated or not closed.
//!
//! ```text
//!  checkpoints ----+
//!                  +-- agree? --yes--> hold each line to its hash
//!  leaves.bin -----+     | no
//!                        v
//!  lines -- agree with the checkpoints? --yes--> leaves.bin is at fault
//!                        | no
//!                        v
//!  hold each line to its hash; where they agree, they or the checkpoint were changed
//! ```
//!
//! Every sealed line is also read, and compared with the manifest and the lines before it ([`content`]).

use std::io::ErrorKind;
use std::path::Path;

use super::agreement::{Agreement, mend};
use super::align::{Hashes, Read, align, each};
use super::checkpoint::{Checkpoint, Checkpoints, Extent, Head, Reason};
use super::content::{self, LedgerContent};
use super::finding::{Finding, Findings};
use super::flaw::Flaw;
use super::leaf::{FORMAT, Format, OLDEST};
use super::manifest::Manifest;
use super::read::{Leaves, Line, Lines, length, whole};
use super::signed::{KnownRoot, Trust, is_cut, verify_by};
use super::{CHECKPOINTS, Error, LEAVES, MANIFEST, TRANSCRIPTS, tree};
use crate::value::Digest;

/// Result of verifying a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verification {
    /// The run is closed, every byte is as it was sealed, and the content is that of a run. The author of the seal is
    /// known where a key was given that signed it.
    Whole {
        /// Head of the ledger, with its size and root.
        head: Head,
        /// Reason for the close.
        closed: Reason,
    },
    /// The ledger is not that of a closed run.
    Flawed {
        /// Findings, in the order in which they were found; never empty.
        findings: Vec<Finding>,
        /// Number of further findings that are not listed.
        omitted: u64,
    },
}

/// Verifies the ledger in `folder`, in constant memory. Where `kept` is given, also checks that it is the root. The
/// run may still be going on.
///
/// # Errors
///
/// Returns [`Error::NotALedger`], [`Error::Format`], or [`Error::Read`] when a file cannot be read. Faults of the
/// ledger itself are [`Finding`]s.
pub fn verify(folder: &Path, kept: Option<Digest>) -> Result<Verification, Error> {
    let trust = Trust { key: None, root: kept.map(KnownRoot::Root) };
    verify_by(folder, &trust).map(|verified| verified.verification)
}

/// Examines the ledger, and returns its close, if it has one.
pub(super) fn examine(folder: &Path, findings: &mut Findings) -> Result<Option<(Head, Reason)>, Error> {
    let names = [MANIFEST, TRANSCRIPTS, LEAVES, CHECKPOINTS];
    for name in names {
        let path = folder.join(name);
        match path.try_exists() {
            Ok(true) => {}
            Ok(false) => findings.push(Finding::File { name }),
            Err(error) if error.kind() == ErrorKind::NotADirectory => {
                return Err(Error::NotALedger { path: folder.to_path_buf() });
            }
            Err(error) => return Err(Error::read(&path)(error)),
        }
    }
    if findings.list.len() == names.len() {
        return Err(Error::NotALedger { path: folder.to_path_buf() });
    }
    if !findings.list.is_empty() {
        return Ok(None);
    }
    // The checkpoints are read first: the lines that they vouch for exist by then, even while the run goes on.
    let mut checkpoints = Checkpoints::read(folder, findings)?;
    let mut leaves = Leaves::open(folder)?;
    let most = most_leaves(length(&folder.join(TRANSCRIPTS))?);
    if let Some(size) = checkpoints.largest().filter(|size| leaves.count().min(*size) > most) {
        findings.push(Finding::Room { size, most });
        return Ok(None);
    }
    if let Some(size) = ahead(folder, &checkpoints, leaves.count().min(most))? {
        checkpoints.between = None;
        findings.push(Finding::VouchedAhead { size });
    }
    let agreement = agree(&mut checkpoints, &mut leaves, most, findings)?;
    let manifest = manifest(folder, leaves.get(0)?)?;
    let ledger = OpenLedger { folder, manifest: manifest.as_ref(), leaves, checkpoints: &mut checkpoints, findings };
    let content = ledger.compare(agreement)?;
    let vouched = checkpoints.last().map(Checkpoint::head);
    let closed = vouched.zip(checkpoints.closed());
    let asked = manifest.as_ref().and_then(|manifest| manifest.run.as_ref().ok()).map(|run| run.episodes);
    match (closed, asked) {
        (None, _) => findings.push(Finding::NotClosed { vouched }),
        (Some((Head { episodes, .. }, reason)), asked) if findings.list.is_empty() => {
            // INVARIANT 5
            if let Some(asked) = asked.filter(|asked| !reason.admits(episodes, *asked)) {
                findings.push(Finding::Count { reason, episodes, asked });
            }
            if let Some((episode, flaw)) = content.close(reason) {
                findings.push(said(episode.saturating_add(1), flaw));
            }
        }
        _ => {}
    }
    Ok(closed)
}

/// Number of leaves that are always hashed. So a record whose end was cut off is still told apart from a made-up one.
const FEW: u64 = 1 << 20;

/// The leaves that are vouched for outside of the list, where neither the hashes nor the lines go so far.
fn ahead(folder: &Path, checkpoints: &Checkpoints, hashes: u64) -> Result<Option<u64>, Error> {
    let Some(size) = checkpoints.between.map(|between| between.leaves()).filter(|size| *size > hashes) else {
        return Ok(None);
    };
    // The manifest is the first leaf.
    let (mut lines, mut count) = (Lines::open(folder.join(TRANSCRIPTS))?, 1_u64);
    while count < size && !matches!(lines.next()?, Line::Torn(_) | Line::End) {
        count = count.saturating_add(1);
    }
    Ok(Some(size).filter(|size| count < *size))
}

/// Returns the maximum number of leaves that are hashed where the transcripts have this many bytes.
pub(super) fn most_leaves(bytes: u64) -> u64 {
    // A sparse file may claim any length. Each line has more than 64 bytes.
    (bytes / 64 + 2).max(FEW)
}

/// Compares the hashes with the checkpoints. Restores edited checkpoints, and notes them.
fn agree(
    checkpoints: &mut Checkpoints,
    leaves: &mut Leaves,
    most: u64,
    findings: &mut Findings,
) -> Result<Agreement, Error> {
    if checkpoints.are_in_order() {
        let agreement = Agreement::of_leaves(checkpoints, leaves)?;
        if agreement.is_clean() {
            if findings.list.is_empty() {
                checkpoints.gone().into_iter().for_each(|size| findings.push(Finding::CheckpointGone { size }));
            }
            return Ok(agreement);
        }
    }
    let unknown = mend(checkpoints, leaves, most, findings)?;
    checkpoints.order(&unknown, findings);
    Agreement::of_leaves(checkpoints, leaves)
}

/// Manifest as it stands in the folder.
struct Stated {
    /// Hash of the manifest as a leaf, and its digest.
    leaf: Digest,
    digest: Digest,
    run: Result<Manifest, Flaw>,
    /// `true` if its end is missing.
    is_cut: bool,
}

/// Reads the manifest, or returns `None` if it is longer than any that this program writes.
fn manifest(folder: &Path, sealed: Option<Digest>) -> Result<Option<Stated>, Error> {
    let Some(bytes) = whole(&folder.join(MANIFEST))? else { return Ok(None) };
    match serde_json::from_slice(&bytes) {
        // Another format than the one that was sealed is an edit.
        Ok(Format { ledger: found }) if !(OLDEST..=FORMAT).contains(&found) && sealed == Some(tree::leaf(&bytes)) => {
            Err(Error::Format { path: folder.to_path_buf(), found })
        }
        Ok(Format { .. }) | Err(_) => {
            let run = content::manifest(&bytes);
            let is_cut = is_cut(&bytes, |bytes| Some(tree::leaf(bytes)) == sealed);
            Ok(Some(Stated { leaf: tree::leaf(&bytes), digest: Digest::of(&bytes), run, is_cut }))
        }
    }
}

struct OpenLedger<'a, 'm> {
    folder: &'a Path,
    manifest: Option<&'m Stated>,
    leaves: Leaves,
    checkpoints: &'a mut Checkpoints,
    findings: &'a mut Findings,
}

impl<'m> OpenLedger<'_, 'm> {
    /// Compares lines, hashes and checkpoints, and returns the content of the lines.
    fn compare(mut self, agreement: Agreement) -> Result<LedgerContent<'m>, Error> {
        if let Agreement::Full { edited } = agreement {
            self.checkpoints_edited(edited);
            if matches!(self.checkpoints.extent(), Extent::Closed(_)) && self.leaves.outlast(self.checkpoints.leaves())
            {
                self.findings.push(Finding::LeavesAdded);
            }
            return Ok(self.hold(true)?.1);
        }
        let mut differs = None;
        let lines = self.lines_agree(&mut differs)?;
        if let Agreement::Full { edited } = lines {
            self.checkpoints_edited(edited);
            if let Some(index) = differs.filter(|index| *index < self.leaves.count()) {
                self.findings.push(Finding::Leaf { index });
            } else {
                self.leaves_cut();
            }
            return self.listen();
        }
        self.leaves_cut();
        let (first, content) = self.hold(false)?;
        // A line that is known to be wrong explains the disagreement of a checkpoint.
        if let Agreement::Dispute { line, leaves } = lines
            && first.is_none_or(|first| first >= leaves.end)
        {
            self.findings.push(Finding::Dispute { line, leaves });
        }
        Ok(content)
    }

    /// Compares each leaf with its hash. Returns the first leaf that is not as it was sealed. `are_sealed` says that
    /// a checkpoint vouches for all hashes.
    fn hold(&mut self, are_sealed: bool) -> Result<(Option<u64>, LedgerContent<'m>), Error> {
        let hash = self.leaves.get(0)?;
        let manifest = self.manifest.filter(|manifest| hash.map_or(manifest.run.is_ok(), |hash| hash == manifest.leaf));
        let mut content = self.content(manifest);
        let mut lines = Lines::open(self.folder.join(TRANSCRIPTS))?;
        let hashes = Hashes { leaves: &mut self.leaves, are_sealed };
        let first = align(&mut lines, hashes, self.checkpoints.extent(), &mut content, self.findings)?;
        Ok((if manifest.is_some() { first } else { Some(0) }, content))
    }

    /// Returns an empty content, with the manifest if it is the sealed one.
    fn content(&mut self, manifest: Option<&'m Stated>) -> LedgerContent<'m> {
        match manifest.map(|manifest| (&manifest.run, manifest.digest)) {
            None if self.manifest.is_some_and(|manifest| manifest.is_cut) => {
                self.findings.push(Finding::ManifestCut);
            }
            None => self.findings.push(Finding::Manifest),
            Some((Err(flaw), _)) => self.findings.push(Finding::Stated { flaw: flaw.clone() }),
            Some((Ok(run), digest)) => return LedgerContent::new(Some((run, digest))),
        }
        LedgerContent::new(None)
    }

    /// Reads the lines that the checkpoints vouch for, whatever their hashes are.
    fn listen(mut self) -> Result<LedgerContent<'m>, Error> {
        let mut content = self.content(self.manifest);
        let mut lines = Lines::open(self.folder.join(TRANSCRIPTS))?;
        let (episodes, findings) = (self.checkpoints.leaves().saturating_sub(1), self.findings);
        each(&mut lines, |number, line| {
            if let Read::Whole(line) = line
                && number <= episodes
            {
                let flaw = line.facts.map_or_else(Some, |facts| content.line(number.saturating_sub(1), &facts));
                if let Some(flaw) = flaw {
                    findings.push(said(number, flaw));
                }
            }
            Ok(())
        })?;
        Ok(content)
    }

    /// Compares the manifest and the lines with the checkpoints. Sets `differs` to the first index at which a hash
    /// differs from its line.
    fn lines_agree(&mut self, differs: &mut Option<u64>) -> Result<Agreement, Error> {
        let mut lines = Lines::open(self.folder.join(TRANSCRIPTS))?;
        let (mut index, mut manifest) = (0, self.manifest.map(|manifest| manifest.leaf));
        Agreement::of(self.checkpoints, || {
            let leaf = match manifest.take() {
                Some(manifest) => Some(manifest),
                None => match lines.next()? {
                    Line::Whole(line) => Some(tree::leaf(line)),
                    Line::Long | Line::Torn(_) | Line::End => None,
                },
            };
            if differs.is_none() && leaf.is_some() && leaf != self.leaves.get(index)? {
                *differs = Some(index);
            }
            index += 1;
            Ok(leaf)
        })
    }

    fn checkpoints_edited(&mut self, findings: Vec<Finding>) {
        for finding in findings {
            if finding == Finding::Vouched {
                self.checkpoints.between = None;
            }
            self.findings.push(finding);
        }
    }

    fn leaves_cut(&mut self) {
        let leaves = self.leaves.count()..self.checkpoints.leaves();
        if !leaves.is_empty() {
            self.findings.push(Finding::LeavesCut { leaves });
        }
    }
}

const fn said(line: u64, flaw: Flaw) -> Finding {
    Finding::Said { lines: line..line.saturating_add(1), flaw }
}
