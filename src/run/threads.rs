//! Threads of this process that live episodes, with the engines and the compiled agents that they share.
//!
//! ```text
//!  Known, Policy --> engine for that much memory, its clock running --> Agent, compiled once
//! ```
//!
//! 1. An agent is compiled for the memory that its policy gives, by an engine that has a place for each thread and whose clock runs.
//! 2. Each thread has the stack that an episode needs, whatever the system gives threads.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::agent::{self, Agent, Compiler, Engine, Known};
use crate::capability::MemoryLimits;
use crate::episode;
use crate::policy::Policy;
use crate::value::{Digest, lock};

/// Threads that live episodes. A clone is the same threads.
#[derive(Clone)]
pub struct Threads(Arc<Shared>);

struct Shared {
    pool: ThreadPool,
    places: u32,
    compiler: Compiler,
    has_wasi: bool,
    engines: Mutex<BTreeMap<Room, Engine>>,
    agents: Mutex<BTreeMap<(Room, Digest, String), Agent>>,
}

/// Bytes of memory and elements of tables that each instance has, and how many instances an episode has.
type Room = (u64, u64, u32);

/// The threads, or what they need, could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A thread could not be started.
    #[error("the threads could not be started")]
    Start(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The host cannot reserve what an engine takes.
    #[error("the engine could not be started: {0}")]
    Engine(String),
    /// The agent cannot be compiled for what its policy gives.
    #[error(transparent)]
    Agent(#[from] agent::Error),
}

impl Threads {
    /// So many threads; at least one.
    ///
    /// # Errors
    ///
    /// [`Error::Start`] where the system gives no thread.
    pub fn new(jobs: usize) -> Result<Self, Error> {
        Self::compiling(jobs, Compiler::default())
    }

    /// The same, with agents that this compiler compiles.
    ///
    /// # Errors
    ///
    /// As [`Threads::new`].
    #[doc(hidden)]
    pub fn compiling(jobs: usize, compiler: Compiler) -> Result<Self, Error> {
        Self::with(jobs, compiler, true)
    }

    /// The same without WASI, which no agent on them can import: to measure what it costs those that do not.
    #[doc(hidden)]
    pub fn without_wasi(jobs: usize) -> Result<Self, Error> {
        Self::with(jobs, Compiler::default(), false)
    }

    fn with(jobs: usize, compiler: Compiler, has_wasi: bool) -> Result<Self, Error> {
        Ok(Self(Arc::new(Shared {
            pool: pool(jobs)?,
            places: u32::try_from(jobs).unwrap_or(u32::MAX),
            compiler,
            has_wasi,
            engines: Mutex::default(),
            agents: Mutex::default(),
        })))
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.pool.current_num_threads()
    }

    /// Do something on them.
    #[doc(hidden)]
    pub fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.0.pool.install(work)
    }

    /// The agent, compiled for what the policy gives.
    ///
    /// # Errors
    ///
    /// [`Error::Agent`] where it does not compile or does not fit, [`Error::Engine`] where the host has no room for it.
    #[doc(hidden)]
    pub fn agent(&self, known: &Known, policy: &Policy) -> Result<Agent, Error> {
        self.agent_among(known, policy, 0)
    }

    /// The same for episodes of so many roles, each of which has an instance.
    pub(super) fn agent_among(&self, known: &Known, policy: &Policy, roles: usize) -> Result<Agent, Error> {
        let room = room(episode::memory(policy), roles);
        let key = (room, known.handed(None), known.name().to_owned());
        let agent = lock(&self.0.agents).get(&key).cloned();
        if let Some(agent) = agent {
            return Ok(agent);
        }
        // Not under the lock: compiling waits for other threads, which may come here.
        let agent = self.0.compiler.compile(known.clone(), &self.engine_of(room)?)?;
        lock(&self.0.agents).insert(key, agent.clone());
        Ok(agent)
    }

    /// The engine for agents with this much memory.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`] where the host has no room for it.
    #[doc(hidden)]
    pub fn engine(&self, limits: MemoryLimits) -> Result<Engine, Error> {
        self.engine_of(room(limits, 0))
    }

    fn engine_of(&self, room: Room) -> Result<Engine, Error> {
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

/// A pool of so many threads; at least one.
pub(super) fn pool(jobs: usize) -> Result<ThreadPool, Error> {
    let named = |index| format!("worker {index}");
    // INVARIANT 2
    let pool = ThreadPoolBuilder::new().num_threads(jobs.max(1)).thread_name(named).stack_size(episode::STACK).build();
    pool.map_err(|error| Error::Start(Box::new(error)))
}

fn room(limits: MemoryLimits, roles: usize) -> Room {
    (limits.memory, limits.table_elements, u32::try_from(roles).unwrap_or(u32::MAX).max(1))
}

impl std::fmt::Debug for Threads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Threads").field("count", &self.count()).finish_non_exhaustive()
    }
}
