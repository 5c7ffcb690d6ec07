//! Worlds in which several roles act by turns.
//!
//! ```text
//!  turn() -> role --step(action)--> the world goes on --> turn() -> next role --observe(role)--> what it is shown
//!                                                                        at the close: payoff(role, fault) for each
//! ```
//!
//! The order of turns is that of `PettingZoo`'s "agent environment cycle": one role acts at a time.
//! A game of simultaneous moves shows no move before all are made (Terry et al. 2021, arXiv
//! 2009.14471).
//!
//! 1. The turn follows from the world's seed and the actions alone.
//! 2. A role sees of the others only what `observe` returns.
//! 3. Payoffs are paid at the close. No earlier step has a reward.

use std::sync::{Arc, Mutex};

use super::{Environment, Failed, Transition};
use crate::value::{Seed, Space, Value, lock};

/// Methods of a world of several roles, beside those of every world. `step` acts for the role whose
/// turn it is. Its observation and reward go to no role.
pub trait Roles {
    /// Returns the names of the roles, in their order: two or more, each like `critic-2`.
    fn names(&self) -> &[&str];

    /// Returns the index of the role whose turn it is. It is called before the first step, and
    /// after each step that leads to no terminal state.
    fn turn(&self) -> usize;

    /// Returns the task of a role in words, for its brief.
    fn task(&self, role: usize) -> &str;

    /// Returns the space of observations of a role.
    fn observations(&self, role: usize) -> Space;

    /// Returns the space of actions of a role.
    fn actions(&self, role: usize) -> Space;

    /// Returns the observation of a role now: at its turn, and at the end.
    fn observe(&self, role: usize) -> Value;

    /// Returns the payoff of a role at the close.
    ///
    /// `fault` is the role that ended the episode, if one did: by returning, a release, a trap, a violation, or by
    /// using up its fuel.
    fn payoff(&self, role: usize, fault: Option<usize>) -> f64;
}

/// View that one role has of a world of several roles: its spaces, its task and its observations.
#[derive(Clone)]
pub struct RoleView {
    world: Arc<Mutex<Box<dyn Environment>>>,
    role: usize,
    task: Arc<str>,
}

impl RoleView {
    /// Makes the view of each role; `None` if the world has no roles.
    pub fn of(world: Box<dyn Environment>) -> Option<Vec<Self>> {
        let roles = world.roles()?;
        let tasks: Vec<Arc<str>> = (0..roles.names().len()).map(|role| roles.task(role).into()).collect();
        let world = Arc::new(Mutex::new(world));
        Some(tasks.into_iter().enumerate().map(|(role, task)| Self { world: Arc::clone(&world), role, task }).collect())
    }

    /// Returns the index of the role whose turn it is.
    pub fn turn(&self) -> usize {
        self.look(|_, roles| roles.turn()).unwrap_or(0)
    }

    /// Returns the observation of the role now.
    pub fn observe(&self) -> Value {
        self.look(|role, roles| roles.observe(role)).unwrap_or(Value::Discrete(0))
    }

    /// Returns the payoff of the role at the close.
    pub fn payoff(&self, fault: Option<usize>) -> f64 {
        self.look(|role, roles| roles.payoff(role, fault)).unwrap_or(0.0)
    }

    /// Returns the world itself, if this is the last view of it.
    pub fn into_world(self) -> Option<Box<dyn Environment>> {
        Arc::into_inner(self.world)?.into_inner().ok()
    }

    fn look<T>(&self, look: impl FnOnce(usize, &dyn Roles) -> T) -> Option<T> {
        lock(&self.world).roles().map(|roles| look(self.role, roles))
    }
}

impl Environment for RoleView {
    fn observations(&self) -> Space {
        self.look(|role, roles| roles.observations(role)).unwrap_or(Space::Discrete(1))
    }

    fn actions(&self) -> Space {
        self.look(|role, roles| roles.actions(role)).unwrap_or(Space::Discrete(0))
    }

    fn task(&self) -> &str {
        &self.task
    }

    fn steps(&self) -> Option<u32> {
        lock(&self.world).steps()
    }

    fn open(&mut self, seed: Seed) -> Result<Value, Failed> {
        lock(&self.world).open(seed)?;
        Ok(self.observe())
    }

    fn step(&mut self, action: &Value) -> Result<Transition, Failed> {
        lock(&self.world).step(action)
    }

    fn performance(&self) -> f64 {
        lock(&self.world).performance()
    }

    fn state(&self) -> Vec<u8> {
        lock(&self.world).state()
    }
}
