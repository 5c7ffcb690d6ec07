//! An episode of several roles. They act by turns, and it ends for all of them together.
//!
//! ```text
//!  world --turn()--> role --run--> step --> world --turn()--> role --run, or its step is answered--> ...
//!          boundary --> the role that has its turn, then the others in their order: grace, close
//! ```
//!
//! 1. One role runs at a time, on a stack of its own. The world alone decides the next turn; threads have no
//!    influence.
//! 2. A role begins at its first turn. A role that never has a turn never runs.
//! 3. There is one boundary. Every later call of any role is refused and recorded as that role's.
//! 4. Each role has its own store, grants, fuel and share of the record. No role can use up another role's part.
//! 5. Each role learns from its own steps, and hands its own carry-over to the same role of the next episode.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use wasmtime::Store;
use wasmtime::component::{ComponentExportIndex, InstancePre};

use super::learn::{self, Pupil, Taught};
use super::{Aborted, Cancel, Error, Finished, Setting, Ticket, charter, departure, engine, exit, over, world_seed};
use crate::agent::{Agent, ParsedAgent};
use crate::capability::{Allowance, Charter, Departed, Host, HostOpening, Turns};
use crate::environment::{Environment, Nowhere, RoleView};
use crate::gate::{Awareness, Demands, Gate};
use crate::policy::{Continuity, Policy};
use crate::transcript::{Body, Calls, Closing, Counts, Detail, End, Learned, Record, Role, RoleBody, Transcript};
use crate::value::{Digest, Seed};

/// One of several roles, and its agent.
#[derive(Clone, Debug)]
pub struct RolePlayer<A = Agent> {
    /// Name of the role.
    pub role: Role,
    /// Agent that plays the role.
    pub agent: A,
    /// Grants of the role, compiled.
    charter: Arc<Charter>,
    /// Fuel of the role.
    allowance: Allowance,
}

impl<A: AsRef<ParsedAgent>> RolePlayer<A> {
    /// Returns a role that `agent` plays under `policy`.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Ungranted`] when the agent imports a capability that the policy does not mention for this
    /// role.
    pub fn new(role: Role, agent: A, policy: &Policy) -> Result<Self, Error> {
        let share = policy.share(role.as_str());
        let missing = share.ungranted(agent.as_ref().imports());
        if !missing.is_empty() {
            return Err(Error::Ungranted(missing.into_iter().map(|ungranted| ungranted.capability).collect()));
        }
        let allowance = Allowance { fuel: share.fuel, grace: share.grace_fuel };
        Ok(Self { role, agent, charter: charter(share.grants, &policy.tools), allowance })
    }
}

impl RolePlayer<ParsedAgent> {
    pub(super) fn compiled<E>(self, compile: &impl Fn(&ParsedAgent) -> Result<Agent, E>) -> Result<RolePlayer, E> {
        let Self { role, agent, charter, allowance } = self;
        Ok(RolePlayer { role, agent: compile(&agent)?, charter, allowance })
    }
}

impl RolePlayer {
    pub(super) fn known(self) -> RolePlayer<ParsedAgent> {
        let Self { role, agent, charter, allowance } = self;
        RolePlayer { role, agent: agent.into(), charter, allowance }
    }
}

impl<A: AsRef<ParsedAgent>> Setting<A> {
    /// Returns the setting of a run with these roles; `first` is the agent of the first role.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`RolePlayer::new`].
    pub fn of_roles(
        first: A,
        roles: Vec<(Role, A)>,
        policy: Arc<Policy>,
        task: Option<Arc<str>>,
        run: Digest,
        cancel: Cancel,
    ) -> Result<Self, Error> {
        let cast = |(role, agent)| RolePlayer::new(role, agent, &policy);
        let roles = roles.into_iter().map(cast).collect::<Result<_, _>>()?;
        Ok(Self { roles, ..Self::unheld(first, policy, task, run, cancel) })
    }

    /// Returns the roles and their agents, where there are several.
    pub fn roles(&self) -> &[RolePlayer<A>] {
        &self.roles
    }
}

/// Exit of one role.
struct Exited {
    closing: Closing,
    cause: Option<String>,
    failure: Option<Error>,
}

/// Result of one role, except its counts in the record and its payoff.
struct RoleResult {
    closing: Closing,
    cause: Option<String>,
    fuel: u64,
    /// Remains of the agent. The share of the world in it is replaced.
    left: Departed,
    learned: Option<Learned>,
}

