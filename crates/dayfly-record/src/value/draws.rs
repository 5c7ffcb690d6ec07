//! Draws: all randomness of a run that an agent can see.
//!
//! ```text
//!  seed of the run --+                      +--> episode 0, 1, 2 ..    what it draws, and what its world draws
//!                    +--> Draws --derive--> +--> lineage 0, 1, 2 ..    the seed in its brief
//!  what it is handed-+                      +--> selection 1, 2 ..     whose carry-over goes on
//! ```
//!
//! 1. The draws of two agents are independent. A table of numbers that was made with one agent tells nothing to
//!    another. A component cannot contain its own draws either, since including them changes its digest, and so its
//!    draws.
//! 2. Policy and world do not influence the draws. The same agent meets the same draws under another policy or in
//!    another world.
//! 3. The seed of an episode follows from its ordinal, whatever the number of lineages. So an agent meets the same
//!    draws with a past and without one.
//!
//! It does not show that an agent cannot know its draws: where the seed of the run is known, an agent that works out
//! its own digest can work them out too. A seed that nobody knows beforehand is what keeps them from it.

use super::{Digest, Hasher, Seed};

/// Root of the seeds of the episodes, the lineages and the selections of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draws(Seed);

impl Draws {
    /// Returns the draws of an agent in a run of this seed. `handed` is the digest of everything that the agent is
    /// handed.
    #[must_use]
    pub fn of(seed: Seed, handed: Digest) -> Self {
        // INVARIANT 1
        Self::keyed("own", seed, handed)
    }

    /// Returns the draws with this name in a run of this seed. Agents that are compared share them, and so meet the
    /// same world. INVARIANT 1 does not hold for them.
    #[must_use]
    pub fn named(seed: Seed, name: &str) -> Self {
        Self::keyed("named", seed, Digest::of(name.as_bytes()))
    }

    fn keyed(whose: &str, seed: Seed, key: Digest) -> Self {
        let mut hash = Hasher::default();
        hash.update(b"draws");
        hash.update(&[0]);
        hash.update(whose.as_bytes());
        hash.update(&[0]);
        hash.update(&seed.0.to_le_bytes());
        hash.update(key.as_bytes());
        Self(Seed(hash.finish().as_bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))))
    }

    /// Returns the seed of the episode with this ordinal.
    #[must_use]
    pub fn episode(self, ordinal: u64) -> Seed {
        // INVARIANT 3
        self.0.derive("episode", ordinal)
    }

    /// Returns the number by which the agent knows the lineage with this index.
    #[must_use]
    pub fn lineage(self, index: u32) -> Seed {
        self.0.derive("lineage", index.into())
    }

    /// Returns the seed of the selection with this number.
    #[must_use]
    pub fn selection(self, generation: u32) -> Seed {
        self.0.derive("selection", generation.into())
    }
}

/// Returns the digest of everything that an agent is handed: the component with this digest, its instructions, and a
/// task.
///
/// The digest covers the presence and the length of each text.
pub fn handed(component: Digest, instructions: Option<&str>, task: Option<&str>) -> Digest {
    let mut hash = Hasher::default();
    hash.update(component.as_bytes());
    for text in [instructions, task] {
        let bytes = text.map_or(u64::MAX, |text| u64::try_from(text.len()).unwrap_or(u64::MAX));
        hash.update(&bytes.to_le_bytes());
        hash.update(text.unwrap_or_default().as_bytes());
    }
    hash.finish()
}

/// Returns the digest of everything that the agents of several roles are handed. Each role contributes its name, and
/// the digest of what its agent is handed.
pub fn handed_to_roles<'r>(roles: impl Iterator<Item = (&'r str, Digest)>) -> Digest {
    let mut hash = Hasher::default();
    for (role, handed) in roles {
        hash.update(&u64::try_from(role.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(role.as_bytes());
        hash.update(handed.as_bytes());
    }
    hash.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: Seed = Seed(7);

    #[test]
    fn another_agent_or_another_seed_has_other_draws() {
        let own = Draws::of(SEED, Digest::of(b"an agent"));
        for other in [
            Draws::of(SEED, Digest::of(b"another agent")),
            Draws::of(Seed(8), Digest::of(b"an agent")),
            Draws::named(SEED, "an agent"),
        ] {
            assert_ne!(own.episode(0), other.episode(0));
            assert_ne!(own.lineage(0), other.lineage(0));
            assert_ne!(own.selection(1), other.selection(1));
        }
        assert_eq!(own, Draws::of(SEED, Digest::of(b"an agent")));
    }

    #[test]
    fn draws_are_shared_by_name_alone() {
        assert_eq!(Draws::named(SEED, "beside"), Draws::named(SEED, "beside"));
        assert_ne!(Draws::named(SEED, "beside"), Draws::named(SEED, "apart"));
        assert_ne!(Draws::named(SEED, "beside"), Draws::named(Seed(8), "beside"));
    }

    #[test]
    fn no_two_parts_of_a_run_have_the_same_seed() {
        let draws = Draws::of(SEED, Digest::of(b"an agent"));
        let all = [draws.episode(0), draws.episode(1), draws.lineage(0), draws.lineage(1), draws.selection(1)];
        for (position, one) in all.iter().enumerate() {
            assert!(!all[..position].contains(one), "{position}");
        }
    }
}
