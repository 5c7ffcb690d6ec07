//! Acts of an agent made of chance: one after the other, and a way to end.

use wasm_encoder::{BlockType, Function, HeapType, Ieee32, Ieee64, InstructionSink};
use wasmparser::ValType;

use super::guard::{ANSWER, pick};
use super::{ProbedOperation, Stream, Temper, below};

/// Exclusive bound of the number of acts after the first three.
const ACTS: u64 = 48;
/// Numbers of repetitions of an act that is repeated.
const TIMES: [i32; 8] = [2, 2, 3, 3, 8, 8, 40, 300];
/// Numbers of pages that the memory is asked to grow by.
const PAGES: [i32; 4] = [1, 4, 64, 4096];
/// Local variable that counts repetitions.
const LEFT: u32 = 0;

/// Function that may be called.
#[derive(Clone, Copy, Debug)]
pub(super) struct Callable<'a> {
    pub(super) function: u32,
    /// Operation that the function is, if it is one.
    pub(super) operation: Option<&'a ProbedOperation>,
    pub(super) parameters: &'a [ValType],
    pub(super) results: usize,
}

/// Returns a `run` that calls these operations and functions of the module, as `stream` decides.
pub(super) fn run(temper: Temper, operations: &[Callable<'_>], own: &[Callable<'_>], stream: &mut Stream) -> Function {
    let mut function = Function::new([(1, wasm_encoder::ValType::I32)]);
    let mut body = function.instructions();
    let steps: Vec<Callable<'_>> = operations.iter().filter(|callable| is_named(callable, "step")).copied().collect();
    let staying: Vec<Callable<'_>> = operations
        .iter()
        .filter(|callable| callable.operation.is_none_or(|of| of.path() != "cli/exit"))
        .copied()
        .collect();
    // The first call never leaves by an exit.
    call(one(&staying, stream), stream, &mut body);
    let acts = 3 + stream.next_u64() % ACTS;
    for act in 0..acts {
        // Functions of the module may never return, so they come late.
        let is_late = act.saturating_mul(2) > acts;
        match stream.next_u64() % 16 {
            0..8 => call(one(operations, stream), stream, &mut body),
            8..10 => repeat(one(&staying, stream), stream, &mut body),
            10..13 => repeat(one(&steps, stream), stream, &mut body),
            13 => grow(stream, &mut body),
            _ if is_late || temper == Temper::Wild => call(one(own, stream), stream, &mut body),
            _ => call(one(&steps, stream), stream, &mut body),
        }
    }
    match stream.next_u64() % 16 {
        // Burn fuel until the agent is cut off.
        0 | 1 => {
            body.loop_(BlockType::Empty).br(0).end();
        }
        2 => {
            body.unreachable();
        }
        // Take steps until the episode is over, and beyond.
        3..10 => {
            body.i32_const(120).local_set(LEFT).loop_(BlockType::Empty);
            call(one(&steps, stream), stream, &mut body);
            again(&mut body);
        }
        _ => {}
    }
    body.end();
    function
}

fn is_named(callable: &Callable<'_>, name: &str) -> bool {
    callable.operation.is_some_and(|operation| operation.name == name)
}

fn one<'a, 'b>(among: &'a [Callable<'b>], stream: &mut Stream) -> Option<&'a Callable<'b>> {
    among.get(below(stream, among.len())?)
}

fn repeat(callable: Option<&Callable<'_>>, stream: &mut Stream, body: &mut InstructionSink<'_>) {
    body.i32_const(pick(&TIMES, stream)).local_set(LEFT).loop_(BlockType::Empty);
    call(callable, stream, body);
    again(body);
}

/// Repeats the innermost loop while the counter is above 0.
fn again(body: &mut InstructionSink<'_>) {
    body.local_get(LEFT).i32_const(1).i32_sub().local_tee(LEFT).br_if(0).end();
}

/// Asks for memory, and fills the last page.
fn grow(stream: &mut Stream, body: &mut InstructionSink<'_>) {
    body.i32_const(pick(&PAGES, stream)).memory_grow(0).drop();
    body.memory_size(0).i32_const(1).i32_sub().i32_const(16).i32_shl();
    body.i32_const(small(stream)).i32_const(65_536).memory_fill(0);
}

/// Calls a function with random arguments. The last argument of an operation is the address of the
/// answer.
fn call(callable: Option<&Callable<'_>>, stream: &mut Stream, body: &mut InstructionSink<'_>) {
    let Some(Callable { function, operation, parameters, results }) = callable else { return };
    for (position, parameter) in parameters.iter().enumerate() {
        let is_answer = operation.is_some() && position.saturating_add(1) == parameters.len();
        match parameter {
            ValType::I32 if is_answer => body.i32_const(ANSWER),
            ValType::I32 => body.i32_const(small(stream)),
            ValType::I64 => body.i64_const(small(stream).into()),
            ValType::F32 => body.f32_const(Ieee32::new(0)),
            ValType::F64 => body.f64_const(Ieee64::new(stream.next_u64())),
            ValType::V128 => body.v128_const(stream.next_u64().into()),
            ValType::Ref(_) => body.ref_null(HeapType::FUNC),
        };
    }
    body.call(*function);
    for _ in 0..*results {
        body.drop();
    }
}

/// Returns a number that is mostly a valid case, a short length, or an address in the first pages
/// of memory.
fn small(stream: &mut Stream) -> i32 {
    let below = match stream.next_u64() % 4 {
        0 | 1 => 3,
        2 => 64,
        _ => 32_768,
    };
    i32::try_from(stream.next_u64() % below).unwrap_or(0)
}
