//! Reading and compiling, on a thread of its own: bounded in time, and no panic or deep recursion of the compiler reaches the caller.
//!
//! A thread cannot be stopped. One that takes too long goes on until it is done or the program exits; what it makes is dropped.
//! `dayfly` exits as soon as it has said so. How much memory the compiler takes is not bounded here: what it is given is, by
//! [`bounds`](super::bounds).

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use rayon::ThreadPoolBuilder;

/// The most time that one agent may take: ten times what a whole Python does on a quiet machine; and where the program is built for
/// tests, as much again ten times, for what is tested is never how busy the machine is.
pub const PATIENCE: Duration = Duration::from_mins(if cfg!(debug_assertions) { 20 } else { 2 });

/// The compiler's stack: what a valid component makes it recurse into is far from this.
const STACK: usize = 64 << 20;
/// That of each thread which compiles some of the functions. What they recurse into is bounded before; all of them have one.
const STACK_OF_EACH: usize = 8 << 20;

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
    // Nobody listens any more where it took too long.
    let started = thread.spawn(move || drop(answer.send(work())));
    started.map_err(|_| Unanswered::NoThread)?;
    answered.recv_timeout(most).map_err(|error| match error {
        RecvTimeoutError::Timeout => Unanswered::Slow,
        RecvTimeoutError::Disconnected => Unanswered::Panicked,
    })
}

/// Do work that spreads over all processors on threads of its own: those that there would be otherwise have the stacks that the
/// system gives.
pub(super) fn spread<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Unanswered> {
    let pool = ThreadPoolBuilder::new().thread_name(|index| format!("compiler {index}")).stack_size(STACK_OF_EACH);
    Ok(pool.build().map_err(|_| Unanswered::NoThread)?.install(work))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_in_time_is_given_and_none_is_waited_for_beyond() {
        assert_eq!(within(Duration::from_mins(1), || 7), Ok(7));
        let slow = || thread::sleep(Duration::from_mins(1));
        assert_eq!(within(Duration::from_millis(20), slow), Err(Unanswered::Slow));
    }

    #[test]
    fn a_compiler_that_panics_is_an_answer_too() {
        assert_eq!(within(Duration::from_mins(1), || panic!("on purpose")), Err::<(), _>(Unanswered::Panicked));
    }
}
