//! Guards: functions between the calls of an agent made of chance and the operations, which make
//! each call a sensible one.
//!
//! A guard has the parameters of its operation. It makes texts and lists in memory where nothing
//! else of the agent lies. They are short, and consist of a letter that their address chooses.
//! Cases are those that exist. A handle is obtained, used and given back.

use wasm_encoder::{Function, InstructionSink, MemArg, ValType};

use super::below;
use crate::audit::operation::{ERROR, ERROR_AT, ProbedOperation, REFUSED, Resource, Slot, giver};
use crate::value::Stream;

/// Address of the answer to a call.
pub(super) const ANSWER: i32 = 512;
/// Address of the first text or list; the others follow it.
const TEXTS: i32 = 4096;
/// Bytes for each text or list: 1023 numbers of eight bytes fit.
const ROOM: i32 = 8192;
/// Address of an answer's lists, each over the last.
pub(super) const LISTS: i32 = 32_768;

/// Masks for the length of a text or a list.
const LENGTHS: [i32; 6] = [3, 3, 7, 7, 63, 1023];
/// Masks for a number.
const NUMBERS: [i32; 6] = [1, 3, 7, 63, 4095, i32::MAX];

/// Imports of an agent, by the index of the function.
#[derive(Clone, Copy, Debug)]
pub(super) struct ImportIndex<'a> {
    pub(super) operations: &'a [ProbedOperation],
    /// Functions that drop handles, after the operations.
    pub(super) drops: &'a [Resource],
}

impl ImportIndex<'_> {
    pub(super) const fn count(&self) -> usize {
        self.operations.len().saturating_add(self.drops.len())
    }

    fn operation(&self, is_it: impl Fn(&ProbedOperation) -> bool) -> u32 {
        number(self.operations.iter().position(is_it).unwrap_or(usize::MAX))
    }

    fn drop_of(&self, resource: &Resource) -> u32 {
        let at = self.drops.iter().position(|drop| drop == resource);
        number(at.map_or(usize::MAX, |at| self.operations.len().saturating_add(at)))
    }

    /// Returns the guard of each import, in their order.
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

    fn guard(&self, operation: &ProbedOperation, index: u32, stream: &mut Stream) -> Function {
        // Locals: two handles, one that is held meanwhile, and the result.
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

    /// Leaves a handle on the stack. `meanwhile` is the local for another handle that is needed to
    /// obtain it.
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

/// Returns an index as the binary format has it.
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

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::fmt::Write as _;
    use std::sync::Arc;

    use wasm_encoder::reencode::{Error, Reencode, utils};
    use wasm_encoder::{CodeSection, Module};
    use wasmparser::{CodeSectionReader, Parser};

    use super::*;
    use crate::agent::{Agent, Engine};
    use crate::audit::contract::{self, ProbeWorld};
    use crate::audit::operation::{callable, imports, resources};
    use crate::capability::CAPABILITIES;
    use crate::episode::{self, Cancel, Setting};
    use crate::policy::Policy;
    use crate::run::{self, Plan};
    use crate::transcript::{End, Transcript};
    use crate::value::{Digest, Seed};

    /// Module whose first functions are replaced by guards.
    struct Guarded(Vec<Function>);

    impl Reencode for Guarded {
        type Error = Infallible;

        fn parse_code_section(
            &mut self,
            code: &mut CodeSection,
            section: CodeSectionReader<'_>,
        ) -> Result<(), Error<Infallible>> {
            for (at, body) in section.into_iter().enumerate() {
                match self.0.get(at) {
                    Some(guard) => drop(code.function(guard)),
                    None => utils::parse_function_body(self, code, body?)?,
                }
            }
            Ok(())
        }
    }

    /// Returns a module that calls the guard of each import with these numbers, again and again.
    fn module(operations: &[ProbedOperation], number: i64, seed: u64) -> Vec<u8> {
        let drops: Vec<Resource> = resources(operations).into_iter().collect();
        let guards = ImportIndex { operations, drops: &drops }.guards(&mut Seed(seed).stream());
        let dropping = drops.iter().map(|_| ("(param i32)".to_owned(), vec!["i32"], 0));
        let calling = operations.iter().map(|operation| {
            (operation.signature(), operation.slots.iter().map(Slot::kind).collect(), operation.results.len())
        });
        let (mut functions, mut calls) = (String::new(), String::new());
        for (at, (signature, parameters, results)) in calling.chain(dropping).enumerate() {
            write!(functions, "(func $guard{at} {signature} unreachable)").unwrap();
            let arguments = parameters.into_iter().map(|kind| match kind {
                "i32" | "i64" => format!("({kind}.const {})", if kind == "i32" { number >> 32 } else { number }),
                _ => format!("({kind}.const nan)"),
            });
            let (arguments, drops) = (arguments.collect::<String>(), "drop ".repeat(results));
            write!(calls, "(call $guard{at} {arguments}) {drops}").unwrap();
        }
        let text = format!(
            "(module {} (memory (export \"memory\") 8) {functions}
               (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (i32.const {LISTS}))
               (func (export \"run\") (local $turns i32)
                 (loop $again {calls}
                   (br_if $again (i32.lt_u (local.tee $turns (i32.add (local.get $turns) (i32.const 1))) (i32.const 60))))))",
            imports(operations)
        );
        let mut guarded = Module::new();
        let bytes = wat::parse_str(text).unwrap();
        Guarded(guards).parse_core_module(&mut guarded, Parser::new(0), &bytes).unwrap();
        contract::describe(guarded.finish(), ProbeWorld::AgentOnWasi).unwrap()
    }

    fn lived(bytes: &[u8], policy: &Arc<Policy>) -> Transcript {
        let engine = Engine::new(episode::memory(policy), 1).unwrap();
        let agent = Agent::load("test", bytes, &engine).unwrap();
        let run = Digest::of(b"test");
        let setting = Setting::new(agent.clone(), Arc::clone(policy), None, run, Cancel::default()).unwrap();
        let world = "off-switch".parse::<crate::environment::World>().unwrap();
        let plan = Plan::new(agent.into(), Arc::clone(policy), world);
        run::relay(&plan, &[&setting]).unwrap().remove(0)
    }

    #[test]
    fn a_guard_makes_sense_of_whatever_it_is_called_with_and_gives_back_what_it_held() {
        // An agent that asks for too much randomness traps, and one that exits is gone, so both are left out. An
        // error in an answer stays, which takes more handles than those of sixty turns.
        let mut operations = callable(contract::operations().unwrap());
        operations.retain(|operation| !operation.name.ends_with("random-bytes") && operation.path() != "cli/exit");
        let mut text = "[episode]\nsteps = 100\nfuel = 100_000_000\n".to_owned();
        for capability in CAPABILITIES {
            let handles = if capability.name == "wasi" { "handles = 1000\n" } else { "" };
            text = format!("{text}[grants.{}]\nmode = \"deny\"\n{handles}", capability.name);
        }
        let policy = Arc::new(Policy::parse("test.toml", text).unwrap());
        for (seed, number) in [(1, -1), (2, i64::MAX), (3, i64::MIN), (4, 0x1234_5678_9ABC_DEF0)] {
            let lived = lived(&module(&operations, number, seed), &policy);
            assert_eq!((lived.body.end, lived.body.cause), (End::Returned, None), "{number}");
            assert!(lived.body.calls.count > 60 * u64::try_from(operations.len()).unwrap(), "{:?}", lived.body.calls);
        }
    }
}
