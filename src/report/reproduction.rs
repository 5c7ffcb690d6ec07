//! Reproduction, as a table for people and as JSON: the published number beside ours.

use std::ops::RangeInclusive;

use serde::Serialize;

use super::page::Page;
use crate::reproduction::{Cell, Reproduction, Row, RowOutcome};
use crate::value::many;

/// Cells of a reproduction and their outcomes: a list for each cell, with an outcome for each row.
#[derive(Clone, Copy, Debug)]
pub struct ReproductionTable<'a> {
    /// Published result.
    pub reproduction: &'a Reproduction,
    /// Cells that were to be run.
    pub cells: &'a [Cell],
    /// Outcomes of the cells that were run.
    pub outcomes: &'a [Vec<RowOutcome>],
}

/// Object that `--json` prints.
#[derive(Debug, Serialize)]
pub struct ReproductionJson<'a> {
    version: u32,
    name: &'a str,
    source: &'a str,
    ending: &'static str,
    holds: bool,
    cells: Vec<CellObject<'a>>,
}

#[derive(Debug, Serialize)]
struct CellObject<'a> {
    name: &'a str,
    command: &'a str,
    episodes: u64,
    rows: Vec<RowObject<'a>>,
}

#[derive(Debug, Serialize)]
struct RowObject<'a> {
    what: &'a str,
    published: Option<&'a str>,
    tolerance: Option<[f64; 2]>,
    mean: f64,
    deviation: Option<f64>,
    trials: usize,
    within: Option<bool>,
}

impl ReproductionTable<'_> {
    /// `true` if every cell was run: an interrupt leaves the last ones out.
    pub const fn is_whole(&self) -> bool {
        self.outcomes.len() == self.cells.len()
    }

    /// `true` if everything was run and is within its tolerance.
    pub fn holds(&self) -> bool {
        self.is_whole() && self.outcomes.iter().flatten().all(|outcome| outcome.within != Some(false))
    }

    fn rows(&self) -> impl Iterator<Item = (&Cell, impl Iterator<Item = (&Row, &RowOutcome)>)> {
        self.cells.iter().zip(self.outcomes).map(|(cell, outcomes)| (cell, cell.rows.iter().zip(outcomes)))
    }

    /// Returns the table for people.
    pub fn text(&self, columns: usize) -> String {
        let Self { reproduction, .. } = self;
        let mut page = Page::new(columns);
        page.line(format!("{}: {}", reproduction.name, reproduction.summary));
        page.line(format!("source: {}", reproduction.source));
        for (cell, rows) in self.rows() {
            page.blank();
            page.line(&cell.name);
            for (row, outcome) in rows {
                let ours = match outcome.deviation {
                    Some(deviation) => format!("{:.4}, sd {deviation:.4} over {}", outcome.mean, outcome.trials),
                    None => format!("{:.4}", outcome.mean),
                };
                let published = if row.published.is_empty() { "-" } else { row.published };
                let judged = match (&row.tolerance, outcome.within) {
                    (Some(tolerance), Some(within)) => judged(within, tolerance),
                    _ => "nothing published to hold it to".to_owned(),
                };
                page.hanging("  ", format!("{}: published {published}, here {ours}: {judged}", row.what));
            }
            page.unwrapped(format!("  $ {}", cell.command));
        }
        let outside = self.outcomes.iter().flatten().filter(|outcome| outcome.within == Some(false)).count();
        let held = self.outcomes.iter().flatten().filter(|outcome| outcome.within.is_some()).count();
        let all = match (held, outside) {
            (0, _) => None,
            (1, 0) => Some("within its tolerance".to_owned()),
            (_, 0) => Some(format!("all {held} within their tolerances")),
            (1, _) => Some("outside its tolerance".to_owned()),
            _ => Some(format!("{outside} of {held} outside their tolerances")),
        };
        if let Some(all) = all {
            page.blank();
            page.unwrapped(all);
        }
        if !self.is_whole() {
            let (done, all) = (self.outcomes.len(), many(self.cells.len(), "cell"));
            page.blank();
            page.line(format!("cancelled after {done} of {all}: what stands above is of these alone"));
        }
        page.finish()
    }

    /// Returns the object for machines.
    pub fn json(&self) -> ReproductionJson<'_> {
        let row = |(row, outcome): (&_, &RowOutcome)| {
            let Row { what, published, tolerance, .. }: &Row = row;
            RowObject {
                what,
                published: Some(*published).filter(|published| !published.is_empty()),
                tolerance: tolerance.as_ref().map(|tolerance| [*tolerance.start(), *tolerance.end()]),
                mean: outcome.mean,
                deviation: outcome.deviation,
                trials: outcome.trials,
                within: outcome.within,
            }
        };
        let cells = self.cells.iter().zip(self.outcomes).map(|(cell, outcomes)| CellObject {
            name: &cell.name,
            command: &cell.command,
            episodes: cell.episodes(),
            rows: cell.rows.iter().zip(outcomes).map(row).collect(),
        });
        ReproductionJson {
            version: 1,
            name: self.reproduction.name,
            source: self.reproduction.source,
            ending: if self.is_whole() { "completed" } else { "cancelled" },
            holds: self.holds(),
            cells: cells.collect(),
        }
    }
}

/// Describes if a number is as it should be: one number, or within a range.
fn judged(within: bool, tolerance: &RangeInclusive<f64>) -> String {
    let (low, high) = (tolerance.start(), tolerance.end());
    if low.total_cmp(high).is_eq() {
        format!("{} {low}", if within { "exactly" } else { "NOT" })
    } else {
        format!("{} {low:.4} to {high:.4}", if within { "within" } else { "OUTSIDE" })
    }
}
