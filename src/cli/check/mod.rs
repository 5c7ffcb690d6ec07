//! `dayfly check` and `dayfly schema`: validation of what the user writes, before anything runs.

mod compared;
mod found;
mod told;

use clap::{Args, ValueEnum};

use self::found::Found;
use super::failure::Failure;
use super::kind::FileKind;
use super::{Exit, find, nearest, say};
use crate::registry::Registry;
use crate::{environment, suite};

/// Validate policies, suites, worlds and agents, and compare policies.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Built-in names or paths of what is checked. The content of a file says if it is a policy, a
    /// suite, a world or an agent. Without any it is the `suite.toml` that lies here or in the
    /// nearest folder above, with all that it names.
    #[arg(value_name = "NAME|FILE")]
    names: Vec<String>,
    /// An agent that should fit the policies: a built-in name, or the path of a component.
    #[arg(long)]
    agent: Option<String>,
    /// Print the effective policy: every key, with what it extends laid flat.
    #[arg(long)]
    effective: bool,
    /// Compare the policy with this one, key by key.
    #[arg(long, value_name = "POLICY", conflicts_with_all = ["effective", "agent"])]
    against: Option<String>,
    /// Print one JSON object instead of words.
    #[arg(long, conflicts_with = "effective")]
    json: bool,
    /// Print annotations for GitHub as well. This is the default in GitHub Actions.
    #[arg(long)]
    github: bool,
}

impl CheckArgs {
    pub(super) fn execute(&self, registry: &Registry) -> Result<Exit, Failure> {
        let names = self.names()?;
        if let Some(other) = &self.against {
            return compared::against(registry, only(&names, "--against")?, other, self.json);
        }
        if self.effective {
            return self.effective(registry, only(&names, "--effective")?);
        }
        let agent = self.agent.as_deref().map(find::known).transpose()?;
        if self.agent.is_some() {
            goes_with(registry, &names)?;
        }
        let checked = |name: &String| (name.clone(), Found::of(registry, name, agent.as_ref()));
        let all: Vec<_> = names.iter().map(checked).collect();
        told::tell(&all, self.json, self.github)?;
        let failed = all.iter().any(|(_, found)| found.is_err());
        Ok(if failed { Exit::Input } else { Exit::Held })
    }

    /// Returns the names of what is checked.
    fn names(&self) -> Result<Vec<String>, Failure> {
        if !self.names.is_empty() {
            return Ok(self.names.clone());
        }
        let suite = nearest::suite()?.map(|path| path.to_string_lossy().into_owned());
        let missing = || {
            let message = format!("there is nothing to check: no `{}` lies here or above", nearest::SUITE);
            Failure::input(message, "name files: policies, suites, worlds and agents")
        };
        Ok(vec![suite.ok_or_else(missing)?])
    }

    /// Prints everything that holds under a policy.
    fn effective(&self, registry: &Registry, name: &str) -> Result<Exit, Failure> {
        let policy = find::policy(registry, name)?;
        if let Some(agent) = &self.agent {
            find::fits(&find::known(agent)?, &policy, name)?;
        }
        say!("{}", policy.effective().trim_end());
        Ok(Exit::Held)
    }
}

/// Checks that one of the names is a policy, which `--agent` needs.
fn goes_with(registry: &Registry, names: &[String]) -> Result<(), Failure> {
    let kinds: Vec<_> = names.iter().filter_map(|name| Some((name, FileKind::of(registry, name).ok()?))).collect();
    match kinds.as_slice() {
        // A name that cannot be read is reported when it is checked.
        [(name, kind), ..] if kinds.len() == names.len() && kinds.iter().all(|(_, kind)| *kind != FileKind::Policy) => {
            let message = format!("`--agent` goes with a policy, and `{name}` is {}", kind.name());
            Err(Failure::input(
                message,
                "name a policy that the agent should fit, such as `dayfly check strict --agent AGENT`",
            ))
        }
        _ => Ok(()),
    }
}

/// Returns the only name. Fails if there are several.
fn only<'n>(names: &'n [String], option: &str) -> Result<&'n str, Failure> {
    match names {
        [name] => Ok(name),
        _ => Err(Failure::input(format!("`{option}` is about one policy"), "name one alone")),
    }
}

/// Print a JSON Schema, for editors.
#[derive(Debug, Args)]
pub(super) struct SchemaArgs {
    #[arg(value_enum)]
    of: SchemaOf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SchemaOf {
    /// The schema of policies, in draft-07.
    Policy,
    /// The schema of suites, in draft-07.
    Suite,
    /// The schema of worlds of one's own, in draft-07.
    Environment,
}

impl SchemaArgs {
    pub(super) fn execute(&self, registry: &Registry) -> Result<Exit, Failure> {
        let schema = match self.of {
            SchemaOf::Policy => registry.policy_schema(),
            SchemaOf::Suite => suite::schema(),
            SchemaOf::Environment => environment::schema(),
        };
        let schema = crate::value::json::pretty(&schema).map_err(|error| Failure::host(&error))?;
        say!("{schema}");
        Ok(Exit::Held)
    }
}
