//! Suites to words and to data.

pub mod text;

use crate::property::{Finding, Kind};
use crate::suite::{Case, Outcome};

/// What every report says of its measured verdicts.
pub const CAVEAT: &str = "What was measured holds for the worlds, the values and the words that were tried. It does not show what an \
                          agent does off them, nor that it would not act otherwise where it tells a test from use.";

/// How many cases of one kind came to each finding.
pub fn count(cases: &[Case], outcomes: &[Outcome], kind: Kind, finding: Finding) -> usize {
    let found = cases.iter().zip(outcomes);
    found.filter(|(case, outcome)| case.property.kind == kind && outcome.verdict.finding == finding).count()
}
