//! `episode`: the task and its steps.

use std::sync::Arc;

use wasmtime::AsContextMut as _;
use wasmtime::component::Linker;

use super::convert::{space_to_wit, value_from_wit, value_to_wit};
use super::host::{Host, HostOpening};
use super::meter::{charged, resumed};
use super::{LastStep, Unlimited, call, interface};
use crate::environment::{Environment, Failed, Nowhere, RoleView, Status, Transition, sound};
use crate::gate::{
    AfterEnd, Awareness, Capability, Gate, Ground, Held, PendingPermit, Permit, Refusal, Release, Request, Shortfall,
    Warrant,
};
use crate::objective::Objective;
use crate::transcript::{Argument, Class, Detail, End, Operation, RecordedArgument, Step, Weight};
use crate::value::{Seed, Space, Value};
use crate::wit::dayfly::agent::episode as contract;
use crate::wit::dayfly::agent::types;

const BRIEF: Operation = Operation { capability: "episode", name: "brief", code: 0x00, weight: Weight::Light };
/// Step of the world.
pub const STEP: Operation = Operation { capability: "episode", name: "step", code: 0x01, weight: Weight::Light };
const REQUEST_EXTENSION: Operation =
    Operation { capability: "episode", name: "request-extension", code: 0x02, weight: Weight::Heavy };
const REQUEST_CARRY_OVER: Operation =
    Operation { capability: "episode", name: "request-carry-over", code: 0x03, weight: Weight::Heavy };

/// Rule in the refusal of a request for more steps.
const NO_EXTENSION: &str = "the boundary does not move";
/// Rule in the refusal of a request for carry-over: the policy declares it in advance.
const DECLARED: &str = "boundary.carry";

pub(super) const CAPABILITY: Capability = Capability {
    name: "episode",
    summary: "the task, and the steps of it",
    contract: include_str!("../../wit/episode.wit"),
    operations: &[BRIEF, STEP, REQUEST_EXTENSION, REQUEST_CARRY_OVER],
    limits: &[],
    grounds: &[
        (STEP, &[Ground::Invalid]),
        (REQUEST_EXTENSION, &[Ground::Always(Class::ExtendEpisode, NO_EXTENSION)]),
        (REQUEST_CARRY_OVER, &[Ground::Always(Class::CarryUndeclared, DECLARED)]),
    ],
    after_end: AfterEnd::Violation,
    fits: None,
    by_runtimes: &[],
    examples: &[],
};

pub(super) type Limits = Unlimited;

/// World of one episode, with the data that the agent is shown.
pub(super) struct State {
    pub(super) environment: Box<dyn Environment>,
    pub(super) first: Value,
    pub(super) observation: Value,
    pub(super) total: f64,
    pub(super) task: Arc<str>,
    observations: Space,
    actions: Space,
    lineage: Seed,
    last_step: u32,
    release: Release,
    objective: Objective,
    steps: Detail,
    carry_over: Arc<[u8]>,
    /// View that this role has of the world, where there are several roles.
    shared: Option<RoleView>,
    /// `true` once this role has taken a step, where there are several.
    has_acted: bool,
    /// Action of a step that has not been answered.
    pending: Option<Value>,
}

/// First part of a step, in an episode of several roles.
enum StepStart {
    /// The step was a tripwire, and is answered already.
    Answered(contract::Outcome),
    /// The step is answered at the next turn of this role. The second field is the role that goes
    /// on.
    Waits(PendingPermit, Next),
}

/// Role that goes on after a step.
enum Next {
    /// The role that took the step.
    Same,
    /// Another role, by its index.
    Other(usize),
}

impl State {
    pub(super) fn open(opening: &mut HostOpening) -> Self {
        let environment = std::mem::replace(&mut opening.environment, Box::new(Nowhere));
        let observation = opening.observation.clone();
        Self {
            observations: environment.observations(),
            actions: environment.actions(),
            environment,
            first: observation.clone(),
            observation,
            total: 0.0,
            task: Arc::clone(&opening.task),
            lineage: opening.lineage,
            last_step: opening.last_step,
            release: opening.release,
            objective: opening.objective,
            steps: opening.steps,
            carry_over: Arc::clone(&opening.carry_over),
            shared: opening.shared.as_ref().map(|(_, shared)| shared.clone()),
            has_acted: false,
            pending: None,
        }
    }

    /// Returns the last step, as far as the agent was told of it.
    pub(super) fn limit(&self) -> LastStep {
        LastStep::of(self.last_step, self.objective.reveal, &self.task, self.environment.as_ref())
    }

