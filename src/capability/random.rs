//! `random`: a seeded stream, fresh for every episode.

use wasmtime::component::Linker;

use super::host::{Host, HostOpening};
use super::{ByteLimits, call, interface};
use crate::gate::{AfterEnd, Capability, Example, Given, Ground, Limit, LimitKind, Refusal, Request, Shortfall};
use crate::transcript::{Argument, Operation, RecordedArgument, Weight};
use crate::value::{Seed, Stream};

const NEXT: Operation = Operation { capability: "random", name: "next", code: 0x70, weight: Weight::Light };
const BYTES: Operation = Operation { capability: "random", name: "bytes", code: 0x71, weight: Weight::Light };

pub(super) const CAPABILITY: Capability = Capability {
    name: "random",
    summary: "a seeded stream, fresh for every episode",
    contract: include_str!("../../wit/random.wit"),
    operations: &[NEXT, BYTES],
    limits: &[Limit {
        name: "bytes",
        kind: LimitKind::Size { default: 1 << 20, most: 1 << 30 },
        meaning: "all that an episode may draw; `next` draws 8",
    }],
    grounds: &[(NEXT, &[Ground::Quota("bytes")]), (BYTES, &[Ground::Quota("bytes")])],
    after_end: AfterEnd::Notice,
    fits: None,
    by_runtimes: &[],
    examples: &[
        Example { operation: BYTES, arguments: &[Given::Number(24)] },
        Example { operation: BYTES, arguments: &[Given::Filling(32_768)] },
    ],
};

pub(super) type Limits = ByteLimits;

/// Random stream of one episode.
#[derive(Debug)]
pub(super) struct State {
    seed: Seed,
    /// Stream, made on the first draw. It is boxed to keep the state small, since many episodes
    /// draw nothing.
    stream: Option<Box<Stream>>,
    drawn: u64,
}

impl State {
    pub(super) const fn open(opening: &HostOpening) -> Self {
        Self { seed: opening.seed, stream: None, drawn: 0 }
    }

    fn fits(&self, more: u64, limits: Limits) -> Result<usize, Shortfall> {
        if self.drawn.saturating_add(more) > limits.bytes {
            return Err(Shortfall::Quota("bytes"));
        }
        Ok(usize::try_from(more).unwrap_or(usize::MAX))
    }
}

impl Host {
    #[inline]
    fn draw<T>(
        &mut self,
        operation: Operation,
        count: Option<u32>,
        effect: impl FnOnce(&mut Stream) -> T,
        pretence: impl FnOnce() -> T,
    ) -> Result<T, Refusal> {
        let Self { gate, charter, states, .. } = self;
        let term = &charter.random;
        let more = count.map_or(8, u64::from);
        let argument = count.map(|count| RecordedArgument::Number(count.into()));
        let request = Request { operation, argument: Argument(argument.as_slice()), name: None };
        let permit = states.random.ask(gate, &term.warrant, &request, |state| state.fits(more, term.limits))?;
        Ok(permit.answer(
            |state| {
                state.drawn = state.drawn.saturating_add(more);
                let seed = state.seed;
                effect(state.stream.get_or_insert_with(|| Box::new(seed.derive("random", 0).stream())))
            },
            |_| pretence(),
        ))
    }
}

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    let mut linker = interface(linker, &CAPABILITY)?;
    linker
        .func_wrap(NEXT.name, |store, ()| call(store, 0, |host| Ok(host.draw(NEXT, None, Stream::next_u64, || 0))))?;
    linker.func_wrap(BYTES.name, |store, (count,): (u32,)| {
        let zeros = |count: u32| vec![0; usize::try_from(count).unwrap_or(0)];
        let fill = |stream: &mut Stream| {
            let mut bytes = zeros(count);
            stream.fill(&mut bytes);
            bytes
        };
        call(store, 0, |host| Ok(host.draw(BYTES, Some(count), fill, || zeros(count))))
    })
}
