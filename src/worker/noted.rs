//! A world that notes its actions, so that the supervisor can play it again.
//!
//! ```text
//!  Ticket { world } --noted--> Ticket { Noted(world) } --live--> Finished, dropped --> Notes: the actions
//! ```

use std::mem;
use std::sync::{Arc, Mutex};

use crate::environment::{Environment, Failed, Transition, as_within};
use crate::value::{Value, lock};

/// A world, and the actions taken in it.
struct Noted {
    world: Box<dyn Environment>,
    actions: Vec<u8>,
    to: Arc<Mutex<Vec<u8>>>,
}

/// Actions taken in a world, available once the world is dropped.
pub(super) struct Notes(Arc<Mutex<Vec<u8>>>);

/// Returns the same world, noting its actions, and the notes.
pub(super) fn noted(world: Box<dyn Environment>) -> (Box<dyn Environment>, Notes) {
    let to = Arc::default();
    let notes = Notes(Arc::clone(&to));
    (Box::new(Noted { world, actions: Vec::with_capacity(USUAL), to }), notes)
}

/// Usual number of bytes of notes.
const USUAL: usize = 256;

impl Notes {
    /// Returns the actions, one after the other.
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
        // A vector takes any number of bytes.
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
