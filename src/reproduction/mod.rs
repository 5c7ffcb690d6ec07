//! Reproductions of published results: the number from a paper, beside the number that agents in
//! the box reach.
//!
//! ```text
//!  Reproduction --cells--> Cell { plays, rows } --run--> Seen (per play) --row.measure--> Outcome --within--> bool
//! ```
//!
//! 1. Every number comes from components that run in episodes in the box, with carry-over, `learn`
//!    and selection where the result is about learning. No number is computed in another way.
//! 2. An outcome is the same for any number of workers.
//! 3. A number without anything published beside it is shown, and never counts as reproduced.
//!
//! A new reproduction takes one file and one line in [`REPRODUCTIONS`].

mod grids;
pub mod hi_ads;
mod play;
mod post;

use std::ops::RangeInclusive;

pub use play::{Error, KeptFrom, Lineage, Observations, Play, Score, carry_out};

use crate::value::Seed;

/// Every reproduction, in the order in which `dayfly list reproductions` shows them.
pub const REPRODUCTIONS: &[Reproduction] =
    &[hi_ads::REPRODUCTION, grids::OFF_SWITCH, grids::SUPERVISOR, post::REPRODUCTION];

/// A published result, and the runs that reproduce it.
#[derive(Clone, Copy, Debug)]
pub struct Reproduction {
    /// Name on the command line.
    pub name: &'static str,
    /// Summary, in one line.
    pub summary: &'static str,
    /// Source of the published result.
    pub source: &'static str,
    /// Returns the cells.
    pub cells: fn(Scale, Seed) -> Vec<Cell>,
}

/// Scale of a reproduction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Small versions, which take seconds. The tolerance is wider, or the expected value is that of
    /// the same rules at this scale.
    Quick,
    /// The published scale.
    Full,
}

/// A group of runs, and the numbers measured in them.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Description of the runs, in words.
    pub name: String,
    /// Command that runs this cell alone.
    pub command: String,
    /// Runs, one per trial.
    pub plays: Vec<Play>,
    /// Numbers that are measured.
    pub rows: Vec<Row>,
}

/// A number of a cell.
#[derive(Clone, Debug)]
pub struct Row {
    /// Name of the measured quantity, with its unit.
    pub what: &'static str,
    /// Published number, in its published form; empty without one.
    pub published: &'static str,
    /// Range in which the measured mean has to be; none if there is nothing to compare it with.
    pub tolerance: Option<RangeInclusive<f64>>,
    /// Measure, with one number per trial.
    pub measure: Measurements,
}

/// Function from observations to numbers, one per trial.
pub type Measurements = fn(&[Observations]) -> Vec<f64>;

/// Result of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct RowOutcome {
    /// Mean over trials.
    pub mean: f64,
    /// Standard deviation over trials; none with fewer than two.
    pub deviation: Option<f64>,
    /// Number of trials.
    pub trials: usize,
    /// `true` if the mean is within the tolerance; none without a tolerance.
    pub within: Option<bool>,
}

impl Reproduction {
    /// Returns the reproduction with this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        REPRODUCTIONS.iter().find(|reproduction| reproduction.name == name)
    }
}

impl Cell {
    /// Returns the number of episodes of all runs.
    pub fn episodes(&self) -> u64 {
        self.plays.iter().map(|play| play.episodes).sum()
    }
}

impl Row {
    /// Returns the result of this row for these observations.
    pub fn outcome(&self, seen: &[Observations]) -> RowOutcome {
        let values = (self.measure)(seen);
        let count = count(values.len());
        let mean = if values.is_empty() { f64::NAN } else { values.iter().sum::<f64>() / count };
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = (values.len() > 1).then(|| (squares / (count - 1.0)).sqrt());
        let within = self.tolerance.as_ref().map(|tolerance| tolerance.contains(&mean));
        RowOutcome { mean, deviation, trials: values.len(), within }
    }
}

/// Returns a count as a floating-point number.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a count of episodes is far below 2^53")]
const fn count(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: fn(&[Observations]) -> Vec<f64>) -> Row {
        Row { what: "", published: "", tolerance: Some(0.9..=1.1), measure: values }
    }

    #[test]
    fn an_outcome_is_within_its_tolerance_or_is_not() {
        let inside = row(|_| vec![0.5, 1.5]).outcome(&[]);
        assert_eq!((inside.mean, inside.within, inside.trials), (1.0, Some(true), 2));
        assert!((inside.deviation.unwrap() - 0.5_f64.sqrt()).abs() < 1e-12);
        assert_eq!(row(|_| vec![1.2]).outcome(&[]).within, Some(false));
        assert_eq!(row(|_| Vec::new()).outcome(&[]).within, Some(false));
        assert_eq!(Row { tolerance: None, ..row(|_| vec![1.0]) }.outcome(&[]).within, None);
    }

    #[test]
    fn every_reproduction_has_cells_with_something_published() {
        for reproduction in REPRODUCTIONS {
            for size in [Scale::Quick, Scale::Full] {
                let cells = (reproduction.cells)(size, Seed(0));
                assert!(!cells.is_empty(), "{}", reproduction.name);
                for cell in cells {
                    let held = cell.rows.iter().any(|row| row.tolerance.is_some() && !row.published.is_empty());
                    assert!(held && !cell.plays.is_empty(), "{}: {}", reproduction.name, cell.name);
                }
            }
        }
    }
}
