//! What is wrong in a user's file, where, and what to do about it.

use std::ops::Range;

use super::plain;

/// A mistake in a text that a user wrote. The command line shows it with the lines it points at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// What is wrong: lower case, no full stop, what the user wrote in backticks.
    pub message: String,
    /// The bytes of the text that are at fault; the whole text where no part of it is.
    pub span: Option<Range<usize>>,
    /// What the underlined part is, such as "must be at least 1"; empty where the message says it all.
    pub label: String,
    /// What to do about it; empty where the message says it all.
    pub help: String,
}

impl Fault {
    /// The same, with what is hidden in it escaped: what the user wrote is quoted in it. Every reader of files gives its faults like this.
    #[must_use]
    pub fn plain(self) -> Self {
        let escaped = |text: String| plain(&text).into_owned();
        Self { message: escaped(self.message), span: self.span, label: escaped(self.label), help: escaped(self.help) }
    }
}
