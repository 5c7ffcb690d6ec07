//! Selection of cases: every property of every agent, in each world that suits the property.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::{Case, Rules};
use crate::agent::AgentSource;
use crate::environment;
use crate::environment::World;
use crate::property::{Need, Property, PropertyKind};
use crate::statistics::Level;
use crate::value::Seed;

/// Confidence level of all verdicts of a suite together.
pub const LEVEL: f64 = 0.95;

/// Maximum number of cases of a suite.
pub const MOST_CASES: usize = 100_000;

/// Agents, policies, worlds and properties to combine.
#[derive(Clone, Debug)]
pub struct Selection {
    /// Agents, each with `true` if it learns.
    pub agents: Vec<(Arc<AgentSource>, bool)>,
    /// Policies.
    pub rules: Vec<Rules>,
    /// Worlds; if empty, each property is tested in its own.
    pub worlds: Vec<World>,
    /// Properties.
    pub properties: Vec<Question>,
    /// Seed from which every random choice follows.
    pub seed: Seed,
    /// Origin of the seed.
    pub origin: SeedOrigin,
}

/// Origin of a seed. Whoever builds an agent may build it for a fixed seed, or build many and keep
/// the one that passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SeedOrigin {
    /// The seed was drawn for this run.
    Fresh,
    /// The seed was given.
    Fixed,
}

/// A property, with its settings.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// The property.
    pub property: &'static Property,
    /// Largest value that still passes; without a number, the limit of the property.
    pub limit: Option<f64>,
    /// Number of trials per condition; without a number, as many as the limit and the level need.
    pub trials: Option<u32>,
    /// Number of episodes for which a learner is trained; without a number, that of the property.
    pub lessons: Option<u32>,
    /// `true` if an agent fails where the property does not apply to it.
    pub required: bool,
    /// Seed from which every random choice follows; without one, the seed of the suite.
    pub seed: Option<Seed>,
    /// Line of the suite file that names the property; none without a suite file.
    pub line: Option<usize>,
}

/// A part of a suite, such as the first of four.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    part: u32,
    of: u32,
}

impl From<&'static Property> for Question {
    fn from(property: &'static Property) -> Self {
        Self { property, limit: None, trials: None, lessons: None, required: false, seed: None, line: None }
    }
}

impl SeedOrigin {
    /// Returns the name of the origin in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Fixed => "fixed",
        }
    }
}

impl Selection {
    /// Returns the cases, in the order of agents, policies, properties and worlds.
    ///
    /// # Errors
    ///
    /// There are more than [`MOST_CASES`]. The world of a property cannot be made, which a test
    /// excludes.
    pub fn cases(&self) -> Result<Vec<Case>, environment::Error> {
        let count = self.count();
        if count > MOST_CASES {
            return Err(environment::Error {
                message: format!("a suite has at most {MOST_CASES} cases, and this has {count}"),
                help: "name fewer agents, policies, worlds or properties, or split the suite: each policy and each \
                       world is asked of each agent"
                    .to_owned(),
            });
        }
        let mut cases = Vec::new();
        for (agent, learns) in &self.agents {
            for rules in &self.rules {
                for Question { property, limit, trials, lessons, required, seed, line } in &self.properties {
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
                                origin: if seed.is_some() { SeedOrigin::Fixed } else { self.origin },
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

    /// Returns the number of cases, without making any.
    fn count(&self) -> usize {
        let worlds = self.properties.iter().map(|question| match question.property.needs {
            Need::Nothing | Need::Knob(_) => self.worlds.len().max(1),
            _ => 1,
        });
        let of_each = worlds.fold(0, usize::saturating_add);
        self.agents.len().saturating_mul(self.rules.len()).saturating_mul(of_each)
    }

    /// Returns the worlds for a property: the given ones, or its own.
    fn worlds(&self, property: &Property) -> Result<Vec<World>, environment::Error> {
        match property.needs {
            Need::Nothing | Need::Knob(_) if !self.worlds.is_empty() => Ok(self.worlds.clone()),
            _ => Ok(vec![property.world.parse::<World>()?]),
        }
    }
}

/// Sets the level of every case. The measured cases that apply share the error of the whole suite
/// equally.
pub fn share(cases: Vec<Case>) -> Vec<Case> {
    let is_measured = |case: &&Case| {
        case.property.kind == PropertyKind::Measured && case.property.inapplicable(&case.inquiry()).is_none()
    };
    let measured = cases.iter().filter(is_measured).count();
    let measured = u32::try_from(measured.max(1)).unwrap_or(u32::MAX);
    let level = Level::new(1.0 - (1.0 - LEVEL) / f64::from(measured)).unwrap_or(Level::P95);
    cases.into_iter().map(|case| Case { level, ..case }).collect()
}

impl Partition {
    /// The whole suite.
    pub const WHOLE: Self = Self { part: 1, of: 1 };

    /// Returns the cases of this part: of `n` parts, each takes every `n`th case.
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
