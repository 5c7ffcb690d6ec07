//! `wasi`: a virtual WASI 0.2, so that language runtimes start.
//!
//! ```text
//!     standard output, standard error -----> log             clocks ----> the steps taken, and the time waited for
//!     environment, arguments, folders -----> empty           random ----> a seeded stream
//!     standard input ----------------------> at its end      sockets ---> refused
//! ```
//!
//! 1. No call reaches the host, and no call blocks: a wait advances the logical clock.
//! 2. A refused call returns an error where its signature has one. Otherwise the answer is inert:
//!    nothing, zeros, the last time, ready at once. Such an answer depends on the earlier calls
//!    alone.
//! 3. A call that exceeds a limit or makes no sense traps if its signature has no error. An agent
//!    never takes a cut for an answer.
//! 4. Handles are counted, live in the episode's store, and are gone with it.
//!
//! 5. A call that a language runtime makes by itself ([`BY_RUNTIMES`]) and that has an empty answer
//!    is a notice, not a violation.
//!
//! No component can be kept from leaving. `exit` is recorded like any call. It is a return, or a
//! trap if it reports a failure.

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
use super::host::{Host, HostOpening};
use crate::gate::{AfterEnd, Capability, Grant, Limit, LimitKind, Refusal, Request, Shortfall};
use crate::transcript::{Argument, Operation, RecordedArgument};
use crate::value::{Seed, Stream};

pub use self::cli::CalledExit;
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
            kind: LimitKind::Count { default: 256, most: 1000 },
            meaning: "streams, pollables and errors held at a time",
        },
        Limit {
            name: "random",
            kind: LimitKind::Size { default: 1 << 20, most: 1 << 30 },
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

/// Clock and randomness of one episode.
#[derive(Debug)]
pub(super) struct State {
    /// Nanoseconds that were waited for.
    waited: u64,
    seed: Seed,
    /// Stream, made on the first draw, and boxed as that of `random` is.
    stream: Option<Box<Stream>>,
    drawn: u64,
}

impl State {
    pub(super) const fn open(opening: &HostOpening) -> Self {
        Self { waited: 0, seed: opening.seed, stream: None, drawn: 0 }
    }
}

impl Host {
    /// Asks for a permit to answer a function of WASI. A granted call is answered with `effect`, a
    /// tripwire with `pretence`.
    fn ask_wasi<T>(
        &mut self,
        operation: Operation,
        argument: &[RecordedArgument<'_>],
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

    /// Records a call whose answer is the same for any decision: there is nothing to give or to
    /// withhold.
    fn note_wasi<T>(&mut self, operation: Operation, argument: &[RecordedArgument<'_>], answer: T) -> T {
        // A refusal has been recorded. The signature has no way to report it.
        let _ = self.ask_wasi(operation, argument, |_, _| Ok(0), |_| (), || ());
        answer
    }

    /// Asks for a handle, and returns it.
    fn hand_out<T: Send + 'static>(
        &mut self,
        operation: Operation,
        argument: &[RecordedArgument<'_>],
        effect: impl FnOnce(&mut State) -> T,
        inert: impl Fn() -> T,
    ) -> wasmtime::Result<Resource<T>> {
        let has_room = self.handles.has_room();
        let check = |_: &State, _| if has_room { Ok(0) } else { Err(Shortfall::Quota("handles")) };
        let entry = self.ask_wasi(operation, argument, check, effect, &inert);
        let entry = entry.or_else(|refusal| or_trap(&refusal, inert))?;
        self.handles.push(entry)
    }

    /// Returns a handle to a pollable that is always ready.
    fn subscribe(&mut self, operation: Operation) -> wasmtime::Result<Resource<Pollable>> {
        self.hand_out(operation, &[], |_| Pollable::Ready, || Pollable::Ready)
    }

    /// Converts a refusal to the error of a stream. If no handle is left for its text, the stream
    /// is closed.
    fn failed(&mut self, refusal: &Refusal) -> StreamError {
        self.handles.push(IoError(words(refusal))).map_or(StreamError::Closed, StreamError::LastOperationFailed)
    }
}

/// Returns the inert answer to a refused call whose signature has no error.
fn or_trap<T>(refusal: &Refusal, inert: impl FnOnce() -> T) -> wasmtime::Result<T> {
    match refusal {
        // INVARIANT 2
        Refusal::Ended(_) | Refusal::Denied(_) => Ok(inert()),
        // INVARIANT 3
        Refusal::OverQuota(_) | Refusal::Invalid(_) => Err(wasmtime::format_err!("{}", words(refusal))),
    }
}

/// Returns the text of a refusal.
fn words(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Ended(end) => format!("ended: {}", end.name()),
        Refusal::Denied(rule) => format!("denied: {rule}"),
        Refusal::OverQuota(rule) => format!("over quota: {rule}"),
        Refusal::Invalid(why) => format!("invalid: {why}"),
    }
}
