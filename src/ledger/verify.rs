//! Verifying a ledger: edited, missing, truncated or not closed.
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

use std::io::ErrorKind;
use std::ops::Range;
use std::path::Path;

use super::align::align;
use super::checkpoint::{Checkpoint, Checkpoints, Extent, Head, Reason};
use super::finding::{Finding, Findings};
use super::leaf::{Asked, FORMAT, Format};
use super::read::{Leaves, Line, Lines, whole};
use super::tree::{self, Tree};
use super::{CHECKPOINTS, Error, LEAVES, MANIFEST, TRANSCRIPTS};
use crate::value::Digest;

/// What verifying a ledger leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verification {
    /// The run is closed, and every byte is what was sealed.
    Whole {
        /// Its size and root.
        head: Head,
        /// Why it was closed.
        closed: Reason,
    },
    /// It is not what a closed run leaves behind.
    Flawed {
        /// How, in the order in which it was found; never empty.
        findings: Vec<Finding>,
        /// How many more there are than are listed.
        omitted: u64,
    },
}

/// Verify the ledger in `folder`, in constant memory, and that its root is the one that was kept elsewhere, where there is one.
/// It may be that of a run that still goes on.
///
/// # Errors
///
/// [`Error::NotALedger`], [`Error::Format`], and [`Error::Read`] where a file cannot be read. What is wrong with the ledger
/// itself is a [`Finding`].
pub fn verify(folder: &Path, kept: Option<Digest>) -> Result<Verification, Error> {
    let mut findings = Findings::default();
    let closed = examine(folder, &mut findings)?;
    if let (Some((Head { root, .. }, _)), Some(kept)) = (closed, kept)
        && root != kept
    {
        findings.push(Finding::Root { root });
    }
    Ok(match closed {
        Some((head, closed)) if findings.list.is_empty() => Verification::Whole { head, closed },
        _ => Verification::Flawed { findings: findings.list, omitted: findings.omitted },
    })
}

/// Gives the close, where there is one.
fn examine(folder: &Path, findings: &mut Findings) -> Result<Option<(Head, Reason)>, Error> {
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
    // The checkpoints first: what they vouch for is there, also while the run goes on.
    let checkpoints = Checkpoints::read(folder, findings)?;
    let (manifest, asked) = manifest(folder)?.unzip();
    Ledger { folder, manifest, leaves: Leaves::open(folder)?, checkpoints: &checkpoints, findings }.compare()?;
    let vouched = checkpoints.last().map(Checkpoint::head);
    let closed = vouched.zip(checkpoints.closed());
    match (closed, asked) {
        (None, _) => findings.push(Finding::NotClosed { vouched }),
        (Some((Head { episodes, .. }, reason)), Some(asked))
            // INVARIANT 5
            if findings.list.is_empty() && !reason.admits(episodes, asked) =>
        {
            findings.push(Finding::Count { reason, episodes, asked });
        }
        _ => {}
    }
    Ok(closed)
}

/// The leaf hash of the manifest, and the episodes it asks for; none of one that this program cannot have written.
fn manifest(folder: &Path) -> Result<Option<(Digest, u64)>, Error> {
    let Some(bytes) = whole(&folder.join(MANIFEST))? else { return Ok(None) };
    match serde_json::from_slice(&bytes) {
        Ok(Format { ledger: FORMAT }) => {
            Ok(serde_json::from_slice(&bytes).ok().map(|Asked { episodes }| (tree::leaf(&bytes), episodes)))
        }
        Ok(Format { ledger: found }) => Err(Error::Format { path: folder.to_path_buf(), found }),
        Err(_) => Ok(None),
    }
}

struct Ledger<'a> {
    folder: &'a Path,
    manifest: Option<Digest>,
    leaves: Leaves,
    checkpoints: &'a Checkpoints,
    findings: &'a mut Findings,
}

