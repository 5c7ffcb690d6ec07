//! Text of agents: a test gives the body, and around it is a core module that can do it.
//!
//! The binary interface is read from `wit/`, here and nowhere else. The memory of an agent has
//!
//! ```text
//!  0 .. 16384    zeros          what `Part::Zeros` hands over
//!  16384 ..      its texts      what it says in quotes
//!  28672 ..      $answer        where the answer to the last call lies: 0 is `ok`, 1 is a refusal
//!  32768 ..      its lists      where lists of an answer are put, each over the last
//! ```

use std::fmt::Write as _;

use dayfly::capability::{PACKAGE, VERSION, WASI_VERSION};
use wit_parser::abi::{AbiVariant, FlatTypes, WasmSignature, WasmType};
use wit_parser::{Function, Handle, Resolve, Type, TypeDefKind, WorldId, WorldItem};

use crate::core::contract;

/// Operation, as a core module imports and calls it.
pub(crate) struct Operation {
    pub(crate) capability: String,
    pub(crate) name: String,
    /// `true` if its answer may be an error.
    pub(crate) can_fail: bool,
    /// Resources that its answer may hold a handle to.
    pub(crate) hands_out: Vec<String>,
    /// Code that traps if the answer to the last call holds anything. It may be an error, none, or
    /// empty.
    pub(crate) nothing: &'static str,
    /// Interface and function that a core module imports.
    place: (String, String),
    parameters: Vec<&'static str>,
    results: Vec<&'static str>,
    /// Arguments of a call.
    arguments: Vec<Argument>,
}

/// Argument of a call that is made without saying what it is about.
#[derive(Clone, PartialEq, Eq)]
enum Argument {
    Zero(&'static str),
    /// Handle in the global of this name.
    Handle(String),
    /// Address of the answer.
    Answer,
}

/// Returns every operation that the world `agent` imports.
pub(crate) fn operations() -> Vec<Operation> {
    let (resolve, package) = contract();
    let operations = imports(&resolve, resolve.packages[package].worlds["agent"], &|_, interface| interface.to_owned());
    for Operation { name, arguments, results, .. } in &operations {
        let is_plain = arguments.iter().all(|argument| !matches!(argument, Argument::Handle(_)));
        assert!(
            is_plain && arguments.last() == Some(&Argument::Answer) && results.is_empty(),
            "{name} has another shape than the tests know"
        );
    }
    operations
}

/// Returns every function that the world of `wit/wasi/` imports.
pub(crate) fn wasi_functions() -> Vec<Operation> {
    let (resolve, package) = crate::core::wasi();
    imports(&resolve, resolve.packages[package].worlds["runtime"], &|_, _| "wasi".to_owned())
}

fn imports(resolve: &Resolve, world: WorldId, capability: &dyn Fn(&str, &str) -> String) -> Vec<Operation> {
    let mut operations = Vec::new();
    for item in resolve.worlds[world].imports.values() {
        let WorldItem::Interface { id, .. } = item else { panic!("the world imports more than interfaces") };
        let interface = &resolve.interfaces[*id];
        let package = &resolve.packages[interface.package.unwrap()].name;
        let own = interface.name.as_deref().unwrap();
        for (function, signature) in &interface.functions {
            let core = resolve.wasm_signature(AbiVariant::GuestImport, signature);
            let plain = function.trim_start_matches("[method]");
            let is_wasi = package.namespace == "wasi";
            operations.push(Operation {
                capability: capability(&package.name, own),
                name: if is_wasi { format!("{}/{own}.{plain}", package.name) } else { plain.to_owned() },
                can_fail: signature.result.is_some_and(|result| is_result(resolve, result)),
                hands_out: signature.result.map_or_else(Vec::new, |result| handed_out(resolve, result)),
                nothing: signature.result.map_or("", |result| nothing(resolve, result)),
                place: (resolve.id_of(*id).unwrap(), function.clone()),
                parameters: core.params.iter().copied().map(scalar).collect(),
                results: core.results.iter().copied().map(scalar).collect(),
                arguments: arguments(resolve, signature, &core),
            });
        }
    }
    operations
}

fn arguments(resolve: &Resolve, signature: &Function, core: &WasmSignature) -> Vec<Argument> {
    let mut arguments = Vec::new();
    for parameter in &signature.params {
        let kind = match parameter.ty {
            Type::Id(id) => Some(&resolve.types[id].kind),
            _ => None,
        };
        if let Some(TypeDefKind::Handle(Handle::Own(id) | Handle::Borrow(id))) = kind {
            // A type that is used is an alias of the one that is defined.
            arguments.push(Argument::Handle(resolve.types[*id].name.clone().unwrap()));
        } else {
            let mut storage = [WasmType::I32; 16];
            let mut flat = FlatTypes::new(&mut storage);
            resolve.push_flat(&parameter.ty, &mut flat);
            arguments.extend(flat.to_vec().into_iter().map(scalar).map(Argument::Zero));
        }
    }
    if core.indirect_params {
        arguments = vec![Argument::Zero("i32")];
    }
    if core.retptr {
        arguments.push(Argument::Answer);
    }
    arguments
}

fn is_result(resolve: &Resolve, result: Type) -> bool {
    matches!(result, Type::Id(id) if matches!(resolve.types[id].kind, TypeDefKind::Result(_)))
}

/// Returns the resources that a value of this type may hold a handle to.
fn handed_out(resolve: &Resolve, kind: Type) -> Vec<String> {
    let Type::Id(id) = kind else { return Vec::new() };
    let inner: Vec<Type> = match &resolve.types[id].kind {
        TypeDefKind::Handle(Handle::Own(id)) => return vec![resolve.types[*id].name.clone().unwrap()],
        TypeDefKind::Type(inner) | TypeDefKind::Option(inner) | TypeDefKind::List(inner) => vec![*inner],
        TypeDefKind::Tuple(tuple) => tuple.types.clone(),
        TypeDefKind::Record(record) => record.fields.iter().map(|field| field.ty).collect(),
        TypeDefKind::Variant(variant) => variant.cases.iter().filter_map(|case| case.ty).collect(),
        TypeDefKind::Result(result) => [result.ok, result.err].into_iter().flatten().collect(),
        _ => Vec::new(),
    };
    inner.into_iter().flat_map(|inner| handed_out(resolve, inner)).collect()
}

fn nothing(resolve: &Resolve, result: Type) -> &'static str {
    let Type::Id(id) = result else { return "" };
    match resolve.types[id].kind {
        TypeDefKind::Result(_) => REFUSED,
        TypeDefKind::Option(_) => ANSWERED,
        TypeDefKind::List(_) => "(if (i32.load offset=4 (global.get $answer)) (then unreachable))",
        _ => "unreachable",
    }
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

