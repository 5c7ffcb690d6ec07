//! Overlay: lays the keys of a file over its parent policy, and checks each value against the
//! parent's.

use std::ops::Range;
use std::time::Duration;

use super::content::Content;
use super::isolation::{Isolation, Parts, Process};
use super::numbers::{ByteSize, Count, Fraction};
use super::raw::{RawBoundary, RawEpisode, RawGrace, RawIsolation, RawObjective, RawPolicy, RawRecord};
use super::text::PolicyName;
use super::words::Signal;
use super::{Boundary, Continuity, Limits, Policy, Release, Swap, Trapped};
use crate::capability::Tools;
use crate::document::KeyValue;
use crate::objective::{Horizon, Objective, Reveal};
use crate::transcript::{Detail, Keep};
use crate::value::Fault;

/// Help for a user whose policy is looser than the one that it extends.
pub(super) const LOOSEN: &str = "with `based-on` in place of `extends` a policy may loosen";

/// Default fuel of the grace, for an episode with at least as much fuel.
const GRACE_FUEL: u64 = 1_000_000;
/// Default maximum number of bytes in the record of a run. Several million episodes fit, and so
/// does an ordinary disk.
const RUN: u64 = 8 << 30;

/// Policy that another one is laid over, with the path of its file.
#[derive(Clone, Copy)]
pub(super) struct Parent<'a> {
    pub(super) path: &'a str,
    pub(super) policy: &'a Policy,
    pub(super) tie: Tie,
}

/// Relation of a policy to its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tie {
    /// `extends`: the policy only tightens.
    Extends,
    /// `based-on`: the policy may loosen.
    BasedOn,
}

/// Table of the file, with the place of its header, if the table is in the file.
pub(super) struct TableHeader<'h> {
    pub(super) name: &'h str,
    pub(super) span: Option<Range<usize>>,
}

/// State of an overlay: the parent, the tools, and the faults found so far.
pub(super) struct Overlay<'a> {
    pub(super) parent: Option<Parent<'a>>,
    pub(super) tools: &'a Tools,
    pub(super) faults: &'a mut Vec<Fault>,
}

impl<'a> Overlay<'a> {
    /// Makes the policy. Returns `None` if a fault leaves no value for a required part.
    pub(super) fn policy(mut self, raw: &RawPolicy, stem: &str) -> Option<Policy> {
        let episode = self.episode(&raw.episode);
        let objective = self.objective(&raw.objective);
        let boundary = self.boundary(&raw.boundary, episode.as_ref());
        let carry = boundary.map_or(u64::MAX, |boundary| boundary.carry);
        let population = self.population(&raw.population, (carry, raw.boundary.carry.span()));
        let mut grants = self.grants(&raw.grants);
        let mut roles = self.roles(&raw.roles, episode.as_ref().map(|episode| episode.fuel));
        self.rules(raw.rules.as_deref(), &mut grants, &mut roles);
        let isolation = self.isolation(&raw.isolation);
        let record = self.record(&raw.record, &raw.episode.grace);
        let inherited = self.inherited().map(|policy| ByteSize(policy.run_bytes));
        let run_bytes = self.settle(&raw.record.run, inherited, ByteSize(RUN)).0;
        let consequences = self.consequences(&raw.violations);
        let name = raw.name.value().cloned().unwrap_or_else(|| PolicyName::clean(stem, "policy")).0;
        let (episode, boundary) = (episode?, boundary?);
        Some(Policy {
            name,
            episode,
            objective,
            boundary,
            population,
            grants,
            roles,
            isolation,
            record,
            run_bytes,
            consequences,
            tools: self.tools.clone(),
        })
    }

    fn episode(&mut self, raw: &RawEpisode) -> Option<Limits> {
        let parent = self.inherited().map(|policy| policy.episode);
        let table = TableHeader { name: "episode", span: raw.header.clone() };
        let steps = self.require(&table, "steps", "steps = 100", &raw.steps, parent.map(|p| Count(p.steps.into())));
        let fuel = self.require(&table, "fuel", "fuel = 50_000_000", &raw.fuel, parent.map(|p| Count(p.fuel)));
        let wall = self.settle(&raw.wall, parent.map(|p| p.wall), Duration::from_secs(10));
        let memory = self.settle(&raw.memory, parent.map(|p| ByteSize(p.memory)), ByteSize(16 << 20));
        let tables = parent.map(|p| Count(p.table_elements.into()));
        let table_elements = self.settle(&raw.table_elements, tables, Count(100_000));
        let call_bytes = self.settle(&raw.call_bytes, parent.map(|p| ByteSize(p.call_bytes)), ByteSize(1 << 20));
        let on_release = self.settle(&raw.ends_on, parent.map(|p| p.on_release), Release::GoesOn);
        let trapped = self.settle(&raw.trapped, parent.map(|p| p.trapped), Trapped::Record);
        let default = Count(fuel.map_or(GRACE_FUEL, |fuel| fuel.0.min(GRACE_FUEL)));
        let grace = self.settle(&raw.grace.fuel, parent.map(|p| Count(p.grace_fuel)), default);
        let (steps, fuel) = (steps?, fuel?);
        if grace.0 > fuel.0 {
            self.faults.push(Fault {
                message: format!("the grace of {} is more than the fuel of the episode", grace.write()),
                span: raw.grace.fuel.span().or_else(|| raw.fuel.span()),
                label: format!("the episode has {}", fuel.write()),
                help: format!("the grace is for returning: write at most `grace = {{ fuel = {} }}`", fuel.write()),
            });
        }
        Some(Limits {
            steps: steps.narrow(),
            fuel: fuel.0,
            wall,
            memory: memory.0,
            table_elements: table_elements.narrow(),
            call_bytes: call_bytes.0,
            on_release,
            grace_fuel: grace.0,
            trapped,
        })
    }

