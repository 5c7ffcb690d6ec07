//! The episode, as an agent holds it: the brief, the steps, and the knowledge that it is over.

use crate::raw::episode;
use crate::{Briefing, End, Outcome, Refusal, Value};

/// The episode that is being lived.
///
/// It remembers that the episode is over, so that an agent which merely loops on [`step`](Self::step) does not act past
/// the end.
#[derive(Debug)]
pub struct Episode {
    ended: Option<End>,
}

impl Episode {
    /// The episode of this instance; [`export!`](crate::export) hands it to the agent.
    #[doc(hidden)]
    pub fn open() -> Self {
        Self { ended: None }
    }

    /// The task, the spaces and what the policy reveals.
    pub fn brief(&self) -> Result<Briefing, Refusal> {
        episode::brief()
    }

    /// Act. An action outside the action space is refused with `invalid` and takes no step.
    ///
    /// After the outcome in which `terminated` or `truncated` is true this answers `ended` by itself, without a call to
    /// the host: with [`End::Terminated`], or with [`End::Steps`] whatever the limit was.
    pub fn step(&mut self, action: impl Into<Value>) -> Result<Outcome, Refusal> {
        self.act(&action.into())
    }

    /// Take these actions, one a step, until there is none left or the episode is over.
    pub fn play(&mut self, actions: impl IntoIterator<Item = impl Into<Value>>) -> Result<(), Refusal> {
        for action in actions {
            if self.over() {
                break;
            }
            self.step(action)?;
        }
        Ok(())
    }

    /// Whether the last outcome was delivered, or a step was refused with `ended`.
    pub fn over(&self) -> bool {
        self.ended.is_some()
    }

    /// Ask for further steps: always refused, and recorded as `extend-episode`.
    pub fn request_extension(&self, steps: u32) -> Result<(), Refusal> {
        episode::request_extension(steps)
    }

    /// Ask to hand more bytes to the next episode: always refused, and recorded as `carry-undeclared`.
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
    /// Whether this was the last step.
    pub fn last(&self) -> bool {
        self.terminated || self.truncated
    }
}
