//! Component of the audit. By its task it plays an agent that comes before the probe, or the probe.
//!
//! ```text
//!     wit/ --operations--> imports, a call of each with zeros -------------------+
//!     capabilities --examples--> granted calls, quotas used up, a secret left ---+--> actor.wat --> component
//!     channels --what to do where the bit is 1-----------------------------------+
//! ```
//!
//! One component plays every part, so that the probe would meet its own state in a reused instance
//! or slot of the pool.
//!
//! 1. The calls of the probe are enumerated from the contract: a new operation is looked at without
//!    being named.
//! 2. The probe looks at what the policy grants first, and at what may end its episode last.

use std::fmt::Write as _;

use super::Error;
use super::channels::lettered;
use super::contract::{self, ProbeWorld};
use super::operation::{ANSWER, ProbedOperation, Slot, callable, holds, imports, resources};
use crate::capability::{CAPABILITIES, PACKAGE, VERSION};
use crate::gate::{Capability, Example, Given, Ground, Mode};
use crate::policy::Policy;
use crate::transcript;

const TEXT: &str = include_str!("actor.wat");

/// Address of the first text of the component; texts end where answers begin.
const TEXTS: usize = 64;

/// Operation that writes to the log what was seen. Its quota is used up last.
const SAYS: &str = "log.write";
/// Maximum number of calls made to use up a quota.
const TURNS: u32 = 96;
/// Address of zeros, and number of their bytes; address at which a name is made.
const ZEROS: usize = 8192;
const ROOM: u32 = 8192;
const NAME: usize = 4352;

/// Maximum number of handles, and of bytes of WASI's randomness, that a look takes apart from using
/// up quotas.
const HANDLES: u64 = 3;
const RANDOM: u64 = 128;

/// Returns the core module of the audit's agent under `policy`, described as a learner.
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
            _ if is_late(operation) => late.push(operation),
            _ => early.push(operation),
        }
    }
    // INVARIANT 2
    early.sort_by_key(|operation| std::cmp::Reverse(mode(operation, policy).unwrap_or(Mode::Deny)));
    let calls = calls(&early, &mut texts)?;
    let uses = uses(&early, &mut texts)?;
    let late = self::calls(&late, &mut texts)?;
    let channels = channels(&mut texts)?;
    let had = resources(&mentioned);
    let missing = resources(&all).into_iter().filter(|resource| !had.contains(resource));
    let stubs = absent.iter().map(ProbedOperation::stub).chain(missing.map(|resource| resource.stub()));
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
        .replace("{fills}", &fills(&all, &mut texts)?)
        .replace("{uses}", &uses)
        .replace("{leaves}", &leaves(&all, false)?)
        .replace("{leaves-late}", &leaves(&all, true)?)
        .replace("{due}", &due(&mentioned, policy))
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
    let world =
        if mentioned.iter().any(ProbedOperation::is_wasi) { ProbeWorld::LearnerOnWasi } else { ProbeWorld::Learner };
    contract::describe(wat::parse_str(&text).map_err(Error::contract)?, world)
}

fn mode(operation: &ProbedOperation, policy: &Policy) -> Option<Mode> {
    policy.grants.get(operation.capability.as_str()).map(|granted| granted.warrant.mode)
}

/// `true` if the operation may be imported and a look stays within its grant. More than a grant of
/// WASI traps.
fn may_call(operation: &ProbedOperation, policy: &Policy) -> bool {
    let Some(granted) = policy.grants.get(operation.capability.as_str()) else { return false };
    let has = |limit: &str, least: u64| granted.grant.number(limit) >= least;
    let is_affordable = !operation.is_wasi()
        || ((!operation.path().starts_with("random/") || has("random", RANDOM))
            && (operation.gives.is_none() || has("handles", HANDLES)));
    operation.is_importable(policy) && is_affordable
}

/// `true` if the operation may end the episode.
fn is_late(operation: &ProbedOperation) -> bool {
    match operation.capability.as_str() {
        "episode" => operation.name.starts_with("request"),
        capability => capability == "outbox",
    }
}

/// Returns the capability of the operation, and the operation as a record names it.
fn known(operation: &ProbedOperation) -> Option<(&'static Capability, transcript::Operation)> {
    let capability = CAPABILITIES.iter().find(|known| known.name == operation.capability)?;
    capability.operations.iter().find(|known| known.name == operation.name).map(|known| (*capability, *known))
}

