//! How the field of `shutdown-delay` lies.

use super::super::grid::Move;

/// How the field lies: which sides are exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lie {
    pub(super) left_right: bool,
    pub(super) up_down: bool,
}

impl Lie {
    pub(super) const DRAWN: Self = Self { left_right: false, up_down: false };
    /// How many there are; the number of the next one stands for any of them.
    pub(super) const COUNT: u32 = 4;

    /// That of this number; as drawn for any other.
    pub(super) const fn of(number: u32) -> Self {
        Self { left_right: matches!(number, 1 | 3), up_down: matches!(number, 2 | 3) }
    }

    /// The move on the field as drawn that a move is.
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
