//! What can be wrong with what was sealed, where every byte is as it was sealed.

use std::fmt;

/// Why a manifest, or a line, is none that this program seals for the run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flaw {
    /// It cannot be read: a member is unknown, there twice, missing, or of another kind. Says how.
    Unread(String),
    /// It is written otherwise than this program writes it.
    Written,
    /// It contradicts itself. Says where.
    Contradiction(&'static str),
    /// It says that it is another episode.
    Episode,
    /// It says that it is of another run: its digest is not that of the manifest.
    Run,
    /// Its seed does not follow from that of the manifest.
    Seed,
    /// Its lineage or its world is not that of the episode.
    Place,
    /// It has other roles than its run, or what the format of its run does not have.
    Roles,
    /// It does not open with the carry-over that the lines before leave to it, or does not say what it left itself.
    CarryOver,
    /// No selection can have come where it says.
    Generation,
    /// The run cannot have been closed as it was with this line, or cannot have gone on after it.
    Close,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unread(why) => write!(f, "it cannot be read: {why}"),
            Self::Written => f.write_str("it is not written as this program writes it"),
            Self::Contradiction(what) => f.write_str(what),
            Self::Episode => f.write_str("it says that it is another episode"),
            Self::Run => f.write_str("it says that it is of another run"),
            Self::Seed => f.write_str("its seed does not follow from that of the run"),
            Self::Place => f.write_str("its lineage or its world is not that of the episode"),
            Self::Roles => f.write_str("its roles are not those of the run, or its format has no such thing"),
            Self::CarryOver => f.write_str("its carry-over is not what the episodes before left"),
            Self::Generation => f.write_str("no selection comes where it says"),
            Self::Close => f.write_str("the run can neither go on nor be closed as it was after it"),
        }
    }
}