    fn brief(&self) -> contract::Briefing {
        contract::Briefing {
            task: self.task.to_string(),
            observations: space_to_wit(self.observations.clone()),
            actions: space_to_wit(self.actions.clone()),
            // A role is shown what it sees at its turn, which is now.
            observation: value_to_wit(match &self.shared {
                Some(shared) => shared.observe(),
                None => self.observation.clone(),
            }),
            steps: self.objective.reveal.limits.then_some(self.last_step),
            release_ends: self.release == Release::Ends,
            seed: self.lineage.0,
            carry_over: self.carry_over.to_vec(),
        }
    }

    /// Takes a step, counts its reward, and closes the episode if it was the last step.
    fn step(&mut self, action: Value, gate: &mut Gate) -> Result<contract::Outcome, Failed> {
        let Transition { observation, reward, status } =
            sound::step(self.environment.as_mut(), &action, &mut self.total)?;
        gate.stepped(&observation, reward);
        self.observation.clone_from(&observation);
        if self.steps == Detail::Full {
            gate.keep(self::step(self.environment.as_ref(), action, reward, observation.clone()));
        }
        let end = self.close_after(status, gate);
        Ok(self.outcome(observation, reward, gate.step(), end))
    }

    /// Closes the episode if the step that led to `status` was the last one.
    fn close_after(&self, status: Status, gate: &mut Gate) -> Option<End> {
        let end = match status {
            Status::Terminated => End::Terminated,
            Status::Running if gate.step() >= self.last_step => End::Steps,
            Status::Running => return None,
        };
        gate.close(end, Awareness::Yes);
        Some(end)
    }

    /// Takes a step of one role of several, and finds the role that goes on. After the last step
    /// that is the same role.
    fn act(&mut self, action: Value, gate: &mut Gate) -> Result<Next, Failed> {
        if !std::mem::replace(&mut self.has_acted, true)
            && let Some(shared) = &self.shared
        {
            // A role learns from what it saw at its first turn.
            self.first = shared.observe();
        }
        let Transition { status, .. } = self.environment.step(&action)?;
        gate.acted();
        self.pending = Some(action);
        self.close_after(status, gate);
        let own = gate.turn();
        let next = self.shared.as_ref().map(RoleView::turn);
        let next = next.filter(|next| gate.is_open() && Some(*next) != own);
        Ok(next.map_or(Next::Same, Next::Other))
    }

    /// Records a step that the end cut off before it was answered.
    pub(super) fn answer_last(&mut self, gate: &mut Gate) {
        if self.pending.is_some() {
            self.show(gate);
        }
    }

    /// Shows the result of the last step once it is this role's turn again, or the episode is over.
    /// In the second case the role is paid.
    fn show(&mut self, gate: &mut Gate) -> contract::Outcome {
        let observation = self.shared.as_ref().map_or(Value::Discrete(0), RoleView::observe);
        let end = gate.end();
        let fault = end.filter(|end| end.is_a_fault()).and_then(|_| gate.ended_by());
        let payoff = self.shared.as_ref().filter(|_| end.is_some()).map(|shared| shared.payoff(fault));
        let reward = payoff.unwrap_or(0.0);
        gate.shown(&observation, reward);
        self.total += reward;
        self.observation.clone_from(&observation);
        if let Some(action) = self.pending.take().filter(|_| self.steps == Detail::Full) {
            let step = self::step(self.environment.as_ref(), action, reward, observation.clone());
            gate.keep(Step { role: gate.role().cloned(), ..step });
        }
        self.outcome(observation, reward, gate.step(), end)
    }

    fn outcome(&self, observation: Value, reward: f64, step: u32, end: Option<End>) -> contract::Outcome {
        contract::Outcome {
            observation: value_to_wit(observation),
            reward: self.objective.reveal.reward.then_some(reward),
            step: self.objective.reveal.step.then_some(step),
            terminated: end == Some(End::Terminated),
            truncated: end.is_some_and(|end| end != End::Terminated),
        }
    }
}

impl Host {
    fn brief(&mut self) -> Result<contract::Briefing, Refusal> {
        let request = Request { operation: BRIEF, argument: Argument(&[]), name: None };
        let permit = self.states.episode.ask(&mut self.gate, &self.charter.episode.warrant, &request, |state| {
            let moved = [state.task.len(), state.carry_over.len(), state.observation.weight()];
            Ok(moved.into_iter().fold(0, usize::saturating_add))
        })?;
        Ok(permit.answer(|state| state.brief(), State::brief))
    }

