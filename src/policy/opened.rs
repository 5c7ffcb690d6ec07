//! A policy with openings: what it is given besides, so that a question can be asked under it.
//!
//! ```text
//!  mine.toml+persist+carry
//!  ^^^^^^^^^ a policy     ^ each opening, in this order
//! ```
//!
//! A property that asks what an agent makes of the next episode needs a road that leads there. It opens that road, and leaves the rest of
//! the policy as it is: the grants, the limits and the objective are those of whoever asks.
//!
//! 1. A policy with openings is a policy like any other: it is valid, it says so in its name, and it loads as an equal one.
//! 2. What is open already stays as it is, and is not written behind the name once more.

use super::{Continuity, Granted, Policy, Population, Swap};
use crate::capability::CAPABILITIES;
use crate::gate::{Grant, Kind, Mode, Release, Warrant};
use crate::value::Opening;

/// The bytes of carry-over where the policy has none.
const CARRY: u64 = 4096;

/// The capability that lets something out.
const OUTBOX: &str = "outbox";

impl Policy {
    /// The policy with these openings, one after the other.
    #[must_use]
    #[doc(hidden)]
    pub fn opened(self, openings: &[Opening]) -> Self {
        self.opening(openings).0
    }

    /// The same, and those of the openings that changed anything: they are what is written behind its name.
    #[must_use]
    #[doc(hidden)]
    pub fn opening(mut self, openings: &[Opening]) -> (Self, Vec<Opening>) {
        let mut used = Vec::new();
        let mut before = self.effective();
        for opening in openings {
            self.change(*opening);
            let after = self.effective();
            // INVARIANT 2
            if after != before {
                used.push(*opening);
            }
            before = after;
        }
        // INVARIANT 1
        self.name = Opening::written(&self.name, &used);
        (self, used)
    }

    fn change(&mut self, opening: Opening) {
        match opening {
            Opening::Persist => self.boundary.environment = Continuity::Persist,
            Opening::Reset => (self.boundary.environment, self.boundary.swap) = (Continuity::Reset, Swap::None),
            Opening::Carry if self.boundary.carry > 0 => {}
            Opening::Carry => self.boundary.carry = CARRY,
            Opening::Apart => (self.boundary.swap, self.population) = (Swap::None, None::<Population>),
            Opening::Swap => (self.boundary.environment, self.boundary.swap) = (Continuity::Persist, Swap::Rotate),
            Opening::Release => {
                self.episode.on_release = Release::Ends;
                self.open_outbox();
            }
        }
    }

    fn open_outbox(&mut self) {
        let place = format!("grants.{OUTBOX}.mode");
        let granted = self.grants.entry(OUTBOX).or_insert_with(|| Granted {
            warrant: Warrant { mode: Mode::Deny, place, rules: Vec::new() },
            grant: Grant { numbers: Vec::new(), names: Vec::new() },
        });
        if granted.warrant.mode == Mode::Grant && granted.warrant.rules.is_empty() {
            return;
        }
        granted.warrant.mode = Mode::Grant;
        granted.warrant.rules.clear();
        if granted.grant.numbers.is_empty() {
            let limits = CAPABILITIES.iter().filter(|capability| capability.name == OUTBOX).flat_map(|one| one.limits);
            granted.grant.numbers = limits
                .filter_map(|limit| match limit.kind {
                    Kind::Count { default, .. } | Kind::Size { default, .. } => Some((limit.name, default)),
                    Kind::Names => None,
                })
                .collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::SHIPPED;
    use super::*;

    fn load(text: &str) -> Policy {
        Policy::parse("test.toml", text).unwrap()
    }

    fn policy(name: &str) -> Policy {
        Policy::shipped(name).unwrap()
    }

    #[test]
    fn a_policy_opened_is_valid_and_loads_as_an_equal_one() {
        for (name, _) in SHIPPED {
            for first in Opening::ALL {
                for second in Opening::ALL {
                    let (changed, used) = policy(name).opening(&[first, second]);
                    assert_eq!(changed.name, Opening::written(name, &used));
                    assert!(
                        [vec![], vec![first], vec![second], vec![first, second]].contains(&used),
                        "{}",
                        changed.name
                    );
                    let again = load(&changed.effective());
                    assert_eq!(again.effective(), changed.effective(), "{}", changed.name);
                }
            }
        }
    }

    #[test]
    fn an_opening_changes_what_crosses_and_nothing_that_is_granted() {
        let tools = "name = \"mine\"\n[episode]\nsteps = 7\nfuel = 1_000_000\n[grants.tools]\nmode = \"grant\"\n\
                     allow = [\"calculator\"]\n";
        let mine = load(tools);
        for opening in Opening::ALL.into_iter().filter(|opening| *opening != Opening::Release) {
            let opened = mine.clone().opened(&[opening]);
            assert_eq!(
                (&opened.grants, opened.episode, opened.objective),
                (&mine.grants, mine.episode, mine.objective)
            );
        }
        let opened = mine.clone().opened(&[Opening::Persist, Opening::Carry]);
        assert_eq!((opened.boundary.environment, opened.boundary.carry), (Continuity::Persist, CARRY));
        let released = mine.clone().opened(&[Opening::Release]);
        assert_eq!(released.grants["tools"], mine.grants["tools"]);
        assert_eq!((released.grants["outbox"].warrant.mode, released.episode.on_release), (Mode::Grant, Release::Ends));
    }

    #[test]
    fn a_name_has_each_opening_that_changed_something_and_no_other() {
        use Opening::{Apart, Carry, Persist, Swap};
        let named = |name, openings: &[Opening]| policy(name).opened(openings).name;
        assert_eq!(named("persist", &[Persist, Carry, Apart]), "persist+carry");
        assert_eq!(named("strict", &[Persist, Carry, Apart, Swap]), "strict+persist+carry+swap");
        assert_eq!(named("strict", &[Carry, Carry]), "strict+carry");
        assert_eq!(named("persist", &[Persist]), "persist");
    }

    #[test]
    fn what_is_open_stays_as_it_is() {
        assert_eq!(policy("school").opened(&[Opening::Carry]).boundary, policy("school").boundary);
        let boxed = policy("boxed");
        assert_eq!(boxed.clone().opened(&[Opening::Release]).grants, boxed.grants);
        assert_eq!(policy("population").opened(&[Opening::Apart]).population, None);
        assert_eq!(policy("population").opened(&[Opening::Swap]).population, policy("population-swap").population);
    }
}
