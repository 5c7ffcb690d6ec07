//! Time limit for reading and compiling. The work runs on a thread of its own, so no panic or deep
//! recursion of the compiler reaches the caller.
//!
//! On Linux the limit is on processor time of the compiler's threads: a busy machine is no reason
//! to refuse an agent. Elsewhere the limit is on wall time.
//!
//! A thread cannot be stopped. One that takes too long goes on until it is done or the program
//! exits, and its result is dropped. `dayfly` exits as soon as it has reported the error. The
//! memory of the compiler is not bounded here. [`bounds`](super::bounds) limits its input, and the
//! number of threads is limited.

use std::cell::RefCell;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rayon::ThreadPoolBuilder;

use super::Error;
use crate::value::lock;

/// Maximum processor time for one agent: ten times that of a whole Python on a quiet machine. In
/// builds for tests it is ten times longer, because tests run on busy machines.
pub const PATIENCE: Duration = Duration::from_mins(if cfg!(debug_assertions) { 20 } else { 2 });

/// Stack of the compiler, in bytes: far more than a valid component needs.
const STACK: usize = 64 << 20;
/// Stack of each thread that compiles some of the functions, in bytes. Their recursion is bounded
/// before.
const STACK_OF_EACH: usize = 8 << 20;
/// Maximum number of threads that compile. Each may need memory for the largest function.
const THREADS: usize = 8;
/// Interval at which the used time is checked.
const LOOK: Duration = Duration::from_millis(20);
/// Ratio of the longest wait in wall time to the limit in processor time, for a machine that gives
/// the compiler almost none.
const PATIENT: u32 = 30;

thread_local! {
    /// Clock of the work on this thread.
    static CLOCK: RefCell<Option<Arc<ProcessorClock>>> = const { RefCell::new(None) };
}

/// Clock of the processor time that the threads of one piece of work have used.
#[derive(Debug, Default)]
struct ProcessorClock {
    threads: Mutex<Vec<i32>>,
}

#[cfg(target_os = "linux")]
impl ProcessorClock {
    /// Counts the time of this thread too.
    fn count(&self) {
        lock(&self.threads).push(nix::unistd::gettid().as_raw());
    }

    /// Returns the time used so far, or `None` if it is unknown.
    fn used(&self) -> Option<Duration> {
        use nix::time::{ClockId, clock_gettime};
        let threads = lock(&self.threads);
        // The kernel derives the number of a thread's clock from the number of the thread.
        let clock = |thread: &i32| ClockId::from_raw((!thread).wrapping_shl(3) | 6);
        let times = threads.iter().map(|thread| clock_gettime(clock(thread)).ok().map(Duration::from));
        times.sum::<Option<Duration>>().filter(|used| !used.is_zero())
    }
}

#[cfg(not(target_os = "linux"))]
impl ProcessorClock {
    fn count(&self) {}

    fn used(&self) -> Option<Duration> {
        None
    }
}

/// Reason for work without an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum CompileFailure {
    /// The work takes too long.
    Slow,
    /// The work panicked.
    Panicked,
    /// No thread could be started.
    NoThread,
}

impl CompileFailure {
    /// Makes an error about the component of this name.
    pub(super) fn about(self, name: &str) -> Error {
        let name = name.to_owned();
        match self {
            Self::Slow => Error::Slow { name },
            Self::Panicked => Error::Malformed { name, cause: "the compiler failed on it".to_owned() },
            Self::NoThread => Error::NoThread { name },
        }
    }
}

/// Does `work` within the time `most`.
pub(super) fn within<T: Send + 'static>(
    most: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, CompileFailure> {
    let (answer, answered) = sync_channel(1);
    let thread = thread::Builder::new().name("compiler".to_owned()).stack_size(STACK);
    let clock = Arc::new(ProcessorClock::default());
    let counted = Arc::clone(&clock);
    let started = thread.spawn(move || {
        counted.count();
        CLOCK.with(|clock| clock.replace(Some(counted)));
        // Nobody listens any more if it took too long.
        drop(answer.send(work()));
    });
    started.map_err(|_| CompileFailure::NoThread)?;
    let mut waited = Duration::ZERO;
    loop {
        match answered.recv_timeout(LOOK) {
            Ok(answer) => return Ok(answer),
            Err(RecvTimeoutError::Disconnected) => return Err(CompileFailure::Panicked),
            Err(RecvTimeoutError::Timeout) => waited = waited.saturating_add(LOOK),
        }
        let used = clock.used().unwrap_or(waited);
        if used >= most || waited >= most.saturating_mul(PATIENT) {
            return Err(CompileFailure::Slow);
        }
    }
}

/// Does parallel work on threads of its own. The threads of a default pool would have the stack
/// size of the system.
pub(super) fn spread<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, CompileFailure> {
    let clock = CLOCK.with(|clock| clock.borrow().clone());
    let count = move |_| clock.iter().for_each(|clock| clock.count());
    let threads = thread::available_parallelism().map_or(1, usize::from).min(THREADS);
    let pool = ThreadPoolBuilder::new()
        .thread_name(|index| format!("compiler {index}"))
        .num_threads(threads)
        .start_handler(count)
        .stack_size(STACK_OF_EACH);
    Ok(pool.build().map_err(|_| CompileFailure::NoThread)?.install(work))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn an_answer_in_time_is_given_and_none_is_waited_for_beyond() {
        assert_eq!(within(Duration::from_mins(1), || 7), Ok(7));
        // The thread goes on after the limit, until it is told that nobody waits.
        let is_over = Arc::new(AtomicBool::new(false));
        let busy = |is_over: &Arc<AtomicBool>| {
            let is_over = Arc::clone(is_over);
            move || while !is_over.load(Ordering::Relaxed) {}
        };
        let most = Duration::from_millis(20);
        assert_eq!(within(most, busy(&is_over)), Err(CompileFailure::Slow));
        let work = busy(&is_over);
        assert_eq!(
            within(most, move || spread(work)),
            Err(CompileFailure::Slow),
            "threads that it spreads over are counted"
        );
        is_over.store(true, Ordering::Relaxed);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_compiler_that_has_no_processor_is_waited_for() {
        // The work sleeps far longer than it may compute.
        let waiting = || thread::sleep(Duration::from_millis(300));
        assert_eq!(within(Duration::from_millis(20), waiting), Ok(()));
    }

    #[test]
    fn a_compiler_that_panics_is_an_answer_too() {
        assert_eq!(within(Duration::from_mins(1), || panic!("on purpose")), Err::<(), _>(CompileFailure::Panicked));
    }
}
