//! `agenda`: reminders at a later step of this episode.

use wasmtime::component::Linker;

use super::host::{Host, HostOpening};
use super::{call, interface};
use crate::gate::{
    AfterEnd, Capability, Example, Given, Grant, Ground, KeptBody, Limit, LimitKind, Refusal, Request, Shortfall,
};
use crate::transcript::{Argument, Class, Entry, Operation, RecordedArgument, Weight};
use crate::value::wide;
use crate::wit::dayfly::agent::agenda::Reminder;

const REMIND: Operation = Operation { capability: "agenda", name: "remind", code: 0x30, weight: Weight::Heavy };
const DUE: Operation = Operation { capability: "agenda", name: "due", code: 0x31, weight: Weight::Light };

/// Rule in the refusal of a reminder at a step that the episode does not have.
const WITHIN: &str = "a reminder lies within the episode";

pub(super) const CAPABILITY: Capability = Capability {
    name: "agenda",
    summary: "reminders at a later step of this episode",
    contract: include_str!("../../wit/agenda.wit"),
    operations: &[REMIND, DUE],
    limits: &[
        Limit {
            name: "reminders",
            kind: LimitKind::Count { default: 16, most: 65_536 },
            meaning: "how many reminders may be set in an episode",
        },
        Limit {
            name: "bytes",
            kind: LimitKind::Size { default: 16 << 10, most: 16 << 20 },
            meaning: "the notes of all reminders together",
        },
    ],
    grounds: &[(
        REMIND,
        &[
            Ground::Never(Class::DeferPastEnd, WITHIN),
            Ground::Invalid,
            Ground::Quota("reminders"),
            Ground::Quota("bytes"),
        ],
    )],
    after_end: AfterEnd::Violation,
    fits: Some(fits),
    by_runtimes: &[],
    examples: &[
        Example { operation: REMIND, arguments: &[Given::Number(1), Given::Text("now")] },
        Example { operation: REMIND, arguments: &[Given::Number(1_000_000), Given::Text("long after")] },
        Example { operation: REMIND, arguments: &[Given::Number(1), Given::Filling(64)] },
    ],
};

#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    reminders: u64,
    bytes: u64,
}

impl From<&Grant> for Limits {
    fn from(grant: &Grant) -> Self {
        Self { reminders: grant.number("reminders"), bytes: grant.number("bytes") }
    }
}

/// Returns `true` if a record has no more reminders than are granted, each at a step that was still
/// to come. A record keeps only the beginning of each note, so the quota of bytes is not checked.
fn fits(kept: &KeptBody<'_>) -> bool {
    let most = kept.granted.map_or(0, |(_, grant)| grant.number("reminders"));
    let step = |entry: &Entry| entry.argument.split(',').next().and_then(|step| step.parse::<u32>().ok());
    let is_to_come = |entry: &Entry| step(entry).is_some_and(|step| step > entry.step && step <= kept.last_step);
    wide(kept.entries(CAPABILITY.name).count()) <= most && kept.entries(CAPABILITY.name).all(is_to_come)
}

/// Reminders of one episode.
#[derive(Debug)]
pub(super) struct State {
    /// Step and note of each reminder that is not due yet, earliest step first. Those of one step
    /// stay in the order in which they were set.
    pending: Vec<(u32, String)>,
    set: u64,
    bytes: u64,
    last_step: u32,
}

impl State {
    pub(super) const fn open(opening: &HostOpening) -> Self {
        Self { pending: Vec::new(), set: 0, bytes: 0, last_step: opening.last_step }
    }

    fn fits(&self, now: u32, step: u32, note: &str, limits: Limits) -> Result<usize, Shortfall> {
        if step > self.last_step {
            return Err(Shortfall::Never(Class::DeferPastEnd, WITHIN));
        }
        if step <= now {
            return Err(Shortfall::Invalid("that step has been taken".into()));
        }
        if self.set >= limits.reminders {
            return Err(Shortfall::Quota("reminders"));
        }
        let more = u64::try_from(note.len()).unwrap_or(u64::MAX);
        if self.bytes.saturating_add(more) > limits.bytes {
            return Err(Shortfall::Quota("bytes"));
        }
        Ok(0)
    }

    fn remind(&mut self, step: u32, note: String) {
        self.set = self.set.saturating_add(1);
        self.bytes = self.bytes.saturating_add(u64::try_from(note.len()).unwrap_or(u64::MAX));
        let place = self.pending.partition_point(|(other, _)| *other <= step);
        self.pending.insert(place, (step, note));
    }

    fn ready(&self, now: u32) -> usize {
        self.pending.partition_point(|(step, _)| *step <= now)
    }
}

impl Host {
    fn remind(&mut self, step: u32, note: String) -> Result<(), Refusal> {
        let Self { gate, charter, states, .. } = self;
        let term = &charter.agenda;
        let now = gate.step();
        let argument = [RecordedArgument::Number(step.into()), RecordedArgument::Text(&note)];
        let request = Request { operation: REMIND, argument: Argument(&argument), name: None };
        let permit =
            states.agenda.ask(gate, &term.warrant, &request, |state| state.fits(now, step, &note, term.limits))?;
        permit.answer(|state| state.remind(step, note), |_| ());
        Ok(())
    }

    fn due(&mut self) -> Result<Vec<Reminder>, Refusal> {
        let Self { gate, charter, states, .. } = self;
        let now = gate.step();
        let request = Request { operation: DUE, argument: Argument(&[]), name: None };
        let permit = states.agenda.ask(gate, &charter.agenda.warrant, &request, |state| {
            Ok(state.pending.iter().take(state.ready(now)).map(|(_, note)| note.len().saturating_add(16)).sum())
        })?;
        Ok(permit.answer(
            |state| {
                let ready = state.ready(now);
                state.pending.drain(..ready).map(|(step, note)| Reminder { step, note }).collect()
            },
            |_| Vec::new(),
        ))
    }
}

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    let mut linker = interface(linker, &CAPABILITY)?;
    linker.func_wrap(REMIND.name, |store, (step, note): (u32, String)| {
        call(store, note.len(), |host| Ok(host.remind(step, note)))
    })?;
    linker.func_wrap(DUE.name, |store, ()| call(store, 0, |host| Ok(host.due())))
}
