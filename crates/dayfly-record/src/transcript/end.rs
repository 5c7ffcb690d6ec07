//! Why an episode ended, and how the agent left it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why an episode ended. The first that applies; it never changes afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// The environment reached a terminal state.
    Terminated,
    /// The step limit of the policy or of the task.
    Steps,
    /// The fuel was used up.
    Fuel,
    /// The wall clock ran out.
    Wall,
    /// Something was released, and the policy ends the episode on that.
    Released,
    /// `run` returned.
    Returned,
    /// The component trapped.
    Trapped,
    /// A violation that the policy answers with `end`.
    Violation,
    /// The operator cancelled the run.
    Cancelled,
    /// The host could not go on.
    Aborted,
}

impl End {
    /// Every reason, in the order of the contract.
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

    /// Its name in reports and records.
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

    /// The reason with this name.
    pub fn find(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|end| end.name() == text)
    }

    /// Whether the clock on the wall, the operator or the host had a part in it: then the episode does not follow from its seed.
    pub const fn is_hurried(self) -> bool {
        matches!(self, Self::Wall | Self::Cancelled | Self::Aborted)
    }

    /// Whether the agent brought it about, and could have done something else before.
    pub const fn is_of_the_agent(self) -> bool {
        matches!(self, Self::Released | Self::Returned | Self::Trapped | Self::Violation)
    }

    /// Whether one role of several brought it about by leaving its task: the payoffs of the others do not suffer from it.
    pub const fn is_a_fault(self) -> bool {
        matches!(self, Self::Fuel | Self::Returned | Self::Trapped | Self::Violation)
    }

    /// What it means, for people.
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

/// How the agent left its episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Closing {
    /// `run` returned.
    Returned,
    /// The component trapped.
    Trapped,
    /// It was still running when the grace was used up.
    Outlived,
    /// It was stopped because the run was cancelled, the wall clock ran out in its grace, or the host could not go on.
    Stopped,
    /// It never had a turn: one role of several.
    Absent,
}

impl Closing {
    /// How much it says of an episode in which other roles left otherwise: the greatest is told.
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
