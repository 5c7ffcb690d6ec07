//! Result of checking one thing.

use std::path::Path;

use serde::Serialize;

use super::super::failure::Failure;
use super::super::find;
use super::super::kind::FileKind;
use super::super::test::{as_far_as_it_is_one, named};
use super::compared::DifferenceRow;
use crate::agent::ParsedAgent;
use crate::environment::Knob;
use crate::gate::Mode;
use crate::policy::{Policy, Relation, compare};
use crate::registry::Registry;
use crate::value::{Digest, Space, many};

/// Result of a check, by kind.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub(super) enum Found {
    /// A policy.
    Policy {
        policy: String,
        granted: Vec<&'static str>,
        denied: Vec<&'static str>,
        tripwire: Vec<&'static str>,
        /// Names of roles that have a table of their own.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        roles: Vec<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        based_on: Option<Loosened>,
        #[serde(skip_serializing_if = "Option::is_none")]
        fits: Option<AgentImports>,
        digest: Digest,
    },
    /// A suite.
    Suite { agents: usize, policies: usize, environments: usize, properties: usize, notes: Vec<String> },
    /// A world.
    World {
        world: String,
        states: Option<u64>,
        actions: Option<u64>,
        knobs: Vec<&'static str>,
        /// Names of roles, if there are several.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        roles: Vec<String>,
        digest: Digest,
    },
    /// An agent.
    Agent(AgentImports),
}

/// Keys of a policy that are looser than in the policy it is based on.
#[derive(Debug, Serialize)]
pub(super) struct Loosened {
    pub(super) base: String,
    pub(super) looser: Vec<DifferenceRow>,
    /// Number of keys that are tighter.
    pub(super) tighter: usize,
}

/// Agent, and the capabilities that it imports.
#[derive(Debug, Serialize)]
pub(super) struct AgentImports {
    pub(super) agent: String,
    #[serde(rename = "imports")]
    pub(super) asks_for: Vec<&'static str>,
    pub(super) learns: bool,
}

impl Found {
    /// Checks what a name stands for. If that is a policy, it must fit `agent`.
    pub(super) fn of(registry: &Registry, name: &str, agent: Option<&ParsedAgent>) -> Result<Self, Failure> {
        match FileKind::of(registry, name)? {
            FileKind::Policy => policy(registry, name, agent),
            FileKind::Suite => suite(registry, name),
            FileKind::World => world(registry, name),
            FileKind::Agent => find::known(name).map(|agent| Self::Agent(AgentImports::of(&agent))),
        }
    }

    /// Returns notes on something that is valid.
    pub(super) fn notes(&self) -> &[String] {
        match self {
            Self::Suite { notes, .. } => notes,
            _ => &[],
        }
    }
}

impl AgentImports {
    fn of(agent: &ParsedAgent) -> Self {
        Self { agent: agent.name().to_owned(), asks_for: agent.imports().to_vec(), learns: agent.learns() }
    }
}

fn policy(registry: &Registry, name: &str, agent: Option<&ParsedAgent>) -> Result<Found, Failure> {
    let (policy, base) = find::policy_with_base(registry, name)?;
    if let Some(agent) = agent {
        find::fits(agent, &policy, name)?;
    }
    let based_on = base.map(|base| {
        let differences = compare(&policy, &base.policy);
        let (looser, tighter): (Vec<_>, Vec<_>) =
            differences.into_iter().partition(|difference| difference.side != Relation::Tighter);
        let looser = looser.into_iter().map(DifferenceRow::from).collect();
        Loosened { base: base.shown, looser, tighter: tighter.len() }
    });
    Ok(Found::Policy {
        granted: with(&policy, Mode::Grant),
        denied: with(&policy, Mode::Deny),
        tripwire: with(&policy, Mode::Tripwire),
        roles: policy.roles.keys().cloned().collect(),
        based_on,
        fits: agent.map(AgentImports::of),
        digest: policy.digest(),
        policy: policy.name,
    })
}

/// Returns the capabilities that have this mode in a policy. A rule may tighten one further.
fn with(policy: &Policy, mode: Mode) -> Vec<&'static str> {
    policy.grants.iter().filter(|(_, granted)| granted.warrant.mode == mode).map(|(name, _)| *name).collect()
}

fn suite(registry: &Registry, path: &str) -> Result<Found, Failure> {
    let (document, wrong) = as_far_as_it_is_one(Path::new(path))?;
    let rule = |text: &str| Ok((text.to_owned(), find::policy_here(registry, text)?));
    let policies = named(&[], Some(&document), |file| &file.policies, rule);
    let environments =
        named(&[], Some(&document), |file| &file.environments, |text| find::world_of_one(registry, text));
    // What an agent has to fit is not known where a policy is wrong.
    let mut rules = policies.as_ref().map_or_else(|_| Vec::new(), Clone::clone);
    if policies.as_ref().is_ok_and(Vec::is_empty) {
        rules.push(rule("strict")?);
    }
    // A suite may be written before its agent is built.
    let fits = |text: &str| {
        let (path, _) = crate::agent::AgentSource::split(text);
        if find::is_path(path) && !Path::new(path).exists() {
            return Ok(Some(format!("`{path}` is not there yet, and was not checked")));
        }
        let agent = find::known(text)?;
        Failure::all(rules.iter().map(|(name, policy)| find::fits(&agent, policy, name))).map(|_| None)
    };
    let agents = named(&[], Some(&document), |file| &file.agents, fits);
    let all = Failure::both(Failure::both(policies, environments), agents);
    let wrong = wrong.map_or(Ok(()), Err);
    let ((), ((policies, environments), notes)) = Failure::both(wrong, all)?;
    let (agents, policies, environments) = (document.file.agents.len(), policies.len(), environments.len());
    let (properties, notes) = (document.file.properties.len(), notes.into_iter().flatten().collect());
    Ok(Found::Suite { agents, policies, environments, properties, notes })
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn world(registry: &Registry, name: &str) -> Result<Found, Failure> {
    let world = find::world(registry, name)?;
    let made = world.made();
    let number = |space: &Space| if let Space::Discrete(number) = space { Some(*number) } else { None };
    Ok(Found::World {
        states: number(&made.observations()),
        actions: number(&made.actions()),
        knobs: Knob::ALL.into_iter().filter(|knob| world.knob(*knob).is_some()).map(Knob::name).collect(),
        roles: made.roles().map(|roles| owned(roles.names())).unwrap_or_default(),
        digest: world.digest(),
        world: world.to_string(),
    })
}

impl Found {
    /// Formats the numbers of things that a suite names.
    pub(super) fn counted(agents: usize, policies: usize, environments: usize, properties: usize) -> String {
        let properties = if properties == 1 { "1 property".to_owned() } else { format!("{properties} properties") };
        let policies = match policies {
            0 => "`strict`".to_owned(),
            1 => "1 policy".to_owned(),
            _ => format!("{policies} policies"),
        };
        let places = match environments {
            0 => "the world of each".to_owned(),
            _ => many(environments, "world"),
        };
        format!("{properties}, of {}, under {policies}, in {places}", many(agents, "agent"))
    }
}
