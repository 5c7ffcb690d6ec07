//! Chart: a table that is known to be whole, with a value for each of its parameters.

use super::super::parameters::unknown;
use super::super::{Error, Knob, NumberRange, Parameter, Status, index};
use super::read;
use crate::value::{Fault, Stream, Value};

/// Table in which every named state and every named parameter exists.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Chart {
    pub(super) name: String,
    /// Task, with parameters in braces.
    pub(super) task: String,
    /// Task, with the values of parameters.
    pub(super) told: String,
    pub(super) actions: Vec<String>,
    pub(super) start: usize,
    pub(super) steps: Option<Amount>,
    pub(super) persist: bool,
    pub(super) parameters: Vec<SelectedParameter>,
    pub(super) states: Vec<State>,
}

/// Parameter, with the selected value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SelectedParameter {
    pub(super) name: String,
    pub(super) value: f64,
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) numbers: NumberRange,
    pub(super) knob: Option<Knob>,
    pub(super) meaning: String,
}

/// Number as it is written: a literal, or the index of a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Amount {
    Fixed(f64),
    Named(usize),
}

/// State, with the outcomes of each action. A terminal state has none.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct State {
    pub(super) name: String,
    /// Amount that the first step of an episode that begins here pays on top.
    pub(super) due: Amount,
    pub(super) ways: Vec<Vec<Branch>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Branch {
    pub(super) to: usize,
    pub(super) reward: Amount,
    pub(super) hidden: Amount,
    /// Probability; without one, the rest that the others leave.
    pub(super) p: Option<Amount>,
}

impl Chart {
    /// Read a table that a user wrote.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, from the beginning of the text to its end.
    pub(in super::super) fn read(text: &str) -> Result<Self, Vec<Fault>> {
        read::written(text)
    }

    /// Returns `true` if a text looks like a table, valid or not.
    pub(in super::super) fn is_one(text: &str) -> bool {
        read::is_one(text)
    }

    /// Read the canonical text of a chart, which may be longer than what a user may write.
    ///
    /// # Errors
    ///
    /// The first fault of its text.
    pub(in super::super) fn read_again(text: &str) -> Result<Self, Fault> {
        read::chart(text).map_err(|faults| faults.into_iter().next().unwrap_or_else(nothing))
    }

    /// Copies the chart, with another value for one parameter.
    pub(in super::super) fn with(&self, name: &str, value: f64) -> Result<Self, Error> {
        let Some(place) = self.parameters.iter().position(|parameter| parameter.name == name) else {
            return Err(unknown(&self.name, name, self.parameters.iter().map(|parameter| parameter.name.as_str())));
        };
        let mut chart = self.clone();
        if let Some(parameter) = chart.parameters.get_mut(place) {
            parameter.value = parameter.view().admit(&self.name, value)?;
        }
        Ok(chart.tell())
    }

    /// Puts the values of the parameters into the task.
    pub(super) fn tell(mut self) -> Self {
        let fill = |task: String, parameter: &SelectedParameter| {
            task.replace(&format!("{{{}}}", parameter.name), &parameter.value.to_string())
        };
        self.told = self.parameters.iter().fold(self.task.clone(), fill);
        self
    }

    pub(in super::super) fn name(&self) -> &str {
        &self.name
    }

    pub(in super::super) fn parameters(&self) -> impl Iterator<Item = Parameter<'_>> {
        self.parameters.iter().map(SelectedParameter::view)
    }

    /// Returns the name of the observed state.
    pub(in super::super) fn observation_name(&self, observation: &Value) -> Option<&str> {
        let Value::Discrete(state) = observation else { return None };
        self.states.get(usize::try_from(*state).ok()?).map(|state| state.name.as_str())
    }

    /// Returns the name of an action.
    pub(in super::super) fn action_name(&self, action: &Value) -> Option<&str> {
        let Value::Discrete(action) = action else { return None };
        self.actions.get(usize::try_from(*action).ok()?).map(String::as_str)
    }

    pub(super) fn told(&self) -> &str {
        &self.told
    }

    pub(super) fn steps(&self) -> Option<u32> {
        #[expect(
            clippy::as_conversions,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it was read as a whole number from 1 to that of a u32"
        )]
        self.steps.map(|steps| self.value(steps) as u32)
    }

    /// Returns the value of an amount.
    pub(super) fn value(&self, amount: Amount) -> f64 {
        match amount {
            Amount::Fixed(value) => value,
            Amount::Named(place) => self.parameters.get(place).map_or(0.0, |parameter| parameter.value),
        }
    }

    /// Returns the amount that the first step of an episode that begins in this state pays on top.
    pub(super) fn due(&self, state: usize) -> f64 {
        self.states.get(state).map_or(0.0, |state| self.value(state.due))
    }

    /// Draws the outcome of an action in a state; `None` in a terminal state. The rest of the
    /// probability goes to the outcome without one, or else to the last one whose probability is
    /// not 0.
    pub(super) fn draw(&self, state: usize, action: &Value, chance: &mut Stream) -> Option<Branch> {
        let ways = self.states.get(state).map_or(&[][..], |state| &state.ways);
        let outcomes = usize::try_from(index(action)).ok().and_then(|action| ways.get(action)).map(Vec::as_slice)?;
        if let [only] = outcomes {
            return Some(*only);
        }
        let mut left = chance.unit();
        let mut rest = None;
        for outcome in outcomes {
            match outcome.p.map(|p| self.value(p)) {
                None => rest = Some(outcome),
                Some(p) => {
                    left -= p;
                    if left < 0.0 {
                        return Some(*outcome);
                    }
                    if p > 0.0 && rest.is_none_or(|rest: &Branch| rest.p.is_some()) {
                        rest = Some(outcome);
                    }
                }
            }
        }
        rest.copied()
    }

    pub(super) fn status(&self, state: usize) -> Status {
        let terminal = self.states.get(state).is_none_or(|state| state.ways.is_empty());
        if terminal { Status::Terminated } else { Status::Running }
    }
}

/// Fault of a world in which no fault was found.
fn nothing() -> Fault {
    Fault { message: "this is no world".to_owned(), span: None, label: String::new(), help: String::new() }
}

impl SelectedParameter {
    fn view(&self) -> Parameter<'_> {
        let Self { name, value, low, high, numbers, knob, meaning } = self;
        Parameter { name, default: *value, low: *low, high: *high, numbers: *numbers, knob: *knob, meaning }
    }
}
