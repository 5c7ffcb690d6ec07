//! Audits: tests, with counts, for any influence of one episode on a later one.
//!
//! ```text
//!                        +-- someone --+        +-- the probe --+
//!     the same seed -->  |  episode k  | -----> |  episode k+1  | --> view --+
//!                        +-------------+        +---------------+            |  noninterference: equal, byte for byte
//!                        +- someone else +      +-- the probe --+            |  channels: which of two was it?
//!     the same seed -->  |   episode k   | ---> |  episode k+1  | --> view --+
//!                        +---------------+      +---------------+
//! ```
//!
//! Both audits have the same [`AuditSubject`]: a policy, a world, and a component of ours. The component
//! plays the agents that come before the probe, and the probe. Nothing here is about the behaviour
//! of an agent: an audit is of the boundary.
//!
//! 1. All episodes of an audit share one engine, whose pool has no more slots than there are
//!    threads. Every instance is made where one of another agent was.
//! 2. If the policy declares a road from one episode to the next, the probe lives in another
//!    lineage, which that road does not lead to.
//! 3. The findings of an audit follow from its subject and its seed, and not from the number of
//!    threads.
//!
//! # What it does not show
//!
//! Clean pairs are evidence about pairs drawn as these were, not a proof. Time on the wall, caches
//! of the processor and the memory of the host are not looked at: an agent has no clock to see them
//! with.

mod actor;
mod channels;
mod contract;
mod generate;
mod noninterference;
mod operation;
mod pair;
mod predecessors;
#[cfg(test)]
mod unwinding;
mod view;

use std::sync::Arc;

pub use channels::{
    Bits, CHANNELS, Channel, ChannelKind, Measured, QuickResult, Received, RoadVerdict, Roads, channels, measurements,
    quick, trials,
};
pub use noninterference::{Guests, Pairing, Pairs, ViewDifference, noninterference};
pub use pair::TrialEpisodes;

pub use crate::property::{Road, ViewPart};

use crate::agent::{self, Agent, Engine};
use crate::environment::World;
use crate::episode::{self, Cancel, Setting};
use crate::policy::{Continuity, Policy};
use crate::run::{self, Plan, Threads, ThreadsError};
use crate::transcript::Transcript;
use crate::value::{Seed, plain};

/// Maximum fuel of an episode of an audit: enough to look at all memory, and soon burnt.
const FUEL: u64 = 16_000_000;

