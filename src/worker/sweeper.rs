//! The thread that removes the files that workers leave on the disk.
//!
//! ```text
//!  slot whose worker is gone --folder--> Broom --> sweeper: removes it ---> what could not be removed
//! ```
//!
//! 1. No slot waits for a removal, since a worker may fill the disk.
//! 2. The thread ends when its handle is dropped, once it has tried every folder that it was given.

use std::path::PathBuf;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use crate::capability;
use crate::value::lock;

/// Handle of the thread.
pub(super) struct Sweeper {
    broom: Option<FolderRemoval>,
    left: Arc<Mutex<Vec<Leftover>>>,
    thread: Option<JoinHandle<()>>,
}

/// Sender of folders to the thread.
#[derive(Clone)]
pub(super) struct FolderRemoval(Sender<SweepRequest>);

/// Folder of a worker that could not be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// Path of the folder.
    pub folder: PathBuf,
    /// Reason for which it is still there.
    pub why: String,
}

enum SweepRequest {
    Remove(PathBuf),
    /// Answer once all earlier requests are done.
    Say(Sender<()>),
}

impl Sweeper {
    /// Starts the thread.
    pub(super) fn start() -> Self {
        let left = Arc::new(Mutex::new(Vec::new()));
        let (wishes, asked) = mpsc::channel();
        let found = Arc::clone(&left);
        let thread = thread::spawn(move || {
            for wish in asked {
                match wish {
                    SweepRequest::Remove(folder) => lock(&found).extend(remove(folder)),
                    // The thread that asked may be gone.
                    SweepRequest::Say(done) => drop(done.send(())),
                }
            }
        });
        Self { broom: Some(FolderRemoval(wishes)), left, thread: Some(thread) }
    }

    /// Returns a sender of folders to the thread, or `None` while the thread is ending.
    pub(super) fn broom(&self) -> Option<FolderRemoval> {
        self.broom.clone()
    }

    /// Waits until every folder handed over has been tried. Returns the folders that could not be removed so far.
    pub(super) fn left(&self) -> Vec<Leftover> {
        let (done, said) = mpsc::channel();
        if self.broom.as_ref().is_some_and(|broom| broom.0.send(SweepRequest::Say(done)).is_ok()) {
            // The thread answers before it ends, so an error cannot occur.
            let _ = said.recv();
        }
        lock(&self.left).clone()
    }
}

impl FolderRemoval {
    /// Hands a folder to the thread for removal.
    pub(super) fn remove(&self, folder: PathBuf) {
        if let Err(mpsc::SendError(SweepRequest::Remove(folder))) = self.0.send(SweepRequest::Remove(folder)) {
            // The thread is gone, and with it whoever would read the failure.
            let _ = remove(folder);
        }
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        drop(self.broom.take());
        if let Some(thread) = self.thread.take() {
            // INVARIANT 2. The thread removes folders: it cannot panic.
            let _ = thread.join();
        }
    }
}

fn remove(folder: PathBuf) -> Option<Leftover> {
    let why = capability::remove_folder(&folder).err()?;
    Some(Leftover { folder, why: why.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_removed_is_named_and_the_rest_is_gone() {
        let sweeper = Sweeper::start();
        let broom = sweeper.broom().unwrap();
        let place = tempfile::tempdir().unwrap();
        let (folder, file) = (place.path().join("folder"), place.path().join("file"));
        std::fs::create_dir_all(folder.join("a/b")).unwrap();
        std::fs::File::create(&file).unwrap();
        broom.remove(folder.clone());
        // What is no folder is not made by a worker, and stays.
        broom.remove(file.clone());
        let left = sweeper.left();
        assert_eq!(left.len(), 1, "{left:?}");
        assert_eq!(left[0].folder, file);
        assert!(!folder.exists() && file.exists());
    }
}
