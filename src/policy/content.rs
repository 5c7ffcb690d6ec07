//! What may stand behind a key of a policy: written, and compared with a parent's.

pub(super) use crate::document::{Complaint, Readable, choose, text};

/// What a key holds, once it is valid.
pub(super) trait Content: Clone {
    /// As TOML, in its one canonical form.
    fn write(&self) -> String;

    /// Whether a policy may hold this where the one that it extends holds `parent`.
    fn within(&self, parent: &Self) -> bool;
}

/// Text that has no control characters, as TOML.
pub(super) fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
