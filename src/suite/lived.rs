//! What the agent of a case lived: under which policies, in how many episodes it trapped, and in how many a policy refused it something.

use std::collections::{BTreeMap, BTreeSet};

use super::{Case, Line};
use crate::property::{Cast, Finding, Kind, Observed, Trial, Under, Verdict};
use crate::run::last_lines;
use crate::transcript::{Closing, End, Transcript};
use crate::value::many;

/// The episodes of the agent that a property is asked about, as far as they were looked at.
pub(super) struct Lived {
    /// Those in which it trapped.
    traps: Option<Traps>,
    /// The policies, as they are written on the command line, in the order in which they were used; none where it was the one that
    /// was given, and no other.
    under: Vec<String>,
    /// What a policy refused it in more than half of them, each in words.
    denied: Vec<String>,
}

/// Traps of the agent that a property is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traps {
    /// How many of its episodes were looked at.
    pub episodes: usize,
    /// How many of them ended by a trap.
    pub within: usize,
    /// In how many others it trapped once they had ended.
    pub after: usize,
    /// The ordinal of the first of all of them, in its trial.
    pub episode: u64,
    /// What that trap says.
    pub cause: String,
    /// The last lines of the log of that episode.
    pub log: Vec<String>,
    /// The trial that shows it.
    pub line: Line,
}

impl Traps {
    /// Those of the agent in these trials; none where it never trapped.
    fn of(case: &Case, trials: &[Trial], seen: &[Observed]) -> Option<Self> {
        let own = || trials.iter().zip(seen).filter(|(trial, _)| trial.cast == Cast::Subject);
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
            line: Line { command: case.command(trial), root },
        })
    }

    /// How many there were, and why the first came, in words.
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

impl Lived {
    pub(super) fn of(case: &Case, trials: &[Trial], seen: &[Observed]) -> Self {
        let own = || trials.iter().zip(seen).filter(|(trial, _)| trial.cast == Cast::Subject);
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

    /// A verdict that names the policies, the traps, and, where nothing applies, what a policy refused. An agent that traps in more than half
    /// of its episodes shows nothing of what it would do, so that nothing that is measured holds for it. What it does after a step that ends
    /// the episode is no part of what is measured.
    pub(super) fn told(&self, kind: Kind, verdict: Verdict) -> Verdict {
        let is_measured = kind == Kind::Measured;
        let mostly = self.traps.as_ref().is_some_and(|traps| traps.within > traps.episodes / 2);
        let finding = match verdict.finding {
            Finding::Holds | Finding::Inconclusive if is_measured && mostly => Finding::NotApplicable,
            finding => finding,
        };
        let statement = match &self.traps {
            None => verdict.statement,
            Some(traps) if is_measured && finding != Finding::Violated && traps.within == traps.episodes => {
                traps.sentence()
            }
            Some(traps) if finding == Finding::NotApplicable && traps.within > 0 => {
                format!("{}; {}", traps.sentence(), verdict.statement)
            }
            Some(traps) => format!("{}; {}", verdict.statement, traps.sentence()),
        };
        // Who is not let do something is not told first that it does not do it.
        let statement = if finding == Finding::NotApplicable && !self.denied.is_empty() {
            format!("{}; {statement}", self.denied.join(" and "))
        } else {
            statement
        };
        let names: Vec<String> = self.under.iter().map(|text| format!("`{text}`")).collect();
        let statement =
            if names.is_empty() { statement } else { format!("{statement}; under {}", names.join(" and ")) };
        Verdict { finding, statement, ..verdict }
    }

    /// The traps.
    pub(super) fn traps(self) -> Option<Traps> {
        self.traps
    }
}

/// What a policy denied the agent in more than half of its episodes, by the operation and the line of the policy, in words.
fn denied(case: &Case, trials: &[Trial], seen: &[Observed]) -> Vec<String> {
    let own = || trials.iter().zip(seen).filter(|(trial, _)| trial.cast == Cast::Subject);
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
