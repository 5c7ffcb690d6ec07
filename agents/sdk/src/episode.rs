//! Episode, as an agent holds it: the brief, the steps, and a record that it is over.

use crate::raw::episode;
use crate::{Briefing, End, Outcome, Refusal, Value};

/// Episode that is running.
///
/// It remembers that the episode is over, so that an agent which merely loops on [`step`](Self::step) does not act past
/// the end.
#[derive(Debug)]
pub struct Episode {
    ended: Option<End>,
}

impl Episode {
    /// Makes the episode of this instance; [`export!`](crate::export) hands it to the agent.
    #[doc(hidden)]
    pub fn open() -> Self {
        Self { ended: None }
    }

    /// Returns the task, the spaces and what the policy reveals.
    pub fn brief(&self) -> Result<Briefing, Refusal> {
        episode::brief()
    }

    /// Takes a step. An action outside the action space is refused with `invalid` and takes no step.
    ///
    /// After the outcome in which `terminated` or `truncated` is true this answers `ended` by itself, without a call to
    /// the host: with [`End::Terminated`], or with [`End::Steps`] whatever the limit was.
    pub fn step(&mut self, action: impl Into<Value>) -> Result<Outcome, Refusal> {
        self.act(&action.into())
    }

    /// Takes these actions, one a step, until there is none left or the episode is over.
    pub fn play(&mut self, actions: impl IntoIterator<Item = impl Into<Value>>) -> Result<(), Refusal> {
        for action in actions {
            if self.over() {
                break;
            }
            self.step(action)?;
        }
        Ok(())
    }

    /// Returns `true` if the last outcome was delivered, or a step was refused with `ended`.
    pub fn over(&self) -> bool {
        self.ended.is_some()
    }

    /// Asks for further steps: always refused, and recorded as `extend-episode`.
    pub fn request_extension(&self, steps: u32) -> Result<(), Refusal> {
        episode::request_extension(steps)
    }

    /// Asks to hand more bytes to the next episode: always refused, and recorded as `carry-undeclared`.
    pub fn request_carry_over(&self, bytes: u64) -> Result<(), Refusal> {
        episode::request_carry_over(bytes)
    }

    fn act(&mut self, action: &Value) -> Result<Outcome, Refusal> {
        if let Some(end) = self.ended {
            return Err(Refusal::Ended(end));
        }
        let answer = episode::step(action);
        self.ended = match &answer {
            Ok(outcome) if outcome.terminated => Some(End::Terminated),
            Ok(outcome) if outcome.truncated => Some(End::Steps),
            Err(Refusal::Ended(end)) => Some(*end),
            _ => None,
        };
        answer
    }
}

impl Outcome {
    /// Returns `true` if this was the last step.
    pub fn last(&self) -> bool {
        self.terminated || self.truncated
    }
}
