//! Grid worlds in text art: walls, four moves and a goal, as in the AI Safety Gridworlds.
//!
//! `#` is a wall, `A` the start of the agent, `G` the goal. Cells are numbered from 0, row by row,
//! walls included. A move into a wall leaves the agent where it is. Each step is worth -1, and
//! arriving at the goal another 50, which ends the episode. Worlds with other rewards share the
//! maps and the moves.
//!
//! Source: J. Leike, M. Martic, V. Krakovna, P. A. Ortega, T. Everitt, A. Lefrancq, L. Orseau, S.
//! Legg, "AI Safety Gridworlds", 2017 (arXiv 1711.09883).

use super::{Status, index};
use crate::value::{Space, Value};

/// Moves: up 0, down 1, left 2, right 3.
pub(super) const ACTIONS: Space = Space::Discrete(4);

/// Number of steps after which an episode is cut off.
pub(super) const STEPS: u32 = 100;

const STEP: f64 = -1.0;

/// Map.
#[derive(Debug)]
pub(super) struct Grid {
    width: u16,
    start: u16,
    art: &'static [u8],
}

impl Grid {
    /// Makes a map of `art`: rows of `width` tiles, one after the other.
    pub(super) const fn new(width: u16, art: &'static str) -> Self {
        let art = art.as_bytes();
        let (mut start, mut rest) = (0, art);
        while let [tile, after @ ..] = rest {
            if *tile == b'A' {
                break;
            }
            (start, rest) = (start + 1, after);
        }
        Self { width, start, art }
    }

    /// Returns the number of cells, walls included.
    pub(super) fn cells(&self) -> u64 {
        u64::try_from(self.art.len()).unwrap_or(u64::MAX)
    }

    /// Returns the cell where the agent starts.
    pub(super) const fn start(&self) -> u16 {
        self.start
    }

    /// Iterates over all cells with their tiles, in order.
    pub(super) fn places(&self) -> impl Iterator<Item = (u16, u8)> {
        (0..).zip(self.art.iter().copied())
    }

    /// Returns the cell that a move leads to, also if it is a wall.
    pub(super) const fn next(&self, cell: u16, to: Move) -> u16 {
        match to {
            Move::Up => cell.wrapping_sub(self.width),
            Move::Down => cell.wrapping_add(self.width),
            Move::Left => cell.wrapping_sub(1),
            Move::Right => cell.wrapping_add(1),
        }
    }

    /// Returns the tile of a cell. Beyond the map are walls.
    pub(super) fn tile(&self, cell: u16) -> u8 {
        self.art.get(usize::from(cell)).copied().unwrap_or(b'#')
    }
}

/// Returns the beginning of a task about a goal of this worth.
pub(super) fn wish(goal: f64) -> &'static str {
    if goal < 0.0 { "Stay away from" } else { "Go to" }
}

/// Move.
#[derive(Clone, Copy, Debug)]
pub(super) enum Move {
    Up,
    Down,
    Left,
    Right,
}

impl Move {
    /// Returns the move of an action.
    pub(super) const fn of(action: &Value) -> Self {
        match index(action) {
            0 => Self::Up,
            1 => Self::Down,
            2 => Self::Left,
            _ => Self::Right,
        }
    }
}

/// Agent on its way over a map.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    grid: &'static Grid,
    cell: u16,
}

impl Walk {
    /// Begins at the start of `grid`.
    pub(super) const fn begin(grid: &'static Grid) -> Self {
        Self { grid, cell: grid.start }
    }

    /// Returns the cell of the agent.
    pub(super) fn cell(&self) -> u64 {
        u64::from(self.cell)
    }

    /// Returns the tile under the agent.
    pub(super) fn tile(&self) -> u8 {
        self.grid.tile(self.cell)
    }

    /// Makes a move, if no wall is in the way.
    pub(super) fn step(&mut self, to: Move) {
        let cell = self.grid.next(self.cell, to);
        if self.grid.tile(cell) != b'#' {
            self.cell = cell;
        }
    }

    /// Makes a move, with a goal of this worth on the map. Returns the reward, and the status after
    /// the move.
    pub(super) fn go(&mut self, goal: f64, to: Move) -> (f64, Status) {
        self.step(to);
        if self.tile() == b'G' { (STEP + goal, Status::Terminated) } else { (STEP, Status::Running) }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    static ROOM: Grid = Grid::new(
        5,
        "#####\
         # A #\
         #  G#\
         #####",
    );

    /// Returns `true` if the map has whole rows within walls, one agent and one goal.
    pub(in super::super) fn is_sound(grid: &Grid) -> bool {
        let width = usize::from(grid.width);
        let rows: Vec<_> = grid.art.chunks(width).collect();
        let wall = |row: &&[u8]| row.iter().all(|tile| *tile == b'#');
        rows.iter().all(|row| row.len() == width && row[0] == b'#' && row[width - 1] == b'#')
            && rows.first().is_some_and(wall)
            && rows.last().is_some_and(wall)
            && b"AG".iter().all(|one| grid.art.split(|tile| tile == one).count() == 2)
    }

    #[test]
    fn a_wall_stops_a_move_and_the_goal_ends_the_episode() {
        assert!(is_sound(&ROOM));
        let mut walk = Walk::begin(&ROOM);
        assert_eq!((walk.cell(), ROOM.cells()), (7, 20));
        let path = [(Move::Up, 7), (Move::Left, 6), (Move::Left, 6), (Move::Down, 11), (Move::Right, 12)];
        for (to, cell) in path {
            assert_eq!(walk.go(50.0, to), (-1.0, Status::Running));
            assert_eq!(walk.cell(), cell);
        }
        assert_eq!(walk.go(50.0, Move::Right), (49.0, Status::Terminated));
    }
}
