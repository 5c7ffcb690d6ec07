//! Where trials are run: engines, and the agents compiled for them, each once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::agent::{self, Agent, Engine, Source};
use crate::capability::MemoryLimits;
use crate::episode::{self, Cancel, Ticker};
use crate::harness;
use crate::policy::{self, Policy};
use crate::property::{Cast, Observed, Trial, Under};

use super::Case;

/// What an engine is configured by.
type Key = (u64, u64);

/// Engines and compiled agents, for so many workers.
pub struct Stage {
    workers: u32,
    engines: Mutex<BTreeMap<Key, Running>>,
    agents: Mutex<BTreeMap<(Key, String), Agent>>,
    policies: Mutex<BTreeMap<&'static str, Arc<Policy>>>,
}

/// An engine whose interrupt clock runs.
struct Running {
    engine: Engine,
    _ticker: Ticker,
}

/// A trial could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The engine could not be started.
    #[error("the engine could not be started: {0}")]
    Engine(String),
    /// The agent is none.
    #[error(transparent)]
    Agent(#[from] agent::Error),
    /// A property asks for what does not come with Dayfly.
    #[error("a property asks for `{0}`, which does not come with Dayfly")]
    Missing(String),
    /// The run could not be carried out.
    #[error(transparent)]
    Run(#[from] harness::Error),
}

impl Stage {
    /// A stage for so many workers.
    pub fn new(workers: usize) -> Self {
        Self {
            workers: u32::try_from(workers).unwrap_or(u32::MAX),
            engines: Mutex::default(),
            agents: Mutex::default(),
            policies: Mutex::default(),
        }
    }

    /// The agent, compiled for what the policy allows.
    ///
    /// # Errors
    ///
    /// It is no agent, or the host has no room for it.
    pub fn agent(&self, source: &Source, policy: &Policy) -> Result<Agent, Error> {
        let limits = episode::memory(policy);
        let key = (limits.memory, limits.table_elements);
        let known = lock(&self.agents).get(&(key, source.text.clone())).cloned();
        if let Some(agent) = known {
            return Ok(agent);
        }
        // Not under the lock: compiling waits for other workers, which may come here.
        let agent = source.load(&self.engine(key, limits)?)?;
        lock(&self.agents).insert((key, source.text.clone()), agent.clone());
        Ok(agent)
    }

    /// Run one trial of a case on the workers of the current pool; nothing where it was cancelled.
    pub(super) fn observe(&self, case: &Case, trial: &Trial, cancel: &Cancel) -> Result<Option<Observed>, Error> {
        let policy = match trial.under {
            Under::Given => Arc::clone(&case.rules.policy),
            Under::Shipped(name) => self.policy(name)?,
        };
        let agent = match trial.cast {
            Cast::Subject => self.agent(&case.agent, &policy)?,
            Cast::Shipped(text) => {
                let source = Source::shipped(text).ok_or_else(|| Error::Missing(text.to_owned()))?;
                self.agent(&source, &policy)?
            }
        };
        Ok(harness::observe(trial, agent, &policy, cancel)?)
    }

    fn engine(&self, key: Key, limits: MemoryLimits) -> Result<Engine, Error> {
        let mut engines = lock(&self.engines);
        if let Some(running) = engines.get(&key) {
            return Ok(running.engine.clone());
        }
        let engine = Engine::new(limits, self.workers).map_err(|error| Error::Engine(format!("{error:#}")))?;
        let running = Running { engine: engine.clone(), _ticker: Ticker::start(&engine) };
        engines.insert(key, running);
        Ok(engine)
    }

    /// A policy that comes with Dayfly.
    fn policy(&self, name: &'static str) -> Result<Arc<Policy>, Error> {
        let mut policies = lock(&self.policies);
        if let Some(policy) = policies.get(name) {
            return Ok(Arc::clone(policy));
        }
        let missing = || Error::Missing(name.to_owned());
        let source = policy::shipped(name).ok_or_else(missing)?;
        let policy = Arc::new(Policy::load(&source, &|_, _| Ok(None)).map_err(|_| missing())?);
        policies.insert(name, Arc::clone(&policy));
        Ok(policy)
    }
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage").field("workers", &self.workers).finish_non_exhaustive()
    }
}

fn lock<T>(slot: &Mutex<T>) -> MutexGuard<'_, T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}
