//! Which cases there are: every property of every agent, in the worlds that the property can be asked in.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::{Case, Rules};
use crate::agent::Source;
use crate::environment;
use crate::environment::World;
use crate::property::{Kind, Need, Property};
use crate::statistics::Level;
use crate::value::Seed;

/// How sure all verdicts of a suite are together.
pub const LEVEL: f64 = 0.95;

/// What is put together.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The agents, and whether each learns.
    pub agents: Vec<(Arc<Source>, bool)>,
    /// The policies.
    pub rules: Vec<Rules>,
    /// The worlds; without one, each property is asked in its own.
    pub worlds: Vec<World>,
    /// The properties.
    pub properties: Vec<Asked>,
    /// What every random choice follows from.
    pub seed: Seed,
    /// Where that is from.
    pub origin: Origin,
}

/// Where a seed is from. Whoever builds an agent may build it for a seed that is fixed, or build many and keep the one that passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// It was drawn for this run.
    Fresh,
    /// It was given.
    Fixed,
}

/// A property, and how it is asked.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// The property.
    pub property: &'static Property,
    /// The most that still counts as nothing; that of the property without a number.
    pub limit: Option<f64>,
    /// How many trials a condition has; as many as the limit and the level ask for without a number.
    pub trials: Option<u32>,
    /// How many episodes a learner is trained for; as many as the property says without a number.
    pub lessons: Option<u32>,
    /// Whether an agent to which it does not apply fails.
    pub required: bool,
    /// What every random choice follows from; that of the suite without one.
    pub seed: Option<Seed>,
    /// The line of the suite that asks it; none where no suite does.
    pub line: Option<usize>,
}

/// One of so many parts of a suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    part: u32,
    of: u32,
}

impl From<&'static Property> for Asked {
    fn from(property: &'static Property) -> Self {
        Self { property, limit: None, trials: None, lessons: None, required: false, seed: None, line: None }
    }
}

impl Origin {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Fixed => "fixed",
        }
    }
}

impl Selection {
    /// The cases, in the order of agents, policies, properties and worlds.
    ///
    /// # Errors
    ///
    /// The world of a property is none, which a test excludes.
    pub fn cases(&self) -> Result<Vec<Case>, environment::Error> {
        let mut cases = Vec::new();
        for (agent, learns) in &self.agents {
            for rules in &self.rules {
                for Asked { property, limit, trials, lessons, required, seed, line } in &self.properties {
                    for world in self.worlds(property)? {
                        cases.push(
                            Case {
                                property,
                                agent: Arc::clone(agent),
                                learns: *learns,
                                rules: rules.clone(),
                                world,
                                limit: limit.unwrap_or(property.limit),
                                trials: *trials,
                                lessons: *lessons,
                                required: *required,
                                level: Level::P95,
                                seed: self.seed,
                                origin: if seed.is_some() { Origin::Fixed } else { self.origin },
                                line: *line,
                            }
                            .seeded(seed.unwrap_or(self.seed)),
                        );
                    }
                }
            }
        }
        Ok(cases)
    }

    /// The worlds to ask a property in: those given, or its own.
    fn worlds(&self, property: &Property) -> Result<Vec<World>, environment::Error> {
        match property.needs {
            Need::Nothing | Need::Knob(_) if !self.worlds.is_empty() => Ok(self.worlds.clone()),
            _ => Ok(vec![property.world.parse::<World>()?]),
        }
    }
}

/// Give every measured case its share of what the level of the whole leaves.
pub fn share(cases: Vec<Case>) -> Vec<Case> {
    let is_measured =
        |case: &&Case| case.property.kind == Kind::Measured && case.property.inapplicable(&case.inquiry()).is_none();
    let measured = cases.iter().filter(is_measured).count();
    let measured = u32::try_from(measured.max(1)).unwrap_or(u32::MAX);
    let level = Level::new(1.0 - (1.0 - LEVEL) / f64::from(measured)).unwrap_or(Level::P95);
    cases.into_iter().map(|case| Case { level, ..case }).collect()
}

impl Partition {
    /// The whole.
    pub const WHOLE: Self = Self { part: 1, of: 1 };

    /// The cases of this part: every so many-th of the whole.
    pub fn of(self, cases: Vec<Case>) -> Vec<Case> {
        let of = usize::try_from(self.of).unwrap_or(usize::MAX);
        let first = usize::try_from(self.part).unwrap_or(usize::MAX).saturating_sub(1);
        cases.into_iter().skip(first).step_by(of.max(1)).collect()
    }
}

impl FromStr for Partition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once('/').and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)));
        match parsed {
            Some((part, of)) if (1..=of).contains(&part) => Ok(Self { part, of }),
            _ => Err("write a part and how many there are, as in `1/4`".to_owned()),
        }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.part, self.of)
    }
}
