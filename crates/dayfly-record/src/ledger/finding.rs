//! The findings of verifying a ledger.

use std::fmt;
use std::ops::Range;

use super::flaw::Flaw;
use super::signed::SignedFinding;
use super::{CHECKPOINTS, Head, LEAVES, MANIFEST, Reason, TRANSCRIPTS, VOUCHED};
use crate::value::{Digest, many};

/// Difference between a ledger and that of a closed run. Lines are counted from 1, episodes from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// The manifest is not the one that was sealed.
    Manifest,
    /// Lines that were not sealed stand in the place of these episodes. If there are no such episodes, the lines were
    /// added.
    Lines {
        /// Lines of `transcripts.jsonl`.
        lines: Range<u64>,
        /// Episodes in whose place they stand.
        episodes: Range<u64>,
    },
    /// Episodes are out of place.
    Moved {
        /// Lines of `transcripts.jsonl`.
        lines: Range<u64>,
        /// Episodes that were moved.
        episodes: Range<u64>,
    },
    /// Episodes are there more than once.
    Repeated {
        /// Lines of `transcripts.jsonl`.
        lines: Range<u64>,
        /// Episodes that these lines repeat.
        episodes: Range<u64>,
    },
    /// The manifest was sealed as it is, but this program does not seal such a manifest.
    Stated {
        /// Flaw of the manifest.
        flaw: Flaw,
    },
    /// Lines were sealed as they are, but this program does not seal such lines.
    Said {
        /// Lines of `transcripts.jsonl`.
        lines: Range<u64>,
        /// Flaw of the manifest.
        flaw: Flaw,
    },
    /// A hash in `leaves.bin` is neither that of its line nor the one that the checkpoints vouch for.
    Leaf {
        /// Index of the hash; that of the manifest is 0.
        index: u64,
    },
    /// `leaves.bin` goes on after the close.
    LeavesAdded,
    /// A line of `checkpoints.jsonl` is not a checkpoint, not of this record, or out of place.
    Checkpoint {
        /// Number of the line.
        line: u64,
    },
    /// A checkpoint is out of place.
    CheckpointMoved {
        /// Line of `checkpoints.jsonl`.
        line: u64,
    },
    /// A checkpoint is there more than once.
    CheckpointRepeated {
        /// Line of `checkpoints.jsonl`.
        line: u64,
    },
    /// A checkpoint has another size than the one that was sealed.
    Size {
        /// Line of `checkpoints.jsonl`.
        line: u64,
        /// Number of leaves that was sealed, the close included if there is one.
        sealed: u64,
    },
    /// A checkpoint is missing, although later ones are present.
    CheckpointGone {
        /// Number of leaves that it vouched for.
        size: u64,
    },
    /// The checkpoint between the listed ones is torn, or not of this record.
    Vouched,
    /// It was vouched for more between checkpoints than the record has.
    VouchedAhead {
        /// The leaves that it vouches for.
        size: u64,
    },
    /// The close has another reason than the one that was sealed.
    Reason {
        /// Line of `checkpoints.jsonl`.
        line: u64,
        /// Reason that was sealed.
        sealed: Reason,
    },
    /// The run was sealed with a number of episodes that does not admit the reason for its close.
    Count {
        /// Reason for the close.
        reason: Reason,
        /// Number of episodes.
        episodes: u64,
        /// Number of episodes that the manifest asks for.
        asked: u64,
    },
    /// The root is not the one that was kept elsewhere.
    Root {
        /// Root of this ledger.
        root: Digest,
    },
    /// Checkpoints and `leaves.bin` claim many more leaves than `transcripts.jsonl` has room for. No leaf was
    /// compared.
    Room {
        /// Number of leaves that a checkpoint vouches for.
        size: u64,
        /// Maximum number of leaves that there is room for.
        most: u64,
    },
    /// Lines and hashes agree with each other, but not with a checkpoint.
    Dispute {
        /// Line of `checkpoints.jsonl`.
        line: u64,
        /// Leaves that no checkpoint before it vouches for.
        leaves: Range<u64>,
    },
    /// A file is missing.
    File {
        /// Name of the file.
        name: &'static str,
    },
    /// Episodes are missing, although later ones are present.
    Episodes {
        /// Episodes in whose place they stand.
        episodes: Range<u64>,
    },
    /// The last episodes are missing.
    Tail {
        /// Episodes in whose place they stand.
        episodes: Range<u64>,
    },
    /// `leaves.bin` ends too early.
    LeavesCut {
        /// Leaves whose hashes are missing.
        leaves: Range<u64>,
    },
    /// `checkpoints.jsonl` ends in the middle of a line.
    CheckpointCut {
        /// Number of the line.
        line: u64,
    },
    /// The manifest ends too early.
    ManifestCut,
    /// A signature, or the root that was given, says otherwise.
    Signed(SignedFinding),
    /// The run was interrupted, or still goes on.
    NotClosed {
        /// Head that the last checkpoint vouches for, or `None` if there is no checkpoint.
        vouched: Option<Head>,
    },
}

