//! Sources of policies: files of the user, and the policies that ship with Dayfly.

use std::path::Path;

use crate::value::{Fault, plain};

/// Policies that ship with Dayfly: name and text.
pub const SHIPPED: &[(&str, &str)] = &[
    ("strict", include_str!("../../policies/strict.toml")),
    ("boxed", include_str!("../../policies/boxed.toml")),
    ("tripwire", include_str!("../../policies/tripwire.toml")),
    ("learner", include_str!("../../policies/learner.toml")),
    ("lab", include_str!("../../policies/lab.toml")),
    ("persist", include_str!("../../policies/persist.toml")),
    ("lab-apart", include_str!("../../policies/lab-apart.toml")),
    ("school", include_str!("../../policies/school.toml")),
    ("population-swap", include_str!("../../policies/population-swap.toml")),
    ("population", include_str!("../../policies/population.toml")),
    ("tools", include_str!("../../policies/tools.toml")),
];

/// Text of a policy, with its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Author of the policy: Dayfly or the user.
    pub origin: PolicyOrigin,
    /// Path, as messages show it. Two files have different paths.
    pub path: String,
    /// Text of the file.
    pub text: String,
}

/// Author of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyOrigin {
    /// One of [`SHIPPED`]. A shipped policy only extends shipped policies.
    Shipped,
    /// File of the user.
    User,
}

impl SourceFile {
    /// Makes a source from a file of the user.
    pub fn user(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { origin: PolicyOrigin::User, path: path.into(), text: text.into() }
    }

    /// Returns the name in messages: the stem of a shipped policy, the path of a file of the user.
    pub(super) fn shown(&self) -> &str {
        match self.origin {
            PolicyOrigin::Shipped => self.stem(),
            PolicyOrigin::User => &self.path,
        }
    }

    /// Returns the stem of the path, the default name of the policy.
    pub(super) fn stem(&self) -> &str {
        Path::new(&self.path).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default()
    }
}

/// Returns the shipped policy of that name; `strict` and `strict.toml` are the same.
pub fn shipped(name: &str) -> Option<SourceFile> {
    let stem = name.strip_suffix(".toml").unwrap_or(name);
    let (name, text) = SHIPPED.iter().find(|(shipped, _)| *shipped == stem)?;
    Some(SourceFile { origin: PolicyOrigin::Shipped, path: format!("{name}.toml"), text: (*text).to_owned() })
}

/// Error returned when a file is not a valid policy. It has every fault of the file, in the order
/// of their places.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a valid policy: {}", plain(&file.path), summary(faults))]
#[non_exhaustive]
pub struct Invalid {
    /// File at fault: the one that was loaded, or one that it extends.
    #[doc(hidden)]
    pub file: SourceFile,
    /// Faults; at least one.
    pub faults: Vec<Fault>,
}

fn summary(faults: &[Fault]) -> String {
    match faults {
        [] => String::new(),
        [only] => only.message.clone(),
        [first, rest @ ..] => format!("{}, and {} more", first.message, rest.len()),
    }
}
