//! Values of policy keys: each is written as TOML, and compared with the value of a parent.

pub(super) use crate::document::{Complaint, Readable, choose, text};

/// Valid value of a policy key.
pub(super) trait Content: Clone {
    /// Writes the value as TOML, in its one canonical form.
    fn write(&self) -> String;

    /// Returns `true` if a policy may have this value where the policy that it extends has
    /// `parent`.
    fn within(&self, parent: &Self) -> bool;
}

/// Writes text without control characters as a TOML string.
pub(super) fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
