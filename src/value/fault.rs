//! Faults in a user's file: the mistake, its place and its remedy.

use std::ops::Range;

use super::plain;

/// Mistake in a text that a user wrote. The command line shows it with the lines it points at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// Description of the mistake: lower case, no full stop, what the user wrote in backticks.
    pub message: String,
    /// Range of the bytes at fault, or `None` for the whole text.
    pub span: Option<Range<usize>>,
    /// Label of the underlined part, such as "must be at least 1"; empty where the message says it all.
    pub label: String,
    /// Remedy; empty where the message says it all.
    pub help: String,
}

impl Fault {
    /// Returns the same fault with hidden characters escaped, since it quotes the user's text. Every reader of files
    /// does this.
    #[must_use]
    pub fn plain(self) -> Self {
        let escaped = |text: String| plain(&text).into_owned();
        Self { message: escaped(self.message), span: self.span, label: escaped(self.label), help: escaped(self.help) }
    }
}