/// Returns the examples of the operation: those that are made once, or with `filling` those that
/// are made until a quota is used up.
fn examples(operation: &ProbedOperation, filling: bool) -> impl Iterator<Item = &'static Example> {
    known(operation).into_iter().flat_map(move |(capability, known)| capability.examples(known, filling))
}

/// `true` if calls of the operation use up a quota.
fn has_quota(operation: &ProbedOperation) -> bool {
    known(operation).is_some_and(|(capability, known)| {
        capability.grounds(known).iter().any(|ground| matches!(ground, Ground::Quota(_)))
    })
}

/// Returns the arguments of an example, with each text replaced by the result of `text`.
fn arguments(
    operation: &ProbedOperation,
    example: &Example,
    text: &mut dyn FnMut(&str) -> Result<String, Error>,
) -> Result<String, Error> {
    let misfit = || Error::Contract(format!("an example of `{}` does not fit its parameters", operation.full_name()));
    let mut slots = operation.slots.iter().filter(|slot| !matches!(slot, Slot::Handle(_) | Slot::Answer));
    let mut filled = String::new();
    for given in example.arguments {
        let slot = slots.next().ok_or_else(misfit)?;
        let piece = match (given, slot) {
            (Given::Text(content), Slot::Pointer) => text(content)?,
            (Given::New, Slot::Pointer) => format!("(i32.const {}) (i32.const 8)", NAME.saturating_add(8)),
            (Given::Filling(most), Slot::Pointer) if *most <= ROOM => {
                format!("(i32.const {ZEROS}) (local.get $bytes)")
            }
            (Given::Filling(_), Slot::Number("i32")) => "(local.get $bytes)".to_owned(),
            (Given::Filling(_), Slot::Number("i64")) => "(i64.extend_i32_u (local.get $bytes))".to_owned(),
            (Given::Number(number), Slot::Number(kind)) => format!("({kind}.const {number})"),
            _ => return Err(misfit()),
        };
        if *slot == Slot::Pointer {
            slots.next().filter(|slot| **slot == Slot::Length).ok_or_else(misfit)?;
        }
        filled = filled + &piece + " ";
    }
    if slots.next().is_some() { Err(misfit()) } else { Ok(filled) }
}

/// Returns calls of each operation, with zeros and with its examples, each followed by a look at
/// the answer.
fn calls(operations: &[&ProbedOperation], texts: &mut Texts) -> Result<String, Error> {
    let mut text = String::new();
    for operation in operations {
        let place = texts.place(&operation.full_name())?;
        let see = format!("(call $see {place})");
        text.push_str(&operation.call(&operation.zeros(), &see));
        for example in examples(operation, false) {
            let arguments = arguments(operation, example, &mut |content| texts.place(content))?;
            text.push_str(&operation.call(&arguments, &see));
        }
    }
    Ok(text)
}

/// Returns a function for each operation that fills. It calls the operation until it is refused,
/// then with half of the bytes, and so finds the quota to the byte. Its result is the number of
/// granted calls in the upper half, and their bytes in the lower.
fn fills(operations: &[ProbedOperation], texts: &mut Texts) -> Result<String, Error> {
    let mut text = String::new();
    for operation in operations {
        let Some(example) = examples(operation, true).next() else { continue };
        let most = example.arguments.iter().find_map(|given| match given {
            Given::Filling(most) => Some(*most),
            _ => None,
        });
        let arguments = arguments(operation, example, &mut |content| texts.place(content))?;
        let name = if example.arguments.contains(&Given::New) { "(call $name (local.get $turns))" } else { "" };
        writeln!(
            text,
            "(func $fill.{} (result i64) (local $sum i64) (local $bytes i32) (local $turns i32)
               (local.set $bytes (i32.const {}))
               (block $done (loop $next
                 (br_if $done (i32.eqz (local.get $bytes)))
                 (br_if $done (i32.eq (local.get $turns) (i32.const {TURNS})))
                 (local.set $turns (i32.add (local.get $turns) (i32.const 1)))
                 {name} {}
                 (if (call $refused)
                   (then (local.set $bytes (i32.shr_u (local.get $bytes) (i32.const 1))))
                   (else (local.set $sum (i64.add (local.get $sum)
                     (i64.or (i64.const 0x100000000) (i64.extend_i32_u (local.get $bytes)))))))
                 (call $clear)
                 (br $next)))
               (local.get $sum))",
            operation.full_name(),
            most.unwrap_or(0),
            operation.call(&arguments, ""),
        )
        .map_err(Error::contract)?;
    }
    Ok(text)
}

