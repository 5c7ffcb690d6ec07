//! Jobs, threads and interrupts of the commands that run episodes.

use super::failure::Failure;
use crate::agent::Compiler;
use crate::episode::Cancel;
use crate::run::Threads;

/// Number of episodes to run at a time: `asked`, or else one for each processor.
pub(super) fn jobs(asked: Option<u16>) -> usize {
    asked.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from)
}

/// Returns threads for `jobs` episodes at a time, with agents from this compiler.
pub(super) fn threads(jobs: usize, compiler: Compiler) -> Result<Threads, Failure> {
    Threads::compiling(jobs, compiler).map_err(|error| Failure::threads(&error))
}

/// Installs the handler of interrupts. The first interrupt ends open episodes and seals what is
/// done; the second one stops the program at once.
pub(super) fn cancel_on_interrupt() -> Result<Cancel, Failure> {
    let cancel = Cancel::default();
    let wish = cancel.clone();
    ctrlc::set_handler(move || {
        if wish.is_cancelled() {
            crate::capability::abandon_folders();
            std::process::exit(130);
        }
        wish.cancel();
    })
    .map_err(|error| Failure::host(&error))?;
    Ok(cancel)
}
