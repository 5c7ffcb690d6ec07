//! Upper bounds on a worker's report of one episode. They follow from the policy, the agent and the world, before any
//! report is read.
//!
//! ```text
//!  policy, world --of--> Bounds: the longest frame, and how many of each there may be in it
//! ```
//!
//! 1. An honest report never exceeds them: the gate, a quota or fuel holds an episode to each number.
//! 2. Each call costs fuel, so fuel bounds everything that is counted call by call.

use super::frame::LONGEST;
use crate::agent::ParsedAgent;
use crate::capability::{PATH, after_end, calls};
use crate::environment::Environment;
use crate::episode::{CAUSE, Setting};
use crate::policy::{Granted, Policy, RoleShare};
use crate::transcript::Class;
use crate::value::{Space, wide};

/// Maximum number of bytes of text in an entry: the excerpts of its arguments, and its rule.
pub(super) const TEXT: usize = 4096;
/// Maximum number of bytes that the wire adds to a text or a number.
const AROUND: u64 = 16;
/// Number of bytes of an entry beyond its text.
const ENTRY: u64 = 192;
/// Maximum number of bytes of the parts that every parcel has, and of those that it has for each role: numbers, digests,
/// counts by class and by operation, and the cause of a trap.
const HEAD: u64 = 8192;

/// Upper bounds on the report of one episode of a run.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Bounds on the part of each role, or on that of the only agent.
    pub(super) parts: Vec<PartBounds>,
    /// `true` if there are several roles.
    pub(super) has_roles: bool,
    /// Number of entries of all parts.
    pub(super) entries: u64,
    /// Number of bytes of the longest action.
    pub(super) action: usize,
    /// Number of bytes of the longest frame.
    pub(super) frame: usize,
}

/// Upper bounds on the part of one agent in a report.
#[derive(Clone, Copy, Debug)]
pub(super) struct PartBounds {
    /// Number of calls, those of `learn` included.
    pub(super) calls: u64,
    /// Number of calls after the boundary.
    pub(super) after_end: u64,
    pub(super) entries: u64,
    pub(super) lines: u64,
    pub(super) messages: u64,
    pub(super) residue: u64,
    /// Number of bytes of a message and its recipient.
    pub(super) message: usize,
    /// Number of bytes of everything that its part in a frame has, the entries included.
    bytes: u64,
}

impl PartBounds {
    /// No bounds, for the side that writes a report.
    const NONE: Self = Self {
        calls: u64::MAX,
        after_end: u64::MAX,
        entries: u64::MAX,
        lines: u64::MAX,
        messages: u64::MAX,
        residue: u64::MAX,
        message: usize::MAX,
        bytes: u64::MAX,
    };

    /// Returns the bounds on the part of `agent`, which has this share of the policy.
    fn of(policy: &Policy, agent: &ParsedAgent, share: &RoleShare<'_>) -> Self {
        let number =
            |capability, limit| share.granted(capability).map_or(0, |Granted { grant, .. }| grant.number(limit));
        // INVARIANT 2
        let learns = agent.learns() && policy.boundary.carry > 0;
        let code = wide(agent.bytes().len());
        let acting = calls(share.fuel.saturating_add(share.grace_fuel), code);
        let learning = if learns { calls(policy.boundary.learn_fuel, code) } else { 0 };
        // The first violation of each class is kept whatever the limits are. `learn` may add as many entries after
        // the boundary.
        let after = u64::from(policy.record.grace).saturating_add(wide(Class::ALL.len()));
        let after_learning = if learns { after } else { 0 };
        let mut bounds = Self {
            calls: acting.saturating_add(learning),
            after_end: after_end(share.grace_fuel),
            entries: u64::from(policy.record.entries).saturating_add(after).saturating_add(after_learning),
            // A line of the log counts eight bytes more than its text.
            lines: number("log", "bytes") / 8,
            messages: number("outbox", "messages"),
            residue: number("workspace", "files"),
            message: size(number("outbox", "bytes").saturating_add(AROUND)),
            bytes: 0,
        };
        let parts = [
            HEAD.saturating_add(wide(CAUSE.saturating_mul(4))),
            bounds.entries.min(bounds.calls).saturating_mul(wide(TEXT).saturating_add(ENTRY)),
            number("log", "bytes"),
            number("outbox", "bytes").saturating_add(bounds.messages.saturating_mul(AROUND)),
            bounds.residue.saturating_mul(wide(PATH).saturating_add(AROUND)),
            policy.boundary.carry.saturating_add(AROUND),
        ];
        bounds.bytes = parts.into_iter().fold(0, u64::saturating_add);
        bounds
    }
}

