//! Answers from outside the program. Each is kept as it reached the agent, at its position, so that an episode can be
//! replayed without the outside.

use serde::{Deserialize, Serialize};

use super::Role;
use super::body::{base64, from_base64};
use crate::value::Digest;

/// Answer that came from outside the program: of a tool that is called over a wire, or of another service.
///
/// Its key is its position: the ordinal of the call in its episode. The digest of the question is a check: a replay
/// that asks another question is not given this answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outside {
    /// Role that asked, where the episode has several roles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Ordinal of the call in the episode, counted from 0.
    pub ordinal: u64,
    /// Digest of the question, as the gate saw it.
    pub asked: Digest,
    /// Outcome of the question.
    pub outcome: Answered,
    /// Bytes that reached the agent, in base64: the answer, or the reason for its absence.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        serialize_with = "base64",
        deserialize_with = "from_base64"
    )]
    pub answer: Vec<u8>,
    /// Size and digest of the bytes from the wire, where they are kept beside the record or were dropped from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<RawBytes>,
}

/// Outcome of a question to the outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answered {
    /// The answer reached the agent whole.
    Whole,
    /// The outside refused the question as invalid, and the agent was told so.
    Invalid,
    /// The boundary came before the answer.
    Cut,
}

/// Bytes that came over the wire, as their size and digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawBytes {
    /// Number of bytes.
    pub bytes: u64,
    /// SHA-256 digest of the bytes.
    pub digest: Digest,
}

impl Outside {
    /// Returns the maximum number of bytes that it takes in a line.
    pub fn bytes(&self) -> u64 {
        const AROUND: u64 = 512;
        u64::try_from(self.answer.len()).unwrap_or(u64::MAX).saturating_mul(2).saturating_add(AROUND)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_as_it_is_written_and_takes_no_more_than_is_counted() {
        let one = Outside {
            role: Some(Role::new("critic").unwrap()),
            ordinal: u64::MAX,
            asked: Digest::of(b"asked"),
            outcome: Answered::Whole,
            answer: vec![0xff; 1000],
            raw: Some(RawBytes { bytes: u64::MAX, digest: Digest::of(b"raw") }),
        };
        let json = serde_json::to_string(&one).unwrap();
        assert_eq!(serde_json::from_str::<Outside>(&json).unwrap(), one);
        assert!(u64::try_from(json.len()).unwrap() <= one.bytes(), "{} {}", json.len(), one.bytes());
        let none = Outside { role: None, answer: Vec::new(), raw: None, outcome: Answered::Cut, ..one };
        let json = serde_json::to_string(&none).unwrap();
        assert!(!json.contains("answer") && !json.contains("raw") && json.contains("\"cut\""), "{json}");
        assert_eq!(serde_json::from_str::<Outside>(&json).unwrap(), none);
    }
}
