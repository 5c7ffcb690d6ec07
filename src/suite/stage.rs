//! Where trials are run: engines, and the agents compiled for them, each once.
//!
//! 1. The pool of an engine has no more slots than there are workers, as that of an audit has: every instance is made where one
//!    of another agent was.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::agent::{self, Agent, Compiler, Engine, Source};
use crate::audit::{self, Lived, Pairing, Roads, Subject};
use crate::capability::MemoryLimits;
use crate::episode::{self, Cancel, Ticker};
use crate::harness;
use crate::policy::{self, Policy, Process};
use crate::property::{Cast, Observed, Trial, Under};
use crate::value::{Digest, Seed, plain};

use super::Case;

/// What an engine is configured by.
type Key = (u64, u64);

/// Engines and compiled agents, for so many workers.
pub struct Stage {
    workers: u32,
    engines: Mutex<BTreeMap<Key, Running>>,
    agents: Mutex<BTreeMap<(Key, String), Agent>>,
    policies: Mutex<BTreeMap<&'static str, Arc<Policy>>>,
    /// The audit of the case that is being run.
    audit: Mutex<Option<(Asked, Arc<Audit>)>>,
    compiler: Compiler,
}

/// Which audit it is: of whom, under what and where, and from which seed. The seed follows from the case, and so from the property.
type Asked = (String, Digest, String, Seed);

/// Lives the trial of an audit that has this ordinal.
type Audit = dyn Fn(u64) -> Result<Lived, audit::Error> + Send + Sync;

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
    #[error("a property asks for `{}`, which does not come with Dayfly", plain(.0))]
    Missing(String),
    /// The run could not be carried out.
    #[error(transparent)]
    Run(#[from] harness::Error),
    /// The audit could not be.
    #[error(transparent)]
    Audit(#[from] audit::Error),
}

impl Stage {
    /// A stage for so many workers.
    pub fn new(workers: usize) -> Self {
        Self {
            workers: u32::try_from(workers).unwrap_or(u32::MAX),
            engines: Mutex::default(),
            agents: Mutex::default(),
            policies: Mutex::default(),
            audit: Mutex::default(),
            compiler: Compiler::default(),
        }
    }

    /// The same stage, whose agents are compiled by this compiler.
    #[must_use]
    pub fn compiling(self, compiler: Compiler) -> Self {
        Self { compiler, ..self }
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
        let agent = self.compiler.compile(source.read()?, &self.engine(key, limits)?)?;
        lock(&self.agents).insert((key, source.text.clone()), agent.clone());
        Ok(agent)
    }

    /// Run one trial of a case on the workers of the current pool; nothing where it was cancelled.
    pub(super) fn observe(&self, case: &Case, trial: &Trial, cancel: &Cancel) -> Result<Option<Observed>, Error> {
        let policy = match trial.under {
            Under::Given => Arc::clone(&case.rules.policy),
            Under::With(openings) => Arc::new(Policy::clone(&case.rules.policy).opened(openings)),
            Under::Shipped(name) => self.policy(name)?,
        };
        let agent = match trial.cast {
            Cast::Pair(ordinal) | Cast::Senders(ordinal) => return self.audited(case, trial, ordinal, &policy, cancel),
            Cast::Subject => self.agent(&case.agent, &policy)?,
            Cast::Shipped(text) => {
                let source = Source::shipped(text).ok_or_else(|| Error::Missing(text.to_owned()))?;
                self.agent(&source, &policy)?
            }
        };
        Ok(harness::observe(trial, agent, &policy, cancel)?)
    }

    /// Live one trial of an audit; nothing where it was cancelled.
    fn audited(
        &self,
        case: &Case,
        trial: &Trial,
        ordinal: u64,
        policy: &Policy,
        cancel: &Cancel,
    ) -> Result<Option<Observed>, Error> {
        let lived = match self.audit(case, trial, policy, cancel) {
            Ok(audit) => audit(ordinal),
            Err(Error::Audit(audit::Error::Episode(episode::Error::Ungranted(refused)))) => {
                let nothing = Observed::nothing(harness::terms(policy), Digest::of(b""));
                return Ok(Some(Observed { refused, ..nothing }));
            }
            Err(error) => return Err(error),
        };
        if cancel.is_cancelled() {
            return Ok(None);
        }
        let lived = lived?;
        let nothing = Observed::nothing(harness::terms(policy), lived.root());
        Ok(Some(Observed { episodes: lived.episodes, pairs: lived.pairs, ..nothing }))
    }

    /// The audit that a trial belongs to.
    fn audit(&self, case: &Case, trial: &Trial, policy: &Policy, cancel: &Cancel) -> Result<Arc<Audit>, Error> {
        if policy.isolation.process == Process::Required {
            return Err(harness::Error::NotIsolated(policy.name.clone()).into());
        }
        let asked = (case.agent.text.clone(), policy.digest(), trial.world.to_string(), trial.seed);
        let known = lock(&self.audit).as_ref().filter(|(known, _)| *known == asked).map(|(_, audit)| Arc::clone(audit));
        if let Some(audit) = known {
            return Ok(audit);
        }
        // Not under the lock, as in `agent`.
        let limits = episode::memory(policy);
        let engine = self.engine((limits.memory, limits.table_elements), limits)?;
        let subject = Subject::untried(policy, trial.world.selection.clone().into(), trial.seed, &engine, cancel)?;
        let audit: Arc<Audit> = if matches!(trial.cast, Cast::Senders(_)) {
            let roads = Roads::new(&subject, &[])?;
            Arc::new(move |ordinal| roads.live(ordinal))
        } else {
            let pairing = Pairing::new(subject, &[], Some(&self.agent(&case.agent, policy)?))?;
            Arc::new(move |ordinal| pairing.live(ordinal))
        };
        *lock(&self.audit) = Some((asked, Arc::clone(&audit)));
        Ok(audit)
    }

    fn engine(&self, key: Key, limits: MemoryLimits) -> Result<Engine, Error> {
        let mut engines = lock(&self.engines);
        if let Some(running) = engines.get(&key) {
            return Ok(running.engine.clone());
        }
        // INVARIANT 1: it has one slot more than it is asked for.
        let engine =
            Engine::new(limits, self.workers.saturating_sub(1)).map_err(|error| Error::Engine(format!("{error:#}")))?;
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
