//! Object that `dayfly run --json` prints, documented in `docs/run-json.md`.
//!
//! Fields are added, never renamed or removed, without a new `version`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::RunReport;
use crate::ledger::NamedDigest;
use crate::run::{FirstViolation, RoleSummary, Spread, Summary};
use crate::transcript::{Closing, End, Entry, Lesson, Role, Touched};
use crate::value::{Digest, Seed};

/// Run, as data.
#[derive(Debug, Serialize)]
pub struct RunJson<'a> {
    version: u32,
    agent: &'a NamedDigest,
    policy: &'a NamedDigest,
    environment: &'a NamedDigest,
    seed: Seed,
    draws: Option<&'a str>,
    lineages: u32,
    ending: &'static str,
    failed: bool,
    episodes: Episodes,
    ends: &'a BTreeMap<End, u64>,
    irreproducible: u64,
    closings: &'a BTreeMap<Closing, u64>,
    calls: CallsJson,
    invalid: Option<InvalidJson<'a>>,
    violations: BTreeMap<&'static str, Violation<'a>>,
    notices: BTreeMap<&'static str, Violation<'a>>,
    left_behind: u64,
    tripwires: &'a Touched,
    trap: Option<TrapJson<'a>>,
    returns: NumbersJson,
    performance: NumbersJson,
    roles: Vec<RoleJson<'a>>,
    learned: Option<LearnedJson<'a>>,
    steps: u64,
    fuel: u64,
    released: u64,
    ledger: LedgerJson<'a>,
}

#[derive(Debug, Serialize)]
struct RoleJson<'a> {
    role: &'a str,
    agent: Option<&'a NamedDigest>,
    returns: NumbersJson,
    violations: BTreeMap<&'static str, u64>,
    after_end: u64,
    faults: u64,
}

#[derive(Debug, Serialize)]
struct Episodes {
    asked: u64,
    recorded: u64,
}

#[derive(Debug, Serialize)]
struct CallsJson {
    total: u64,
    after_end: u64,
}

#[derive(Debug, Serialize)]
struct InvalidJson<'a> {
    count: u64,
    episodes: u64,
    first: Option<FirstInvalid<'a>>,
}

#[derive(Debug, Serialize)]
struct FirstInvalid<'a> {
    #[serde(flatten)]
    first: First<'a>,
    reason: &'a str,
}

#[derive(Debug, Serialize)]
struct Violation<'a> {
    code: &'static str,
    count: u64,
    episodes: u64,
    first: Option<First<'a>>,
}

#[derive(Debug, Serialize)]
struct First<'a> {
    episode: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    argument: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct TrapJson<'a> {
    within: u64,
    after_end: u64,
    episode: u64,
    cause: &'a str,
    log: &'a [String],
}

#[derive(Debug, Serialize)]
struct LearnedJson<'a> {
    outcomes: &'a BTreeMap<Lesson, u64>,
    early: NumbersJson,
    late: NumbersJson,
}

#[derive(Debug, Serialize)]
struct NumbersJson {
    mean: f64,
    min: f64,
    max: f64,
}

#[derive(Debug, Serialize)]
struct LedgerJson<'a> {
    path: &'a str,
    size: u64,
    root: Digest,
}

impl<'a> RunJson<'a> {
    /// Returns the object for a run.
    pub fn new(told: RunReport<'a>) -> Self {
        let RunReport { manifest, summary, ending, path, head } = told;
        let violation = |(class, count): (crate::transcript::Class, u64)| {
            let violation = Violation {
                code: class.code(),
                count,
                episodes: summary.episodes_with.get(&class).copied().unwrap_or(0),
                first: summary.examples.get(&class).map(First::new),
            };
            (class.name(), violation)
        };
        let noticed = &summary.notices;
        let notice = |(class, count): (crate::transcript::Class, u64)| {
            let notice = Violation {
                code: class.code(),
                count,
                episodes: noticed.episodes_with.get(&class).copied().unwrap_or(0),
                first: noticed.examples.get(&class).map(First::new),
            };
            (class.name(), notice)
        };
        let role = |one: &'a RoleSummary| RoleJson {
            role: one.role.as_str(),
            agent: manifest.roles.iter().find(|played| played.role == one.role).map(|played| &played.agent),
            returns: NumbersJson::new(one.returns),
            violations: one.violations.iter().map(|(class, count)| (class.name(), count)).collect(),
            after_end: one.after_end,
            faults: one.faults,
        };
        Self {
            version: 1,
            agent: &manifest.agent,
            policy: &manifest.policy,
            environment: &manifest.environment,
            seed: manifest.seed,
            draws: manifest.draws.as_deref(),
            lineages: manifest.lineages,
            ending: ending.reason().name(),
            failed: summary.failed(),
            episodes: Episodes { asked: manifest.episodes, recorded: summary.episodes },
            ends: &summary.ends,
            irreproducible: summary.irreproducible,
            closings: &summary.closings,
            calls: CallsJson { total: summary.calls, after_end: summary.after_end },
            invalid: InvalidJson::new(summary),
            violations: summary.violations.iter().map(violation).collect(),
            notices: noticed.counted.iter().map(notice).collect(),
            left_behind: noticed.left,
            tripwires: &summary.tripwires,
            trap: summary.trap.as_ref().map(|trap| TrapJson::new(summary, trap)),
            returns: NumbersJson::new(summary.returns),
            performance: NumbersJson::new(summary.performance),
            roles: summary.roles.iter().map(role).collect(),
            learned: (!summary.lessons.is_empty()).then(|| LearnedJson {
                outcomes: &summary.lessons,
                early: NumbersJson::new(summary.early),
                late: NumbersJson::new(summary.late),
            }),
            steps: summary.steps,
            fuel: summary.fuel,
            released: summary.released,
            ledger: LedgerJson { path, size: head.size, root: head.root },
        }
    }
}

impl<'a> TrapJson<'a> {
    fn new(summary: &Summary, trap: &'a crate::run::Trap) -> Self {
        let (within, after_end) = summary.traps();
        Self { within, after_end, episode: trap.episode, cause: &trap.cause, log: &trap.log }
    }
}

impl<'a> InvalidJson<'a> {
    fn new(summary: &'a Summary) -> Option<Self> {
        let first = summary
            .first_invalid
            .as_ref()
            .map(|(episode, entry)| FirstInvalid { first: First::of(*episode, Some(entry)), reason: &entry.rule });
        (summary.invalid > 0).then_some(Self { count: summary.invalid, episodes: summary.episodes_invalid, first })
    }
}

impl<'a> First<'a> {
    fn new(example: &'a FirstViolation) -> Self {
        Self::of(example.episode, example.entry.as_ref())
    }

    fn of(episode: u64, entry: Option<&'a Entry>) -> Self {
        Self {
            episode,
            role: entry.and_then(|entry| entry.role.as_ref()).map(Role::as_str),
            step: entry.map(|entry| entry.step),
            call: entry.map(|entry| entry.operation.to_string()),
            argument: entry.map(|entry| entry.argument.as_str()),
        }
    }
}

impl NumbersJson {
    fn new(spread: Spread) -> Self {
        Self { mean: spread.mean(), min: spread.min(), max: spread.max() }
    }
}
