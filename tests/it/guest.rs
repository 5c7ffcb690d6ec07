//! The text of agents: what a test lets one do, and around it a core module that can do it.
//!
//! What the binary interface looks like is read from `wit/`, here and nowhere else. The memory of an agent has
//!
//! ```text
//!  0 .. 16384    zeros          what `Part::Zeros` hands over
//!  16384 ..      its texts      what it says in quotes
//!  28672 ..      $answer        where the answer to the last call lies: 0 is `ok`, 1 is a refusal
//!  32768 ..      its lists      where lists of an answer are put, each over the last
//! ```

use std::fmt::Write as _;

use dayfly::capability::{PACKAGE, VERSION};
use wit_parser::WorldItem;
use wit_parser::abi::{AbiVariant, WasmType};

use crate::core::contract;

/// An operation, as a core module imports and calls it.
pub(crate) struct Operation {
    pub(crate) capability: String,
    pub(crate) name: String,
    parameters: Vec<&'static str>,
}

/// Every operation that the world `agent` imports.
pub(crate) fn operations() -> Vec<Operation> {
    let (resolve, package) = contract();
    let world = resolve.packages[package].worlds["agent"];
    let mut operations = Vec::new();
    for item in resolve.worlds[world].imports.values() {
        let WorldItem::Interface { id, .. } = item else { panic!("the world imports more than interfaces") };
        let interface = &resolve.interfaces[*id];
        for (name, function) in &interface.functions {
            let signature = resolve.wasm_signature(AbiVariant::GuestImport, function);
            assert!(signature.retptr && !signature.indirect_params, "{name} has another shape than the tests know");
            operations.push(Operation {
                capability: interface.name.clone().unwrap(),
                name: name.clone(),
                parameters: signature.params.iter().copied().map(scalar).collect(),
            });
        }
    }
    operations
}

fn scalar(kind: WasmType) -> &'static str {
    match kind {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
    }
}

impl Operation {
    pub(crate) fn full_name(&self) -> String {
        format!("{}.{}", self.capability, self.name)
    }

    /// A call with zeros and empty lists.
    pub(crate) fn call(&self) -> String {
        let scalars = &self.parameters[..self.parameters.len() - 1];
        let zeros: Vec<_> = scalars.iter().map(|kind| format!("({kind}.const 0)")).collect();
        format!("(call ${} {} (global.get $answer))", self.full_name(), zeros.join(" "))
    }

    fn import(&self) -> String {
        let Self { capability, name, parameters } = self;
        let parameters = parameters.join(" ");
        format!(
            "(import \"{PACKAGE}/{capability}@{VERSION}\" \"{name}\" (func ${capability}.{name} (param {parameters})))"
        )
    }
}

/// An argument of a call.
#[derive(Clone, Copy)]
pub(crate) enum Part<'a> {
    /// So many bytes of zeros: a list, or a text.
    Zeros(u32),
    Text(&'a str),
    U32(u32),
    U64(u64),
}

/// A call.
pub(crate) fn ask(operation: &str, arguments: &[Part<'_>]) -> String {
    let mut text = format!("(call ${operation}");
    for argument in arguments {
        match argument {
            Part::Zeros(bytes) => write!(text, " (i32.const 0) (i32.const {bytes})"),
            Part::Text(content) => write!(text, " \"{content}\""),
            Part::U32(number) => write!(text, " (i32.const {number})"),
            Part::U64(number) => write!(text, " (i64.const {number})"),
        }
        .unwrap();
    }
    text + " (global.get $answer))\n"
}

/// A step with the action 0.
pub(crate) const ACT: &str = "(call $act)";
/// A message of five bytes to a recipient of three.
pub(crate) const SEND: &str =
    "(call $outbox.send (i32.const 0) (i32.const 3) (i32.const 8) (i32.const 5) (global.get $answer))";
/// Ask for five steps more.
pub(crate) const EXTEND: &str = "(call $episode.request-extension (i32.const 5) (global.get $answer))";
/// Trap where the last call was refused.
pub(crate) const ANSWERED: &str = "(if (i32.load8_u (global.get $answer)) (then unreachable))";
/// Trap where it was not.
pub(crate) const REFUSED: &str = "(if (i32.eqz (i32.load8_u (global.get $answer))) (then unreachable))";

/// What the tests call besides the contract.
const HELPERS: &[&str] = &[
    "(func $act (call $episode.step (i32.const 0) (i64.const 0) (i32.const 0) (global.get $answer)))",
    "(func $spin (param $turns i32)
       (loop $again
         (local.set $turns (i32.sub (local.get $turns) (i32.const 1)))
         (br_if $again (local.get $turns))))",
    // What `learn` answers: a list of so many bytes.
    "(func $list (param $bytes i32) (result i32)
       (i32.store offset=0 (global.get $answer) (i32.const 0))
       (i32.store offset=4 (global.get $answer) (local.get $bytes))
       (global.get $answer))",
];

/// The text of an agent whose `run` is `body`.
pub(crate) fn agent(body: &str) -> String {
    with(1, "", body)
}

/// The text of an agent with so many pages of memory and these fields besides.
pub(crate) fn with(pages: u32, fields: &str, run: &str) -> String {
    let mut data = String::new();
    let run = place(run, &mut data);
    assemble(pages, &format!("{fields} {data} (func (export \"run\") {run})"))
}

/// The text of an agent that learns: `learn` leaves the place of a list, such as `(call $list (i32.const 16))`.
pub(crate) fn learner(run: &str, learn: &str) -> String {
    let (resolve, package) = contract();
    let interface = resolve.packages[package].interfaces["learning"];
    let signature = resolve.wasm_signature(AbiVariant::GuestExport, &resolve.interfaces[interface].functions["learn"]);
    let parameters: Vec<_> = signature.params.iter().copied().map(scalar).collect();
    let mut data = String::new();
    let (run, learn) = (place(run, &mut data), place(learn, &mut data));
    let fields = format!(
        "{data} (func (export \"run\") {run})
         (func (export \"{PACKAGE}/learning@{VERSION}#learn\") (param {}) (result i32) {learn})",
        parameters.join(" ")
    );
    assemble(1, &fields)
}

/// The text with the address and the length of each quoted text for the text itself, which goes into `data`.
fn place(body: &str, data: &mut String) -> String {
    let mut placed = String::new();
    for (index, piece) in body.split('"').enumerate() {
        if index % 2 == 0 {
            placed.push_str(piece);
        } else {
            let at =
                16_384 + data.split("(data").skip(1).map(|text| text.split('"').nth(1).unwrap().len()).sum::<usize>();
            assert!(at + piece.len() <= 28_672, "the texts of the agent take too much room");
            write!(data, "(data (i32.const {at}) \"{piece}\")").unwrap();
            write!(placed, "(i32.const {at}) (i32.const {})", piece.len()).unwrap();
        }
    }
    placed
}

/// The module with these fields, and what they call.
fn assemble(pages: u32, fields: &str) -> String {
    let calls =
        |text: &str, name: &str| text.contains(&format!("(call ${name} ")) || text.contains(&format!("(call ${name})"));
    let helper = |text: &&&str| calls(fields, text["(func $".len()..].split([' ', ')']).next().unwrap());
    let helpers: String = HELPERS.iter().filter(helper).copied().collect();
    let is_called = |operation: &&Operation| calls(&format!("{fields}{helpers}"), &operation.full_name());
    let imports: String = operations().iter().filter(is_called).map(Operation::import).collect();
    format!(
        "(module {imports}
           (memory (export \"memory\") {pages})
           (global $answer i32 (i32.const 28672))
           (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 32768))
           {helpers} {fields})"
    )
}
