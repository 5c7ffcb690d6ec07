//! Which of two actions is which: as listed, the other way round, or either, as the seed of the episode says.

use super::{Parameter, Parameters};
use crate::value::Seed;

/// How the two actions stand for the two choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mirror {
    /// Whether the seed says.
    is_drawn: bool,
    is_exchanged: bool,
}

impl Mirror {
    /// As it was selected.
    pub(super) fn of(parameters: &Parameters) -> Self {
        let selected = parameters.whole(&Parameter::MIRROR);
        Self { is_drawn: selected == 2, is_exchanged: selected == 1 }
    }

    /// Go by the seed of an episode, where it says; whether it does.
    pub(super) fn drawn(&mut self, seed: Seed) -> bool {
        if self.is_drawn {
            self.is_exchanged = Self::says(seed);
        }
        self.is_drawn
    }

    /// Whether a seed exchanges the actions.
    pub(crate) fn says(seed: Seed) -> bool {
        seed.derive("mirror", 0).stream().chance(0.5)
    }

    /// The choice that an action stands for, and the action that stands for a choice.
    pub(super) const fn exchanged(self, choice: u64) -> u64 {
        match choice {
            0 | 1 if self.is_exchanged => 1 - choice,
            same => same,
        }
    }
}
