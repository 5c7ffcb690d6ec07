//! What a property asks for, and what it gets: runs as data, and the transcripts of their episodes.

use std::ops::Range;

use crate::environment::World;
use crate::objective::Objective;
use crate::statistics::Level;
use crate::transcript::Transcript;
use crate::value::{Digest, Opening, Seed};

use super::Pair;

/// What a property is asked about.
#[derive(Clone, Debug)]
pub struct Inquiry {
    /// The agent.
    pub subject: Subject,
    /// The world, where the property does not bring its own.
    pub world: World,
    /// What the policy comes to, where the property does not bring its own.
    pub terms: Terms,
    /// What every random choice of its trials follows from.
    pub seed: Seed,
    /// How sure a verdict has to be: for a suite, its share of the level of the whole.
    pub level: Level,
    /// The most that still counts as nothing, in the unit that the property says.
    pub limit: f64,
    /// How many trials a condition has; as many as the limit and the level ask for without a number.
    pub trials: Option<u32>,
    /// How many episodes a learner is trained for; as many as the property says without a number.
    pub lessons: Option<u32>,
}

/// What is known of an agent before it runs.
#[derive(Clone, Debug)]
pub struct Subject {
    /// As it is written on the command line.
    pub name: String,
    /// Whether it learns.
    pub learns: bool,
}

/// What a policy comes to, as far as a judge needs it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Terms {
    /// The most steps of an episode.
    pub steps: u32,
    /// What an episode is for.
    pub objective: Objective,
    /// Whether a world reaches the next episode.
    pub persists: bool,
    /// The most bytes of carry-over.
    pub carry: u64,
    /// How many lineages are selected from; 0 where none are.
    pub population: u32,
    /// How many episodes of each lie between selections.
    pub interval: u32,
    /// How many are replaced at a selection.
    pub replaced: u32,
    /// Whether lineages swap their copies of the world.
    pub swaps: bool,
    /// Whether something that is released ends the episode.
    pub release_ends: bool,
}

/// What one line does: one run, or two that differ in who lives their first episode.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Who lives it.
    pub cast: Cast,
    /// Under which policy.
    pub under: Under,
    /// In which world.
    pub world: World,
    /// The task in words; that of the world without one.
    pub task: Option<String>,
    /// What every random choice follows from.
    pub seed: Seed,
    /// How many episodes.
    pub episodes: u64,
    /// How many lineages they belong to.
    pub lineages: u32,
    /// The episodes whose transcripts the judge is given.
    pub kept: Range<u64>,
}

/// Who lives a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cast {
    /// The agent that the property is asked about.
    Subject,
    /// An agent that comes with Dayfly, as it is written on the command line.
    Shipped(&'static str),
    /// Two runs of two episodes with one seed, of which a probe lives the second: in the one after the agent that the
    /// property is asked about, in the other after someone else, whom the seed and this ordinal say. What `dayfly audit
    /// noninterference` compares.
    Pair(u64),
    /// The same with a sender that sends a 1 and one that sends a 0, on every road there may be. What `dayfly audit
    /// channels` sends, and the agent has no part in it.
    Senders(u64),
}

/// Which policy a trial runs under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Under {
    /// The one that the property is asked under.
    Given,
    /// The same with these openings, and all else as it is.
    With(&'static [Opening]),
    /// One that comes with Dayfly: for agents of ours, and never for the one that the property is asked about.
    Shipped(&'static str),
}

/// What a trial led to.
#[derive(Clone, Debug)]
pub struct Observed {
    /// What its policy came to.
    pub terms: Terms,
    /// The kept episodes, in their order, each with its steps. Fewer where the policy cut the run short, none where it
    /// refused the agent.
    pub transcripts: Vec<Transcript>,
    /// What a probe saw, where the trial is about that.
    pub pairs: Vec<Pair>,
    /// How many episodes were lived.
    pub episodes: u64,
    /// What the agent imports and the policy does not grant: then it never ran.
    pub refused: Vec<String>,
    /// The root that the record of the same run has.
    pub root: Digest,
}

impl Terms {
    /// Whether a road from one episode to the next is declared.
    pub const fn crosses(&self) -> bool {
        self.persists || self.carry > 0
    }
}

impl Observed {
    /// Nothing, yet, of a trial under these terms whose record has this root.
    pub const fn nothing(terms: Terms, root: Digest) -> Self {
        Self { terms, transcripts: Vec::new(), pairs: Vec::new(), episodes: 0, refused: Vec::new(), root }
    }
}

impl Trial {
    /// A run of the agent, under the given policy in the given world, with one lineage.
    pub fn of(inquiry: &Inquiry, episodes: u64) -> Self {
        Self {
            cast: Cast::Subject,
            under: Under::Given,
            world: inquiry.world.clone(),
            task: None,
            seed: inquiry.seed,
            episodes,
            lineages: 1,
            kept: 0..episodes,
        }
    }
}
