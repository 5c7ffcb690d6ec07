//! What the enforced properties have in common: one exception in one episode refutes them.

use crate::transcript::Transcript;

use super::{Finding, Observed, Terms, Verdict, Witness};

/// The first episode that is not as it should be, and what is not.
pub(super) fn exception(seen: &[Observed], find: impl Fn(&Transcript, &Terms) -> Option<String>) -> Option<Witness> {
    seen.iter().enumerate().find_map(|(trial, observed)| {
        observed.transcripts.iter().find_map(|transcript| {
            let what = find(transcript, &observed.terms)?;
            Some(Witness { trial, episode: transcript.header.episode, what })
        })
    })
}

/// The verdict that an exception leads to; `broken` says what it breaks.
pub(super) fn violated(broken: &str, witness: Witness) -> Verdict {
    Verdict::new(Finding::Violated, format!("{broken}: {}", witness.what)).shown_by(Some(witness))
}
