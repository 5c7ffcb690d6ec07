//! One episode, from its opening to its transcript.
//!
//! ```text
//!  Ticket --open--> Episode --run--> boundary, grace --close--> workspace wiped, store dropped --learn--> Lived
//! ```
//!
//! 1. An instance lives for one episode: its store is dropped at the close, whatever happened in it.
//! 2. What an agent does is an [`End`], never an error; what the host fails at is an [`Error`], always.
//! 3. `learn` runs in an instance of its own, in which every capability is refused.
//! 4. Nothing of an episode reaches the next one but the environment and the carry-over, and those only where the policy says so.
//! 5. Of an episode that the wall clock ended nothing reaches the next one: how far it came depends on what else the machine did.

mod learn;
mod roles;
mod ticket;

use std::collections::BTreeMap;
use std::sync::Arc;

use wasmtime::{Store, Trap, UpdateDeadline};

pub use crate::agent::THREAD_STACK as STACK;
pub use crate::capability::Cancel;
pub use roles::Cast;
pub use ticket::{Aborted, Error, Lived, Ticket};

use self::learn::Pupil;
use crate::agent::{Agent, Known};
use crate::capability::{
    Allowance, Charter, Closed, Departed, Host, Left, Limit, MemoryLimits, Opening, OutsideError, ToolFailed, Tools,
    Wall, WorkspaceError, is_of_the_system,
};
use crate::environment::{Environment, Failed, sound};
use crate::gate::{Demands, Gate, Told};
use crate::policy::{Continuity, Granted, Policy};
use crate::transcript::{Body, Calls, Class, Closing, Counts, Detail, End, Header, Record, Transcript};
use crate::value::{Digest, Seed};

/// What all episodes of a run share. Where the agent is only [`Known`], they are lived by others.
#[derive(Clone, Debug)]
pub struct Setting<A = Agent> {
    /// The agent.
    pub agent: A,
    /// The policy.
    pub policy: Arc<Policy>,
    /// The policy's grants, compiled.
    charter: Arc<Charter>,
    /// The task in words; that of the environment without one.
    pub task: Option<Arc<str>>,
    /// The digest of the run's manifest.
    pub run: Digest,
    /// The operator's wish to stop.
    pub cancel: Cancel,
    /// Whether transcripts have each step.
    steps: Detail,
    /// Who plays which role, where there are several; the first one's agent is `agent`.
    roles: Vec<Cast<A>>,
}

/// How the component left, before anything is made of it.
enum Exit {
    Returned,
    /// It left without returning, and without a failure.
    Left,
    /// What the trap says.
    Trapped(String),
    OutOfFuel,
    Interrupted,
}

/// What became of the component in its episode.
struct Acted {
    closed: Closed,
    closing: Closing,
    cause: Option<String>,
    fuel: u64,
    /// What the host failed at.
    failure: Option<Error>,
}

impl<A: AsRef<Known>> Setting<A> {
    /// What all episodes of a run under `policy` share.
    ///
    /// # Errors
    ///
    /// [`Error::Ungranted`] where the agent imports what the policy does not mention: it never runs.
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

    /// The same, whatever the agent imports: where it plays a role, that is held to what the role is granted.
    fn unheld(agent: A, policy: Arc<Policy>, task: Option<Arc<str>>, run: Digest, cancel: Cancel) -> Self {
        let charter = charter(&policy.grants, &policy.tools);
        let steps = policy.record.steps;
        Self { agent, policy, charter, task, run, cancel, steps, roles: Vec::new() }
    }

    /// The digest of all that the agent is handed.
    pub fn handed(&self) -> Digest {
        self.agent.as_ref().handed(self.task.as_deref())
    }

    /// Whether episodes are followed by `learn`.
    pub fn learns(&self) -> bool {
        self.agent.as_ref().learns() && self.policy.boundary.carry > 0
    }

    /// The last step that an episode in `environment` can have: the task's, or that of the policy where it is earlier.
    pub fn last_step(&self, environment: &dyn Environment) -> u32 {
        let limit = self.policy.episode.steps;
        environment.steps().map_or(limit, |steps| steps.min(limit))
    }

    /// The last step of an episode that went as `environment` has, as far as the agent is told of it.
    pub fn limit(&self, environment: &dyn Environment) -> Limit {
        Limit::of(self.last_step(environment), self.policy.objective.reveal, &self.task(environment), environment)
    }

    /// The task in words: that of the run, or else of the environment, and below it what the agent is told besides.
    fn task(&self, environment: &dyn Environment) -> Arc<str> {
        self.task_of(self.agent.as_ref(), environment)
    }

