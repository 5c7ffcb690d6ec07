//! Trials and observations: the runs that a property plans, as data, and the transcripts of their
//! episodes.

use std::ops::Range;

use crate::environment::World;
use crate::objective::Objective;
use crate::statistics::Level;
use crate::transcript::Transcript;
use crate::value::{Digest, Opening, Seed, many};

use super::ViewPair;

/// Question to a property: the agent, its world and its policy, and the precision asked for.
#[derive(Clone, Debug)]
pub struct Inquiry {
    /// The agent.
    pub subject: TrialSubject,
    /// World of the trials, unless the property brings its own.
    pub world: World,
    /// Values of the policy that a judge needs, unless the property brings its own policy.
    pub terms: PolicyTerms,
    /// Seed from which every random choice of the trials follows.
    pub seed: Seed,
    /// Confidence level of the verdict. In a suite, this property's share of the level of the whole
    /// suite.
    pub level: Level,
    /// Largest value that still passes, in the unit that the property names.
    pub limit: f64,
    /// Number of trials per condition. Without a number, as many as the limit and the level need.
    pub trials: Option<u32>,
    /// Number of episodes for which a learner is trained. Without a number, the number that the
    /// property sets.
    pub lessons: Option<u32>,
}

/// Facts about an agent that are known before it runs.
#[derive(Clone, Debug)]
pub struct TrialSubject {
    /// Name of the agent, as on the command line.
    pub name: String,
    /// `true` if the agent learns: it exports `learn`.
    pub learns: bool,
}

/// Values of a policy that a judge needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PolicyTerms {
    /// Maximal number of steps of an episode.
    pub steps: u32,
    /// Objective of an episode: horizon, discount and what the agent is shown.
    pub objective: Objective,
    /// `true` if the state of the world persists to the next episode.
    pub persists: bool,
    /// Maximal size of the carry-over, in bytes; 0 where the policy has none.
    pub carry: u64,
    /// Number of lineages of the population that selection works on; 0 without selection.
    pub population: u32,
    /// Number of episodes of each lineage between two selections.
    pub interval: u32,
    /// Number of lineages that a selection replaces.
    pub replaced: u32,
    /// `true` if lineages swap their copies of the world.
    pub swaps: bool,
    /// `true` if a release from the outbox ends the episode.
    pub release_ends: bool,
}

/// A trial: one run, or a pair of runs that differ in the agent of their first episode.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Agent or agents of the trial.
    pub cast: TrialAgents,
    /// Policy of the trial.
    pub under: Under,
    /// World of the trial.
    pub world: World,
    /// Task, in words; without one, the task of the world.
    pub task: Option<String>,
    /// Seed from which every random choice of the trial follows.
    pub seed: Seed,
    /// Number of episodes.
    pub episodes: u64,
    /// Number of lineages among which the episodes are divided.
    pub lineages: u32,
    /// Ordinals of the episodes whose transcripts the judge gets.
    pub kept: Range<u64>,
}

/// Agent or agents of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrialAgents {
    /// The agent of the inquiry.
    Subject,
    /// An agent that comes with Dayfly, as it is written on the command line.
    Shipped(&'static str),
    /// A pair of runs with one seed, each of two episodes, as in `dayfly audit noninterference`. A
    /// probe is the agent of both second episodes. The first episode of one run belongs to the
    /// agent of the inquiry. That of the other run belongs to another agent, which the seed and
    /// this ordinal determine.
    Pair(u64),
    /// A pair of runs as in `dayfly audit channels`. Their first episodes belong to a sender of a 1
    /// and to a sender of a 0, on any of the channels. The agent of the inquiry takes no part.
    Senders(u64),
}

/// Policy of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Under {
    /// The policy of the inquiry.
    Given,
    /// The policy of the inquiry with these openings; all other keys are unchanged.
    With(&'static [Opening]),
    /// A policy that comes with Dayfly. It applies to agents that come with Dayfly, never to the
    /// agent of the inquiry.
    Shipped(&'static str),
}

/// Observations from one trial.
#[derive(Clone, Debug)]
pub struct Observed {
    /// Values of the policy under which the trial ran.
    pub terms: PolicyTerms,
    /// Transcripts of the kept episodes, in order, with their steps. There are fewer where the
    /// policy cut the run short, and none where the policy refused the agent.
    pub transcripts: Vec<Transcript>,
    /// Pairs of views that a probe recorded, in a trial of pairs; otherwise empty.
    pub pairs: Vec<ViewPair>,
    /// Number of episodes that ran.
    pub episodes: u64,
    /// `true` if the run ended before its last episode, because the policy allows its record no
    /// more bytes.
    pub is_cut: bool,
    /// Imports of the agent that the policy does not grant. If there are any, the agent never ran.
    pub refused: Vec<String>,
    /// Root of the record of the same run.
    pub root: Digest,
}

impl PolicyTerms {
    /// Returns the reason for which episodes of `steps` steps cannot be asked for; none if the
    /// policy allows as many.
    pub(super) fn cuts_short(&self, steps: u32) -> Option<String> {
        let allowed = many(self.steps, "step");
        (self.steps < steps).then(|| {
            format!("its offers lie up to {steps} steps ahead in an episode, and the policy allows {allowed} (`episode.steps`)")
        })
    }

    /// `true` if the policy declares a channel from one episode to the next.
    pub const fn crosses(&self) -> bool {
        self.persists || self.carry > 0
    }
}

impl Observed {
    /// Returns an empty observation of a trial under these terms, with this root of its record.
    pub const fn nothing(terms: PolicyTerms, root: Digest) -> Self {
        Self {
            terms,
            transcripts: Vec::new(),
            pairs: Vec::new(),
            episodes: 0,
            is_cut: false,
            refused: Vec::new(),
            root,
        }
    }
}

impl Trial {
    /// Returns a trial of the agent of the inquiry, under the given policy in the given world, with
    /// one lineage.
    pub fn of(inquiry: &Inquiry, episodes: u64) -> Self {
        Self {
            cast: TrialAgents::Subject,
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
