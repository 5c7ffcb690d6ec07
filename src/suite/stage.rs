//! Where trials are run: threads, the agents and policies that they ask for, and the audit of a case, each made once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::agent::{self, Agent, Known, Source};
use crate::audit::{self, Lived, Pairing, Roads, Subject};
use crate::episode::{self, Cancel};
use crate::policy::{Policy, Process};
use crate::property::{Cast, Observed, Trial, Under};
use crate::run::{self, Threads};
use crate::value::{Digest, Seed, lock, plain};

use super::Case;

/// Threads, and what trials on them share.
pub struct Stage {
    threads: Threads,
    /// Agents that were read, as they are written on the command line.
    agents: Mutex<BTreeMap<String, Known>>,
    policies: Mutex<BTreeMap<&'static str, Arc<Policy>>>,
    /// The audit of the case that is being run.
    audit: Mutex<Option<(Asked, Arc<Audit>)>>,
}

/// Which audit it is: of whom, under what and where, and from which seed. The seed follows from the case, and so from the property.
type Asked = (String, Digest, String, Seed);

/// Lives the trial of an audit that has this ordinal.
type Audit = dyn Fn(u64) -> Result<Lived, audit::Error> + Send + Sync;

/// A trial could not be carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The threads, or an agent compiled for them.
    #[error(transparent)]
    Threads(#[from] run::ThreadsError),
    /// The agent is none.
    #[error(transparent)]
    Agent(#[from] agent::Error),
    /// A property asks for what does not come with Dayfly.
    #[error("a property asks for `{}`, which does not come with Dayfly", plain(.0))]
    Missing(String),
    /// The run could not be carried out.
    #[error(transparent)]
    Run(#[from] run::Error),
    /// The audit could not be.
    #[error(transparent)]
    Audit(#[from] audit::Error),
}

impl Stage {
    /// A stage on these threads.
    pub fn new(threads: Threads) -> Self {
        Self { threads, agents: Mutex::default(), policies: Mutex::default(), audit: Mutex::default() }
    }

    /// The threads.
    pub(super) const fn threads(&self) -> &Threads {
        &self.threads
    }

    /// The agent, compiled for what the policy allows.
    ///
    /// # Errors
    ///
    /// It is no agent, or the host has no room for it.
    #[doc(hidden)]
    pub fn agent(&self, source: &Source, policy: &Policy) -> Result<Agent, Error> {
        Ok(self.threads.agent(&self.known(source)?, policy)?)
    }

    /// The agent, read once.
    pub(super) fn known(&self, source: &Source) -> Result<Known, Error> {
        let mut agents = lock(&self.agents);
        if let Some(known) = agents.get(&source.text) {
            return Ok(known.clone());
        }
        let known = source.read()?;
        agents.insert(source.text.clone(), known.clone());
        Ok(known)
    }

    /// Run one trial of a case; nothing where it was cancelled.
    pub(super) fn observe(&self, case: &Case, trial: &Trial, cancel: &Cancel) -> Result<Option<Observed>, Error> {
        let policy = match trial.under {
            Under::Given => Arc::clone(&case.rules.policy),
            Under::With(openings) => Arc::new(Policy::clone(&case.rules.policy).opened(openings)),
            Under::Shipped(name) => self.policy(name)?,
        };
        let agent = match trial.cast {
            Cast::Pair(ordinal) | Cast::Senders(ordinal) => return self.audited(case, trial, ordinal, &policy, cancel),
            Cast::Subject => self.known(&case.agent)?,
            Cast::Shipped(text) => {
                let source = Source::shipped(text).ok_or_else(|| Error::Missing(text.to_owned()))?;
                self.known(&source)?
            }
        };
        Ok(run::observe(trial, agent, &policy, &self.threads, cancel)?)
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
                let nothing = Observed::nothing(run::terms(policy), Digest::of(b""));
                return Ok(Some(Observed { refused, ..nothing }));
            }
            Err(error) => return Err(error),
        };
        if cancel.is_cancelled() {
            return Ok(None);
        }
        let lived = lived?;
        let nothing = Observed::nothing(run::terms(policy), lived.root());
        Ok(Some(Observed { episodes: lived.episodes, pairs: lived.pairs, ..nothing }))
    }

    /// The audit that a trial belongs to.
    fn audit(&self, case: &Case, trial: &Trial, policy: &Policy, cancel: &Cancel) -> Result<Arc<Audit>, Error> {
        if policy.isolation.process == Process::Required {
            return Err(run::Error::NotIsolated(policy.name.clone()).into());
        }
        let asked = (case.agent.text.clone(), policy.digest(), trial.world.written(), trial.seed);
        let known = lock(&self.audit).as_ref().filter(|(known, _)| *known == asked).map(|(_, audit)| Arc::clone(audit));
        if let Some(audit) = known {
            return Ok(audit);
        }
        // Not under the lock, as in `agent`.
        let subject = Subject::untried(policy, trial.world.clone(), trial.seed, &self.threads, cancel)?;
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

    /// A policy that comes with Dayfly.
    fn policy(&self, name: &'static str) -> Result<Arc<Policy>, Error> {
        let mut policies = lock(&self.policies);
        if let Some(policy) = policies.get(name) {
            return Ok(Arc::clone(policy));
        }
        let policy = Arc::new(Policy::shipped(name).ok_or_else(|| Error::Missing(name.to_owned()))?);
        policies.insert(name, Arc::clone(&policy));
        Ok(policy)
    }
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage").field("threads", &self.threads).finish_non_exhaustive()
    }
}