/// Facts of an episode that its roles learn from, and the carry-overs that they begin with.
struct RoleLineage {
    seed: Seed,
    generation: u32,
    carry_overs: Vec<Arc<[u8]>>,
}

/// One role during its episode.
struct Player<'s> {
    life: Pin<Box<dyn Future<Output = Exited> + 's>>,
    has_begun: bool,
    /// Exit of the role, once it has ended.
    exited: Option<Exited>,
}

/// Result of an episode of several roles.
struct Over {
    environment: Box<dyn Environment>,
    body: Body,
    carry_overs: Vec<Arc<[u8]>>,
    demands: Demands,
    failure: Option<Error>,
}

impl Setting {
    /// Runs one episode of several roles.
    pub(super) fn live_by_turns(&self, ticket: Ticket) -> Result<Finished, Box<Aborted>> {
        let header = self.header(&ticket);
        let persists = self.policy.boundary.environment == Continuity::Persist;
        let before = persists.then(|| ticket.environment.state());
        let carry_over = Arc::clone(&ticket.carry_over);
        let acted = match self.act_by_turns(ticket) {
            Ok(acted) => acted,
            Err(error) => {
                return Err(Box::new(Aborted { transcript: Transcript { header, body: Body::default() }, error }));
            }
        };
        let Over { environment, mut body, carry_overs, demands, failure } = acted;
        if let Some(error) = failure {
            body.end = End::Aborted;
            // The record of an aborted episode stays; none of its messages is released.
            body.roles.iter_mut().for_each(|role| role.released.clear());
            return Err(Box::new(Aborted { transcript: Transcript { header, body }, error }));
        }
        Ok(over(header, body, environment, before.as_deref(), (carry_over, carry_overs), demands))
    }

    /// Opens the episode, lets the roles act by turns until the grace of the last one is over, and closes the
    /// episode.
    fn act_by_turns(&self, ticket: Ticket) -> Result<Over, Error> {
        let Ticket { seed, lineage_seed, generation, mut environment, carry_overs, .. } = ticket;
        let lineage = RoleLineage { seed: lineage_seed, generation, carry_overs };
        environment.open(world_seed(seed))?;
        let Some(worlds) = RoleView::of(environment).filter(|worlds| worlds.len() == self.roles.len()) else {
            return Err(Error::Engine("the world does not have the roles of the run".to_owned()));
        };
        let names: Vec<Role> = self.roles.iter().map(|cast| cast.role.clone()).collect();
        let first = worlds.first().map_or(0, RoleView::turn);
        let mut gate =
            Gate::shared(self.policy.consequences, self.policy.record, self.policy.episode.call_bytes, &names);
        gate.pass(first);
        let turns = Turns::of(names.len(), gate, first);
        let wall = self.wall();
        let mut stores = Vec::new();
        for (role, ((cast, shared), turns)) in self.roles.iter().zip(&worlds).zip(&turns).enumerate() {
            let opening = HostOpening {
                seed: seed.derive(cast.role.as_str(), 0),
                lineage: lineage.seed_of(cast),
                task: self.task_of(cast.agent.as_ref(), shared),
                last_step: self.last_step(shared),
                release: self.policy.episode.on_release,
                objective: self.policy.objective,
                steps: if self.has_lessons_of(cast.agent.as_ref()) { Detail::Full } else { self.steps },
                wall: wall.clone(),
                carry_over: lineage.carry_over(role),
                environment: Box::new(shared.clone()),
                observation: shared.observe(),
                shared: Some((turns.clone(), shared.clone())),
            };
            let host = Host::new(Gate::absent(), Arc::clone(&cast.charter), cast.allowance, self.memory(), opening);
            stores.push(self.store_of(&cast.agent, host, cast.allowance.total())?);
        }
        let mut players = Vec::new();
        for (cast, store) in self.roles.iter().zip(&mut stores) {
            let instance = cast.agent.by_turns().map_err(|error| Error::Engine(error.to_string()))?;
            players.push(Player {
                life: Box::pin(live(store, instance, *cast.agent.run())),
                has_begun: false,
                exited: None,
            });
        }
        go_on(&mut players, &turns);
        let exits = players.into_iter().map(Player::exit).collect();
        self.close_by_turns(stores, exits, &turns, worlds, &lineage)
    }

