//! `clock`: logical time. There is no other.

use wasmtime::component::Linker;

use super::host::{Host, HostOpening};
use super::{Unlimited, call, interface};
use crate::gate::{AfterEnd, Capability, Refusal, Request};
use crate::transcript::{Argument, Operation, Weight};

const NOW: Operation = Operation { capability: "clock", name: "now", code: 0x60, weight: Weight::Light };

pub(super) const CAPABILITY: Capability = Capability {
    name: "clock",
    summary: "logical time: steps, never the wall",
    contract: include_str!("../../wit/clock.wit"),
    operations: &[NOW],
    limits: &[],
    grounds: &[],
    after_end: AfterEnd::Notice,
    fits: None,
    by_runtimes: &[],
    examples: &[],
};

pub(super) type Limits = Unlimited;

/// State of the capability: empty, because the gate counts the steps.
#[derive(Debug)]
pub(super) struct State;

impl State {
    pub(super) const fn open(_: &HostOpening) -> Self {
        Self
    }
}

impl Host {
    fn now(&mut self) -> Result<u32, Refusal> {
        let Self { gate, charter, states, .. } = self;
        let now = gate.step();
        let request = Request { operation: NOW, argument: Argument(&[]), name: None };
        let permit = states.clock.ask(gate, &charter.clock.warrant, &request, |_| Ok(0))?;
        Ok(permit.answer(|_| now, |_| 0))
    }
}

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    let mut linker = interface(linker, &CAPABILITY)?;
    linker.func_wrap(NOW.name, |store, ()| call(store, 0, |host| Ok(host.now())))
}
