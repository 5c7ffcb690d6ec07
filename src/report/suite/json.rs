//! Object that `dayfly test --json` prints, documented in `docs/test-json.md`.
//!
//! Fields are added, never renamed or removed, without a new `version`.

use serde::Serialize;

use super::CAVEAT;
use crate::property::{Judgement, Measure, PropertyKind, Witness};
use crate::statistics::{Level, PValue, holm};
use crate::suite::{Case, CaseOutcome, Results, SeedOrigin, Traps};
use crate::value::{Digest, Seed};

/// Suite, as data.
#[derive(Debug, Serialize)]
pub struct SuiteJson<'a> {
    version: u32,
    dayfly: &'static str,
    name: &'a str,
    seed: Seed,
    origin: SeedOrigin,
    again: &'a str,
    level: f64,
    partition: String,
    ending: &'static str,
    enforced: CountsJson,
    measured: CountsJson,
    not_run: usize,
    left: Vec<NotRunJson<'a>>,
    cases: Vec<CaseJson<'a>>,
    caveat: &'static str,
}

#[derive(Debug, Serialize)]
struct CountsJson {
    holds: usize,
    violated: usize,
    inconclusive: usize,
    not_applicable: usize,
}

#[derive(Debug, Serialize)]
struct CaseJson<'a> {
    property: PropertyJson,
    agent: AgentJson<'a>,
    policy: NamedJson<'a>,
    environment: EnvironmentJson,
    finding: Judgement,
    statement: &'a str,
    required: bool,
    origin: SeedOrigin,
    limit: f64,
    level: Level,
    measures: &'a [Measure],
    #[serde(skip_serializing_if = "Option::is_none")]
    p: Option<PValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    p_adjusted: Option<PValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    witness: Option<&'a Witness>,
    runs: usize,
    episodes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    traps: Option<TrappedJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reproduce: Option<ReproduceJson<'a>>,
    seconds: f64,
}

#[derive(Debug, Serialize)]
struct PropertyJson {
    code: &'static str,
    name: &'static str,
    kind: &'static str,
}

#[derive(Debug, Serialize)]
struct AgentJson<'a> {
    name: &'a str,
    written: &'a str,
    digest: Digest,
}

#[derive(Debug, Serialize)]
struct NamedJson<'a> {
    name: &'a str,
    written: &'a str,
    digest: Digest,
}

#[derive(Debug, Serialize)]
struct EnvironmentJson {
    name: String,
    written: String,
    digest: Digest,
}

#[derive(Debug, Serialize)]
struct ReproduceJson<'a> {
    command: &'a str,
    root: Digest,
}

#[derive(Debug, Serialize)]
struct TrappedJson<'a> {
    episodes: usize,
    within: usize,
    after_end: usize,
    first: FirstTrap<'a>,
}

#[derive(Debug, Serialize)]
struct FirstTrap<'a> {
    episode: u64,
    cause: &'a str,
    log: &'a [String],
    command: &'a str,
    root: Digest,
}

impl<'a> TrappedJson<'a> {
    fn new(traps: &'a Traps) -> Self {
        let Traps { episodes, within, after, episode, cause, log, line } = traps;
        let first = FirstTrap { episode: *episode, cause, log, command: &line.command, root: line.root };
        Self { episodes: *episodes, within: *within, after_end: *after, first }
    }
}

/// Case that was not run.
#[derive(Debug, Serialize)]
struct NotRunJson<'a> {
    property: PropertyJson,
    agent: &'a str,
    policy: &'a str,
    environment: String,
}

impl<'a> NotRunJson<'a> {
    fn new(case: &'a Case) -> Self {
        let Case { property, agent, rules, world, .. } = case;
        Self {
            property: PropertyJson::new(property),
            agent: &agent.text,
            policy: &rules.text,
            environment: world.to_string(),
        }
    }
}

impl PropertyJson {
    const fn new(property: &crate::property::Property) -> Self {
        Self { code: property.code, name: property.name, kind: property.kind.name() }
    }
}

impl<'a> SuiteJson<'a> {
    /// Returns the object for a suite.
    pub fn new(results: &'a Results<'_>) -> Self {
        let suite = results.suite;
        let cases = results.finished.iter().zip(adjusted(results));
        Self {
            version: 2,
            dayfly: env!("CARGO_PKG_VERSION"),
            name: &suite.name,
            seed: suite.seed,
            origin: suite.origin,
            again: &suite.again,
            level: crate::suite::LEVEL,
            partition: suite.partition.to_string(),
            ending: if results.not_run().is_empty() { "completed" } else { "stopped" },
            enforced: CountsJson::new(results, PropertyKind::Enforced),
            measured: CountsJson::new(results, PropertyKind::Measured),
            not_run: results.not_run().len(),
            left: results.not_run().iter().map(NotRunJson::new).collect(),
            cases: cases.map(|((case, outcome), adjusted)| CaseJson::new(case, outcome, adjusted)).collect(),
            caveat: CAVEAT,
        }
    }
}

/// Returns the p-value of each case that has one, adjusted for all that were measured (Holm). It is
/// `None` unless the whole suite ran, since the adjustment takes all p-values.
fn adjusted(results: &Results<'_>) -> Vec<Option<PValue>> {
    let family: Vec<PValue> = results.finished.iter().filter_map(|(_, outcome)| outcome.verdict.p).collect();
    let mut adjusted = holm::adjust(&family).into_iter();
    let is_whole = results.is_whole();
    let one =
        |(_, outcome): &(&Case, CaseOutcome)| outcome.verdict.p.and_then(|_| adjusted.next()).filter(|_| is_whole);
    results.finished.iter().map(one).collect()
}

impl CountsJson {
    fn new(results: &Results<'_>, kind: PropertyKind) -> Self {
        let count = |finding| results.count(kind, finding);
        Self {
            holds: count(Judgement::Holds),
            violated: count(Judgement::Violated),
            inconclusive: count(Judgement::Inconclusive),
            not_applicable: count(Judgement::NotApplicable),
        }
    }
}

impl<'a> CaseJson<'a> {
    fn new(case: &'a Case, outcome: &'a CaseOutcome, p_adjusted: Option<PValue>) -> Self {
        let Case { property, agent, rules, world, .. } = case;
        let verdict = &outcome.verdict;
        Self {
            property: PropertyJson::new(property),
            agent: AgentJson { name: &agent.name, written: &agent.text, digest: Digest::of(&agent.bytes) },
            policy: NamedJson { name: &rules.policy.name, written: &rules.text, digest: rules.policy.digest() },
            environment: EnvironmentJson { name: world.to_string(), written: world.written(), digest: world.digest() },
            finding: verdict.finding,
            statement: &verdict.statement,
            required: case.required,
            origin: case.origin,
            limit: case.limit,
            level: case.level,
            measures: &verdict.measures,
            p: verdict.p,
            p_adjusted,
            witness: verdict.witness.as_ref(),
            runs: outcome.trials,
            episodes: outcome.episodes,
            traps: outcome.traps.as_ref().map(TrappedJson::new),
            reproduce: outcome.line.as_ref().map(|line| ReproduceJson { command: &line.command, root: line.root }),
            seconds: outcome.took.as_secs_f64(),
        }
    }
}
