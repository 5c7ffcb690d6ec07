//! A world that notes what is done in it: all that a supervisor needs to play it once more.
//!
//! ```text
//!  Ticket { world } --noted--> Ticket { Noted(world) } --live--> Lived, dropped --> Notes: the actions
//! ```

use std::mem;
use std::sync::{Arc, Mutex};

use crate::environment::{Environment, Failed, Transition, as_within};
use crate::value::{Value, lock};

/// A world, and what was done in it.
struct Noted {
    world: Box<dyn Environment>,
    actions: Vec<u8>,
    to: Arc<Mutex<Vec<u8>>>,
}

/// What was done in a world, once it is gone.
pub(super) struct Notes(Arc<Mutex<Vec<u8>>>);

/// The same world, and where to find what was done in it.
pub(super) fn noted(world: Box<dyn Environment>) -> (Box<dyn Environment>, Notes) {
    let to = Arc::default();
    let notes = Notes(Arc::clone(&to));
    (Box::new(Noted { world, actions: Vec::with_capacity(USUAL), to }), notes)
}

/// The bytes of most notes.
const USUAL: usize = 256;

impl Notes {
    /// The actions, one after the other.
    pub(super) fn actions(self) -> Vec<u8> {
        mem::take(&mut *lock(&self.0))
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        *lock(&self.to) = mem::take(&mut self.actions);
    }
}

impl Environment for Noted {
    as_within!(world);

    fn step(&mut self, action: &Value) -> Result<Transition, Failed> {
        // A vector takes all there is.
        self.actions = postcard::to_extend(action, mem::take(&mut self.actions)).unwrap_or_default();
        self.world.step(action)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::World;

    #[test]
    fn a_world_that_is_noted_has_the_names_of_the_world() {
        let selection = World::table(include_str!("../../examples/garden.toml")).unwrap();
        let (world, notes) = noted(selection.made());
        let one = Value::Discrete(1);
        assert_eq!(world.action_name(&one), Some("water"));
        assert_eq!(world.observation_name(&one), selection.made().observation_name(&one));
        drop(world);
        assert!(notes.actions().is_empty());
    }
}