impl Ledger<'_> {
    fn compare(mut self) -> Result<(), Error> {
        let mut index = 0..;
        let leaves = Agreement::of(self.checkpoints, || index.next().map_or(Ok(None), |index| self.leaves.get(index)))?;
        if let Agreement::Full { edited } = leaves {
            self.checkpoints_edited(edited);
            if matches!(self.checkpoints.extent(), Extent::Closed(_)) && self.leaves.outlast(self.checkpoints.leaves())
            {
                self.findings.push(Finding::LeavesAdded);
            }
            self.hold()?;
            return Ok(());
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
            return Ok(());
        }
        self.leaves_cut();
        let first = self.hold()?;
        // A line that is known to be wrong is reason enough for a checkpoint to disagree.
        if let Agreement::Dispute { line, leaves } = lines
            && first.is_none_or(|first| first >= leaves.end)
        {
            self.findings.push(Finding::Dispute { line, leaves });
        }
        Ok(())
    }

    /// Hold each leaf to its hash. Gives the first that is not as it should be.
    fn hold(&mut self) -> Result<Option<u64>, Error> {
        let hash = self.leaves.get(0)?;
        let manifest = self.manifest.is_some() && (hash.is_none() || self.manifest == hash);
        if !manifest {
            self.findings.push(Finding::Manifest);
        }
        let mut lines = Lines::open(self.folder.join(TRANSCRIPTS))?;
        let first = align(&mut lines, &mut self.leaves, self.checkpoints.extent(), self.findings)?;
        Ok(if manifest { first } else { Some(0) })
    }

    /// Compare the manifest and the lines with the checkpoints, and give the first index at which the hashes differ.
    fn lines_agree(&mut self, differs: &mut Option<u64>) -> Result<Agreement, Error> {
        let mut lines = Lines::open(self.folder.join(TRANSCRIPTS))?;
        let (mut index, mut manifest) = (0, self.manifest);
        Agreement::of(self.checkpoints, || {
            let leaf = match manifest.take() {
                Some(manifest) => Some(manifest),
                None => match lines.next()? {
                    Line::Whole(line) => Some(tree::leaf(line)),
                    Line::Long | Line::Torn | Line::End => None,
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

/// What hashes and checkpoints say of each other.
enum Agreement {
    /// The last checkpoint vouches for the hashes, so that those which do not are themselves wrong.
    Full { edited: Vec<Finding> },
    /// There are fewer hashes than the last checkpoint vouches for, and the others agree.
    Short,
    /// The checkpoint on this line does not agree with these leaves, for which none before it vouches.
    Dispute { line: u64, leaves: Range<u64> },
}

impl Agreement {
    fn of(checkpoints: &Checkpoints, mut next: impl FnMut() -> Result<Option<Digest>, Error>) -> Result<Self, Error> {
        let mut tree = Tree::default();
        let mut ahead = checkpoints.iter().peekable();
        let (mut edited, mut dispute, mut vouched, mut agrees) = (Vec::new(), None, 0, true);
        loop {
            while let Some((line, checkpoint)) = ahead.next_if(|(_, checkpoint)| checkpoint.leaves() == tree.size()) {
                if checkpoint.is_of(&tree) {
                    (agrees, vouched) = (true, tree.size());
                    continue;
                }
                if let Some(sealed) = checkpoint.sealed(&tree) {
                    (agrees, vouched) = (true, tree.size());
                    edited.push(Finding::Reason { line: *line, sealed });
                    continue;
                }
                edited.push(Finding::Checkpoint { line: *line });
                // Another checkpoint may vouch for the same leaves.
                if vouched < tree.size() {
                    agrees = false;
                    dispute.get_or_insert((*line, vouched..tree.size()));
                }
            }
            // What no checkpoint vouches for says nothing of those: there may be any number of them.
            if ahead.peek().is_none() {
                break;
            }
            let Some(leaf) = next()? else { break };
            tree.push(leaf);
        }
        Ok(match dispute {
            _ if ahead.peek().is_none() && agrees => Self::Full { edited },
            Some((line, leaves)) => Self::Dispute { line, leaves },
            None => Self::Short,
        })
    }
}
