//! The agent's `learn`, the only bridge over the boundary: pure, bounded in bytes, hashed into the transcript.
//!
//! ```text
//!  closed episode --as far as it is revealed--> Experience --learn, in an instance of its own--> Taught
//! ```
//!
//! Each of several roles learns by itself: from its own steps, with fuel and a carry-over of its own. What a role hands
//! on depends on no other role but by what it was shown.

use std::sync::Arc;

use super::{AgentExit, Error, Setting, exit};
use crate::agent::Agent;
use crate::capability::{Allowance, Charter, Departed, Host, HostOpening, end_to_wit, value_to_wit};
use crate::environment::Nowhere;
use crate::gate::{Demands, Gate, Release};
use crate::transcript::{Class, Closing, Detail, End, Learned, Lesson, Record, Role, Step};
use crate::value::{Digest, Seed, Value};
use crate::wit::exports::dayfly::agent::learning::{Experience, Transition};

/// Agent whose `learn` is called.
#[derive(Clone, Copy)]
pub(super) struct Pupil<'s> {
    pub(super) agent: &'s Agent,
    /// Grants of the agent, which say how its calls are recorded.
    pub(super) charter: &'s Arc<Charter>,
    /// Role of the agent, where there are several.
    pub(super) role: Option<&'s Role>,
    /// Number by which the agent knows its lineage.
    pub(super) seed: Seed,
    /// Number of times that its population has been selected from so far.
    pub(super) generation: u32,
}

/// Result of a lesson.
pub(super) struct Taught {
    pub(super) learned: Learned,
    /// Carry-over of the next episode.
    pub(super) next: Arc<[u8]>,
    /// Demands of its violations on the run.
    pub(super) demands: Demands,
    /// Record of its calls; `None` where `learn` was not called.
    pub(super) record: Option<Record>,
}

/// Calls `learn` on a closed episode, in a fresh instance that has no capability at all.
///
/// Its calls are recorded with the episode. The carry-over stays as it was where `learn` exceeds its bounds.
pub(super) fn learn(
    setting: &Setting,
    pupil: Pupil<'_>,
    experience: &Experience,
    carry_over: &Arc<[u8]>,
) -> Result<Taught, Error> {
    let policy = &setting.policy;
    let fuel = policy.boundary.learn_fuel;
    let (consequences, keep, call_bytes) = (policy.consequences, policy.record, policy.episode.call_bytes);
    let mut gate = match pupil.role {
        None => Gate::new(consequences, keep, call_bytes),
        Some(role) => Gate::shared(consequences, keep, call_bytes, std::slice::from_ref(role)),
    };
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
    let host = Host::new(gate, Arc::clone(pupil.charter), allowance, setting.memory(), opening);
    let mut store = setting.store_of(pupil.agent, host, fuel)?;
    let mut returned = Vec::new();
    let ran = pupil.agent.instance().instantiate(&mut store).and_then(|instance| {
        let Some(learn) = pupil.agent.learn() else { return Ok(()) };
        let learn = instance.get_typed_func::<(&Experience, &[u8]), (Vec<u8>,)>(&mut store, learn)?;
        (returned,) = learn.call(&mut store, (experience, carry_over))?;
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
    let next = if outcome == Lesson::Carried { Arc::from(returned) } else { Arc::clone(carry_over) };
    let learned = Learned { outcome, bytes, carry_over: Digest::of(&next), fuel };
    Ok(Taught { learned, next, demands: lesson.demands, record: Some(lesson.record) })
}

/// Returns the result of a lesson that is withheld: the carry-over stays as it was.
pub(super) fn withheld(carry_over: &Arc<[u8]>) -> Taught {
    let learned = Learned { outcome: Lesson::Withheld, bytes: 0, carry_over: Digest::of(carry_over), fuel: 0 };
    Taught { learned, next: Arc::clone(carry_over), demands: Demands::default(), record: None }
}

/// Returns the steps of an agent in the episode that ended so, as far as the objective reveals them.
///
/// `paid` is the payoff of one of several roles. A role that took no step after it was not shown its payoff as a reward,
/// and learns of it with its last step.
pub(super) fn experience(
    setting: &Setting,
    pupil: Pupil<'_>,
    steps: &[&Step],
    left: &Departed,
    end: End,
    paid: Option<f64>,
) -> Experience {
    let objective = setting.policy.objective;
    let mut rewards: Vec<f64> = steps.iter().map(|step| step.reward).collect();
    if let Some(paid) = paid {
        let shown = rewards.iter().fold(0.0, |sum, reward| sum + reward);
        if let Some(last) = rewards.last_mut() {
            *last += paid - shown;
        }
    }
    let before = std::iter::once(&left.first).chain(steps.iter().map(|step| &step.observation));
    let transitions = before
        .zip(steps)
        .zip(&rewards)
        .zip(objective.targets(&rewards))
        .map(|(((observation, step), reward), target)| Transition {
            observation: value_to_wit(observation.clone()),
            action: value_to_wit(step.action.clone()),
            reward: objective.reveal.reward.then_some(*reward),
            target,
        })
        .collect();
    Experience {
        transitions,
        end: end_to_wit(end),
        last: value_to_wit(left.last.clone()),
        seed: pupil.seed.0,
        task: left.task.to_string(),
        generation: pupil.generation,
    }
}
