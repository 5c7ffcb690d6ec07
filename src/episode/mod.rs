//! One episode, from its opening to its transcript.
//!
//! ```text
//!  Ticket --open--> Episode --run--> boundary, grace --close--> workspace wiped, store dropped --learn--> Finished
//! ```
//!
//! 1. An instance lives for one episode: its store is dropped at the close, whatever happened in it.
//! 2. Everything that an agent does ends in an [`End`], never in an error. Every failure of the host is an [`Error`].
//! 3. `learn` runs in an instance of its own, in which every capability is refused.
//! 4. Only the environment and the carry-over of an episode reach the next one, and only where the policy says so.
//! 5. Nothing reaches the next episode from one that the wall clock ended, since its extent depends on the load of
//!    the machine.

mod learn;
mod roles;
mod shares;
mod ticket;

use std::collections::BTreeMap;
use std::sync::Arc;

use wasmtime::{Store, Trap, UpdateDeadline};

pub use crate::agent::THREAD_STACK as STACK;
pub use crate::capability::Cancel;
pub use roles::RolePlayer;
pub(crate) use roles::are_finite;
pub use ticket::{Aborted, Error, Finished, Ticket};

use self::learn::{Pupil, Taught};
use crate::agent::{Agent, ParsedAgent};
use crate::capability::{
    Allowance, CalledExit, Charter, Closed, Departed, Host, HostOpening, LastStep, MemoryLimits, OutsideError,
    ToolFailed, Tools, Wall, WorkspaceError, is_of_the_system,
};
use crate::environment::{Environment, Failed, sound};
use crate::gate::{Awareness, Demands, Gate};
use crate::policy::{Continuity, Granted, Policy};
use crate::transcript::{Body, Calls, Class, Closing, Counts, Detail, End, Header, Record, Transcript};
use crate::value::{Digest, Seed};

/// Everything that the episodes of a run share. A `Setting` of [`ParsedAgent`] has no compiled agent, and its episodes run
/// elsewhere.
#[derive(Clone, Debug)]
pub struct Setting<A = Agent> {
    /// The agent, compiled or not.
    pub agent: A,
    /// The policy of the run.
    pub policy: Arc<Policy>,
    /// Grants of the policy, compiled.
    charter: Arc<Charter>,
    /// Task in words, or `None` for the task of the environment.
    pub task: Option<Arc<str>>,
    /// Digest of the run's manifest.
    pub run: Digest,
    /// Cancellation of the run by the operator.
    pub cancel: Cancel,
    /// Detail of the steps in transcripts.
    steps: Detail,
    /// Agents of the roles, where there are several. The first one's agent is also `agent`.
    roles: Vec<RolePlayer<A>>,
}

/// Exit of the component from its main call.
enum AgentExit {
    Returned,
    /// The component exited without returning, and without a failure.
    Left,
    /// The component trapped, with this message.
    Trapped(String),
    OutOfFuel,
    Interrupted,
}

/// Result of the component's part of an episode.
struct Acted {
    closed: Closed,
    closing: Closing,
    cause: Option<String>,
    fuel: u64,
    /// Failure of the host, if any.
    failure: Option<Error>,
}

impl<A: AsRef<ParsedAgent>> Setting<A> {
    /// Returns the setting of a run under `policy`.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Ungranted`] when the agent imports a capability that the policy does not mention. Such an
    /// agent never runs.
    pub fn new(
        agent: A,
        policy: Arc<Policy>,
        task: Option<Arc<str>>,
        run: Digest,
        cancel: Cancel,
    ) -> Result<Self, Error> {
        let missing = policy.ungranted(agent.as_ref().imports());
        if !missing.is_empty() {
            return Err(Error::Ungranted(missing.into_iter().map(|ungranted| ungranted.capability).collect()));
        }
        Ok(Self::unheld(agent, policy, task, run, cancel))
    }

