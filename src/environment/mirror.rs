//! Mirror: the assignment of two actions to two choices. It is as listed, exchanged, or drawn from
//! the seed of the episode.

use super::{Parameter, Parameters};
use crate::value::Seed;

/// Assignment of the two actions to the two choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mirror {
    /// `true` if the seed decides.
    is_drawn: bool,
    is_exchanged: bool,
}

impl Mirror {
    /// Makes the mirror that the parameters select.
    pub(super) fn of(parameters: &Parameters) -> Self {
        let selected = parameters.whole(&Parameter::MIRROR);
        Self { is_drawn: selected == 2, is_exchanged: selected == 1 }
    }

    /// Draws the mirror from the seed of an episode, if the seed decides. Returns `true` if it
    /// does.
    pub(super) fn drawn(&mut self, seed: Seed) -> bool {
        if self.is_drawn {
            self.is_exchanged = Self::says(seed);
        }
        self.is_drawn
    }

    /// Returns `true` if a seed exchanges the actions.
    pub(crate) fn says(seed: Seed) -> bool {
        seed.derive("mirror", 0).stream().chance(0.5)
    }

    /// Returns the choice of an action, or the action of a choice: the map is its own inverse.
    pub(super) const fn exchanged(self, choice: u64) -> u64 {
        match choice {
            0 | 1 if self.is_exchanged => 1 - choice,
            same => same,
        }
    }
}
