//! Agents made of chance: a core module generated against the contract, from a seed.
//!
//! ```text
//!  seed --bytes--> wasm-smith: any functions, globals, tables, data, a start function; half of the operations as imports
//!                      |
//!                      +-- `cabi_realloc` replaced, so that answers can be put into its memory, and
//!                      +-- `run` replaced: up to 32 calls of operations and of those functions, with arguments of chance --> agent
//! ```
//!
//! Functions of three in four never trap by themselves: what they load lies within their memory and what they divide by is
//! not 0, so that what they import gets called. Those of the others trap as they like.
//!
//! What it does not show: such an agent has no plan. One that knows what it looks for is written by hand; see
//! [`cast`](super::cast).

use std::collections::BTreeMap;

use arbitrary::Unstructured;
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{CodeSection, Function, HeapType, Ieee32, Ieee64, Module, RawSection};
use wasm_smith::Config;
use wasmparser::{CompositeInnerType, ExternalKind, Parser, Payload, TypeRef, ValType};

use super::Error;
use super::contract::{self, Operation, World};
use crate::value::{Seed, Stream};

/// The bytes of chance that a module is made of.
const CHANCE: usize = 2048;
/// Where the answer to a call of `run` is put.
const ANSWER: i32 = 512;
/// Where an answer's lists are put, each over the last.
const LISTS: i32 = 1024;
/// The most calls that `run` makes by itself.
const CALLS: u64 = 32;

/// The core module that follows from `seed` and may import `operations`, described as an agent.
///
/// # Errors
///
/// [`Error::Generate`] where what wasm-smith made cannot be spliced.
pub(super) fn module(seed: Seed, operations: &[Operation]) -> Result<Vec<u8>, Error> {
    let mut stream = seed.stream();
    let mut chance = vec![0; CHANCE];
    stream.fill(&mut chance);
    let pages = 1 + stream.next_u64() % 8;
    let traps = stream.next_u64().is_multiple_of(4);
    let config = config(operations, pages, traps)?;
    let module = wasm_smith::Module::new(config, &mut Unstructured::new(&chance))
        .map_err(|error| Error::Generate(error.to_string()))?;
    let module = splice(&module.to_bytes(), &mut stream).map_err(|error| Error::Generate(error.to_string()))?;
    contract::describe(module, World::Agent)
}

fn config(operations: &[Operation], pages: u64, traps: bool) -> Result<Config, Error> {
    let imports: String = operations.iter().map(Operation::import).collect();
    let exports = format!(
        "(module (memory (export \"memory\") {pages}) (func (export \"run\"))
           (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) unreachable))"
    );
    Ok(Config {
        available_imports: Some(assemble(&format!("(module {imports})"))?),
        exports: Some(assemble(&exports)?),
        disallow_traps: !traps,
        max_funcs: operations.len().saturating_add(12),
        max_imports: operations.len(),
        max_instructions: 200,
        // The one that is exported comes besides.
        max_memories: 0,
        max_memory32_bytes: 16 << 20,
        max_tables: 1,
        max_table_elements: 1000,
        exceptions_enabled: false,
        gc_enabled: false,
        memory64_enabled: false,
        reference_types_enabled: false,
        relaxed_simd_enabled: false,
        tail_call_enabled: false,
        threads_enabled: false,
        ..Config::default()
    })
}

fn assemble(text: &str) -> Result<Vec<u8>, Error> {
    wat::parse_str(text).map_err(Error::contract)
}

/// What there is to call, by the index of the function: its parameters and how many results it has.
#[derive(Default)]
struct Callable {
    types: Vec<(Vec<ValType>, usize)>,
    functions: Vec<u32>,
    imported: usize,
    exports: BTreeMap<String, usize>,
}

/// The module with a `cabi_realloc` that answers with a place in its memory, always the same, and a `run` that calls.
fn splice(module: &[u8], stream: &mut Stream) -> Result<Vec<u8>, wasm_encoder::reencode::Error> {
    let (mut spliced, mut code, mut known) = (Module::new(), CodeSection::new(), Callable::default());
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        known.see(&payload)?;
        if let Payload::CodeSectionEntry(body) = &payload {
            let index =
                usize::try_from(code.len()).map_or(usize::MAX, |defined| known.imported.saturating_add(defined));
            if known.exports.get("cabi_realloc") == Some(&index) {
                let mut function = Function::new([]);
                function.instructions().i32_const(LISTS).end();
                code.function(&function);
            } else if known.exports.get("run") == Some(&index) {
                code.function(&known.run(stream));
            } else {
                RoundtripReencoder.parse_function_body(&mut code, body.clone())?;
            }
            continue;
        }
        if !code.is_empty() {
            spliced.section(&std::mem::take(&mut code));
        }
        if let Some((id, range)) = payload.as_section()
            && !matches!(payload, Payload::CodeSectionStart { .. })
        {
            spliced.section(&RawSection { id, data: module.get(range).unwrap_or_default() });
        }
    }
    if !code.is_empty() {
        spliced.section(&code);
    }
    Ok(spliced.finish())
}

impl Callable {
    fn see(&mut self, payload: &Payload<'_>) -> Result<(), wasm_encoder::reencode::Error> {
        match payload {
            Payload::TypeSection(types) => {
                for group in types.clone() {
                    for kind in group?.into_types() {
                        self.types.push(match kind.composite_type.inner {
                            CompositeInnerType::Func(function) => {
                                (function.params().to_vec(), function.results().len())
                            }
                            _ => (Vec::new(), 0),
                        });
                    }
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.clone().into_imports() {
                    if let TypeRef::Func(kind) = import?.ty {
                        self.functions.push(kind);
                        self.imported = self.functions.len();
                    }
                }
            }
            Payload::FunctionSection(functions) => {
                for kind in functions.clone() {
                    self.functions.push(kind?);
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports.clone() {
                    let export = export?;
                    if export.kind == ExternalKind::Func {
                        let index = usize::try_from(export.index).unwrap_or(usize::MAX);
                        self.exports.insert(export.name.to_owned(), index);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A `run` that calls operations and functions of its own, as `stream` says.
    fn run(&self, stream: &mut Stream) -> Function {
        let mut function = Function::new([]);
        let mut body = function.instructions();
        for _ in 0..=stream.next_u64() % CALLS {
            // As often an operation as not.
            let among = if stream.next_u64().is_multiple_of(2) { self.imported } else { self.functions.len() };
            let Some(index) = below(stream, among).filter(|index| !self.exports.values().any(|export| export == index))
            else {
                continue;
            };
            let kind = self.functions.get(index).and_then(|kind| self.types.get(usize::try_from(*kind).ok()?));
            let (Some((parameters, results)), Ok(number)) = (kind, u32::try_from(index)) else { continue };
            for (position, parameter) in parameters.iter().enumerate() {
                let is_answer = index < self.imported && position.saturating_add(1) == parameters.len();
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
            body.call(number);
            for _ in 0..*results {
                body.drop();
            }
        }
        body.end();
        function
    }
}

/// An index below `count`.
fn below(stream: &mut Stream, count: usize) -> Option<usize> {
    let count = u64::try_from(count).ok().filter(|count| *count > 0)?;
    usize::try_from(stream.next_u64() % count).ok()
}

/// A number that is mostly a valid case, a short length, or a place in the first pages of memory.
fn small(stream: &mut Stream) -> i32 {
    let below = match stream.next_u64() % 4 {
        0 | 1 => 3,
        2 => 64,
        _ => 32_768,
    };
    i32::try_from(stream.next_u64() % below).unwrap_or(0)
}
