//! Component that was read and not compiled: its digest, its imports, and whether it learns.
//!
//! ```text
//!  bytes --bounds, encode--> component --objection--> --types of imports and exports--> ParsedAgent --compile--> Agent
//!                                                                                         |
//!                                                                      all that a supervisor of workers needs
//! ```
//!
//! 1. What a component imports is found out here and nowhere else: the policy decides on the same list wherever it is compiled.
//! 2. Bodies of functions are looked at by nothing but the count of what they hold, and for whether they grow a memory or a table.
//!
//! It does not show that the component compiles: who compiles it says so.

use std::borrow::Cow;
use std::sync::Arc;

use wasmparser::component_types::{ComponentAnyTypeId, ComponentEntityType, ComponentInstanceTypeId};
use wasmparser::types::Types;
use wasmparser::{Operator, Parser, Payload, ValidPayload, Validator};

use super::bounds::Fault;
use super::engine::ADMITTED;
use super::lowered::LoweredCounts;
use super::{Begins, Error, MOST_BYTES, MOST_TEXT, compile, encode, objection};
use crate::capability::{
    CAPABILITIES, GROW_MEMORY, GROW_TABLE, MemoryLimits, PACKAGE, VERSION, WasiFault, wasi_has, wasi_interface,
    wasi_operation, wasi_prints,
};
use crate::transcript::Operation;
use crate::value::{Digest, handed};

/// Component that was read, with the instructions added to its task.
#[derive(Clone)]
pub struct ParsedAgent {
    name: String,
    digest: Digest,
    imports: Vec<&'static str>,
    /// The codes of the operations that it can call.
    operations: Arc<[u8]>,
    learns: bool,
    begins: Begins,
    instructions: Option<Arc<str>>,
    bytes: Arc<[u8]>,
    component: Arc<[u8]>,
}

impl ParsedAgent {
    /// Reads the component in `bytes`: binary or text, or a core module with component metadata.
    ///
    /// # Errors
    ///
    /// Returns [`Error`] for any fault that shows before compilation.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self, Error> {
        let most = if bytes.starts_with(encode::MAGIC) { MOST_BYTES } else { MOST_TEXT };
        if bytes.len() > most && encode::foreign(bytes).is_none() {
            return Err(Error::TooLarge { name: name.to_owned(), bytes: bytes.len(), most });
        }
        let (owned, bytes) = (name.to_owned(), Arc::<[u8]>::from(bytes));
        let work = move || {
            let component: Arc<[u8]> = match encode::component(&owned, &bytes)? {
                Cow::Borrowed(_) => Arc::clone(&bytes),
                Cow::Owned(component) => component.into(),
            };
            objection::check(&owned, &component)?;
            let Described { imports, operations, learns } = described(&owned, &component)?;
            let (digest, begins) = (Digest::of(&bytes), Begins::of(&component));
            Ok(Self { name: owned, digest, imports, operations, learns, begins, instructions: None, bytes, component })
        };
        compile::within(compile::PATIENCE, work).unwrap_or_else(|unanswered| Err(unanswered.about(name)))
    }

    /// Returns the name, for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the digest of the bytes it was read from.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Returns the capabilities that it imports, in the order of the contract.
    pub fn imports(&self) -> &[&'static str] {
        &self.imports
    }

    /// Returns `true` if the component can call this operation.
    ///
    /// It imports the operation's function or, for an operation that writes to the log, one of WASI that prints. For a
    /// growth, one of its functions grows a memory or a table.
    pub fn may_call(&self, operation: Operation) -> bool {
        self.operations.contains(&operation.code)
    }

    /// The same component, taken for one that imports all there is.
    #[cfg(test)]
    pub(crate) fn importing_all(self) -> Self {
        let operations = CAPABILITIES.iter().flat_map(|known| known.operations).chain(&[GROW_MEMORY, GROW_TABLE]);
        let operations = operations.map(|operation| operation.code).collect();
        Self { operations, imports: CAPABILITIES.iter().map(|known| known.name).collect(), ..self }
    }

    /// Returns `true` if it exports `learn`.
    pub const fn learns(&self) -> bool {
        self.learns
    }

    /// Checks that each of its memories and tables begins within `limits`. Compilation under these
    /// limits checks the same.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Memory`] or [`Error::Tables`], with the limit that would do.
    #[doc(hidden)]
    pub fn begins_within(&self, limits: MemoryLimits) -> Result<(), Error> {
        let (name, begins) = (|| self.name.clone(), self.begins);
        if begins.largest_memory > limits.memory {
            Err(Error::Memory { name: name(), begins })
        } else if begins.largest_table > limits.table_elements {
            Err(Error::Tables { name: name(), begins })
        } else {
            Ok(())
        }
    }

    /// Adds `text` to the end of every task.
    #[must_use]
    pub fn instructed(self, text: &str) -> Self {
        Self { instructions: Some(Arc::from(text)), ..self }
    }

    /// Returns the text that is added to the end of every task.
    pub fn instructions(&self) -> Option<&str> {
        self.instructions.as_deref()
    }

    /// Returns the digest of everything that is handed to it: its bytes, its instructions, and the
    /// task if that is not the world's own.
    #[doc(hidden)]
    pub fn handed(&self, task: Option<&str>) -> Digest {
        handed(self.digest, self.instructions(), task)
    }

    /// Returns the bytes it was read from.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the component, as it is compiled.
    pub(super) const fn component(&self) -> &Arc<[u8]> {
        &self.component
    }
}

