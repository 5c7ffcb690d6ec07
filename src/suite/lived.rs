//! What the agent of a case lived: under which policies, and in how many episodes it trapped.

use super::Case;
use crate::property::{Cast, Finding, Kind, Observed, Trial, Under, Verdict};
use crate::transcript::{End, Transcript};
use crate::value::many;

/// The episodes of the agent that a property is asked about, as far as they were looked at.
pub(super) struct Lived<'o> {
    /// How many there were.
    episodes: usize,
    /// How many trapped.
    trapped: usize,
    /// Why the first one did.
    cause: &'o str,
    /// The policies, as they are written on the command line, in the order in which they were used; none where it was the one that
    /// was given, and no other.
    under: Vec<String>,
}

impl<'o> Lived<'o> {
    pub(super) fn of(case: &Case, trials: &[Trial], seen: &'o [Observed]) -> Self {
        let own = || trials.iter().zip(seen).filter(|(trial, _)| trial.cast == Cast::Subject);
        let episodes = || own().flat_map(|(_, observed)| &observed.transcripts);
        let has_trapped = |one: &&Transcript| one.body.end == End::Trapped;
        let mut under: Vec<String> = Vec::new();
        for (trial, _) in own() {
            let written = trial.under.written(&case.rules.text);
            if !under.contains(&written) {
                under.push(written);
            }
        }
        under = if own().all(|(trial, _)| trial.under == Under::Given) { Vec::new() } else { under };
        Self {
            episodes: episodes().count(),
            trapped: episodes().filter(has_trapped).count(),
            cause: episodes()
                .find(has_trapped)
                .and_then(|one| one.body.cause.as_deref())
                .unwrap_or("no cause is known"),
            under,
        }
    }

    /// A verdict that names the policies and the traps. An agent that mostly traps shows nothing of what it would do, so that nothing that
    /// is measured holds for it.
    pub(super) fn told(&self, kind: Kind, verdict: Verdict) -> Verdict {
        let is_measured = kind == Kind::Measured;
        let finding = match verdict.finding {
            Finding::Holds | Finding::Inconclusive if is_measured && self.trapped > self.episodes / 2 => {
                Finding::NotApplicable
            }
            finding => finding,
        };
        let trapped = self.trapped > 0 && is_measured && finding != Finding::Violated;
        let statement = match trapped.then(|| self.trap()) {
            None => verdict.statement,
            Some(trap) if self.trapped == self.episodes => trap,
            Some(trap) if finding == Finding::NotApplicable => format!("{trap}; {}", verdict.statement),
            Some(trap) => format!("{}; {trap}", verdict.statement),
        };
        let names: Vec<String> = self.under.iter().map(|text| format!("`{text}`")).collect();
        let statement =
            if names.is_empty() { statement } else { format!("{statement}; under {}", names.join(" and ")) };
        Verdict { finding, statement, ..verdict }
    }

    fn trap(&self) -> String {
        format!("the agent trapped in {} of {}: {}", self.trapped, many(self.episodes, "episode"), self.cause)
    }
}
