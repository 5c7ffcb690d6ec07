//! Bytes to an agent: a component that has been checked, compiled and linked, and has not run.
//!
//! ```text
//!  .wat, core module with metadata, component --bounds, encode--> component --read--> Known --compile, link--> Agent
//!                                                                                              ^  |
//!                                                                                              +--+ Cache
//! ```
//!
//! 1. A component that imports anything outside the contract never becomes an agent.
//! 2. What an agent imports is known before it runs: the policy decides on it then.
//! 3. What the compiler is given is bounded, and so is the time that it is waited for.

mod begins;
mod bounds;
mod cache;
mod clock;
mod compile;
mod compiler;
mod declared;
mod encode;
mod engine;
mod joins;
mod known;
mod metadata;
mod objection;
mod part;
mod shipped;
mod source;
mod work;

use std::sync::{Arc, OnceLock};

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre, Linker};

pub use begins::Begins;
pub use cache::{Cache, Held, Made, Maker, Unusable};
pub use compile::PATIENCE;
pub use compiler::{Compiler, Handed, Notice};
pub use engine::{Engine, THREAD_STACK};
pub use known::Known;
pub use part::{Excess, Part};
pub use shipped::{SHIPPED, Shipped};
pub use source::Source;

use self::clock::Clock;
use crate::capability::{Host, INSTANCES, MEMORIES, MemoryLimits, PACKAGE, TABLES, VERSION, WASI_VERSION, WasiFault};
use crate::value::{plain, plain_lines};

/// The version of the engine, which fuel is counted by.
pub const ENGINE_VERSION: &str = wasmtime_environ::VERSION;

/// The most bytes of a component: compiling is not bounded by fuel.
const MOST_BYTES: usize = 64 << 20;

/// The most bytes of one that is text: what they are read into takes a hundred times as much.
const MOST_TEXT: usize = 1 << 20;

/// A component that may live episodes.
#[derive(Clone)]
pub struct Agent {
    known: Known,
    instance: InstancePre<Host>,
    run: ComponentExportIndex,
    learn: Option<ComponentExportIndex>,
    clock: Arc<Clock>,
    by_turns: Arc<ByTurns>,
}

/// What an agent is instantiated from as a role that waits for its turn: linked when it is first asked for.
struct ByTurns {
    linker: Arc<Linker<Host>>,
    instance: OnceLock<InstancePre<Host>>,
}

/// Why bytes are no agent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file is too large to compile.
    #[error("`{name}` has {bytes} bytes; one like it has at most {most}", name = plain(.name))]
    TooLarge {
        /// The agent.
        name: String,
        /// Its size.
        bytes: usize,
        /// The most that it may have.
        most: usize,
    },
    /// There is more in it than the compiler is given.
    #[error("`{name}` has more than {} {}: from byte {:#x} on it is too much", .excess.part.most(), .excess.part.name(), .excess.at, name = plain(.name))]
    Excess {
        /// The agent.
        name: String,
        /// What there is too much of.
        excess: Excess,
    },
    /// The compiler takes too long.
    #[error("`{name}` was not compiled within {} s of processor time", compile::PATIENCE.as_secs(), name = plain(.name))]
    Slow {
        /// The agent.
        name: String,
    },
    /// The host has no thread to compile on.
    #[error("there is no thread to compile `{name}` on", name = plain(.name))]
    NoThread {
        /// The agent.
        name: String,
    },
    /// There are no bytes.
    #[error("`{name}` is empty", name = plain(.name))]
    Empty {
        /// The agent.
        name: String,
    },
    /// It begins neither as a component does, nor as the text of one.
    #[error("`{name}` is neither WebAssembly nor the text of it: it begins with `{begins}`", name = plain(.name), begins = plain(.begins))]
    NoWebAssembly {
        /// The agent.
        name: String,
        /// What it begins with.
        begins: String,
    },
    /// It is a file of another kind, which is known.
    #[error("`{name}` is {what}, not a WebAssembly component", name = plain(.name))]
    Foreign {
        /// The agent.
        name: String,
        /// What it is.
        what: &'static str,
    },
    /// It is text that cannot be assembled.
    #[error("the text of `{name}` is not that of a WebAssembly component: {cause}", name = plain(.name), cause = plain_lines(&.cause.to_string()))]
    Text {
        /// The agent.
        name: String,
        /// What is wrong, and where.
        cause: Misread,
    },
    /// The bytes are no whole component.
    #[error("`{name}` is not a valid WebAssembly component: {cause}", name = plain(.name), cause = plain_lines(.cause))]
    Malformed {
        /// The agent.
        name: String,
        /// What the compiler says.
        cause: String,
    },
    /// It begins with more than an instance may grow to.
    #[error("`{name}` needs more memory than the policy allows: it begins with {memory}", name = plain(.name), memory = .begins.memory())]
    Memory {
        /// The agent.
        name: String,
        /// What it begins with.
        begins: Begins,
    },
    /// It begins with more elements of tables than its instances may have.
    #[error("`{name}` needs larger tables than the policy allows: it begins with {elements} elements", name = plain(.name), elements = .begins.table_elements)]
    Tables {
        /// The agent.
        name: String,
        /// What it begins with.
        begins: Begins,
    },
    /// It is made of more than an instance has room for.
    #[error("`{name}` is made of more than an instance has room for: {cause}", name = plain(.name), cause = plain_lines(.cause))]
    Room {
        /// The agent.
        name: String,
        /// What exceeds what.
        cause: String,
    },
    /// A core module that does not say which world it implements.
    #[error("`{name}` is a core WebAssembly module, not a component", name = plain(.name))]
    CoreModule {
        /// The agent.
        name: String,
    },
    /// An import outside the contract.
    #[error("`{name}` imports `{import}`, which is not part of the contract", name = plain(.name), import = plain(.import))]
    UnknownImport {
        /// The agent.
        name: String,
        /// What it imports.
        import: String,
    },
    /// An interface or a function of WASI that there is not.
    #[error("`{name}` imports `{import}`, which virtual WASI does not have", name = plain(.name), import = plain(.import))]
    UnknownWasi {
        /// The agent.
        name: String,
        /// What it imports.
        import: String,
        /// Why it cannot be had.
        fault: WasiFault,
    },
    /// Texts that are not in UTF-8.
    #[error("`{name}` passes texts in UTF-16", name = plain(.name))]
    Encoding {
        /// The agent.
        name: String,
    },
    /// No `run`.
    #[error("`{name}` does not export `run`", name = plain(.name))]
    NoRun {
        /// The agent.
        name: String,
    },
    /// The types do not fit.
    #[error("`{name}` does not fit the contract: {cause}", name = plain(.name), cause = plain_lines(.cause))]
    Mismatch {
        /// The agent.
        name: String,
        /// What does not fit.
        cause: String,
    },
}

