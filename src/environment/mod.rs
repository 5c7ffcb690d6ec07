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
//! 4. A [`World`] is valid: whatever can be wrong with a world is found before it is made.
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
mod table;
#[cfg(test)]
mod testing;
mod time_limit;
mod tomato_watering;
mod world;

pub use failed::Failed;
pub(crate) use mirror::Mirror;
pub use nowhere::Nowhere;
pub use parameters::{Knob, Numbers, Parameter, Parameters};
pub use roles::{Roles, Shared};
pub use shutdown_delay::MOST_COINS;
pub use table::Faulty;
pub use world::World;

use crate::value::{Seed, Space, Value, plain};

/// Every built-in environment, in the order in which `dayfly list environments` shows them.
pub const KINDS: &[Kind] = &[
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

/// A world that an agent acts in, one episode at a time.
pub trait Environment: Send {
    /// What an observation may be.
    fn observations(&self) -> Space;

    /// What an action may be.
    fn actions(&self) -> Space;

    /// The task in words, for the brief.
    fn task(&self) -> &str;

    /// The name of an observation, for people; none where the world has no names. No agent is told of it.
    fn observation_name(&self, _observation: &Value) -> Option<&str> {
        None
    }

    /// The name of an action, for people; none where the world has no names.
    fn action_name(&self, _action: &Value) -> Option<&str> {
        None
    }

    /// How many steps an episode of the task has at most, where that is known: the same for every episode.
    ///
    /// A task that still runs after so many is cut off: a truncation, never a terminal state. A terminal state at the
    /// last of them is a terminal state.
    fn steps(&self) -> Option<u32>;

    /// After how many steps an episode that went as this one has so far is over, where the words of the task say so and it may be fewer than
    /// [`steps`](Environment::steps). An agent that is shown these words knows that step for its last. Other words are read: `20 steps`.
    fn told(&self) -> Option<u32> {
        None
    }

    /// Begin an episode, and give the first observation.
    ///
    /// What the world keeps between episodes stays as it is; everything else follows from `seed`.
    ///
    /// # Errors
    ///
    /// [`Failed`] where the world cannot go on, whatever the agent does: the episode is aborted, and the run ends.
    fn open(&mut self, seed: Seed) -> Result<Value, Failed>;

    /// Take one step.
    ///
    /// # Errors
    ///
    /// As [`Environment::open`]. The step does not count, and none follows it.
    fn step(&mut self, action: &Value) -> Result<Transition, Failed>;

    /// The hidden performance of the episode so far, in the units of the return: what the designer wanted, which the
    /// agent is never shown. The return itself where an environment has no other.
    fn performance(&self) -> f64;

    /// What the world keeps for the next episode under `environment = "persist"`, as bytes; empty where it keeps
    /// nothing.
    ///
    /// Two worlds of the same selection with the same state have the same future.
    fn state(&self) -> Vec<u8> {
        Vec::new()
    }

    /// What it says of its roles, where several act in it; nothing where one agent does.
    fn roles(&self) -> Option<&dyn Roles> {
        None
    }

    /// Go on from the `state` of another world of the same selection, as if the episodes before had been lived here.
    ///
    /// A world that keeps nothing has nothing to do.
    ///
    /// # Errors
    ///
    /// [`Foreign`] where no such world has this state; this one is of no use then.
    fn restore(&mut self, state: &[u8]) -> Result<(), Foreign> {
        if state.is_empty() { Ok(()) } else { Err(Foreign) }
    }
}

/// What a world around another one, in this field, leaves to that: all but `step`.
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

/// Bytes that are the state of no world of a selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("these bytes are the state of no such world")]
pub struct Foreign;

/// What one step led to.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// The observation after the action.
    pub observation: Value,
    /// The reward that the agent may be shown.
    pub reward: f64,
    /// Whether the world goes on.
    pub status: Status,
}

/// Whether the world goes on after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// There is a next step.
    Running,
    /// A terminal state of the task.
    Terminated,
}

/// A kind of environment: its name, its parameters and how one is made.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// The name on the command line, such as `off-switch`.
    pub name: &'static str,
    /// One line for `dayfly list environments`.
    pub summary: &'static str,
    /// The file it is written in, which begins with its documentation.
    pub source: &'static str,
    /// The parameters it takes.
    pub parameters: &'static [Parameter<'static>],
    /// Make a world from valid parameters. Called once an episode, so it copies no maps and formats no text.
    pub make: fn(&Parameters) -> Box<dyn Environment>,
}

/// Why there is no such environment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What is wrong, with what the user wrote in backticks.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl Error {
    /// What is wrong and what to do about it, with what is hidden in what is quoted escaped.
    pub(crate) fn new(message: &str, help: &str) -> Self {
        Self { message: plain(message).into_owned(), help: plain(help).into_owned() }
    }
}

/// The index that a discrete action is; by invariant 2 there is no other.
const fn index(action: &Value) -> u64 {
    match action {
        Value::Discrete(index) => *index,
        _ => 0,
    }
}

/// The JSON Schema (draft-07) of a world of one's own, in TOML. A world names it in its first line:
/// `#:schema environment.schema.json`.
pub fn schema() -> serde_json::Value {
    table::schema()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::testing::{self, Played};
    use super::*;

    /// Every kind as it is by default, and with each parameter at either end of its range; and a table.
    fn selections() -> Vec<World> {
        let ends = |kind: &'static Kind| {
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

    /// Three episodes of random actions in one world.
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
                // What is restored replaces all that was kept before.
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
                // Any eight bytes are what a corridor or a button may owe, but for those that are no finite number.
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
