//! `dayfly check` and `dayfly schema`: policies, before anything runs.

use clap::{Args, ValueEnum};

use super::failure::Failure;
use super::{Exit, find, say};
use crate::gate::Mode;
use crate::policy::Policy;
use crate::{policy, suite};

/// Validate a policy, and say whether an agent fits it.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// A policy: a built-in name, or the path of a TOML file.
    policy: String,
    /// An agent that should fit it: a built-in name, or the path of a component.
    #[arg(long)]
    agent: Option<String>,
    /// Print the effective policy: every key, with what it extends laid flat.
    #[arg(long)]
    effective: bool,
}

impl Check {
    pub(super) fn execute(&self) -> Result<Exit, Failure> {
        let policy = find::policy(&self.policy)?;
        if let Some(name) = &self.agent {
            let agent = find::known(name)?;
            find::fits(&agent, &policy, &self.policy)?;
            if !self.effective {
                say!("`{}` fits: it imports {}", agent.name(), listed(agent.imports()));
            }
        }
        if self.effective {
            say!("{}", policy.effective().trim_end());
        } else {
            say!("`{}` is valid", policy.name);
            for (says, mode) in [("granted", Mode::Grant), ("denied", Mode::Deny), ("tripwire", Mode::Tripwire)] {
                say!("{says:<9} {}", listed(&with(&policy, mode)));
            }
            say!("digest {}", policy.digest());
        }
        Ok(Exit::Held)
    }
}

/// The capabilities that a policy has in that mode. Rules may tighten one further.
fn with(policy: &Policy, mode: Mode) -> Vec<&'static str> {
    policy.grants.iter().filter(|(_, granted)| granted.warrant.mode == mode).map(|(name, _)| *name).collect()
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

/// Print a JSON Schema, for editors.
#[derive(Debug, Args)]
pub(super) struct Schema {
    #[arg(value_enum)]
    of: Of,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Of {
    /// The schema of policies, in draft-07.
    Policy,
    /// The schema of suites, in draft-07.
    Suite,
}

impl Schema {
    pub(super) fn execute(&self) -> Result<Exit, Failure> {
        let schema = match self.of {
            Of::Policy => policy::schema(),
            Of::Suite => suite::schema(),
        };
        let schema = crate::value::json::pretty(&schema).map_err(|error| Failure::host(&error))?;
        say!("{schema}");
        Ok(Exit::Held)
    }
}
