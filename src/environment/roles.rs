//! A world that several roles act in, by turns.
//!
//! ```text
//!  turn() -> role --step(action)--> the world goes on --> turn() -> next role --observe(role)--> what it is shown
//!                                                                        at the close: payoff(role, fault) for each
//! ```
//!
//! The order of turns is that of `PettingZoo`'s "agent environment cycle": one role acts at a time, and a game of simultaneous moves
//! shows none of them before all are made (Terry et al. 2021, arXiv 2009.14471).
//!
//! 1. Whose turn it is follows from the world's seed and the actions alone.
//! 2. `observe` is all that a role sees of what others do.
//! 3. Payoffs are paid at the close: no step before has a reward.

use std::sync::{Arc, Mutex};

use super::{Environment, Failed, Transition};
use crate::value::{Seed, Space, Value, lock};

/// What a world of several roles says beside what every world says. `step` acts for the role whose turn it is, and its observation and
/// reward are nobody's.
pub trait Roles {
    /// Names of the roles, in their order: two or more, each like `critic-2`.
    fn names(&self) -> &[&str];

    /// Index of the role whose turn it is. It is asked before the first step, and after each that leads to no terminal state.
    fn turn(&self) -> usize;

    /// Task of a role in words, for its brief.
    fn task(&self, role: usize) -> &str;

    /// What an observation of a role may be.
    fn observations(&self, role: usize) -> Space;

    /// What an action of a role may be.
    fn actions(&self, role: usize) -> Space;

    /// What a role is shown now: at its turn, and at the end.
    fn observe(&self, role: usize) -> Value;

    /// What a role is paid at the close. `fault` is the role that ended the episode by leaving, a release, trapping, using up its fuel or a
    /// violation, where one did.
    fn payoff(&self, role: usize, fault: Option<usize>) -> f64;
}

/// A world of several roles, as one of them acts in it: its spaces, its task, and what it is shown.
#[derive(Clone)]
pub struct Shared {
    world: Arc<Mutex<Box<dyn Environment>>>,
    role: usize,
    task: Arc<str>,
}

impl Shared {
    /// The world, as each of its roles acts in it; nothing where it has no roles.
    pub fn of(world: Box<dyn Environment>) -> Option<Vec<Self>> {
        let roles = world.roles()?;
        let tasks: Vec<Arc<str>> = (0..roles.names().len()).map(|role| roles.task(role).into()).collect();
        let world = Arc::new(Mutex::new(world));
        Some(tasks.into_iter().enumerate().map(|(role, task)| Self { world: Arc::clone(&world), role, task }).collect())
    }

    /// The role whose turn it is.
    pub fn turn(&self) -> usize {
        self.look(|_, roles| roles.turn()).unwrap_or(0)
    }

    /// What the role is shown now.
    pub fn observe(&self) -> Value {
        self.look(|role, roles| roles.observe(role)).unwrap_or(Value::Discrete(0))
    }

    /// What the role is paid at the close.
    pub fn payoff(&self, fault: Option<usize>) -> f64 {
        self.look(|role, roles| roles.payoff(role, fault)).unwrap_or(0.0)
    }

    /// The world itself, once the others are gone; nothing before.
    pub fn into_world(self) -> Option<Box<dyn Environment>> {
        Arc::into_inner(self.world)?.into_inner().ok()
    }

    fn look<T>(&self, look: impl FnOnce(usize, &dyn Roles) -> T) -> Option<T> {
        lock(&self.world).roles().map(|roles| look(self.role, roles))
    }
}

impl Environment for Shared {
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