/// Mistake in the text of a component, and its place.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Misread(wat::Error);

impl Error {
    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            Self::TooLarge { most, .. } if *most == MOST_TEXT => {
                "assemble the text to a component, which may be larger".to_owned()
            }
            Self::TooLarge { .. } => "build it for size: `opt-level = \"s\"`, `strip = true`".to_owned(),
            Self::Excess { excess, .. } => excess.part.help().to_owned(),
            Self::Slow { .. } => "build it for size, and split its largest functions".to_owned(),
            Self::NoThread { .. } => "end other programs, or allow this one more threads".to_owned(),
            Self::Empty { .. } => "build the agent again: whatever wrote the file did not finish".to_owned(),
            Self::NoWebAssembly { .. } => {
                "name a component: a `.wasm` file, which begins with `\\0asm`, or a `.wat` file, which begins with `(`".to_owned()
            }
            Self::Foreign { .. } => {
                "build it for WebAssembly: `dayfly docs agents` says how, for Rust, C, JavaScript and Python".to_owned()
            }
            Self::Text { .. } => "mend the text; `wasm-tools parse` reads it in the same way".to_owned(),
            Self::Malformed { .. } => {
                "build the agent again; `wasm-tools validate` says more about a file that is cut off".to_owned()
            }
            Self::Memory { begins, .. } => format!(
                "write `memory = \"{}\"` or more under `[episode]` in the policy; `based-on` in place of `extends` lets it be more than \
                 in another one",
                begins.memory()
            ),
            Self::Tables { begins, .. } => {
                format!("write `table-elements = {}` or more under `[episode]` in the policy", begins.table_elements)
            }
            Self::Room { .. } => format!(
                "an agent has at most {INSTANCES} instances, {MEMORIES} memories and {TABLES} tables: link its modules into one"
            ),
            Self::CoreModule { .. } => {
                "make it a component: link with `wasm-component-ld`, or run `wasm-tools component embed` and `component new`; see `dayfly docs agents`"
                    .to_owned()
            }
            Self::UnknownWasi { fault: WasiFault::Version, .. } => {
                format!("build it for WASI 0.2: virtual WASI is of version {WASI_VERSION}")
            }
            Self::UnknownWasi { import, fault: WasiFault::Interface, .. } if import.starts_with("wasi:http") => {
                "build it without HTTP (`--disable http` for JavaScript): there is no network".to_owned()
            }
            Self::UnknownWasi { fault: WasiFault::Interface, .. } => {
                "there are `io`, `cli`, `clocks`, `random`, `filesystem` and `sockets`, as `dayfly wit --out wit` writes them".to_owned()
            }
            Self::UnknownWasi { fault: WasiFault::Function, .. } => {
                format!("build it against WASI {WASI_VERSION} or an older version of 0.2")
            }
            Self::UnknownImport { import, .. } if import.starts_with(PACKAGE) => {
                format!("this Dayfly speaks {PACKAGE}@{VERSION}: build the agent against its contract, which `dayfly wit --out wit` writes")
            }
            Self::UnknownImport { .. } => "an agent may import the interfaces that `dayfly wit` prints, and nothing else".to_owned(),
            Self::Encoding { .. } => "build it to pass texts in UTF-8, as `wit-component` does by default".to_owned(),
            Self::NoRun { .. } => "export `run: func()`, as the world `agent` says, which `dayfly wit` prints".to_owned(),
            Self::Mismatch { .. } => "build the agent against the contract of this version, which `dayfly wit --out wit` writes".to_owned(),
        }
    }
}

