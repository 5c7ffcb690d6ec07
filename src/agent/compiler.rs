//! Compiler of agents. It keeps compiled code in the cache, and reports that a compilation has
//! begun.
//!
//! ```text
//!  ParsedAgent --is it kept?--> load --+--> link --> Agent
//!          | no                  |
//!          +--> compile, keep ---+
//! ```

use std::any::Any;
use std::sync::Arc;

use dayfly_compiled::{Key, Refused};
use wasmtime::component::Component;

use super::cache::{Cache, CompiledWith, Maker};
use super::{Agent, Engine, Error, ParsedAgent, compile};

/// Minimum number of bytes of a component whose code is kept. A smaller one is compiled as fast as
/// it is loaded.
const LEAST: usize = 64 << 10;

/// Function that is called with the name of an agent when its compilation begins. Its result is
/// dropped when the compilation is over.
pub type Notice = dyn Fn(&str) -> Box<dyn Any> + Send + Sync;

/// Compiler of agents. By default it keeps nothing, and reports nothing.
#[derive(Clone, Default)]
pub struct Compiler {
    cache: Option<Arc<Cache>>,
    notice: Option<Arc<Notice>>,
}

impl Compiler {
    /// Makes a compiler that keeps the code of large components in `cache`.
    pub fn keeping(cache: Option<Cache>) -> Self {
        Self { cache: cache.map(Arc::new), notice: None }
    }

    /// Sets the function to call when a compilation begins.
    #[must_use]
    pub fn telling(self, notice: Arc<Notice>) -> Self {
        Self { notice: Some(notice), ..self }
    }

    /// Returns the cache for the code of this agent, if its code is kept.
    pub fn cache(&self, known: &ParsedAgent) -> Option<&Cache> {
        self.cache.as_deref().filter(|_| known.component().len() >= LEAST)
    }

    /// Reports that the compilation of this agent has begun. The caller drops the result when it is
    /// over.
    pub fn begin(&self, name: &str) -> Option<Box<dyn Any>> {
        self.notice.as_ref().map(|notice| notice(name))
    }

    /// Compiles an agent and links it. If its code is in the cache, loads that instead.
    ///
    /// # Errors
    ///
    /// Returns [`Error`] if the component is not a valid agent. No part of it has run.
    pub fn compile(&self, known: ParsedAgent, engine: &Engine) -> Result<Agent, Error> {
        let cache = self.cache(&known);
        let made = CompiledWith::new(Maker::Host, engine, known.digest());
        let loaded = cache.and_then(|cache| cache.load(engine, &made));
        if let Some(agent) = loaded.and_then(|loaded| taken(&known, engine, loaded)) {
            return agent;
        }
        let _told = self.begin(known.name());
        let agent = compiled(known, engine)?;
        if let Some((cache, code)) = cache.zip(agent.code()) {
            cache.keep(&made, &code);
        }
        Ok(agent)
    }
}

impl std::fmt::Debug for Compiler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compiler").field("cache", &self.cache).finish_non_exhaustive()
    }
}

/// Code on its way to a worker, with a key that vouches for it alone.
#[derive(Clone, Debug)]
pub struct Handed {
    /// Key.
    pub key: [u8; 32],
    /// Tag that vouches for the code, under the key.
    pub tag: [u8; 32],
    /// Code.
    pub code: Vec<u8>,
}

impl Handed {
    /// Makes a random key for code with this identity. Returns `None` if the system gives no random
    /// bytes.
    pub fn new(made: &CompiledWith, code: Vec<u8>) -> Option<Self> {
        let key = super::cache::random().ok()?;
        let tag = Key::new(key).tag(&made.by(Maker::Worker).description(), &code);
        Some(Self { key, tag, code })
    }

    /// Loads the agent of this code. Returns `None` if the code is of something else.
    pub fn load(&self, known: &ParsedAgent, engine: &Engine) -> Option<Result<Agent, Error>> {
        let made = CompiledWith::new(Maker::Worker, engine, known.digest());
        let key = Key::new(self.key);
        let loaded = dayfly_compiled::load(&engine.inner, &key, &made.description(), &self.tag, &self.code);
        taken(known, engine, loaded)
    }
}

/// Makes an agent of a loaded component. Returns `None` if it has to be compiled.
fn taken(known: &ParsedAgent, engine: &Engine, loaded: Result<Component, Refused>) -> Option<Result<Agent, Error>> {
    match loaded {
        Ok(component) => Some(linked(known.clone(), engine, move |_| Ok(component))),
        Err(Refused::Unknown) => None,
        // Compilation would fail with the same error.
        Err(Refused::Unfit(error)) => match super::refused(known, engine.limits, &error) {
            error @ (Error::Memory { .. } | Error::Tables { .. } | Error::Room { .. }) => Some(Err(error)),
            _ => None,
        },
    }
}

/// Compiles a component and links it.
fn compiled(known: ParsedAgent, engine: &Engine) -> Result<Agent, Error> {
    let own = known.clone();
    linked(known, engine, move |engine| {
        let compiled = compile::spread(|| Component::from_binary(&engine.inner, own.component()));
        let compiled = compiled.map_err(|unanswered| unanswered.about(own.name()))?;
        compiled.map_err(|error| super::refused(&own, engine.limits, &error))
    })
}

/// Gets a component with `component` and links it, within the time limit of an agent.
fn linked(
    known: ParsedAgent,
    engine: &Engine,
    component: impl FnOnce(&Engine) -> Result<Component, Error> + Send + 'static,
) -> Result<Agent, Error> {
    let (name, engine) = (known.name().to_owned(), engine.clone());
    // INVARIANT 3 of `agent`: the wait is bounded.
    let work = move || Agent::link(known, &component(&engine)?, &engine);
    compile::within(compile::PATIENCE, work).unwrap_or_else(|unanswered| Err(unanswered.about(&name)))
}
