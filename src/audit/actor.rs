//! The component of the audit: whoever comes before, and the probe that comes after, by its task.
//!
//! ```text
//!  wit/ --operations--> imports, a call of each with zeros and with what makes sense --+
//!  channels --what to do where the bit is 1-------------------------------------------+--> actor.wat --> component
//! ```
//!
//! One component plays every part, so that an instance, or a slot of the pool, that was used again would be its own.
//!
//! 1. What the probe calls is enumerated from the contract: an operation that is added is looked at without being named.
//! 2. It looks at what the policy grants first, and at what may end its episode last.

use std::fmt::Write as _;

use super::Error;
use super::channels::CHANNELS;
use super::contract::{self, World};
use super::operation::{ANSWER, Operation, callable, holds, imports, resources};
use crate::capability::{PACKAGE, VERSION};
use crate::gate::Mode;
use crate::policy::Policy;

const TEXT: &str = include_str!("actor.wat");

/// Where the texts of the component lie; they end where answers begin.
const TEXTS: usize = 64;

/// What makes sense as the arguments of an operation, beside zeros.
const ARGUMENTS: &[(&str, &str)] = &[
    ("workspace.write", "\"left/behind\" \"by the one before\""),
    ("workspace.read", "\"left/behind\""),
    ("workspace.append", "\"left/behind\" \"and more\""),
    ("workspace.entries", "\"left\""),
    ("agenda.remind", "(i32.const 1) \"now\""),
    ("agenda.remind", "(i32.const 1000000) \"long after\""),
    ("tools.call", "\"calculator\" \"6 * 7\""),
    ("tools.call", "\"search\" \"dayfly\""),
    ("log.write", "\"a line\""),
    ("random.bytes", "(i32.const 24)"),
    ("outbox.send", "\"anyone\" \"a message\""),
    ("wasi.io/streams.input-stream.read", "(i64.const 24)"),
    ("wasi.io/streams.output-stream.write", "\"a line\""),
    ("wasi.io/streams.output-stream.write-zeroes", "(i64.const -1)"),
    ("wasi.clocks/monotonic-clock.subscribe-duration", "(i64.const 7)"),
    ("wasi.random/random.get-random-bytes", "(i64.const 24)"),
    ("wasi.random/insecure.get-insecure-random-bytes", "(i64.const 24)"),
    ("wasi.sockets/ip-name-lookup.resolve-addresses", "\"localhost\""),
];

/// The most handles, and the most bytes of WASI's randomness, that a look takes besides going up to the quotas.
const HANDLES: u64 = 3;
const RANDOM: u64 = 128;

/// The core module of the audit's agent under `policy`, described as a learner.
pub(super) fn module(policy: &Policy) -> Result<Vec<u8>, Error> {
    let all = callable(contract::operations()?);
    let (known, mut absent): (Vec<_>, Vec<_>) = all.iter().cloned().partition(|operation| may_call(operation, policy));
    let mentioned = callable(known.clone());
    absent.extend(known.into_iter().filter(|operation| !mentioned.contains(operation)));
    let mut texts = Texts::default();
    let (mut early, mut late) = (Vec::new(), Vec::new());
    for operation in &mentioned {
        match (operation.capability.as_str(), operation.name.as_str()) {
            ("episode", "step") => {}
            ("wasi", _) if operation.path() == "cli/exit" => {}
            ("episode", name) if name.starts_with("request") => late.push(operation),
            ("outbox", _) => late.push(operation),
            _ => early.push(operation),
        }
    }
    // INVARIANT 2
    early.sort_by_key(|operation| std::cmp::Reverse(mode(operation, policy).unwrap_or(Mode::Deny)));
    let calls = calls(&early, &mut texts)?;
    let late = self::calls(&late, &mut texts)?;
    let channels = channels(&mut texts)?;
    let had = resources(&mentioned);
    let missing = resources(&all).into_iter().filter(|resource| !had.contains(resource));
    let stubs = absent.iter().map(Operation::stub).chain(missing.map(|resource| resource.stub()));
    let limit = |name: &str| policy.grants.get("wasi").map_or(0, |granted| granted.grant.number(name));
    let mut text = TEXT
        .replace("{channels}", &channels)
        .replace("{imports}", &imports(&mentioned))
        .replace("{holds}", &holds(&mentioned))
        .replace("{stubs}", &stubs.collect::<String>())
        .replace("{handles}", &limit("handles").to_string())
        .replace("{more}", &limit("handles").saturating_add(1).to_string())
        .replace("{random}", &limit("random").saturating_sub(RANDOM).to_string())
        .replace("{calls}", &calls)
        .replace("{late}", &late)
        .replace("{learn}", &format!("{PACKAGE}/learning@{VERSION}#learn"))
        .replace("{lesson}", &contract::lesson()?);
    for (mark, call) in [("{sight-", "(call $number"), ("{see-", "(call $see")] {
        let mut filled = String::new();
        let mut pieces = text.split(mark);
        filled.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let (name, rest) = piece.split_once('}').unwrap_or((piece, ""));
            let end = if mark == "{see-" { ")" } else { "" };
            write!(filled, "{call} {}{end}{rest}", texts.place(name)?).map_err(Error::contract)?;
        }
        text = filled;
    }
    let text = text.replace("{data}", &texts.data());
    let world = if mentioned.iter().any(Operation::is_wasi) { World::LearnerOnWasi } else { World::Learner };
    contract::describe(wat::parse_str(&text).map_err(Error::contract)?, world)
}

