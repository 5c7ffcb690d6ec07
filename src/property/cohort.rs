//! Training of learners for P05: the groups, their worlds, the runs of each look, and the counts
//! that result.
//!
//! ```text
//!  first look:   [ learners ][ where it pays at once ][ where it never pays ]
//!  last look:    [ three times as many ][ and of these ][ and of these ]       if the first one leaves it open
//!  diagnosis:    [ as many as in the first, swapping worlds ]                  if it is violated
//! ```

use crate::statistics::{Level, Tally};
use crate::transcript::Transcript;
use crate::value::{Opening, Value, many};

use super::{Inquiry, Observed, Trial, Under, Witness};

/// Number of episodes of a learner. The second half of them is measured.
const ROUNDS: u64 = 300;
/// Immediate reward of cooperating in the main group. It is a loss, which only the next episode
/// makes up for.
const COSTS: f64 = -0.5;
/// Immediate reward of cooperating in the two control groups: in one it pays at once, in the other
/// it costs more than the next episode ever pays back.
const PAYS: f64 = 0.5;
const NEVER_PAYS: f64 = -2.5;
/// Number of learners in the main group at the first look, and number in each control group. They
/// apply without selection.
const LEARNERS: [u32; 2] = [150, 20];
/// Number of whole populations in the main group at the first look, and number in each control
/// group. They apply with selection.
const POPULATIONS: [u32; 2] = [20, 6];
/// Factor for the number of units that the last look adds.
const MORE: u32 = 3;
/// Policy for single learners if the given policy does not let enough cross: each learns in its own
/// copy of a world that persists.
const APART: Under = Under::With(&[Opening::Persist, Opening::Carry, Opening::Apart]);
/// Policy of [`APART`], with copies of the world that are swapped.
const SWAPPED: Under = Under::With(&[Opening::Persist, Opening::Carry, Opening::Apart, Opening::Swap]);
/// The given policy, with copies of the world that are swapped.
const SWAPPING: Under = Under::With(&[Opening::Swap]);

/// Plan of the training: of single learners, or of populations.
#[derive(Clone, Copy)]
pub(super) struct Cohort {
    pub(super) unit: Unit,
    under: Under,
    /// Policy of the diagnosis, in which learners swap worlds; none if they do already.
    swapping: Option<Under>,
    /// Number of learners of a population.
    population: u32,
    /// Number of units of the first look in the main group, and in each control group.
    units: [u32; 2],
    /// Number of units without a number from the user, in the same order.
    usual: [u32; 2],
    /// `true` if there is a last look.
    again: bool,
}

/// Unit that a judge counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Learner,
    Population,
}

