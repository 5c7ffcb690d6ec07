//! Threads of this process that run episodes, and the engines and compiled agents that they share.
//!
//! ```text
//!  Known, Policy --> engine for that much memory, its clock running --> Agent, compiled once
//! ```
//!
//! 1. An agent is compiled for the memory that its policy grants. Its engine has a slot for each thread, and its
//!    clock runs.
//! 2. Each thread has the stack that an episode needs, whatever the default of the system.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::agent::{self, Agent, Compiler, Engine, ParsedAgent};
use crate::capability::MemoryLimits;
use crate::episode;
use crate::policy::Policy;
use crate::value::{Digest, lock};

/// Threads that run episodes. A clone refers to the same threads.
#[derive(Clone)]
pub struct Threads(Arc<ThreadsState>);

struct ThreadsState {
    pool: ThreadPool,
    places: u32,
    compiler: Compiler,
    has_wasi: bool,
    engines: Mutex<BTreeMap<InstanceLimits, Engine>>,
    agents: Mutex<BTreeMap<(InstanceLimits, Digest, String), Agent>>,
}

/// Bytes of memory and elements of tables of an instance, and the number of instances of an episode.
type InstanceLimits = (u64, u64, u32);

/// Error returned when the threads, an engine or an agent cannot be provided.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A thread could not be started.
    #[error("the threads could not be started")]
    Start(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The host cannot reserve the memory of an engine.
    #[error("the engine could not be started: {0}")]
    Engine(String),
    /// The agent cannot be compiled within the limits of its policy.
    #[error(transparent)]
    Agent(#[from] agent::Error),
}

impl Threads {
    /// Starts `jobs` threads; at least one.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Start`] when the system cannot start a thread.
    pub fn new(jobs: usize) -> Result<Self, Error> {
        Self::compiling(jobs, Compiler::default())
    }

    /// Starts `jobs` threads, whose agents this compiler compiles.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Threads::new`].
    #[doc(hidden)]
    pub fn compiling(jobs: usize, compiler: Compiler) -> Result<Self, Error> {
        Self::with(jobs, compiler, true)
    }

    /// Starts `jobs` threads without WASI, to measure its cost to agents that do not import it. No agent on them can
    /// import WASI.
    #[doc(hidden)]
    pub fn without_wasi(jobs: usize) -> Result<Self, Error> {
        Self::with(jobs, Compiler::default(), false)
    }

    fn with(jobs: usize, compiler: Compiler, has_wasi: bool) -> Result<Self, Error> {
        Ok(Self(Arc::new(ThreadsState {
            pool: pool(jobs)?,
            places: u32::try_from(jobs).unwrap_or(u32::MAX),
            compiler,
            has_wasi,
            engines: Mutex::default(),
            agents: Mutex::default(),
        })))
    }

    /// Returns the number of threads.
    pub fn count(&self) -> usize {
        self.0.pool.current_num_threads()
    }

    /// Runs `work` on the threads.
    #[doc(hidden)]
    pub fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.0.pool.install(work)
    }

    /// Returns the agent, compiled for the limits of the policy.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Agent`] when the agent does not compile or does not fit. Returns [`Error::Engine`] when the
    /// host has no memory for the engine.
    #[doc(hidden)]
    pub fn agent(&self, known: &ParsedAgent, policy: &Policy) -> Result<Agent, Error> {
        self.agent_among(known, policy, 0)
    }

    /// Returns the agent, compiled for episodes of several roles, each with an instance.
    pub(super) fn agent_among(&self, known: &ParsedAgent, policy: &Policy, roles: usize) -> Result<Agent, Error> {
        let room = room(episode::memory(policy), roles);
        let key = (room, known.handed(None), known.name().to_owned());
        let agent = lock(&self.0.agents).get(&key).cloned();
        if let Some(agent) = agent {
            return Ok(agent);
        }
        // The lock is not held here: compiling waits for other threads, which may ask for an agent too.
        let agent = self.0.compiler.compile(known.clone(), &self.engine_of(room)?)?;
        lock(&self.0.agents).insert(key, agent.clone());
        Ok(agent)
    }

    /// Returns the engine for agents with these limits on memory.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Engine`] when the host has no memory for the engine.
    #[doc(hidden)]
    pub fn engine(&self, limits: MemoryLimits) -> Result<Engine, Error> {
        self.engine_of(room(limits, 0))
    }

    fn engine_of(&self, room: InstanceLimits) -> Result<Engine, Error> {
        let mut engines = lock(&self.0.engines);
        if let Some(engine) = engines.get(&room) {
            return Ok(engine.clone());
        }
        let (memory, table_elements, roles) = room;
        let limits = MemoryLimits { memory, table_elements };
        // INVARIANT 1
        let make = if self.0.has_wasi { Engine::new } else { Engine::without_wasi };
        let engine =
            make(limits, self.0.places.saturating_mul(roles)).map_err(|error| Error::Engine(format!("{error:#}")))?;
        engines.insert(room, engine.clone());
        Ok(engine)
    }
}

/// Starts a pool of `jobs` threads; at least one.
pub(super) fn pool(jobs: usize) -> Result<ThreadPool, Error> {
    let named = |index| format!("worker {index}");
    // INVARIANT 2
    let pool = ThreadPoolBuilder::new().num_threads(jobs.max(1)).thread_name(named).stack_size(episode::STACK).build();
    pool.map_err(|error| Error::Start(Box::new(error)))
}

fn room(limits: MemoryLimits, roles: usize) -> InstanceLimits {
    (limits.memory, limits.table_elements, u32::try_from(roles).unwrap_or(u32::MAX).max(1))
}

impl std::fmt::Debug for Threads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Threads").field("count", &self.count()).finish_non_exhaustive()
    }
}
