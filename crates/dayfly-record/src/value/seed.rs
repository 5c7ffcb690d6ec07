//! Seeds: the only source of randomness.

use std::fmt;
use std::str::FromStr;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::whole;

/// Seed of every random choice of a run, a lineage or an episode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seed(pub u64);

impl Seed {
    /// Returns the seed of part `index` of `domain`: the first 64 bits of SHA-256(`domain` || 0x00 || seed || index),
    /// both little-endian.
    ///
    /// Different domains and indices give independent seeds.
    #[must_use]
    pub fn derive(self, domain: &str, index: u64) -> Self {
        let mut hash = Sha256::new();
        hash.update(domain.as_bytes());
        hash.update([0]);
        hash.update(self.0.to_le_bytes());
        hash.update(index.to_le_bytes());
        let hash: [u8; 32] = hash.finalize().into();
        Self(hash.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes)))
    }

    /// Returns a stream of random numbers: `ChaCha` with 8 rounds, keyed with this seed.
    pub fn stream(self) -> Stream {
        Stream(ChaCha8Rng::seed_from_u64(self.0))
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Seed {
    type Err = NoSeed;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        whole(text).map(Self).ok_or(NoSeed)
    }
}

/// Error returned when a text is not a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a seed is a whole number from 0 to {}", u64::MAX)]
pub struct NoSeed;

/// Stream of random numbers that follows from its seed alone.
#[derive(Clone, Debug)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// Returns the next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Fills `bytes`.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }

    /// Returns the next number in [0, 1): 53 bits, evenly spaced.
    pub fn unit(&mut self) -> f64 {
        const SCALE: f64 = 1.0 / 9_007_199_254_740_992.0;
        #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "53 bits are exact in an f64")]
        let bits = (self.next_u64() >> 11) as f64;
        bits * SCALE
    }

    /// Returns `true` with probability `probability`.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_stream() {
        let (mut a, mut b) = (Seed(7).stream(), Seed(7).stream());
        assert!((0..100).all(|_| a.next_u64() == b.next_u64()));
    }

    #[test]
    fn domains_and_indices_part_seeds() {
        let seed = Seed(7);
        assert_ne!(seed.derive("episode", 0), seed.derive("episode", 1));
        assert_ne!(seed.derive("episode", 0), seed.derive("lineage", 0));
        assert_ne!(seed.derive("episode", 0), Seed(8).derive("episode", 0));
    }

    #[test]
    fn a_chance_comes_as_often_as_it_says() {
        let mut stream = Seed(1).stream();
        let hits = (0..10_000).filter(|_| stream.chance(0.25)).count();
        assert!((2_300..2_700).contains(&hits), "{hits}");
        assert!(!stream.chance(0.0));
        assert!(stream.chance(1.0));
    }
}
