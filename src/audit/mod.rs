//! Audits: whether anything of one episode reaches a later one, tried and counted.
//!
//! ```text
//!                    +-- someone --+        +-- the probe --+
//!  the same seed --> |  episode k  | -----> |  episode k+1  | --> view --+
//!                    +-------------+        +---------------+            |  noninterference: equal, byte for byte
//!                    +- someone else +      +-- the probe --+            |  channels: which of two was it?
//!  the same seed --> |   episode k   | ---> |  episode k+1  | --> view --+
//!                    +---------------+      +---------------+
//! ```
//!
//! Both stand on the same [`Subject`]: a policy, a world, and a component of ours that plays whoever comes before and the
//! probe that comes after. Nothing here is about how an agent behaves: an audit is of the boundary.
//!
//! 1. All episodes of an audit share one engine, whose pool has no more slots than there are threads: every instance is made
//!    where one of another agent was.
//! 2. Where the policy declares a road from one episode to the next, the probe lives in another lineage, which that road
//!    does not lead to.
//! 3. What an audit finds follows from its subject and its seed, and not from the number of threads.
//!
//! # What it does not show
//!
//! Clean pairs are evidence about pairs drawn as these were, not a proof. Time on the wall, caches of the processor and the
//! memory of the host are not looked at: an agent has no clock to see them with.

mod actor;
mod cast;
mod channels;
mod contract;
mod generate;
mod noninterference;
mod operation;
mod pair;
#[cfg(test)]
mod unwinding;
mod view;

use std::sync::Arc;

pub use channels::{
    Bits, CHANNELS, Channel, Kind, Measured, Roads, Sent, Tried, Verdict, channels, measurements, quick, trials,
};
pub use noninterference::{Difference, Guests, Pairing, Pairs, noninterference};
pub use pair::Lived;

pub use crate::property::{Part, Road};

use crate::agent::{self, Agent, Engine};
use crate::environment::World;
use crate::episode::{self, Cancel, Setting};
use crate::policy::{Continuity, Policy};
use crate::run::{self, Plan, Threads, ThreadsError};
use crate::transcript::Transcript;
use crate::value::{Seed, plain};

/// The fuel that an episode of an audit has at most: enough to look at all memory, and soon burnt.
const FUEL: u64 = 16_000_000;

/// An audit could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Our own component could not be made from the contract.
    #[error("the audit's own agent cannot be made: {0}")]
    Contract(String),
    /// An agent made of chance could not be made.
    #[error("an agent could not be generated: {0}")]
    Generate(String),
    /// Our own component is none.
    #[error(transparent)]
    Agent(#[from] agent::Error),
    /// The host could not go on.
    #[error(transparent)]
    Episode(#[from] episode::Error),
    /// There are no threads.
    #[error(transparent)]
    Threads(#[from] ThreadsError),
    /// There is no room for what may be written.
    #[error(transparent)]
    Run(#[from] run::Error),
    /// A transcript has no JSON.
    #[error("a view could not be encoded")]
    Encode(#[from] serde_json::Error),
    /// What was counted is no tally.
    #[error(transparent)]
    Statistics(#[from] crate::statistics::Error),
    /// The probe cannot see.
    #[error("the policy `{}` lets an agent neither see its brief nor be told what to do", plain(.policy))]
    Blind {
        /// The policy.
        policy: String,
    },
}

impl Error {
    #[expect(clippy::needless_pass_by_value, reason = "made for `map_err`")]
    fn contract(error: impl ToString) -> Self {
        Self::Contract(error.to_string())
    }
}

/// What is audited: a policy in a world.
#[derive(Clone, Debug)]
pub struct Subject {
    /// What the audit's own agents live by.
    plan: Plan,
    /// The audit's own component.
    actor: Agent,
    /// The policy as it is, which agents of others live by.
    given: Arc<Policy>,
    threads: Threads,
    engine: Engine,
    cancel: Cancel,
}

impl Subject {
    /// Episodes under `policy` in `world`. The audit's own agents have the policy's fuel, or 16 million where it grants more:
    /// how much there is does not matter to what is looked for, and burning it takes the time of an audit.
    ///
    /// # Errors
    ///
    /// [`Error::Blind`] where the policy does not let an agent be told its part.
    pub fn new(policy: &Policy, world: World, seed: Seed, threads: &Threads, cancel: &Cancel) -> Result<Self, Error> {
        let subject = Self::untried(policy, world, seed, threads, cancel)?;
        let look = subject.part("look")?;
        let lived = threads.install(|| subject.relay(seed, Crossing::Open, &[&look]))?;
        // Without a log it is seen by its calls alone: more than the brief.
        let can_look = lived.iter().any(|transcript| transcript.body.calls.count > 2);
        if can_look || cancel.is_cancelled() { Ok(subject) } else { Err(subject.blind()) }
    }

    /// The same for who sees from the views whether the probe was told its part.
    ///
    /// # Errors
    ///
    /// Our own component could not be made.
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

    /// The same, with a policy that differs in what crosses the boundary, and in another world.
    fn with(&self, change: impl Fn(&mut Policy), world: World) -> Self {
        let changed = |policy: &Policy| {
            let mut policy = policy.clone();
            change(&mut policy);
            Arc::new(policy)
        };
        let plan = Plan { policy: changed(&self.plan.policy), world, ..self.plan.clone() };
        Self { plan, given: changed(&self.given), ..self.clone() }
    }

    /// The threads that it is audited on.
    pub const fn threads(&self) -> &Threads {
        &self.threads
    }

    /// The policy, with the fuel that its episodes have here.
    pub fn policy(&self) -> &Policy {
        &self.plan.policy
    }

    /// Whether the policy declares a road from one episode to the next.
    pub fn declares(&self) -> bool {
        let boundary = &self.plan.policy.boundary;
        boundary.carry > 0 || boundary.environment == Continuity::Persist
    }

    /// Our component in this part.
    fn part(&self, task: &str) -> Result<Setting, Error> {
        self.setting(self.actor.clone(), Some(task))
    }

    /// An agent of the audit's own, with this task or that of the world.
    fn setting(&self, agent: Agent, task: Option<&str>) -> Result<Setting, Error> {
        self.under(&self.plan.policy, agent, task)
    }

    /// An agent of others, with the task of the world.
    fn guest(&self, agent: Agent) -> Result<Setting, Error> {
        self.under(&self.given, agent, None)
    }

    fn under(&self, policy: &Arc<Policy>, agent: Agent, task: Option<&str>) -> Result<Setting, Error> {
        let run = self.plan.world.digest();
        Ok(Setting::new(agent, Arc::clone(policy), task.map(Arc::from), run, self.cancel.clone())?)
    }

    /// Episodes after each other, each by another agent.
    fn relay(&self, seed: Seed, crossing: Crossing, turns: &[&Setting]) -> Result<Vec<Transcript>, Error> {
        let lineages = match crossing {
            // INVARIANT 2
            Crossing::Avoided if self.declares() => 2,
            Crossing::Avoided | Crossing::Open => 1,
        };
        let plan = Plan { seed, lineages, episodes: 2, ..self.plan.clone() };
        Ok(run::relay(&plan, turns)?)
    }

    fn blind(&self) -> Error {
        Error::Blind { policy: self.plan.policy.name.clone() }
    }
}

/// Whether the probe lives where a declared road leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Crossing {
    /// In the lineage of the one before.
    Open,
    /// In another lineage, where the policy declares a road.
    Avoided,
}