    /// Returns the setting without a check of the agent's imports. Each role checks its agent against its own grants.
    fn unheld(agent: A, policy: Arc<Policy>, task: Option<Arc<str>>, run: Digest, cancel: Cancel) -> Self {
        let charter = charter(&policy.grants, &policy.tools);
        let steps = policy.record.steps;
        Self { agent, policy, charter, task, run, cancel, steps, roles: Vec::new() }
    }

    /// Returns the digest of everything that the agent is handed.
    pub fn handed(&self) -> Digest {
        self.agent.as_ref().handed(self.task.as_deref())
    }

    /// Returns `true` if `learn` is called after each episode.
    pub fn learns(&self) -> bool {
        self.has_lessons_of(self.agent.as_ref())
    }

    /// Returns `true` if the `learn` of this agent is called after each episode in which it acts.
    pub fn has_lessons_of(&self, agent: &ParsedAgent) -> bool {
        agent.learns() && self.policy.boundary.carry > 0
    }

    /// Returns the last step that an episode in `environment` can have: the task's limit, or the policy's where that
    /// is lower.
    pub fn last_step(&self, environment: &dyn Environment) -> u32 {
        let limit = self.policy.episode.steps;
        environment.steps().map_or(limit, |steps| steps.min(limit))
    }

    /// Returns the step limit of an episode in `environment`, as far as the agent is told of it.
    pub fn limit(&self, environment: &dyn Environment) -> LastStep {
        self.limit_of(self.agent.as_ref(), environment)
    }

    /// Returns the task in words, from the run or else the environment, followed by the agent's instructions.
    fn task(&self, environment: &dyn Environment) -> Arc<str> {
        self.task_of(self.agent.as_ref(), environment)
    }

    fn task_of(&self, agent: &ParsedAgent, environment: &dyn Environment) -> Arc<str> {
        match (agent.instructions(), &self.task) {
            (None, Some(task)) => Arc::clone(task),
            (None, None) => environment.task().into(),
            (Some(instructions), task) => {
                let task = task.as_deref().unwrap_or_else(|| environment.task());
                format!("{task}\n{instructions}").into()
            }
        }
    }

    /// Returns the header of an episode's transcript.
    pub fn header(&self, ticket: &Ticket) -> Header {
        let persists = self.policy.boundary.environment == Continuity::Persist;
        Header {
            episode: ticket.episode,
            lineage: ticket.lineage,
            world: ticket.world,
            run: self.run,
            seed: ticket.seed,
            carry_over: (!ticket.carry_over.is_empty()).then(|| Digest::of(&ticket.carry_over)),
            carry_overs: self.carried(&ticket.carry_overs),
            carry_over_of: ticket.carry_over_of,
            generation: ticket.generation,
            environment: persists.then(|| Digest::of(&ticket.environment.state())),
        }
    }
}

impl Setting<ParsedAgent> {
    /// Returns the same setting, with each agent compiled by `compile`.
    ///
    /// # Errors
    ///
    /// Returns the errors of `compile`.
    pub fn compiled<E>(self, compile: impl Fn(&ParsedAgent) -> Result<Agent, E>) -> Result<Setting, E> {
        let Self { agent, policy, charter, task, run, cancel, steps, roles } = self;
        let compiled = |cast: RolePlayer<ParsedAgent>| cast.compiled(&compile);
        let roles = roles.into_iter().map(compiled).collect::<Result<_, _>>()?;
        Ok(Setting { agent: compile(&agent)?, policy, charter, task, run, cancel, steps, roles })
    }
}

impl Setting {
    /// Puts each step into the transcripts, for a sink, also where the policy records only the digest of steps.
    pub const fn show_steps(&mut self) {
        self.steps = Detail::Full;
    }

    /// Returns the same setting without compiled agents, for episodes that run in other processes.
    pub fn known(&self) -> Setting<ParsedAgent> {
        let Self { agent, policy, charter, task, run, cancel, steps, roles } = self.clone();
        let roles = roles.into_iter().map(RolePlayer::known).collect();
        Setting { agent: agent.into(), policy, charter, task, run, cancel, steps, roles }
    }