impl AsRef<Self> for ParsedAgent {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl std::fmt::Debug for ParsedAgent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Known").field("name", &self.name).field("digest", &self.digest).finish_non_exhaustive()
    }
}

/// Description of a component, as its types have it.
struct Described {
    imports: Vec<&'static str>,
    operations: Arc<[u8]>,
    learns: bool,
}

/// Returns the imports of a component, and `true` if it learns. A component without `run` is
/// refused.
fn described(name: &str, component: &[u8]) -> Result<Described, Error> {
    let malformed = |cause: String| Error::Malformed { name: name.to_owned(), cause };
    let (named, types) = types(component).map_err(|fault| fault.about(name))?;
    let types = types.ok_or_else(|| malformed("the file ends before the component does".to_owned()))?;
    let (mut imported, mut called, mut prints) = (Vec::new(), Vec::new(), false);
    for import in &named {
        let instance = match types.component_item_for_import(import).map(|item| item.ty) {
            // A type that is only another name for a type needs no host.
            Some(ComponentEntityType::Type { created, .. }) if !matches!(created, ComponentAnyTypeId::Resource(_)) => {
                continue;
            }
            Some(ComponentEntityType::Instance(instance)) => Some(instance),
            _ => None,
        };
        let capability = import
            .strip_prefix(PACKAGE)
            .and_then(|rest| rest.strip_prefix('/')?.strip_suffix(VERSION)?.strip_suffix('@'))
            .filter(|_| instance.is_some());
        match capability {
            None if import.starts_with("wasi:") => {
                prints |= wasi(name, import, instance, &types, &mut called)?;
                imported.push("wasi");
            }
            Some("types") => {}
            Some("wasi") => return Err(Error::UnknownImport { name: name.to_owned(), import: import.clone() }),
            Some(interface) if CAPABILITIES.iter().any(|known| known.name == interface) => {
                imported.push(interface);
                let functions = || instance.iter().flat_map(|instance| types[*instance].exports.keys());
                let is_imported = |operation: &&Operation| functions().any(|function| function == operation.name);
                called.extend(operations(interface).filter(is_imported).map(|operation| operation.code));
            }
            // Any other import is refused.
            _ => return Err(Error::UnknownImport { name: name.to_owned(), import: import.clone() }),
        }
    }
    called.extend(grown(component));
    called.sort_unstable();
    called.dedup();
    if prints {
        called.extend(operations("log").map(|operation| operation.code));
    }
    // Printed text goes to the log.
    let is_imported = |name: &&str| imported.iter().any(|known| known == name) || (prints && *name == "log");
    let imports = CAPABILITIES.iter().map(|known| known.name).filter(is_imported).collect();
    if types.component_item_for_export("run").is_none() {
        return Err(Error::NoRun { name: name.to_owned() });
    }
    let learning = types.component_item_for_export(&format!("{PACKAGE}/learning@{VERSION}")).map(|item| item.ty);
    let learns = matches!(learning, Some(ComponentEntityType::Instance(id)) if types[id].exports.contains_key("learn"));
    Ok(Described { imports, operations: called.into(), learns })
}

