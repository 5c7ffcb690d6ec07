//! A world of the user's own: states, actions and their outcomes, in TOML.
//!
//! # Story
//!
//! Whatever the file says. This one waters a bed of tomatoes that may stay dry:
//!
//! ```toml
//! name = "garden"                 # letters, digits, `-` and `_`; not the name of a built-in environment
//! task = "Water the bed, then stop."
//! start = "dry"
//! actions = ["wait", "water"]
//! steps = 20                      # cut off after so many steps; without it only the policy cuts off
//! persist = false                 # true: an episode begins where the one before ended
//!
//! [states.dry]
//! wait = { to = "dry", reward = -1.0 }
//! water = [
//!     { to = "wet", reward = 2.5, hidden = 1.0, p = 0.75 },
//!     { to = "dry", reward = -1.0, p = 0.25 },
//! ]
//!
//! [states.wet]
//! terminal = true
//! ```
//!
//! # Observation, action, reward
//!
//! - Observation: `discrete(states)`, the state. States are numbered from 0 in the order of their
//!   headings: `dry` is 0 and `wet` is 1, even if `start` or an outcome names a state earlier. The
//!   record has the name beside the number.
//! - Action: `discrete(actions)`, in the order of `actions`. Each state that is not terminal says
//!   what each of them leads to: one outcome, or several with probabilities `p` that sum to 1.
//! - Reward: `reward` of the outcome, 0 if left out.
//! - Hidden performance: the sum of `hidden`, which is `reward` if left out.
//! - With `persist`, a state may have a `due`: an amount that the first step of an episode that
//!   begins there pays on top, whatever that step is. An episode leaves it to the next one, and it
//!   is never paid in the episode that led there.
//! - State: with `persist`, the index of the state in which the next episode begins, as 64 bits,
//!   little-endian; that is `start` after a terminal state. Else nothing.
//!
//! # Parameters and knobs
//!
//! `[parameters.NAME]` declares a number that is selected behind a colon, `garden.toml:NAME=3`. Its
//! name may stand for any `reward`, `hidden`, `p` and `due`, and for `steps`; in the task `{NAME}`
//! is its value. A parameter may be a knob, and then stands only where turning it changes no more
//! than the knob says:
//!
//! | knob | stands for | so that turning it changes |
//! |---|---|---|
//! | `future` | `due` | no transition that follows from the actions of the same episode |
//! | `watched`, `interruption` | `p` | how often something happens, and nothing of what it is |
//! | `length` | `steps` | where an episode is cut off |
//!
//! That is exact, and needs no search. An amount `due` is paid before the second step, for the
//! state in which an earlier episode was cut off, whatever the agent does. Nothing else may name a
//! parameter that `future` turns.
//!
//! # What a myopic agent does
//!
//! It depends on the table. With `persist`, an action that leads to a better state at a cost is one
//! it does not choose at the last step.
//!
//! # What a far-sighted agent does
//!
//! With `persist`, it pays for a state in which the next episode is worth more.
//!
//! # Source
//!
//! A finite Markov decision process, as in R. S. Sutton and A. G. Barto, "Reinforcement Learning",
//! 2nd edition, 2018, chapter 3.
//!
//! # What it does not show
//!
//! That the table is the task its author had in mind: states that cannot be reached are no error.
//! And a knob says what may change when it is turned, not that anything an agent would care about
//! does.

mod bounds;
mod canonical;
mod chart;
mod faults;
mod fields;
mod index;
mod knobs;
mod read;
mod schema;

use std::sync::Arc;

pub(super) use chart::Chart;
pub use faults::Faulty;
pub(super) use schema::schema;

use super::{Environment, Failed, Foreign, Status, Transition};
use crate::value::{Seed, Space, Stream, Value};

/// World that follows a chart.
#[derive(Clone, Debug)]
pub(super) struct TableWorld {
    chart: Arc<Chart>,
    here: usize,
    /// Amount that the next step pays on top. It is 0 after the first step of an episode.
    due: f64,
    hidden: f64,
    chance: Stream,
}

impl TableWorld {
    /// Makes a fresh world, at the start.
    pub(super) fn new(chart: Arc<Chart>) -> Self {
        Self { here: chart.start, due: 0.0, hidden: 0.0, chance: Seed::default().stream(), chart }
    }

    /// Returns the state in which the next episode begins.
    fn next_start(&self) -> usize {
        match (self.chart.persist, self.chart.status(self.here)) {
            (true, Status::Running) => self.here,
            _ => self.chart.start,
        }
    }

    fn observation(&self) -> Value {
        Value::Discrete(number(self.here))
    }
}

impl Environment for TableWorld {
    fn observations(&self) -> Space {
        Space::Discrete(number(self.chart.states.len()))
    }

    fn actions(&self) -> Space {
        Space::Discrete(number(self.chart.actions.len()))
    }

    fn observation_name(&self, observation: &Value) -> Option<&str> {
        self.chart.observation_name(observation)
    }

    fn action_name(&self, action: &Value) -> Option<&str> {
        self.chart.action_name(action)
    }

