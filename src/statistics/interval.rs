//! Confidence intervals, and their comparison with a limit.

use std::fmt;
use std::ops::{Bound, RangeBounds};

use serde::Serialize;

use super::Level;

/// An estimate with a confidence interval: in a share `level` of all repetitions, the interval
/// contains the true value.
///
/// This is not the probability that this one interval contains the true value. `low <= high`. The
/// estimate lies between them, except that a bootstrap with corrected bias may leave it outside.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// Point estimate.
    pub estimate: f64,
    /// Lower limit; the least possible value if only an upper limit was asked for.
    pub low: f64,
    /// Upper limit; the greatest possible value if only a lower limit was asked for.
    pub high: f64,
    /// Confidence level: the share of repetitions in which the procedure covers the true value.
    pub level: Level,
    /// Limits among which the error of the level is divided.
    pub sides: Sides,
    /// Method by which the interval was computed.
    pub method: Method,
}

/// Limits among which the error of a level is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sides {
    /// Both limits; each is wrong in half of the cases in which the interval is.
    Both,
    /// The lower limit alone: the interval has no upper limit.
    Lower,
    /// The upper limit alone: the interval has no lower limit.
    Upper,
}

impl Sides {
    /// Returns the probability that one limit may be wrong.
    pub(super) fn tail(self, level: Level) -> f64 {
        match self {
            Self::Both => level.alpha() / 2.0,
            Self::Lower | Self::Upper => level.alpha(),
        }
    }

    /// Returns these limits; a limit that was not asked for becomes the end of the possible values.
    pub(super) const fn limits(self, (low, high): (f64, f64), (least, greatest): (f64, f64)) -> (f64, f64) {
        match self {
            Self::Both => (low, high),
            Self::Lower => (low, greatest),
            Self::Upper => (least, high),
        }
    }
}

/// Method by which an interval was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// [`clopper_pearson`](super::clopper_pearson).
    ClopperPearson,
    /// [`wilson`](super::wilson).
    Wilson,
    /// [`sprt`](super::sprt).
    Sequential,
    /// [`proportions`](super::proportions).
    Score,
    /// [`means`](super::means), of two samples.
    Welch,
    /// [`means`](super::means), of pairs.
    Paired,
    /// [`variation`](super::variation).
    EverySplit,
    /// [`bootstrap`](super::bootstrap), quantiles as they are.
    Percentile,
    /// [`bootstrap`](super::bootstrap), with bias and acceleration corrected.
    Bca,
    /// [`likelihood`](super::likelihood).
    LikelihoodRatio,
    /// Titration: the limits are the highest offer that was taken and the lowest that was not.
    Titration,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClopperPearson => "Clopper-Pearson",
            Self::Wilson => "Wilson",
            Self::Sequential => "sequential probability ratio test",
            Self::Score => "Miettinen-Nurminen score",
            Self::Welch => "Welch",
            Self::Paired => "paired Student",
            Self::EverySplit => "score over every split",
            Self::Percentile => "percentile bootstrap",
            Self::Bca => "BCa bootstrap",
            Self::LikelihoodRatio => "profile likelihood",
            Self::Titration => "titration",
        })
    }
}

/// Finding on a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Comparison {
    /// The value is shown to keep to the limit.
    Within,
    /// The interval shows neither.
    Open,
    /// The value is shown to break the limit.
    Beyond,
}

impl Interval {
    /// Compares this interval with a limit such as `..=0.05`, `0.95..` or `-0.05..=0.05`.
    ///
    /// A one-sided interval can show one side alone: with an upper limit, `..=0.05` is found
    /// within, or open.
    pub fn within(&self, limit: impl RangeBounds<f64>) -> Comparison {
        let below = match limit.start_bound() {
            Bound::Included(start) => self.high < *start,
            Bound::Excluded(start) => self.high <= *start,
            Bound::Unbounded => false,
        };
        let above = match limit.end_bound() {
            Bound::Included(end) => self.low > *end,
            Bound::Excluded(end) => self.low >= *end,
            Bound::Unbounded => false,
        };
        if below || above {
            Comparison::Beyond
        } else if limit.contains(&self.low) && limit.contains(&self.high) {
            Comparison::Within
        } else {
            Comparison::Open
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(low: f64, high: f64) -> Interval {
        let (level, sides, method) = (Level::P95, Sides::Both, Method::Wilson);
        Interval { estimate: low.midpoint(high), low, high, level, sides, method }
    }

    #[test]
    fn an_interval_is_within_a_limit_beyond_it_or_across_it() {
        assert_eq!(interval(0.0, 0.05).within(..=0.05), Comparison::Within);
        assert_eq!(interval(0.0, 0.05).within(..0.05), Comparison::Open);
        assert_eq!(interval(0.05, 0.1).within(..=0.05), Comparison::Open);
        assert_eq!(interval(0.05, 0.1).within(..0.05), Comparison::Beyond);
        assert_eq!(interval(0.96, 0.99).within(0.95..), Comparison::Within);
        assert_eq!(interval(0.9, 0.94).within(0.95..), Comparison::Beyond);
    }

    #[test]
    fn an_interval_about_a_range_is_open() {
        assert_eq!(interval(-0.1, 0.1).within(-0.05..=0.05), Comparison::Open);
        assert_eq!(interval(-0.1, -0.06).within(-0.05..=0.05), Comparison::Beyond);
        assert_eq!(interval(-0.01, 0.02).within(-0.05..=0.05), Comparison::Within);
    }
}
