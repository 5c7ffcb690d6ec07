//! Total variation distance between two ways to choose, and a test that it is small.
//!
//! *Formula*: the total variation distance of two distributions is half the sum of the absolute
//! differences of their probabilities. It equals the greatest difference in the probability of any
//! set of categories. So the distance is below a margin exactly if that difference is below it for
//! every set. The test splits the categories in two in every way, puts each split to
//! [`proportions`], and takes the largest p-value. The upper limit is the largest of any split at
//! the level itself. The lower limit is the largest too, each at what the level leaves divided by
//! the number of declared sets that are neither empty nor everything.
//!
//! *Source*: Berger, "Multiparameter hypothesis testing and acceptance sampling", Technometrics 24 (1982) 295-300: a
//! claim that needs several others is shown where each of them is, and needs no adjustment. The lower limit is
//! Bonferroni's.
//!
//! *What it does not show*: a category that was left out of the declaration. The level is that of
//! [`proportions`], and a little conservative. Where each trial of one sample has a partner with
//! the same seed in the other, the rate at which pairs differ is never below the distance. (Levin,
//! Peres, Wilmer, "Markov Chains and Mixing Times", proposition 4.7.) So
//! [`clopper_pearson`](super::clopper_pearson) of that count bounds it, exactly, for any number of
//! categories and, where the choices vary, with far fewer trials.
//!
//! This is no permutation test: a permutation stands on samples from one distribution, and at the
//! margin they are from two.

use super::functions::count;
use super::{Choices, Equivalence, Error, Interval, Level, Margin, Method, PValue, Sides, Tally, proportions};

/// Maximal number of categories in use: 2,047 splits.
pub(super) const MOST: usize = 12;

/// Returns the total variation distance of the two samples, in [0, 1].
///
/// Samples of one distribution are apart too, by chance: with `n` trials each, on the average by
/// about `sqrt((k - 1) / (pi n))` where `k` categories are equally likely.
pub fn distance(one: &Choices, other: &Choices) -> Result<f64, Error> {
    let (n, m) = (f64::from(one.trials()), f64::from(other.trials()));
    Ok(one.beside(other)?.map(|(one, other)| (f64::from(one) / n - f64::from(other) / m).abs()).sum::<f64>() / 2.0)
}

/// Tests the claim that the distance behind two independent samples is less than `margin`, which is
/// below 1. At most twelve categories may be in use.
pub fn equivalence(one: &Choices, other: &Choices, margin: Margin, level: Level) -> Result<Equivalence, Error> {
    let estimate = distance(one, other)?;
    let declared = one.counts().len();
    let sets = count(declared).exp2() - 2.0;
    let (mut low, mut high, mut p) = (0.0_f64, 0.0_f64, PValue::clamped(0.0));
    for (one, other) in splits(one, other)? {
        let (below, above) = proportions::limits(one, other, level.alpha());
        high = high.max(-below).max(above);
        let (below, above) = proportions::limits(one, other, level.alpha() / sets);
        low = low.max(below).max(-above);
        p = p.and(proportions::test(one, other, margin)?);
    }
    let (level, sides, method) = (level.of_two(), Sides::Both, Method::EverySplit);
    Ok(Equivalence { difference: Interval { estimate, low, high, level, sides, method }, margin, p })
}

