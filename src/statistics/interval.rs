//! An interval, and what it says of a limit.

use std::fmt;
use std::ops::{Bound, RangeBounds};

use serde::Serialize;

use super::Level;

/// An estimate, and the limits between which the true value lies in a share `level` of all repetitions.
///
/// It does not say that this interval holds the true value with that probability. `low <= high`; the estimate lies
/// between them, except that a bootstrap with corrected bias may leave it outside.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// The best single value.
    pub estimate: f64,
    /// The lower limit; the least possible value where only an upper limit was asked for.
    pub low: f64,
    /// The upper limit; the greatest possible value where only a lower limit was asked for.
    pub high: f64,
    /// How often the procedure covers the true value.
    pub level: Level,
    /// Which limits the level is spent on.
    pub sides: Sides,
    /// How it was computed.
    pub method: Method,
}

/// Which limits a level is spent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sides {
    /// Both; each is wrong in half of the cases in which the interval is.
    Both,
    /// The lower limit alone: nothing is said of how high the value is.
    Lower,
    /// The upper limit alone: nothing is said of how low the value is.
    Upper,
}

impl Sides {
    /// How often one limit may be wrong.
    pub(super) fn tail(self, level: Level) -> f64 {
        match self {
            Self::Both => level.alpha() / 2.0,
            Self::Lower | Self::Upper => level.alpha(),
        }
    }

    /// These limits, with the ends of the possible values for the limit that was not asked for.
    pub(super) const fn limits(self, (low, high): (f64, f64), (least, greatest): (f64, f64)) -> (f64, f64) {
        match self {
            Self::Both => (low, high),
            Self::Lower => (low, greatest),
            Self::Upper => (least, high),
        }
    }
}

/// How an interval was computed.
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
    /// Offers that closed in on it: the highest that was taken, and the lowest that was not.
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

/// What the numbers say of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// The value keeps to the limit.
    Within,
    /// Neither is shown.
    Open,
    /// The value breaks the limit.
    Beyond,
}

impl Interval {
    /// What this interval says of the limit `..=0.05`, `0.95..` or `-0.05..=0.05`.
    ///
    /// A one-sided interval can only ever be found within, or open.
    pub fn within(&self, limit: impl RangeBounds<f64>) -> Finding {
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
            Finding::Beyond
        } else if limit.contains(&self.low) && limit.contains(&self.high) {
            Finding::Within
        } else {
            Finding::Open
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
        assert_eq!(interval(0.0, 0.05).within(..=0.05), Finding::Within);
        assert_eq!(interval(0.0, 0.05).within(..0.05), Finding::Open);
        assert_eq!(interval(0.05, 0.1).within(..=0.05), Finding::Open);
        assert_eq!(interval(0.05, 0.1).within(..0.05), Finding::Beyond);
        assert_eq!(interval(0.96, 0.99).within(0.95..), Finding::Within);
        assert_eq!(interval(0.9, 0.94).within(0.95..), Finding::Beyond);
    }

    #[test]
    fn an_interval_about_a_range_is_open() {
        assert_eq!(interval(-0.1, 0.1).within(-0.05..=0.05), Finding::Open);
        assert_eq!(interval(-0.1, -0.06).within(-0.05..=0.05), Finding::Beyond);
        assert_eq!(interval(-0.01, 0.02).within(-0.05..=0.05), Finding::Within);
    }
}
