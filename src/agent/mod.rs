//! Agents: from bytes to a component that has been checked, compiled and linked, and has not run.
//!
//! ```text
//!  .wat, core module with metadata, component --bounds, encode--> component --read--> ParsedAgent --compile, link--> Agent
//!                                                                                              ^  |
//!                                                                                              +--+ Cache
//! ```
//!
//! 1. A component that imports anything outside the contract never becomes an agent.
//! 2. The imports of an agent are known before it runs, and the policy decides on them then.
//! 3. The input of the compiler is bounded, and so is the time of the wait for it.

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
mod lowered;
mod metadata;
mod objection;
mod part;
mod refused;
mod shipped;
mod source;
mod starts;
mod work;

use std::sync::{Arc, OnceLock};

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre, Linker};

pub use begins::Begins;
pub use cache::{Cache, CacheUse, CompiledWith, Maker, Unusable};
pub use compile::PATIENCE;
pub use compiler::{Compiler, Handed, Notice};
pub use engine::{Engine, THREAD_STACK};
pub use known::ParsedAgent;
pub use part::{ComponentPart, Excess};
pub use shipped::{SHIPPED, Shipped};
pub use source::AgentSource;

use self::clock::Clock;
use self::refused::refused;
use crate::capability::{Host, INSTANCES, MEMORIES, PACKAGE, TABLES, VERSION, WASI_VERSION, WasiFault};
use crate::value::{plain, plain_lines};

/// Version of the engine. The count of fuel depends on it.
pub const ENGINE_VERSION: &str = wasmtime_environ::VERSION;

/// Maximum number of bytes of a component: fuel does not bound compilation.
const MOST_BYTES: usize = 64 << 20;

/// Maximum number of bytes of a component in text. Its parsed form takes a hundred times as much.
const MOST_TEXT: usize = 1 << 20;

/// Component that may run episodes.
#[derive(Clone)]
pub struct Agent {
    known: ParsedAgent,
    instance: InstancePre<Host>,
    run: ComponentExportIndex,
    learn: Option<ComponentExportIndex>,
    clock: Arc<Clock>,
    by_turns: Arc<ByTurns>,
}

/// Parts to instantiate an agent as a role that waits for its turn. The instance is linked at its first use.
struct ByTurns {
    linker: Arc<Linker<Host>>,
    instance: OnceLock<InstancePre<Host>>,
}

