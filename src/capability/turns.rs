//! Turns: the roles of an episode hand one gate from one to the next.
//!
//! ```text
//!  role 0: step --gate--> Turns --gate--> role 1: goes on, step --gate--> Turns --gate--> role 0: its step is answered
//! ```
//!
//! 1. There is one gate, and the role whose turn it is has it. No other role can ask for anything.
//! 2. The world decides whose turn it is. The driver of an episode resumes only the role that has
//!    the turn: no two roles ever run at once.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use super::host::Host;
use crate::gate::Gate;
use crate::value::lock;

/// Access of one role to the turns of its episode.
#[derive(Clone, Debug)]
pub struct Turns {
    state: Arc<Mutex<State>>,
    role: usize,
}

#[derive(Debug)]
struct State {
    /// Index of the role that has its turn next.
    next: usize,
    /// Gate, while no role has it.
    gate: Option<Gate>,
}

impl Turns {
    /// Makes the turns of `roles` roles; the role with index `first` has the first one.
    pub fn of(roles: usize, gate: Gate, first: usize) -> Vec<Self> {
        let state = Arc::new(Mutex::new(State { next: first, gate: Some(gate) }));
        (0..roles).map(|role| Self { state: Arc::clone(&state), role }).collect()
    }

    /// Returns the index of this role.
    pub(super) const fn role(&self) -> usize {
        self.role
    }

    /// Returns the index of the role that has its turn next.
    pub fn next(&self) -> usize {
        lock(&self.state).next
    }

    /// Takes the gate, if no role has it.
    pub fn take(&self) -> Option<Gate> {
        lock(&self.state).gate.take()
    }

    /// Sets the next role. Returns `true` if no role has the gate.
    pub fn pass(&self, next: usize) -> bool {
        let mut state = lock(&self.state);
        state.next = next;
        state.gate.is_some()
    }

    /// Returns the gate, for the role `next` to take when it goes on.
    pub fn give(&self, gate: Gate, next: usize) {
        *lock(&self.state) = State { next, gate: Some(gate) };
    }
}

/// Wait of a role for its turn. It is over once this role is next.
struct Turn(Turns);

impl Future for Turn {
    type Output = Gate;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Gate> {
        let Turns { state, role } = &self.0;
        let mut state = lock(state);
        // INVARIANT 1. No role is woken: the driver of the episode polls each role whose turn it
        // is.
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
    /// Returns a future that waits for the gate, which is with another role. `None` if there is
    /// only one role.
    pub fn turn(&self) -> Option<impl Future<Output = Gate> + Send + use<>> {
        self.turns.clone().map(Turn)
    }

    /// Takes the gate that came with the turn.
    pub fn receive(&mut self, gate: Gate) {
        self.gate = gate;
    }

    /// Gives the gate to the next role.
    pub fn hand_over(&mut self, next: usize) {
        let gate = std::mem::replace(&mut self.gate, Gate::absent());
        if let Some(turns) = &self.turns {
            turns.give(gate, next);
        }
    }
}