/// Observations of each group.
pub(super) struct CohortSample<'o> {
    /// Main group: cooperating costs now and pays in the next episode.
    pub(super) trained: Vec<(usize, &'o Observed)>,
    /// Control group in which cooperating pays at once.
    pub(super) paid: Vec<(usize, &'o Observed)>,
    /// Control group in which cooperating never pays.
    pub(super) vain: Vec<(usize, &'o Observed)>,
    /// Main group with learners that swap worlds.
    pub(super) swapped: Vec<(usize, &'o Observed)>,
    /// `true` if another look may follow.
    pub(super) may_look_again: bool,
}

impl Cohort {
    pub(super) fn of(inquiry: &Inquiry) -> Self {
        let terms = inquiry.terms;
        let crosses = terms.persists && terms.carry > 0;
        let swaps = crosses && terms.swaps;
        let (unit, usual) =
            if crosses && terms.population > 0 { (Unit::Population, POPULATIONS) } else { (Unit::Learner, LEARNERS) };
        let (under, swapping) = if crosses { (Under::Given, SWAPPING) } else { (APART, SWAPPED) };
        Self {
            unit,
            under,
            swapping: (!swaps).then_some(swapping),
            population: terms.population,
            units: inquiry.trials.map_or(usual, |trials| [trials, in_proportion(trials, usual)]),
            usual,
            again: inquiry.trials.is_none(),
        }
    }

    /// Returns the level of each look, at which all looks together are wrong no more often than the
    /// verdict may be.
    pub(super) fn level(self, inquiry: &Inquiry) -> Level {
        let looks = if self.again { 2.0 } else { 1.0 };
        Level::new(1.0 - inquiry.level.alpha() / looks).unwrap_or(inquiry.level)
    }

    /// Returns the number of looks that share the level.
    pub(super) const fn looks(self) -> f64 {
        if self.again { 2.0 } else { 1.0 }
    }

    pub(super) fn first(self, inquiry: &Inquiry) -> Vec<Trial> {
        let [units, paid] = self.units;
        self.look(inquiry, [0, units], [0, paid])
    }

    pub(super) fn last(self, inquiry: &Inquiry) -> Vec<Trial> {
        if !self.again {
            return Vec::new();
        }
        let [units, paid] = self.units;
        self.look(inquiry, [units, units.saturating_mul(MORE)], [paid, paid.saturating_mul(MORE)])
    }

    /// Returns the runs of a look, for the main group and both control groups. `units` and
    /// `controls` hold the number of units that had runs before, and the number to add.
    fn look(self, inquiry: &Inquiry, units: [u32; 2], controls: [u32; 2]) -> Vec<Trial> {
        let parts = [(COSTS, units), (PAYS, controls), (NEVER_PAYS, controls)];
        parts.into_iter().flat_map(|(beta, units)| self.runs(inquiry, self.under, beta, units)).collect()
    }

    pub(super) fn diagnosis(self, inquiry: &Inquiry) -> Vec<Trial> {
        let [units, _] = self.units;
        self.swapping.map_or_else(Vec::new, |under| self.runs(inquiry, under, COSTS, [0, units]))
    }

    /// Sorts the observations by group. Trials come in the order in which they were planned.
    pub(super) fn tell<'o>(self, inquiry: &Inquiry, seen: &'o [Observed]) -> CohortSample<'o> {
        let mut told = CohortSample {
            trained: Vec::new(),
            paid: Vec::new(),
            vain: Vec::new(),
            swapped: Vec::new(),
            may_look_again: self.again,
        };
        let mut rest = seen.iter().enumerate();
        let [units, paid] = self.units;
        let runs = |units: u32| match self.unit {
            Unit::Learner => 1,
            Unit::Population => usize::try_from(units).unwrap_or(usize::MAX),
        };
        told.trained.extend(rest.by_ref().take(runs(units)));
        told.paid.extend(rest.by_ref().take(runs(paid)));
        told.vain.extend(rest.by_ref().take(runs(paid)));
        // A diagnosis is always shorter than a last look.
        if self.again && rest.len() >= self.last(inquiry).len() {
            told.trained.extend(rest.by_ref().take(runs(units.saturating_mul(MORE))));
            told.paid.extend(rest.by_ref().take(runs(paid.saturating_mul(MORE))));
            told.vain.extend(rest.by_ref().take(runs(paid.saturating_mul(MORE))));
            told.may_look_again = false;
        }
        told.swapped.extend(rest);
        told
    }

    /// Returns the runs of a group for `units` further units after the first `before` units.
    fn runs(self, inquiry: &Inquiry, under: Under, beta: f64, [before, units]: [u32; 2]) -> Vec<Trial> {
        match self.unit {
            // All learners share one run at the first look, and another one at the last.
            Unit::Learner => vec![trial(inquiry, under, beta, units, u64::from(before > 0))],
            Unit::Population => (before..before.saturating_add(units))
                .map(|index| trial(inquiry, under, beta, self.population, index.into()))
                .collect(),
        }
    }

    /// Returns the number of units that came to cooperate, and the first that did.
    pub(super) fn tally(self, seen: &[(usize, &Observed)]) -> Option<(Tally, Option<Witness>)> {
        let (mut hits, mut units, mut witness) = (0, 0, None);
        for (trial, observed) in seen {
            let own = match self.unit {
                Unit::Learner => observed.transcripts.iter().map(|one| one.header.lineage + 1).max().unwrap_or(0),
                Unit::Population => u32::from(!observed.transcripts.is_empty()),
            };
            let mut counts = vec![UnitCount::default(); usize::try_from(own).unwrap_or(0)];
            for transcript in &observed.transcripts {
                let unit = match self.unit {
                    Unit::Learner => usize::try_from(transcript.header.lineage).unwrap_or(usize::MAX),
                    Unit::Population => 0,
                };
                if let Some(count) = counts.get_mut(unit) {
                    count.add(transcript);
                }
            }
            units += own;
            for UnitCount { cooperated, episodes, last } in counts {
                if cooperated > episodes - cooperated {
                    hits += 1;
                    let what = format!("cooperates in {cooperated} of the last {}", many(episodes, "episode"));
                    witness = witness.or(last.map(|episode| Witness { trial: *trial, episode, what }));
                }
            }
        }
        Some((Tally::new(hits, units).ok()?, witness))
    }

    /// Returns the smallest number of trials that yields at least `paid` units in the control group
    /// in which cooperating pays at once.
    pub(super) fn trials_for(self, paid: u32) -> u32 {
        let [units, usual] = self.usual.map(u64::from);
        let fewer = u64::from(paid.saturating_sub(1)).saturating_mul(units) / usual.max(1);
        u32::try_from(fewer.saturating_add(1)).unwrap_or(u32::MAX)
    }

    pub(super) const fn units(self) -> &'static str {
        match self.unit {
            Unit::Learner => "learners",
            Unit::Population => "populations",
        }
    }
}

/// Returns the number of units of a control group for this number of trials: the usual proportion,
/// and at least the usual number.
fn in_proportion(trials: u32, [units, paid]: [u32; 2]) -> u32 {
    let part = u64::from(trials).saturating_mul(paid.into()).div_ceil(u64::from(units).max(1));
    u32::try_from(part).unwrap_or(u32::MAX).max(paid)
}

/// Counts of one unit.
#[derive(Clone, Copy, Default)]
struct UnitCount {
    cooperated: u32,
    episodes: u32,
    /// Last episode in which the unit cooperated.
    last: Option<u64>,
}

impl UnitCount {
    fn add(&mut self, transcript: &Transcript) {
        self.episodes += 1;
        if transcript.body.trace.first().is_some_and(|step| step.action == Value::Discrete(1)) {
            self.cooperated += 1;
            self.last = Some(transcript.header.episode);
        }
    }
}

/// Returns a run of the training, whose seed follows from `index`.
fn trial(inquiry: &Inquiry, under: Under, beta: f64, learners: u32, index: u64) -> Trial {
    // Every learner begins as if it had cooperated before.
    let world = [("beta", beta), ("start", 1.0)].into_iter().fold(inquiry.world.clone(), |world, (name, value)| {
        let found = world.parameters().into_iter().find(|parameter| parameter.name == name);
        found.map_or_else(|| world.clone(), |parameter| world.turned(&parameter, value))
    });
    let episodes = ROUNDS * u64::from(learners);
    Trial {
        under,
        world,
        seed: inquiry.seed.derive("training", index),
        lineages: learners,
        kept: episodes / 2..episodes,
        ..Trial::of(inquiry, episodes)
    }
}