    /// Returns a call with zeros, empty lists, and the handles of [`HANDLES`].
    pub(crate) fn call(&self) -> String {
        let arguments: Vec<_> = self
            .arguments
            .iter()
            .map(|argument| match argument {
                Argument::Zero(kind) => format!("({kind}.const 0)"),
                Argument::Handle(resource) => format!("(global.get ${resource})"),
                Argument::Answer => "(global.get $answer)".to_owned(),
            })
            .collect();
        let call = format!("(call ${} {})", self.full_name(), arguments.join(" "));
        if self.results.is_empty() { call } else { format!("(drop {call})") }
    }

    /// Returns the resources that a call needs a handle to.
    pub(crate) fn handles(&self) -> Vec<&str> {
        self.arguments
            .iter()
            .filter_map(|argument| match argument {
                Argument::Handle(resource) => Some(resource.as_str()),
                _ => None,
            })
            .collect()
    }

    fn import(&self) -> String {
        let Self { place: (interface, function), .. } = self;
        let list = |word: &str, kinds: &[&str]| {
            if kinds.is_empty() { String::new() } else { format!("({word} {})", kinds.join(" ")) }
        };
        let kind = list("param", &self.parameters) + &list("result", &self.results);
        format!("(import \"{interface}\" \"{function}\" (func ${} {kind}))", self.full_name())
    }
}

/// Argument of a call.
#[derive(Clone, Copy)]
pub(crate) enum Part<'a> {
    /// So many bytes of zeros: a list, or a text.
    Zeros(u32),
    Text(&'a str),
    U32(u32),
    U64(u64),
}

/// Returns a call.
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

/// Step with the action 0.
pub(crate) const ACT: &str = "(call $act)";
/// Message of five bytes to a recipient of three.
pub(crate) const SEND: &str =
    "(call $outbox.send (i32.const 0) (i32.const 3) (i32.const 8) (i32.const 5) (global.get $answer))";
/// Request for five steps more.
pub(crate) const EXTEND: &str = "(call $episode.request-extension (i32.const 5) (global.get $answer))";
/// Code that traps if the last call was refused.
pub(crate) const ANSWERED: &str = "(if (i32.load8_u (global.get $answer)) (then unreachable))";
/// Code that traps if the last call was not refused.
pub(crate) const REFUSED: &str = "(if (i32.eqz (i32.load8_u (global.get $answer))) (then unreachable))";

