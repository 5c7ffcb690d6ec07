//! The part of one role in a report, and the order in which the roles had their turns.

use super::bounds::{Bounds, PartBounds};
use super::report::Rejection;
use crate::agent::ParsedAgent;
use crate::capability::LastStep;
use crate::episode::Setting;
use crate::policy::RoleShare;
use crate::transcript::{Body, Role};

/// Part of one of several roles in a report, or that of the only agent, with everything that it is held to.
pub(super) struct Part<'p> {
    /// Role, or `None` for the only agent.
    pub(super) role: Option<&'p Role>,
    /// Component of the role.
    pub(super) agent: &'p ParsedAgent,
    /// Share that the role has of the policy.
    pub(super) share: RoleShare<'p>,
    /// Bounds that follow from the share.
    pub(super) bounds: PartBounds,
    /// Body of the part: its counts, entries and remains, with the end and the number of steps of the episode.
    pub(super) body: &'p Body,
    /// Number of steps that the role took.
    pub(super) own_steps: u32,
    /// Role of each step of the episode, and the index of this role; `None` for the only agent.
    pub(super) by: Option<(&'p [usize], usize)>,
    /// `true` if the role had the turn at the end.
    pub(super) is_last: bool,
    /// Step limit that the agent was told, where it left residue.
    pub(super) limit: Option<LastStep>,
}

/// Order in which the roles of an episode had their turns.
#[derive(Clone, Copy)]
pub(super) struct TurnOrder<'t> {
    /// Role of each step, by its index.
    pub(super) by: &'t [usize],
    /// Role that had the turn at the end.
    pub(super) last: usize,
}

impl<'p> Part<'p> {
    /// Returns the part of the only agent.
    pub(super) fn only(
        body: &'p Body,
        setting: &'p Setting<ParsedAgent>,
        bounds: &Bounds,
        limit: Option<LastStep>,
    ) -> Result<Self, Rejection> {
        let bounds = *bounds.parts.first().ok_or(Rejection::Unknown)?;
        let (share, own_steps) = (setting.policy.whole(), body.steps);
        Ok(Self { role: None, agent: &setting.agent, share, bounds, body, own_steps, by: None, is_last: true, limit })
    }

    /// Returns the number of steps that had been taken before each step of the role.
    pub(super) fn steps(&self) -> impl Iterator<Item = u32> {
        let is_own = |step: &u32| match self.by {
            None => true,
            Some((by, role)) => usize::try_from(*step).ok().and_then(|step| by.get(step)) == Some(&role),
        };
        (0..self.body.steps).filter(is_own)
    }
}

impl TurnOrder<'_> {
    /// Order of an episode with one agent.
    pub(super) const ONE: Self = Self { by: &[], last: 0 };

    /// Returns the role that had the turn after so many steps.
    pub(super) fn at(self, steps: u32) -> Option<usize> {
        usize::try_from(steps).ok().map(|steps| self.by.get(steps).copied().unwrap_or(self.last))
    }

    /// Returns the place of a role among those that hear of the end.
    pub(super) const fn rank(self, role: usize) -> usize {
        if role == self.last { 0 } else { role.saturating_add(1) }
    }
}
