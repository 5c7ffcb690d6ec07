//! The world of the task: what an agent acts in, and what it never sees of it.
//!
//! ```text
//!  "off-switch:level=2" --parse--> World --make--> Box<dyn Environment>
//!  a table in TOML -------table------^                      |
//!                                 open(seed) -> observation |  step(action) -> Transition, until terminated, or Failed
//!                                                           |  performance(): kept from the agent
//! ```
//!
//! 1. An environment follows from its parameters, its seeds and the actions alone.
//! 2. `step` is only called with an action that lies in the action space, and never after a terminal state.
//! 3. What a world keeps from one episode to the next is in `state`, byte for byte; all else is made anew by `open`.
//! 4. All its numbers are finite: at one that is not, it has [`Failed`].
//! 5. A [`World`] is valid: whatever can be wrong with a world is found before it is made.
//!
//! Adding one is one file and one line in [`KINDS`].

mod absent_supervisor;
mod action_swap;
mod boat_race;
mod button;
mod corridor;
mod deference;
mod failed;
mod friend_or_foe;
mod grid;
mod marker;
mod matching_pennies;
mod mirror;
mod nowhere;
mod off_switch;
mod offers;
mod parameters;
mod past_self;
mod rocks_and_diamonds;
mod roles;
mod shutdown_delay;
pub(crate) mod sound;
mod table;
#[cfg(test)]
mod testing;
mod time_limit;
mod tomato_watering;
mod world;

pub use failed::Failed;
pub(crate) use mirror::Mirror;
pub use nowhere::Nowhere;
pub use parameters::{Knob, NumberRange, Parameter, Parameters};
pub use roles::{RoleView, Roles};
pub use shutdown_delay::MOST_COINS;
pub use table::Faulty;
pub use world::World;

use crate::value::{Seed, Space, Value, plain};

/// Built-in environments, in the order in which `dayfly list environments` shows them.
pub const KINDS: &[EnvironmentKind] = &[
    off_switch::KIND,
    absent_supervisor::KIND,
    boat_race::KIND,
    tomato_watering::KIND,
    rocks_and_diamonds::KIND,
    friend_or_foe::KIND,
    past_self::KIND,
    button::KIND,
    corridor::KIND,
    shutdown_delay::KIND,
    offers::KIND,
    marker::KIND,
    deference::KIND,
    action_swap::KIND,
    time_limit::KIND,
    matching_pennies::KIND,
];

/// World that an agent acts in, one episode at a time.
pub trait Environment: Send {
    /// Returns the space of observations.
    fn observations(&self) -> Space;

    /// Returns the space of actions.
    fn actions(&self) -> Space;

    /// Returns the task in words, for the brief.
    fn task(&self) -> &str;

    /// Returns the name of an observation, for people; `None` if the world has no names. No agent
    /// is shown it.
    fn observation_name(&self, _observation: &Value) -> Option<&str> {
        None
    }

    /// Returns the name of an action, for people; `None` if the world has no names.
    fn action_name(&self, _action: &Value) -> Option<&str> {
        None
    }

    /// Returns the maximum number of steps in an episode of the task, if it is known. It is the
    /// same for every episode.
    ///
    /// A task that still runs after this number of steps is cut off: a truncation, never a terminal
    /// state. A terminal state at the last step is a terminal state.
    fn steps(&self) -> Option<u32>;

    /// Returns the number of steps after which this episode is over, if the words of the task tell
    /// it and it may be fewer than [`steps`](Environment::steps). An agent that is shown these
    /// words knows its last step. A number in the form `20 steps` is found in the task without
    /// this.
    fn told(&self) -> Option<u32> {
        None
    }

    /// Begin an episode, and give the first observation.
    ///
    /// What the world keeps between episodes stays as it is; everything else follows from `seed`.
    ///
    /// # Errors
    ///
    /// [`Failed`] where the world cannot go on, whatever the agent does: the episode is aborted, and the run ends. So it is where an
    /// observation, a reward, their sum or the performance is no finite number.
    fn open(&mut self, seed: Seed) -> Result<Value, Failed>;

    /// Takes one step.
    ///
    /// # Errors
    ///
    /// As [`Environment::open`]. The step does not count, and none follows it.
    fn step(&mut self, action: &Value) -> Result<Transition, Failed>;

    /// Returns the hidden performance of the episode so far, in the units of the return. It
    /// measures what the designer wanted, and the agent is never shown it. By default of a world it
    /// is the return.
    fn performance(&self) -> f64;

