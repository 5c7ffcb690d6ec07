//! `log`: bounded text for people.

use wasmtime::component::LinkerInstance;

use super::host::{Host, Opening};
use super::{Bytes, call};
use crate::gate::{AfterEnd, Capability, Kind, Limit, Refusal, Request, Shortfall};
use crate::transcript::{Argument, Operation, Part, Weight};

const WRITE: Operation = Operation { capability: "log", name: "write", code: 0x50, weight: Weight::Light };

pub(super) const CAPABILITY: Capability = Capability {
    name: "log",
    summary: "bounded text for people",
    contract: include_str!("../../wit/log.wit"),
    operations: &[WRITE],
    limits: &[Limit {
        name: "bytes",
        kind: Kind::Size { default: 16 << 10, most: 16 << 20 },
        meaning: "all messages of an episode together; each counts 8 bytes more than its text",
    }],
    after_end: AfterEnd::Notice,
};

pub(super) type Limits = Bytes;

/// What one episode's agent has written.
#[derive(Debug)]
pub(super) struct State {
    pub(super) lines: Vec<String>,
    bytes: u64,
}

/// What a message counts beyond its text, so that empty messages are bounded too.
const MESSAGE: usize = 8;

impl State {
    pub(super) const fn open(_: &Opening) -> Self {
        Self { lines: Vec::new(), bytes: 0 }
    }
}

impl Host {
    fn log(&mut self, message: String) -> Result<(), Refusal> {
        let Self { gate, charter, states, .. } = self;
        let term = &charter.log;
        let more = u64::try_from(message.len().saturating_add(MESSAGE)).unwrap_or(u64::MAX);
        let argument = [Part::Text(&message)];
        let request = Request { operation: WRITE, argument: Argument(&argument), name: None };
        let permit = states.log.ask(gate, &term.warrant, &request, |state| {
            let fits = state.bytes.saturating_add(more) <= term.limits.bytes;
            if fits { Ok(0) } else { Err(Shortfall::Quota("bytes")) }
        })?;
        permit.answer(
            |state| {
                // Every byte takes six in the record at the most.
                gate.kept(more.saturating_mul(6));
                state.bytes = state.bytes.saturating_add(more);
                state.lines.push(message);
            },
            |_| (),
        );
        Ok(())
    }
}

pub(super) fn link(linker: &mut LinkerInstance<'_, Host>) -> wasmtime::Result<()> {
    linker
        .func_wrap(WRITE.name, |store, (message,): (String,)| call(store, message.len(), |host| Ok(host.log(message))))
}
