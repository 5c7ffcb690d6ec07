//! `dayfly list`: what there is.

use clap::{Args, ValueEnum};

use super::{Exit, say};
use crate::agent::SHIPPED as AGENTS;
use crate::capability::CAPABILITIES;
use crate::environment::KINDS;
use crate::policy::SHIPPED as POLICIES;
use crate::property::PROPERTIES;
use crate::reproduction::REPRODUCTIONS;
use crate::transcript::Class;

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
        match self.what {
            What::Agents => table(AGENTS.iter().map(|agent| (agent.name.to_owned(), agent.summary.to_owned()))),
            What::Environments => {
                for kind in KINDS {
                    say!("{}  {}", kind.name, kind.summary);
                    table(kind.parameters.iter().map(|parameter| {
                        let text =
                            format!("{} (default {}, {})", parameter.meaning, parameter.default, parameter.range());
                        (format!("  {}", parameter.name), text)
                    }));
                }
            }
            What::Policies => table(POLICIES.iter().map(|(name, text)| ((*name).to_owned(), purpose(text)))),
            What::Capabilities => {
                for capability in CAPABILITIES {
                    let operations: Vec<_> = capability.operations.iter().map(|operation| operation.name).collect();
                    say!("{}  {}\n  operations: {}", capability.name, capability.summary, operations.join(", "));
                    table(
                        capability.limits.iter().map(|limit| (format!("  {}", limit.name), limit.meaning.to_owned())),
                    );
                }
            }
            What::Reproductions => {
                table(
                    REPRODUCTIONS.iter().map(|one| (one.name.to_owned(), format!("{} ({})", one.summary, one.source))),
                );
            }
            What::Violations => table(
                Class::ALL
                    .iter()
                    .map(|class| (format!("{} {}", class.code(), class.name()), class.summary().to_owned())),
            ),
            What::Properties => {
                for property in PROPERTIES {
                    let (code, name, kind) = (property.code, property.name, property.kind.name());
                    say!("{code} {name:<14} {kind:<8}  {}", property.claim);
                }
            }
        }
        Exit::Held
    }
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

/// Names and what they are, in two columns.
fn table(rows: impl Iterator<Item = (String, String)>) {
    let rows: Vec<_> = rows.collect();
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, text) in rows {
        say!("{name:width$}  {text}");
    }
}