    fn objective(&mut self, raw: &RawObjective) -> Objective {
        let parent = self.inherited().map(|policy| policy.objective);
        self.settle(&raw.signal, None, Signal);
        Objective {
            horizon: self.settle(&raw.horizon, parent.map(|p| p.horizon), Horizon::Episode),
            discount: self.settle(&raw.discount, parent.map(|p| Fraction(p.discount)), Fraction(1.0)).0,
            reveal: self.settle(&raw.reveal, parent.map(|p| p.reveal), Reveal::default()),
        }
    }

    fn boundary(&mut self, raw: &RawBoundary, episode: Option<&Limits>) -> Option<Boundary> {
        let parent = self.inherited().map(|policy| policy.boundary);
        let environment = self.settle(&raw.environment, parent.map(|p| p.environment), Continuity::Reset);
        let swap = self.settle(&raw.swap, parent.map(|p| p.swap), Swap::None);
        let carry = self.settle(&raw.carry, parent.map(|p| ByteSize(p.carry)), ByteSize(0)).0;
        if (environment, swap) == (Continuity::Reset, Swap::Rotate) && !matches!(raw.environment, KeyValue::Faulty) {
            self.faults.push(Fault {
                message: "an environment that is reset cannot rotate".into(),
                span: raw.swap.span().or_else(|| raw.environment.span()),
                label: "there is nothing to swap".into(),
                help: "write `swap = \"none\"`, or `environment = \"persist\"`".into(),
            });
        }
        let fuel = Count(episode?.fuel);
        let learn_fuel = self.settle(&raw.learn_fuel, parent.map(|p| Count(p.learn_fuel)), fuel).0;
        Some(Boundary { environment, swap, carry, learn_fuel })
    }

    fn isolation(&mut self, raw: &RawIsolation) -> Isolation {
        let parent = self.inherited().map(|policy| &policy.isolation);
        let process = self.settle(&raw.process, parent.map(|p| p.process), Process::Optional);
        let parts = self.settle(&raw.parts, parent.map(|p| Parts(p.parts.clone())), Parts::default());
        Isolation { process, parts: parts.0 }
    }

    fn record(&mut self, raw: &RawRecord, grace: &RawGrace) -> Keep {
        let parent = self.inherited().map(|policy| policy.record);
        Keep {
            entries: self.settle(&raw.entries, parent.map(|p| Count(p.entries.into())), Count(1024)).narrow(),
            grace: self.settle(&grace.records, parent.map(|p| Count(p.grace.into())), Count(64)).narrow(),
            steps: self.settle(&raw.steps, parent.map(|p| p.steps), Detail::Digest),
        }
    }

    /// Returns the parent if it is extended. Such a parent may only be tightened.
    pub(super) fn extended(&self) -> Option<Parent<'a>> {
        self.parent.filter(|parent| parent.tie == Tie::Extends)
    }

    /// Returns the parent policy, extended or based on.
    pub(super) fn inherited(&self) -> Option<&'a Policy> {
        self.parent.map(|parent| parent.policy)
    }

    /// Returns the value of a key: the written one, else the inherited one, else the default.
    pub(super) fn settle<T: Content>(&mut self, key: &KeyValue<T>, inherited: Option<T>, default: T) -> T {
        self.resolve(key, inherited).unwrap_or(default)
    }

    /// Returns the value of a key that has no default: the written one, else the inherited one.
    pub(super) fn require<T: Content>(
        &mut self,
        table: &TableHeader<'_>,
        name: &str,
        example: &str,
        key: &KeyValue<T>,
        inherited: Option<T>,
    ) -> Option<T> {
        if matches!(key, KeyValue::Absent) && inherited.is_none() {
            self.faults.push(Fault {
                message: format!("`{}.{name}` is missing", table.name),
                span: table.span.clone(),
                label: if table.span.is_some() { format!("this needs `{name}`") } else { String::new() },
                help: format!("add `{name}` under `[{}]`, such as `{example}`", table.name),
            });
        }
        self.resolve(key, inherited)
    }

    pub(super) fn resolve<T: Content>(&mut self, key: &KeyValue<T>, inherited: Option<T>) -> Option<T> {
        let KeyValue::Written { value, place, span } = key else { return inherited };
        // INVARIANT 2: a policy only tightens the one that it extends.
        if let (Some(extended), Some(parent)) = (self.extended(), inherited.filter(|parent| !value.within(parent))) {
            let parent = parent.write();
            self.faults.push(Fault {
                message: format!("`{place}` is looser than in `{}`", extended.path),
                span: Some(span.clone()),
                label: format!("the parent has `{parent}`"),
                help: format!(
                    "a policy may only tighten what it extends: write `{parent}`, or what is tighter; {LOOSEN}"
                ),
            });
        }
        Some(value.clone())
    }
}
