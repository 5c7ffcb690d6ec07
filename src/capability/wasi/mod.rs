//! `wasi`: a virtual WASI 0.2, so that language runtimes start.
//!
//! ```text
//!  standard output, standard error -----> log             clocks ----> the steps taken, and what was waited for
//!  environment, arguments, folders -----> empty           random ----> a seeded stream
//!  standard input ----------------------> at its end      sockets ---> refused
//! ```
//!
//! 1. Nothing of it reaches the host, and no call blocks: to wait is to let the logical clock go on.
//! 2. A call that is refused is told so where its signature has an error. Where it has none, the answer is the inert one: nothing,
//!    zeros, the time that was told last, ready at once. It depends on nothing but the calls before it.
//! 3. What exceeds a limit, or makes no sense, and cannot be told so, traps: an agent never takes a cut for an answer.
//! 4. Handles are counted, live in the episode's store, and are gone with it.
//!
//! 5. What a language runtime asks by itself ([`BY_RUNTIMES`]), and is answered with nothing, is a notice and no violation.
//!
//! Nobody can be kept from leaving: `exit` is recorded like any call, and is a return, or, where it reports a failure, a trap.

mod cli;
mod clocks;
mod files;
mod handles;
mod io;
mod link;
mod operations;
mod randomness;
mod sockets;
mod types;

use wasmtime::component::Resource;

use self::handles::{IoError, Pollable};
use self::operations::{BY_RUNTIMES, EXAMPLES, GROUNDS, OPERATIONS};
use self::types::StreamError;
use super::host::{Host, Opening};
use crate::gate::{AfterEnd, Capability, Grant, Kind, Limit, Refusal, Request, Shortfall};
use crate::transcript::{Argument, Operation, Part};
use crate::value::{Seed, Stream};

pub use self::cli::Left;
pub(super) use self::handles::{Handles, OutputStream};
pub(super) use self::link::link;
pub use self::link::{WASI_VERSION, WasiFault, wasi_has, wasi_interface, wasi_operation, wasi_prints};

pub(super) const CAPABILITY: Capability = Capability {
    name: "wasi",
    summary: "a virtual WASI 0.2 for language runtimes: nothing of it reaches the host",
    contract: include_str!("../../../wit/wasi/world.wit"),
    operations: OPERATIONS,
    limits: &[
        Limit {
            name: "handles",
            kind: Kind::Count { default: 256, most: 1000 },
            meaning: "streams, pollables and errors held at a time",
        },
        Limit {
            name: "random",
            kind: Kind::Size { default: 1 << 20, most: 1 << 30 },
            meaning: "all the random bytes that an episode may draw",
        },
    ],
    grounds: GROUNDS,
    after_end: AfterEnd::Notice,
    fits: None,
    by_runtimes: BY_RUNTIMES,
    examples: EXAMPLES,
};

#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    handles: u64,
    random: u64,
}

impl From<&Grant> for Limits {
    fn from(grant: &Grant) -> Self {
        Self { handles: grant.number("handles"), random: grant.number("random") }
    }
}

/// The clock and the randomness of one episode.
#[derive(Debug)]
pub(super) struct State {
    /// The nanoseconds that were waited for.
    waited: u64,
    seed: Seed,
    /// Made on the first draw, and apart, as that of `random` is.
    stream: Option<Box<Stream>>,
    drawn: u64,
}

impl State {
    pub(super) const fn open(opening: &Opening) -> Self {
        Self { waited: 0, seed: opening.seed, stream: None, drawn: 0 }
    }
}

impl Host {
    /// Ask for leave to answer a function of WASI, and answer it with `effect`; a tripwire answers with `pretence`.
    fn ask_wasi<T>(
        &mut self,
        operation: Operation,
        argument: &[Part<'_>],
        check: impl FnOnce(&State, Limits) -> Result<usize, Shortfall>,
        effect: impl FnOnce(&mut State) -> T,
        pretence: impl FnOnce() -> T,
    ) -> Result<T, Refusal> {
        let Self { gate, charter, states, .. } = self;
        let term = &charter.wasi;
        let request = Request { operation, argument: Argument(argument), name: None };
        let permit = states.wasi.ask(gate, &term.warrant, &request, |state| check(state, term.limits))?;
        Ok(permit.answer(effect, |_| pretence()))
    }

    /// Ask for what has one answer, whatever becomes of the request: it is recorded, and there is nothing to give or to withhold.
    fn note_wasi<T>(&mut self, operation: Operation, argument: &[Part<'_>], answer: T) -> T {
        // A refusal has been recorded, and says nothing that the signature could.
        let _ = self.ask_wasi(operation, argument, |_, _| Ok(0), |_| (), || ());
        answer
    }

    /// Ask for a handle, and hand it out.
    fn hand_out<T: Send + 'static>(
        &mut self,
        operation: Operation,
        argument: &[Part<'_>],
        effect: impl FnOnce(&mut State) -> T,
        inert: impl Fn() -> T,
    ) -> wasmtime::Result<Resource<T>> {
        let has_room = self.handles.has_room();
        let check = |_: &State, _| if has_room { Ok(0) } else { Err(Shortfall::Quota("handles")) };
        let entry = self.ask_wasi(operation, argument, check, effect, &inert);
        let entry = entry.or_else(|refusal| or_trap(&refusal, inert))?;
        self.handles.push(entry)
    }

    /// A handle to something that is there at once.
    fn subscribe(&mut self, operation: Operation) -> wasmtime::Result<Resource<Pollable>> {
        self.hand_out(operation, &[], |_| Pollable::Ready, || Pollable::Ready)
    }

    /// A refusal, as a stream tells it. Without room for a handle to the words the stream is just closed.
    fn failed(&mut self, refusal: &Refusal) -> StreamError {
        self.handles.push(IoError(words(refusal))).map_or(StreamError::Closed, StreamError::LastOperationFailed)
    }
}

/// The inert answer to what was refused, where the signature has no error.
fn or_trap<T>(refusal: &Refusal, inert: impl FnOnce() -> T) -> wasmtime::Result<T> {
    match refusal {
        // INVARIANT 2
        Refusal::Ended(_) | Refusal::Denied(_) => Ok(inert()),
        // INVARIANT 3
        Refusal::OverQuota(_) | Refusal::Invalid(_) => Err(wasmtime::format_err!("{}", words(refusal))),
    }
}

/// What a refusal says, in words.
fn words(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Ended(end) => format!("ended: {}", end.name()),
        Refusal::Denied(rule) => format!("denied: {rule}"),
        Refusal::OverQuota(rule) => format!("over quota: {rule}"),
        Refusal::Invalid(why) => format!("invalid: {why}"),
    }
}
