//! Who compiles agents: it keeps what it has compiled, where it may, and says that compiling has begun.
//!
//! ```text
//!  Known --is it kept?--> load --+--> link --> Agent
//!          | no                  |
//!          +--> compile, keep ---+
//! ```

use std::any::Any;
use std::sync::Arc;

use dayfly_compiled::{Key, Refused};
use wasmtime::component::Component;

use super::cache::{Cache, Made, Maker};
use super::{Agent, Engine, Error, Known, compile};

/// The least bytes of a component whose code is kept: a smaller one is compiled as soon as it is loaded.
const LEAST: usize = 64 << 10;

/// Told the name of an agent once its compiling begins. What it gives is dropped when that is over.
pub type Notice = dyn Fn(&str) -> Box<dyn Any> + Send + Sync;

/// Compiles agents. By default it keeps nothing, and says nothing.
#[derive(Clone, Default)]
pub struct Compiler {
    cache: Option<Arc<Cache>>,
    notice: Option<Arc<Notice>>,
}

impl Compiler {
    /// A compiler that keeps the code of large components in `cache`.
    pub fn keeping(cache: Option<Cache>) -> Self {
        Self { cache: cache.map(Arc::new), notice: None }
    }

    /// The same compiler, which says when compiling begins.
    #[must_use]
    pub fn telling(self, notice: Arc<Notice>) -> Self {
        Self { notice: Some(notice), ..self }
    }

    /// Where it keeps the code of this agent, where it does.
    pub fn cache(&self, known: &Known) -> Option<&Cache> {
        self.cache.as_deref().filter(|_| known.component().len() >= LEAST)
    }

    /// Say that compiling the agent of this name has begun. What is given is to be dropped when that is over.
    pub fn begin(&self, name: &str) -> Option<Box<dyn Any>> {
        self.notice.as_ref().map(|notice| notice(name))
    }

    /// Compile an agent and link it; where its code is kept, load that instead.
    ///
    /// # Errors
    ///
    /// [`Error`] says what is wrong with it. Nothing of the component has run.
    pub fn compile(&self, known: Known, engine: &Engine) -> Result<Agent, Error> {
        let cache = self.cache(&known);
        let made = Made::new(Maker::Host, engine, known.digest());
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

/// Code on its way to a worker, with a key of its own that vouches for it.
#[derive(Clone, Debug)]
pub struct Handed {
    /// The key.
    pub key: [u8; 32],
    /// What vouches for the code with it.
    pub tag: [u8; 32],
    /// The code.
    pub code: Vec<u8>,
}

impl Handed {
    /// Code that was made so, with a key that nobody can guess; nothing where the system gives none.
    pub fn new(made: &Made, code: Vec<u8>) -> Option<Self> {
        let key = super::cache::random().ok()?;
        let tag = Key::new(key).tag(&made.by(Maker::Worker).description(), &code);
        Some(Self { key, tag, code })
    }

    /// The agent whose code this is, or what the engine says of it; nothing where it is code of something else.
    pub fn load(&self, known: &Known, engine: &Engine) -> Option<Result<Agent, Error>> {
        let made = Made::new(Maker::Worker, engine, known.digest());
        let key = Key::new(self.key);
        let loaded = dayfly_compiled::load(&engine.inner, &key, &made.description(), &self.tag, &self.code);
        taken(known, engine, loaded)
    }
}

/// The agent of a component that was loaded, or what is wrong with it; nothing where it has to be compiled.
fn taken(known: &Known, engine: &Engine, loaded: Result<Component, Refused>) -> Option<Result<Agent, Error>> {
    match loaded {
        Ok(component) => Some(linked(known.clone(), engine, move |_| Ok(component))),
        Err(Refused::Unknown) => None,
        // It would be compiled for nothing.
        Err(Refused::Unfit(error)) => match super::refused(known, engine.limits, &error) {
            error @ (Error::Memory { .. } | Error::Tables { .. } | Error::Room { .. }) => Some(Err(error)),
            _ => None,
        },
    }
}

/// Compile a component and link it.
fn compiled(known: Known, engine: &Engine) -> Result<Agent, Error> {
    let own = known.clone();
    linked(known, engine, move |engine| {
        let compiled = compile::spread(|| Component::from_binary(&engine.inner, own.component()));
        let compiled = compiled.map_err(|unanswered| unanswered.about(own.name()))?;
        compiled.map_err(|error| super::refused(&own, engine.limits, &error))
    })
}

/// Link what is to be had, within the time that an agent may take.
fn linked(
    known: Known,
    engine: &Engine,
    component: impl FnOnce(&Engine) -> Result<Component, Error> + Send + 'static,
) -> Result<Agent, Error> {
    let (name, engine) = (known.name().to_owned(), engine.clone());
    // INVARIANT 3 of `agent`: nobody waits longer.
    let work = move || Agent::link(known, &component(&engine)?, &engine);
    compile::within(compile::PATIENCE, work).unwrap_or_else(|unanswered| Err(unanswered.about(&name)))
}