/// Error returned when bytes are not a valid agent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file is too large to compile.
    #[error("`{name}` has {bytes} bytes; one like it has at most {most}", name = plain(.name))]
    TooLarge {
        /// Name of the agent.
        name: String,
        /// Size in bytes.
        bytes: usize,
        /// Maximum size in bytes.
        most: usize,
    },
    /// A count of the component is above its bound.
    #[error("`{name}` has more than {} {}: from byte {:#x} on it is too much", .excess.part.most(), .excess.part.name(), .excess.at, name = plain(.name))]
    Excess {
        /// Name of the agent.
        name: String,
        /// Count that is above its bound.
        excess: Excess,
    },
    /// The compiler takes too long.
    #[error("`{name}` was not compiled within {} s of processor time", compile::PATIENCE.as_secs(), name = plain(.name))]
    Slow {
        /// Name of the agent.
        name: String,
    },
    /// The host has no thread to compile on.
    #[error("there is no thread to compile `{name}` on", name = plain(.name))]
    NoThread {
        /// Name of the agent.
        name: String,
    },
    /// The file is empty.
    #[error("`{name}` is empty", name = plain(.name))]
    Empty {
        /// Name of the agent.
        name: String,
    },
    /// The file begins neither as a component does, nor as the text of one.
    #[error("`{name}` is neither WebAssembly nor the text of it: it begins with `{begins}`", name = plain(.name), begins = plain(.begins))]
    NoWebAssembly {
        /// Name of the agent.
        name: String,
        /// Beginning of the file.
        begins: String,
    },
    /// The file is of another, known kind.
    #[error("`{name}` is {what}, not a WebAssembly component", name = plain(.name))]
    Foreign {
        /// Name of the agent.
        name: String,
        /// Kind of the file.
        what: &'static str,
    },
    /// The text cannot be assembled.
    #[error("the text of `{name}` is not that of a WebAssembly component: {cause}", name = plain(.name), cause = plain_lines(&.cause.to_string()))]
    Text {
        /// Name of the agent.
        name: String,
        /// Error of the assembler, with its place.
        cause: Misread,
    },
    /// The bytes are not a whole component.
    #[error("`{name}` is not a valid WebAssembly component: {cause}", name = plain(.name), cause = plain_lines(.cause))]
    Malformed {
        /// Name of the agent.
        name: String,
        /// Message of the compiler.
        cause: String,
    },
    /// The component begins with more memory than an instance may have.
    #[error("`{name}` needs more memory than the policy allows: it begins with {memory}", name = plain(.name), memory = .begins.memory())]
    Memory {
        /// Name of the agent.
        name: String,
        /// Initial memory and tables of the component.
        begins: Begins,
    },
    /// The component begins with more elements of tables than an instance may have.
    #[error("`{name}` needs larger tables than the policy allows: it begins with {elements} elements", name = plain(.name), elements = .begins.table_elements)]
    Tables {
        /// Name of the agent.
        name: String,
        /// Initial memory and tables of the component.
        begins: Begins,
    },
    /// The component has more parts than an instance has room for.
    #[error("`{name}` is made of more than an instance has room for: {cause}", name = plain(.name), cause = plain_lines(.cause))]
    Room {
        /// Name of the agent.
        name: String,
        /// Message about the limit that is exceeded.
        cause: String,
    },
    /// The file is a core module that does not describe its world.
    #[error("`{name}` is a core WebAssembly module, not a component", name = plain(.name))]
    CoreModule {
        /// Name of the agent.
        name: String,
        /// `true` for the text format.
        is_text: bool,
    },
    /// The component imports something outside the contract.
    #[error("`{name}` imports `{import}`, which is not part of the contract", name = plain(.name), import = plain(.import))]
    UnknownImport {
        /// Name of the agent.
        name: String,
        /// Name of the import.
        import: String,
    },
    /// The component imports an interface or a function that virtual WASI does not have.
    #[error("`{name}` imports `{import}`, which virtual WASI does not have", name = plain(.name), import = plain(.import))]
    UnknownWasi {
        /// Name of the agent.
        name: String,
        /// Name of the import.
        import: String,
        /// Reason why it is not available.
        fault: WasiFault,
    },
    /// The component passes texts that are not in UTF-8.
    #[error("`{name}` passes texts in UTF-16", name = plain(.name))]
    Encoding {
        /// Name of the agent.
        name: String,
    },
    /// The component does not export `run`.
    #[error("`{name}` does not export `run`", name = plain(.name))]
    NoRun {
        /// Name of the agent.
        name: String,
    },
    /// The types of the component do not fit the contract.
    #[error("`{name}` does not fit the contract: {cause}", name = plain(.name), cause = plain_lines(.cause))]
    Mismatch {
        /// Name of the agent.
        name: String,
        /// Description of the mismatch.
        cause: String,
    },
}

/// Mistake in the text of a component, and its place.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Misread(wat::Error);

