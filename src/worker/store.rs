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
//! 4. No code is taken from a worker that compiles several components. One of them could break into the compiler, and
//!    give code for another.

use crate::agent::{CompiledWith, Compiler, Engine, Handed, Maker, ParsedAgent};
use crate::episode::{self, Setting};

use super::frame::{self, Bytes};
use super::wire::Code;
use crate::value::Digest;

/// Access to the cached code of the agents of a run.
#[derive(Debug)]
pub struct Store {
    compiler: Compiler,
    /// Identity of the code of each component that is kept.
    made: Vec<(Digest, CompiledWith)>,
    /// `true` if the agents are of one component.
    is_alone: bool,
}

impl Store {
    /// Returns access to the code of the setting's agents, where the compiler keeps code.
    pub fn new(compiler: Compiler, setting: &Setting<ParsedAgent>) -> Self {
        let components = setting.components();
        let is_alone = components.len() == 1;
        let kept: Vec<_> = components.into_iter().filter(|agent| compiler.cache(agent).is_some()).collect();
        // The engine compiles nothing here: it provides the settings that code depends on.
        let engine = if kept.is_empty() { None } else { Engine::new(episode::memory(&setting.policy), 1).ok() };
        let of_one = |engine: &Engine, digest| (digest, CompiledWith::new(Maker::Worker, engine, digest));
        let made = engine.iter().flat_map(|engine| kept.iter().map(|agent| of_one(engine, agent.digest()))).collect();
        Self { compiler, made, is_alone }
    }

    /// Returns the identity of the code of an agent, if it is kept.
    fn made(&self, agent: &ParsedAgent) -> Option<&CompiledWith> {
        self.made.iter().find(|(digest, _)| *digest == agent.digest()).map(|(_, made)| made)
    }

    /// Returns the compiler, which announces that compiling has begun.
    pub(super) const fn compiler(&self) -> &Compiler {
        &self.compiler
    }

    /// Returns the order that hands the worker the code of an agent, or asks for it.
    pub(super) fn code(&self, agent: &ParsedAgent) -> Code {
        let Some((cache, made)) = self.compiler.cache(agent).zip(self.made(agent)) else { return Code::None };
        let kept = cache.code(made).or_else(|| cache.code(&made.by(Maker::Host)));
        match kept.and_then(|code| Handed::new(made, code)) {
            Some(Handed { key, tag, code }) => Code::Handed { key, tag, code: Bytes(code) },
            // INVARIANT 4
            None if self.is_alone => Code::Wanted,
            None => Code::None,
        }
    }

    /// Maximum number of bytes of code that a worker may send: several times the usual size for interpreters.
    pub(super) fn most(agent: &ParsedAgent) -> usize {
        agent.bytes().len().saturating_mul(16).saturating_add(16 << 20).min(frame::LONGEST)
    }

    /// Stores code that a worker has compiled.
    pub(super) fn keep(&self, agent: &ParsedAgent, code: &[u8]) {
        if let Some((cache, made)) = self.compiler.cache(agent).zip(self.made(agent)) {
            // INVARIANT 2
            cache.keep(made, code);
        }
    }
}