/// Error returned when an audit cannot be carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The audit's own component could not be made from the contract.
    #[error("the audit's own agent cannot be made: {0}")]
    Contract(String),
    /// No agent could be generated.
    #[error("an agent could not be generated: {0}")]
    Generate(String),
    /// An agent of the audit could not be loaded.
    #[error(transparent)]
    Agent(#[from] agent::Error),
    /// The host could not go on.
    #[error(transparent)]
    Episode(#[from] episode::Error),
    /// The threads could not be started.
    #[error(transparent)]
    Threads(#[from] ThreadsError),
    /// A run could not be carried out.
    #[error(transparent)]
    Run(#[from] run::Error),
    /// A transcript could not be encoded as JSON.
    #[error("a view could not be encoded")]
    Encode(#[from] serde_json::Error),
    /// The counts are no valid tally.
    #[error(transparent)]
    Statistics(#[from] crate::statistics::Error),
    /// The policy keeps the probe from being told its part.
    #[error("the policy `{}` lets an agent neither see its brief nor be told what to do", plain(.policy))]
    Blind {
        /// Name of the policy.
        policy: String,
    },
}

impl Error {
    #[expect(clippy::needless_pass_by_value, reason = "made for `map_err`")]
    fn contract(error: impl ToString) -> Self {
        Self::Contract(error.to_string())
    }
}

/// Subject of an audit: a policy in a world.
#[derive(Clone, Debug)]
pub struct AuditSubject {
    /// Plan of the audit's own agents.
    plan: Plan,
    /// The audit's own component.
    actor: Agent,
    /// Policy as it was given, which agents of others live by.
    given: Arc<Policy>,
    threads: Threads,
    engine: Engine,
    cancel: Cancel,
}

impl AuditSubject {
    /// Returns the subject of episodes under `policy` in `world`. The audit's own agents have the
    /// policy's fuel, but at most 16 million: the amount does not matter to the audit, and burning
    /// it takes time.
    ///
    /// # Errors
    ///
    /// [`Error::Blind`] if the policy does not let an agent be told its part.
    pub fn new(policy: &Policy, world: World, seed: Seed, threads: &Threads, cancel: &Cancel) -> Result<Self, Error> {
        let subject = Self::untried(policy, world, seed, threads, cancel)?;
        let look = subject.part("look")?;
        let lived = threads.install(|| subject.relay(seed, ProbeCrossing::Open, &[&look]))?;
        // Without a log the number of calls shows that the probe looked: it exceeds the calls that
        // read the brief.
        let can_look = lived.iter().any(|transcript| transcript.body.calls.count > 2);
        if can_look || cancel.is_cancelled() { Ok(subject) } else { Err(subject.blind()) }
    }

    /// Returns the subject without checking that the probe can be told its part. The views show
    /// that later.
    ///
    /// # Errors
    ///
    /// [`Error`] if the audit's own component could not be made.
    pub fn untried(
        policy: &Policy,
        world: World,
        seed: Seed,
        threads: &Threads,
        cancel: &Cancel,
    ) -> Result<Self, Error> {
        let engine = threads.engine(episode::memory(policy))?;
        let actor = Agent::load("actor", &actor::module(policy)?, &engine)?;
        let given = Arc::new(policy.clone());
        let mut policy = policy.clone();
        policy.episode.fuel = policy.episode.fuel.min(FUEL);
        let plan = Plan { episodes: 2, seed, ..Plan::new(actor.as_ref().clone(), policy, world) };
        Ok(Self { plan, actor, given, threads: threads.clone(), engine, cancel: cancel.clone() })
    }

    /// Returns the subject with a policy that differs in what crosses the boundary, and in another
    /// world.
    fn with(&self, change: impl Fn(&mut Policy), world: World) -> Self {
        let changed = |policy: &Policy| {
            let mut policy = policy.clone();
            change(&mut policy);
            Arc::new(policy)
        };
        let plan = Plan { policy: changed(&self.plan.policy), world, ..self.plan.clone() };
        Self { plan, given: changed(&self.given), ..self.clone() }
    }

    /// Returns the threads of the audit.
    pub const fn threads(&self) -> &Threads {
        &self.threads
    }

    /// Returns the policy, with the fuel that its episodes have here.
    pub fn policy(&self) -> &Policy {
        &self.plan.policy
    }

    /// `true` if the policy declares a road from one episode to the next.
    pub fn declares(&self) -> bool {
        let boundary = &self.plan.policy.boundary;
        boundary.carry > 0 || boundary.environment == Continuity::Persist
    }

    /// Returns the setting of the audit's component in this part.
    fn part(&self, task: &str) -> Result<Setting, Error> {
        self.setting(self.actor.clone(), Some(task))
    }

    /// Returns the setting of an agent of the audit's own, with this task or that of the world.
    fn setting(&self, agent: Agent, task: Option<&str>) -> Result<Setting, Error> {
        self.under(&self.plan.policy, agent, task)
    }

    /// Returns the setting of an agent of others, with the task of the world.
    fn guest(&self, agent: Agent) -> Result<Setting, Error> {
        self.under(&self.given, agent, None)
    }

    fn under(&self, policy: &Arc<Policy>, agent: Agent, task: Option<&str>) -> Result<Setting, Error> {
        let run = self.plan.world.digest();
        Ok(Setting::new(agent, Arc::clone(policy), task.map(Arc::from), run, self.cancel.clone())?)
    }

    /// Runs episodes one after the other, each by another agent.
    fn relay(&self, seed: Seed, crossing: ProbeCrossing, turns: &[&Setting]) -> Result<Vec<Transcript>, Error> {
        let lineages = match crossing {
            // INVARIANT 2
            ProbeCrossing::Avoided if self.declares() => 2,
            ProbeCrossing::Avoided | ProbeCrossing::Open => 1,
        };
        let plan = Plan { seed, lineages, episodes: 2, ..self.plan.clone() };
        Ok(run::relay(&plan, turns)?)
    }

    fn blind(&self) -> Error {
        Error::Blind { policy: self.plan.policy.name.clone() }
    }
}

/// Lineage in which the probe lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ProbeCrossing {
    /// The lineage of the episode before.
    Open,
    /// Another lineage, if the policy declares a road.
    Avoided,
}