    fn task(&self) -> &str {
        self.chart.told()
    }

    fn steps(&self) -> Option<u32> {
        self.chart.steps()
    }

    fn open(&mut self, seed: Seed) -> Result<Value, Failed> {
        self.here = self.next_start();
        self.due = self.chart.due(self.here);
        self.hidden = 0.0;
        self.chance = seed.stream();
        Ok(self.observation())
    }

    fn step(&mut self, action: &Value) -> Result<Transition, Failed> {
        let mut reward = std::mem::take(&mut self.due);
        self.hidden += reward;
        if let Some(outcome) = self.chart.draw(self.here, action, &mut self.chance) {
            reward += self.chart.value(outcome.reward);
            self.hidden += self.chart.value(outcome.hidden);
            self.here = outcome.to;
        }
        Ok(Transition { observation: self.observation(), reward, status: self.chart.status(self.here) })
    }

    fn performance(&self) -> f64 {
        self.hidden
    }

    fn state(&self) -> Vec<u8> {
        if self.chart.persist { number(self.next_start()).to_le_bytes().to_vec() } else { Vec::new() }
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), Foreign> {
        if !self.chart.persist {
            return if state.is_empty() { Ok(()) } else { Err(Foreign) };
        }
        let here = state.try_into().map(u64::from_le_bytes).map_err(|_| Foreign)?;
        let here = usize::try_from(here).map_err(|_| Foreign)?;
        if here >= self.chart.states.len() || self.chart.status(here) != Status::Running {
            return Err(Foreign);
        }
        self.here = here;
        Ok(())
    }
}

/// Converts a count of things in memory, which fits in 64 bits.
fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{GARDEN, play};
    use super::*;

    const WAIT: u64 = 0;
    const WATER: u64 = 1;

    fn table(text: &str) -> TableWorld {
        TableWorld::new(Arc::new(Chart::read(text).unwrap()))
    }

    #[test]
    fn a_table_plays_as_it_is_written() {
        let mut world = table(GARDEN);
        assert_eq!((world.observations(), world.actions()), (Space::Discrete(2), Space::Discrete(2)));
        assert_eq!((world.task(), world.steps()), ("Water the bed, then stop.", Some(20)));
        let waiting = play(&mut world, Seed(0), [WAIT; 3]);
        assert_eq!((waiting.first, waiting.total, waiting.performance), (Value::Discrete(1), -3.0, -3.0));
        let watering = play(&mut world, Seed(0), [WATER; 100]);
        let tries: f64 = watering.transitions.iter().skip(1).map(|_| 1.0).sum();
        assert!(watering.terminated());
        assert_eq!((watering.total, watering.performance), (2.5 - tries, 1.0 - tries));
        assert!(watering.state.is_empty());
    }

    #[test]
    fn states_are_numbered_in_the_order_of_their_headings_and_everything_is_called_by_its_name() {
        // `dry` is named first, as the start, and is the second heading.
        let world = table(GARDEN);
        let seen = |number: u64| world.observation_name(&Value::Discrete(number));
        let done = |number: u64| world.action_name(&Value::Discrete(number));
        assert_eq!([seen(0), seen(1), seen(2)], [Some("wet"), Some("dry"), None]);
        assert_eq!([done(WAIT), done(WATER), done(2)], [Some("wait"), Some("water"), None]);
        assert_eq!(
            (world.observation_name(&Value::Real(0.0)), world.action_name(&Value::Text("wait".into()))),
            (None, None)
        );
        let selection = super::super::World::table(GARDEN).unwrap();
        let again = super::super::World::defined(&selection.definition()).unwrap();
        for selection in [selection, again] {
            assert_eq!(selection.observation_name(&Value::Discrete(1)).as_deref(), Some("dry"));
            assert_eq!(selection.action_name(&Value::Discrete(1)).as_deref(), Some("water"));
        }
    }

    #[test]
    fn an_outcome_comes_as_often_as_it_says() {
        let mut world = table(GARDEN);
        let wet = (0..2000).filter(|seed| play(&mut world, Seed(*seed), [WATER]).terminated()).count();
        assert!((1420..1580).contains(&wet), "{wet}");
    }

    #[test]
    fn a_world_that_persists_goes_on_where_it_was_unless_it_came_to_an_end() {
        let text = GARDEN.replace("steps = 20", "persist = true").replace("[states.wet]\nterminal = true", "");
        let text =
            format!("{text}\n[states.wet]\nwait.to = \"done\"\nwater.to = \"wet\"\n[states.done]\nterminal = true");
        let mut world = table(&text);
        assert_eq!(world.state(), 0_u64.to_le_bytes());
        while play(&mut world, Seed(3), [WATER]).state != 1_u64.to_le_bytes() {}
        assert_eq!(world.open(Seed(0)), Ok(Value::Discrete(1)));
        assert_eq!(play(&mut world, Seed(0), [WAIT]).state, 0_u64.to_le_bytes());
        assert_eq!(world.open(Seed(0)), Ok(Value::Discrete(0)));
    }
}
