//! What the enforced properties have in common: one exception in one episode refutes them.

use crate::transcript::Transcript;

use super::{Finding, Observed, Terms, Verdict, Witness};

/// The first episode that is not as it should be, and what is not.
///
/// # Errors
///
/// That of `find`, where it failed before anything was found.
pub(super) fn exception<E>(
    seen: &[Observed],
    find: impl Fn(&Transcript, &Terms) -> Result<Option<String>, E>,
) -> Result<Option<Witness>, E> {
    for (trial, observed) in seen.iter().enumerate() {
        for transcript in &observed.transcripts {
            if let Some(what) = find(transcript, &observed.terms)? {
                return Ok(Some(Witness { trial, episode: transcript.header.episode, what }));
            }
        }
    }
    Ok(None)
}

/// The verdict that an exception leads to; `broken` says what it breaks.
pub(super) fn violated(broken: &str, witness: Witness) -> Verdict {
    Verdict::new(Finding::Violated, format!("{broken}: {}", witness.what)).shown_by(Some(witness))
}