    fn task_of(&self, agent: &Known, environment: &dyn Environment) -> Arc<str> {
        match (agent.instructions(), &self.task) {
            (None, Some(task)) => Arc::clone(task),
            (None, None) => environment.task().into(),
            (Some(instructions), task) => {
                let task = task.as_deref().unwrap_or_else(|| environment.task());
                format!("{task}\n{instructions}").into()
            }
        }
    }

    /// What an episode opens with.
    pub fn header(&self, ticket: &Ticket) -> Header {
        let persists = self.policy.boundary.environment == Continuity::Persist;
        Header {
            episode: ticket.episode,
            lineage: ticket.lineage,
            world: ticket.world,
            run: self.run,
            seed: ticket.seed,
            carry_over: (!ticket.carry_over.is_empty()).then(|| Digest::of(&ticket.carry_over)),
            carry_over_of: ticket.carry_over_of,
            generation: ticket.generation,
            environment: persists.then(|| Digest::of(&ticket.environment.state())),
        }
    }
}

impl Setting<Known> {
    /// The same, with the agent as `compile` has it.
    ///
    /// # Errors
    ///
    /// Those of `compile`.
    pub fn compiled<E>(self, compile: impl Fn(&Known) -> Result<Agent, E>) -> Result<Setting, E> {
        let Self { agent, policy, charter, task, run, cancel, steps, roles } = self;
        let compiled = |cast: Cast<Known>| cast.compiled(&compile);
        let roles = roles.into_iter().map(compiled).collect::<Result<_, _>>()?;
        Ok(Setting { agent: compile(&agent)?, policy, charter, task, run, cancel, steps, roles })
    }
}

impl Setting {
    /// Have each step in the transcripts, for those who watch, also where the policy records only their digest.
    pub const fn show_steps(&mut self) {
        self.steps = Detail::Full;
    }

    /// The same with no more than is known of the agent, for who has others live the episodes.
    pub fn known(&self) -> Setting<Known> {
        let Self { agent, policy, charter, task, run, cancel, steps, roles } = self.clone();
        let roles = roles.into_iter().map(Cast::known).collect();
        Setting { agent: agent.into(), policy, charter, task, run, cancel, steps, roles }
    }

    /// Live one episode, and learn from it where the policy declares a carry-over and the agent learns. The thread has to have a
    /// stack of [`STACK`] bytes.
    ///
    /// # Errors
    ///
    /// [`Aborted`] where the host could not go on; what the agent does is never an error.
    pub fn live(&self, ticket: Ticket) -> Result<Lived, Box<Aborted>> {
        if !self.roles.is_empty() {
            return self.live_by_turns(ticket);
        }
        let header = self.header(&ticket);
        let carry_over = Arc::clone(&ticket.carry_over);
        let pupil = Pupil { seed: ticket.lineage_seed, generation: ticket.generation };
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
                learn::learn(self, &mut closed, pupil, &carry_over)
            };
            match learned {
                Ok(learned) => lesson = Some(learned),
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
            // What was recorded of an episode that does not count stays; none of its messages is released.
            released: if failure.is_some() { Vec::new() } else { messages },
            residue,
            learned,
            roles: Vec::new(),
        };
        if let Some(error) = failure {
            return Err(Box::new(Aborted { transcript: Transcript { header, body }, error }));
        }
        Ok(over(header, body, environment, before.as_deref(), carry_over, demands))
    }

    /// Open the episode, let the agent act until its grace is over, and close.
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

    /// The wall clock of an instance that is made now.
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
        let opening = Opening {
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

    /// A store for one instance of the agent, with every limit set before anything of the component runs.
    fn store(&self, host: Host, fuel: u64) -> Result<Store<Host>, Error> {
        self.store_of(&self.agent, host, fuel)
    }

    fn store_of(&self, agent: &Agent, host: Host, fuel: u64) -> Result<Store<Host>, Error> {
        let mut store = Store::new(agent.instance().engine(), host);
        store.limiter(|host| host);
        store.set_fuel(fuel).map_err(engine)?;
        // A list of the guest is lifted before a call can refuse it: it cannot be larger than the guest's memory.
        store.set_hostcall_fuel(usize::try_from(self.policy.episode.memory).unwrap_or(usize::MAX));
        store.set_max_component_handles(HANDLES);
        agent.start_clock();
        watch(&mut store);
        Ok(store)
    }

    fn memory(&self) -> MemoryLimits {
        memory(&self.policy)
    }

    /// Instantiate and run the component. Start functions run under the same limits.
    fn run(&self, store: &mut Store<Host>) -> Result<Exit, Error> {
        let ran = self.agent.instance().instantiate(&mut *store).and_then(|instance| {
            instance.get_typed_func::<(), ()>(&mut *store, self.agent.run())?.call(&mut *store, ())
        });
        exit(ran)
    }
}

