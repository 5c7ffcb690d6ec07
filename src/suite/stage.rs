//! Stages: the threads that run trials, with the agents, policies and audits that trials share,
//! each made once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::agent::{self, Agent, AgentSource, ParsedAgent};
use crate::audit::{self, AuditSubject, Pairing, Roads, TrialEpisodes};
use crate::episode::{self, Cancel};
use crate::policy::{Policy, Process};
use crate::property::{Observed, Trial, TrialAgents, Under};
use crate::registry::Registry;
use crate::run::{self, Threads};
use crate::value::{Digest, Seed, lock, plain};

use super::Case;

/// Threads, and the data that trials on them share.
pub struct Stage {
    threads: Threads,
    /// Registry of the agents and policies that properties name; those that come with Dayfly without one.
    registry: Option<Registry>,
    /// Agents that were read, by their name on the command line.
    agents: Mutex<BTreeMap<String, ParsedAgent>>,
    policies: Mutex<BTreeMap<&'static str, Arc<Policy>>>,
    /// Audit of the case that is being run.
    audit: Mutex<Option<(AuditKey, Arc<AuditTrial>)>>,
}

/// Key of an audit: the agent, the digest of the policy, the world and the seed. The seed follows
/// from the case, and so from the property.
type AuditKey = (String, Digest, String, Seed);

/// Function that runs the trial of an audit with this ordinal.
type AuditTrial = dyn Fn(u64) -> Result<TrialEpisodes, audit::Error> + Send + Sync;

/// Error returned when a trial cannot be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The threads, or the compilation of an agent for them, failed.
    #[error(transparent)]
    Threads(#[from] run::ThreadsError),
    /// The component is not an agent, or cannot be read.
    #[error(transparent)]
    Agent(#[from] agent::Error),
    /// A property names an agent or a policy that there is not.
    #[error("a property asks for `{}`, which there is not", plain(.0))]
    Missing(String),
    /// The run failed.
    #[error(transparent)]
    Run(#[from] run::Error),
    /// The audit failed.
    #[error(transparent)]
    Audit(#[from] audit::Error),
}

impl Stage {
    /// Returns a stage on these threads.
    pub fn new(threads: Threads) -> Self {
        Self { threads, registry: None, agents: Mutex::default(), policies: Mutex::default(), audit: Mutex::default() }
    }

    /// Returns the same stage, which finds agents and policies in this registry.
    #[must_use]
    pub fn in_registry(self, registry: &Registry) -> Self {
        Self { registry: Some(registry.clone()), ..self }
    }

    /// Returns the threads.
    pub(super) const fn threads(&self) -> &Threads {
        &self.threads
    }

    /// Returns the agent, compiled for the grants of the policy.
    ///
    /// # Errors
    ///
    /// The component is not an agent, or the host has no room for it.
    #[doc(hidden)]
    pub fn agent(&self, source: &AgentSource, policy: &Policy) -> Result<Agent, Error> {
        Ok(self.threads.agent(&self.known(source)?, policy)?)
    }

    /// Returns the agent; it is read once.
    pub(super) fn known(&self, source: &AgentSource) -> Result<ParsedAgent, Error> {
        let mut agents = lock(&self.agents);
        if let Some(known) = agents.get(&source.text) {
            return Ok(known.clone());
        }
        let known = source.read()?;
        agents.insert(source.text.clone(), known.clone());
        Ok(known)
    }

    /// Runs one trial of a case; none if it was cancelled.
    pub(super) fn observe(&self, case: &Case, trial: &Trial, cancel: &Cancel) -> Result<Option<Observed>, Error> {
        let policy = match trial.under {
            Under::Given => Arc::clone(&case.rules.policy),
            Under::With(openings) => Arc::new(Policy::clone(&case.rules.policy).opened(openings)),
            Under::Shipped(name) => self.policy(name)?,
        };
        let agent = match trial.cast {
            TrialAgents::Pair(ordinal) | TrialAgents::Senders(ordinal) => {
                return self.audited(case, trial, ordinal, &policy, cancel);
            }
            TrialAgents::Subject => self.known(&case.agent)?,
            TrialAgents::Shipped(text) => {
                let source = match &self.registry {
                    Some(registry) => registry.agent(text),
                    None => AgentSource::shipped(text),
                };
                let source = source.ok_or_else(|| Error::Missing(text.to_owned()))?;
                self.known(&source)?
            }
        };
        Ok(run::observe(trial, agent, &policy, &self.threads, cancel)?)
    }

    /// Runs one trial of an audit; none if it was cancelled.
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

    /// Returns the audit that a trial belongs to.
    fn audit(&self, case: &Case, trial: &Trial, policy: &Policy, cancel: &Cancel) -> Result<Arc<AuditTrial>, Error> {
        if policy.isolation.process == Process::Required {
            return Err(run::Error::NotIsolated(policy.name.clone()).into());
        }
        let asked = (case.agent.text.clone(), policy.digest(), trial.world.written(), trial.seed);
        let known = lock(&self.audit).as_ref().filter(|(known, _)| *known == asked).map(|(_, audit)| Arc::clone(audit));
        if let Some(audit) = known {
            return Ok(audit);
        }
        // The lock is not held while the audit is made.
        let subject = AuditSubject::untried(policy, trial.world.clone(), trial.seed, &self.threads, cancel)?;
        let audit: Arc<AuditTrial> = if matches!(trial.cast, TrialAgents::Senders(_)) {
            let roads = Roads::new(&subject, &[])?;
            Arc::new(move |ordinal| roads.live(ordinal))
        } else {
            let pairing = Pairing::new(subject, &[], Some(&self.agent(&case.agent, policy)?))?;
            Arc::new(move |ordinal| pairing.live(ordinal))
        };
        *lock(&self.audit) = Some((asked, Arc::clone(&audit)));
        Ok(audit)
    }

    /// Returns a policy that comes with Dayfly.
    fn policy(&self, name: &'static str) -> Result<Arc<Policy>, Error> {
        let mut policies = lock(&self.policies);
        if let Some(policy) = policies.get(name) {
            return Ok(Arc::clone(policy));
        }
        let policy = match &self.registry {
            Some(registry) => registry.policy_named(name),
            None => Policy::shipped(name),
        };
        let policy = Arc::new(policy.ok_or_else(|| Error::Missing(name.to_owned()))?);
        policies.insert(name, Arc::clone(&policy));
        Ok(policy)
    }
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage").field("threads", &self.threads).finish_non_exhaustive()
    }
}