impl Agent {
    /// Check, compile and link the component in `bytes`: binary or text, or a core module with component metadata.
    ///
    /// # Errors
    ///
    /// [`Error`] says what is wrong with it. Nothing of the component has run.
    pub fn load(name: &str, bytes: &[u8], engine: &Engine) -> Result<Self, Error> {
        Compiler::default().compile(Known::read(name, bytes)?, engine)
    }

    fn link(known: Known, component: &Component, engine: &Engine) -> Result<Self, Error> {
        let owned = || known.name().to_owned();
        // What its memories begin with is laid out here, not by its first episode: a confined process makes no file by then.
        component.initialize_copy_on_write_image().map_err(|error| refused(&known, engine.limits, &error))?;
        let run = component.get_export_index(None, "run").ok_or_else(|| Error::NoRun { name: owned() })?;
        let mismatch = |cause: &str| Error::Mismatch { name: owned(), cause: cause.to_owned() };
        let learn = if known.learns() {
            let learning = component.get_export_index(None, &*format!("{PACKAGE}/learning@{VERSION}"));
            let learn = learning.and_then(|learning| component.get_export_index(Some(&learning), "learn"));
            let is_one =
                |learn: &ComponentExportIndex| has_signature(component, learn, &["experience", "carry-over"], 1);
            Some(learn.filter(is_one).ok_or_else(|| mismatch("`learn` is not as the contract has it"))?)
        } else {
            None
        };
        // INVARIANT 1: nothing else is linked.
        let instance = engine
            .linker
            .instantiate_pre(component)
            .map_err(|error| Error::Mismatch { name: owned(), cause: format!("{error:#}") })?;
        if !has_signature(component, &run, &[], 0) {
            return Err(mismatch("`run` takes something, or returns something; it is `func()`"));
        }
        Ok(Self {
            known,
            instance,
            run,
            learn,
            clock: Arc::clone(&engine.clock),
            by_turns: Arc::new(ByTurns { linker: Arc::clone(&engine.by_turns), instance: OnceLock::new() }),
        })
    }

    /// Its name, for people.
    pub fn name(&self) -> &str {
        self.known.name()
    }

    /// Its compiled code; nothing where there is no memory for it.
    pub fn code(&self) -> Option<Vec<u8>> {
        self.instance.component().serialize().ok()
    }

    /// The capabilities that it imports, in the order of the contract.
    pub fn imports(&self) -> &[&'static str] {
        self.known.imports()
    }

    /// Whether it learns.
    pub const fn learns(&self) -> bool {
        self.known.learns()
    }

    /// The same component, told `text` at the end of every task.
    #[must_use]
    pub fn instructed(self, text: &str) -> Self {
        Self { known: self.known.instructed(text), ..self }
    }

    /// What it is told at the end of every task.
    pub fn instructions(&self) -> Option<&str> {
        self.known.instructions()
    }

    /// The component, ready to be instantiated.
    pub const fn instance(&self) -> &InstancePre<Host> {
        &self.instance
    }

    /// The component, ready to be instantiated as a role that waits for its turn.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`] where it does not fit the contract.
    pub fn by_turns(&self) -> Result<InstancePre<Host>, Error> {
        let ByTurns { linker, instance } = self.by_turns.as_ref();
        if let Some(instance) = instance.get() {
            return Ok(instance.clone());
        }
        let mismatch = |error| Error::Mismatch { name: self.name().to_owned(), cause: format!("{error:#}") };
        let linked = linker.instantiate_pre(self.instance.component()).map_err(mismatch)?;
        Ok(instance.get_or_init(|| linked).clone())
    }

