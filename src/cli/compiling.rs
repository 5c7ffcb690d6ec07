//! Notice shown while an agent is compiled or a record is read, and the place of compiled code.

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
/// Time after which a line says so if the error output is no terminal, as in the log of a CI job.
const SAID: Duration = Duration::from_secs(5);

/// Returns the compiler of a command. It keeps what it compiles in the cache, and shows a long
/// compilation unless `is_quiet`.
pub(super) fn compiler(is_quiet: bool) -> Compiler {
    // Without a cache everything works, only slower.
    let compiler = Compiler::keeping(Cache::of_user().ok());
    if is_quiet {
        return compiler;
    }
    let notice: Arc<Notice> = Arc::new(|name| Box::new(CompileNotice::begin(format!("compiling `{}`", plain(name)))));
    compiler.telling(notice)
}

/// Tells people what goes on, where that takes long, until it is dropped.
pub(super) struct CompileNotice {
    over: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl CompileNotice {
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
                // A failure to write is ignored: the error output may be closed.
                let _ = writeln!(anstream::stderr(), "{text} ...");
                return;
            }
            let spinner = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ... {elapsed}") {
                spinner.set_style(style);
            }
            spinner.set_message(text);
            spinner.enable_steady_tick(Duration::from_millis(100));
            // Returns once the sender is dropped.
            let _ = is_over.recv();
            spinner.finish_and_clear();
        });
        Self { over: Some(over), thread: thread.ok() }
    }
}

impl Drop for CompileNotice {
    fn drop(&mut self) {
        drop(self.over.take());
        if let Some(thread) = self.thread.take() {
            // The thread only waits and writes: it cannot panic.
            let _ = thread.join();
        }
    }
}
