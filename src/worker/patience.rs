//! How long a worker is waited for.

use std::time::Duration;

use crate::agent;

/// What a worker has for an answer, before it is given up.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// To say what confines it, which takes milliseconds: a minute by default.
    pub confine: Duration,
    /// To take up its work: some minutes more than compiling may take, by default.
    pub take_up: Duration,
    /// To tell of an episode, beyond its wall clock: 20 seconds by default.
    pub answer: Duration,
}

/// Compiling is not bounded by fuel.
pub(super) const TAKE_UP: Duration = agent::PATIENCE.saturating_add(Duration::from_mins(3));

impl Default for Patience {
    fn default() -> Self {
        Self { confine: Duration::from_mins(1), take_up: TAKE_UP, answer: Duration::from_secs(20) }
    }
}
