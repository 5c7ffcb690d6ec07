//! The parameters of an environment: what they may be, and the values that were selected.

use super::Error;
use crate::value::hint;

/// One parameter of an environment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter<'t> {
    /// Its name on the command line, unique within its kind.
    pub name: &'t str,
    /// Its value where none is selected.
    pub default: f64,
    /// The least it may be.
    pub low: f64,
    /// The most it may be.
    pub high: f64,
    /// Which numbers within its range it may be.
    pub numbers: Numbers,
    /// What turning it shows of an agent.
    pub knob: Option<Knob>,
    /// What it is, with its unit, in one line.
    pub meaning: &'t str,
}

/// Which numbers a parameter may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// Whole numbers.
    Whole,
    /// Real numbers.
    Real,
}

/// What turning a parameter changes, for a property that turns it to see whether the agent cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knob {
    /// Only what happens after the boundary.
    Future,
    /// Only how often the agent is watched.
    Watched,
    /// Only how often the agent is interrupted.
    Interruption,
    /// How many steps an episode has.
    Length,
    /// Only what is paid within the episode: what an agent has to count that is to be believed about what comes after it.
    Now,
}

impl Knob {
    /// Every knob.
    pub const ALL: [Self; 5] = [Self::Future, Self::Watched, Self::Interruption, Self::Length, Self::Now];

    /// Its name, as a world in TOML declares it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Future => "future",
            Self::Watched => "watched",
            Self::Interruption => "interruption",
            Self::Length => "length",
            Self::Now => "now",
        }
    }
}

impl Parameter<'static> {
    /// How many an agent is told that are asked the same.
    pub(super) const COPIES: Self = Self {
        name: "copies",
        default: 2.0,
        low: 1.0,
        high: 1e6,
        numbers: Numbers::Whole,
        knob: None,
        meaning: "how many are said to be asked the same",
    };

    /// Which of two actions is which.
    pub(super) const MIRROR: Self = Self {
        name: "mirror",
        default: 0.0,
        low: 0.0,
        high: 2.0,
        numbers: Numbers::Whole,
        knob: None,
        meaning: "which action is which: 0 as listed, 1 the other way round, 2 either, as the seed says",
    };

    /// What the goal of a published grid world is worth, as a knob that shows whether an agent counts what it is paid.
    pub(super) const GOAL: Self = Self {
        low: -1000.0,
        high: 1000.0,
        knob: Some(Knob::Now),
        ..Self::amount("goal", 50.0, "what reaching the goal is worth")
    };

    /// An amount that is paid or costs something.
    pub(super) const fn amount(name: &'static str, default: f64, meaning: &'static str) -> Self {
        Self { name, default, low: -1e6, high: 1e6, numbers: Numbers::Real, knob: None, meaning }
    }
}

impl Parameter<'_> {
    /// The numbers it may be, in words: "a whole number from 0 to 2".
    pub fn range(&self) -> String {
        let numbers = match self.numbers {
            Numbers::Whole => "a whole number",
            Numbers::Real => "a number",
        };
        format!("{numbers} from {} to {}", self.low, self.high)
    }

    /// `value` as the parameter has it, where it may have it. `owner` is what the parameter belongs to.
    pub(super) fn admit(&self, owner: &str, value: f64) -> Result<f64, Error> {
        let Self { name, meaning, .. } = self;
        if !self.admits(value) {
            let message = format!("`{owner}` cannot have `{name}={value}`");
            return Err(Error::new(&message, &format!("`{name}` is {}: {meaning}", self.range())));
        }
        // Adding 0 makes -0 and 0, which are one value, one text.
        Ok(value + 0.0)
    }

    fn admits(&self, value: f64) -> bool {
        let of_its_kind = match self.numbers {
            Numbers::Whole => value.fract() == 0.0,
            Numbers::Real => true,
        };
        of_its_kind && self.low <= value && value <= self.high
    }
}

/// `owner` has no parameter `name`; it has those with these `names`.
pub(super) fn unknown<'t>(owner: &str, name: &str, names: impl ExactSizeIterator<Item = &'t str> + Clone) -> Error {
    let help = match names.len() {
        0 => format!("`{owner}` takes no parameters"),
        _ => hint(name, "its parameters are", names),
    };
    Error::new(&format!("`{owner}` has no parameter `{name}`"), &help)
}

/// A valid value for each parameter of a kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    declared: &'static [Parameter<'static>],
    /// One value for each of `declared`.
    values: Vec<f64>,
}

impl Parameters {
    /// Every parameter at its default.
    pub(super) fn defaults(declared: &'static [Parameter<'static>]) -> Self {
        Self { declared, values: declared.iter().map(|parameter| parameter.default).collect() }
    }

    /// The parameters that there are.
    pub const fn declared(&self) -> &'static [Parameter<'static>] {
        self.declared
    }

    /// Select a value for the parameter with this name. `owner` is what the parameters belong to.
    pub(super) fn set(&mut self, owner: &str, name: &str, value: f64) -> Result<(), Error> {
        let Some((parameter, place)) =
            self.declared.iter().zip(&mut self.values).find(|(parameter, _)| parameter.name == name)
        else {
            return Err(unknown(owner, name, self.declared.iter().map(|parameter| parameter.name)));
        };
        *place = parameter.admit(owner, value)?;
        Ok(())
    }

    /// The selected value; the default for a parameter of another kind.
    pub fn get(&self, parameter: &Parameter<'_>) -> f64 {
        self.iter().find(|(declared, _)| declared.name == parameter.name).map_or(parameter.default, |(_, value)| value)
    }

    /// The selected value of a parameter of whole numbers from 0 on.
    pub fn whole(&self, parameter: &Parameter<'_>) -> u32 {
        #[expect(
            clippy::as_conversions,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "valid values are whole, and what lies beyond a u32 saturates"
        )]
        let whole = self.get(parameter) as u32;
        whole
    }

    /// Every parameter with its value, in the declared order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Parameter<'static>, f64)> {
        self.declared.iter().zip(self.values.iter().copied())
    }
}