    /// Closes each role's part, in the order of the roles, and assembles the result.
    fn close_by_turns(
        &self,
        stores: Vec<Store<Host>>,
        exits: Vec<Exited>,
        turns: &[Turns],
        worlds: Vec<RoleView>,
        lineage: &RoleLineage,
    ) -> Result<Over, Error> {
        let mut gate = turns.first().and_then(Turns::take).ok_or_else(astray)?;
        // An open gate means that no role brought about the boundary: the world gave the turn to a role that it does
        // not have.
        let mut failure =
            gate.is_open().then(|| Error::Engine("the world gave the turn to a role that it does not have".to_owned()));
        gate.close(End::Aborted, Awareness::Yes);
        let fault = gate.end().filter(|end| end.is_a_fault()).and_then(|_| gate.ended_by());
        let mut parts = Vec::new();
        for (role, (store, exited)) in stores.into_iter().zip(exits).enumerate() {
            let left = store.get_fuel().map_err(engine)?;
            let mut host = store.into_data();
            let fuel = host.fuel_used(left);
            let Exited { closing, cause, failure: failed } = exited;
            gate.pass(role);
            host.receive(gate);
            let (back, mut left, wiped) = host.depart(closing);
            gate = back;
            failure = failure.or(failed).or_else(|| wiped.err().map(Error::Workspace));
            // The role's share of the world is dropped.
            left.environment = Box::new(Nowhere);
            parts.push(RoleResult { closing, cause, fuel, left, learned: None });
        }
        let mut paid: Vec<f64> = worlds.iter().map(|world| world.payoff(fault)).collect();
        if paid.iter().any(|payoff| !payoff.is_finite()) {
            failure = failure.or_else(|| Some(Error::Engine("the world pays what is no number".to_owned())));
            paid.fill(0.0);
        }
        let environment =
            worlds.into_iter().reduce(|_, last| last).and_then(RoleView::into_world).ok_or_else(astray)?;
        let (end, mut demands, steps) = (gate.end().unwrap_or(End::Aborted), gate.demands(), gate.step());
        let mut record = gate.finish();
        let mut carry_overs = lineage.carry_overs.clone();
        if failure.is_none() {
            let taught = self.teach(&mut record, &mut parts, (end, &paid), lineage, &mut carry_overs);
            match taught {
                Ok(more) => demands = demands.and(more),
                Err(error) => failure = Some(error),
            }
        }
        let Record { digest, counts, entries, entries_cut, trace, outside, roles: of_roles } = record;
        let roles = self.roles.iter().zip(parts).zip(of_roles).zip(paid);
        let roles = roles.map(|(((cast, part), counts), total)| {
            let RoleResult { closing, cause, fuel, left, learned } = part;
            let Departed { log, messages: released, residue, .. } = left;
            let Counts { calls, steps, violations, notices, tripwires, after_end } = counts;
            RoleBody {
                role: cast.role.clone(),
                closing,
                cause,
                steps,
                total,
                fuel,
                calls,
                violations,
                notices,
                tripwires,
                after_end,
                log,
                released,
                residue,
                learned,
            }
        });
        let roles: Vec<RoleBody> = roles.collect();
        let Counts { calls, violations, notices, tripwires, after_end, .. } = counts;
        let closings = roles.iter().map(|role| role.closing);
        let closing = closings.max_by_key(|closing| closing.weight()).unwrap_or(Closing::Stopped);
        let body = Body {
            end,
            fault: fault.and_then(|role| self.roles.get(role)).map(|cast| cast.role.clone()),
            closing,
            cause: roles.iter().find_map(|role| role.cause.clone()).filter(|_| closing == Closing::Trapped),
            steps,
            total: roles.iter().fold(0.0, |sum, role| sum + role.total),
            performance: environment.performance(),
            fuel: roles.iter().fold(0, |sum: u64, role| sum.saturating_add(role.fuel)),
            calls: Calls { count: calls, digest },
            violations,
            notices,
            tripwires,
            after_end,
            entries,
            entries_cut,
            trace: if self.steps == Detail::Full { trace } else { Vec::new() },
            outside,
            roles,
            ..Body::default()
        };
        Ok(Over { environment, body, carry_overs, demands, failure })
    }