fn mode(operation: &Operation, policy: &Policy) -> Option<Mode> {
    policy.grants.get(operation.capability.as_str()).map(|granted| granted.warrant.mode)
}

/// Whether it may be imported, and what a look takes of it is within the grant: of WASI more than that traps.
fn may_call(operation: &Operation, policy: &Policy) -> bool {
    let Some(granted) = policy.grants.get(operation.capability.as_str()) else { return false };
    let has = |limit: &str, least: u64| granted.grant.number(limit) >= least;
    let is_affordable = !operation.is_wasi()
        || ((!operation.path().starts_with("random/") || has("random", RANDOM))
            && (operation.gives.is_none() || has("handles", HANDLES)));
    operation.is_importable(policy) && is_affordable
}

/// A call of each with zeros, and with what makes sense, and a look at the answer.
fn calls(operations: &[&Operation], texts: &mut Texts) -> Result<String, Error> {
    let mut text = String::new();
    for operation in operations {
        let name = operation.full_name();
        let zeros = operation.zeros();
        let sensible = ARGUMENTS.iter().filter(|(of, _)| *of == name).map(|(_, arguments)| *arguments);
        for arguments in std::iter::once(zeros.as_str()).chain(sensible) {
            let (arguments, place) = (texts.fill(arguments)?, texts.place(&name)?);
            text.push_str(&operation.call(&arguments, &format!("(call $see {place})")));
        }
    }
    Ok(text)
}

/// What is done on each channel.
fn channels(texts: &mut Texts) -> Result<String, Error> {
    let mut text = String::new();
    for channel in CHANNELS {
        let (letter, sends) = (channel.letter, texts.fill(channel.sends)?);
        writeln!(text, "(if (i32.eq (local.get $channel) (i32.const {})) (then {sends}))", u32::from(letter))
            .map_err(Error::contract)?;
    }
    Ok(text)
}

/// The texts of the component, each at its place.
#[derive(Default)]
struct Texts(String);

impl Texts {
    /// The place and the length of a text, as arguments of a call.
    fn place(&mut self, text: &str) -> Result<String, Error> {
        let at = self.0.find(text).unwrap_or_else(|| {
            let end = self.0.len();
            self.0.push_str(text);
            end
        });
        let at = TEXTS.saturating_add(at);
        if TEXTS.saturating_add(self.0.len()) > ANSWER {
            return Err(Error::Contract("the texts of the actor take too much room".to_owned()));
        }
        Ok(format!("(i32.const {at}) (i32.const {})", text.len()))
    }

    /// `text` with the place and the length of each text in quotes.
    fn fill(&mut self, text: &str) -> Result<String, Error> {
        let mut filled = String::new();
        for (index, piece) in text.split('"').enumerate() {
            if index % 2 == 0 {
                filled.push_str(piece);
            } else {
                filled.push_str(&self.place(piece)?);
            }
        }
        Ok(filled)
    }

    fn data(&self) -> String {
        format!("(data (i32.const {TEXTS}) \"{}\")", self.0)
    }
}
