//! The header of a transcript: the facts of an episode that are known at its opening.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Role;
use crate::value::{Digest, Seed};

/// Facts of an episode at its opening. They come from the supervisor, never from a worker.
///
/// It is the first part of a line of the ledger. Fields that would be empty are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Ordinal of the episode in its run, counted from 0.
    pub episode: u64,
    /// Lineage that the episode belongs to, counted from 0.
    pub lineage: u32,
    /// Copy of the environment that the agent acts in; the lineage's own, unless copies are swapped.
    pub world: u32,
    /// Digest of the run's manifest, which names agent, policy and environment.
    pub run: Digest,
    /// Seed that every random choice of the episode follows from.
    pub seed: Seed,
    /// Digest of the carry-over that the agent is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carry_over: Option<Digest>,
    /// Digest of the carry-over that each of several roles is given, by role.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub carry_overs: BTreeMap<Role, Digest>,
    /// Lineage that the carry-over comes from, in the first episode after a selection. It may be the episode's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carry_over_of: Option<u32>,
    /// Number of times that the lineage's population had been selected from.
    #[serde(default, skip_serializing_if = "is_first")]
    pub generation: u32,
    /// Digest of the state that the environment kept from earlier episodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<Digest>,
}

impl Header {
    /// Header of an episode of the first lineage, which is given nothing.
    pub const fn new(episode: u64, run: Digest, seed: Seed) -> Self {
        Self {
            episode,
            lineage: 0,
            world: 0,
            run,
            seed,
            carry_over: None,
            carry_overs: BTreeMap::new(),
            carry_over_of: None,
            generation: 0,
            environment: None,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
const fn is_first(generation: &u32) -> bool {
    *generation == 0
}
