//! What came from outside: kept as it reached the agent, at its position, so that an episode can be lived again without it.

use serde::{Deserialize, Serialize};

use super::Role;
use super::body::{base64, from_base64};
use crate::value::Digest;

/// An answer that came from outside the program: of a tool that is asked over a wire, or of another service.
///
/// Its position is its key: the ordinal of the call in its episode. The digest of what was asked is the check: who lives the episode again
/// and asks something else is not given this answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outside {
    /// Who asked, where the episode has several roles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Which call of the episode asked, counted from 0.
    pub ordinal: u64,
    /// Digest of what was asked, as the gate saw it.
    pub asked: Digest,
    /// What became of it.
    pub outcome: Answered,
    /// What reached the agent, in base64: the answer, or why there is none.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        serialize_with = "base64",
        deserialize_with = "from_base64"
    )]
    pub answer: Vec<u8>,
    /// What came over the wire, where it is kept beside the record or was dropped from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<Raw>,
}

/// What became of a question to the outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answered {
    /// The answer reached the agent whole.
    Whole,
    /// The outside refused the question as one that makes no sense, and the agent was told so.
    Invalid,
    /// The boundary came before the answer.
    Cut,
}

/// What came over the wire: its size and its digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raw {
    /// Number of bytes.
    pub bytes: u64,
    /// SHA-256 of them.
    pub digest: Digest,
}

impl Outside {
    /// How many bytes of a line it takes at the most.
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
            raw: Some(Raw { bytes: u64::MAX, digest: Digest::of(b"raw") }),
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