/// The operations of a capability.
fn operations(capability: &str) -> impl Iterator<Item = &'static Operation> {
    CAPABILITIES.iter().filter(move |known| known.name == capability).flat_map(|known| known.operations)
}

/// Returns the names of a component's imports, in its order, and the types of all its imports and
/// exports.
fn types(component: &[u8]) -> Result<(Vec<String>, Option<Types>), Fault> {
    let mut parser = Parser::new(0);
    parser.set_features(ADMITTED);
    let mut validator = Validator::new_with_features(ADMITTED);
    let (mut depth, mut named, mut types) = (0_u32, Vec::new(), None);
    let mut lowered = LoweredCounts::default();
    for payload in parser.parse_all(component) {
        let payload = payload?;
        match &payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth = depth.saturating_add(1),
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(imports) if depth == 0 => {
                for import in imports.clone() {
                    named.push(import?.name.name.to_owned());
                }
            }
            _ => {}
        }
        // INVARIANT 2: the work on a body that the validator returns is not done here.
        if let ValidPayload::End(whole) = validator.payload(&payload)? {
            types = Some(whole);
        }
        lowered.read(&payload, &validator)?;
    }
    Ok((named, types))
}

/// Returns the growths that functions of a component ask for. An unreadable part was refused before.
fn grown(component: &[u8]) -> impl Iterator<Item = u8> {
    let (mut memory, mut table) = (false, false);
    for payload in Parser::new(0).parse_all(component).map_while(Result::ok) {
        let Payload::CodeSectionEntry(body) = payload else { continue };
        let operators = body.get_operators_reader().into_iter().flatten().map_while(Result::ok);
        for operator in operators {
            memory |= matches!(operator, Operator::MemoryGrow { .. });
            table |= matches!(operator, Operator::TableGrow { .. });
        }
        if memory && table {
            break;
        }
    }
    [(memory, GROW_MEMORY), (table, GROW_TABLE)].into_iter().filter_map(|(does, growth)| does.then_some(growth.code))
}