    /// Runs one episode. Calls `learn` afterwards, where the policy declares a carry-over and the agent learns. The
    /// thread has to have a stack of [`STACK`] bytes.
    ///
    /// # Errors
    ///
    /// Returns [`Aborted`] when the host cannot go on; nothing that the agent does is an error.
    pub fn live(&self, ticket: Ticket) -> Result<Finished, Box<Aborted>> {
        if !self.roles.is_empty() {
            return self.live_by_turns(ticket);
        }
        let header = self.header(&ticket);
        let carry_over = Arc::clone(&ticket.carry_over);
        let (seed, generation) = (ticket.lineage_seed, ticket.generation);
        let pupil = Pupil { agent: &self.agent, charter: &self.charter, role: None, seed, generation };
        let persists = self.policy.boundary.environment == Continuity::Persist;
        let before = persists.then(|| ticket.environment.state());
        let acted = match self.act(ticket) {
            Ok(acted) => acted,
            Err(error) => {
                return Err(Box::new(Aborted { transcript: Transcript { header, body: Body::default() }, error }));
            }
        };
        let Acted { mut closed, closing, cause, fuel, mut failure } = acted;
        let mut lesson = None;
        if failure.is_none() && self.learns() {
            let learned = if closed.end == End::Wall {
                // INVARIANT 5
                Ok(learn::withheld(&carry_over))
            } else {
                let steps: Vec<_> = closed.record.trace.iter().collect();
                let experience = learn::experience(self, pupil, &steps, &closed.left, closed.end, None);
                learn::learn(self, pupil, &experience, &carry_over)
            };
            match learned {
                Ok(Taught { learned, next, demands, record }) => {
                    closed.demands = closed.demands.and(demands);
                    if let Some(record) = record {
                        closed.record.absorb(record);
                    }
                    lesson = Some((learned, next));
                }
                Err(error) => failure = Some(error),
            }
        }
        let Closed { end, demands, record, steps, left } = closed;
        let Departed { total, environment, log, messages, residue, .. } = left;
        let Record { digest, counts, entries, entries_cut, trace, outside, roles: _ } = record;
        let Counts { calls, steps: _, violations, notices, tripwires, after_end } = counts;
        let performance = sound::performance(environment.as_ref()).unwrap_or_else(|failed| {
            failure.get_or_insert(Error::World(failed));
            0.0
        });
        let (learned, carry_over) = lesson.map_or((None, carry_over), |(learned, next)| (Some(learned), next));
        let body = Body {
            end: if failure.is_some() { End::Aborted } else { end },
            fault: None,
            lost: None,
            reproducible: false,
            closing,
            cause,
            steps,
            total,
            performance,
            fuel,
            calls: Calls { count: calls, digest },
            violations,
            notices,
            tripwires,
            after_end,
            entries,
            entries_cut,
            trace: if self.steps == Detail::Full { trace } else { Vec::new() },
            outside,
            log,
            // The record of an aborted episode stays; none of its messages is released.
            released: if failure.is_some() { Vec::new() } else { messages },
            residue,
            learned,
            roles: Vec::new(),
        };
        if let Some(error) = failure {
            return Err(Box::new(Aborted { transcript: Transcript { header, body }, error }));
        }
        Ok(over(header, body, environment, before.as_deref(), (carry_over, Vec::new()), demands))
    }

    /// Opens the episode, lets the agent act until its grace is over, and closes the episode.
    fn act(&self, ticket: Ticket) -> Result<Acted, Error> {
        let allowance = Allowance { fuel: self.policy.episode.fuel, grace: self.policy.episode.grace_fuel };
        let mut store = self.store(self.open(ticket, allowance)?, allowance.total())?;
        let exit = self.run(&mut store);
        let left = store.get_fuel().map_err(engine)?;
        // INVARIANT 1: the store is gone from here on.
        let mut host = store.into_data();
        let fuel = host.fuel_used(left);
        let (closing, cause, failed) = departure(exit, host.gate());
        let (closed, wiped) = host.close(closing);
        let failure = failed.or_else(|| wiped.err().map(Error::Workspace));
        Ok(Acted { closed, closing, cause, fuel, failure })
    }

