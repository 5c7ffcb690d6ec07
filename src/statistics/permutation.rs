//! A test that two samples of choices differ: by permutation of the total variation distance.
//!
//! *Formula*: the trials of both samples are pooled and dealt anew into two samples of the same sizes, `B` times; with
//! `c` deals at least as far apart as what was seen, `p = (1 + c) / (1 + B)`.
//!
//! *Source*: Phipson, Smyth, "Permutation p-values should never be zero", Statistical Applications in Genetics and
//! Molecular Biology 9 (2010) 39. The distance is that of [`variation`](super::variation).
//!
//! *What it does not show*: that two samples are alike, however large the p-value. A permutation
//! stands on the hypothesis that they are the same, and has none of a margin: for that there is
//! [`variation::equivalence`](super::variation::equivalence).

use super::draw::below;
use super::{Choices, Error, PValue, Resampling};

/// Returns the p-value of the claim that the two samples were not drawn from the same distribution.
pub fn test(one: &Choices, other: &Choices, resampling: Resampling) -> Result<PValue, Error> {
    let observed = distance(one.beside(other)?, one.trials(), other.trials());
    let pool: Vec<u32> = one.beside(other)?.map(|(one, other)| one.saturating_add(other)).collect();
    let mut cards: Vec<usize> = Vec::new();
    for (category, count) in pool.iter().enumerate() {
        cards.extend(std::iter::repeat_n(category, usize::try_from(*count).unwrap_or(usize::MAX)));
    }
    let hand = usize::try_from(one.trials()).unwrap_or(usize::MAX);
    let mut stream = resampling.stream("permutation");
    let as_far = (0..resampling.rounds()).filter(|_| {
        let mut dealt = vec![0_u32; pool.len()];
        for place in 0..hand {
            let other = place + below(&mut stream, cards.len() - place);
            cards.swap(place, other);
            if let Some(count) = cards.get(place).and_then(|category| dealt.get_mut(*category)) {
                *count += 1;
            }
        }
        let rest = dealt.iter().zip(&pool).map(|(dealt, pooled)| (*dealt, pooled - dealt));
        distance(rest, one.trials(), other.trials()) >= observed
    });
    let as_far = u32::try_from(as_far.count()).unwrap_or(u32::MAX);
    Ok(PValue::clamped((1.0 + f64::from(as_far)) / (1.0 + f64::from(resampling.rounds()))))
}

/// Returns the total variation distance times `2 n m`, so that equal distances are equal numbers.
fn distance(counts: impl Iterator<Item = (u32, u32)>, n: u32, m: u32) -> u128 {
    counts.map(|(one, other)| (u128::from(one) * u128::from(m)).abs_diff(u128::from(other) * u128::from(n))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Seed, Stream};

    fn p(one: &[u32], other: &[u32], rounds: u32, seed: u64) -> f64 {
        let (one, other) = (Choices::new(one.to_vec()).unwrap(), Choices::new(other.to_vec()).unwrap());
        test(&one, &other, Resampling::new(rounds, Seed(seed)).unwrap()).unwrap().get()
    }

    /// Summed in Python over every way to deal, weighted with `math.comb`; the first is also
    /// `scipy.stats.fisher_exact([[8, 2], [1, 9]]).pvalue`
    #[test]
    fn p_values_are_those_of_every_deal() {
        for (one, other, exact) in [
            (&[8, 2][..], &[1, 9][..], 0.005_477_494_6),
            (&[10, 5, 5], &[4, 8, 9], 0.120_811_251),
            (&[12, 8], &[10, 15], 0.236_188_971),
            (&[6, 9, 3, 2], &[5, 7, 6, 4], 0.515_174_622),
        ] {
            let p = p(one, other, 19_999, 1);
            let spread: f64 = exact * (1.0 - exact) / 20_000.0;
            assert!((p - exact).abs() <= 4.0 * spread.sqrt() + 1.0 / 20_000.0, "{p} is not {exact}");
        }
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "the same seed gives the same number")]
    fn the_same_seed_gives_the_same_p_value() {
        let one = |seed| p(&[10, 5, 5], &[4, 8, 9], 999, seed);
        assert_eq!(one(1), one(1));
        assert_ne!(one(1), one(2));
        assert_eq!(p(&[30, 0], &[30, 0], 99, 1), 1.0);
        assert_eq!(p(&[300, 0], &[0, 300], 99, 1), 0.01);
    }

    #[test]
    fn samples_of_the_same_choices_are_told_apart_no_more_often_than_the_level_leaves() {
        fn draw(stream: &mut Stream, trials: u32) -> Vec<u32> {
            let mut counts = vec![0; 4];
            for _ in 0..trials {
                counts[below(stream, 4)] += 1;
            }
            counts
        }
        let mut stream = Seed(8).stream();
        let told = (0..1_000).filter(|round| p(&draw(&mut stream, 20), &draw(&mut stream, 35), 99, *round) <= 0.05);
        let told = told.count();
        assert!((25..=71).contains(&told), "{told} of 1000");
    }

    #[test]
    fn samples_of_different_categories_are_refused() {
        let (two, three) = (Choices::new(vec![1, 1]).unwrap(), Choices::new(vec![1, 1, 1]).unwrap());
        assert_eq!(test(&two, &three, Resampling::new(99, Seed(1)).unwrap()), Err(Error::Choices));
    }
}