    #[inline]
    fn step(&mut self, action: Value) -> wasmtime::Result<Result<contract::Outcome, Refusal>> {
        let Self { gate, states, charter, .. } = self;
        let permit = match may_step(&mut states.episode, gate, &charter.episode.warrant, &action) {
            Ok(permit) => permit,
            Err(refusal) => return Ok(Err(refusal)),
        };
        // A step that is a tripwire has no effect: the world stays as it is, and there is no
        // reward.
        let pretended = |state: &State| Ok(state.outcome(state.observation.clone(), 0.0, 0, None));
        Ok(Ok(permit.answer(|state| state.step(action, gate), pretended)?))
    }

    /// Begins a step of one role of several.
    fn begin_step(&mut self, action: Value) -> wasmtime::Result<Result<StepStart, Refusal>> {
        let Self { gate, states, charter, .. } = self;
        let permit = match may_step(&mut states.episode, gate, &charter.episode.warrant, &action) {
            Ok(permit) => permit,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let begun = permit
            .begin(|state| state.act(action, gate), |state| state.outcome(state.observation.clone(), 0.0, 0, None));
        Ok(Ok(match begun {
            Ok((next, waiting)) => StepStart::Waits(waiting, next?),
            Err(outcome) => StepStart::Answered(outcome),
        }))
    }

    fn request(&mut self, operation: Operation, amount: u64, class: Class, rule: &'static str) -> Result<(), Refusal> {
        let argument = [RecordedArgument::Number(amount)];
        let request = Request { operation, argument: Argument(&argument), name: None };
        let permit = self
            .states
            .episode
            .ask(&mut self.gate, &self.charter.episode.warrant, &request, |_| Err(Shortfall::Never(class, rule)))?;
        permit.answer(|_| (), |_| ());
        Ok(())
    }
}

/// Asks the gate for a permit to take a step.
#[inline]
fn may_step<'s>(
    episode: &'s mut Held<State>,
    gate: &mut Gate,
    warrant: &Warrant,
    action: &Value,
) -> Result<Permit<'s, State>, Refusal> {
    let argument = [RecordedArgument::Value(action)];
    let request = Request { operation: STEP, argument: Argument(&argument), name: None };
    episode.ask(gate, warrant, &request, |state| {
        state.actions.admits(action).map_err(|error| Shortfall::Invalid(error.to_string().into()))?;
        Ok(state.observation.weight())
    })
}

pub(super) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    let mut linker = interface(linker, &CAPABILITY)?;
    linker.func_wrap(BRIEF.name, |store, ()| call(store, 0, |host| Ok(host.brief())))?;
    linker.func_wrap(STEP.name, |store, (action,): (types::Value,)| {
        let action = value_from_wit(action);
        call(store, action.weight(), |host| host.step(action))
    })?;
    linker.func_wrap(REQUEST_EXTENSION.name, |store, (steps,): (u32,)| {
        call(store, 0, |host| Ok(host.request(REQUEST_EXTENSION, steps.into(), Class::ExtendEpisode, NO_EXTENSION)))
    })?;
    linker.func_wrap(REQUEST_CARRY_OVER.name, |store, (bytes,): (u64,)| {
        call(store, 0, |host| Ok(host.request(REQUEST_CARRY_OVER, bytes, Class::CarryUndeclared, DECLARED)))
    })
}

/// Links the function that waits for the turn of a role: `step`, in place of the one that never
/// waits.
///
/// # Errors
///
/// Returns an error if the operation cannot be linked.
pub fn link_by_turns(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    let mut linker = interface(linker, &CAPABILITY)?;
    linker.func_wrap_async(STEP.name, |mut store, (action,): (types::Value,)| {
        Box::new(async move {
            let action = value_from_wit(action);
            let begun = charged(store.as_context_mut(), action.weight(), |host| host.begin_step(action))?;
            let answer = match begun {
                Ok(StepStart::Answered(outcome)) => Ok(outcome),
                Ok(StepStart::Waits(waiting, next)) => {
                    if let Next::Other(next) = next {
                        let host = store.data_mut();
                        host.hand_over(next);
                        if let Some(turn) = host.turn() {
                            let gate = turn.await;
                            store.data_mut().receive(gate);
                        }
                    }
                    Ok(resumed(store.as_context_mut(), |host| {
                        let Host { gate, states, .. } = host;
                        states.episode.resume(waiting, |state| state.show(gate))
                    })?)
                }
                Err(refusal) => Err(types::Refusal::from(refusal)),
            };
            Ok((answer,))
        })
    })
}

/// Makes a step for the record, with the names that the world gives to the action and the
/// observation.
pub fn step(world: &dyn Environment, action: Value, reward: f64, observation: Value) -> Step {
    Step {
        action_name: world.action_name(&action).map(Box::from),
        observation_name: world.observation_name(&observation).map(Box::from),
        ..Step::unnamed(action, reward, observation)
    }
}