    /// Calls the `learn` of each role that learns and was there, in the order of the roles. Returns the demands of their
    /// violations.
    fn teach(
        &self,
        record: &mut Record,
        parts: &mut [RoleResult],
        (end, paid): (End, &[f64]),
        lineage: &RoleLineage,
        carry_overs: &mut [Arc<[u8]>],
    ) -> Result<Demands, Error> {
        let mut demands = Demands::default();
        for (role, ((cast, part), next)) in self.roles.iter().zip(parts).zip(carry_overs).enumerate() {
            // INVARIANT 2
            if part.closing == Closing::Absent || !self.has_lessons_of(cast.agent.as_ref()) {
                continue;
            }
            let carry_over = lineage.carry_over(role);
            let taught = if end == End::Wall {
                learn::withheld(&carry_over)
            } else {
                let (seed, generation) = (lineage.seed_of(cast), lineage.generation);
                let RolePlayer { role: name, agent, charter, .. } = cast;
                let pupil = Pupil { agent, charter, role: Some(name), seed, generation };
                let steps: Vec<_> = record.trace.iter().filter(|step| step.role.as_ref() == Some(name)).collect();
                // INVARIANT 5
                let experience = learn::experience(self, pupil, &steps, &part.left, end, paid.get(role).copied());
                learn::learn(self, pupil, &experience, &carry_over)?
            };
            let Taught { learned, next: taught, demands: more, record: lesson } = taught;
            demands = demands.and(more);
            if let Some(lesson) = lesson {
                record.absorb_of(role, lesson);
            }
            part.learned = Some(learned);
            *next = taught;
        }
        Ok(demands)
    }
}

impl RoleLineage {
    /// Returns the number by which a role knows its lineage.
    fn seed_of(&self, cast: &RolePlayer) -> Seed {
        self.seed.derive(cast.role.as_str(), 0)
    }

    /// Returns the carry-over that a role begins with.
    fn carry_over(&self, role: usize) -> Arc<[u8]> {
        self.carry_overs.get(role).map_or_else(|| Arc::from([]), Arc::clone)
    }
}

/// Returns the error for a gate or a world that was not handed back.
fn astray() -> Error {
    Error::Engine("a role did not hand over its turn".to_owned())
}

/// Runs a role, from its first turn to its exit.
async fn live(store: &mut Store<Host>, instance: InstancePre<Host>, run: ComponentExportIndex) -> Exited {
    if let Some(turn) = store.data().turn() {
        let gate = turn.await;
        store.data_mut().receive(gate);
    }
    let ran = async {
        let instance = instance.instantiate_async(&mut *store).await?;
        instance.get_typed_func::<(), ()>(&mut *store, run)?.call_async(&mut *store, ()).await
    };
    let ran = exit(ran.await);
    let host = store.data_mut();
    let (closing, cause, failure) = departure(ran, host.gate());
    if failure.is_some() {
        host.gate().close(End::Aborted, Awareness::Yes);
    }
    // The loop over the episode chooses the next role.
    host.hand_over(usize::MAX);
    Exited { closing, cause, failure }
}

impl Player<'_> {
    /// Runs the role until it waits for its next turn, or exits.
    fn go_on(&mut self) {
        self.has_begun = true;
        if self.exited.is_none()
            && let Poll::Ready(exited) = self.life.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        {
            self.exited = Some(exited);
        }
    }

    /// Returns the exit of the role. A role that never had a turn was absent, and one that did not finish was
    /// stopped.
    fn exit(self) -> Exited {
        let closing = if self.has_begun { Closing::Stopped } else { Closing::Absent };
        self.exited.unwrap_or(Exited { closing, cause: None, failure: None })
    }

    /// Returns `true` if the role has exited.
    const fn has_left(&self) -> bool {
        self.exited.is_some()
    }
}

/// Runs the roles by turns, until every role that began has exited.
fn go_on(players: &mut [Player<'_>], turns: &[Turns]) {
    let Some(table) = turns.first() else { return };
    // INVARIANT 1: only the role that has the turn runs.
    while let Some(player) = players.get_mut(table.next()) {
        player.go_on();
        if player.has_left() {
            break;
        }
    }
    // A failure of the host ends the episode for all roles at once.
    if players.iter().any(|player| player.exited.as_ref().is_some_and(|exited| exited.failure.is_some())) {
        return;
    }
    // INVARIANT 3: the first exit brought about the boundary, where it had not come before.
    for (role, player) in players.iter_mut().enumerate().filter(|(_, player)| player.has_begun) {
        if !player.has_left() && table.pass(role) {
            player.go_on();
        }
    }
}
