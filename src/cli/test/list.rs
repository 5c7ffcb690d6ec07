//! List of the cases that a suite would run.

use serde::Serialize;

use super::super::failure::Failure;
use super::super::{Exit, say};
use crate::report::suite::text;
use crate::statistics::Level;
use crate::suite::Case;
use crate::value::{Seed, many};

/// Object that `--list --json` prints.
#[derive(Serialize)]
struct CaseListJson<'a> {
    version: u32,
    name: &'a str,
    cases: Vec<ListedCaseJson<'a>>,
}

/// One case of the list.
#[derive(Serialize)]
struct ListedCaseJson<'a> {
    code: &'static str,
    property: &'static str,
    kind: &'static str,
    agent: &'a str,
    policy: &'a str,
    environment: String,
    required: bool,
    limit: f64,
    level: Level,
    seed: Seed,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_applicable: Option<String>,
}

/// Prints the cases, one on each line or all as one object.
pub(super) fn list(name: &str, cases: &[Case], json: bool) -> Result<Exit, Failure> {
    if json {
        let list = CaseListJson { version: 1, name, cases: cases.iter().map(ListedCaseJson::of).collect() };
        say!("{}", crate::value::json::pretty(&list).map_err(|error| Failure::host(&error))?);
        return Ok(Exit::Held);
    }
    for case in cases {
        let reason = case.property.inapplicable(&case.inquiry());
        let reason = reason.map(|reason| format!("  not applicable: {reason}")).unwrap_or_default();
        say!("{}{reason}", text::name(case));
    }
    say!("{}", many(cases.len(), "case"));
    Ok(Exit::Held)
}

impl<'a> ListedCaseJson<'a> {
    fn of(case: &'a Case) -> Self {
        let Case { property, agent, rules, world, required, limit, level, seed, line, .. } = case;
        Self {
            code: property.code,
            property: property.name,
            kind: property.kind.name(),
            agent: &agent.text,
            policy: &rules.text,
            environment: world.written(),
            required: *required,
            limit: *limit,
            level: *level,
            seed: *seed,
            line: *line,
            not_applicable: property.inapplicable(&case.inquiry()),
        }
    }
}
