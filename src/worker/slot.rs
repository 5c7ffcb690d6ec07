//! One worker process, as the supervisor holds it.

use std::io::{BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use super::begun::BegunCount;
use super::frame;
use super::sweeper::FolderRemoval;
use super::wire::WorkerReply;
use crate::capability;
use crate::value::lock;

/// Worker process with open pipes.
pub(super) struct WorkerSlot {
    pub(super) watch: Arc<WatchRequest>,
    answers: BufReader<ChildStdout>,
    buffer: Vec<u8>,
    begun: BegunCount,
    /// Number of episodes that it has reported.
    pub(super) told: u64,
    /// Scratch folder with the worker's workspaces, and the remover that it goes to once the worker is gone.
    scratch: Option<(TempDir, FolderRemoval)>,
}

/// State of a worker that other threads watch and set.
pub(super) struct WatchRequest {
    child: Mutex<Child>,
    orders: Mutex<ChildStdin>,
    /// Scratch folder with the worker's workspaces.
    pub(super) scratch: PathBuf,
    /// `true` if the scratch folder held more than the policy grants, when last measured.
    pub(super) exceeds: AtomicBool,
    /// `true` if the worker was killed for that.
    pub(super) exceeded: AtomicBool,
    /// Tick of the watchdog by which the next answer is due, or 0 if none is due.
    pub(super) due: AtomicU64,
    /// `true` if the worker was killed because it did not answer in time.
    pub(super) overdue: AtomicBool,
    /// `true` if the worker was told that the run is cancelled.
    pub(super) cancelled: AtomicBool,
}

/// Number of bytes of the buffer for answers.
const BUFFER: usize = 1 << 16;

impl WorkerSlot {
    /// Starts a worker of `program`, which has sent nothing yet. Once it is gone, `broom` removes its scratch folder.
    pub(super) fn start(program: &Path, broom: FolderRemoval) -> std::io::Result<Self> {
        let scratch = capability::make_folder("dayfly-worker-")?;
        let begun = BegunCount::new(scratch.path())?;
        let mut child = Command::new(program)
            .arg("worker")
            .arg(scratch.path())
            .env_clear()
            .env("TMPDIR", scratch.path())
            .current_dir(scratch.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let (Some(orders), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(std::io::Error::other("a process without pipes"));
        };
        let watch = Arc::new(WatchRequest::of(child, orders, scratch.path()));
        let answers = BufReader::with_capacity(BUFFER, answers);
        Ok(Self { watch, answers, buffer: Vec::new(), begun, told: 0, scratch: Some((scratch, broom)) })
    }

    /// Writes `frames` to the worker.
    pub(super) fn say(&self, frames: &[u8]) -> Result<(), frame::Error> {
        let mut orders = lock(&self.watch.orders);
        orders.write_all(frames)?;
        Ok(orders.flush()?)
    }

    /// Reads the next answer, of no more than `most` bytes.
    pub(super) fn hear(&mut self, most: usize) -> Result<WorkerReply, frame::Error> {
        frame::take_within(&mut self.answers, &mut self.buffer, most)
    }

    /// Ends the worker. Returns the number of unreported episodes that it had finished before the open one (`None` if
    /// none was open), and the reason of the loss.
    pub(super) fn lose(self, error: &frame::Error) -> (Option<u64>, String) {
        let was_overdue = self.watch.overdue.load(Ordering::Relaxed);
        let status = self.watch.end();
        // The worker is gone, so its counter is final. An invalid answer is charged to the episode whose answer was
        // due.
        let open = match error {
            frame::Error::Long(_) | frame::Error::Malformed => Some(0),
            frame::Error::Closed | frame::Error::Io(_) => {
                self.begun.count().checked_sub(self.told).and_then(|more| more.checked_sub(1))
            }
        };
        let has_exceeded = self.watch.exceeded.load(Ordering::Relaxed);
        let why = match (was_overdue, error, status) {
            _ if has_exceeded => "the worker had more on the disk than the policy grants".to_owned(),
            (true, ..) => "the worker did not answer in time".to_owned(),
            (false, frame::Error::Long(_) | frame::Error::Malformed, _) => {
                "the worker gave an answer that is none".to_owned()
            }
            (false, frame::Error::Closed | frame::Error::Io(_), Some(status)) => format!("the worker {}", fate(status)),
            (false, frame::Error::Closed | frame::Error::Io(_), None) => "the worker was lost".to_owned(),
        };
        (open, why)
    }
}

impl Drop for WorkerSlot {
    fn drop(&mut self) {
        // The worker is idle, or lost already, and none of its state is needed.
        self.watch.kill();
        self.watch.end();
        if let Some((scratch, broom)) = self.scratch.take() {
            broom.remove(scratch.keep());
        }
    }
}

impl WatchRequest {
    fn of(child: Child, orders: ChildStdin, scratch: &Path) -> Self {
        Self {
            child: Mutex::new(child),
            orders: Mutex::new(orders),
            scratch: scratch.to_path_buf(),
            exceeds: AtomicBool::new(false),
            exceeded: AtomicBool::new(false),
            due: AtomicU64::new(0),
            overdue: AtomicBool::new(false),
            cancelled: AtomicBool::new(false),
        }
    }

    /// Writes `frames`, which are short, and returns `true`. Returns `false` without waiting if another thread is
    /// writing or the pipe is full.
    pub(super) fn try_say(&self, frames: &[u8]) -> bool {
        let Ok(mut orders) = self.orders.try_lock() else { return false };
        if !has_room(&orders) {
            return false;
        }
        // A worker that is gone has no open episode, so a failure to write is harmless.
        let _ = orders.write_all(frames).and_then(|()| orders.flush());
        true
    }

    /// Kills the worker.
    pub(super) fn kill(&self) {
        // Killing a worker that is gone fails, which is harmless.
        let _ = lock(&self.child).kill();
    }

    /// Waits a moment for the worker to end, and kills it otherwise. Returns the status of a worker that ended by
    /// itself.
    fn end(&self) -> Option<ExitStatus> {
        let mut child = lock(&self.child);
        // The pipe may close a moment before the process is gone.
        for _ in 0..PATIENCE {
            if let Ok(Some(status)) = child.try_wait() {
                return Some(status);
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        let _ = child.kill();
        let _ = child.wait();
        None
    }
}

/// Returns `true` if a pipe takes a page at once. A pipe without a reader does, and the write then fails.
#[cfg(unix)]
fn has_room(pipe: &ChildStdin) -> bool {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    let mut asked = [PollFd::new(std::os::fd::AsFd::as_fd(pipe), PollFlags::POLLOUT)];
    poll(&mut asked, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
}

#[cfg(not(unix))]
fn has_room(_: &ChildStdin) -> bool {
    true
}

/// Number of milliseconds in which a worker has to end once its pipe is closed.
const PATIENCE: u32 = 200;

/// Describes the end of a process, in words.
fn fate(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("was killed by signal {signal}");
    }
    status.code().map_or_else(|| "ended".to_owned(), |code| format!("exited with status {code}"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn nobody_waits_for_a_worker_that_does_not_read() {
        let mut child = Command::new("sleep").arg("600").stdin(Stdio::piped()).spawn().unwrap();
        let orders = child.stdin.take().unwrap();
        let watch = Arc::new(WatchRequest::of(child, orders, Path::new("")));
        let mut said = 0;
        let (done, told) = std::sync::mpsc::channel();
        let speaking = Arc::clone(&watch);
        std::thread::spawn(move || {
            while speaking.try_say(&[0; 1024]) {
                said += 1;
            }
            done.send(said).unwrap();
        });
        let said = told.recv_timeout(std::time::Duration::from_secs(30));
        watch.kill();
        watch.end();
        assert!(said.unwrap() > 0);
        assert!(watch.try_say(&[0; 1024]), "one that is gone is not asked again");
    }
}
