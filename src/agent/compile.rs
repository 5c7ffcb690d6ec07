//! Reading and compiling, on a thread of its own: bounded in time, and no panic or deep recursion of the compiler reaches the caller.
//!
//! What is bounded is the time that the threads of the compiler have had a processor, where the system tells (Linux): an agent is not
//! refused because the machine is busy. Elsewhere it is the time on the wall.
//!
//! A thread cannot be stopped. One that takes too long goes on until it is done or the program exits; what it makes is dropped.
//! `dayfly` exits as soon as it has said so. How much memory the compiler takes is not bounded here: what it is given is, by
//! [`bounds`](super::bounds), and how many threads take it at a time.

use std::cell::RefCell;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rayon::ThreadPoolBuilder;

use crate::value::lock;

/// The most processor time that one agent may take: ten times what a whole Python does on a quiet machine; and where the program is built for
/// tests, as much again ten times, for what is tested is never how busy the machine is.
pub const PATIENCE: Duration = Duration::from_mins(if cfg!(debug_assertions) { 20 } else { 2 });

/// The compiler's stack: what a valid component makes it recurse into is far from this.
const STACK: usize = 64 << 20;
/// That of each thread which compiles some of the functions. What they recurse into is bounded before; all of them have one.
const STACK_OF_EACH: usize = 8 << 20;
/// The most threads that compile: each may need memory for the largest function.
const THREADS: usize = 8;
/// How often the time that was used is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// How many times longer than that it is waited for on the wall: for a machine that gives the compiler next to nothing.
const PATIENT: u32 = 30;

thread_local! {
    /// The clock of the work that is done on this thread.
    static CLOCK: RefCell<Option<Arc<Clock>>> = const { RefCell::new(None) };
}

/// How long the threads of one piece of work have had a processor.
#[derive(Debug, Default)]
struct Clock {
    threads: Mutex<Vec<i32>>,
}

#[cfg(target_os = "linux")]
impl Clock {
    /// Count the time of this thread too.
    fn count(&self) {
        lock(&self.threads).push(nix::unistd::gettid().as_raw());
    }

    /// The time that was used so far; none where that cannot be told.
    fn used(&self) -> Option<Duration> {
        use nix::time::{ClockId, clock_gettime};
        let threads = lock(&self.threads);
        // The number of the clock of a thread, as the kernel makes it of that of the thread.
        let clock = |thread: &i32| ClockId::from_raw((!thread).wrapping_shl(3) | 6);
        let times = threads.iter().map(|thread| clock_gettime(clock(thread)).ok().map(Duration::from));
        times.sum::<Option<Duration>>().filter(|used| !used.is_zero())
    }
}

#[cfg(not(target_os = "linux"))]
impl Clock {
    fn count(&self) {}

    fn used(&self) -> Option<Duration> {
        None
    }
}

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unanswered {
    /// It takes too long.
    Slow,
    /// It panicked.
    Panicked,
    /// There is no thread to be had.
    NoThread,
}

/// What `work` comes to, within `most`.
pub(super) fn within<T: Send + 'static>(
    most: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Unanswered> {
    let (answer, answered) = sync_channel(1);
    let thread = thread::Builder::new().name("compiler".to_owned()).stack_size(STACK);
    let clock = Arc::new(Clock::default());
    let counted = Arc::clone(&clock);
    let started = thread.spawn(move || {
        counted.count();
        CLOCK.with(|clock| clock.replace(Some(counted)));
        // Nobody listens any more where it took too long.
        drop(answer.send(work()));
    });
    started.map_err(|_| Unanswered::NoThread)?;
    let mut waited = Duration::ZERO;
    loop {
        match answered.recv_timeout(LOOK) {
            Ok(answer) => return Ok(answer),
            Err(RecvTimeoutError::Disconnected) => return Err(Unanswered::Panicked),
            Err(RecvTimeoutError::Timeout) => waited = waited.saturating_add(LOOK),
        }
        let used = clock.used().unwrap_or(waited);
        if used >= most || waited >= most.saturating_mul(PATIENT) {
            return Err(Unanswered::Slow);
        }
    }
}

/// Do work that spreads over all processors on threads of its own: those that there would be otherwise have the stacks that the
/// system gives.
pub(super) fn spread<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Unanswered> {
    let clock = CLOCK.with(|clock| clock.borrow().clone());
    let count = move |_| clock.iter().for_each(|clock| clock.count());
    let threads = thread::available_parallelism().map_or(1, usize::from).min(THREADS);
    let pool = ThreadPoolBuilder::new()
        .thread_name(|index| format!("compiler {index}"))
        .num_threads(threads)
        .start_handler(count)
        .stack_size(STACK_OF_EACH);
    Ok(pool.build().map_err(|_| Unanswered::NoThread)?.install(work))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn an_answer_in_time_is_given_and_none_is_waited_for_beyond() {
        assert_eq!(within(Duration::from_mins(1), || 7), Ok(7));
        // A thread that nobody waits for goes on: this one until it is told that nobody does.
        let is_over = Arc::new(AtomicBool::new(false));
        let busy = |is_over: &Arc<AtomicBool>| {
            let is_over = Arc::clone(is_over);
            move || while !is_over.load(Ordering::Relaxed) {}
        };
        let most = Duration::from_millis(20);
        assert_eq!(within(most, busy(&is_over)), Err(Unanswered::Slow));
        let work = busy(&is_over);
        assert_eq!(
            within(most, move || spread(work)),
            Err(Unanswered::Slow),
            "threads that it spreads over are counted"
        );
        is_over.store(true, Ordering::Relaxed);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_compiler_that_has_no_processor_is_waited_for() {
        // It sleeps far longer than it may compute.
        let waiting = || thread::sleep(Duration::from_millis(300));
        assert_eq!(within(Duration::from_millis(20), waiting), Ok(()));
    }

    #[test]
    fn a_compiler_that_panics_is_an_answer_too() {
        assert_eq!(within(Duration::from_mins(1), || panic!("on purpose")), Err::<(), _>(Unanswered::Panicked));
    }
}
