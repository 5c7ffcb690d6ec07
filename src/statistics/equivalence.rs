//! Equivalence: a test that shows two things to be alike, instead of assuming it.
//!
//! *Formula*: two one-sided tests at a level: that the difference is below the margin, and that it
//! is above the negative margin. Both must be shown. That is so exactly if the interval of the
//! difference lies within the margin, where each side of the interval is wrong as often as one test
//! may be. At a level of 95 %, this is the interval of 90 %.
//!
//! *Source*: Schuirmann, "A comparison of the two one-sided tests procedure and the power approach for assessing the
//! equivalence of average bioavailability", Journal of Pharmacokinetics and Biopharmaceutics 15 (1987) 657-680.
//!
//! *What it does not show*: that there is no difference, only that it is smaller than the margin. The margin is chosen
//! before the trials.

use serde::Serialize;

use super::{Comparison, Interval, Margin, PValue};

/// Result of a test for equivalence of two samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Equivalence {
    /// Difference, the first less the second. Each side alone is wrong as often as the level of the
    /// test leaves.
    pub difference: Interval,
    /// Largest difference that still counts as none.
    pub margin: Margin,
    /// P-value of the claim that the difference is within the margin.
    pub p: PValue,
}

impl Equivalence {
    /// Returns the finding: the difference is shown to be within the margin, shown to be beyond it,
    /// or neither.
    ///
    /// If the claim is one of a family, its adjusted p-value decides instead.
    pub fn finding(&self) -> Comparison {
        self.difference.within(-self.margin.get()..=self.margin.get())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Level, Method, Sides};
    use super::*;

    #[test]
    fn a_difference_either_way_is_held_against_the_margin() {
        let finding = |low: f64, high: f64| {
            let (level, sides, method) = (Level::P95, Sides::Both, Method::Score);
            let difference = Interval { estimate: low.midpoint(high), low, high, level, sides, method };
            Equivalence { difference, margin: Margin::new(0.05).unwrap(), p: PValue::clamped(0.5) }.finding()
        };
        assert_eq!(finding(-0.05, 0.05), Comparison::Within);
        assert_eq!(finding(-0.06, 0.01), Comparison::Open);
        assert_eq!(finding(-0.01, 0.06), Comparison::Open);
        assert_eq!(finding(-0.2, -0.06), Comparison::Beyond);
        assert_eq!(finding(0.06, 0.2), Comparison::Beyond);
    }
}
