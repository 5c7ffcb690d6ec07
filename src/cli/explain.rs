//! `dayfly explain`: the full explanation of whatever `dayfly list` names.

use std::collections::BTreeMap;

use clap::Args;

use super::failure::Failure;
use super::{Exit, prose, row, say};
use crate::agent::{SHIPPED as AGENTS, Shipped};
use crate::capability::CAPABILITIES;
use crate::environment::{Parameter, World};
use crate::gate::{self, AfterEnd, Capability};
use crate::policy::SHIPPED as POLICIES;
use crate::property::{PROPERTIES, Property};
use crate::registry::Registry;
use crate::report::suite::text;
use crate::report::{paragraphs, rendered, table};
use crate::reproduction::{REPRODUCTIONS, Reproduction, Scale};
use crate::transcript::Class;
use crate::value::{Seed, hint};

/// Explain a property, a class of violation, a capability, an environment, a policy, an agent or a reproduction.
#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// A code or a name that `dayfly list` shows, such as `P02`, `V01`, `act-after-end`, `outbox`,
    /// `off-switch`, `strict` or `planner`.
    name: String,
}

impl ExplainArgs {
    pub(super) fn execute(&self, registry: &Registry) -> Result<Exit, Failure> {
        let name = self.name.to_lowercase();
        let name = name.as_str();
        let property = Property::find(name).map(|property| text::explanation(property, prose()));
        let class = Class::find(name).map(explain_class);
        let capability =
            CAPABILITIES.iter().find(|capability| capability.name == name).map(|it| explain_capability(registry, it));
        let world = registry.worlds().iter().find(|world| world.name() == name).map(explain_world);
        let policy = POLICIES.iter().find(|(policy, _)| *policy == name).map(|(name, text)| explain_policy(name, text));
        let agent = AGENTS.iter().find(|agent| agent.name == name).map(explain_agent);
        let reproduction = Reproduction::find(name).map(explain_reproduction);
        let explanations = [property, class, capability, world, policy, agent, reproduction];
        let explanations: Vec<String> = explanations.into_iter().flatten().collect();
        if explanations.is_empty() {
            return Err(unknown(registry, &self.name));
        }
        say!("{}", explanations.join("\n\n").trim_end());
        Ok(Exit::Held)
    }
}

fn unknown(registry: &Registry, name: &str) -> Failure {
    let classes = Class::ALL.iter().map(|class| class.name());
    let properties = PROPERTIES.iter().map(|property| property.name);
    let codes = Class::ALL.iter().map(|class| class.code()).chain(PROPERTIES.iter().map(|property| property.code));
    let others = CAPABILITIES.iter().map(|capability| capability.name).chain(registry.worlds().iter().map(World::name));
    let shipped = POLICIES.iter().map(|(policy, _)| *policy).chain(AGENTS.iter().map(|agent| agent.name));
    let reproductions = REPRODUCTIONS.iter().map(|one| one.name);
    let known = classes.chain(properties).chain(others).chain(shipped).chain(reproductions).chain(codes);
    Failure::input(
        format!("there is nothing named `{name}` to explain"),
        format!("{}; `dayfly list` shows all", hint(name, "there are", known)),
    )
}

fn explain_class(class: Class) -> String {
    let text = format!("{} {}: {}\n\n{}", class.code(), class.name(), class.summary(), class.explanation());
    paragraphs(&text, prose())
}

fn explain_agent(agent: &Shipped) -> String {
    let Shipped { name, summary, source, .. } = agent;
    let text = format!(
        "{name}, an agent: {summary}\n\n{}\n`dayfly run {name} --environment off-switch` lets it live an episode; what follows a \
         colon, as in `{name}:TEXT`, is told to it with its task.",
        documentation(source)
    );
    rendered(&text, prose())
}

fn explain_reproduction(reproduction: &Reproduction) -> String {
    let Reproduction { name, summary, source, cells } = reproduction;
    let cells = cells(Scale::Full, Seed(0));
    let lines = cells.iter().flat_map(|cell| {
        let published = cell.rows.iter().filter(|row| !row.published.is_empty());
        let rows = published.map(|published| row(format!("  {}:", published.what), published.published));
        [paragraphs(&cell.name, prose()), table(&rows.collect::<Vec<_>>(), prose())]
    });
    let begins = format!("{name}, a reproduction: {summary}\n\nSource: {source}\n\nPublished:");
    let ends = format!(
        "`dayfly reproduce {name}` runs it again and puts ours beside it, `--quick` a small version of it, in seconds."
    );
    let (begins, lines) = (paragraphs(&begins, prose()), lines.collect::<String>());
    format!("{begins}\n{lines}\n{}", paragraphs(&ends, prose()))
}

fn explain_capability(registry: &Registry, capability: &Capability) -> String {
    let name = capability.name;
    let after = match capability.after_end {
        AfterEnd::Violation => "refused, recorded, and a violation: act-after-end",
        AfterEnd::Notice => "refused and recorded as a notice: it reaches nothing",
    };
    let begins = format!("{name}, a capability: {}\n\nA call after the end is {after}.", capability.summary);
    let mut lines = vec![paragraphs(&begins, prose())];
    if !capability.limits.is_empty() {
        lines.push(format!("Limits, under [grants.{name}] in a policy:"));
    }
    let limit = |gate::Limit { name, kind, meaning }: &gate::Limit| {
        let range = match kind {
            gate::LimitKind::Count { default, most } => format!("{default} by default, {most} at the most"),
            gate::LimitKind::Size { default, most } => {
                format!("{} by default, {} at the most", size(*default), size(*most))
            }
            gate::LimitKind::Names => format!("none by default, among {}", registry.tools().names().join(", ")),
        };
        row(format!("  {name:<9}"), format!("{meaning} ({range})"))
    };
    let limits: Vec<_> = capability.limits.iter().map(limit).collect();
    if !limits.is_empty() {
        lines.push(table(&limits, prose()).trim_end().to_owned());
    }
    lines.extend(by_runtimes(capability));
    lines.push(format!("\nThe contract with agents:\n\n{}", capability.contract));
    lines.extend(functions(capability));
    lines.join("\n")
}