impl Error {
    /// Returns the remedy.
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
            Self::CoreModule { is_text: true, .. } => {
                "write `(component ..)` around it, as `dayfly docs gardener.wat` shows; or run `wasm-tools component embed` and `wasm-tools component new`, as `dayfly docs agents` says"
                    .to_owned()
            }
            Self::CoreModule { is_text: false, .. } => {
                "make it a component: link with `wasm-component-ld`, or run `wasm-tools component embed` and `wasm-tools component new`, as `dayfly docs agents` says"
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
    /// Checks, compiles and links the component in `bytes`: binary or text, or a core module with component metadata.
    ///
    /// # Errors
    ///
    /// Returns [`Error`] if the component is not a valid agent. No part of it has run.
    pub fn load(name: &str, bytes: &[u8], engine: &Engine) -> Result<Self, Error> {
        Compiler::default().compile(ParsedAgent::read(name, bytes)?, engine)
    }

    fn link(known: ParsedAgent, component: &Component, engine: &Engine) -> Result<Self, Error> {
        let owned = || known.name().to_owned();
        // The initial memory is laid out here, not by the first episode: a confined process cannot make the file for
        // it.
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
        // INVARIANT 1: only the contract is linked.
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

    /// Returns the name, for people.
    pub fn name(&self) -> &str {
        self.known.name()
    }

    /// Returns the compiled code, or `None` if there is no memory for it.
    pub fn code(&self) -> Option<Vec<u8>> {
        self.instance.component().serialize().ok()
    }

    /// Returns the capabilities that it imports, in the order of the contract.
    pub fn imports(&self) -> &[&'static str] {
        self.known.imports()
    }

    /// Returns `true` if it exports `learn`.
    pub const fn learns(&self) -> bool {
        self.known.learns()
    }

    /// Adds `text` to the end of every task.
    #[must_use]
    pub fn instructed(self, text: &str) -> Self {
        Self { known: self.known.instructed(text), ..self }
    }

    /// Returns the text that is added to the end of every task.
    pub fn instructions(&self) -> Option<&str> {
        self.known.instructions()
    }

    /// Returns the component, ready to be instantiated.
    pub const fn instance(&self) -> &InstancePre<Host> {
        &self.instance
    }

    /// Returns the component, ready to be instantiated as a role that waits for its turn.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Mismatch`] if it does not fit the contract.
    pub fn by_turns(&self) -> Result<InstancePre<Host>, Error> {
        let ByTurns { linker, instance } = self.by_turns.as_ref();
        if let Some(instance) = instance.get() {
            return Ok(instance.clone());
        }
        let mismatch = |error| Error::Mismatch { name: self.name().to_owned(), cause: format!("{error:#}") };
        let linked = linker.instantiate_pre(self.instance.component()).map_err(mismatch)?;
        Ok(instance.get_or_init(|| linked).clone())
    }

    /// Starts the interrupt clock of its engine, if it does not run. Callers do so before a store waits for the
    /// clock, and before threads can no longer be started.
    pub fn start_clock(&self) {
        self.clock.start();
    }

    /// Returns the export `run`.
    pub const fn run(&self) -> &ComponentExportIndex {
        &self.run
    }

    /// Returns the export `learn`, if there is one.
    pub const fn learn(&self) -> Option<&ComponentExportIndex> {
        self.learn.as_ref()
    }
}

impl From<Agent> for ParsedAgent {
    fn from(agent: Agent) -> Self {
        agent.known
    }
}

impl AsRef<ParsedAgent> for Agent {
    fn as_ref(&self) -> &ParsedAgent {
        &self.known
    }
}

impl std::fmt::Debug for Agent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Agent").field(&self.known).finish()
    }
}

/// Returns `true` if an export is a function with parameters of these names and this number of results.
fn has_signature(component: &Component, export: &ComponentExportIndex, names: &[&str], results: usize) -> bool {
    match component.get_export(None, export).map(|(item, _)| item) {
        Some(ComponentItem::ComponentFunc(function)) => {
            function.params().map(|(name, _)| name.to_owned()).eq(names.iter().copied())
                && function.results().len() == results
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capability::MemoryLimits;

    #[test]
    #[cfg(unix)]
    fn what_the_system_has_no_room_for_is_known_by_its_type() {
        // Memories for this number of episodes take more addresses than exist.
        let error = Engine::new(MemoryLimits { memory: 1 << 16, table_elements: 10 }, 1 << 15).unwrap_err();
        assert!(error.root_cause().is::<rustix::io::Errno>(), "{error:#}");
        assert!(crate::capability::is_of_the_system(&error), "{error:#}");
    }
}
