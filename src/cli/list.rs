//! `dayfly list`: names and summaries of everything that comes with Dayfly.

use clap::{Args, ValueEnum};

use super::{Exit, prose, row, say, width};
use crate::capability::CAPABILITIES;
use crate::environment::World;
use crate::gate::Capability;
use crate::property::Property;
use crate::registry::Registry;
use crate::report::{paragraphs, table};
use crate::reproduction::REPRODUCTIONS;
use crate::transcript::Class;

/// Maximum number of operations that a list names.
const MANY: usize = 12;

/// List what there is.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Name of the list; without one, the names in all lists.
    #[arg(value_enum, ignore_case = true)]
    what: Option<ListCommand>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ListCommand {
    /// The agents that come with Dayfly.
    Agents,
    /// The environments that come with Dayfly, with their parameters.
    Environments,
    /// The policies that come with Dayfly.
    Policies,
    /// The capabilities that a policy can grant, with their operations and limits.
    Capabilities,
    /// The published results that `dayfly reproduce` runs again.
    Reproductions,
    /// The classes of violation.
    Violations,
    /// The properties that `dayfly test` can ask.
    Properties,
}

impl ListArgs {
    pub(super) fn execute(&self, registry: &Registry) -> Exit {
        let rows = self.what.map_or_else(|| names(registry), |what| rows(registry, what));
        say!("{}", table(&rows, width().unwrap_or(usize::MAX)).trim_end());
        if self.what.is_none() {
            let note =
                "`dayfly list agents` says what they are, and so for each list; `dayfly explain NAME` says all of one";
            say!("\n{}", paragraphs(note, prose()).trim_end());
        }
        Exit::Held
    }
}

/// Returns every list, with the names in it.
fn names(registry: &Registry) -> Vec<(String, String)> {
    let named = |what: &ListCommand| Some(row(what.to_possible_value()?.get_name(), known(registry, *what).join(", ")));
    ListCommand::value_variants().iter().filter_map(named).collect()
}

/// Returns the names in a list.
fn known(registry: &Registry, what: ListCommand) -> Vec<&str> {
    match what {
        ListCommand::Agents => registry.agents().iter().map(|agent| agent.name).collect(),
        ListCommand::Environments => registry.worlds().iter().map(World::name).collect(),
        ListCommand::Policies => registry.policies().iter().map(|(name, _)| *name).collect(),
        ListCommand::Capabilities => CAPABILITIES.iter().map(|capability| capability.name).collect(),
        ListCommand::Reproductions => REPRODUCTIONS.iter().map(|one| one.name).collect(),
        ListCommand::Violations => Class::ALL.iter().map(|class| class.name()).collect(),
        ListCommand::Properties => registry.properties().iter().map(|property| property.name).collect(),
    }
}

/// Returns the rows of a list.
fn rows(registry: &Registry, what: ListCommand) -> Vec<(String, String)> {
    match what {
        ListCommand::Agents => registry.agents().iter().map(|agent| row(agent.name, agent.summary)).collect(),
        ListCommand::Environments => registry.worlds().iter().flat_map(environment).collect(),
        ListCommand::Policies => registry.policies().iter().map(|(name, text)| row(*name, purpose(text))).collect(),
        ListCommand::Capabilities => CAPABILITIES.iter().flat_map(|capability| capability_rows(capability)).collect(),
        ListCommand::Reproductions => {
            REPRODUCTIONS.iter().map(|one| row(one.name, format!("{} ({})", one.summary, one.source))).collect()
        }
        ListCommand::Violations => {
            Class::ALL.iter().map(|class| row(format!("{} {}", class.code(), class.name()), class.summary())).collect()
        }
        ListCommand::Properties => registry.properties().iter().map(property).collect(),
    }
}

fn environment(world: &World) -> Vec<(String, String)> {
    let parameters = world.parameters();
    let parameters = parameters.iter().map(|parameter| {
        let text = format!("{} (default {}, {})", parameter.meaning, parameter.default, parameter.range());
        row(format!("  {}", parameter.name), text)
    });
    std::iter::once(row(world.name(), world.summary())).chain(parameters).collect()
}

fn capability_rows(capability: &Capability) -> Vec<(String, String)> {
    let operations: Vec<_> = capability.operations.iter().map(|operation| operation.name).collect();
    let operations = match operations.len() {
        0..=MANY => operations.join(", "),
        many => format!("{many}, which `dayfly explain {}` names", capability.name),
    };
    let limits = capability.limits.iter().map(|limit| row(format!("  {}", limit.name), limit.meaning));
    [row(capability.name, capability.summary), row("  operations", operations)].into_iter().chain(limits).collect()
}

fn property(property: &Property) -> (String, String) {
    let name = format!("{} {}", property.code, property.name);
    row(name, format!("{} ({})", property.claim, property.kind.name()))
}

/// Returns the first paragraph of the comment that a policy begins with.
fn purpose(text: &str) -> String {
    let comment: Vec<&str> = text
        .lines()
        .skip_while(|line| line.starts_with("#:"))
        .map_while(|line| line.strip_prefix('#').map(str::trim).filter(|line| !line.is_empty()))
        .collect();
    comment.join(" ").trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_policy_is_for_is_said_to_the_end() {
        for (name, text) in crate::policy::SHIPPED {
            let purpose = purpose(text);
            assert!(purpose.starts_with("For ") && !purpose.contains("Use it"), "{name}: {purpose}");
            let count = |bracket: char| purpose.chars().filter(|letter| *letter == bracket).count();
            assert_eq!(count('('), count(')'), "{name}: {purpose}");
        }
    }

    #[test]
    fn without_a_name_every_list_is_there_with_every_name_in_it() {
        let registry = &Registry::builtin().unwrap();
        let all = names(registry);
        for what in ListCommand::value_variants() {
            let name = what.to_possible_value().unwrap().get_name().to_owned();
            let (_, named) = all.iter().find(|(list, _)| *list == name).unwrap();
            assert_eq!(named.split(", ").count(), known(registry, *what).len(), "{name}");
        }
    }
}
