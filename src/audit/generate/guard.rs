//! Guards: what stands between the calls of an agent made of chance and an operation, so that the call makes sense.
//!
//! A guard has the parameters of its operation. Texts and lists are made where nothing else of the agent lies, of a letter that
//! their place chooses, and are short; cases are those that there are; a handle is come by, used and given back.

use wasm_encoder::{Function, InstructionSink, MemArg, ValType};

use super::below;
use crate::audit::operation::{ERROR, ERROR_AT, Operation, REFUSED, Resource, Slot, giver};
use crate::value::Stream;

/// Where the answer to a call is put.
pub(super) const ANSWER: i32 = 512;
/// Where texts and lists are made, one after the other.
const TEXTS: i32 = 4096;
/// The room of each: 1023 numbers of eight bytes fit.
const ROOM: i32 = 8192;
/// Where an answer's lists are put, each over the last.
pub(super) const LISTS: i32 = 32_768;

/// How long a text or a list may be, less one.
const LENGTHS: [i32; 6] = [3, 3, 7, 7, 63, 1023];
/// What a number may be, less one.
const NUMBERS: [i32; 6] = [1, 3, 7, 63, 4095, i32::MAX];

/// What an agent imports, by the index of the function.
#[derive(Clone, Copy, Debug)]
pub(super) struct Imports<'a> {
    pub(super) operations: &'a [Operation],
    /// Behind the operations.
    pub(super) drops: &'a [Resource],
}

impl Imports<'_> {
    pub(super) const fn count(&self) -> usize {
        self.operations.len().saturating_add(self.drops.len())
    }

    fn operation(&self, is_it: impl Fn(&Operation) -> bool) -> u32 {
        number(self.operations.iter().position(is_it).unwrap_or(usize::MAX))
    }

    fn drop_of(&self, resource: &Resource) -> u32 {
        let at = self.drops.iter().position(|drop| drop == resource);
        number(at.map_or(usize::MAX, |at| self.operations.len().saturating_add(at)))
    }

    /// The guard of each import, in their order.
    pub(super) fn guards(&self, stream: &mut Stream) -> Vec<Function> {
        let calls = self.operations.iter().zip(0..).map(|(operation, index)| self.guard(operation, index, stream));
        let mut guards: Vec<Function> = calls.collect();
        guards.extend(self.drops.iter().map(|resource| {
            let mut function = Function::new([(2, ValType::I32)]);
            let mut body = function.instructions();
            self.hold(resource, 1, &mut body);
            body.call(self.drop_of(resource)).end();
            function
        }));
        guards
    }

    fn guard(&self, operation: &Operation, index: u32, stream: &mut Stream) -> Function {
        // Handles, one that is held meanwhile, and the result.
        let mut function = Function::new([(4, ValType::I32)]);
        let mut body = function.instructions();
        let spare = number(operation.slots.len());
        let (meanwhile, given) = (spare.saturating_add(2), spare.saturating_add(3));
        let (length, most) = (pick(&LENGTHS, stream), pick(&NUMBERS, stream));
        let lists = || (TEXTS..).step_by(usize::try_from(ROOM).unwrap_or(1));
        let mut places = lists();
        for (slot, local) in operation.slots.iter().zip(0_u32..) {
            if matches!(slot, Slot::Pointer | Slot::Payload(_)) {
                body.i32_const(places.next().unwrap_or(TEXTS)).local_get(local);
                if matches!(slot, Slot::Payload(_)) {
                    body.i32_wrap_i64();
                }
                body.i32_const(7).i32_and().i32_const(97).i32_add();
                body.local_get(local.saturating_add(1)).i32_const(length).i32_and().memory_fill(0);
            }
        }
        let (mut places, mut held) = (lists(), Vec::new());
        for (slot, local) in operation.slots.iter().zip(0_u32..) {
            let before = local.saturating_sub(1);
            match slot {
                Slot::Number("i32") => body.local_get(local).i32_const(most).i32_and(),
                Slot::Number("i64") => body.local_get(local).i64_const(most.into()).i64_and(),
                Slot::Number(_) => body.local_get(local),
                Slot::Case(cases) => body.local_get(local).i32_const(signed(*cases)).i32_rem_u(),
                Slot::Payload(lists) => {
                    let cases = match local.checked_sub(1).and_then(|at| operation.slots.get(usize::try_from(at).ok()?))
                    {
                        Some(Slot::Case(cases)) => signed(*cases),
                        _ => 1,
                    };
                    body.i64_const(places.next().unwrap_or(TEXTS).into());
                    body.local_get(local).i64_const(most.into()).i64_and();
                    body.i64_const((*lists).cast_signed());
                    body.local_get(before).i32_const(cases).i32_rem_u().i64_extend_i32_u().i64_shr_u();
                    body.i32_wrap_i64().i32_const(1).i32_and().select()
                }
                Slot::Pointer => body.i32_const(places.next().unwrap_or(TEXTS)),
                Slot::Handles(resource) => {
                    let at = spare.saturating_add(number(held.len()));
                    held.push((resource, at));
                    body.i32_const(TEXTS);
                    self.hold(resource, meanwhile, &mut body);
                    body.local_tee(at).i32_store(at_offset(0)).i32_const(TEXTS)
                }
                Slot::Length if !held.is_empty() && operation.plain().count() == 0 => body.i32_const(1),
                Slot::Length => body.local_get(local).i32_const(length).i32_and(),
                Slot::Handle(resource) => {
                    let at = spare.saturating_add(number(held.len()));
                    held.push((resource, at));
                    self.hold(resource, meanwhile, &mut body);
                    body.local_tee(at)
                }
                Slot::Answer => body.i32_const(ANSWER),
            };
        }
        body.call(index);
        if let Some(resource) = &operation.gives {
            body.local_tee(given).local_get(given).call(self.drop_of(resource));
        }
        for (resource, at) in held {
            body.local_get(at).call(self.drop_of(resource));
        }
        body.end();
        function
    }

    /// Leave a handle on the stack; `meanwhile` is the local for one that is needed to come by it.
    fn hold(&self, resource: &Resource, meanwhile: u32, body: &mut InstructionSink<'_>) {
        if resource.name != ERROR {
            let Some(giver) = giver(resource, self.operations) else { return };
            for kind in giver.plain() {
                if kind == "i64" {
                    body.i64_const(0)
                } else {
                    body.i32_const(0)
                };
            }
            body.call(self.operation(|operation| operation == giver));
            return;
        }
        let refused = self.operation(|operation| operation.full_name() == REFUSED);
        let Some(stream) = self.operations.get(index(refused)).and_then(|refused| refused.needs().next()) else {
            return;
        };
        self.hold(stream, meanwhile, body);
        body.local_tee(meanwhile).i64_const(-1).i32_const(ANSWER).call(refused);
        body.local_get(meanwhile).call(self.drop_of(stream));
        body.i32_const(ANSWER).i32_load(at_offset(ERROR_AT));
    }
}

pub(super) fn pick(among: &[i32], stream: &mut Stream) -> i32 {
    below(stream, among.len()).and_then(|at| among.get(at)).copied().unwrap_or(0)
}

/// An index as the binary format has it.
pub(super) fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

pub(super) fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn signed(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

pub(super) const fn at_offset(offset: u64) -> MemArg {
    MemArg { offset, align: 2, memory_index: 0 }
}
