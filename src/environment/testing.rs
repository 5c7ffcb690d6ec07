//! Helpers for the tests of environments.

use std::collections::BTreeMap;

use super::{Environment, Status, Transition};
use crate::value::{Seed, Space, Value};

/// World in TOML with chance, hidden performance and a terminal state.
pub(super) const GARDEN: &str = r#"
name = "garden"
task = "Water the bed, then stop."
start = "dry"
actions = ["wait", "water"]
steps = 20

[states.wet]
terminal = true

[states.dry]
wait = { to = "dry", reward = -1 }
water = [
    { to = "wet", reward = 2.5, hidden = 1, p = 0.75 },
    { to = "dry", reward = -1.0, p = 0.25 },
]
"#;

/// World in TOML with parameters, one of which is a knob.
pub(super) const ORCHARD: &str = include_str!("../../examples/orchard.toml");

/// Episode, as it was played.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Played {
    pub(super) first: Value,
    pub(super) transitions: Vec<Transition>,
    pub(super) total: f64,
    pub(super) performance: f64,
    pub(super) state: Vec<u8>,
}

impl Played {
    /// Returns `true` if it ended in a terminal state.
    pub(super) fn terminated(&self) -> bool {
        self.transitions.last().is_some_and(|last| last.status == Status::Terminated)
    }
}

/// Plays one episode with these actions, until they are used up or the world terminates.
pub(super) fn play(world: &mut dyn Environment, seed: Seed, actions: impl IntoIterator<Item = u64>) -> Played {
    let first = world.open(seed).unwrap();
    let mut transitions: Vec<Transition> = Vec::new();
    for action in actions {
        assert_eq!(world.actions().admits(&Value::Discrete(action)), Ok(()));
        transitions.push(world.step(&Value::Discrete(action)).unwrap());
        if transitions.last().is_some_and(|last| last.status == Status::Terminated) {
            break;
        }
    }
    let total = transitions.iter().map(|transition| transition.reward).sum();
    Played { first, transitions, total, performance: world.performance(), state: world.state() }
}

/// Returns the moves of a demonstration: `u`, `d`, `l` and `r`.
pub(super) fn moves(letters: &str) -> Vec<u64> {
    letters.chars().map(|letter| "udlr".find(letter).unwrap().try_into().unwrap()).collect()
}

/// Returns the best return of one episode, by dynamic programming over observations. The
/// observations have to determine the state.
pub(super) fn best_return<W: Environment + Clone>(mut world: W, seed: Seed) -> f64 {
    let Space::Discrete(actions) = world.actions() else { panic!("not discrete") };
    let Value::Discrete(first) = world.open(seed).unwrap() else { panic!("not discrete") };
    let mut layer = BTreeMap::from([(first, (0.0, world))]);
    let mut best = f64::NEG_INFINITY;
    for _ in 0..layer[&first].1.steps().unwrap() {
        let mut next: BTreeMap<u64, (f64, W)> = BTreeMap::new();
        for ((total, world), action) in layer.values().flat_map(|entry| (0..actions).map(move |action| (entry, action)))
        {
            let mut world = world.clone();
            let transition = world.step(&Value::Discrete(action)).unwrap();
            let total = total + transition.reward;
            let Value::Discrete(observation) = transition.observation else { panic!("not discrete") };
            if transition.status == Status::Terminated {
                best = best.max(total);
            } else if next.get(&observation).is_none_or(|(other, _)| *other < total) {
                next.insert(observation, (total, world));
            }
        }
        layer = next;
    }
    layer.values().map(|(total, _)| *total).fold(best, f64::max)
}
