//! Episodes of the agent of a case: its policies, its traps, and the operations that a policy
//! denied it.

use std::collections::{BTreeMap, BTreeSet};

use super::shortfall::Shortfalls;
use super::{Case, TrialLine};
use crate::policy::{KeyDifference, Policy, compare};
use crate::property::{Judgement, Observed, PropertyKind, Trial, TrialAgents, Under, Verdict};
use crate::run::last_lines;
use crate::transcript::{Closing, End, Transcript};
use crate::value::many;

/// Evaluated episodes of the agent of a case.
pub(super) struct ObservedEpisodes {
    /// Traps of the agent; none if it never trapped.
    traps: Option<Traps>,
    /// The policies in words, in the order in which they were used; none where it was the one that was given, and no other.
    under: Vec<String>,
    /// Refusals of the policy in more than half of the episodes of a world, each in words.
    denied: Vec<String>,
    /// Parts of the trials that are missing, or that failed.
    shortfalls: Shortfalls,
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
        let first = |is: &dyn Fn(&&Transcript) -> bool| {
            own().find_map(|(trial, observed)| {
                Some((trial, observed.root, observed.transcripts.iter().find(|one| is(one))?))
            })
        };
        // A trap within an episode says more than one once it had ended.
        let (trial, root, Transcript { header, body }) = first(&within).or_else(|| first(&late))?;
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
        let is_given = own().all(|(trial, _)| trial.under == Under::Given);
        let mut changed: Vec<(String, Vec<String>)> = Vec::new();
        for (trial, _) in own().filter(|_| !is_given) {
            let written = case.under(trial);
            if changed.iter().all(|(known, _)| *known != written) {
                changed.push((written, changes(case, trial)));
            }
        }
        let mut under: Vec<String> = named(case, &changed).into_iter().collect();
        for trial in trials {
            if let (TrialAgents::Shipped(agent), Under::Shipped(policy)) = (trial.cast, trial.under) {
                let words = format!("`{agent}` under `{policy}`");
                if !under.contains(&words) {
                    under.push(words);
                }
            }
        }
        let shortfalls = Shortfalls::of(case, trials, seen);
        Self { traps: Traps::of(case, trials, seen), under, denied: denied(case, trials, seen), shortfalls }
    }

    /// A verdict that names the policies, the traps, and what a policy refused. An agent that traps in more than half
    /// of its episodes shows nothing of what it would do, so that nothing that is measured holds for it. What it does after a step that ends
    /// the episode is no part of what is measured.
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
            // The statement was about a verdict that is no more.
            Some(traps) if finding != verdict.finding => {
                format!("{}: more than half, so that nothing is measured", traps.sentence())
            }
            Some(traps) if finding == Judgement::NotApplicable && traps.within > 0 => {
                format!("{}; {}", traps.sentence(), verdict.statement)
            }
            Some(traps) => format!("{}; {}", verdict.statement, traps.sentence()),
        };
        let denied = self.denied.join(" and ");
        let statement = match finding {
            _ if denied.is_empty() => statement,
            // A denial comes first in the statement: it may be the reason for which the agent does
            // nothing.
            Judgement::NotApplicable => format!("{denied}; {statement}"),
            Judgement::Holds | Judgement::Inconclusive if is_measured => format!("{statement}; {denied}"),
            Judgement::Holds | Judgement::Inconclusive | Judgement::Violated => statement,
        };
        let (finding, statement) = self.shortfalls.told(kind, finding, statement);
        let statement = self.under.iter().fold(statement, |statement, under| format!("{statement}; {under}"));
        Verdict { finding, statement, ..verdict }
    }

    /// Returns the traps.
    pub(super) fn traps(self) -> Option<Traps> {
        self.traps
    }
}

/// Policies in words: as they are written on the command line, and what each has that the given one has not.
fn named(case: &Case, changed: &[(String, Vec<String>)]) -> Option<String> {
    if changed.is_empty() {
        return None;
    }
    let names: Vec<String> = changed.iter().map(|(written, _)| format!("`{written}`")).collect();
    let with = |(_, changes): &(String, Vec<String>)| {
        (!changes.is_empty()).then(|| format!("`{}` with {}", case.rules.text, changes.join(", ")))
    };
    let with: Vec<String> = changed.iter().filter_map(with).collect();
    let is = if with.len() == 1 { "is" } else { "are" };
    let which = if with.is_empty() { String::new() } else { format!(", which {is} {}", with.join(", and ")) };
    Some(format!("under {}{which}", names.join(" and ")))
}

/// Differences between the policy of a trial and the given one, each in words.
fn changes(case: &Case, trial: &Trial) -> Vec<String> {
    let Under::With(openings) = trial.under else { return Vec::new() };
    let given = &case.rules.policy;
    let words = |KeyDifference { key, one, other, .. }: KeyDifference| match (one, other) {
        (Some(one), _) => format!("`{key} = {one}`"),
        (None, other) => format!("no `{key} = {}`", other.unwrap_or_default()),
    };
    compare(&Policy::clone(given).opened(openings), given).into_iter().map(words).collect()
}

/// Denials in more than half of the agent's episodes in a world, by operation and line of the policy, in words.
fn denied(case: &Case, trials: &[Trial], seen: &[Observed]) -> Vec<String> {
    let own = || trials.iter().zip(seen).filter(|(trial, _)| trial.cast == TrialAgents::Subject);
    let mut all: BTreeMap<&str, usize> = BTreeMap::new();
    let mut counts: BTreeMap<_, usize> = BTreeMap::new();
    for (trial, observed) in own() {
        let policy = if let Under::Shipped(name) = trial.under { name } else { case.rules.text.as_str() };
        let lived = all.entry(trial.world.name()).or_default();
        *lived = lived.saturating_add(observed.transcripts.len());
        for transcript in &observed.transcripts {
            let entries = transcript.body.entries.iter().filter(|entry| entry.is_denied());
            let once: BTreeSet<_> = entries.map(|entry| (&entry.operation, &entry.rule, policy)).collect();
            for denial in once {
                let count = counts.entry((denial, trial.world.name())).or_default();
                *count = count.saturating_add(1);
            }
        }
    }
    let lived = |world: &str| all.get(world).copied().unwrap_or(0);
    let mostly = counts.into_iter().filter(|((_, world), count)| *count > lived(world) / 2);
    let words = mostly.map(|(((operation, rule, policy), world), count)| {
        let episodes = many(lived(world), "episode");
        let place = if all.len() > 1 { format!(" of `{world}`") } else { String::new() };
        format!("in {count} of {episodes}{place} the policy refused `{operation}` (`{rule}` in {policy})")
    });
    words.collect()
}