/// Code that obtains a handle to each resource of WASI, in the global of its name.
pub(crate) const HANDLES: &[(&str, &str)] = &[
    ("input-stream", "(global.set $input-stream (call $wasi.cli/stdin.get-stdin))"),
    ("output-stream", "(global.set $output-stream (call $wasi.cli/stdout.get-stdout))"),
    (
        "pollable",
        "(global.set $pollable
           (call $wasi.clocks/monotonic-clock.subscribe-duration (i64.const 0)))",
    ),
    ("network", "(global.set $network (call $wasi.sockets/instance-network.instance-network))"),
    // More than a call may move, whatever the policy.
    (
        "error",
        "(call $wasi.io/streams.output-stream.write-zeroes (call $wasi.cli/stdout.get-stdout) (i64.const -1)
           (global.get $answer))
         (global.set $error (i32.load offset=8 (global.get $answer)))",
    ),
];

/// Functions that the tests call besides the contract.
const HELPERS: &[&str] = &[
    "(func $act (call $episode.step (i32.const 0) (i64.const 0) (i32.const 0) (global.get $answer)))",
    "(func $spin (param $turns i32)
       (loop $again
         (local.set $turns (i32.sub (local.get $turns) (i32.const 1)))
         (br_if $again (local.get $turns))))",
    // These trap if the last call was refused, and if it was not.
    "(func $answered (if (i32.load8_u (global.get $answer)) (then unreachable)))",
    "(func $refused (if (i32.eqz (i32.load8_u (global.get $answer))) (then unreachable)))",
    "(func $deep (call $deep))",
    // Answer of `learn`: a list of so many bytes.
    "(func $list (param $bytes i32) (result i32)
       (i32.store offset=0 (global.get $answer) (i32.const 0))
       (i32.store offset=4 (global.get $answer) (local.get $bytes))
       (global.get $answer))",
];

/// Returns the text of an agent whose `run` is `body`.
pub(crate) fn agent(body: &str) -> String {
    with(1, "", body)
}

/// Returns the text of an agent with so many pages of memory and these fields besides.
pub(crate) fn with(pages: u32, fields: &str, run: &str) -> String {
    let mut data = String::new();
    let run = place(run, &mut data);
    assemble(pages, &format!("{fields} {data} (func (export \"run\") {run})"))
}

/// Returns the text of an agent that learns: `learn` leaves the address of a list, such as `(call
/// $list (i32.const 16))`.
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

/// Returns the text with each quoted text replaced by its address and length. The quoted texts go
/// into `data`.
fn place(body: &str, data: &mut String) -> String {
    let mut placed = String::new();
    for (index, piece) in body.split('"').enumerate() {
        if index % 2 == 0 {
            placed.push_str(piece);
        } else {
            let at =
                16_384 + data.split("(data").skip(1).map(|text| length(text.split('"').nth(1).unwrap())).sum::<usize>();
            assert!(at + length(piece) <= 28_672, "the texts of the agent take too much room");
            write!(data, "(data (i32.const {at}) \"{piece}\")").unwrap();
            write!(placed, "(i32.const {at}) (i32.const {})", length(piece)).unwrap();
        }
    }
    placed
}

/// Returns the number of bytes of a quoted text, in which `\0a` is one.
fn length(text: &str) -> usize {
    text.len() - 2 * text.matches('\\').count()
}

/// Returns the module with these fields, and the functions that they call.
fn assemble(pages: u32, fields: &str) -> String {
    let calls =
        |text: &str, name: &str| text.contains(&format!("(call ${name} ")) || text.contains(&format!("(call ${name})"));
    let helper = |text: &&&str| calls(fields, text["(func $".len()..].split([' ', ')']).next().unwrap());
    let helpers: String = HELPERS.iter().filter(helper).copied().collect();
    let is_called = |operation: &&Operation| calls(&format!("{fields}{helpers}"), &operation.full_name());
    let mut known = operations();
    if fields.contains("$wasi.") {
        known.extend(wasi_functions());
    }
    let imports: String = known.iter().filter(is_called).map(Operation::import).collect();
    let mut imports = imports;
    for (resource, interface) in [("output-stream", "streams"), ("pollable", "poll")] {
        if fields.contains(&format!("(call $drop.{resource} ")) {
            write!(
                imports,
                "(import \"wasi:io/{interface}@{WASI_VERSION}\" \"[resource-drop]{resource}\"
                   (func $drop.{resource} (param i32)))"
            )
            .unwrap();
        }
    }
    let mut handles = String::new();
    for (resource, _) in HANDLES.iter().filter(|(resource, _)| fields.contains(&format!("${resource}"))) {
        write!(handles, "(global ${resource} (mut i32) (i32.const 0))").unwrap();
    }
    format!(
        "(module {imports}
           (memory (export \"memory\") {pages})
           (global $answer i32 (i32.const 28672)) {handles}
           (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 32768))
           {helpers} {fields})"
    )
}