/// Kind of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingKind {
    /// Data was edited or added.
    Edited,
    /// Data is out of place.
    Reordered,
    /// Data is there more than once.
    Duplicated,
    /// Data is missing, although later data is present.
    Missing,
    /// The end is missing.
    Truncated,
    /// The closing checkpoint is missing.
    NotClosed,
    /// Another key than the one that was given signed.
    SignedByOther,
    /// A key was given, and the record or a part of it is not signed.
    Unsigned,
    /// The record is of an earlier state than the root that was given.
    Older,
    /// The record is of a later state than the root that was given.
    Newer,
}

impl FindingKind {
    /// Returns the name of the kind in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Edited => "edited",
            Self::Reordered => "reordered",
            Self::Duplicated => "duplicated",
            Self::Missing => "missing",
            Self::Truncated => "truncated",
            Self::NotClosed => "not closed",
            Self::SignedByOther => "signed by someone else",
            Self::Unsigned => "unsigned",
            Self::Older => "older than the root",
            Self::Newer => "newer than the root",
        }
    }
}

impl Finding {
    /// Returns the kind of the finding.
    pub const fn kind(&self) -> FindingKind {
        match self {
            Self::Manifest
            | Self::Lines { .. }
            | Self::Stated { .. }
            | Self::Said { .. }
            | Self::Leaf { .. }
            | Self::LeavesAdded
            | Self::Checkpoint { .. }
            | Self::Size { .. }
            | Self::Vouched
            | Self::Reason { .. }
            | Self::Root { .. }
            | Self::Dispute { .. } => FindingKind::Edited,
            Self::Moved { .. } | Self::CheckpointMoved { .. } => FindingKind::Reordered,
            Self::Repeated { .. } | Self::CheckpointRepeated { .. } => FindingKind::Duplicated,
            Self::Signed(finding) => finding.kind(),
            Self::Count { episodes, asked, .. } if *episodes > *asked => FindingKind::Edited,
            Self::File { .. } | Self::Episodes { .. } | Self::CheckpointGone { .. } => FindingKind::Missing,
            Self::ManifestCut
            | Self::Tail { .. }
            | Self::VouchedAhead { .. }
            | Self::Room { .. }
            | Self::LeavesCut { .. }
            | Self::CheckpointCut { .. }
            | Self::Count { .. } => FindingKind::Truncated,
            Self::NotClosed { .. } => FindingKind::NotClosed,
        }
    }

    /// Extends this finding by `next`, and returns `true`, if `next` is the same finding for what follows directly.
    fn takes_in(&mut self, next: &Self) -> bool {
        match (self, next) {
            (Self::Moved { lines, episodes }, Self::Moved { lines: more, episodes: those })
            | (Self::Repeated { lines, episodes }, Self::Repeated { lines: more, episodes: those })
                if lines.end == more.start && episodes.end == those.start =>
            {
                (lines.end, episodes.end) = (more.end, those.end);
                true
            }
            (Self::Said { lines, flaw }, Self::Said { lines: more, flaw: other })
                if lines.end == more.start && flaw == other =>
            {
                lines.end = more.end;
                true
            }
            _ => false,
        }
    }

