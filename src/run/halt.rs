//! What ends a run between two episodes, and is no deed of the agent.
//!
//! 1. Every episode that is recorded counts: none was cut short.
//! 2. Where workspaces are granted, a wave begins only where there is room for all that its open episodes may write at a time. So none
//!    of them can keep another from writing, whatever they write, and however many are open.

use std::path::PathBuf;

use crate::agent::Known;
use crate::capability::{self, Room};
use crate::policy::{Granted, Policy};
use crate::transcript::Role;
use crate::value::many;
use crate::worker;

/// Why the host could not go on between two episodes.
#[derive(Debug, thiserror::Error)]
pub enum Halt {
    /// There is less room than the workspaces of the next episodes may take.
    #[error(
        "`{}` has room for {free} bytes and {files} files, and the workspaces of {} may take {bytes} bytes and {most} files",
        place.display(),
        many(*jobs, "job")
    )]
    Room {
        /// Where workspaces are made.
        place: PathBuf,
        /// The bytes that are free there.
        free: u64,
        /// The files that may be made there.
        files: u64,
        /// The bytes that workspaces may take.
        bytes: u64,
        /// The files and folders that they may have.
        most: u64,
        /// How many episodes are open at a time.
        jobs: usize,
    },
    /// Workers that were lost could not be replaced.
    #[error(transparent)]
    Worker(#[from] worker::Error),
}

impl Halt {
    /// What to do about it; empty where the message says it all.
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Room { .. } => {
                "make room, ask for fewer `--jobs`, grant less in `[grants.workspace]`, or name another place in `TMPDIR`"
            }
            Self::Worker(_) => "",
        }
    }
}

/// What the workspaces of the episodes that are open at a time may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reserve {
    bytes: u64,
    files: u64,
    jobs: usize,
}

impl Reserve {
    /// Of so many episodes at a time, in which these roles are played; nothing where the policy grants no workspace.
    pub(super) fn of(policy: &Policy, roles: &[(Role, Known)], jobs: usize) -> Option<Self> {
        let of_one = |granted: &Granted| {
            let number = |limit| granted.grant.number(limit);
            // The folder itself is one more.
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

    /// What is wrong where there is not as much room as this. Where the system does not say, there is.
    pub(super) fn lacks(&self) -> Option<Halt> {
        self.lacks_in(capability::room()?)
    }

    /// INVARIANT 2
    fn lacks_in(&self, room: Room) -> Option<Halt> {
        let jobs = u64::try_from(self.jobs).unwrap_or(u64::MAX);
        // A file takes whole blocks, and a name takes some of its folder's.
        let blocks = self.files.saturating_mul(2).saturating_mul(room.block);
        let bytes = self.bytes.saturating_add(blocks).saturating_mul(jobs);
        let most = self.files.saturating_mul(jobs);
        let Room { place, bytes: free, files, .. } = room;
        (free < bytes || files < most).then_some(Halt::Room { place, free, files, bytes, most, jobs: self.jobs })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_whole_blocks_of_all_that_may_be_open_and_not_for_a_byte_or_a_file_less() {
        let reserve = Reserve { bytes: 1000, files: 3, jobs: 2 };
        let room = |bytes, files| Room { place: "there".into(), bytes, files, block: 100 };
        assert!(reserve.lacks_in(room(3200, 6)).is_none());
        let halt = reserve.lacks_in(room(3199, 6)).unwrap();
        assert_eq!(
            halt.to_string(),
            "`there` has room for 3199 bytes and 6 files, and the workspaces of 2 jobs may take 3200 bytes and 6 files"
        );
        assert!(reserve.lacks_in(room(3200, 5)).is_some());
    }
}
