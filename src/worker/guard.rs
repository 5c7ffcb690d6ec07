//! The thread that measures the disk space of workers, where the policy grants a workspace.
//!
//! ```text
//!  every 20 ms: scratch folder of each worker --count--> more than the grant, twice in a row --> the worker is killed
//! ```
//!
//! 1. One measurement takes no longer than the grant allows: it stops at the first excess.
//! 2. No worker that keeps to the policy is killed. Files that change during the count may be counted twice. So a
//!    measurement allows twice the grant and a margin, and one excess does not suffice.
//!
//! It does not see a file that no longer has a name. The limits on files and on descriptors bound those.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use super::watchdog::WatchedWorkers;
use crate::policy::Policy;
use crate::transcript::Role;
use crate::value::wide;

/// Pause between two measurements.
const REST: Duration = Duration::from_millis(20);
/// Number of bytes, and of files and folders, that are allowed beyond twice the grant.
const MORE: (u64, u64) = (1 << 20, 64);
/// Number of folders around a workspace: the scratch folder, and that of the episode in it.
const AROUND: u64 = 2;

/// Handle of the thread, which stops when the handle is dropped.
pub(super) struct Guard {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Maximum content of the scratch folder of a worker that keeps to the policy.
#[derive(Clone, Copy, Debug)]
struct Most {
    bytes: u64,
    files: u64,
    depth: u64,
}

impl Most {
    /// Returns the maximum for the workspaces of these roles, or of one agent where there are none. Returns `None` if
    /// the policy grants no workspace.
    fn of(policy: &Policy, roles: &[Role]) -> Option<Self> {
        let shares = policy.shares(roles);
        let granted: Vec<_> = shares.iter().filter_map(|share| share.granted("workspace")).collect();
        let numbers = |limit| granted.iter().map(move |granted| granted.grant.number(limit));
        let twice =
            |limit, more: u64| numbers(limit).map(|number| number.saturating_mul(2)).fold(more, u64::saturating_add);
        // The folder of each further workspace counts as one more.
        let files = twice("files", MORE.1).saturating_add(wide(granted.len()));
        let depth = numbers("depth").max()?.saturating_add(AROUND);
        Some(Self { bytes: twice("bytes", MORE.0), files, depth })
    }

    /// Returns `true` if a folder holds more than the maximum.
    fn is_exceeded(mut self, place: &Path) -> bool {
        match Dir::open_ambient_dir(place, ambient_authority()) {
            Ok(folder) => self.count(&folder, self.depth).is_err(),
            // A folder that cannot be opened is being removed.
            Err(_) => false,
        }
    }

    /// Subtracts the content of a folder from the allowance, as long as the allowance suffices.
    fn count(&mut self, folder: &Dir, depth: u64) -> Result<(), TooMuch> {
        let depth = depth.checked_sub(1).ok_or(TooMuch)?;
        let entries = there(folder.entries())?;
        for entry in entries.into_iter().flatten() {
            // INVARIANT 1
            self.files = self.files.checked_sub(1).ok_or(TooMuch)?;
            let Some(entry) = there(entry)? else { continue };
            let Some(about) = there(entry.metadata())? else { continue };
            if !about.is_dir() {
                self.bytes = self.bytes.checked_sub(about.len()).ok_or(TooMuch)?;
            } else if let Some(folder) = there(entry.open_dir())? {
                self.count(&folder, depth)?;
            }
        }
        Ok(())
    }
}

/// Error returned when a folder holds more than it may.
struct TooMuch;

/// Returns what was found, or `None` if it is gone. A workspace has no folder without permissions, so such a folder
/// counts as too much.
fn there<T>(found: io::Result<T>) -> Result<Option<T>, TooMuch> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(TooMuch),
        Err(_) => Ok(None),
    }
}

impl Guard {
    /// Starts the thread, or returns `None` if the policy grants no workspace.
    pub(super) fn start(policy: &Policy, roles: &[Role], watched: WatchedWorkers) -> Option<Self> {
        let most = Most::of(policy, roles)?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                thread::park_timeout(REST);
                for worker in watched.all() {
                    let before = worker.exceeds.load(Ordering::Relaxed);
                    let exceeds = most.is_exceeded(&worker.scratch);
                    worker.exceeds.store(exceeds, Ordering::Relaxed);
                    // INVARIANT 2
                    if before && exceeds && !worker.exceeded.swap(true, Ordering::Relaxed) {
                        worker.kill();
                    }
                }
            }
        });
        Some(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // The thread counts and sends signals: it cannot panic.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: Most = Most { bytes: 10, files: 4, depth: 3 };

    #[test]
    fn what_is_more_than_may_be_is_found_and_what_is_no_more_is_not() {
        let exceeds = |make: &dyn Fn(&Path)| {
            let place = tempfile::tempdir().unwrap();
            make(place.path());
            MOST.is_exceeded(place.path())
        };
        let file = |place: &Path, bytes: u64| std::fs::File::create(place).unwrap().set_len(bytes).unwrap();
        let folder = |place: &Path| std::fs::create_dir_all(place).unwrap();
        assert!(!exceeds(&|_| ()));
        assert!(!exceeds(&|place| file(&place.join("a"), 10)));
        assert!(exceeds(&|place| file(&place.join("a"), 11)));
        assert!(!exceeds(&|place| folder(&place.join("a/b"))));
        assert!(exceeds(&|place| folder(&place.join("a/b/c"))), "deeper than there may be");
        for (files, is_more) in [(4, false), (5, true)] {
            let make = |place: &Path| (0..files).for_each(|number| file(&place.join(number.to_string()), 0));
            assert_eq!(exceeds(&make), is_more);
        }
        assert!(!MOST.is_exceeded(Path::new("/nowhere/at/all")));
    }
}
