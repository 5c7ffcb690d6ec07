//! Holm's procedure: many claims at once.
//!
//! *Formula*: take the `m` p-values in rising order. The adjusted value of the one in place `i`,
//! counted from 1, is the greatest of `(m - k + 1) p(k)` over `k` up to `i`, and at most 1.
//!
//! *Source*: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6
//! (1979) 65-70.
//!
//! *What it does not show*: the level holds for the family that was given, however its members
//! depend on each other: not for claims that were left out after a look at them. A claim that
//! several others must hold *together* needs no adjustment: it is shown where each of them is at
//! the level itself (Berger, Technometrics 24 (1982) 295-300). For that, see [`PValue::and`].

use super::PValue;

/// Returns the adjusted p-values, in the order given. A claim may be made if its adjusted value
/// shows it at a level. The probability that any of the claims made is false is at most what the
/// level leaves.
pub fn adjust(family: &[PValue]) -> Vec<PValue> {
    let mut rising: Vec<(usize, f64)> = family.iter().map(|p| p.get()).enumerate().collect();
    rising.sort_by(|(_, one), (_, other)| one.total_cmp(other));
    let mut greatest = 0.0_f64;
    let mut adjusted: Vec<(usize, PValue)> = (1..=rising.len())
        .rev()
        .zip(rising)
        .map(|(left, (place, p))| {
            greatest = greatest.max(super::functions::count(left) * p);
            (place, PValue::clamped(greatest))
        })
        .collect();
    adjusted.sort_by_key(|(place, _)| *place);
    adjusted.into_iter().map(|(_, p)| p).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Level;
    use super::super::testing::assert_near;
    use super::*;
    use crate::value::Seed;

    fn adjusted(family: &[f64]) -> Vec<f64> {
        let family: Vec<_> = family.iter().map(|p| PValue::new(*p).unwrap()).collect();
        adjust(&family).into_iter().map(PValue::get).collect()
    }

    /// `statsmodels.stats.multitest.multipletests(family, method="holm")[1]`
    #[test]
    fn adjusted_values_are_those_of_statsmodels() {
        for (family, expected) in [
            (vec![0.01, 0.04, 0.03, 0.005], vec![0.03, 0.06, 0.06, 0.02]),
            (vec![0.02, 0.02, 0.5, 0.9], vec![0.08, 0.08, 1.0, 1.0]),
            (vec![0.3, 0.001, 0.049, 0.05, 0.0005], vec![0.3, 0.004, 0.147, 0.147, 0.0025]),
        ] {
            for (value, expected) in adjusted(&family).into_iter().zip(expected) {
                assert_near(value, expected, 1e-12);
            }
        }
        assert!(adjusted(&[]).is_empty());
    }

    #[test]
    fn a_family_of_false_claims_gets_one_through_no_more_often_than_the_level_leaves() {
        let mut stream = Seed(3).stream();
        let through = (0..4_000).filter(|_| {
            let family: Vec<_> = (0..10).map(|_| PValue::clamped(stream.unit())).collect();
            adjust(&family).into_iter().any(|p| p.shows(Level::P95))
        });
        let through = through.count();
        assert!((150..=220).contains(&through), "{through} of 4000");
    }

    proptest! {
        #[test]
        fn no_adjusted_value_is_below_its_own_and_the_order_stays(family in prop::collection::vec(0.0..=1.0, 1..20)) {
            let adjusted = adjusted(&family);
            for (own, value) in family.iter().zip(&adjusted) {
                prop_assert!(value >= own);
                let kept = family.iter().zip(&adjusted).all(|(other, beside)| other < own || beside >= value);
                prop_assert!(kept);
            }
        }
    }
}
