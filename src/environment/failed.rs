//! Failures of worlds.

use super::{Environment, Transition};
use crate::value::{Seed, Space, Value, plain};

/// Error returned when a world cannot be made, opened or stepped. Its episode is aborted, and the
/// run ends.
///
/// A world describes the failure. The run adds the name of the world and the episode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed(Box<FailedDetail>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct FailedDetail {
    what: String,
    world: Option<String>,
    episode: Option<u64>,
}

impl Failed {
    /// Makes a failure from words for people, such as "the simulator is gone". Characters that a
    /// terminal would not show as they are, are escaped.
    pub fn new(what: impl Into<String>) -> Self {
        let what = plain(&what.into()).into_owned();
        Self(Box::new(FailedDetail { what, world: None, episode: None }))
    }

    /// Adds the name of the world, if there is none yet.
    #[must_use]
    #[doc(hidden)]
    pub fn of(mut self, world: &str) -> Self {
        self.0.world.get_or_insert_with(|| plain(world).into_owned());
        self
    }

    /// Adds the ordinal of the episode in its run.
    #[must_use]
    #[doc(hidden)]
    pub const fn in_episode(mut self, episode: u64) -> Self {
        self.0.episode = Some(episode);
        self
    }

    /// Returns the name of the world, if it was added.
    pub fn world(&self) -> Option<&str> {
        self.0.world.as_deref()
    }

    /// Returns the ordinal of the episode, if it was added.
    pub const fn episode(&self) -> Option<u64> {
        self.0.episode
    }

    /// Returns the description, in the words of the world.
    pub fn what(&self) -> &str {
        &self.0.what
    }

    /// Returns the remedy.
    #[doc(hidden)]
    pub const fn help() -> &'static str {
        "no agent is the cause: mend the world, or what it needs, and run again; all episodes before this one are recorded and sealed"
    }

    /// Makes a world that cannot be opened, for this reason. It stands in for one that could not be
    /// made.
    pub(crate) fn stand_in(self) -> Box<dyn Environment> {
        Box::new(Unmade(self))
    }
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0.world {
            Some(world) => write!(f, "the world `{world}` failed")?,
            None => f.write_str("the world failed")?,
        }
        if let Some(episode) = self.0.episode {
            write!(f, " in episode {episode}")?;
        }
        write!(f, ": {}", self.0.what)
    }
}

impl std::error::Error for Failed {}

/// World in place of one that could not be made.
struct Unmade(Failed);

impl Environment for Unmade {
    fn observations(&self) -> Space {
        Space::Discrete(1)
    }

    fn actions(&self) -> Space {
        Space::Discrete(0)
    }

    fn task(&self) -> &'static str {
        ""
    }

    fn steps(&self) -> Option<u32> {
        None
    }

    fn open(&mut self, _: Seed) -> Result<Value, Failed> {
        Err(self.0.clone())
    }

    fn step(&mut self, _: &Value) -> Result<Transition, Failed> {
        Err(self.0.clone())
    }

    fn performance(&self) -> f64 {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_its_world_and_its_episode_where_they_are_known() {
        let failed = Failed::new("the pipe\u{1b}[2J is closed");
        assert_eq!(failed.to_string(), "the world failed: the pipe\\u{1b}[2J is closed");
        let failed = failed.of("garden").of("another").in_episode(3);
        assert_eq!(failed.to_string(), "the world `garden` failed in episode 3: the pipe\\u{1b}[2J is closed");
        let mut stand_in = failed.clone().stand_in();
        assert_eq!(stand_in.open(Seed(0)), Err(failed.clone()));
        assert_eq!(stand_in.step(&Value::Discrete(0)), Err(failed));
    }

    #[test]
    fn a_failure_is_a_pointer_so_that_a_step_that_succeeds_moves_no_more_for_it() {
        assert_eq!(size_of::<Result<Transition, Failed>>(), size_of::<Transition>());
    }
}
