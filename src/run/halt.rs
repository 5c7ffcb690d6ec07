//! The failures of the host that end a run between two episodes.
//!
//! 1. Every recorded episode counts: none was cut short.
//! 2. Where workspaces are granted, a wave begins only if there is room for everything that its open episodes may
//!    write at a time. So no episode can keep another from writing, whatever is written, and however many are open.

use std::path::PathBuf;

use crate::agent::ParsedAgent;
use crate::capability::{self, WorkspaceRoot};
use crate::policy::{Granted, Policy};
use crate::transcript::Role;
use crate::value::many;
use crate::worker;

/// Reason for which the host cannot go on between two episodes.
#[derive(Debug, thiserror::Error)]
pub enum Halt {
    /// There is less room than the workspaces of the next episodes may take.
    #[error(
        "`{}` has room for {free} bytes and {files} files, and the workspaces of {} may take {bytes} bytes and {most} files",
        place.display(),
        many(*jobs, "job")
    )]
    Room {
        /// Folder in which workspaces are made.
        place: PathBuf,
        /// Number of free bytes there.
        free: u64,
        /// Number of files that can be made there.
        files: u64,
        /// Number of bytes that the workspaces may take.
        bytes: u64,
        /// Number of files and folders that the workspaces may have.
        most: u64,
        /// Number of episodes that are open at a time.
        jobs: usize,
    },
    /// Lost workers could not be replaced.
    #[error(transparent)]
    Worker(#[from] worker::Error),
}

impl Halt {
    /// Returns the remedy, or an empty text where the message says it all.
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Room { .. } => {
                "make room, ask for fewer `--jobs`, grant less in `[grants.workspace]`, or name another place in `TMPDIR`"
            }
            Self::Worker(_) => "",
        }
    }
}

/// Room that the workspaces of all open episodes may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reserve {
    bytes: u64,
    files: u64,
    jobs: usize,
}

impl Reserve {
    /// Returns the reserve for `jobs` episodes at a time with these roles, or `None` if the policy grants no
    /// workspace.
    pub(super) fn of(policy: &Policy, roles: &[(Role, ParsedAgent)], jobs: usize) -> Option<Self> {
        let of_one = |granted: &Granted| {
            let number = |limit| granted.grant.number(limit);
            // The folder of the workspace counts as one more.
            (number("bytes"), number("files").saturating_add(1))
        };
        let granted: Vec<_> = if roles.is_empty() {
            policy.granted("workspace").map(of_one).into_iter().collect()
        } else {
            let share = |role: &Role| policy.share(role.as_str()).granted("workspace").map(of_one);
            roles.iter().filter_map(|(role, _)| share(role)).collect()
        };
        let none = (0_u64, 0_u64);
        let sum = |sum: (u64, u64), one: &(u64, u64)| (sum.0.saturating_add(one.0), sum.1.saturating_add(one.1));
        let (bytes, files) = granted.iter().fold(none, sum);
        (!granted.is_empty()).then_some(Self { bytes, files, jobs })
    }

    /// Returns the lack of room, if any. A system that does not report its room counts as having enough.
    pub(super) fn lacks(&self) -> Option<Halt> {
        self.lacks_in(capability::room()?)
    }

    /// INVARIANT 2
    fn lacks_in(&self, room: WorkspaceRoot) -> Option<Halt> {
        let jobs = u64::try_from(self.jobs).unwrap_or(u64::MAX);
        // A file takes whole blocks, and its name takes space in its folder.
        let blocks = self.files.saturating_mul(2).saturating_mul(room.block);
        let bytes = self.bytes.saturating_add(blocks).saturating_mul(jobs);
        let most = self.files.saturating_mul(jobs);
        let WorkspaceRoot { place, bytes: free, files, .. } = room;
        (free < bytes || files < most).then_some(Halt::Room { place, free, files, bytes, most, jobs: self.jobs })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_whole_blocks_of_all_that_may_be_open_and_not_for_a_byte_or_a_file_less() {
        let reserve = Reserve { bytes: 1000, files: 3, jobs: 2 };
        let room = |bytes, files| WorkspaceRoot { place: "there".into(), bytes, files, block: 100 };
        assert!(reserve.lacks_in(room(3200, 6)).is_none());
        let halt = reserve.lacks_in(room(3199, 6)).unwrap();
        assert_eq!(
            halt.to_string(),
            "`there` has room for 3199 bytes and 6 files, and the workspaces of 2 jobs may take 3200 bytes and 6 files"
        );
        assert!(reserve.lacks_in(room(3200, 5)).is_some());
    }
}
