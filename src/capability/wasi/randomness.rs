//! `wasi:random`: a stream seeded for every episode. The insecure functions draw from the same
//! stream.

use wasmtime::component::Linker;

use super::link::Interface;
use super::operations::{
    GET_INSECURE_RANDOM_BYTES, GET_INSECURE_RANDOM_U64, GET_RANDOM_BYTES, GET_RANDOM_U64, INSECURE_SEED,
};
use super::{Limits, Shortfall, State, or_trap};
use crate::capability::Host;
use crate::transcript::{Operation, RecordedArgument};
use crate::value::Stream;

impl State {
    fn may_draw(&self, bytes: u64, limits: Limits) -> Result<usize, Shortfall> {
        if self.drawn.saturating_add(bytes) > limits.random {
            return Err(Shortfall::Quota("random"));
        }
        Ok(usize::try_from(bytes).unwrap_or(usize::MAX))
    }

    fn draw<T>(&mut self, bytes: u64, from: impl FnOnce(&mut Stream) -> T) -> T {
        self.drawn = self.drawn.saturating_add(bytes);
        let seed = self.seed;
        from(self.stream.get_or_insert_with(|| Box::new(seed.derive("wasi", 0).stream())))
    }
}

impl Host {
    fn random_bytes(&mut self, operation: Operation, count: u64) -> wasmtime::Result<Vec<u8>> {
        let zeros = || vec![0; usize::try_from(count).unwrap_or(0)];
        let fill = |stream: &mut Stream| {
            let mut bytes = zeros();
            stream.fill(&mut bytes);
            bytes
        };
        let asked = self.ask_wasi(
            operation,
            &[RecordedArgument::Number(count)],
            |state, limits| state.may_draw(count, limits),
            |state| state.draw(count, fill),
            zeros,
        );
        match asked {
            Ok(bytes) => Ok(bytes),
            Err(refusal) if self.gate.may_move(count) => or_trap(&refusal, zeros),
            Err(_) => Err(wasmtime::format_err!("episode.call-bytes")),
        }
    }

    fn random_numbers<T>(
        &mut self,
        operation: Operation,
        bytes: u64,
        from: impl FnOnce(&mut Stream) -> T,
        zero: impl Fn() -> T,
    ) -> wasmtime::Result<T> {
        let asked = self.ask_wasi(
            operation,
            &[],
            |state, limits| state.may_draw(bytes, limits),
            |state| state.draw(bytes, from),
            &zero,
        );
        asked.or_else(|refusal| or_trap(&refusal, zero))
    }
}

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    let interfaces = [
        ("random/random", GET_RANDOM_BYTES, GET_RANDOM_U64),
        ("random/insecure", GET_INSECURE_RANDOM_BYTES, GET_INSECURE_RANDOM_U64),
    ];
    for (interface, bytes, number) in interfaces {
        Interface::of(linker, interface)?
            .function(bytes, |_| 0, move |host, (count,): (u64,)| host.random_bytes(bytes, count))?
            .function(number, |()| 0, move |host, ()| host.random_numbers(number, 8, Stream::next_u64, || 0))?;
    }
    Interface::of(linker, "random/insecure-seed")?.function(
        INSECURE_SEED,
        |()| 0,
        |host, ()| {
            let pair = |stream: &mut Stream| (stream.next_u64(), stream.next_u64());
            host.random_numbers(INSECURE_SEED, 16, pair, || (0, 0))
        },
    )?;
    Ok(())
}
