//! `log`: bounded text for people.

use std::borrow::Cow;

use wasmtime::component::Linker;

use super::host::{Host, HostOpening};
use super::printed::Printed;
use super::wasi::OutputStream;
use super::{ByteLimits, call, interface};
use crate::gate::{
    AfterEnd, Capability, Example, Gate, Given, Ground, KeptBody, Limit, LimitKind, Refusal, Request, Shortfall,
};
use crate::transcript::{Argument, Operation, RecordedArgument, Weight};
use crate::value::wide;

const WRITE: Operation = Operation { capability: "log", name: "write", code: 0x50, weight: Weight::Light };

pub(super) const CAPABILITY: Capability = Capability {
    name: "log",
    summary: "bounded text for people",
    contract: include_str!("../../wit/log.wit"),
    operations: &[WRITE],
    limits: &[Limit {
        name: "bytes",
        kind: LimitKind::Size { default: 16 << 10, most: 16 << 20 },
        meaning: "all messages of an episode together; each counts 8 bytes more than its text",
    }],
    grounds: &[(WRITE, &[Ground::Quota("bytes")])],
    after_end: AfterEnd::Notice,
    fits: Some(fits),
    by_runtimes: &[],
    examples: &[
        Example { operation: WRITE, arguments: &[Given::Text("a line")] },
        Example { operation: WRITE, arguments: &[Given::Filling(1024)] },
    ],
};

pub(super) type Limits = ByteLimits;

/// Returns `true` if a record has no more log than is granted, and a step at which writing is
/// granted.
fn fits(kept: &KeptBody<'_>) -> bool {
    let log = &kept.body.log;
    let bytes = |line: &String| wide(line.len().saturating_add(MESSAGE));
    let written = log.iter().map(bytes).fold(0, u64::saturating_add);
    log.is_empty()
        || kept.granted.is_some_and(|(warrant, grant)| {
            written <= grant.number("bytes") && warrant.grants_within(WRITE, kept.body.steps)
        })
}

/// Log of one episode.
#[derive(Debug)]
pub(super) struct State {
    lines: Vec<String>,
    bytes: u64,
    printed: Printed,
}

/// Number of bytes that a message counts beyond its text, so that empty messages are bounded too.
pub const MESSAGE: usize = 8;

impl State {
    pub(super) const fn open(_: &HostOpening) -> Self {
        Self { lines: Vec::new(), bytes: 0, printed: Printed::new() }
    }

    /// Returns all lines. A line that was not ended ends here.
    pub(super) fn into_lines(mut self) -> Vec<String> {
        self.printed.finish(&mut self.lines);
        self.lines
    }

    fn fits(&self, more: u64, limits: Limits) -> Result<usize, Shortfall> {
        let fits = self.bytes.saturating_add(more) <= limits.bytes;
        if fits { Ok(0) } else { Err(Shortfall::Quota("bytes")) }
    }

    /// Counts the bytes of a message against the log and the record.
    const fn keep(&mut self, more: u64, gate: &mut Gate) {
        // A byte takes at most six in the record.
        gate.kept(more.saturating_mul(6));
        self.bytes = self.bytes.saturating_add(more);
    }
}

impl Host {
    fn log(&mut self, message: String) -> Result<(), Refusal> {
        let Self { gate, charter, states, .. } = self;
        let term = &charter.log;
        let more = wide(message.len().saturating_add(MESSAGE));
        let argument = [RecordedArgument::Text(&message)];
        let request = Request { operation: WRITE, argument: Argument(&argument), name: None };
        let permit = states.log.ask(gate, &term.warrant, &request, |state| state.fits(more, term.limits))?;
        permit.answer(
            |state| {
                state.keep(more, gate);
                state.lines.push(message);
            },
            |_| (),
        );
        Ok(())
    }

    /// Writes the text that a component prints. Each line is one message, however many calls it
    /// comes in.
    pub(super) fn print(&mut self, stream: OutputStream, text: PrintedText<'_>) -> Result<(), Refusal> {
        let Self { gate, charter, states, .. } = self;
        let term = &charter.log;
        let argument = [text.argument()];
        let request = Request { operation: WRITE, argument: Argument(&argument), name: None };
        let (mut bytes, mut more) = (Cow::default(), u64::MAX);
        let permit = states.log.ask(gate, &term.warrant, &request, |state| {
            // Text that cannot fit is not read.
            if text.length() <= term.limits.bytes {
                bytes = text.bytes();
                let printed = state.printed.cost(stream, &bytes);
                more = wide(printed.text.saturating_add(printed.lines.saturating_mul(MESSAGE)));
            }
            state.fits(more, term.limits)
        })?;
        permit.answer(
            |state| {
                state.keep(more, gate);
                state.printed.print(stream, &bytes, &mut state.lines);
            },
            |_| (),
        );
        Ok(())
    }
}

/// Text that a component prints.
#[derive(Clone, Copy, Debug)]
pub(super) enum PrintedText<'t> {
    /// Bytes.
    Bytes(&'t [u8]),
    /// Number of zeros. They are only made once they may be written.
    Zeroes(u64),
}

impl<'t> PrintedText<'t> {
    const fn argument(self) -> RecordedArgument<'t> {
        match self {
            Self::Bytes(bytes) => RecordedArgument::Bytes(bytes),
            Self::Zeroes(count) => RecordedArgument::Number(count),
        }
    }

    fn length(self) -> u64 {
        match self {
            Self::Bytes(bytes) => wide(bytes.len()),
            Self::Zeroes(count) => count,
        }
    }

    fn bytes(self) -> Cow<'t, [u8]> {
        match self {
            Self::Bytes(bytes) => bytes.into(),
            Self::Zeroes(count) => vec![0; usize::try_from(count).unwrap_or(0)].into(),
        }
    }
}

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    let mut linker = interface(linker, &CAPABILITY)?;
    linker
        .func_wrap(WRITE.name, |store, (message,): (String,)| call(store, message.len(), |host| Ok(host.log(message))))
}
