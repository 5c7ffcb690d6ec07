//! Turns: what the roles of an episode hand from one to the next.
//!
//! ```text
//!  role 0: step --gate--> Turns --gate--> role 1: goes on, step --gate--> Turns --gate--> role 0: its step is answered
//! ```
//!
//! 1. There is one gate, and it is with the role whose turn it is: no other can ask for anything.
//! 2. Whose turn it is follows from the world. Who drives an episode goes on with the role that has it, and with no other: no two
//!    roles ever run at once.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use super::host::Host;
use crate::gate::Gate;
use crate::value::lock;

/// What one role has of the turns of its episode.
#[derive(Clone, Debug)]
pub struct Turns {
    state: Arc<Mutex<State>>,
    role: usize,
}

#[derive(Debug)]
struct State {
    /// The role that has its turn next.
    next: usize,
    /// The gate, while no role has it.
    gate: Option<Gate>,
}

impl Turns {
    /// The turns of each of so many roles; `first` has the first one.
    pub fn of(roles: usize, gate: Gate, first: usize) -> Vec<Self> {
        let state = Arc::new(Mutex::new(State { next: first, gate: Some(gate) }));
        (0..roles).map(|role| Self { state: Arc::clone(&state), role }).collect()
    }

    /// Index of the role that this is of.
    pub(super) const fn role(&self) -> usize {
        self.role
    }

    /// The role that has its turn next.
    pub fn next(&self) -> usize {
        lock(&self.state).next
    }

    /// The gate, where no role has it.
    pub fn take(&self) -> Option<Gate> {
        lock(&self.state).gate.take()
    }

    /// Say who is next, where no role has the gate. Says whether none has.
    pub fn pass(&self, next: usize) -> bool {
        let mut state = lock(&self.state);
        state.next = next;
        state.gate.is_some()
    }

    /// Hand the gate to `next`, who takes it when it goes on.
    pub fn give(&self, gate: Gate, next: usize) {
        *lock(&self.state) = State { next, gate: Some(gate) };
    }
}

/// The wait of a role for its turn. It is over once this role is next.
struct Turn(Turns);

impl Future for Turn {
    type Output = Gate;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Gate> {
        let Turns { state, role } = &self.0;
        let mut state = lock(state);
        // INVARIANT 1. Nobody is woken: who drives the episode looks at each role whose turn it is.
        let is_next = state.next == *role;
        match state.gate.take_if(|_| is_next) {
            Some(mut gate) => {
                gate.pass(*role);
                Poll::Ready(gate)
            }
            None => Poll::Pending,
        }
    }
}

impl Host {
    /// Wait for the gate, which is with another role.
    pub fn turn(&self) -> Option<impl Future<Output = Gate> + Send + use<>> {
        self.turns.clone().map(Turn)
    }

    /// Take the gate that came with the turn.
    pub fn receive(&mut self, gate: Gate) {
        self.gate = gate;
    }

    /// Give the gate to the role that is next.
    pub fn hand_over(&mut self, next: usize) {
        let gate = std::mem::replace(&mut self.gate, Gate::absent());
        if let Some(turns) = &self.turns {
            turns.give(gate, next);
        }
    }
}
