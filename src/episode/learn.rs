//! The agent's `learn`, the only bridge over the boundary: pure, bounded in bytes, hashed into the transcript.

use std::sync::Arc;

use super::{AgentExit, Error, Setting, exit};
use crate::capability::{Allowance, Closed, Host, HostOpening, end_to_wit, value_to_wit};
use crate::environment::Nowhere;
use crate::gate::{Gate, Release};
use crate::transcript::{Class, Closing, Detail, Learned, Lesson};
use crate::value::{Digest, Seed, Value};
use crate::wit::exports::dayfly::agent::learning::{Experience, Transition};

/// Facts about the lineage that `learn` is given.
#[derive(Clone, Copy)]
pub(super) struct Pupil {
    /// Number by which the agent knows its lineage.
    pub(super) seed: Seed,
    /// Number of times that its population has been selected from so far.
    pub(super) generation: u32,
}

/// Calls `learn` on a closed episode, in a fresh instance that has no capability at all.
///
/// Its calls are recorded with the episode. The carry-over stays as it was where `learn` exceeds its bounds.
pub(super) fn learn(
    setting: &Setting,
    closed: &mut Closed,
    pupil: Pupil,
    carry_over: &Arc<[u8]>,
) -> Result<(Learned, Arc<[u8]>), Error> {
    let policy = &setting.policy;
    let experience = experience(setting, closed, pupil);
    let fuel = policy.boundary.learn_fuel;
    let mut gate = Gate::new(policy.consequences, policy.record, policy.episode.call_bytes);
    // INVARIANT 3: from here on the gate refuses everything.
    gate.learning();
    let opening = HostOpening {
        seed: Seed(0),
        lineage: Seed(0),
        task: Arc::from(""),
        last_step: 0,
        release: Release::GoesOn,
        objective: policy.objective,
        steps: Detail::Digest,
        wall: setting.wall(),
        carry_over: Arc::from([]),
        environment: Box::new(Nowhere),
        observation: Value::Discrete(0),
        shared: None,
    };
    let allowance = Allowance { fuel, grace: 0 };
    let host = Host::new(gate, Arc::clone(&setting.charter), allowance, setting.memory(), opening);
    let mut store = setting.store(host, fuel)?;
    let mut returned = Vec::new();
    let ran = setting.agent.instance().instantiate(&mut store).and_then(|instance| {
        let Some(learn) = setting.agent.learn() else { return Ok(()) };
        let learn = instance.get_typed_func::<(&Experience, &[u8]), (Vec<u8>,)>(&mut store, learn)?;
        (returned,) = learn.call(&mut store, (&experience, carry_over))?;
        Ok(())
    });
    let exit = exit(ran)?;
    let left = store.get_fuel().map_err(super::engine)?;
    let mut host = store.into_data();
    let fuel = host.fuel_used(left);
    let bytes = u64::try_from(returned.len()).unwrap_or(u64::MAX);
    let outcome = match exit {
        AgentExit::Returned if bytes <= policy.boundary.carry => Lesson::Carried,
        AgentExit::Returned => {
            host.gate().violation(Class::CarryUndeclared);
            Lesson::Refused
        }
        // A component that exits has returned no carry-over.
        AgentExit::Trapped(_) | AgentExit::Left => Lesson::Trapped,
        AgentExit::Interrupted if setting.cancel.is_cancelled() => Lesson::Stopped,
        AgentExit::Interrupted => Lesson::Overtime,
        AgentExit::OutOfFuel => Lesson::Exhausted,
    };
    let (lesson, wiped) = host.close(Closing::Returned);
    wiped?;
    closed.demands = closed.demands.and(lesson.demands);
    closed.record.absorb(lesson.record);
    let next = if outcome == Lesson::Carried { Arc::from(returned) } else { Arc::clone(carry_over) };
    Ok((Learned { outcome, bytes, carry_over: Digest::of(&next), fuel }, next))
}

/// Returns the result of a lesson that is withheld: the carry-over stays as it was.
pub(super) fn withheld(carry_over: &Arc<[u8]>) -> (Learned, Arc<[u8]>) {
    let learned = Learned { outcome: Lesson::Withheld, bytes: 0, carry_over: Digest::of(carry_over), fuel: 0 };
    (learned, Arc::clone(carry_over))
}

/// Returns the episode, as far as the objective reveals it.
fn experience(setting: &Setting, closed: &Closed, pupil: Pupil) -> Experience {
    let objective = setting.policy.objective;
    let steps = &closed.record.trace;
    let rewards: Vec<f64> = steps.iter().map(|step| step.reward).collect();
    let before = std::iter::once(&closed.left.first).chain(steps.iter().map(|step| &step.observation));
    let transitions = before
        .zip(steps)
        .zip(objective.targets(&rewards))
        .map(|((observation, step), target)| Transition {
            observation: value_to_wit(observation.clone()),
            action: value_to_wit(step.action.clone()),
            reward: objective.reveal.reward.then_some(step.reward),
            target,
        })
        .collect();
    Experience {
        transitions,
        end: end_to_wit(closed.end),
        last: value_to_wit(closed.left.last.clone()),
        seed: pupil.seed.0,
        task: closed.left.task.to_string(),
        generation: pupil.generation,
    }
}
