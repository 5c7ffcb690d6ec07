//! Compiled code, passed between the cache and workers by the supervisor.
//!
//! ```text
//!  cache --code of workers, or of the host--> Handed --> worker: loads it
//!  cache <--code of workers------------------ Compiled <-- worker: compiles, before it has lived anything
//! ```
//!
//! 1. The supervisor neither loads nor compiles code. It handles bytes and their tag only.
//! 2. The cache keeps a worker's code as made by a worker, for the agent that the worker was given. The worker has no
//!    say in it. So an agent that breaks into the compiler reaches only workers that run the same agent, which
//!    compile it anyway.
//! 3. Code is taken before the worker is ready. Once an agent has run in a worker, no code is taken from it.

use crate::agent::{CompiledWith, Compiler, Engine, Handed, Maker, ParsedAgent};
use crate::episode::{self, Setting};

use super::frame::{self, Bytes};
use super::wire::Code;

/// Access to the cached code of one agent.
#[derive(Debug)]
pub struct Store {
    compiler: Compiler,
    made: Option<CompiledWith>,
}

impl Store {
    /// Returns access to the code of the setting's agent, where the compiler keeps code.
    pub fn new(compiler: Compiler, setting: &Setting<ParsedAgent>) -> Self {
        // The engine compiles nothing here: it provides the settings that code depends on.
        let engine = || Engine::new(episode::memory(&setting.policy), 1).ok();
        let engine = compiler.cache(&setting.agent).and_then(|_| engine());
        let made = engine.map(|engine| CompiledWith::new(Maker::Worker, &engine, setting.agent.digest()));
        Self { compiler, made }
    }

    /// Returns the compiler, which announces that compiling has begun.
    pub(super) const fn compiler(&self) -> &Compiler {
        &self.compiler
    }

    /// Returns the order that hands the worker the code of its agent, or asks for it.
    pub(super) fn code(&self, agent: &ParsedAgent) -> Code {
        let Some((cache, made)) = self.compiler.cache(agent).zip(self.made.as_ref()) else { return Code::None };
        let kept = cache.code(made).or_else(|| cache.code(&made.by(Maker::Host)));
        match kept.and_then(|code| Handed::new(made, code)) {
            Some(Handed { key, tag, code }) => Code::Handed { key, tag, code: Bytes(code) },
            None => Code::Wanted,
        }
    }

    /// Maximum number of bytes of code that a worker may send: several times the usual size for interpreters.
    pub(super) fn most(agent: &ParsedAgent) -> usize {
        agent.bytes().len().saturating_mul(16).saturating_add(16 << 20).min(frame::LONGEST)
    }

    /// Stores code that a worker has compiled.
    pub(super) fn keep(&self, agent: &ParsedAgent, code: &[u8]) {
        if let Some((cache, made)) = self.compiler.cache(agent).zip(self.made.as_ref()) {
            // INVARIANT 2
            cache.keep(made, code);
        }
    }
}
