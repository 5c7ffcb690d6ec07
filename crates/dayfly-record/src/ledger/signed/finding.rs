//! Findings about signatures and about the root that was given.

use std::fmt;

use super::super::{CHECKPOINTS, FindingKind, HOST, Reason};
use super::{CHECKPOINT_NOTE, HOST_NOTE};
use crate::value::{Digest, many, plain};

/// Difference between a record and what was signed, or the root that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignedFinding {
    /// A key was given, and there is no signature.
    Unsigned {
        /// Name of the key.
        name: String,
    },
    /// A key was given, and it is not the one that signed.
    ByOther {
        /// Name of the file.
        file: &'static str,
        /// Name of the key that was given.
        name: String,
        /// Names of the keys that are said to have signed.
        names: Vec<String>,
    },
    /// A signature of the key that was given is not of this text.
    Spoilt {
        /// Name of the file.
        file: &'static str,
        /// Name of the key.
        name: String,
    },
    /// A note ends too early.
    Cut {
        /// Name of the file.
        file: &'static str,
    },
    /// A file is not a note that this program signs.
    Form {
        /// Name of the file.
        file: &'static str,
    },
    /// The signed checkpoint names another run, or another key than the one that signed.
    Origin,
    /// The signed checkpoint vouches for the first part of a record that goes on.
    Part {
        /// Number of episodes that it vouches for.
        episodes: u64,
    },
    /// The signed checkpoint vouches for more leaves than there are.
    Beyond {
        /// Number of leaves that were signed, the close included if there is one.
        size: u64,
        /// Number of leaves that there are.
        here: u64,
    },
    /// The record as it is has another root than the one that was signed.
    Another {
        /// Root that was signed.
        root: Digest,
    },
    /// The closing checkpoint is missing, although the close was signed.
    CloseGone {
        /// Reason for the close.
        reason: Reason,
    },
    /// `host.json` is not what was signed.
    Host,
    /// `host.json` ends too early.
    HostCut,
    /// `host.note` is of another run.
    HostElsewhere,
    /// The root that was given is that of an earlier state of the run.
    Newer {
        /// Number of episodes that the root vouches for.
        episodes: u64,
    },
    /// The root that was given is of a later state of the run, or of another run.
    Older {
        /// Number of episodes that there are.
        here: u64,
        /// Number of leaves that the root vouches for, where it is known.
        size: Option<u64>,
    },
}

impl SignedFinding {
    /// Returns the kind of the finding.
    pub(in super::super) const fn kind(&self) -> FindingKind {
        match self {
            Self::Unsigned { .. } | Self::Part { .. } => FindingKind::Unsigned,
            Self::ByOther { .. } => FindingKind::SignedByOther,
            Self::Spoilt { .. }
            | Self::Form { .. }
            | Self::Origin
            | Self::Another { .. }
            | Self::Host
            | Self::HostElsewhere => FindingKind::Edited,
            Self::Cut { .. } | Self::Beyond { .. } | Self::CloseGone { .. } | Self::HostCut => FindingKind::Truncated,
            Self::Newer { .. } => FindingKind::Newer,
            Self::Older { .. } => FindingKind::Older,
        }
    }

    /// Returns the remedy.
    pub(in super::super) const fn help(&self) -> &'static str {
        match self {
            Self::Unsigned { .. } => {
                "do not take the run for one of this key: ask for a copy with its `checkpoint.note`, or run it again with `--sign`"
            }
            Self::ByOther { .. } => "do not take the run for one of this key: ask its holder for a copy",
            Self::Spoilt { .. } | Self::Cut { .. } | Self::Form { .. } => "take the file from a copy that verifies",
            Self::Origin | Self::Another { .. } => {
                "one or the other was exchanged: take all files from a copy that verifies with the key"
            }
            Self::Part { .. } => "use no more of the run than was signed, or run it again",
            Self::Beyond { .. } | Self::CloseGone { .. } => {
                "take the file from a copy that verifies, or use no more of the run than its checkpoints vouch for"
            }
            Self::Host | Self::HostCut | Self::HostElsewhere => {
                "the run itself does not depend on it: take `host.json` and `host.note` from a copy that verifies"
            }
            Self::Newer { .. } => "keep the root of the close, and give that one",
            Self::Older { .. } => "take all files from a copy that has the root that was given",
        }
    }
}

impl fmt::Display for SignedFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned { name } => {
                write!(f, "`{CHECKPOINT_NOTE}` is not there: nothing shows that `{}` signed this run", plain(name))
            }
            Self::ByOther { file, name, names } => {
                let by: Vec<_> = names.iter().map(|name| format!("`{}`", plain(name))).collect();
                let other = if names.contains(name) { "another key of that name" } else { "not by it" };
                write!(
                    f,
                    "`{file}`: signed by {}, and the key that was given is `{}`: ",
                    by.join(" and "),
                    plain(name)
                )?;
                f.write_str(other)
            }
            Self::Spoilt { file, name } => {
                write!(f, "`{file}`: the signature of `{}` is not of this text", plain(name))
            }
            Self::Cut { file } => write!(f, "`{file}` ends too early"),
            Self::Form { file } => write!(f, "`{file}`: not a note that this program signs"),
            Self::Origin => write!(f, "`{CHECKPOINT_NOTE}` names another run, or another key, than this one"),
            Self::Part { episodes } => {
                let episodes = many(*episodes, "episode");
                write!(f, "`{CHECKPOINT_NOTE}` vouches for the first {episodes} alone, and nobody signed what follows")
            }
            Self::Beyond { size, here } => {
                write!(f, "{size} leaves were signed, and {here} are here")
            }
            Self::Another { root } => {
                write!(f, "`{CHECKPOINT_NOTE}`: the root that was signed is {root}, and this record has another one")
            }
            Self::CloseGone { reason } => {
                write!(f, "`{CHECKPOINTS}` ends before the close, which was signed as {}", reason.name())
            }
            Self::Host => write!(f, "`{HOST}`: not what was signed"),
            Self::HostCut => write!(f, "`{HOST}` ends too early"),
            Self::HostElsewhere => write!(f, "`{HOST_NOTE}`: it is of another run"),
            Self::Newer { episodes } => {
                let episodes = many(*episodes, "episode");
                write!(f, "the root that was given is that of the first {episodes}, and the record goes on from there")
            }
            Self::Older { here, size: Some(size) } => {
                let here = many(*here, "episode");
                write!(f, "the root that was given is that of {size} leaves, and here are {here}")
            }
            Self::Older { here, size: None } => {
                let here = many(*here, "episode");
                write!(f, "no state of these {here} has the root that was given: they are older, or of another run")
            }
        }
    }
}
