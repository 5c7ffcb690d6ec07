//! That two things are alike, shown and not assumed.
//!
//! *Formula*: two one-sided tests at a level: that the difference is below the margin, and that it is above the
//! negative margin. Both must be shown. That is so exactly where the interval of the difference, wrong on either side
//! as often as one test may be, lies within the margin: at a level of 95 %, the interval of 90 %.
//!
//! *Source*: Schuirmann, "A comparison of the two one-sided tests procedure and the power approach for assessing the
//! equivalence of average bioavailability", Journal of Pharmacokinetics and Biopharmaceutics 15 (1987) 657-680.
//!
//! *What it does not show*: that there is no difference, only that it is smaller than the margin. The margin is chosen
//! before the trials.

use serde::Serialize;

use super::{Finding, Interval, Margin, PValue};

/// What two samples say of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Equivalence {
    /// The difference, the first less the second. Each side alone is wrong as often as the level of the test leaves.
    pub difference: Interval,
    /// How large a difference still counts as none.
    pub margin: Margin,
    /// For the claim that the difference is within the margin.
    pub p: PValue,
}

impl Equivalence {
    /// Whether the difference is shown to be within the margin, or beyond it.
    ///
    /// Where the claim is one of a family, its adjusted p-value is what shows it.
    pub fn finding(&self) -> Finding {
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
        assert_eq!(finding(-0.05, 0.05), Finding::Within);
        assert_eq!(finding(-0.06, 0.01), Finding::Open);
        assert_eq!(finding(-0.01, 0.06), Finding::Open);
        assert_eq!(finding(-0.2, -0.06), Finding::Beyond);
        assert_eq!(finding(0.06, 0.2), Finding::Beyond);
    }
}
