//! Published results, made again: the number that a paper has beside the number that agents in the box come to.
//!
//! ```text
//!  Reproduction --cells--> Cell { plays, rows } --run--> Seen, a play at a time --row.measure--> Outcome --within--> yes or no
//! ```
//!
//! 1. Every number comes from components that live episodes in the box, with carry-over, `learn` and selection where the result is
//!    about learning. Nothing is computed past them.
//! 2. An outcome is the same for any number of workers.
//! 3. A number without anything published beside it is shown, and never counts as reproduced.
//!
//! Adding one is one file and one line in [`REPRODUCTIONS`].

mod grids;
pub mod hi_ads;
mod play;
mod post;

use std::ops::RangeInclusive;

pub use play::{Error, Lineage, Play, Score, Seen, Watch, carry_out};

use crate::value::Seed;

/// Every reproduction, in the order in which `dayfly list reproductions` shows them.
pub const REPRODUCTIONS: &[Reproduction] =
    &[hi_ads::REPRODUCTION, grids::OFF_SWITCH, grids::SUPERVISOR, post::REPRODUCTION];

/// A published result, and what it takes to make it again.
#[derive(Clone, Copy, Debug)]
pub struct Reproduction {
    /// The name on the command line.
    pub name: &'static str,
    /// What it is about, in one line.
    pub summary: &'static str,
    /// Where it was published.
    pub source: &'static str,
    /// Its cells.
    pub cells: fn(Size, Seed) -> Vec<Cell>,
}

/// How much is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Small versions, in seconds. What they are held to is wider, or what the same rules give at that size.
    Quick,
    /// What was published.
    Full,
}

/// Some runs, and what is measured in them.
#[derive(Clone, Debug)]
pub struct Cell {
    /// What was run, in words.
    pub name: String,
    /// The command that runs it alone.
    pub command: String,
    /// The runs, one a trial.
    pub plays: Vec<Play>,
    /// What is measured.
    pub rows: Vec<Row>,
}

/// One number of a cell.
#[derive(Clone, Debug)]
pub struct Row {
    /// What is measured, with its unit.
    pub what: &'static str,
    /// The published number, as it was published; empty where there is none.
    pub published: &'static str,
    /// What ours has to be within; none where there is nothing to hold it to.
    pub tolerance: Option<RangeInclusive<f64>>,
    /// One number a trial.
    pub measure: Measure,
}

/// What was seen as numbers, one a trial.
pub type Measure = fn(&[Seen]) -> Vec<f64>;

/// What a row came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The mean over trials.
    pub mean: f64,
    /// The standard deviation over trials; none of fewer than two.
    pub deviation: Option<f64>,
    /// How many trials.
    pub trials: usize,
    /// Whether it is within the tolerance; none where there is none.
    pub within: Option<bool>,
}

impl Reproduction {
    /// The one with this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        REPRODUCTIONS.iter().find(|reproduction| reproduction.name == name)
    }
}

impl Cell {
    /// How many episodes its runs have.
    pub fn episodes(&self) -> u64 {
        self.plays.iter().map(|play| play.episodes).sum()
    }
}

impl Row {
    /// What was seen, as this row measures it.
    pub fn outcome(&self, seen: &[Seen]) -> Outcome {
        let values = (self.measure)(seen);
        let count = count(values.len());
        let mean = if values.is_empty() { f64::NAN } else { values.iter().sum::<f64>() / count };
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = (values.len() > 1).then(|| (squares / (count - 1.0)).sqrt());
        let within = self.tolerance.as_ref().map(|tolerance| tolerance.contains(&mean));
        Outcome { mean, deviation, trials: values.len(), within }
    }
}

/// A count as a number to calculate with.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a count of episodes is far below 2^53")]
const fn count(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: fn(&[Seen]) -> Vec<f64>) -> Row {
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
            for size in [Size::Quick, Size::Full] {
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
