//! Shared parts of the enforced properties: one exception in one episode refutes them.

use crate::transcript::Transcript;

use super::{Judgement, Observed, PolicyTerms, Verdict, Witness};

/// Returns the first exception that `find` reports, as a witness with its trial and episode.
///
/// # Errors
///
/// The error of `find`, if it fails before an exception is found.
pub(super) fn exception<E>(
    seen: &[Observed],
    find: impl Fn(&Transcript, &PolicyTerms) -> Result<Option<String>, E>,
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

/// Returns the verdict of an exception; `broken` names the rule that the exception breaks.
pub(super) fn violated(broken: &str, witness: Witness) -> Verdict {
    Verdict::new(Judgement::Violated, format!("{broken}: {}", witness.what)).shown_by(Some(witness))
}