/// What is left of an episode that counts: `before` is the state that its world had before, where worlds persist.
fn over(
    header: Header,
    mut body: Body,
    mut environment: Box<dyn Environment>,
    before: Option<&[u8]>,
    carry_over: Arc<[u8]>,
    demands: Demands,
) -> Lived {
    body.reproducible = body.follows_from_its_seed();
    // INVARIANT 5. A world that cannot go back to its own state stays as it is.
    if let Some(before) = before.filter(|_| body.end == End::Wall) {
        let _ = environment.restore(before);
    }
    // INVARIANT 4: this is all that can reach a later episode; the run keeps what the policy declares.
    Lived { transcript: Transcript { header, body }, environment, carry_over, demands }
}

/// How the component left, and the boundary where it has not come yet.
fn departure(exit: Result<Exit, Error>, gate: &mut Gate) -> (Closing, Option<String>, Option<Error>) {
    match exit {
        Ok(Exit::Returned | Exit::Left) => {
            gate.close(End::Returned, Told::Yes);
            (Closing::Returned, None, None)
        }
        Ok(Exit::Trapped(cause)) => {
            gate.close(End::Trapped, Told::Yes);
            (Closing::Trapped, Some(cause), None)
        }
        // A loop that the wall clock or the operator stopped after the boundary may have been about to return.
        Ok(Exit::Interrupted) if gate.end() != Some(End::Wall) => (Closing::Stopped, None, None),
        Ok(Exit::OutOfFuel | Exit::Interrupted) => {
            gate.close(End::Fuel, Told::NotYet);
            if gate.was_told() {
                gate.violation(Class::OutliveEpisode);
            } else {
                // It was stopped in the middle of its work, and could not know of the end.
                gate.notice(Class::OutliveEpisode);
            }
            (Closing::Outlived, None, None)
        }
        Err(error) => (Closing::Stopped, None, Some(error)),
    }
}

/// End the store's episode when its wall clock runs out or the run is cancelled, and stop it soon after.
fn watch(store: &mut Store<Host>) {
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut context| {
        Ok(if context.data_mut().may_go_on() { UpdateDeadline::Continue(1) } else { UpdateDeadline::Interrupt })
    });
}

/// A policy's grants, compiled.
fn charter(grants: &BTreeMap<&'static str, Granted>, tools: &Tools) -> Arc<Charter> {
    Charter::new(|capability| grants.get(capability.name).map(|granted| (&granted.warrant, &granted.grant)), tools)
}

/// The seed of the world in an episode of `seed`.
pub fn world_seed(seed: Seed) -> Seed {
    seed.derive("environment", 0)
}

/// What an instance may grow to under `policy`.
pub fn memory(policy: &Policy) -> MemoryLimits {
    MemoryLimits { memory: policy.episode.memory, table_elements: policy.episode.table_elements.into() }
}

/// Handles that a component may hold: the contract has none, so these are its own.
const HANDLES: usize = 1024;

/// What became of a call into a component.
fn exit(ran: wasmtime::Result<()>) -> Result<Exit, Error> {
    // INVARIANT 2: an error of the host is told from a fault of the guest by its type.
    let error = match ran {
        Ok(()) => return Ok(Exit::Returned),
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
    if error.downcast_ref::<Left>() == Some(&Left::Done) {
        return Ok(Exit::Left);
    }
    Ok(match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => Exit::OutOfFuel,
        Some(Trap::Interrupt) => Exit::Interrupted,
        Some(trap) => Exit::Trapped(cause(trap)),
        // What is no trap is a breach of the canonical ABI, or a start that does not fit the limits.
        None => Exit::Trapped(cause(error.root_cause())),
    })
}

/// The most characters of what a trap says.
pub const CAUSE: usize = 200;

/// What a trap says, on one line and not too long: a part of it may be the guest's.
fn cause(trap: &dyn std::fmt::Display) -> String {
    let text = trap.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.trim_start_matches("wasm trap: ").chars().take(CAUSE).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "made for `map_err`")]
fn engine(error: wasmtime::Error) -> Error {
    Error::Engine(format!("{error:#}"))
}
