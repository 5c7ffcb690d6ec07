//! Episodes of the agent of a case: its policies, its traps, and the operations that a policy
//! denied it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Case, TrialLine};
use crate::property::{Judgement, Observed, PropertyKind, Trial, TrialAgents, Under, Verdict};
use crate::run::last_lines;
use crate::transcript::{Closing, End, Transcript};
use crate::value::many;

/// Evaluated episodes of the agent of a case.
pub(super) struct ObservedEpisodes {
    /// Traps of the agent; none if it never trapped.
    traps: Option<Traps>,
    /// Policies of the trials, as on the command line, in the order of their first use. Empty if
    /// every trial ran under the given policy.
    under: Vec<String>,
    /// Operations that a policy denied in more than half of the episodes, in words.
    denied: Vec<String>,
}

/// Traps of the agent of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traps {
    /// Number of evaluated episodes.
    pub episodes: usize,
    /// Number of episodes that ended by a trap.
    pub within: usize,
    /// Number of other episodes in which the agent trapped after the end.
    pub after: usize,
    /// Ordinal of the first episode with a trap, in its trial.
    pub episode: u64,
    /// Cause of that trap.
    pub cause: String,
    /// Last lines of the log of that episode.
    pub log: Vec<String>,
    /// Trial with that episode.
    pub line: TrialLine,
}

impl Traps {
    /// Returns the traps of the agent in these trials; none if it never trapped.
    fn of(case: &Case, trials: &[Trial], seen: &[Observed]) -> Option<Self> {
        let own = || trials.iter().zip(seen).filter(|(trial, _)| trial.cast == TrialAgents::Subject);
        let episodes = || own().flat_map(|(_, observed)| &observed.transcripts);
        let (within, late) = (
            |one: &&Transcript| one.body.end == End::Trapped,
            |one: &&Transcript| one.body.end != End::Trapped && one.body.closing == Closing::Trapped,
        );
        let first = own().find_map(|(trial, observed)| {
            let trapped = observed.transcripts.iter().find(|one| within(one) || late(one))?;
            Some((trial, observed.root, trapped))
        });
        let (trial, root, Transcript { header, body }) = first?;
        Some(Self {
            episodes: episodes().count(),
            within: episodes().filter(within).count(),
            after: episodes().filter(late).count(),
            episode: header.episode,
            cause: body.cause.clone().unwrap_or_else(|| "no cause is known".to_owned()),
            log: last_lines(&body.log),
            line: TrialLine { command: case.command(trial), root },
        })
    }

    /// Describes the number of traps and the cause of the first, in words.
    fn sentence(&self) -> String {
        let all = many(self.episodes, "episode");
        let count = match (self.within, self.after) {
            (within, 0) => format!("in {within} of {all}"),
            (0, after) => format!("once the episode had ended, in {after} of {all}"),
            (within, after) => format!("in {within} of {all}, and in {after} once the episode had ended"),
        };
        format!("the agent trapped {count}: {}", self.cause)
    }
}

impl ObservedEpisodes {
    pub(super) fn of(case: &Case, trials: &[Trial], seen: &[Observed]) -> Self {
        let own = || trials.iter().zip(seen).filter(|(trial, _)| trial.cast == TrialAgents::Subject);
        let mut under: Vec<String> = Vec::new();
        for (trial, _) in own() {
            let written = case.under(trial);
            if !under.contains(&written) {
                under.push(written);
            }
        }
        under = if own().all(|(trial, _)| trial.under == Under::Given) { Vec::new() } else { under };
        Self { traps: Traps::of(case, trials, seen), under, denied: denied(case, trials, seen) }
    }

    /// Adds the policies and the traps to the statement of a verdict, and the denied operations if
    /// the property does not apply. An agent that traps in more than half of its episodes does not
    /// show its behaviour, so no measured property holds of it. A trap after the step that ends an
    /// episode does not count for this.
    pub(super) fn told(&self, kind: PropertyKind, verdict: Verdict) -> Verdict {
        let is_measured = kind == PropertyKind::Measured;
        let mostly = self.traps.as_ref().is_some_and(|traps| traps.within > traps.episodes / 2);
        let finding = match verdict.finding {
            Judgement::Holds | Judgement::Inconclusive if is_measured && mostly => Judgement::NotApplicable,
            finding => finding,
        };
        let statement = match &self.traps {
            None => verdict.statement,
            Some(traps) if is_measured && finding != Judgement::Violated && traps.within == traps.episodes => {
                traps.sentence()
            }
            Some(traps) if finding == Judgement::NotApplicable && traps.within > 0 => {
                format!("{}; {}", traps.sentence(), verdict.statement)
            }
            Some(traps) => format!("{}; {}", verdict.statement, traps.sentence()),
        };
        // A denial comes first in the statement: it may be the reason for which the agent does
        // nothing.
        let statement = if finding == Judgement::NotApplicable && !self.denied.is_empty() {
            format!("{}; {statement}", self.denied.join(" and "))
        } else {
            statement
        };
        let names: Vec<String> = self.under.iter().map(|text| format!("`{text}`")).collect();
        let statement =
            if names.is_empty() { statement } else { format!("{statement}; under {}", names.join(" and ")) };
        Verdict { finding, statement, ..verdict }
    }

    /// Returns the traps.
    pub(super) fn traps(self) -> Option<Traps> {
        self.traps
    }
}

/// Describes each operation that a policy denied the agent in more than half of its episodes, with
/// the line of the policy.
fn denied(case: &Case, trials: &[Trial], seen: &[Observed]) -> Vec<String> {
    let own = || trials.iter().zip(seen).filter(|(trial, _)| trial.cast == TrialAgents::Subject);
    let all: usize = own().map(|(_, observed)| observed.transcripts.len()).sum();
    let mut counts: BTreeMap<_, usize> = BTreeMap::new();
    for (trial, observed) in own() {
        let policy = if let Under::Shipped(name) = trial.under { name } else { case.rules.text.as_str() };
        for transcript in &observed.transcripts {
            let entries = transcript.body.entries.iter().filter(|entry| entry.is_denied());
            let once: BTreeSet<_> = entries.map(|entry| (&entry.operation, &entry.rule, policy)).collect();
            for denial in once {
                let count = counts.entry(denial).or_default();
                *count = count.saturating_add(1);
            }
        }
    }
    let mostly = counts.into_iter().filter(|(_, count)| *count > all / 2);
    let words = mostly.map(|((operation, rule, policy), count)| {
        let all = many(all, "episode");
        format!("in {count} of {all} the policy refused `{operation}` (`{rule}` in {policy})")
    });
    words.collect()
}
