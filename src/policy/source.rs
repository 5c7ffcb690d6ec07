//! Where a policy comes from: a file, or Dayfly itself.

use std::path::Path;

use crate::value::{Fault, plain};

/// The policies that Dayfly brings along: name and text.
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

/// The text of a policy, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Who wrote it.
    pub origin: Origin,
    /// Its path, as messages show it. Two files have different paths.
    pub path: String,
    /// What it says.
    pub text: String,
}

/// Who wrote a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It is one of [`SHIPPED`]. What it extends is, too.
    Shipped,
    /// It is a file of the user.
    User,
}

impl SourceFile {
    /// A file of the user.
    pub fn user(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { origin: Origin::User, path: path.into(), text: text.into() }
    }

    /// How messages name it: a shipped policy by its name, a file of the user by its path.
    pub(super) fn shown(&self) -> &str {
        match self.origin {
            Origin::Shipped => self.stem(),
            Origin::User => &self.path,
        }
    }

    /// The name of a policy that names itself nowhere else.
    pub(super) fn stem(&self) -> &str {
        Path::new(&self.path).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default()
    }
}

/// The shipped policy of that name; `strict` and `strict.toml` are the same.
pub fn shipped(name: &str) -> Option<SourceFile> {
    let stem = name.strip_suffix(".toml").unwrap_or(name);
    let (name, text) = SHIPPED.iter().find(|(shipped, _)| *shipped == stem)?;
    Some(SourceFile { origin: Origin::Shipped, path: format!("{name}.toml"), text: (*text).to_owned() })
}

/// Why a file makes no policy: everything that is wrong with it, from its beginning to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a valid policy: {}", plain(&file.path), summary(faults))]
#[non_exhaustive]
pub struct Invalid {
    /// The file at fault: the one that was loaded, or one that it extends.
    #[doc(hidden)]
    pub file: SourceFile,
    /// At least one.
    pub faults: Vec<Fault>,
}

fn summary(faults: &[Fault]) -> String {
    match faults {
        [] => String::new(),
        [only] => only.message.clone(),
        [first, rest @ ..] => format!("{}, and {} more", first.message, rest.len()),
    }
}
