//! One worker, as the supervisor holds it.

use std::io::{BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use super::begun::Begun;
use super::frame;
use super::sweeper::Broom;
use super::wire::Answer;
use crate::capability;
use crate::value::lock;

/// A worker that can be spoken to.
pub(super) struct Seat {
    pub(super) watch: Arc<Watch>,
    answers: BufReader<ChildStdout>,
    buffer: Vec<u8>,
    begun: Begun,
    /// How many episodes it has told of.
    pub(super) told: u64,
    /// Where its workspaces lie, and what removes that with all that a lost worker left there.
    scratch: Option<(TempDir, Broom)>,
}

/// What the warden has to do with a worker.
pub(super) struct Watch {
    child: Mutex<Child>,
    orders: Mutex<ChildStdin>,
    /// Where its workspaces lie.
    pub(super) scratch: PathBuf,
    /// Whether there was more on the disk than the policy grants, at the last look.
    pub(super) exceeds: AtomicBool,
    /// Whether it was stopped because there was.
    pub(super) exceeded: AtomicBool,
    /// When its next answer is due, in ticks of the warden; 0 where none is.
    pub(super) due: AtomicU64,
    /// Whether it was stopped because it did not answer in time.
    pub(super) overdue: AtomicBool,
    /// Whether it was told that the run is cancelled.
    pub(super) cancelled: AtomicBool,
}

/// The bytes that are gathered before answers are read from.
const BUFFER: usize = 1 << 16;

impl Seat {
    /// Start a worker of `program`, which has said nothing yet. Once it is gone `broom` removes what it left on the disk.
    pub(super) fn start(program: &Path, broom: Broom) -> std::io::Result<Self> {
        let scratch = capability::make_folder("dayfly-worker-")?;
        let begun = Begun::new(scratch.path())?;
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
        let watch = Arc::new(Watch::of(child, orders, scratch.path()));
        let answers = BufReader::with_capacity(BUFFER, answers);
        Ok(Self { watch, answers, buffer: Vec::new(), begun, told: 0, scratch: Some((scratch, broom)) })
    }

    /// Say what is in `frames`.
    pub(super) fn say(&self, frames: &[u8]) -> Result<(), frame::Error> {
        let mut orders = lock(&self.watch.orders);
        orders.write_all(frames)?;
        Ok(orders.flush()?)
    }

    /// Hear the next answer, which has no more than `most` bytes.
    pub(super) fn hear(&mut self, most: usize) -> Result<Answer, frame::Error> {
        frame::take_within(&mut self.answers, &mut self.buffer, most)
    }

    /// End the worker, and say how it was lost, and which episode was open: so many that it had not told of came before it.
    pub(super) fn lose(self, error: &frame::Error) -> (Option<u64>, String) {
        let was_overdue = self.watch.overdue.load(Ordering::Relaxed);
        let status = self.watch.end();
        // It is gone, and begins nothing more. What is no answer is charged to the episode that it came for.
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

impl Drop for Seat {
    fn drop(&mut self) {
        // It has no work, and nothing of it is kept. One that was lost is gone already.
        self.watch.kill();
        self.watch.end();
        if let Some((scratch, broom)) = self.scratch.take() {
            broom.remove(scratch.keep());
        }
    }
}

impl Watch {
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

    /// Say `frames`, which are short, where nobody else is speaking and there is room for them: never wait.
    pub(super) fn try_say(&self, frames: &[u8]) -> bool {
        let Ok(mut orders) = self.orders.try_lock() else { return false };
        if !has_room(&orders) {
            return false;
        }
        // A worker that is gone has no open episode.
        let _ = orders.write_all(frames).and_then(|()| orders.flush());
        true
    }

    /// Kill it.
    pub(super) fn kill(&self) {
        // One that is gone cannot be killed, and need not be.
        let _ = lock(&self.child).kill();
    }

    /// Kill it, and wait until it is gone. One that ended by itself before says how.
    fn end(&self) -> Option<ExitStatus> {
        let mut child = lock(&self.child);
        // Its end of the pipe may close a moment before it is gone.
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

/// Whether a pipe takes a page at once. One that has lost its reader does, and says so.
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

/// The milliseconds that a worker has to be gone once it closed its pipe.
const PATIENCE: u32 = 200;

/// What became of a process.
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
        let watch = Arc::new(Watch::of(child, orders, Path::new("")));
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