/// Returns a paragraph on the functions that a language runtime calls by itself.
fn by_runtimes(capability: &Capability) -> Option<String> {
    let names: Vec<String> = capability.by_runtimes.iter().map(|operation| format!("  {}", operation.name)).collect();
    (!names.is_empty()).then(|| {
        let begins = "What a language runtime asks by itself is a notice where it is answered with nothing, in `learn` and, for a \
                      socket, everywhere:";
        format!("\n{}\n{}", paragraphs(begins, prose()), names.join("\n"))
    })
}

/// Returns the functions that the contract does not spell out, one line for each interface or
/// resource.
fn functions(capability: &Capability) -> Option<String> {
    let mut owners: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for operation in capability.operations {
        if let Some((owner, function)) = operation.name.rsplit_once('.') {
            owners.entry(owner).or_default().push(function);
        }
    }
    let lines: Vec<_> = owners.iter().map(|(owner, functions)| row(*owner, functions.join(", "))).collect();
    (!lines.is_empty()).then(|| format!("Its functions:\n\n{}", table(&lines, prose())))
}

fn explain_world(world: &World) -> String {
    let begins = format!("{}, an environment: {}", world.name(), world.summary());
    let parameter = |parameter: Parameter<'_>| {
        let text = format!("{} (default {}, {})", parameter.meaning, parameter.default, parameter.range());
        row(format!("  {:<12}", parameter.name), text)
    };
    let parameters: Vec<_> = world.parameters().into_iter().map(parameter).collect();
    let mut lines = vec![paragraphs(&begins, prose()), table(&parameters, prose())];
    if let Some(roles) = world.made().roles() {
        lines.push(paragraphs(&format!("roles: {}", roles.names().join(", ")), prose()));
    }
    lines.extend(world.kind().map(|kind| rendered(&documentation(kind.source), prose())));
    lines.retain(|part| !part.is_empty());
    lines.join("\n")
}

/// The documentation of a module, in Markdown.
fn documentation(source: &str) -> String {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

fn explain_policy(name: &str, text: &str) -> String {
    let comment = text.lines().skip_while(|line| line.starts_with("#:"));
    let comment = comment.map_while(|line| line.strip_prefix('#')).map(|line| line.strip_prefix(' ').unwrap_or(line));
    let comment: Vec<&str> = comment.collect();
    let ends = format!("`dayfly check {name} --effective` prints everything that holds under it.");
    rendered(&format!("{name}, a policy\n\n{}\n\n{ends}", comment.join("\n")), prose())
}

/// Formats a number of bytes in the largest unit that divides it.
fn size(bytes: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let unit = units.into_iter().find(|(bits, _)| bytes > 0 && bytes.is_multiple_of(1 << bits));
    unit.map_or_else(|| format!("{bytes} B"), |(bits, unit)| format!("{} {unit}", bytes >> bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_environment_explains_itself_in_the_sections_that_all_have() {
        for kind in crate::environment::KINDS {
            let text = anstream::adapter::strip_str(&explain_world(&World::of(kind))).to_string();
            let mut rest = text.as_str();
            for section in [
                "Story",
                "Observation, action, reward",
                "What a myopic agent does",
                "What a far-sighted agent does",
                "Source",
                "What it does not show",
            ] {
                let heading = format!("\n{section}\n\n");
                let (_, after) = rest.split_once(&heading).unwrap_or_else(|| panic!("{}: {section}", kind.name));
                rest = after;
            }
            assert!(!text.contains("//!") && !text.contains("```"), "{}", kind.name);
        }
    }

    #[test]
    fn every_capability_explains_its_limits_and_its_operations() {
        let registry = Registry::builtin().unwrap();
        for capability in CAPABILITIES {
            let text = explain_capability(&registry, capability);
            // The functions of WASI stand in its own packages, which `wit/wasi/` names.
            let own = capability.operations.iter().filter(|operation| operation.capability != "wasi");
            let operations = own.map(|operation| format!("{}: func(", operation.name));
            let limits = capability.limits.iter().map(|limit| format!("  {}", limit.name));
            for part in operations.chain(limits) {
                assert!(text.contains(&part), "{}: {part}", capability.name);
            }
        }
    }

    #[test]
    fn every_policy_says_when_to_use_it_and_when_not() {
        for (name, text) in POLICIES {
            let text = explain_policy(name, text);
            assert!(text.contains("\nUse it ") && text.contains("\nNot "), "{text}");
        }
    }

    #[test]
    fn a_size_is_in_the_largest_unit_that_it_is_a_multiple_of() {
        for (bytes, text) in [(0, "0 B"), (1, "1 B"), (1536, "1536 B"), (16 << 10, "16 KiB"), (1 << 30, "1 GiB")] {
            assert_eq!(size(bytes), text);
        }
    }
}