    /// Returns the remedy.
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Manifest | Self::ManifestCut => {
                "what the run is evidence of is open: take the manifest from a copy that verifies"
            }
            Self::Signed(finding) => finding.help(),
            Self::Lines { .. } | Self::Moved { .. } | Self::Repeated { .. } => {
                "do not use these episodes as evidence: take the file from a copy that verifies, or run it again"
            }
            Self::Episodes { .. } | Self::Tail { .. } => {
                "do not count the rest as the whole run: take the file from a copy that verifies, or run it again"
            }
            Self::Leaf { .. }
            | Self::LeavesAdded
            | Self::LeavesCut { .. }
            | Self::Checkpoint { .. }
            | Self::CheckpointCut { .. }
            | Self::CheckpointGone { .. }
            | Self::CheckpointMoved { .. }
            | Self::CheckpointRepeated { .. }
            | Self::Size { .. }
            | Self::Reason { .. } => "take the file from a copy that verifies",
            Self::Stated { .. } | Self::Said { .. } => {
                "whoever sealed this did not run it: take all files from a copy with the root that was kept"
            }
            Self::Room { .. } => {
                "the transcripts were cut off, or the sizes were made up: take all files from a copy that verifies"
            }
            Self::Vouched | Self::VouchedAhead { .. } => {
                "use no more of the run than its checkpoints vouch for, or run it again"
            }
            Self::Count { .. } => {
                "the files were replaced together: take all of them from a copy with the root that was kept"
            }
            Self::Root { .. } => {
                "this is another run, or all of its files were replaced: take them from a copy with the root that was kept"
            }
            Self::Dispute { .. } => "compare the root with one that was kept elsewhere",
            Self::File { .. } => "copy the folder of a ledger as a whole",
            Self::NotClosed { .. } => {
                "wait until the run is over; if it was interrupted, use no more of it than is vouched for, or run it again"
            }
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manifest => write!(f, "`{MANIFEST}`: not what was sealed"),
            Self::Lines { lines, episodes } if episodes.is_empty() => {
                write!(f, "`{TRANSCRIPTS}`, {}: added", name("line", lines))
            }
            Self::Lines { lines, episodes } => {
                let (lines, episodes) = (name("line", lines), name("episode", episodes));
                write!(f, "`{TRANSCRIPTS}`, {lines}: not what was sealed as {episodes}")
            }
            Self::Moved { lines, episodes } => {
                let (lines, episodes) = (name("line", lines), name("episode", episodes));
                write!(f, "`{TRANSCRIPTS}`, {lines}: {episodes} moved")
            }
            Self::Repeated { lines, episodes } => {
                let (lines, episodes) = (name("line", lines), name("episode", episodes));
                write!(f, "`{TRANSCRIPTS}`, {lines}: {episodes} once more")
            }
            Self::ManifestCut => write!(f, "`{MANIFEST}` ends too early"),
            Self::CheckpointMoved { line } => write!(f, "`{CHECKPOINTS}`, line {line}: out of place"),
            Self::CheckpointRepeated { line } => write!(f, "`{CHECKPOINTS}`, line {line}: there once more"),
            Self::Signed(finding) => write!(f, "{finding}"),
            Self::Stated { flaw } => write!(f, "`{MANIFEST}`: sealed, and {flaw}"),
            Self::Said { lines, flaw } => write!(f, "`{TRANSCRIPTS}`, {}: sealed, and {flaw}", name("line", lines)),
            Self::Leaf { index } => {
                write!(f, "`{LEAVES}`: the hash of {} is not what was sealed", name_leaves(&(*index..index + 1)))
            }
            Self::LeavesAdded => write!(f, "`{LEAVES}` goes on after the close"),
            Self::Checkpoint { line } => write!(f, "`{CHECKPOINTS}`, line {line}: not a checkpoint of this run"),
            Self::Size { line, sealed } => {
                write!(f, "`{CHECKPOINTS}`, line {line}: the size that was sealed is {sealed}")
            }
            Self::Room { size, most } => {
                write!(
                    f,
                    "`{CHECKPOINTS}` vouches for {size} leaves, and `{TRANSCRIPTS}` has room for {most} at the most"
                )
            }
            Self::CheckpointGone { size } => {
                write!(f, "`{CHECKPOINTS}` lacks what vouches for {}", name_leaves(&(0..*size)))
            }
            Self::Vouched => write!(f, "`{VOUCHED}`: no checkpoint of this run"),
            Self::VouchedAhead { size } => {
                write!(
                    f,
                    "`{VOUCHED}` vouches for {}, and neither `{TRANSCRIPTS}` nor `{LEAVES}` goes so far",
                    name_leaves(&(0..*size))
                )
            }
            Self::Dispute { line, leaves } => {
                let leaves = name_leaves(leaves);
                write!(f, "`{CHECKPOINTS}`, line {line}: disagrees with {leaves}, and one or the other was changed")
            }
            Self::Reason { line, sealed } => {
                write!(f, "`{CHECKPOINTS}`, line {line}: the run was sealed as {}", sealed.name())
            }
            Self::Count { reason, episodes, asked } => {
                write!(f, "{episodes} of {}, and closed as {}", many(*asked, "episode"), reason.name())
            }
            Self::Root { root } => write!(f, "the root is {root}, not the one that was given"),
            Self::File { name } => write!(f, "`{name}` is not there"),
            Self::Episodes { episodes } => write!(f, "`{TRANSCRIPTS}` lacks {}", name("episode", episodes)),
            Self::Tail { episodes } => write!(f, "`{TRANSCRIPTS}` ends before {}", name("episode", episodes)),
            Self::LeavesCut { leaves } => write!(f, "`{LEAVES}` ends before the hash of {}", name_leaves(leaves)),
            Self::CheckpointCut { line } => write!(f, "`{CHECKPOINTS}` ends in the middle of line {line}"),
            Self::NotClosed { vouched } => match vouched.map_or(0, |head| head.episodes) {
                0 => f.write_str("the run was interrupted or still goes on, and no checkpoint vouches for an episode"),
                count => {
                    let episodes = name("episode", &(0..count));
                    write!(f, "the run was interrupted or still goes on, and a checkpoint vouches for {episodes}")
                }
            },
        }
    }
}

