//! One step of an episode, as the record has it where it keeps steps.
//!
//! ```json
//! {"action":{"discrete":1},"action_name":"water","reward":2.5,"observation":{"discrete":0},"observation_name":"wet"}
//! ```

use serde::{Deserialize, Serialize};

use super::Role;
use crate::value::Value;

/// One step: the action, the reward and the observation that followed.
///
/// The names are for people. They follow from the world and the other members, and agents never see them. A world
/// without names leaves them out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Role that acted, where the episode has several roles. The observation is then the one that this role was shown
    /// at its next turn, or at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Action of the agent.
    pub action: Value,
    /// Name of the action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_name: Option<Box<str>>,
    /// Reward, whether or not the agent is shown it.
    pub reward: f64,
    /// Observation after the action.
    pub observation: Value,
    /// Name of the observation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observation_name: Option<Box<str>>,
}

impl Step {
    /// Returns a step of a world that has no names.
    pub const fn unnamed(action: Value, reward: f64, observation: Value) -> Self {
        Self { role: None, action, action_name: None, reward, observation, observation_name: None }
    }

    /// Returns the number of bytes of its values and names.
    pub fn weight(&self) -> usize {
        let names = [&self.action_name, &self.observation_name].into_iter().flatten().map(|name| name.len());
        [self.action.weight(), self.observation.weight()].into_iter().chain(names).fold(0, usize::saturating_add)
    }

    /// Returns the maximum number of bytes that it takes in a line: JSON takes up to six for a byte of text.
    pub fn bytes(&self) -> u64 {
        let names = [&self.action_name, &self.observation_name].into_iter().flatten().count();
        // A name takes the bytes of its key besides its own.
        let around = 128_usize.saturating_add(names.saturating_mul(24)).saturating_add(Role::MOST.saturating_mul(2));
        u64::try_from(self.weight().saturating_mul(6).saturating_add(around)).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unnamed() -> Step {
        Step::unnamed(Value::Discrete(1), 2.5, Value::Discrete(0))
    }

    fn named() -> Step {
        Step { action_name: Some("water".into()), observation_name: Some("\u{1}".repeat(40).into()), ..unnamed() }
    }

    #[test]
    fn json_has_the_names_and_is_read_again_and_is_as_before_where_there_are_none() {
        let none = r#"{"action":{"discrete":1},"reward":2.5,"observation":{"discrete":0}}"#;
        assert_eq!(serde_json::to_string(&unnamed()).unwrap(), none);
        assert!(serde_json::to_string(&named()).unwrap().contains(r#""action_name":"water""#));
        for step in [unnamed(), named()] {
            assert_eq!(serde_json::from_str::<Step>(&serde_json::to_string(&step).unwrap()).unwrap(), step);
        }
    }

    #[test]
    fn what_is_counted_of_a_step_is_no_less_than_its_line_has() {
        for step in [unnamed(), named()] {
            let json = u64::try_from(serde_json::to_string(&step).unwrap().len()).unwrap();
            assert!(json <= step.bytes(), "{json} {}", step.bytes());
        }
    }
}
