//! Parameters of an environment: their ranges, and the selected values.

use super::Error;
use crate::value::hint;

/// Parameter of an environment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter<'t> {
    /// Name on the command line, unique within its kind.
    pub name: &'t str,
    /// Value if none is selected.
    pub default: f64,
    /// Least value.
    pub low: f64,
    /// Greatest value.
    pub high: f64,
    /// Kind of numbers that it may be, within its range.
    pub numbers: NumberRange,
    /// Effect of a change of the parameter, for tests of an agent.
    pub knob: Option<Knob>,
    /// Meaning, with the unit, in one line.
    pub meaning: &'t str,
}

/// Kind of numbers that a parameter may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberRange {
    /// Whole numbers.
    Whole,
    /// Real numbers.
    Real,
}

/// Effect of a change of a parameter, for a property that turns it to test if the agent reacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knob {
    /// Only what happens after the boundary.
    Future,
    /// Only how often the agent is watched.
    Watched,
    /// Only how often the agent is interrupted.
    Interruption,
    /// Only the number of steps of an episode.
    Length,
    /// Only the payoffs within the episode. An agent that ignores these shows nothing by ignoring
    /// later ones.
    Now,
}

impl Knob {
    /// Knobs.
    pub const ALL: [Self; 5] = [Self::Future, Self::Watched, Self::Interruption, Self::Length, Self::Now];

    /// Returns the name, as a world in TOML declares it.
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
    /// Number of copies that an agent is told are asked the same.
    pub(super) const COPIES: Self = Self {
        name: "copies",
        default: 2.0,
        low: 1.0,
        high: 1e6,
        numbers: NumberRange::Whole,
        knob: None,
        meaning: "how many are said to be asked the same",
    };

    /// Assignment of two actions to two choices.
    pub(super) const MIRROR: Self = Self {
        name: "mirror",
        default: 0.0,
        low: 0.0,
        high: 2.0,
        numbers: NumberRange::Whole,
        knob: None,
        meaning: "which action is which: 0 as listed, 1 the other way round, 2 either, as the seed says",
    };

    /// Worth of the goal of a published grid world. As a knob it shows if an agent reacts to its
    /// payoffs.
    pub(super) const GOAL: Self = Self {
        low: -1000.0,
        high: 1000.0,
        knob: Some(Knob::Now),
        ..Self::amount("goal", 50.0, "what reaching the goal is worth")
    };

    /// Makes a parameter for an amount that is paid or costs something.
    pub(super) const fn amount(name: &'static str, default: f64, meaning: &'static str) -> Self {
        Self { name, default, low: -1e6, high: 1e6, numbers: NumberRange::Real, knob: None, meaning }
    }
}

impl Parameter<'_> {
    /// Describes the values that it may have: "a whole number from 0 to 2".
    pub fn range(&self) -> String {
        let numbers = match self.numbers {
            NumberRange::Whole => "a whole number",
            NumberRange::Real => "a number",
        };
        format!("{numbers} from {} to {}", self.low, self.high)
    }

    /// Checks that the parameter may have `value`, and returns it in its canonical form. `owner` is
    /// the owner of the parameter in messages.
    pub(super) fn admit(&self, owner: &str, value: f64) -> Result<f64, Error> {
        let Self { name, meaning, .. } = self;
        if !self.admits(value) {
            let message = format!("`{owner}` cannot have `{name}={value}`");
            return Err(Error::new(&message, &format!("`{name}` is {}: {meaning}", self.range())));
        }
        // Adding 0 makes -0 and 0 one value, with one text.
        Ok(value + 0.0)
    }

    fn admits(&self, value: f64) -> bool {
        let of_its_kind = match self.numbers {
            NumberRange::Whole => value.fract() == 0.0,
            NumberRange::Real => true,
        };
        of_its_kind && self.low <= value && value <= self.high
    }
}

/// Makes the error for a parameter `name` that `owner` lacks. `names` are those that it has.
pub(super) fn unknown<'t>(owner: &str, name: &str, names: impl ExactSizeIterator<Item = &'t str> + Clone) -> Error {
    let help = match names.len() {
        0 => format!("`{owner}` takes no parameters"),
        _ => hint(name, "its parameters are", names),
    };
    Error::new(&format!("`{owner}` has no parameter `{name}`"), &help)
}

/// Valid value of each parameter of a kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    declared: &'static [Parameter<'static>],
    /// Values, one for each of `declared`.
    values: Vec<f64>,
}

impl Parameters {
    /// Returns every parameter at its default.
    pub(super) fn defaults(declared: &'static [Parameter<'static>]) -> Self {
        Self { declared, values: declared.iter().map(|parameter| parameter.default).collect() }
    }

    /// Returns the declared parameters.
    pub const fn declared(&self) -> &'static [Parameter<'static>] {
        self.declared
    }

    /// Sets the value of the parameter with this name. `owner` is the owner of the parameters in
    /// messages.
    pub(super) fn set(&mut self, owner: &str, name: &str, value: f64) -> Result<(), Error> {
        let Some((parameter, place)) =
            self.declared.iter().zip(&mut self.values).find(|(parameter, _)| parameter.name == name)
        else {
            return Err(unknown(owner, name, self.declared.iter().map(|parameter| parameter.name)));
        };
        *place = parameter.admit(owner, value)?;
        Ok(())
    }

    /// Returns the selected value. For a parameter of another kind it returns the default.
    pub fn get(&self, parameter: &Parameter<'_>) -> f64 {
        self.iter().find(|(declared, _)| declared.name == parameter.name).map_or(parameter.default, |(_, value)| value)
    }

    /// Returns the selected value of a parameter of whole numbers from 0 on.
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

    /// Iterates over the parameters with their values, in the declared order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Parameter<'static>, f64)> {
        self.declared.iter().zip(self.values.iter().copied())
    }
}