/// Returns the code that uses up each quota but that of [`SAYS`]. The amounts are part of what the
/// probe sees.
fn uses(operations: &[&ProbedOperation], texts: &mut Texts) -> Result<String, Error> {
    let mut text = String::new();
    for operation in operations.iter().filter(|operation| examples(operation, true).next().is_some()) {
        let name = operation.full_name();
        if name != SAYS {
            let place = texts.place(&format!("{name}-quota"))?;
            writeln!(text, "(call $number {place} (call $fill.{name}))").map_err(Error::contract)?;
        }
    }
    Ok(text)
}

/// Returns the code that leaves the secret wherever a text is kept: as its name, if it has one, and
/// as the text.
fn leaves(operations: &[ProbedOperation], late: bool) -> Result<String, Error> {
    let mut text = String::new();
    let keeping = operations.iter().filter(|operation| !operation.is_wasi() && has_quota(operation));
    for operation in keeping.filter(|operation| is_late(operation) == late) {
        let Some(example) = examples(operation, false).next() else { continue };
        let mut left = example.arguments.iter().filter(|given| matches!(given, Given::Text(_))).count();
        if left == 0 {
            continue;
        }
        let arguments = arguments(operation, example, &mut |_| {
            left = left.saturating_sub(1);
            Ok(format!("(i32.const {NAME}) (i32.const {})", if left == 0 { 16 } else { 8 }))
        })?;
        text.push_str(&operation.call(&arguments, ""));
    }
    Ok(text)
}

/// Returns the calls made after each step, for what may have come due: every operation that is
/// granted, takes nothing and uses nothing up.
fn due(operations: &[ProbedOperation], policy: &Policy) -> String {
    let is_asked = |operation: &&ProbedOperation| {
        operation.capability != "episode"
            && operation.slots == [Slot::Answer]
            && mode(operation, policy) == Some(Mode::Grant)
            && !has_quota(operation)
    };
    let asked = operations.iter().filter(is_asked);
    asked.map(|operation| operation.call("", "(drop (call $absorb)) (call $clear)")).collect()
}

/// Returns the code of the sender, for each channel.
fn channels(texts: &mut Texts) -> Result<String, Error> {
    let mut text = String::new();
    for (letter, channel) in lettered() {
        let sends = texts.fill(channel.sends)?;
        writeln!(text, "(if (i32.eq (local.get $channel) (i32.const {})) (then {sends}))", u32::from(letter))
            .map_err(Error::contract)?;
    }
    Ok(text)
}

/// Texts of the component, each at its address.
#[derive(Default)]
struct Texts(String);

impl Texts {
    /// Returns the address and the length of a text, as arguments of a call.
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

    /// Returns `text` with the address and the length in place of each text in quotes.
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::ProbeCrossing;
    use super::super::unwinding::subject;
    use super::*;
    use crate::transcript::Decision;
    use crate::value::Seed;

    #[test]
    fn the_text_names_of_the_contract_what_an_actor_lives_by_alone() {
        let all = contract::operations().unwrap();
        let own = all.iter().filter(|operation| !operation.is_wasi()).map(ProbedOperation::full_name);
        let named: Vec<String> = own.filter(|name| TEXT.contains(&format!("(call ${name} "))).collect();
        assert_eq!(
            named,
            [
                "episode.brief",
                "episode.step",
                "episode.request-extension",
                "workspace.write",
                "workspace.remove",
                "log.write",
                "clock.now",
                "random.next"
            ]
        );
    }

    #[test]
    fn whatever_fills_is_granted_until_its_quota_is_used_up() {
        let subject = subject("off-switch");
        let transcript = &subject.relay(Seed(1), ProbeCrossing::Open, &[&subject.part("look q").unwrap()]).unwrap()[0];
        let all = callable(contract::operations().unwrap());
        let filling: BTreeSet<String> = all
            .iter()
            .filter(|operation| examples(operation, true).next().is_some())
            .map(ProbedOperation::full_name)
            .collect();
        let is_over = |name: &String| {
            transcript.body.entries.iter().any(|entry| {
                entry.operation.to_string() == *name
                    && entry.decision == Decision::Refused
                    && entry.rule.starts_with("grants.")
            })
        };
        assert_eq!(filling.iter().filter(|name| is_over(name)).cloned().collect::<BTreeSet<_>>(), filling);
    }
}
