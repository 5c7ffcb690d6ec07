//! Resampling: drawing from a sample.

use super::Error;
use crate::value::{Seed, Stream};

/// Number of resampling rounds, and the seed to draw with. The same seed draws the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resampling {
    rounds: u32,
    seed: Seed,
}

impl Resampling {
    /// Minimal number of rounds: with them, the smallest p-value is 0.01.
    pub const LEAST: u32 = 99;

    /// Returns a resampling of `rounds` rounds; 999 for a p-value and 1,999 for an interval are
    /// usual.
    ///
    /// # Errors
    ///
    /// [`Error::Rounds`] below [`Self::LEAST`].
    pub const fn new(rounds: u32, seed: Seed) -> Result<Self, Error> {
        if rounds < Self::LEAST { Err(Error::Rounds(rounds)) } else { Ok(Self { rounds, seed }) }
    }

    /// Returns the number of rounds.
    pub const fn rounds(self) -> u32 {
        self.rounds
    }

    /// Returns the random stream of one use: streams with different names are independent.
    pub(super) fn stream(self, name: &str) -> Stream {
        self.seed.derive(name, 0).stream()
    }
}

/// Returns a random index below `count`, uniform to within 2^-64 of `count`; 0 if `count` is 0.
pub(super) fn below(stream: &mut Stream, count: usize) -> usize {
    let count = u128::try_from(count).unwrap_or(u128::MAX >> 64);
    usize::try_from((u128::from(stream.next_u64()) * count) >> 64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_index_is_drawn_as_often_as_another() {
        let mut stream = Seed(1).stream();
        let mut drawn = [0; 7];
        for _ in 0..70_000 {
            drawn[below(&mut stream, 7)] += 1;
        }
        assert!(drawn.iter().all(|times| (9_700..10_300).contains(times)), "{drawn:?}");
        assert_eq!(below(&mut stream, 0), 0);
    }

    #[test]
    fn too_few_rounds_are_refused() {
        assert_eq!(Resampling::new(98, Seed(1)), Err(Error::Rounds(98)));
        assert!(Resampling::new(99, Seed(1)).is_ok());
    }
}
