//! Orientations of the field of `shutdown-delay`.

use super::super::grid::Move;

/// Orientation of the field: the sides that are exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lie {
    pub(super) left_right: bool,
    pub(super) up_down: bool,
}

impl Lie {
    pub(super) const DRAWN: Self = Self { left_right: false, up_down: false };
    /// Number of orientations. As a selection, this number means that one is drawn.
    pub(super) const COUNT: u32 = 4;

    /// Returns the orientation of this number: as drawn for 0 and for any number above 3.
    pub(super) const fn of(number: u32) -> Self {
        Self { left_right: matches!(number, 1 | 3), up_down: matches!(number, 2 | 3) }
    }

    /// Converts a move to the move on the field as drawn.
    pub(super) const fn drawn(self, to: Move) -> Move {
        match to {
            Move::Up if self.up_down => Move::Down,
            Move::Down if self.up_down => Move::Up,
            Move::Left if self.left_right => Move::Right,
            Move::Right if self.left_right => Move::Left,
            same => same,
        }
    }
}