    /// Returns the state that the world keeps for the next episode under `environment = "persist"`,
    /// as bytes. It is empty if the world keeps nothing.
    ///
    /// Two worlds of the same selection with the same state have the same future.
    fn state(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Returns the roles of a world in which several act; `None` in a world of one agent.
    fn roles(&self) -> Option<&dyn Roles> {
        None
    }

    /// Restores the `state` of another world of the same selection, as if the earlier episodes had
    /// been run here.
    ///
    /// A world without state has nothing to do.
    ///
    /// # Errors
    ///
    /// Returns [`Foreign`] if no such world has this state. This world is of no use then.
    fn restore(&mut self, state: &[u8]) -> Result<(), Foreign> {
        if state.is_empty() { Ok(()) } else { Err(Foreign) }
    }
}

/// Implements all methods but `step` by those of the world in the field `$world`.
macro_rules! as_within {
    ($world:ident) => {
        fn observations(&self) -> $crate::value::Space {
            self.$world.observations()
        }

        fn actions(&self) -> $crate::value::Space {
            self.$world.actions()
        }

        fn task(&self) -> &str {
            self.$world.task()
        }

        fn observation_name(&self, observation: &$crate::value::Value) -> Option<&str> {
            self.$world.observation_name(observation)
        }

        fn action_name(&self, action: &$crate::value::Value) -> Option<&str> {
            self.$world.action_name(action)
        }

        fn steps(&self) -> Option<u32> {
            self.$world.steps()
        }

        fn told(&self) -> Option<u32> {
            self.$world.told()
        }

        fn open(&mut self, seed: $crate::value::Seed) -> Result<$crate::value::Value, $crate::environment::Failed> {
            self.$world.open(seed)
        }

        fn performance(&self) -> f64 {
            self.$world.performance()
        }

        fn state(&self) -> Vec<u8> {
            self.$world.state()
        }

        fn roles(&self) -> Option<&dyn $crate::environment::Roles> {
            self.$world.roles()
        }

        fn restore(&mut self, state: &[u8]) -> Result<(), $crate::environment::Foreign> {
            self.$world.restore(state)
        }
    };
}
pub(crate) use as_within;

/// Error returned when bytes are the state of no world of a selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("these bytes are the state of no such world")]
pub struct Foreign;

/// Result of one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// Observation after the action.
    pub observation: Value,
    /// Reward, which the agent may be shown.
    pub reward: f64,
    /// Status of the world after the step.
    pub status: Status,
}

/// Status of a world after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// There is a next step.
    Running,
    /// The task is in a terminal state.
    Terminated,
}

/// Kind of environment: its name, its parameters and its constructor.
#[derive(Clone, Copy, Debug)]
pub struct EnvironmentKind {
    /// Name on the command line, such as `off-switch`.
    pub name: &'static str,
    /// Line for `dayfly list environments`.
    pub summary: &'static str,
    /// Source file, which begins with its documentation.
    pub source: &'static str,
    /// Parameters.
    pub parameters: &'static [Parameter<'static>],
    /// Function that makes a world from valid parameters. It is called once an episode, so it
    /// copies no maps and formats no text.
    pub make: fn(&Parameters) -> Box<dyn Environment>,
}

/// Error returned when there is no such environment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct Error {
    /// Description of the fault, with the user's text in backticks.
    pub message: String,
    /// Remedy.
    pub help: String,
}

impl Error {
    /// Makes an error. Invisible characters in quoted text are escaped.
    pub(crate) fn new(message: &str, help: &str) -> Self {
        Self { message: plain(message).into_owned(), help: plain(help).into_owned() }
    }
}

/// Returns the index of a discrete action; by invariant 2 there is no other kind.
const fn index(action: &Value) -> u64 {
    match action {
        Value::Discrete(index) => *index,
        _ => 0,
    }
}

