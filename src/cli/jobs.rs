//! What commands that run episodes share: how many at a time, on which threads, and how they are interrupted.

use super::failure::Failure;
use crate::agent::Compiler;
use crate::episode::Cancel;
use crate::run::Threads;

/// How many episodes are run at a time: as many as were asked for, or else one for each processor.
pub(super) fn jobs(asked: Option<u16>) -> usize {
    asked.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from)
}

/// Threads for so many, with agents that this compiler compiles.
pub(super) fn threads(jobs: usize, compiler: Compiler) -> Result<Threads, Failure> {
    Threads::compiling(jobs, compiler).map_err(|error| Failure::threads(&error))
}

/// The first interrupt ends open episodes and seals what is done; the second one stops at once.
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
