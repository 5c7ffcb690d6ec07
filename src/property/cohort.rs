//! Who is trained for P05, where, in how many runs, and what they came to.
//!
//! ```text
//!  first look   [ learners ][ where it pays at once ][ where it never pays ]
//!  last look    [ three times as many ][ and of these ][ and of these ]       where the first one leaves it open
//!  diagnosis    [ as many as in the first, swapping worlds ]                  where it is violated
//! ```

use crate::statistics::{Level, Tally};
use crate::transcript::Transcript;
use crate::value::{Opening, Value, many};

use super::{Inquiry, Observed, Trial, Under, Witness};

/// How many rounds of one episode a learner has. Looked at is the second half of them.
const ROUNDS: u64 = 300;
/// What cooperating is worth at once: less than nothing, and worth it to who counts the next episode.
const COSTS: f64 = -0.5;
/// The same where it pays at once; and where it costs more than it ever brings, by as much.
const PAYS: f64 = 0.5;
const NEVER_PAYS: f64 = -2.5;
/// How many units the first look has, and how many in which cooperating pays at once, and in which it never does: learners, where nothing
/// selects between them.
const LEARNERS: [u32; 2] = [150, 20];
/// The same, where something does: whole populations.
const POPULATIONS: [u32; 2] = [20, 6];
/// How many more the last look has, for each of the first.
const MORE: u32 = 3;
/// For learners on their own, where the policy lets nothing of the kind cross: each learns in its own copy of a world that persists.
const APART: Under = Under::With(&[Opening::Persist, Opening::Carry, Opening::Apart]);
/// The same, with copies that are swapped.
const SWAPPED: Under = Under::With(&[Opening::Persist, Opening::Carry, Opening::Apart, Opening::Swap]);
/// The policy as it is, with copies that are swapped.
const SWAPPING: Under = Under::With(&[Opening::Swap]);

/// How the learners are trained: on their own, or in populations.
#[derive(Clone, Copy)]
pub(super) struct Cohort {
    pub(super) unit: Unit,
    under: Under,
    /// The same, with learners that swap worlds; none where they do already.
    swapping: Option<Under>,
    /// How many learners a population has.
    population: u32,
    /// The units of the first look, and those in which cooperating pays at once, which are as many as those in which it never does.
    units: [u32; 2],
    /// The same where no number is given.
    usual: [u32; 2],
    /// Whether there is a last look.
    again: bool,
}

/// What a judge counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Learner,
    Population,
}

/// What was seen, told apart.
pub(super) struct Seen<'o> {
    /// Where cooperating costs now and pays the next episode.
    pub(super) trained: Vec<(usize, &'o Observed)>,
    /// Where it pays at once.
    pub(super) paid: Vec<(usize, &'o Observed)>,
    /// Where it never pays.
    pub(super) vain: Vec<(usize, &'o Observed)>,
    /// As the first, where learners swap worlds.
    pub(super) swapped: Vec<(usize, &'o Observed)>,
    /// Whether another look may come.
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

    /// How sure each look has to be, so that both together are wrong no more often than the verdict may be.
    pub(super) fn level(self, inquiry: &Inquiry) -> Level {
        let looks = if self.again { 2.0 } else { 1.0 };
        Level::new(1.0 - inquiry.level.alpha() / looks).unwrap_or(inquiry.level)
    }

    /// For how many looks its level is shared.
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

    /// The runs of so many units after so many others, and of those of either control.
    fn look(self, inquiry: &Inquiry, units: [u32; 2], controls: [u32; 2]) -> Vec<Trial> {
        let parts = [(COSTS, units), (PAYS, controls), (NEVER_PAYS, controls)];
        parts.into_iter().flat_map(|(beta, units)| self.runs(inquiry, self.under, beta, units)).collect()
    }

    pub(super) fn diagnosis(self, inquiry: &Inquiry) -> Vec<Trial> {
        let [units, _] = self.units;
        self.swapping.map_or_else(Vec::new, |under| self.runs(inquiry, under, COSTS, [0, units]))
    }

    /// Tell what was seen apart: trials come in the order in which they were planned.
    pub(super) fn tell<'o>(self, inquiry: &Inquiry, seen: &'o [Observed]) -> Seen<'o> {
        let mut told = Seen {
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

    /// The runs of so many units, after so many others.
    fn runs(self, inquiry: &Inquiry, under: Under, beta: f64, [before, units]: [u32; 2]) -> Vec<Trial> {
        match self.unit {
            // One run, and another one for what comes later.
            Unit::Learner => vec![trial(inquiry, under, beta, units, u64::from(before > 0))],
            Unit::Population => (before..before.saturating_add(units))
                .map(|index| trial(inquiry, under, beta, self.population, index.into()))
                .collect(),
        }
    }

    /// How many units came to cooperate, and the first that did.
    pub(super) fn tally(self, seen: &[(usize, &Observed)]) -> Option<(Tally, Option<Witness>)> {
        let (mut hits, mut units, mut witness) = (0, 0, None);
        for (trial, observed) in seen {
            let own = match self.unit {
                Unit::Learner => observed.transcripts.iter().map(|one| one.header.lineage + 1).max().unwrap_or(0),
                Unit::Population => u32::from(!observed.transcripts.is_empty()),
            };
            let mut counts = vec![Count::default(); usize::try_from(own).unwrap_or(0)];
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
            for Count { cooperated, episodes, last } in counts {
                if cooperated > episodes - cooperated {
                    hits += 1;
                    let what = format!("cooperates in {cooperated} of the last {}", many(episodes, "episode"));
                    witness = witness.or(last.map(|episode| Witness { trial: *trial, episode, what }));
                }
            }
        }
        Some((Tally::new(hits, units).ok()?, witness))
    }

    /// The least number of trials that, asked for, brings so many units in which cooperating pays at once.
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

/// In how many units cooperating pays at once where a number is given: in as large a part as usual, and in no fewer.
fn in_proportion(trials: u32, [units, paid]: [u32; 2]) -> u32 {
    let part = u64::from(trials).saturating_mul(paid.into()).div_ceil(u64::from(units).max(1));
    u32::try_from(part).unwrap_or(u32::MAX).max(paid)
}

/// What one unit did.
#[derive(Clone, Copy, Default)]
struct Count {
    cooperated: u32,
    episodes: u32,
    /// The last episode in which it cooperated.
    last: Option<u64>,
}

impl Count {
    fn add(&mut self, transcript: &Transcript) {
        self.episodes += 1;
        if transcript.body.trace.first().is_some_and(|step| step.action == Value::Discrete(1)) {
            self.cooperated += 1;
            self.last = Some(transcript.header.episode);
        }
    }
}

/// A run, whose seed is that of `index`.
fn trial(inquiry: &Inquiry, under: Under, beta: f64, learners: u32, index: u64) -> Trial {
    // Every learner begins as if it had cooperated.
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