/// Returns the JSON Schema (draft-07) of a user's world in TOML. Such a file names it in its first
/// line: `#:schema environment.schema.json`.
pub fn schema() -> serde_json::Value {
    table::schema()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::testing::{self, Played};
    use super::*;

    /// Returns every kind with its defaults, and with each parameter at either end of its range;
    /// and a table.
    fn selections() -> Vec<World> {
        let ends = |kind: &'static EnvironmentKind| {
            let selection = World::of(kind);
            let ends = kind.parameters.iter().flat_map(|p| [(p.name, p.low), (p.name, p.high)]);
            let ends: Vec<_> = ends.map(|(name, end)| selection.with(name, end).unwrap()).collect();
            [selection].into_iter().chain(ends)
        };
        KINDS
            .iter()
            .flat_map(ends)
            .chain([testing::GARDEN, testing::ORCHARD].map(|text| World::table(text).unwrap()))
            .collect()
    }

    /// Plays three episodes of random actions in one world.
    fn random(selection: &World, world: &mut dyn Environment, seed: Seed) -> Vec<Played> {
        let Space::Discrete(actions) = world.actions() else { panic!("{selection} is not discrete") };
        let mut choices = seed.derive("test", 0).stream();
        let steps = world.steps().unwrap_or(100);
        let mut episode = |index| {
            let actions = (0..steps).map(|_| choices.next_u64() % actions).collect::<Vec<_>>();
            testing::play(world, seed.derive("episode", index), actions)
        };
        (0..3).map(&mut episode).collect()
    }

    #[test]
    fn a_world_follows_from_its_selection_its_seed_and_the_actions() {
        for selection in selections() {
            for seed in (0..20).map(Seed) {
                let played = || random(&selection, selection.made().as_mut(), seed);
                assert_eq!(played(), played(), "{selection} {seed}");
            }
        }
    }

    #[test]
    fn observations_and_actions_lie_in_their_spaces_and_rewards_are_finite() {
        for selection in selections() {
            let space = selection.made().observations();
            for played in (0..20).flat_map(|seed| random(&selection, selection.made().as_mut(), Seed(seed))) {
                assert_eq!(space.admits(&played.first), Ok(()), "{selection}");
                for transition in &played.transitions {
                    assert_eq!(space.admits(&transition.observation), Ok(()), "{selection}");
                    assert!(transition.reward.is_finite(), "{selection}: {transition:?}");
                }
                assert!(played.performance.is_finite(), "{selection}");
            }
        }
    }

    #[test]
    fn what_a_world_keeps_is_in_its_state() {
        for selection in selections() {
            let mut futures = BTreeMap::new();
            for seed in (0..50).map(Seed) {
                let mut world = selection.made();
                for _ in 0..seed.0 % 3 {
                    random(&selection, world.as_mut(), seed);
                }
                let state = world.state();
                let future = random(&selection, world.as_mut(), Seed(1));
                assert_eq!(*futures.entry(state).or_insert(future.clone()), future, "{selection} {seed}");
            }
        }
    }

    #[test]
    fn a_fresh_world_with_a_state_goes_on_as_the_world_that_gave_it() {
        for selection in selections() {
            for seed in (0..50).map(Seed) {
                let (mut world, mut other) = (selection.made(), selection.made());
                for _ in 0..seed.0 % 3 {
                    random(&selection, world.as_mut(), seed);
                }
                // The restored state replaces everything that was kept before.
                random(&selection, other.as_mut(), Seed(seed.0 + 1));
                other.restore(&world.state()).unwrap();
                assert_eq!(other.state(), world.state(), "{selection} {seed}");
                let futures = [world, other].map(|mut world| random(&selection, world.as_mut(), Seed(1)));
                assert_eq!(futures[0], futures[1], "{selection} {seed}");
            }
        }
    }

    #[test]
    fn bytes_that_are_no_state_are_refused() {
        for selection in selections() {
            for bytes in [&[7; 3][..], &[0xff; 8], &[7; 9]] {
                let refused = selection.made().restore(bytes);
                // For a corridor or a button any eight bytes are a state, except those of a number
                // that is not finite.
                let may_owe = selection.name() == "corridor" && bytes.len() == 8;
                assert_eq!(refused.is_err(), !may_owe, "{selection} {bytes:?}");
            }
        }
    }

    #[test]
    fn names_are_unique_and_defaults_lie_in_their_ranges() {
        for (position, kind) in KINDS.iter().enumerate() {
            assert!(KINDS[..position].iter().all(|other| other.name != kind.name), "{}", kind.name);
            for (position, parameter) in kind.parameters.iter().enumerate() {
                let name = parameter.name;
                assert!(kind.parameters[..position].iter().all(|other| other.name != name), "{name}");
                assert!(World::of(kind).with(name, parameter.default).is_ok(), "{name}");
            }
        }
    }
}
