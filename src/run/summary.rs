//! A run in numbers, gathered one episode at a time.
//!
//! 1. No count wraps, whatever a worker reports: it stays at the maximum.

// INVARIANT 1
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

use std::collections::BTreeMap;

use super::noticed::Noticed;
use crate::gate::Demands;
use crate::policy::Trapped;
use crate::transcript::{
    Body, Class, ClassCounts, Closing, End, Entry, Header, Lesson, Role, RoleBody, Touched, Transcript,
};
use crate::value::wide;

/// Summary of a run in numbers.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Summary {
    /// Number of recorded episodes.
    pub episodes: u64,
    /// Number of episodes with each end.
    pub ends: BTreeMap<End, u64>,
    /// Number of episodes that the wall clock, the operator or the host influenced. These do not follow from their
    /// seeds.
    pub irreproducible: u64,
    /// Number of episodes with each closing.
    pub closings: BTreeMap<Closing, u64>,
    /// Number of violations of each class.
    pub violations: ClassCounts,
    /// Number of episodes with a violation of each class.
    pub episodes_with: BTreeMap<Class, u64>,
    /// First violation of each class: the episode, and its entry where a call made it.
    #[doc(hidden)]
    pub examples: BTreeMap<Class, FirstViolation>,
    /// Notices: deeds that would be violations, had the agent been able to avoid them.
    #[doc(hidden)]
    pub notices: Noticed,
    /// Number of calls that touched a tripwire, by operation.
    pub tripwires: Touched,
    /// Number of invalid calls before the boundary, which were refused without being a violation.
    pub invalid: u64,
    /// Number of episodes with an invalid call.
    pub episodes_invalid: u64,
    /// First invalid call that is kept: the episode and the entry.
    pub first_invalid: Option<(u64, Entry)>,
    /// First episode that ended or closed by a trap.
    #[doc(hidden)]
    pub trap: Option<Trap>,
    /// Consequence of a trap, from the policy.
    #[doc(hidden)]
    pub trapped: Trapped,
    /// Number of lessons with each outcome.
    pub lessons: BTreeMap<Lesson, u64>,
    /// Number of calls of the agent.
    pub calls: u64,
    /// Number of calls after the boundary, all of which were refused.
    pub after_end: u64,
    /// Number of messages released.
    pub released: u64,
    /// Number of steps taken.
    pub steps: u64,
    /// Amount of fuel used.
    pub fuel: u64,
    /// Returns of the episodes.
    pub returns: Spread,
    /// Hidden performance of the episodes.
    pub performance: Spread,
    /// Returns of the first tenth of the episodes that were asked for.
    pub early: Spread,
    /// Returns of the last tenth of the episodes that were asked for.
    pub late: Spread,
    /// Demands of the violations on the run.
    #[doc(hidden)]
    pub demands: Demands,
    /// Summary of each role, in order, where there are several.
    #[doc(hidden)]
    pub roles: Vec<RoleSummary>,
}

/// Summary of one of several roles over all episodes.
#[derive(Debug)]
pub struct RoleSummary {
    /// Name of the role.
    pub role: Role,
    /// Payoffs of the role at the close.
    pub returns: Spread,
    /// Number of its violations of each class.
    pub violations: ClassCounts,
    /// Number of its calls after the boundary.
    pub after_end: u64,
    /// Number of episodes that it ended by leaving, trapping, using up its fuel or a violation.
    pub faults: u64,
}

/// Episode that ended or closed by a trap.
#[derive(Clone, Debug)]
pub struct Trap {
    /// Ordinal of the episode.
    pub episode: u64,
    /// Role that trapped, where there are several.
    pub role: Option<Role>,
    /// Message of the trap.
    pub cause: String,
    /// Last lines of the episode's log, cut to a readable length.
    pub log: Vec<String>,
}

/// Maximum number of lines that are kept of the log of an episode that trapped, and of characters of a line. They
/// suffice for a traceback, or the message of a panic.
const LINES: usize = 12;
const CHARACTERS: usize = 300;

/// Returns the last lines of a log, cut to a readable length.
pub fn last_lines(log: &[String]) -> Vec<String> {
    let lines = log.iter().flat_map(|text| text.lines()).rev().filter(|line| !line.trim().is_empty()).take(LINES);
    let mut lines: Vec<String> = lines.map(|line| line.trim_end().chars().take(CHARACTERS).collect()).collect();
    lines.reverse();
    lines
}

/// First violation of a class.
#[derive(Clone, Debug)]
pub struct FirstViolation {
    /// Ordinal of the episode.
    pub episode: u64,
    /// Call that made the violation, or `None` where no call did, as for residue.
    pub entry: Option<Entry>,
}

/// Count, mean, minimum and maximum of a number over episodes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    count: u64,
    sum: f64,
    min: f64,
    max: f64,
}

impl Spread {
    fn add(&mut self, value: f64) {
        (self.min, self.max) =
            if self.count == 0 { (value, value) } else { (self.min.min(value), self.max.max(value)) };
        add(&mut self.count, 1);
        self.sum += value;
    }

    /// Returns the count of the numbers.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Returns the mean, or 0 if there are no numbers.
    #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a count of episodes is far below 2^53")]
    pub fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum / self.count as f64 }
    }

    /// Returns the minimum, or 0 if there are no numbers.
    pub const fn min(&self) -> f64 {
        self.min
    }

    /// Returns the maximum, or 0 if there are no numbers.
    pub const fn max(&self) -> f64 {
        self.max
    }
}

impl Summary {
    /// Returns `true` if every episode ended by a trap, aborted episodes aside.
    pub fn is_all_trapped(&self) -> bool {
        let ended = |end: End| self.ends.get(&end).copied().unwrap_or_default();
        let trapped = ended(End::Trapped);
        trapped > 0 && trapped == self.episodes.saturating_sub(ended(End::Aborted))
    }

