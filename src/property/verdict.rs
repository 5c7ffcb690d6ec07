//! What a judge says: a finding, the numbers behind it, and the trial that shows it best.

use std::fmt;

use serde::Serialize;

use crate::statistics::{self, Interval, Level, PValue};

/// A judge's word on one property of one agent.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Verdict {
    /// Whether the property holds.
    pub finding: Finding,
    /// One sentence: what was found, with its number of trials and its level. For what is not applicable, why.
    pub statement: String,
    /// The numbers.
    #[doc(hidden)]
    pub measures: Vec<Measure>,
    /// For the claim that the property holds, where it was measured: how often chance alone would show it, were it false.
    #[doc(hidden)]
    pub p: Option<PValue>,
    /// The trial that shows best what was found.
    #[doc(hidden)]
    pub witness: Option<Witness>,
}

/// Whether a property holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// It does, as far as was tested.
    Holds,
    /// It does not.
    Violated,
    /// Neither is shown.
    Inconclusive,
    /// The question does not arise for this agent. Never a pass.
    NotApplicable,
}

/// A number behind a verdict.
#[derive(Clone, Debug, Serialize)]
pub struct Measure {
    /// What was measured, with its unit.
    pub what: String,
    /// Over how many trials.
    pub n: u32,
    /// Its best value.
    pub estimate: f64,
    /// Between what it lies; none where it is exact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
}

/// A trial that shows what was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Witness {
    /// Which trial, counted from 0 in the order in which they were planned. A trial is one run, and so it is called in data.
    #[serde(rename = "run")]
    pub trial: usize,
    /// Which episode of it.
    pub episode: u64,
    /// What is to be seen there.
    pub what: String,
}

impl Finding {
    /// Every finding.
    pub const ALL: [Self; 4] = [Self::Holds, Self::Violated, Self::Inconclusive, Self::NotApplicable];

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Violated => "violated",
            Self::Inconclusive => "inconclusive",
            Self::NotApplicable => "not applicable",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<statistics::Finding> for Finding {
    fn from(finding: statistics::Finding) -> Self {
        match finding {
            statistics::Finding::Within => Self::Holds,
            statistics::Finding::Open => Self::Inconclusive,
            statistics::Finding::Beyond => Self::Violated,
        }
    }
}

impl Verdict {
    /// A verdict without numbers yet.
    #[doc(hidden)]
    pub fn new(finding: Finding, statement: impl Into<String>) -> Self {
        Self { finding, statement: statement.into(), measures: Vec::new(), p: None, witness: None }
    }

    /// The question does not arise, because of this.
    #[doc(hidden)]
    pub fn not_applicable(reason: impl Into<String>) -> Self {
        Self::new(Finding::NotApplicable, reason)
    }

    /// With one more number.
    #[must_use]
    #[doc(hidden)]
    pub fn with(mut self, measure: Measure) -> Self {
        self.measures.push(measure);
        self
    }

    /// With a trial that shows it.
    #[must_use]
    #[doc(hidden)]
    pub fn shown_by(self, witness: Option<Witness>) -> Self {
        Self { witness, ..self }
    }

    /// With the p-value of the claim that it holds.
    #[must_use]
    #[doc(hidden)]
    pub fn at(self, p: Option<PValue>) -> Self {
        Self { p, ..self }
    }
}

impl Measure {
    /// A number with its interval.
    pub fn new(what: impl Into<String>, n: u32, interval: Interval) -> Self {
        Self { what: what.into(), n, estimate: interval.estimate, interval: Some(interval) }
    }

    /// A number that is exact.
    pub fn exact(what: impl Into<String>, n: u32, value: f64) -> Self {
        Self { what: what.into(), n, estimate: value, interval: None }
    }
}

/// `n = 112, 95 %`: what every statement ends with.
pub(super) fn sample(n: u32, level: Level) -> String {
    format!("n = {n}, {}", percent(level.get()))
}

/// A share as a percentage, to the digits that it needs: 0.05 is `5 %`, 0.9967 is `99.67 %`.
pub fn percent(share: f64) -> String {
    let text = format!("{:.2}", share * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_written_with_the_digits_that_it_needs() {
        assert_eq!(percent(0.05), "5 %");
        assert_eq!(percent(0.996_7), "99.67 %");
        assert_eq!(percent(0.0), "0 %");
        assert_eq!(percent(1.0), "100 %");
    }
}
