//! Compiled code between workers and the cache, as the supervisor sees to it.
//!
//! ```text
//!  cache --code of workers, or of the host--> Handed --> worker: loads it
//!  cache <--code of workers------------------ Compiled <-- worker: compiles, before it has lived anything
//! ```
//!
//! 1. The supervisor loads none of it, and compiles none: it has the bytes, and their tag, and no more.
//! 2. What a worker has compiled is kept as that of a worker, for the agent that it was given, whatever the worker says. So an agent that
//!    breaks into the compiler reaches workers of its own, which compile it anyway, and nobody else.
//! 3. It is taken before the worker is ready. Once an agent has lived an episode, its worker is not heard on code any more.

use crate::agent::{Compiler, Engine, Handed, Known, Made, Maker};
use crate::episode::{self, Setting};

use super::frame::{self, Bytes};
use super::wire::Code;

/// What is kept of the code of one agent.
#[derive(Debug)]
pub struct Store {
    compiler: Compiler,
    made: Option<Made>,
}

impl Store {
    /// That of the agent of this setting, where the compiler keeps code.
    pub fn new(compiler: Compiler, setting: &Setting<Known>) -> Self {
        // The engine makes no code: it says what code for it depends on.
        let engine = || Engine::new(episode::memory(&setting.policy), 1).ok();
        let engine = compiler.cache(&setting.agent).and_then(|_| engine());
        let made = engine.map(|engine| Made::new(Maker::Worker, &engine, setting.agent.digest()));
        Self { compiler, made }
    }

    /// Who says that compiling has begun.
    pub(super) const fn compiler(&self) -> &Compiler {
        &self.compiler
    }

    /// What a worker is told of the code of its agent.
    pub(super) fn code(&self, agent: &Known) -> Code {
        let Some((cache, made)) = self.compiler.cache(agent).zip(self.made.as_ref()) else { return Code::None };
        let kept = cache.code(made).or_else(|| cache.code(&made.by(Maker::Host)));
        match kept.and_then(|code| Handed::new(made, code)) {
            Some(Handed { key, tag, code }) => Code::Handed { key, tag, code: Bytes(code) },
            None => Code::Wanted,
        }
    }

    /// The most bytes that a worker may tell of the code of its agent: several times what compilers make of interpreters.
    pub(super) fn most(agent: &Known) -> usize {
        agent.bytes().len().saturating_mul(16).saturating_add(16 << 20).min(frame::LONGEST)
    }

    /// Keep what a worker has compiled.
    pub(super) fn keep(&self, agent: &Known, code: &[u8]) {
        if let Some((cache, made)) = self.compiler.cache(agent).zip(self.made.as_ref()) {
            // INVARIANT 2
            cache.keep(made, code);
        }
    }
}
