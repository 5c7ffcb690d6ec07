//! `tools`: named host tools that the policy allows.
//!
//! A tool is a pure function of the task and its input, or it waits for the outside, under the episode's wall clock. Adding one is
//! one file and one line in [`TOOLS`].

mod calculator;
mod search;
mod wait;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use wasmtime::component::Linker;

use super::host::{Host, Opening};
use super::outside::{Cut, Wall};
use super::{call, interface};
use crate::gate::{AfterEnd, Capability, Grant, Ground, Kept, Kind, Limit, Mode, Refusal, Request, Shortfall, Told};
use crate::transcript::{Argument, Class, Entry, Operation, Part, Weight};
use crate::value::wide;
use crate::wit::dayfly::agent::tools as contract;

const AVAILABLE: Operation = Operation { capability: "tools", name: "available", code: 0x40, weight: Weight::Light };
const CALL: Operation = Operation { capability: "tools", name: "call", code: 0x41, weight: Weight::Heavy };

/// A tool.
#[derive(Clone, Copy, Debug)]
pub struct Tool {
    /// Its name in policies and calls.
    pub name: &'static str,
    /// What it does, what it takes and what it answers.
    pub description: &'static str,
    work: Work,
}

/// How a tool comes to its answer, or to why the input makes no sense.
#[derive(Clone, Copy, Debug)]
enum Work {
    /// By the task and the input alone.
    Pure(fn(task: &str, input: &str) -> Result<String, String>),
    /// By waiting for the outside.
    Outside(fn(input: &str) -> Result<Waiting, String>),
}

/// An answer that is waited for.
type Waiting = Pin<Box<dyn Future<Output = String>>>;

/// Every tool, in the order of their names.
pub const TOOLS: &[Tool] = &[calculator::TOOL, search::TOOL, wait::TOOL];

/// The rule on tools that are not allowed.
const ALLOW: &str = "grants.tools.allow";

pub(super) const CAPABILITY: Capability = Capability {
    name: "tools",
    summary: "named host tools that the policy allows",
    contract: include_str!("../../../wit/tools.wit"),
    operations: &[AVAILABLE, CALL],
    limits: &[
        Limit {
            name: "allow",
            kind: Kind::Names { among: || TOOLS.iter().map(|tool| tool.name).collect() },
            meaning: "the tools that may be called",
        },
        Limit { name: "calls", kind: Kind::Count { default: 64, most: 1 << 32 }, meaning: "how many calls" },
        Limit {
            name: "bytes",
            kind: Kind::Size { default: 64 << 10, most: 64 << 20 },
            meaning: "the inputs of all calls together",
        },
    ],
    grounds: &[(CALL, &[Ground::Never(Class::Ungranted, ALLOW), Ground::Quota("calls"), Ground::Quota("bytes")])],
    after_end: AfterEnd::Violation,
    fits: Some(fits),
    by_runtimes: &[],
};

#[derive(Clone, Debug)]
pub(super) struct Limits {
    allow: Vec<Tool>,
    calls: u64,
    bytes: u64,
}

impl From<&Grant> for Limits {
    fn from(grant: &Grant) -> Self {
        let allowed = |tool: &&Tool| grant.names.iter().any(|name| name == tool.name);
        Self {
            allow: TOOLS.iter().filter(allowed).copied().collect(),
            calls: grant.number("calls"),
            bytes: grant.number("bytes"),
        }
    }
}

/// Whether no more calls were made than are granted, each of a tool that is. A record has no more of their inputs than the beginnings.
fn fits(kept: &Kept<'_>) -> bool {
    let mut calls = kept.entries(CAPABILITY.name);
    let Some((warrant, grant)) = kept.granted else { return calls.next().is_none() };
    let is_granted = |entry: &Entry| {
        entry.name().is_some_and(|name| {
            grant.names.iter().any(|allowed| allowed == name)
                && warrant.decide(CALL, Some(name), entry.step).0 == Mode::Grant
        })
    };
    wide(kept.entries(CAPABILITY.name).count()) <= grant.number("calls") && calls.all(is_granted)
}

/// The bytes of an answer that is no part of the task, such as a number.
const ANSWER: usize = 512;