/// Returns a range in words, such as "episodes 3 to 5".
fn name(noun: &str, range: &Range<u64>) -> String {
    let (first, last) = (range.start, range.end.saturating_sub(1));
    if first >= last { format!("{noun} {first}") } else { format!("{noun}s {first} to {last}") }
}

/// Returns a range of leaves in words, such as "the manifest and episodes 0 to 5".
fn name_leaves(leaves: &Range<u64>) -> String {
    let episodes = leaves.start.saturating_sub(1)..leaves.end.saturating_sub(1);
    match (leaves.start, episodes.is_empty()) {
        (0, true) => "the manifest".to_owned(),
        (0, false) => format!("the manifest and {}", name("episode", &episodes)),
        _ => name("episode", &episodes),
    }
}

/// Findings, in bounded memory.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) list: Vec<Finding>,
    pub(super) omitted: u64,
}

impl Findings {
    /// Maximum number of findings that are listed.
    pub(super) const MOST: usize = 32;

    /// Adds a finding. Consecutive moved episodes, and consecutive lines with one flaw, become one finding.
    pub(super) fn push(&mut self, finding: Finding) {
        if self.list.last_mut().is_some_and(|last| last.takes_in(&finding)) {
        } else if self.list.len() < Self::MOST {
            self.list.push(finding);
        } else {
            self.omit();
        }
    }

    /// Counts a finding that is not listed.
    pub(super) const fn omit(&mut self) {
        self.omitted = self.omitted.saturating_add(1);
    }
}
