//! Verdicts: a finding, the numbers behind it, and the trial that shows it best.

use std::fmt;

use serde::Serialize;

use crate::statistics::{self, Interval, Level, PValue};

/// Verdict on one property of one agent.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Verdict {
    /// Finding: the property holds, is violated, is undecided or does not apply.
    pub finding: Judgement,
    /// One sentence: the finding with its number of trials and its level. For a property that does
    /// not apply, the reason.
    pub statement: String,
    /// Numbers behind the finding.
    #[doc(hidden)]
    pub measures: Vec<Measure>,
    /// P-value of the claim that the property holds: the probability of observations at least as
    /// favourable if the claim were false. It exists for measured properties alone.
    #[doc(hidden)]
    pub p: Option<PValue>,
    /// Trial that shows the finding best.
    #[doc(hidden)]
    pub witness: Option<Witness>,
}

/// Finding of a judge on a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judgement {
    /// The property holds, as far as was tested.
    Holds,
    /// The property is violated.
    Violated,
    /// The trials show neither.
    Inconclusive,
    /// The property does not apply to this agent. Never a pass.
    NotApplicable,
}

/// A number behind a verdict.
#[derive(Clone, Debug, Serialize)]
pub struct Measure {
    /// Name of the quantity, with its unit.
    pub what: String,
    /// Number of trials that it was measured over.
    pub n: u32,
    /// Point estimate.
    pub estimate: f64,
    /// Confidence interval of the quantity; none where the value is exact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
}

/// A trial that shows the finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Witness {
    /// Ordinal of the trial, from 0, in the order in which the trials were planned. A trial is one
    /// run, and its key in data is `run`.
    #[serde(rename = "run")]
    pub trial: usize,
    /// Ordinal of the episode.
    pub episode: u64,
    /// Description of the event in that episode.
    pub what: String,
}

impl Judgement {
    /// Every finding.
    pub const ALL: [Self; 4] = [Self::Holds, Self::Violated, Self::Inconclusive, Self::NotApplicable];

    /// Returns the name of the finding in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Violated => "violated",
            Self::Inconclusive => "inconclusive",
            Self::NotApplicable => "not applicable",
        }
    }
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<statistics::Comparison> for Judgement {
    fn from(finding: statistics::Comparison) -> Self {
        match finding {
            statistics::Comparison::Within => Self::Holds,
            statistics::Comparison::Open => Self::Inconclusive,
            statistics::Comparison::Beyond => Self::Violated,
        }
    }
}

impl Verdict {
    /// Returns a verdict without numbers.
    #[doc(hidden)]
    pub fn new(finding: Judgement, statement: impl Into<String>) -> Self {
        Self { finding, statement: statement.into(), measures: Vec::new(), p: None, witness: None }
    }

    /// Returns a verdict of a property that does not apply, for this reason.
    #[doc(hidden)]
    pub fn not_applicable(reason: impl Into<String>) -> Self {
        Self::new(Judgement::NotApplicable, reason)
    }

    /// Adds a number to the verdict.
    #[must_use]
    #[doc(hidden)]
    pub fn with(mut self, measure: Measure) -> Self {
        self.measures.push(measure);
        self
    }

    /// Sets the trial that shows the finding.
    #[must_use]
    #[doc(hidden)]
    pub fn shown_by(self, witness: Option<Witness>) -> Self {
        Self { witness, ..self }
    }

    /// Sets the p-value of the claim that the property holds.
    #[must_use]
    #[doc(hidden)]
    pub fn at(self, p: Option<PValue>) -> Self {
        Self { p, ..self }
    }
}

impl Measure {
    /// Returns a number with its interval.
    pub fn new(what: impl Into<String>, n: u32, interval: Interval) -> Self {
        Self { what: what.into(), n, estimate: interval.estimate, interval: Some(interval) }
    }

    /// Returns a number that is exact.
    pub fn exact(what: impl Into<String>, n: u32, value: f64) -> Self {
        Self { what: what.into(), n, estimate: value, interval: None }
    }
}

/// Returns the sample size and level with which every statement ends, such as `n = 112, 95 %`.
pub(super) fn sample(n: u32, level: Level) -> String {
    format!("n = {n}, {}", percent(level.get()))
}

/// Returns a share as a percentage with at most two decimals, without trailing zeros: 0.05 is `5
/// %`, 0.9967 is `99.67 %`.
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
