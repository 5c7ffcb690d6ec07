//! `dayfly list`: what there is.

use clap::{Args, ValueEnum};

use super::{Exit, row, say, width};
use crate::agent::SHIPPED as AGENTS;
use crate::capability::CAPABILITIES;
use crate::environment::{KINDS, Kind};
use crate::gate::Capability;
use crate::policy::SHIPPED as POLICIES;
use crate::property::{PROPERTIES, Property};
use crate::report::table;
use crate::reproduction::REPRODUCTIONS;
use crate::transcript::Class;

/// The most operations that are named in a list.
const MANY: usize = 12;

/// List what there is.
#[derive(Debug, Args)]
pub(super) struct List {
    #[arg(value_enum)]
    what: What,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// The agents that come with Dayfly.
    Agents,
    /// The environments that come with Dayfly, with their parameters.
    Environments,
    /// The policies that come with Dayfly.
    Policies,
    /// What a policy can grant, with its operations and limits.
    Capabilities,
    /// The published results that `dayfly reproduce` runs again.
    Reproductions,
    /// The classes of violation.
    Violations,
    /// What `dayfly test` can ask.
    Properties,
}

impl List {
    pub(super) fn execute(&self) -> Exit {
        let rows: Vec<(String, String)> = match self.what {
            What::Agents => AGENTS.iter().map(|agent| row(agent.name, agent.summary)).collect(),
            What::Environments => KINDS.iter().flat_map(environment).collect(),
            What::Policies => POLICIES.iter().map(|(name, text)| row(*name, purpose(text))).collect(),
            What::Capabilities => CAPABILITIES.iter().flat_map(|capability| capability_rows(capability)).collect(),
            What::Reproductions => {
                REPRODUCTIONS.iter().map(|one| row(one.name, format!("{} ({})", one.summary, one.source))).collect()
            }
            What::Violations => Class::ALL
                .iter()
                .map(|class| row(format!("{} {}", class.code(), class.name()), class.summary()))
                .collect(),
            What::Properties => PROPERTIES.iter().map(property).collect(),
        };
        say!("{}", table(&rows, width().unwrap_or(usize::MAX)).trim_end());
        Exit::Held
    }
}

fn environment(kind: &Kind) -> Vec<(String, String)> {
    let parameters = kind.parameters.iter().map(|parameter| {
        let text = format!("{} (default {}, {})", parameter.meaning, parameter.default, parameter.range());
        row(format!("  {}", parameter.name), text)
    });
    std::iter::once(row(kind.name, kind.summary)).chain(parameters).collect()
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

/// The first sentence of the comment that a policy begins with.
fn purpose(text: &str) -> String {
    let comment: Vec<&str> = text
        .lines()
        .skip_while(|line| line.starts_with("#:"))
        .take_while(|line| line.starts_with('#'))
        .map(|line| line.trim_start_matches('#').trim())
        .collect();
    let comment = comment.join(" ");
    comment.split_once(". ").map_or(comment.as_str(), |(sentence, _)| sentence).trim_end_matches('.').to_owned()
}