    /// Start the interrupt clock of its engine, where it does not run: before a store waits for it, and before threads cannot be started
    /// any more.
    pub fn start_clock(&self) {
        self.clock.start();
    }

    /// Its `run`.
    pub const fn run(&self) -> &ComponentExportIndex {
        &self.run
    }

    /// Its `learn`, where it has one.
    pub const fn learn(&self) -> Option<&ComponentExportIndex> {
        self.learn.as_ref()
    }
}

impl From<Agent> for Known {
    fn from(agent: Agent) -> Self {
        agent.known
    }
}

impl AsRef<Known> for Agent {
    fn as_ref(&self) -> &Known {
        &self.known
    }
}

impl std::fmt::Debug for Agent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Agent").field(&self.known).finish()
    }
}

impl compile::Unanswered {
    /// What that says about the component of this name.
    fn about(self, name: &str) -> Error {
        let name = name.to_owned();
        match self {
            Self::Slow => Error::Slow { name },
            Self::Panicked => Error::Malformed { name, cause: "the compiler failed on it".to_owned() },
            Self::NoThread => Error::NoThread { name },
        }
    }
}

/// Whether an export is a function with parameters of these names, and so many results.
fn has_signature(component: &Component, export: &ComponentExportIndex, names: &[&str], results: usize) -> bool {
    match component.get_export(None, export).map(|(item, _)| item) {
        Some(ComponentItem::ComponentFunc(function)) => {
            function.params().map(|(name, _)| name.to_owned()).eq(names.iter().copied())
                && function.results().len() == results
        }
        _ => false,
    }
}

/// Why the compiler takes no such component: the pool that instances come from holds no more than the policy allows.
///
/// That there is no room wasmtime says in words alone: where they change, `what_wasmtime_says_where_there_is_no_room_is_understood` fails.
fn refused(known: &Known, limits: MemoryLimits, error: &wasmtime::Error) -> Error {
    if let Err(error) = known.begins_within(limits) {
        return error;
    }
    let (name, cause) = (known.name().to_owned(), error.root_cause().to_string());
    if NO_ROOM.iter().any(|part| cause.contains(part)) {
        // What follows the first clause is about the engine.
        let cause = cause.split(';').next().unwrap_or(&cause).trim_end().to_owned();
        Error::Room { name, cause }
    } else {
        Error::Malformed { name, cause }
    }
}

/// What wasmtime 48 says where an instance has no room for a component.
const NO_ROOM: [&str; 3] = ["in the pooling allocator", "exceeds the configured maximum", "per-instance limit"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wasmtime_says_where_there_is_no_room_is_understood() {
        let limits = MemoryLimits { memory: 1 << 16, table_elements: 10 };
        let engine = Engine::new(limits, 1).unwrap();
        let component = |modules: &str| {
            format!(
                "(component {modules} (core module $m (func (export \"run\"))) (core instance $i (instantiate $m))
                       (func (export \"run\") (canon lift (core func $i \"run\"))))"
            )
        };
        let many = |what: &str, count: usize| format!("(core module $n {})", what.repeat(count));
        let instances = format!("(core module $n) {}", "(core instance (instantiate $n))".repeat(32));
        for (modules, phrase) in [
            (instances, NO_ROOM[0]),
            (many("(global i64 (i64.const 0))", 40_000) + &"(core instance (instantiate $n))".repeat(2), NO_ROOM[1]),
            (many("(memory 0)", 5), NO_ROOM[2]),
        ] {
            let error = Agent::load("it", component(&modules).as_bytes(), &engine).unwrap_err();
            assert!(matches!(&error, Error::Room { .. }) && error.to_string().contains(phrase), "{phrase}: {error}");
        }
        // These are known by their numbers, whatever wasmtime says.
        let refused = |module| Agent::load("it", component(&many(module, 1)).as_bytes(), &engine).unwrap_err();
        assert!(matches!(refused("(memory 2)"), Error::Memory { .. }));
        assert!(matches!(refused("(table 11 funcref)"), Error::Tables { .. }));
    }

    #[test]
    #[cfg(unix)]
    fn what_the_system_has_no_room_for_is_known_by_its_type() {
        // Memories for so many take more addresses than there are.
        let error = Engine::new(MemoryLimits { memory: 1 << 16, table_elements: 10 }, 1 << 15).unwrap_err();
        assert!(error.root_cause().is::<rustix::io::Errno>(), "{error:#}");
        assert!(crate::capability::is_of_the_system(&error), "{error:#}");
    }
}
