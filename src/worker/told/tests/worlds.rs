//! Worlds that a worker gives back, and what becomes of those that are not believed.

use super::*;
use crate::environment::{Environment, Foreign, Status, Transition};
use crate::value::{Space, Value};

#[test]
fn no_world_is_brought_that_is_none_of_the_runs() {
    assert_eq!(doubt(|told| told.world = Some(Bytes(vec![9]))), Doubt::World);
    assert_eq!(doubt(|told| told.world = None), Doubt::World);
    let reset = setting("environment = \"reset\"");
    let mut lived = told(&reset);
    lived.world = Some(Bytes(vec![1]));
    assert_eq!(lived.believe(&reset.known(), &mut ticket()).unwrap_err(), Doubt::World);
    let (setting, mut kept) = (setting(CROSSING), ticket());
    kept.environment.restore(&[0]).unwrap();
    let mut lived = told(&setting);
    lived.world = Some(Bytes(vec![9]));
    assert_eq!(lived.believe(&setting.known(), &mut kept).unwrap_err(), Doubt::World);
    assert_eq!(kept.environment.state(), [0]);
}

/// A world that takes the first byte of any state for its own.
struct Lax(Vec<u8>);

impl Environment for Lax {
    fn observations(&self) -> Space {
        Space::Discrete(1)
    }

    fn actions(&self) -> Space {
        Space::Discrete(1)
    }

    fn task(&self) -> &'static str {
        ""
    }

    fn steps(&self) -> Option<u32> {
        None
    }

    fn open(&mut self, _: Seed) -> Value {
        Value::Discrete(0)
    }

    fn step(&mut self, _: &Value) -> Transition {
        Transition { observation: Value::Discrete(0), reward: 0.0, status: Status::Running }
    }

    fn performance(&self) -> f64 {
        0.0
    }

    fn state(&self) -> Vec<u8> {
        self.0.clone()
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), Foreign> {
        self.0 = state.iter().copied().take(1).collect();
        Ok(())
    }
}

#[test]
fn a_world_that_is_brought_is_the_one_that_was_told_of() {
    let setting = setting(CROSSING);
    for (state, found) in [(vec![9], Ok(vec![9])), (vec![9, 9], Err((Doubt::World, vec![7])))] {
        let mut ticket = Ticket { environment: Box::new(Lax(vec![7])), ..ticket() };
        let mut lived = told(&setting);
        lived.world = Some(Bytes(state));
        let believed = lived.believe(&setting.known(), &mut ticket);
        let left = ticket.environment.state();
        assert_eq!(believed.map(|lived| lived.environment.state()).map_err(|doubt| (doubt, left)), found);
    }
}

#[test]
fn a_world_that_comes_with_what_is_not_believed_is_not_brought() {
    let (setting, mut ticket) = (setting(CROSSING), ticket());
    let (before, mut lived) = (ticket.environment.state(), told(&setting));
    assert_ne!(lived.world.as_ref().unwrap().0, before);
    lived.steps = 6;
    assert_eq!(lived.believe(&setting.known(), &mut ticket).unwrap_err(), Doubt::Beyond);
    assert_eq!(ticket.environment.state(), before);
}
