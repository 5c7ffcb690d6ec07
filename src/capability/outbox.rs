//! `outbox`: messages that leave the box, held until the close.

use wasmtime::component::Linker;

use super::host::{Host, HostOpening};
use super::{call, interface};
use crate::gate::{
    AfterEnd, Awareness, Capability, Example, Given, Grant, Ground, KeptBody, Limit, LimitKind, Mode, Refusal, Release,
    Request, Shortfall, Warrant,
};
use crate::transcript::{Argument, End, Entry, Message, Operation, RecordedArgument, Weight};
use crate::value::wide;

const SEND: Operation = Operation { capability: "outbox", name: "send", code: 0x20, weight: Weight::Heavy };

pub(super) const CAPABILITY: Capability = Capability {
    name: "outbox",
    summary: "messages that leave the box, held until close and released with the seal",
    contract: include_str!("../../wit/outbox.wit"),
    operations: &[SEND],
    limits: &[
        Limit {
            name: "bytes",
            kind: LimitKind::Size { default: 64 << 10, most: 64 << 20 },
            meaning: "the bodies and recipients of all messages together",
        },
        Limit { name: "messages", kind: LimitKind::Count { default: 16, most: 65_536 }, meaning: "how many messages" },
    ],
    grounds: &[(SEND, &[Ground::Invalid, Ground::Quota("messages"), Ground::Quota("bytes")])],
    after_end: AfterEnd::Violation,
    fits: Some(fits),
    by_runtimes: &[],
    examples: &[Example { operation: SEND, arguments: &[Given::Text("anyone"), Given::Text("a message")] }],
};

#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    bytes: u64,
    messages: u64,
}

impl From<&Grant> for Limits {
    fn from(grant: &Grant) -> Self {
        Self { bytes: grant.number("bytes"), messages: grant.number("messages") }
    }
}

/// Returns `true` if each message has an entry that grants it, and all are within the grant.
fn fits(kept: &KeptBody<'_>) -> bool {
    let released = &kept.body.released;
    let sent: Vec<&Entry> = kept.entries(SEND.capability).collect();
    let Some((warrant, grant)) = kept.granted else { return released.is_empty() };
    let most = match kept.release {
        Release::Ends => 1,
        Release::GoesOn => grant.number("messages"),
    };
    let bytes = |message: &Message| wide(message.recipient.len().saturating_add(message.body.len()));
    sent.len() == released.len()
        && wide(released.len()) <= most.min(grant.number("messages"))
        && released.iter().map(bytes).fold(0, u64::saturating_add) <= grant.number("bytes")
        && released.iter().zip(sent).all(|(message, entry)| is_granted(message, entry, warrant))
}

/// Returns `true` if `entry` is that of this message, and the policy grants it.
fn is_granted(message: &Message, entry: &Entry, warrant: &Warrant) -> bool {
    let Message { recipient, body } = message;
    let argument = [RecordedArgument::Text(recipient), RecordedArgument::Bytes(body)];
    (1..=RECIPIENT).contains(&recipient.len())
        && entry.operation == SEND
        && warrant.decide(SEND, Some(recipient), entry.step).0 == Mode::Grant
        && entry.digest == Argument(&argument).digest()
}

/// Maximum number of bytes of a recipient.
pub const RECIPIENT: usize = 128;

/// Messages of one episode.
#[derive(Debug)]
pub(super) struct State {
    pub(super) messages: Vec<Message>,
    bytes: u64,
    release: Release,
}

impl State {
    pub(super) const fn open(opening: &HostOpening) -> Self {
        Self { messages: Vec::new(), bytes: 0, release: opening.release }
    }

    fn fits(&self, recipient: &str, bytes: u64, limits: Limits) -> Result<usize, Shortfall> {
        if !(1..=RECIPIENT).contains(&recipient.len()) {
            return Err(Shortfall::Invalid("a recipient has 1 to 128 bytes".into()));
        }
        if u64::try_from(self.messages.len()).unwrap_or(u64::MAX) >= limits.messages {
            return Err(Shortfall::Quota("messages"));
        }
        if self.bytes.saturating_add(bytes) > limits.bytes {
            return Err(Shortfall::Quota("bytes"));
        }
        Ok(0)
    }
}

impl Host {
    fn send(&mut self, recipient: String, body: Vec<u8>) -> Result<(), Refusal> {
        let Self { gate, charter, states, .. } = self;
        let term = &charter.outbox;
        let bytes = u64::try_from(recipient.len().saturating_add(body.len())).unwrap_or(u64::MAX);
        let argument = [RecordedArgument::Text(&recipient), RecordedArgument::Bytes(&body)];
        let request = Request { operation: SEND, argument: Argument(&argument), name: Some(&recipient) };
        let permit =
            states.outbox.ask(gate, &term.warrant, &request, |state| state.fits(&recipient, bytes, term.limits))?;
        permit.answer(
            |state| {
                // Base64 takes four bytes for three, and a recipient is short.
                gate.kept(bytes.saturating_mul(2).saturating_add(1024));
                state.bytes = state.bytes.saturating_add(bytes);
                state.messages.push(Message { recipient, body });
                if state.release == Release::Ends {
                    // The brief announced this end, so the agent knows of it.
                    gate.close(End::Released, Awareness::Yes);
                }
            },
            |_| (),
        );
        Ok(())
    }
}

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    let mut linker = interface(linker, &CAPABILITY)?;
    linker.func_wrap(SEND.name, |store, (recipient, body): (String, Vec<u8>)| {
        call(store, recipient.len().saturating_add(body.len()), |host| Ok(host.send(recipient, body)))
    })
}