/// What one episode has used of its tools.
#[derive(Debug)]
pub(super) struct State {
    task: Arc<str>,
    wall: Wall,
    calls: u64,
    bytes: u64,
}

impl State {
    pub(super) fn open(opening: &Opening) -> Self {
        Self { task: Arc::clone(&opening.task), wall: opening.wall.clone(), calls: 0, bytes: 0 }
    }

    fn fits(&self, name: &str, input: u64, limits: &Limits) -> Result<usize, Shortfall> {
        if !limits.allow.iter().any(|tool| tool.name == name) {
            return Err(Shortfall::Never(Class::Ungranted, ALLOW));
        }
        if self.calls >= limits.calls {
            return Err(Shortfall::Quota("calls"));
        }
        if self.bytes.saturating_add(input) > limits.bytes {
            return Err(Shortfall::Quota("bytes"));
        }
        // A tool reads the task at the most, and answers no more than that.
        Ok(self.task.len().saturating_add(ANSWER))
    }
}

impl Host {
    fn available(&mut self) -> Result<Vec<contract::Tool>, Refusal> {
        let Self { gate, charter, states, .. } = self;
        let term = &charter.tools;
        let request = Request { operation: AVAILABLE, argument: Argument(&[]), name: None };
        let describe = || {
            let tool =
                |tool: &Tool| contract::Tool { name: tool.name.to_owned(), description: tool.description.to_owned() };
            term.limits.allow.iter().map(tool).collect()
        };
        let permit = states.tools.ask(gate, &term.warrant, &request, |_| {
            Ok(term.limits.allow.iter().map(|tool| tool.name.len().saturating_add(tool.description.len())).sum())
        })?;
        Ok(permit.answer(|_| describe(), |_| describe()))
    }

    fn call(&mut self, name: &str, input: &str) -> wasmtime::Result<Result<String, Refusal>> {
        let Self { gate, charter, states, .. } = self;
        let term = &charter.tools;
        let bytes = u64::try_from(input.len()).unwrap_or(u64::MAX);
        let argument = [Part::Text(name), Part::Text(input)];
        let request = Request { operation: CALL, argument: Argument(&argument), name: Some(name) };
        let asked = states.tools.ask(gate, &term.warrant, &request, |state| state.fits(name, bytes, &term.limits));
        let permit = match asked {
            Ok(permit) => permit,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let answer = permit.answer(
            |state| {
                state.calls = state.calls.saturating_add(1);
                state.bytes = state.bytes.saturating_add(bytes);
                let tool = term.limits.allow.iter().find(|tool| tool.name == name);
                match tool.map(|tool| tool.work) {
                    None => Err(Unanswered::Invalid("there is no such tool".to_owned())),
                    Some(Work::Pure(run)) => run(&state.task, input).map_err(Unanswered::Invalid),
                    Some(Work::Outside(begin)) => {
                        let waiting = begin(input).map_err(Unanswered::Invalid)?;
                        state.wall.wait(waiting).map_err(Unanswered::Cut)
                    }
                }
            },
            |_| Ok(String::new()),
        );
        match answer {
            Ok(answer) => Ok(Ok(answer)),
            Err(Unanswered::Invalid(why)) => Ok(Err(Refusal::Invalid(why))),
            Err(Unanswered::Cut(Cut::Ended(end))) => {
                // The refusal of this call tells the agent.
                gate.close(end, Told::Yes);
                Ok(Err(Refusal::Ended(end)))
            }
            Err(Unanswered::Cut(Cut::Failed(error))) => Err(error.into()),
        }
    }
}

/// Why a tool that was called gives no answer.
enum Unanswered {
    /// The input makes no sense.
    Invalid(String),
    /// It was waited for as long as the episode could.
    Cut(Cut),
}

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    let mut linker = interface(linker, &CAPABILITY)?;
    linker.func_wrap(AVAILABLE.name, |store, ()| call(store, 0, |host| Ok(host.available())))?;
    linker.func_wrap(CALL.name, |store, (name, input): (String, String)| {
        call(store, name.len().saturating_add(input.len()), |host| host.call(&name, &input))
    })
}
