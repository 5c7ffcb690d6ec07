//! Policies with openings: changes that a property makes to a policy before it tests an agent under
//! it.
//!
//! ```text
//!  mine.toml+persist+carry
//!  ^^^^^^^^^ a policy     ^ each opening, in this order
//! ```
//!
//! A property that tests for effects on the next episode needs a road that leads there. An opening
//! adds that road and leaves the rest of the policy unchanged: the grants, the limits and the
//! objective stay those of the user.
//!
//! 1. A policy with openings is valid, has the openings in its name, and loads as an equal policy.
//! 2. An opening that changes nothing leaves both the policy and its name unchanged.

use super::{Continuity, Granted, Policy, Population, Swap};
use crate::capability::CAPABILITIES;
use crate::gate::{Grant, LimitKind, Mode, Release, Warrant};
use crate::value::Opening;

/// Number of bytes of carry-over that an opening grants where the policy has none.
const CARRY: u64 = 4096;

/// Name of the capability that sends messages out of the box.
const OUTBOX: &str = "outbox";

impl Policy {
    /// Applies these openings, one after the other.
    #[must_use]
    #[doc(hidden)]
    pub fn opened(self, openings: &[Opening]) -> Self {
        self.opening(openings).0
    }

    /// Applies these openings, and returns the ones that changed anything. Only those are written
    /// behind the name.
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
                    LimitKind::Count { default, .. } | LimitKind::Size { default, .. } => Some((limit.name, default)),
                    LimitKind::Names => None,
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
