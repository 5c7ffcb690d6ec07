//! A run in numbers, gathered one episode at a time.
//!
//! 1. No count wraps, whatever a worker told of an episode: it stays at the largest there is.

// INVARIANT 1
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

use std::collections::BTreeMap;

use super::noticed::{Noticed, Notices};
use crate::gate::Demands;
use crate::policy::Trapped;
use crate::transcript::{Class, Closing, End, Entry, Lesson, Tally, Touched, Transcript};

/// What the summary needs of an episode.
#[derive(Debug)]
pub(super) struct Digested {
    pub(super) demands: Demands,
    episode: u64,
    end: End,
    closing: Closing,
    reproducible: bool,
    steps: u32,
    fuel: u64,
    total: f64,
    performance: f64,
    calls: u64,
    violations: Tally,
    notices: Notices,
    tripwires: Touched,
    after_end: u64,
    released: u64,
    lesson: Option<Lesson>,
    cause: Option<String>,
    log: Vec<String>,
    examples: Vec<Entry>,
    invalid: u64,
    first_invalid: Option<Entry>,
}

impl Digested {
    pub(super) fn new(transcript: Transcript, demands: Demands) -> Self {
        let mut seen = Tally::default();
        let mut first = |entry: &Entry| {
            entry.class.is_some_and(|class| {
                let is_first = seen.iter().all(|(other, _)| other != class);
                seen.add(class);
                is_first
            })
        };
        Self {
            demands,
            invalid: transcript.invalid(),
            first_invalid: transcript.first_invalid().cloned(),
            episode: transcript.episode,
            end: transcript.end,
            closing: transcript.closing,
            reproducible: transcript.reproducible,
            steps: transcript.steps,
            fuel: transcript.fuel,
            total: transcript.total,
            performance: transcript.performance,
            calls: transcript.calls.count,
            violations: transcript.violations,
            notices: Notices::of(&transcript),
            tripwires: transcript.tripwires,
            after_end: transcript.after_end,
            lesson: transcript.learned.map(|learned| learned.outcome),
            log: transcript.cause.as_ref().map_or_else(Vec::new, |_| last(&transcript.log)),
            cause: transcript.cause,
            released: u64::try_from(transcript.released.len()).unwrap_or(u64::MAX),
            examples: transcript.entries.into_iter().filter(|entry| first(entry)).collect(),
        }
    }
}

/// A run in numbers.
#[derive(Debug, Default)]
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
    pub examples: BTreeMap<Class, Example>,
    /// What would be a violation, and nobody committed.
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
    pub trap: Option<Trap>,
    /// What the policy makes of a trap.
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
    pub demands: Demands,
}

/// An episode that ended or closed by a trap.
#[derive(Clone, Debug)]
pub struct Trap {
    /// The episode.
    pub episode: u64,
    /// What the trap says.
    pub cause: String,
    /// The last lines of the log of the episode, as far as people read them.
    pub log: Vec<String>,
}

/// The most lines that are kept of the log of an episode that trapped, and the most characters of a line: a traceback, or the message of
/// a panic.
const LINES: usize = 12;
const CHARACTERS: usize = 300;

/// The last lines of a log.
fn last(log: &[String]) -> Vec<String> {
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
    pub(super) fn add(&mut self, episode: &Digested, asked: u64) {
        add(&mut self.episodes, 1);
        add(self.ends.entry(episode.end).or_default(), 1);
        add(self.closings.entry(episode.closing).or_default(), 1);
        add(&mut self.irreproducible, u64::from(!episode.reproducible));
        self.violations.merge(&episode.violations);
        for (class, _) in episode.violations.iter() {
            add(self.episodes_with.entry(class).or_default(), 1);
            self.examples.entry(class).or_insert_with(|| Example {
                episode: episode.episode,
                entry: episode.examples.iter().find(|entry| entry.class == Some(class)).cloned(),
            });
        }
        self.notices.add(episode.episode, &episode.notices);
        add(&mut self.calls, episode.calls);
        add(&mut self.invalid, episode.invalid);
        add(&mut self.episodes_invalid, u64::from(episode.invalid > 0));
        if self.first_invalid.is_none() {
            self.first_invalid = episode.first_invalid.clone().map(|entry| (episode.episode, entry));
        }
        add(&mut self.after_end, episode.after_end);
        add(&mut self.released, episode.released);
        add(&mut self.steps, u64::from(episode.steps));
        add(&mut self.fuel, episode.fuel);
        // The host could not go on: such an episode says nothing about the agent.
        if episode.end != End::Aborted {
            self.returns.add(episode.total);
            self.performance.add(episode.performance);
            let tenth = asked.div_ceil(10);
            if episode.episode < tenth {
                self.early.add(episode.total);
            }
            if episode.episode >= asked.saturating_sub(tenth) {
                self.late.add(episode.total);
            }
        }
        if let Some(lesson) = episode.lesson {
            add(self.lessons.entry(lesson).or_default(), 1);
        }
        if self.trap.is_none()
            && let Some(cause) = &episode.cause
        {
            self.trap = Some(Trap { episode: episode.episode, cause: cause.clone(), log: episode.log.clone() });
        }
        self.tripwires.merge(&episode.tripwires);
        self.demands = self.demands.and(episode.demands);
    }
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
    fn digested(calls: u64, after_end: u64) -> Digested {
        let none = Digest::of(&[]);
        let transcript = Transcript {
            episode: 0,
            lineage: 0,
            world: 0,
            run: none,
            seed: Seed(0),
            carry_over: None,
            carry_over_of: None,
            generation: 0,
            environment: None,
            end: End::Returned,
            lost: None,
            reproducible: true,
            closing: Closing::Returned,
            cause: None,
            steps: u32::MAX,
            total: 0.0,
            performance: 0.0,
            fuel: calls,
            calls: Calls { count: calls, digest: none },
            violations: [(Class::ActAfterEnd, after_end)].into_iter().collect(),
            notices: Tally::default(),
            tripwires: Touched::default(),
            after_end,
            entries: Vec::new(),
            entries_cut: calls,
            trace: Vec::new(),
            log: Vec::new(),
            released: Vec::new(),
            residue: Vec::new(),
            learned: None,
        };
        Digested::new(transcript, Demands::default())
    }

    #[test]
    fn no_count_wraps_whatever_an_episode_is_said_to_have_done() {
        let mut summary = Summary::default();
        for (calls, after_end) in [(40, 36), (u64::MAX - 35, u64::MAX - 35), (7, 7)] {
            summary.add(&digested(calls, after_end), 3);
        }
        assert_eq!((summary.episodes, summary.calls, summary.after_end), (3, u64::MAX, u64::MAX));
        assert_eq!(summary.violations.of(Class::ActAfterEnd), u64::MAX);
        assert_eq!(summary.steps, 3 * u64::from(u32::MAX));
    }
}