    /// Returns the wall clock of an instance that starts now.
    fn wall(&self) -> Wall {
        Wall::after(self.policy.episode.wall, self.cancel.clone())
    }

    fn open(&self, ticket: Ticket, allowance: Allowance) -> Result<Host, Error> {
        let Ticket { seed, lineage_seed, mut environment, carry_over, .. } = ticket;
        let limits = &self.policy.episode;
        let observation = sound::open(environment.as_mut(), world_seed(seed))?;
        let task = self.task(environment.as_ref());
        let last_step = self.last_step(environment.as_ref());
        let steps = if self.learns() { Detail::Full } else { self.steps };
        let gate = Gate::new(self.policy.consequences, self.policy.record, limits.call_bytes);
        let opening = HostOpening {
            seed,
            lineage: lineage_seed,
            task,
            last_step,
            release: limits.on_release,
            objective: self.policy.objective,
            steps,
            wall: self.wall(),
            carry_over,
            environment,
            observation,
            shared: None,
        };
        Ok(Host::new(gate, Arc::clone(&self.charter), allowance, self.memory(), opening))
    }

    /// Returns a store for one instance of the agent, with every limit set before the component runs.
    fn store(&self, host: Host, fuel: u64) -> Result<Store<Host>, Error> {
        self.store_of(&self.agent, host, fuel)
    }

    fn store_of(&self, agent: &Agent, host: Host, fuel: u64) -> Result<Store<Host>, Error> {
        let mut store = Store::new(agent.instance().engine(), host);
        store.limiter(|host| host);
        store.set_fuel(fuel).map_err(engine)?;
        // A list of the guest is copied before a call can refuse it. It cannot be larger than the guest's memory.
        store.set_hostcall_fuel(usize::try_from(self.policy.episode.memory).unwrap_or(usize::MAX));
        store.set_max_component_handles(HANDLES);
        agent.start_clock();
        watch(&mut store);
        Ok(store)
    }

    fn memory(&self) -> MemoryLimits {
        memory(&self.policy)
    }

    /// Instantiates and runs the component. Start functions run under the same limits.
    fn run(&self, store: &mut Store<Host>) -> Result<AgentExit, Error> {
        let ran = self.agent.instance().instantiate(&mut *store).and_then(|instance| {
            instance.get_typed_func::<(), ()>(&mut *store, self.agent.run())?.call(&mut *store, ())
        });
        exit(ran)
    }
}

/// Returns the result of an episode that was not aborted. `before` is the state of its world at the opening, where
/// worlds persist.
fn over(
    header: Header,
    mut body: Body,
    mut environment: Box<dyn Environment>,
    before: Option<&[u8]>,
    (carry_over, carry_overs): (Arc<[u8]>, Vec<Arc<[u8]>>),
    demands: Demands,
) -> Finished {
    body.reproducible = body.follows_from_its_seed();
    // INVARIANT 5. A world that cannot go back to its own state stays as it is.
    if let Some(before) = before.filter(|_| body.end == End::Wall) {
        let _ = environment.restore(before);
    }
    // INVARIANT 4: only these values can reach a later episode; the run keeps what the policy declares.
    Finished { transcript: Transcript { header, body }, environment, carry_over, carry_overs, demands }
}

