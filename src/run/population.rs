//! Selection between lineages, as in population-based training.
//!
//! ```text
//!  returns of the last episode --rank, ties by seed-->  worst share .. best share
//!                                                          ^              |
//!                                                          +---- drawn ---+  carry-over
//! ```
//!
//! Selection ranks and copies carry-overs, and does not look into them. The learner varies its copy by itself, since
//! it is told the number of selections.
//!
//! 1. A lineage that is copied is never replaced.
//! 2. A selection follows from the returns and the seed alone.
//!
//! Source: M. Jaderberg et al., "Population Based Training of Neural Networks", 2017 (arXiv 1711.09846), with
//! truncation selection; as an outer loop over episodes in D. Krueger, T. Maharaj, J. Leike, 2020 (arXiv 2009.09153).

use std::cmp::Ordering;

use crate::value::{Seed, Stream};

/// Returns, for each lineage, the lineage whose carry-over it goes on with. That is its own, except for the
/// `replaced` lineages with the least return.
///
/// Each of those draws, independently, from as many lineages with the greatest return. At most half may be replaced.
pub(super) fn select(returns: &[f64], replaced: usize, seed: Seed) -> Vec<usize> {
    let mut chance = seed.stream();
    let mut ranked: Vec<Ranked> = returns
        .iter()
        .enumerate()
        .map(|(lineage, total)| Ranked { lineage, total: total + 0.0, tie: chance.next_u64() })
        .collect();
    // INVARIANT 2: no two lineages have the same rank.
    ranked.sort_unstable_by(Ranked::order);
    // INVARIANT 1
    let replaced = replaced.min(ranked.len() / 2);
    let (worst, others) = ranked.split_at(replaced);
    let best = others.get(others.len() - replaced..).unwrap_or_default();
    let mut origins: Vec<usize> = (0..returns.len()).collect();
    for loser in worst {
        if let (Some(origin), Some(winner)) = (origins.get_mut(loser.lineage), draw(best, &mut chance)) {
            *origin = winner.lineage;
        }
    }
    origins
}

#[derive(Clone, Copy)]
struct Ranked {
    lineage: usize,
    total: f64,
    /// Random number that decides between equal returns.
    tie: u64,
}

impl Ranked {
    fn order(&self, other: &Self) -> Ordering {
        self.total.total_cmp(&other.total).then((self.tie, self.lineage).cmp(&(other.tie, other.lineage)))
    }
}

/// Draws one element of `among`, each with the same probability.
fn draw<'a>(among: &'a [Ranked], chance: &mut Stream) -> Option<&'a Ranked> {
    let scaled = u128::from(chance.next_u64()) * u128::try_from(among.len()).unwrap_or(0);
    among.get(usize::try_from(scaled >> 64).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_go_on_with_what_the_best_learned_and_nobody_else_does() {
        let returns = [0.0, 5.0, 1.0, 4.0, -1.0, 3.0, 2.0, 2.5, 2.6, 9.0];
        for seed in (0..100).map(Seed) {
            let origins = select(&returns, 2, seed);
            for (lineage, origin) in origins.iter().enumerate() {
                let replaced = [0, 4].contains(&lineage);
                assert_eq!(replaced, lineage != *origin, "{seed}");
                assert!(!replaced || [1, 9].contains(origin), "{seed}");
            }
        }
    }

    #[test]
    fn each_of_the_best_is_drawn_as_often_as_the_other() {
        let returns = [0.0, 1.0, 2.0, 3.0];
        let drawn = (0..2000).filter(|seed| select(&returns, 2, Seed(*seed))[0] == 3).count();
        assert!((900..1100).contains(&drawn), "{drawn}");
    }

    #[test]
    fn equal_returns_are_ranked_by_chance() {
        for zero in [0.0, -0.0] {
            let mut replaced = [0; 4];
            for seed in (0..2000).map(Seed) {
                let origins = select(&[0.0, zero, 0.0, 0.0], 1, seed);
                origins.iter().enumerate().filter(|(own, from)| own != *from).for_each(|(own, _)| replaced[own] += 1);
            }
            assert!(replaced.iter().all(|count| (400..600).contains(count)), "{replaced:?}");
        }
    }

    #[test]
    fn the_same_seed_selects_the_same() {
        let returns = [1.0; 9];
        assert_eq!(select(&returns, 3, Seed(1)), select(&returns, 3, Seed(1)));
        assert_ne!(select(&returns, 3, Seed(1)), select(&returns, 3, Seed(2)));
    }

    #[test]
    fn nobody_is_replaced_where_there_is_nobody_to_copy() {
        assert_eq!(select(&[], 0, Seed(0)), [0; 0]);
        assert_eq!(select(&[1.0], 1, Seed(0)), [0]);
        assert_eq!(select(&[1.0, 2.0], 0, Seed(0)), [0, 1]);
    }
}