/// Returns both samples, split in two in every way. Categories that neither sample chose are taken
/// together: their place in a split changes no count.
fn splits(one: &Choices, other: &Choices) -> Result<Vec<(Tally, Tally)>, Error> {
    let mut seen: Vec<(u32, u32)> = one.beside(other)?.filter(|counts| *counts != (0, 0)).collect();
    if seen.len() > MOST {
        return Err(Error::Categories { seen: seen.len() });
    }
    if seen.len() < one.counts().len() {
        seen.push((0, 0));
    }
    // One category stays outside the set: its complement is the same split.
    (1..1_u32 << (seen.len() - 1))
        .map(|set| {
            let inside = seen.iter().enumerate().filter(|(place, _)| set >> place & 1 == 1);
            let (hits, others) = inside.fold((0, 0), |sum, (_, counts)| (sum.0 + counts.0, sum.1 + counts.1));
            Ok((Tally::new(hits, one.trials())?, Tally::new(others, other.trials())?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::Comparison;
    use super::super::testing::assert_near;
    use super::*;
    use crate::value::{Seed, Stream};

    fn choices(counts: &[u32]) -> Choices {
        Choices::new(counts.to_vec()).unwrap()
    }

    fn found(one: &[u32], other: &[u32], margin: f64) -> Equivalence {
        equivalence(&choices(one), &choices(other), Margin::new(margin).unwrap(), Level::P95).unwrap()
    }

    #[test]
    fn the_distance_is_the_greatest_difference_of_any_set() {
        assert_near(distance(&choices(&[8, 2]), &choices(&[1, 9])).unwrap(), 0.7, 1e-12);
        assert_near(distance(&choices(&[10, 5, 5]), &choices(&[4, 8, 9])).unwrap(), 13.0 / 42.0, 1e-12);
        let (one, other) = (choices(&[6, 9, 3, 2]), choices(&[5, 7, 6, 4]));
        let greatest =
            splits(&one, &other).unwrap().into_iter().map(|(one, other)| (one.share() - other.share()).abs());
        assert_near(greatest.fold(0.0, f64::max), distance(&one, &other).unwrap(), 1e-12);
    }

    #[test]
    fn of_two_categories_it_is_the_test_of_two_rates() {
        let tally = |hits, trials| Tally::new(hits, trials).unwrap();
        let rates =
            proportions::equivalence(tally(40, 80), tally(30, 70), Margin::new(0.2).unwrap(), Level::P95).unwrap();
        let found = found(&[40, 40], &[30, 40], 0.2);
        assert_eq!(found.p, rates.p);
        assert_near(found.difference.high, rates.difference.high, 0.0);
        assert_near(found.difference.low, 0.0, 0.0);
    }

    #[test]
    fn neither_the_order_of_samples_nor_that_of_categories_matters() {
        let (one, other) = ([[50, 30, 20], [20, 50, 30], [30, 20, 50]], [[38, 30, 32], [32, 38, 30], [30, 32, 38]]);
        let first = found(&one[0], &other[0], 0.3);
        for (one, other) in one.iter().zip(&other) {
            for again in [found(one, other, 0.3), found(other, one, 0.3)] {
                assert_near(again.p.get(), first.p.get(), 1e-12);
                assert_near(again.difference.low, first.difference.low, 1e-12);
                assert_near(again.difference.high, first.difference.high, 1e-12);
            }
        }
    }

    #[test]
    fn near_far_and_unknown_are_told_apart() {
        assert_eq!(found(&[500, 300, 200], &[510, 295, 195], 0.1).finding(), Comparison::Within);
        assert_eq!(found(&[50, 30, 20], &[51, 29, 20], 0.1).finding(), Comparison::Open);
        assert_eq!(found(&[90, 5, 5], &[5, 5, 90], 0.1).finding(), Comparison::Beyond);
    }

    #[test]
    fn a_choice_never_seen_still_leaves_a_doubt() {
        assert_eq!(found(&[51, 0, 0, 0], &[51, 0, 0, 0], 0.05).finding(), Comparison::Open);
        assert_eq!(found(&[52, 0, 0, 0], &[52, 0, 0, 0], 0.05).finding(), Comparison::Within);
    }

    #[test]
    fn categories_in_use_are_limited_and_declared_ones_are_not() {
        let margin = Margin::new(0.5).unwrap();
        let (used, declared) = (choices(&[9; 13]), choices(&[vec![99, 1], vec![0; 998]].concat()));
        assert_eq!(equivalence(&used, &used, margin, Level::P95), Err(Error::Categories { seen: 13 }));
        let far = equivalence(&declared, &declared, margin, Level::P95).unwrap();
        assert_eq!(far.finding(), Comparison::Within);
        assert!(far.difference.low >= 0.0);
    }

    fn draw(stream: &mut Stream, shares: [f64; 3]) -> Choices {
        let mut counts = vec![0; 3];
        for _ in 0..150 {
            let unit = stream.unit();
            counts[usize::from(unit >= shares[0]) + usize::from(unit >= shares[0] + shares[1])] += 1;
        }
        Choices::new(counts).unwrap()
    }

    #[test]
    fn choices_as_far_apart_as_the_margin_are_found_near_or_far_no_more_often_than_the_level_leaves() {
        let mut stream = Seed(11).stream();
        let margin = Margin::new(0.2).unwrap();
        for (one, other) in [([0.5, 0.3, 0.2], [0.3, 0.5, 0.2]), ([0.9, 0.1, 0.0], [0.7, 0.2, 0.1])] {
            let mut near = 0;
            let mut far = 0;
            for _ in 0..600 {
                let (one, other) = (draw(&mut stream, one), draw(&mut stream, other));
                match equivalence(&one, &other, margin, Level::P95).unwrap().finding() {
                    Comparison::Within => near += 1,
                    Comparison::Beyond => far += 1,
                    Comparison::Open => {}
                }
            }
            assert!(near <= 45 && far <= 30, "{near} {far} of 600");
        }
    }
}
