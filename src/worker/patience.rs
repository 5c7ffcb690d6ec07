//! The time limits on a worker's answers.

use std::time::Duration;

use crate::agent;

/// Time that a worker has for each kind of answer, before it is killed.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Time to report its confinement, which takes milliseconds: one minute by default.
    pub confine: Duration,
    /// Time to take up its work: by default, some minutes more than compiling may take.
    pub take_up: Duration,
    /// Time to report an episode, beyond its wall clock: 20 seconds by default.
    pub answer: Duration,
}

/// Default time to take up work, which includes compiling; fuel does not bound compiling.
pub(super) const TAKE_UP: Duration = agent::PATIENCE.saturating_add(Duration::from_mins(3));

impl Default for Patience {
    fn default() -> Self {
        Self { confine: Duration::from_mins(1), take_up: TAKE_UP, answer: Duration::from_secs(20) }
    }
}
