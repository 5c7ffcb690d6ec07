//! The reason for the end of an episode, and the closing of its agent.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Reason for the end of an episode. It is the first that applies, and never changes afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// The environment reached a terminal state.
    Terminated,
    /// The step limit of the policy or of the task was reached.
    Steps,
    /// The fuel was used up.
    Fuel,
    /// The wall clock ran out.
    Wall,
    /// A message was released, and the policy ends the episode on that.
    Released,
    /// `run` returned.
    Returned,
    /// The component trapped.
    Trapped,
    /// The policy answered a violation with `end` or `quarantine`.
    Violation,
    /// The operator cancelled the run.
    Cancelled,
    /// The host could not go on.
    Aborted,
}

impl End {
    /// All reasons, in the order of the contract.
    pub const ALL: [Self; 10] = [
        Self::Terminated,
        Self::Steps,
        Self::Fuel,
        Self::Wall,
        Self::Released,
        Self::Returned,
        Self::Trapped,
        Self::Violation,
        Self::Cancelled,
        Self::Aborted,
    ];

    /// Returns the name of the reason in reports and records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Terminated => "terminated",
            Self::Steps => "steps",
            Self::Fuel => "fuel",
            Self::Wall => "wall",
            Self::Released => "released",
            Self::Returned => "returned",
            Self::Trapped => "trapped",
            Self::Violation => "violation",
            Self::Cancelled => "cancelled",
            Self::Aborted => "aborted",
        }
    }

    /// Returns the reason with this name.
    pub fn find(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|end| end.name() == text)
    }

    /// Returns `true` if the wall clock, the operator or the host had a part in the end. Such an episode does not
    /// follow from its seed.
    pub const fn is_hurried(self) -> bool {
        matches!(self, Self::Wall | Self::Cancelled | Self::Aborted)
    }

    /// Returns `true` if the agent brought about the end, and could have acted otherwise before.
    pub const fn is_of_the_agent(self) -> bool {
        matches!(self, Self::Released | Self::Returned | Self::Trapped | Self::Violation)
    }

    /// Returns `true` if a role brought the end about by leaving its task.
    ///
    /// The payoffs of the other roles do not suffer from such an end. A release that ends the episode counts, as a
    /// return does: otherwise a role that is ahead could stop at no cost.
    pub const fn is_a_fault(self) -> bool {
        matches!(self, Self::Fuel | Self::Released | Self::Returned | Self::Trapped | Self::Violation)
    }

    /// Returns the meaning of the reason, for people.
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::Terminated => "the task reached a terminal state",
            Self::Steps => "the step limit was reached",
            Self::Fuel => "the fuel was used up",
            Self::Wall => "the wall clock ran out",
            Self::Released => "something was released from the box",
            Self::Returned => "the agent returned before the task was over",
            Self::Trapped => "the component trapped",
            Self::Violation => "the policy ends the episode on a violation",
            Self::Cancelled => "the run was cancelled",
            Self::Aborted => "the host could not go on",
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Closing of an agent: the way in which its part of the episode ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Closing {
    /// `run` returned.
    Returned,
    /// The component trapped.
    Trapped,
    /// The component was still running when the grace was used up.
    Outlived,
    /// The component was stopped: the run was cancelled, the wall clock ran out in its grace, or the host could not
    /// go on.
    Stopped,
    /// The role never had a turn.
    Absent,
}

impl Closing {
    /// Returns the rank of the closing among those of several roles; the episode has the closing of the highest rank.
    pub const fn weight(self) -> u8 {
        match self {
            Self::Absent => 0,
            Self::Returned => 1,
            Self::Outlived => 2,
            Self::Trapped => 3,
            Self::Stopped => 4,
        }
    }
}