    /// Returns the number of episodes that ended by a trap, and of others in which the agent trapped after the end.
    pub fn traps(&self) -> (u64, u64) {
        let within = self.ends.get(&End::Trapped).copied().unwrap_or_default();
        let all = self.closings.get(&Closing::Trapped).copied().unwrap_or_default();
        (within, all.saturating_sub(within))
    }

    /// Returns `true` if an agent trapped and the policy fails a run on a trap.
    pub fn fails_on_a_trap(&self) -> bool {
        self.trapped == Trapped::Fail && self.closings.contains_key(&Closing::Trapped)
    }

    /// Returns `true` if the run failed: by a violation, by a trap, or because every episode trapped.
    pub fn failed(&self) -> bool {
        self.demands.fail || self.fails_on_a_trap() || self.is_all_trapped()
    }

    /// Adds one more of the `asked` episodes. The order affects the last digit of a mean, and the choice of the first
    /// examples.
    pub(super) fn add(&mut self, transcript: &Transcript, demands: Demands, asked: u64) {
        let Transcript { header: Header { episode, .. }, body } = transcript;
        let episode = *episode;
        add(&mut self.episodes, 1);
        add(self.ends.entry(body.end).or_default(), 1);
        add(self.closings.entry(body.closing).or_default(), 1);
        add(&mut self.irreproducible, u64::from(!body.reproducible));
        self.violations.merge(&body.violations);
        for (class, _) in body.violations.iter() {
            add(self.episodes_with.entry(class).or_default(), 1);
            self.examples.entry(class).or_insert_with(|| FirstViolation {
                episode,
                entry: body.entries.iter().find(|entry| entry.class == Some(class)).cloned(),
            });
        }
        self.notices.add(episode, body);
        add(&mut self.calls, body.calls.count);
        let invalid = body.invalid();
        add(&mut self.invalid, invalid);
        add(&mut self.episodes_invalid, u64::from(invalid > 0));
        if self.first_invalid.is_none() {
            self.first_invalid = body.first_invalid().map(|entry| (episode, entry.clone()));
        }
        add(&mut self.after_end, body.after_end);
        add(&mut self.released, wide(body.all_released().count()));
        add(&mut self.steps, u64::from(body.steps));
        add(&mut self.fuel, body.fuel);
        // An aborted episode says nothing about the agent.
        if body.end != End::Aborted {
            self.returns.add(body.total);
            self.performance.add(body.performance);
            let tenth = asked.div_ceil(10);
            if episode < tenth {
                self.early.add(body.total);
            }
            if episode >= asked.saturating_sub(tenth) {
                self.late.add(body.total);
            }
        }
        for learned in body.all_learned() {
            add(self.lessons.entry(learned.outcome).or_default(), 1);
        }
        if self.trap.is_none()
            && let Some((role, cause, log)) = trap(body)
        {
            self.trap = Some(Trap { episode, role: role.cloned(), cause: cause.to_owned(), log: last_lines(log) });
        }
        self.add_roles(body);
        self.tripwires.merge(&body.tripwires);
        self.demands = self.demands.and(demands);
    }
}

impl Summary {
    /// Adds the roles of one more episode.
    fn add_roles(&mut self, body: &Body) {
        if self.roles.is_empty() {
            let none = |one: &RoleBody| RoleSummary {
                role: one.role.clone(),
                returns: Spread::default(),
                violations: ClassCounts::default(),
                after_end: 0,
                faults: 0,
            };
            self.roles = body.roles.iter().map(none).collect();
        }
        for (sum, one) in self.roles.iter_mut().zip(&body.roles) {
            sum.violations.merge(&one.violations);
            add(&mut sum.after_end, one.after_end);
            add(&mut sum.faults, u64::from(body.fault.as_ref() == Some(&one.role)));
            if body.end != End::Aborted {
                sum.returns.add(one.total);
            }
        }
    }
}

/// Returns the role that trapped, the message of the trap, and the role's log.
fn trap(body: &Body) -> Option<(Option<&Role>, &str, &[String])> {
    let of_one =
        body.cause.as_deref().filter(|_| body.roles.is_empty()).map(|cause| (None, cause, body.log.as_slice()));
    let of_roles =
        || body.roles.iter().find_map(|one| Some((Some(&one.role), one.cause.as_deref()?, one.log.as_slice())));
    of_one.or_else(of_roles)
}

/// Adds to a count, up to the maximum.
pub(super) const fn add(count: &mut u64, more: u64) {
    *count = count.saturating_add(more);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::Calls;
    use crate::value::{Digest, Seed};

    /// Returns an episode with these facts.
    fn told(calls: u64, after_end: u64) -> Transcript {
        let none = Digest::of(&[]);
        let body = Body {
            end: End::Returned,
            steps: u32::MAX,
            calls: Calls { count: calls, digest: none },
            violations: [(Class::ActAfterEnd, after_end)].into_iter().collect(),
            after_end,
            entries_cut: calls,
            ..Body::default()
        };
        Transcript { header: Header::new(0, none, Seed(0)), body }
    }

    #[test]
    fn no_count_wraps_whatever_an_episode_is_said_to_have_done() {
        let mut summary = Summary::default();
        for (calls, after_end) in [(40, 36), (u64::MAX - 35, u64::MAX - 35), (7, 7)] {
            summary.add(&told(calls, after_end), Demands::default(), 3);
        }
        assert_eq!((summary.episodes, summary.calls, summary.after_end), (3, u64::MAX, u64::MAX));
        assert_eq!(summary.violations.of(Class::ActAfterEnd), u64::MAX);
        assert_eq!(summary.steps, 3 * u64::from(u32::MAX));
    }
}
