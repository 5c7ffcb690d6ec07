//! The flaws of a manifest or a line whose bytes are as they were sealed.

use std::fmt;

/// Reason for which a manifest or a line is not one that this program seals for the run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flaw {
    /// The text cannot be read, for this reason: a member is unknown, repeated, missing, or of another kind.
    Unread(String),
    /// The text is not written as this program writes it.
    Written,
    /// The content contradicts itself, in this way.
    Contradiction(&'static str),
    /// The line claims to be another episode.
    Episode,
    /// The line claims to be of another run: its digest is not that of the manifest.
    Run,
    /// The seed does not follow from that of the manifest.
    Seed,
    /// The lineage or the world is not that of the episode.
    Place,
    /// The line has other roles than its run, or members that the format of its run does not have.
    Roles,
    /// It tells of calls that the agent, or a role, of its run does not import.
    Imports,
    /// The line does not open with the carry-over that the lines before left, or does not record its own.
    CarryOver,
    /// No selection can have come at this line.
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
            Self::Imports => f.write_str("it tells of calls that its agent does not import"),
            Self::CarryOver => f.write_str("its carry-over is not what the episodes before left"),
            Self::Generation => f.write_str("no selection comes where it says"),
            Self::Close => f.write_str("the run can neither go on nor be closed as it was after it"),
        }
    }
}