impl Bounds {
    /// Returns no bounds on `parts` parts, for the side that writes a report.
    pub(super) fn none(parts: usize) -> Self {
        let has_roles = parts > 0;
        let parts = vec![PartBounds::NONE; parts.max(1)];
        Self { parts, has_roles, entries: u64::MAX, action: usize::MAX, frame: usize::MAX }
    }

    /// Returns the bounds of one episode in `environment` under `setting`.
    pub fn of(setting: &Setting<ParsedAgent>, environment: &dyn Environment) -> Self {
        let policy = &setting.policy;
        let shares = setting.shares();
        let has_roles = !setting.roles().is_empty();
        let parts: Vec<PartBounds> = shares.iter().map(|(agent, share)| PartBounds::of(policy, agent, share)).collect();
        let entries = parts.iter().map(|part| part.entries).fold(0, u64::saturating_add);
        let action = match environment.roles() {
            Some(roles) => (0..roles.names().len()).map(|role| longest(&roles.actions(role))).max().unwrap_or(0),
            None => longest(&environment.actions()),
        };
        // A step is a call, and costs at least as much fuel.
        let paid = shares.iter().map(|(_, share)| after_end(share.fuel)).fold(0, u64::saturating_add);
        let steps = u64::from(setting.last_step(environment)).min(paid);
        let told = parts.iter().map(|part| part.bytes).fold(0, u64::saturating_add);
        let frame = told.saturating_add(HEAD).saturating_add(steps.saturating_mul(wide(action)));
        Self { parts, has_roles, entries, action, frame: size(frame).min(LONGEST) }
    }

    /// Returns the number of bytes of the longest frame.
    pub const fn frame(&self) -> usize {
        self.frame
    }
}

/// Returns the maximum number of bytes that an action of `space` takes on the wire.
fn longest(space: &Space) -> usize {
    // The variant, and a number or a length.
    let head = 1_usize.saturating_add(10);
    let list = |count: usize, each: usize| head.saturating_add(count.saturating_mul(each));
    match space {
        Space::Discrete(_) | Space::Real { .. } => head,
        Space::MultiDiscrete(counts) => list(counts.len(), 5),
        Space::Box { shape, .. } => {
            list(shape.iter().fold(1, |all, side| all.saturating_mul(size(u64::from(*side)))), 8)
        }
        Space::Text(limit) | Space::Bytes(limit) => list(size(u64::from(*limit)), 1),
    }
}

fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    #[test]
    fn no_action_of_a_space_is_longer_than_the_longest() {
        for (space, value) in [
            (Space::Discrete(u64::MAX), Value::Discrete(u64::MAX - 1)),
            (Space::Real { low: -1e300, high: 1e300 }, Value::Real(-1e300)),
            (Space::MultiDiscrete(vec![u32::MAX; 3]), Value::MultiDiscrete(vec![u32::MAX - 1; 3])),
            (Space::Box { shape: vec![2, 3], low: 0.0, high: 1.0 }, Value::Box(vec![0.7; 6])),
            (Space::Text(300), Value::Text("x".repeat(300))),
            (Space::Bytes(0), Value::Bytes(Vec::new())),
        ] {
            assert_eq!(space.admits(&value), Ok(()));
            let written = postcard::to_extend(&value, Vec::new()).unwrap();
            assert!(written.len() <= longest(&space), "{space}");
        }
    }
}
