//! A run in numbers, gathered one episode at a time.
//!
//! 1. No count wraps, whatever a worker told of an episode: it stays at the largest there is.

// INVARIANT 1
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

use std::collections::BTreeMap;

use super::noticed::Noticed;
use crate::gate::Demands;
use crate::policy::Trapped;
use crate::transcript::{Body, Class, Closing, End, Entry, Header, Lesson, Role, RoleBody, Tally, Touched, Transcript};
use crate::value::wide;

/// A run in numbers.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Summary {
    /// Episodes recorded.
    pub episodes: u64,
    /// How many ended why.
    pub ends: BTreeMap<End, u64>,
    /// In how many the wall clock, the operator or the host had a part: they do not follow from their seeds.
    pub irreproducible: u64,
    /// How many agents left how.
    pub closings: BTreeMap<Closing, u64>,
    /// Violations of each class.
    pub violations: Tally,
    /// In how many episodes there was a violation of each class.
    pub episodes_with: BTreeMap<Class, u64>,
    /// The first violation of each class: the episode, and its entry where a call made it.
    #[doc(hidden)]
    pub examples: BTreeMap<Class, Example>,
    /// What would be a violation, and nobody committed.
    #[doc(hidden)]
    pub notices: Noticed,
    /// The calls that touched a tripwire, by operation.
    pub tripwires: Touched,
    /// The calls before the boundary that asked for what cannot be, and were refused without being a violation.
    pub invalid: u64,
    /// In how many episodes there was one.
    pub episodes_invalid: u64,
    /// The first of them that is kept: the episode and the entry.
    pub first_invalid: Option<(u64, Entry)>,
    /// The first episode that ended or closed by a trap.
    #[doc(hidden)]
    pub trap: Option<Trap>,
    /// What the policy makes of a trap.
    #[doc(hidden)]
    pub trapped: Trapped,
    /// How many lessons came to what.
    pub lessons: BTreeMap<Lesson, u64>,
    /// Calls of the agent.
    pub calls: u64,
    /// Calls after the boundary; all of them were refused.
    pub after_end: u64,
    /// Messages released.
    pub released: u64,
    /// Steps taken.
    pub steps: u64,
    /// Fuel used.
    pub fuel: u64,
    /// The return of an episode.
    pub returns: Spread,
    /// The hidden performance of an episode.
    pub performance: Spread,
    /// The return of an episode in the first tenth of those that were asked for.
    pub early: Spread,
    /// The return of an episode in the last tenth of them.
    pub late: Spread,
    /// What the violations ask of the run.
    #[doc(hidden)]
    pub demands: Demands,
    /// Each role, in their order, where there are several.
    #[doc(hidden)]
    pub roles: Vec<RoleSummary>,
}

/// One role of several over all episodes.
#[derive(Debug)]
pub struct RoleSummary {
    /// The role.
    pub role: Role,
    /// What it was paid at the close.
    pub returns: Spread,
    /// Number of its violations of each class.
    pub violations: Tally,
    /// Number of its calls after the boundary.
    pub after_end: u64,
    /// Number of episodes that it ended by leaving, trapping, using up its fuel or a violation.
    pub faults: u64,
}

/// An episode that ended or closed by a trap.
#[derive(Clone, Debug)]
pub struct Trap {
    /// The episode.
    pub episode: u64,
    /// The role, where there are several.
    pub role: Option<Role>,
    /// What the trap says.
    pub cause: String,
    /// The last lines of the log of the episode, as far as people read them.
    pub log: Vec<String>,
}

/// The most lines that are kept of the log of an episode that trapped, and the most characters of a line: a traceback, or the message of
/// a panic.
const LINES: usize = 12;
const CHARACTERS: usize = 300;

/// The last lines of a log, as far as people read them.
pub fn last_lines(log: &[String]) -> Vec<String> {
    let lines = log.iter().flat_map(|text| text.lines()).rev().filter(|line| !line.trim().is_empty()).take(LINES);
    let mut lines: Vec<String> = lines.map(|line| line.trim_end().chars().take(CHARACTERS).collect()).collect();
    lines.reverse();
    lines
}

/// The first violation of a class.
#[derive(Clone, Debug)]
pub struct Example {
    /// The episode.
    pub episode: u64,
    /// The call that made it; none where no call did, such as residue.
    pub entry: Option<Entry>,
}

/// A number over all episodes that count.
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

    /// How many numbers there are.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The mean; 0 of nothing.
    #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a count of episodes is far below 2^53")]
    pub fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum / self.count as f64 }
    }

    /// The least; 0 of nothing.
    pub const fn min(&self) -> f64 {
        self.min
    }

    /// The greatest; 0 of nothing.
    pub const fn max(&self) -> f64 {
        self.max
    }
}

impl Summary {
    /// Whether every episode that says something about the agent ended by a trap.
    pub fn is_all_trapped(&self) -> bool {
        let ended = |end: End| self.ends.get(&end).copied().unwrap_or_default();
        let trapped = ended(End::Trapped);
        trapped > 0 && trapped == self.episodes.saturating_sub(ended(End::Aborted))
    }

    /// How many episodes ended by a trap, and in how many others the agent trapped once they had ended.
    pub fn traps(&self) -> (u64, u64) {
        let within = self.ends.get(&End::Trapped).copied().unwrap_or_default();
        let all = self.closings.get(&Closing::Trapped).copied().unwrap_or_default();
        (within, all.saturating_sub(within))
    }

    /// Whether there was a trap that the policy fails on.
    pub fn fails_on_a_trap(&self) -> bool {
        self.trapped == Trapped::Fail && self.closings.contains_key(&Closing::Trapped)
    }

    /// Whether the run failed: by a violation, by a trap, or since the agent did nothing but trap.
    pub fn failed(&self) -> bool {
        self.demands.fail || self.fails_on_a_trap() || self.is_all_trapped()
    }

    /// Count one more episode of as many as were asked for. The order matters for the last digit of a mean, and for which example
    /// is the first.
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
            self.examples.entry(class).or_insert_with(|| Example {
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
        // The host could not go on: such an episode says nothing about the agent.
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
    /// Count the roles of one more episode.
    fn add_roles(&mut self, body: &Body) {
        if self.roles.is_empty() {
            let none = |one: &RoleBody| RoleSummary {
                role: one.role.clone(),
                returns: Spread::default(),
                violations: Tally::default(),
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

/// What trapped, why, and its log.
fn trap(body: &Body) -> Option<(Option<&Role>, &str, &[String])> {
    let of_one =
        body.cause.as_deref().filter(|_| body.roles.is_empty()).map(|cause| (None, cause, body.log.as_slice()));
    let of_roles =
        || body.roles.iter().find_map(|one| Some((Some(&one.role), one.cause.as_deref()?, one.log.as_slice())));
    of_one.or_else(of_roles)
}

/// Count some more.
pub(super) const fn add(count: &mut u64, more: u64) {
    *count = count.saturating_add(more);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::Calls;
    use crate::value::{Digest, Seed};

    /// An episode of which this was told.
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
