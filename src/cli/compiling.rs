//! What people see while an agent is compiled or a record read, and where compiled code is kept.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::agent::{Cache, Compiler, Notice};
use crate::report::plain;

/// After how long a terminal shows what goes on.
const SHOWN: Duration = Duration::from_secs(1);
/// After how long a line says so where the error output is none, as in the log of a CI job.
const SAID: Duration = Duration::from_secs(5);

/// Who compiles agents for a command: what is compiled is kept for the next one, and people are told where it takes long.
pub(super) fn compiler(is_quiet: bool) -> Compiler {
    // Where there is no cache, everything is as it is with one, only slower.
    let compiler = Compiler::keeping(Cache::of_user().ok());
    if is_quiet {
        return compiler;
    }
    let notice: Arc<Notice> = Arc::new(|name| Box::new(Telling::begin(format!("compiling `{}`", plain(name)))));
    compiler.telling(notice)
}

/// Tells people what goes on, where that takes long, until it is dropped.
pub(super) struct Telling {
    over: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Telling {
    pub(super) fn begin(text: String) -> Self {
        let (over, is_over) = channel::<()>();
        let is_terminal = std::io::stderr().is_terminal();
        let patience = if is_terminal { SHOWN } else { SAID };
        // Where there is no thread to be had, nothing is told.
        let thread = thread::Builder::new().spawn(move || {
            if is_over.recv_timeout(patience) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            if !is_terminal {
                // There is nobody left to tell where the error output is closed.
                let _ = writeln!(anstream::stderr(), "{text} ...");
                return;
            }
            let spinner = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ... {elapsed}") {
                spinner.set_style(style);
            }
            spinner.set_message(text);
            spinner.enable_steady_tick(Duration::from_millis(100));
            // It ends when the other end is dropped.
            let _ = is_over.recv();
            spinner.finish_and_clear();
        });
        Self { over: Some(over), thread: thread.ok() }
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        drop(self.over.take());
        if let Some(thread) = self.thread.take() {
            // It waits and writes: it cannot panic.
            let _ = thread.join();
        }
    }
}