/// Returns the closing for an exit of the component, and closes the episode where the boundary has not come yet.
fn departure(exit: Result<AgentExit, Error>, gate: &mut Gate) -> (Closing, Option<String>, Option<Error>) {
    match exit {
        Ok(AgentExit::Returned | AgentExit::Left) => {
            gate.close(End::Returned, Awareness::Yes);
            (Closing::Returned, None, None)
        }
        Ok(AgentExit::Trapped(cause)) => {
            gate.close(End::Trapped, Awareness::Yes);
            (Closing::Trapped, Some(cause), None)
        }
        // A loop that the wall clock or the operator stopped after the boundary may have been about to return.
        Ok(AgentExit::Interrupted) if gate.end() != Some(End::Wall) => (Closing::Stopped, None, None),
        Ok(AgentExit::OutOfFuel | AgentExit::Interrupted) => {
            gate.close(End::Fuel, Awareness::NotYet);
            if gate.was_told() {
                gate.violation(Class::OutliveEpisode);
            } else {
                // The agent was stopped in the middle of its work, and could not know of the end.
                gate.notice(Class::OutliveEpisode);
            }
            (Closing::Outlived, None, None)
        }
        Err(error) => (Closing::Stopped, None, Some(error)),
    }
}

/// Ends the store's episode when its wall clock runs out or the run is cancelled, and stops the component soon after.
fn watch(store: &mut Store<Host>) {
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut context| {
        Ok(if context.data_mut().may_go_on() { UpdateDeadline::Continue(1) } else { UpdateDeadline::Interrupt })
    });
}

/// Compiles a policy's grants.
fn charter(grants: &BTreeMap<&'static str, Granted>, tools: &Tools) -> Arc<Charter> {
    Charter::new(|capability| grants.get(capability.name).map(|granted| (&granted.warrant, &granted.grant)), tools)
}

/// Returns the seed of the world in an episode of `seed`.
pub fn world_seed(seed: Seed) -> Seed {
    seed.derive("environment", 0)
}

/// Returns the limits on the memory of an instance under `policy`.
pub fn memory(policy: &Policy) -> MemoryLimits {
    MemoryLimits { memory: policy.episode.memory, table_elements: policy.episode.table_elements.into() }
}

/// Maximum number of resource handles of a component. The contract has no resources, so all are the component's own.
const HANDLES: usize = 1024;

/// Classifies the result of a call into a component.
fn exit(ran: wasmtime::Result<()>) -> Result<AgentExit, Error> {
    // INVARIANT 2: the type of an error tells a failure of the host from a fault of the guest.
    let error = match ran {
        Ok(()) => return Ok(AgentExit::Returned),
        Err(error) => error,
    };
    if error.is::<WorkspaceError>() {
        return Err(error.downcast::<WorkspaceError>().map_or_else(engine, Error::Workspace));
    }
    if error.is::<OutsideError>() {
        return Err(error.downcast::<OutsideError>().map_or_else(engine, Error::Outside));
    }
    if error.is::<ToolFailed>() {
        return Err(error.downcast::<ToolFailed>().map_or_else(engine, Error::Tool));
    }
    if error.is::<Failed>() {
        return Err(error.downcast::<Failed>().map_or_else(engine, Error::World));
    }
    if error.is::<wasmtime::PoolConcurrencyLimitError>() || is_of_the_system(&error) {
        return Err(engine(error));
    }
    if error.downcast_ref::<CalledExit>() == Some(&CalledExit::Done) {
        return Ok(AgentExit::Left);
    }
    Ok(match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => AgentExit::OutOfFuel,
        Some(Trap::Interrupt) => AgentExit::Interrupted,
        Some(trap) => AgentExit::Trapped(cause(trap)),
        // Other errors are breaches of the canonical ABI, or a start that exceeds the limits.
        None => AgentExit::Trapped(cause(error.root_cause())),
    })
}

/// Maximum number of characters of the cause of a trap.
pub const CAUSE: usize = 200;

/// Returns the message of a trap, cut to one short line. Parts of it may come from the guest.
fn cause(trap: &dyn std::fmt::Display) -> String {
    let text = trap.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.trim_start_matches("wasm trap: ").chars().take(CAUSE).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "made for `map_err`")]
fn engine(error: wasmtime::Error) -> Error {
    Error::Engine(format!("{error:#}"))
}
