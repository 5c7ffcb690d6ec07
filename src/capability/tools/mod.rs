//! `tools`: named host tools that the policy allows.
//!
//! ```text
//!  Tools: every tool there is --a policy allows some--> one ToolSession a tool and episode --call--> answer, now or later
//! ```
//!
//! 1. The state of a tool lives for one episode: its work is made anew at its first call in each
//!    episode.
//! 2. A tool that waits for the outside waits under the episode's wall clock.
//! 3. Every answer goes through one place, which checks it against the maximum length that the tool
//!    declares.
//! 4. An answer from outside is kept in the record as it reaches the agent, with the digest of the
//!    request.
//!
//! A new tool that comes with Dayfly is one file and one line in [`Tools::builtin`].

mod calculator;
mod search;
mod tool;
mod wait;

use std::sync::Arc;

use wasmtime::component::Linker;

use super::host::{Host, HostOpening};
use super::outside::{Cut, Wall};
use super::{call, interface};
use crate::gate::{
    AfterEnd, Awareness, Capability, Example, Given, Grant, Ground, KeptBody, Limit, LimitKind, Mode, Refusal, Request,
    Shortfall,
};
use crate::transcript::{Answered, Argument, Class, Entry, Operation, RecordedArgument, Weight};
use crate::value::wide;
use crate::wit::dayfly::agent::tools as contract;

pub use self::tool::{Answer, NoAnswer, PendingAnswer, Taken, Tool, ToolCall, ToolFailed, ToolSession, Tools};

const AVAILABLE: Operation = Operation { capability: "tools", name: "available", code: 0x40, weight: Weight::Light };
const CALL: Operation = Operation { capability: "tools", name: "call", code: 0x41, weight: Weight::Heavy };

/// Rule in the refusal of a tool that is not allowed.
const ALLOW: &str = "grants.tools.allow";

pub(super) const CAPABILITY: Capability = Capability {
    name: "tools",
    summary: "named host tools that the policy allows",
    contract: include_str!("../../../wit/tools.wit"),
    operations: &[AVAILABLE, CALL],
    limits: &[
        Limit { name: "allow", kind: LimitKind::Names, meaning: "the tools that may be called" },
        Limit { name: "calls", kind: LimitKind::Count { default: 64, most: 1 << 32 }, meaning: "how many calls" },
        Limit {
            name: "bytes",
            kind: LimitKind::Size { default: 64 << 10, most: 64 << 20 },
            meaning: "the inputs of all calls together",
        },
    ],
    grounds: &[(CALL, &[Ground::Never(Class::Ungranted, ALLOW), Ground::Quota("calls"), Ground::Quota("bytes")])],
    after_end: AfterEnd::Violation,
    fits: Some(fits),
    by_runtimes: &[],
    examples: &[
        Example { operation: CALL, arguments: &[Given::Text("calculator"), Given::Text("6 * 7")] },
        Example { operation: CALL, arguments: &[Given::Text("search"), Given::Text("dayfly")] },
        Example { operation: CALL, arguments: &[Given::Text("search"), Given::Filling(1024)] },
    ],
};

#[derive(Clone, Debug)]
pub(super) struct Limits {
    names: Vec<String>,
    allow: Vec<Tool>,
    calls: u64,
    bytes: u64,
}

impl From<&Grant> for Limits {
    fn from(grant: &Grant) -> Self {
        let names = grant.names.clone();
        Self { names, allow: Vec::new(), calls: grant.number("calls"), bytes: grant.number("bytes") }
    }
}

