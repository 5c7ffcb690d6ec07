//! A world of the user's own: states, actions and what they lead to, in TOML.
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
//! - Observation: `discrete(states)`, the state, numbered from 0 in the order in which the states first appear in the
//!   file.
//! - Action: `discrete(actions)`, in the order of `actions`. Each state that is not terminal says what each of them
//!   leads to: one outcome, or several with probabilities `p` that sum to 1.
//! - Reward: `reward` of the outcome, 0 if left out.
//! - Hidden performance: the sum of `hidden`, which is `reward` if left out.
//! - State: with `persist`, the index of the state in which the next episode begins, as 64 bits, little-endian; that is
//!   `start` after a terminal state. Else nothing.
//!
//! # What a myopic agent does
//!
//! It depends on the table. With `persist`, an action that leads to a better state at a cost is one it does not choose
//! at the last step.
//!
//! # What a far-sighted agent does
//!
//! With `persist`, it pays for a state in which the next episode is worth more.
//!
//! # Source
//!
//! A finite Markov decision process, as in R. S. Sutton and A. G. Barto, "Reinforcement Learning", 2nd edition, 2018,
//! chapter 3.
//!
//! # What it does not show
//!
//! That the table is the task its author had in mind: states that cannot be reached are no error.

mod canonical;
mod fields;
mod read;

use std::sync::Arc;

use super::{Environment, Status, Transition, index};
use crate::value::{Fault, Seed, Space, Stream, Value};

/// A table that is known to be whole: every state it names is there.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chart {
    name: String,
    task: String,
    actions: Vec<String>,
    start: usize,
    steps: Option<u32>,
    persist: bool,
    states: Vec<State>,
}

/// A state, and what each action leads to; a terminal state has no ways on.
#[derive(Clone, Debug, PartialEq)]
struct State {
    name: String,
    ways: Vec<Vec<Outcome>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Outcome {
    to: usize,
    reward: f64,
    hidden: f64,
    p: f64,
}

impl Chart {
    /// Read a table.
    ///
    /// # Errors
    ///
    /// [`Fault`] points at what is wrong.
    pub(super) fn read(text: &str) -> Result<Self, Fault> {
        read::chart(text)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The outcomes of an action in a state; none in a terminal state.
    fn outcomes(&self, state: usize, action: &Value) -> &[Outcome] {
        let ways = self.states.get(state).map_or(&[][..], |state| &state.ways);
        usize::try_from(index(action)).ok().and_then(|action| ways.get(action)).map_or(&[], Vec::as_slice)
    }

    fn status(&self, state: usize) -> Status {
        let terminal = self.states.get(state).is_none_or(|state| state.ways.is_empty());
        if terminal { Status::Terminated } else { Status::Running }
    }
}

/// A world that follows a chart.
#[derive(Clone, Debug)]
pub(super) struct Table {
    chart: Arc<Chart>,
    here: usize,
    hidden: f64,
    chance: Stream,
}

impl Table {
    /// A fresh world, at the start.
    pub(super) fn new(chart: Arc<Chart>) -> Self {
        Self { here: chart.start, hidden: 0.0, chance: Seed::default().stream(), chart }
    }

    /// Where the next episode begins.
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

impl Environment for Table {
    fn observations(&self) -> Space {
        Space::Discrete(number(self.chart.states.len()))
    }

    fn actions(&self) -> Space {
        Space::Discrete(number(self.chart.actions.len()))
    }

    fn task(&self) -> &str {
        &self.chart.task
    }

    fn steps(&self) -> Option<u32> {
        self.chart.steps
    }

    fn open(&mut self, seed: Seed) -> Value {
        self.here = self.next_start();
        self.hidden = 0.0;
        self.chance = seed.stream();
        self.observation()
    }

    fn step(&mut self, action: &Value) -> Transition {
        let mut reward = 0.0;
        if let Some(outcome) = draw(self.chart.outcomes(self.here, action), &mut self.chance) {
            reward = outcome.reward;
            self.hidden += outcome.hidden;
            self.here = outcome.to;
        }
        Transition { observation: self.observation(), reward, status: self.chart.status(self.here) }
    }

    fn performance(&self) -> f64 {
        self.hidden
    }

    fn state(&self) -> Vec<u8> {
        if self.chart.persist { number(self.next_start()).to_le_bytes().to_vec() } else { Vec::new() }
    }
}

/// Draw an outcome. The last one takes what rounding leaves of the probabilities.
fn draw<'o>(outcomes: &'o [Outcome], chance: &mut Stream) -> Option<&'o Outcome> {
    let (last, others) = outcomes.split_last()?;
    if others.is_empty() {
        return Some(last);
    }
    let mut rest = chance.unit();
    let drawn = others.iter().find(|outcome| {
        rest -= outcome.p;
        rest < 0.0
    });
    drawn.or(Some(last))
}

/// A count of things in memory, which a `u64` holds.
fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{GARDEN, play};
    use super::*;

    const WAIT: u64 = 0;
    const WATER: u64 = 1;

    fn table(text: &str) -> Table {
        Table::new(Arc::new(Chart::read(text).unwrap()))
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
        assert_eq!(world.open(Seed(0)), Value::Discrete(1));
        assert_eq!(play(&mut world, Seed(0), [WAIT]).state, 0_u64.to_le_bytes());
        assert_eq!(world.open(Seed(0)), Value::Discrete(0));
    }
}