/// Adds the functions of an import of WASI to `called`, and returns `true` if one of them prints.
///
/// Returns an error for an interface or a function that is not there.
fn wasi(
    name: &str,
    import: &str,
    instance: Option<ComponentInstanceTypeId>,
    types: &Types,
    called: &mut Vec<u8>,
) -> Result<bool, Error> {
    let unknown = |import: String, fault| Error::UnknownWasi { name: name.to_owned(), import, fault };
    let path = wasi_interface(import).map_err(|fault| unknown(import.to_owned(), fault))?;
    let instance = instance.ok_or_else(|| unknown(import.to_owned(), WasiFault::Interface))?;
    for (function, item) in &types[instance].exports {
        if matches!(item.ty, ComponentEntityType::Func(_)) && !wasi_has(path, function) {
            return Err(unknown(format!("{import}.{function}"), WasiFault::Function));
        }
        called.extend(wasi_operation(path, function).map(|operation| operation.code));
    }
    Ok(wasi_prints(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::{Agent, Engine, SHIPPED};

    /// Export `run`, which does nothing.
    const RUN: &str = "(core module $run (func (export \"run\"))) (core instance $run (instantiate $run)) \
                       (func (export \"run\") (canon lift (core func $run \"run\")))";

    #[test]
    fn what_has_no_run_is_found_before_it_is_compiled() {
        let lacks_run = |text: &str| matches!(ParsedAgent::read("test", text.as_bytes()), Err(Error::NoRun { .. }));
        assert!(lacks_run("(component)"));
        assert!(!lacks_run(&format!("(component {RUN})")));
        // An export of an inner component is not an export of the outer one.
        assert!(lacks_run(&format!("(component (component {RUN}))")));
    }

    #[test]
    fn what_is_known_of_an_agent_is_known_before_it_is_compiled() {
        let engine = Engine::new(MemoryLimits { memory: 64 << 20, table_elements: 100_000 }, 1).unwrap();
        for shipped in SHIPPED {
            let known = ParsedAgent::read(shipped.name, shipped.bytes).unwrap();
            let agent = Agent::load(shipped.name, shipped.bytes, &engine).unwrap();
            assert_eq!((known.digest(), known.bytes()), (Digest::of(shipped.bytes), shipped.bytes));
            assert!(known.imports().contains(&"episode"), "{}", shipped.name);
            assert_eq!((agent.imports(), agent.learns()), (known.imports(), known.learns()), "{}", shipped.name);
            assert_eq!(agent.learn().is_some(), known.learns(), "{}", shipped.name);
        }
        let learns = |name: &str| {
            SHIPPED
                .iter()
                .filter(|shipped| shipped.name == name)
                .map(|shipped| ParsedAgent::read(name, shipped.bytes).unwrap().learns())
                .next()
        };
        assert_eq!((learns("policy-gradient"), learns("random")), (Some(true), Some(false)));
    }

    #[test]
    fn a_body_that_makes_no_sense_is_for_who_compiles_it_to_find() {
        let text = |body: &str| {
            format!(
                "(component (core module $m (func (export \"run\") {body})) (core instance $i (instantiate $m)) (func (export \"run\") (canon lift (core func $i \"run\"))))"
            )
        };
        let engine = Engine::new(MemoryLimits { memory: 1 << 20, table_elements: 10 }, 1).unwrap();
        assert!(Agent::load("whole", text("").as_bytes(), &engine).is_ok());
        let broken = text("i32.add drop");
        assert!(ParsedAgent::read("broken", broken.as_bytes()).is_ok());
        assert!(matches!(Agent::load("broken", broken.as_bytes(), &engine), Err(Error::Malformed { .. })));
    }

    #[test]
    fn who_reads_it_and_who_compiles_it_agree_on_what_it_begins_with() {
        let text = |modules: &str| format!("(component {modules} {RUN})");
        for (modules, is_within) in [
            ("(core module (memory 2) (table 10 funcref))", true),
            ("(core module (memory 3))", false),
            ("(core module (table 11 funcref))", false),
            ("(core module (memory 2)) (core module (memory 2))", true),
        ] {
            let limits = MemoryLimits { memory: 2 << 16, table_elements: 10 };
            let known = ParsedAgent::read("it", text(modules).as_bytes()).unwrap();
            let read = known.begins_within(limits).map_err(|error| error.help());
            let engine = Engine::new(limits, 1).unwrap();
            let compiled = crate::agent::Compiler::default().compile(known, &engine);
            let compiled = compiled.map(|_| ()).map_err(|error| error.help());
            let is_about_room = compiled.as_ref().is_err_and(|help| help.contains("under `[episode]`"));
            assert_eq!((read.is_ok(), is_about_room), (is_within, !is_within), "{modules}: {compiled:?}");
            if !is_within {
                assert_eq!(read, compiled, "{modules}");
            }
        }
    }

    #[test]
    fn imports_are_found_by_their_types() {
        let imports = |text: &str| {
            ParsedAgent::read("test", format!("(component {text} {RUN})").as_bytes())
                .map(|known| known.imports().to_vec())
        };
        let named = |name: &str| format!("{PACKAGE}/{name}@{VERSION}");
        let clock = named("clock");
        assert_eq!(imports("").unwrap(), [""; 0]);
        assert_eq!(imports(&format!("(import \"{clock}\" (instance))")).unwrap(), ["clock"]);
        // Printed text goes to the log.
        let stdout = format!("(import \"wasi:cli/stdout@{}\" (instance))", crate::capability::WASI_VERSION);
        assert_eq!(imports(&stdout).unwrap(), ["log", "wasi"]);
        // Another name for a type needs no host. A resource does, and there is none.
        assert_eq!(imports("(type $t u8) (import \"t\" (type (eq $t)))").unwrap(), [""; 0]);
        for other in [
            "(import \"t\" (type (sub resource)))".to_owned(),
            "(import \"f\" (func))".to_owned(),
            format!("(import \"{clock}\" (func))"),
            format!("(import \"{}\" (instance))", named("wasi")),
            format!("(import \"{}\" (instance))", named("shell")),
        ] {
            assert!(matches!(imports(&other), Err(Error::UnknownImport { .. })), "{other}");
        }
        // An import of an inner component is not an import of the outer one.
        assert_eq!(imports("(component (import \"f\" (func)))").unwrap(), [""; 0]);
    }

    #[test]
    fn what_it_can_call_is_found_function_by_function() {
        let callable = |text: &str| {
            let known = ParsedAgent::read("test", format!("(component {text} {RUN})").as_bytes()).unwrap();
            let all = CAPABILITIES.iter().flat_map(|known| known.operations);
            let called = all.filter(|operation| known.may_call(**operation));
            called.map(|operation| format!("{}.{}", operation.capability, operation.name)).collect::<Vec<_>>()
        };
        let import = |interface: &str, functions: &str| format!("(import \"{interface}\" (instance {functions}))");
        let own = |name: &str| format!("{PACKAGE}/{name}@{VERSION}");
        let wasi = |name: &str| format!("wasi:{name}@{}", crate::capability::WASI_VERSION);
        let next = "(export \"next\" (func (result u64)))";
        assert_eq!(callable(&import(&own("random"), "")), [""; 0]);
        assert_eq!(callable(&import(&own("random"), next)), ["random.next"]);
        assert_eq!(callable(&import(&own("clock"), "(export \"now\" (func))")), ["clock.now"]);
        let random = "(export \"get-random-u64\" (func (result u64)))";
        assert_eq!(callable(&import(&wasi("random/random"), random)), ["wasi.random/random.get-random-u64"]);
        let method = "(export \"error\" (type $error (sub resource))) (export \"[method]error.to-debug-string\" \
                      (func (param \"self\" (borrow $error)) (result string)))";
        assert_eq!(callable(&import(&wasi("io/error"), method)), ["wasi.io/error.error.to-debug-string"]);
        let grows = |code: &str| {
            let text = format!("(component (core module (memory 1) (table 1 funcref) (func {code})) {RUN})");
            let known = ParsedAgent::read("test", text.as_bytes()).unwrap();
            [GROW_MEMORY, GROW_TABLE].map(|growth| known.may_call(growth))
        };
        assert_eq!(grows("(drop (memory.size))"), [false, false]);
        assert_eq!(grows("(drop (memory.grow (i32.const 1)))"), [true, false]);
        assert_eq!(grows("(drop (table.grow (ref.null func) (i32.const 1)))"), [false, true]);
        // What is printed is asked of the log.
        assert_eq!(callable(&import(&wasi("cli/stderr"), "")), ["log.write"]);
    }

    /// Who reads a component knows of every function that whoever runs it links.
    #[test]
    fn each_operation_is_imported_by_the_name_that_it_has() {
        for capability in CAPABILITIES.iter().filter(|known| known.name != "wasi") {
            for operation in capability.operations {
                assert!(capability.contract.contains(&format!(" {}: func", operation.name)), "{}", operation.name);
            }
        }
    }
}