/// Returns `true` if a record has no more calls than are granted, each of an allowed tool. A record
/// keeps only the beginning of each input, so the quota of bytes is not checked.
fn fits(kept: &KeptBody<'_>) -> bool {
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

impl Limits {
    /// Selects the allowed tools from `tools`.
    pub(super) fn among(&mut self, tools: &Tools) {
        self.allow = tools.iter().filter(|tool| self.names.iter().any(|name| name == tool.name())).cloned().collect();
    }
}

/// Use that one episode has made of its tools, and the state of the tools.
pub(super) struct State {
    task: Arc<str>,
    wall: Wall,
    calls: u64,
    bytes: u64,
    /// Session of each tool that was called, by the tool's place among the allowed ones.
    works: Vec<(usize, Box<dyn ToolSession>)>,
}

impl State {
    pub(super) fn open(opening: &HostOpening) -> Self {
        Self { task: Arc::clone(&opening.task), wall: opening.wall.clone(), calls: 0, bytes: 0, works: Vec::new() }
    }

    fn fits(&self, name: &str, input: u64, limits: &Limits) -> Result<usize, Shortfall> {
        let Some(tool) = limits.allow.iter().find(|tool| tool.name() == name) else {
            return Err(Shortfall::Never(Class::Ungranted, ALLOW));
        };
        if self.calls >= limits.calls {
            return Err(Shortfall::Quota("calls"));
        }
        if self.bytes.saturating_add(input) > limits.bytes {
            return Err(Shortfall::Quota("bytes"));
        }
        Ok(self.most(tool))
    }

    /// Returns the maximum number of bytes of an answer of `tool`, with the task that it may read.
    fn most(&self, tool: &Tool) -> usize {
        self.task.len().saturating_add(tool.most())
    }

    /// Asks a tool for an answer.
    fn answer(&mut self, place: usize, tool: &Tool, input: &str) -> Result<String, NoAnswer> {
        if !self.works.iter().any(|(known, _)| *known == place) {
            // INVARIANT 1
            self.works.push((place, tool.open()));
        }
        let work = self.works.iter_mut().find(|(known, _)| *known == place).map(|(_, work)| work);
        let Some(work) = work else { return Err(NoAnswer::Invalid("there is no such tool".to_owned())) };
        let answered = match work.answer(&ToolCall { task: &self.task, input }) {
            Answer::Now(answered) => answered,
            // INVARIANT 2
            Answer::Later(waiting) => self.wall.wait(waiting).map_err(NoAnswer::Cut)?,
        };
        self.answered(tool, answered)
    }

    /// INVARIANT 3: checks the length of an answer before it reaches the agent.
    fn answered(&self, tool: &Tool, answered: Result<String, NoAnswer>) -> Result<String, NoAnswer> {
        let answer = answered?;
        if answer.len() > self.most(tool) {
            let (bytes, most) = (answer.len(), tool.most());
            return Err(NoAnswer::Failed(format!(
                "an answer has {bytes} bytes, and it says that it has {most} at the most"
            )));
        }
        Ok(answer)
    }
}

impl Host {
    fn available(&mut self) -> Result<Vec<contract::Tool>, Refusal> {
        let Self { gate, charter, states, .. } = self;
        let term = &charter.tools;
        let request = Request { operation: AVAILABLE, argument: Argument(&[]), name: None };
        let describe = || {
            let tool = |tool: &Tool| contract::Tool {
                name: tool.name().to_owned(),
                description: tool.description().to_owned(),
            };
            term.limits.allow.iter().map(tool).collect()
        };
        let permit = states.tools.ask(gate, &term.warrant, &request, |_| {
            Ok(term.limits.allow.iter().map(|tool| tool.name().len().saturating_add(tool.description().len())).sum())
        })?;
        Ok(permit.answer(|_| describe(), |_| describe()))
    }

    fn call(&mut self, name: &str, input: &str) -> wasmtime::Result<Result<String, Refusal>> {
        let Self { gate, charter, states, .. } = self;
        let term = &charter.tools;
        let bytes = u64::try_from(input.len()).unwrap_or(u64::MAX);
        let argument = [RecordedArgument::Text(name), RecordedArgument::Text(input)];
        let request = Request { operation: CALL, argument: Argument(&argument), name: Some(name) };
        let asked = states.tools.ask(gate, &term.warrant, &request, |state| state.fits(name, bytes, &term.limits));
        let permit = match asked {
            Ok(permit) => permit,
            Err(refusal) => return Ok(Err(refusal)),
        };
        // A tripwire calls no tool.
        let mut is_from_outside = false;
        let answer = permit.answer(
            |state| {
                state.calls = state.calls.saturating_add(1);
                state.bytes = state.bytes.saturating_add(bytes);
                match term.limits.allow.iter().enumerate().find(|(_, tool)| tool.name() == name) {
                    None => Err(NoAnswer::Invalid("there is no such tool".to_owned())),
                    Some((place, tool)) => {
                        is_from_outside = tool.is_outside();
                        state.answer(place, tool, input)
                    }
                }
            },
            |_| Ok(String::new()),
        );
        // INVARIANT 4
        let kept = match &answer {
            Ok(answer) => Some((Answered::Whole, answer.as_str())),
            Err(NoAnswer::Invalid(why)) => Some((Answered::Invalid, why.as_str())),
            Err(NoAnswer::Cut(Cut::Ended(_))) => Some((Answered::Cut, "")),
            Err(NoAnswer::Cut(Cut::Failed(_)) | NoAnswer::Failed(_)) => None,
        };
        if let Some((outcome, answer)) = kept.filter(|_| is_from_outside) {
            gate.answered(outcome, answer.as_bytes().to_vec(), request.argument.digest());
        }
        match answer {
            Ok(answer) => Ok(Ok(answer)),
            Err(NoAnswer::Invalid(why)) => Ok(Err(Refusal::Invalid(why))),
            Err(NoAnswer::Cut(Cut::Ended(end))) => {
                // The refusal of this call tells the agent.
                gate.close(end, Awareness::Yes);
                Ok(Err(Refusal::Ended(end)))
            }
            Err(NoAnswer::Cut(Cut::Failed(error))) => Err(error.into()),
            Err(NoAnswer::Failed(why)) => Err(ToolFailed::new(name, &why).into()),
        }
    }
}

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    let mut linker = interface(linker, &CAPABILITY)?;
    linker.func_wrap(AVAILABLE.name, |store, ()| call(store, 0, |host| Ok(host.available())))?;
    linker.func_wrap(CALL.name, |store, (name, input): (String, String)| {
        call(store, name.len().saturating_add(input.len()), |host| host.call(&name, &input))
    })
}
