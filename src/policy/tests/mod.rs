//! Tests of invalid policies, of shipped policies, and of properties that hold for all policies.

mod cases;
mod loosening;
mod page;
mod properties;
mod schema;
mod shipped;
mod tightening;

use super::{Invalid, Policy, SourceFile};
use crate::capability::CAPABILITIES;

/// Loads the policy of a text that extends shipped policies at most.
fn load(text: &str) -> Result<Policy, Invalid> {
    Policy::parse("test.toml", text)
}

/// Loads the policy of a text that extends `parent.toml`.
fn load_over(parent: &str, text: &str) -> Result<Policy, Invalid> {
    let child = SourceFile::user("child.toml", format!("extends = \"parent.toml\"\n{text}"));
    Policy::load(&child, &|name, _| Ok((name == "parent.toml").then(|| SourceFile::user(name, parent))))
}

/// Writes a policy with the required keys alone, and `more`.
fn least(more: &str) -> String {
    format!("[episode]\nsteps = 100\nfuel = 2_000_000\n{more}")
}

/// Writes a grant of every capability, in the same mode.
fn grants(mode: &str) -> String {
    let names = CAPABILITIES.iter().map(|capability| capability.name);
    names.flat_map(|name| ["[grants.", name, "]\nmode = \"", mode, "\"\n"]).collect()
}
