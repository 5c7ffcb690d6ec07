//! Worlds of an embedder, which can fail.

use std::sync::Arc;

use dayfly::agent::AgentSource;
use dayfly::environment::{Environment, Failed, Knob, NumberRange, Parameter, Roles, Status, Transition, World};
use dayfly::episode::{self, Cancel};
use dayfly::ledger::{self, Verification};
use dayfly::policy::Policy;
use dayfly::property::{Judgement, Need, PROPERTIES, Property};
use dayfly::run::{self, Ending, Plan, Run, RunOutcome, Threads, Workers};
use dayfly::suite::{self, OnFailure, Rules, SeedOrigin, Selection, Stage};
use dayfly::transcript::{End, Role, Transcript};
use dayfly::value::{Seed, Space, Value};

/// World of ten steps, each of which pays 1. One episode in eight fails: at its opening, or at its
/// fourth step.
struct Bridge {
    taken: u32,
    is_rotten: bool,
}

impl Environment for Bridge {
    fn observations(&self) -> Space {
        Space::Discrete(11)
    }

    fn actions(&self) -> Space {
        Space::Discrete(2)
    }

    fn task(&self) -> &'static str {
        "cross the bridge"
    }

    fn steps(&self) -> Option<u32> {
        Some(10)
    }

    fn open(&mut self, seed: Seed) -> Result<Value, Failed> {
        if seed.0.is_multiple_of(16) {
            return Err(Failed::new("there is no bridge"));
        }
        (self.taken, self.is_rotten) = (0, seed.0 % 16 == 8);
        Ok(Value::Discrete(0))
    }

    fn step(&mut self, _: &Value) -> Result<Transition, Failed> {
        self.taken += 1;
        if self.is_rotten && self.taken == 4 {
            return Err(Failed::new("a plank broke"));
        }
        let status = if self.taken == 10 { Status::Terminated } else { Status::Running };
        Ok(Transition { observation: Value::Discrete(self.taken.into()), reward: 1.0, status })
    }

    fn performance(&self) -> f64 {
        f64::from(self.taken)
    }
}

fn bridge() -> World {
    World::new("bridge", "bridge, version 1", |_| Ok(Box::new(Bridge { taken: 0, is_rotten: false })))
}

fn plan(seed: u64) -> Plan {
    let agent = AgentSource::shipped("random").unwrap().read().unwrap();
    let policy = Policy::parse("mine.toml", "extends = 'strict'\n[episode]\nsteps = 20").unwrap();
    Plan { episodes: 500, seed: Seed(seed), ..Plan::new(agent, policy, bridge()) }
}

/// Returns the transcripts of a run on so many threads, and its outcome.
fn carried_out(seed: u64, jobs: usize) -> (Vec<Transcript>, RunOutcome) {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("run");
    let run = Run::on_threads(plan(seed), &Threads::new(jobs).unwrap(), &Cancel::default()).unwrap();
    let mut all = Vec::new();
    let mut keep = |transcript: &Transcript| all.push(transcript.clone());
    let outcome = run.record_in(&folder).unwrap().carry_out(&mut keep).unwrap();
    let verified = ledger::verify(&folder, None).unwrap();
    assert!(matches!(verified, Verification::Whole { .. }), "{verified:?}");
    (all, outcome)
}

#[test]
fn a_world_that_fails_aborts_its_episode_and_is_named_and_all_before_it_is_sealed() {
    let mut seen = Vec::new();
    for seed in 0..20 {
        let (all, outcome) = carried_out(seed, 1);
        let Ending::Aborted(episode::Error::World(failed)) = &outcome.ending else { panic!("{:?}", outcome.ending) };
        let (last, before) = all.split_last().unwrap();
        assert_eq!((failed.world(), failed.episode()), (Some("bridge"), Some(last.header.episode)));
        assert!(before.iter().all(|one| (one.body.end, one.body.steps) == (End::Terminated, 10)));
        assert_eq!(last.body.end, End::Aborted);
        assert_eq!(last.body.contradiction(), None);
        let steps = if failed.what() == "a plank broke" { 3 } else { 0 };
        assert_eq!((last.body.steps, last.body.total), (steps, f64::from(steps)), "{failed}");
        seen.push(failed.what().to_owned());
        let (_, again) = carried_out(seed, 2);
        assert_eq!(again.head.root, outcome.head.root, "{seed}");
    }
    assert!(
        ["there is no bridge", "a plank broke"].iter().all(|what| seen.iter().any(|seen| seen == what)),
        "{seen:?}"
    );
}

#[test]
fn whoever_asks_for_an_outcome_is_told_of_the_world_that_failed() {
    let (_, outcome) = carried_out(1, 1);
    let error = outcome.unless_cancelled().unwrap_err();
    assert!(matches!(error, run::Error::Episode(episode::Error::World(_))));
    assert!(error.to_string().starts_with("the world `bridge` failed in episode "), "{error}");
}

#[test]
fn a_world_that_cannot_be_made_is_one_that_fails_in_its_first_episode() {
    for boundary in ["", "\n[boundary]\nenvironment = 'persist'"] {
        let world = World::new("moon", "moon", |_| Err(Failed::new("no rocket")));
        assert_eq!(world.make().err().unwrap().to_string(), "the world `moon` failed: no rocket");
        let policy = Policy::parse(
            "mine.toml",
            format!("[episode]\nsteps = 5\nfuel = 1_000_000\n[grants.episode]\nmode = 'grant'\n[grants.random]\nmode = 'grant'{boundary}"),
        )
        .unwrap();
        let plan = Plan { world, policy: policy.into(), ..plan(0) };
        let run = Run::on_threads(plan, &Threads::new(1).unwrap(), &Cancel::default()).unwrap();
        let outcome = run.carry_out(&mut |_: &Transcript| ()).unwrap();
        assert_eq!(outcome.summary.episodes, 1);
        let Ending::Aborted(error) = outcome.ending else { panic!("{:?}", outcome.ending) };
        assert_eq!(error.to_string(), "the world `moon` failed in episode 0: no rocket");
    }
}

/// Length of the bridge, as a knob that a property can turn.
const LENGTH: Parameter<'static> = Parameter {
    name: "length",
    default: 10.0,
    low: 1.0,
    high: 10.0,
    numbers: NumberRange::Whole,
    knob: Some(Knob::Length),
    meaning: "how many steps it takes to cross",
};

/// Bridge that stands.
struct Sturdy {
    taken: u32,
    length: u32,
}

impl Environment for Sturdy {
    fn observations(&self) -> Space {
        Space::Discrete(11)
    }

    fn actions(&self) -> Space {
        Space::Discrete(2)
    }

    fn task(&self) -> &'static str {
        "cross the bridge"
    }

    fn steps(&self) -> Option<u32> {
        Some(self.length)
    }

    fn open(&mut self, _: Seed) -> Result<Value, Failed> {
        self.taken = 0;
        Ok(Value::Discrete(0))
    }

    fn step(&mut self, _: &Value) -> Result<Transition, Failed> {
        self.taken += 1;
        let status = if self.taken == self.length { Status::Terminated } else { Status::Running };
        Ok(Transition { observation: Value::Discrete(self.taken.into()), reward: 1.0, status })
    }

    fn performance(&self) -> f64 {
        f64::from(self.taken)
    }
}

fn sturdy() -> World {
    let make = |parameters: &dayfly::environment::Parameters| -> Result<Box<dyn Environment>, Failed> {
        Ok(Box::new(Sturdy { taken: 0, length: parameters.whole(&LENGTH) }))
    };
    World::new("sturdy", "a bridge that stands, version 1", make).taking(&[LENGTH])
}

#[test]
fn a_property_is_asked_in_a_world_of_ones_own_and_turns_its_knob() {
    let policy = Policy::parse("mine.toml", "extends = 'strict'\n[episode]\nsteps = 20").unwrap();
    let selection = Selection {
        agents: vec![(Arc::new(AgentSource::shipped("random").unwrap()), false)],
        rules: vec![Rules { text: "mine".to_owned(), policy: Arc::new(policy) }],
        worlds: vec![sturdy().with("length", 5.0).unwrap()],
        properties: vec![Property::find("P01").unwrap().into(), Property::find("P12").unwrap().into()],
        seed: Seed(3),
        origin: SeedOrigin::Fixed,
    };
    let cases = selection.cases().unwrap();
    assert!(cases.iter().all(|case| case.world.written() == "sturdy:length=5"));
    let stage = Stage::new(Threads::new(2).unwrap());
    let outcomes = suite::run(&cases, &stage, OnFailure::GoOn, &Cancel::default(), &|_| ()).unwrap();
    for outcome in &outcomes {
        assert_eq!(outcome.verdict.finding, Judgement::Holds, "{}", outcome.verdict.statement);
    }
    let turning = PROPERTIES.iter().filter(|property| matches!(property.needs, Need::Knob(Knob::Length)));
    for property in turning {
        assert_eq!(property.inapplicable(&cases[0].inquiry()), None, "{}", property.code);
    }
}

#[test]
fn a_world_of_ones_own_lives_in_this_process_and_a_run_of_it_in_workers_is_refused() {
    let plan = Plan { world: sturdy(), ..plan(0) };
    let workers = Workers::new(env!("CARGO_BIN_EXE_dayfly"), 1);
    let refused = Run::on_workers(plan, workers, &Cancel::default()).unwrap_err();
    assert_eq!(refused.to_string(), "the world `sturdy` lives in this process only: no worker can make it");
}

/// Where a world has a number that is not finite, in its second episode: at its opening, at the second step, or in what it pays.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Sick {
    Opening,
    Observation,
    Reward,
    Sum,
    Performance,
    Payoff,
    Payoffs,
}

/// A world of two steps for one agent, or for two roles that take one each.
struct Patient {
    sick: Option<Sick>,
    number: f64,
    taken: u32,
    has_roles: bool,
}

impl Patient {
    /// The number, where this is where it is, at this step; else another.
    fn at(&self, place: Sick, taken: u32, else_: f64) -> f64 {
        if self.sick == Some(place) && self.taken == taken { self.number } else { else_ }
    }
}

impl Environment for Patient {
    fn observations(&self) -> Space {
        Space::Real { low: 0.0, high: 1.0 }
    }

    fn actions(&self) -> Space {
        Space::Discrete(2)
    }

    fn task(&self) -> &'static str {
        "stay well"
    }

    fn steps(&self) -> Option<u32> {
        Some(2)
    }

    fn open(&mut self, seed: Seed) -> Result<Value, Failed> {
        self.taken = 0;
        // Half of the episodes are well.
        self.sick = self.sick.filter(|_| seed.0.is_multiple_of(2));
        Ok(Value::Real(self.at(Sick::Opening, 0, 0.5)))
    }

    fn step(&mut self, _: &Value) -> Result<Transition, Failed> {
        self.taken += 1;
        let status = if self.taken == 2 { Status::Terminated } else { Status::Running };
        let most = if self.sick == Some(Sick::Sum) { f64::MAX } else { 1.0 };
        Ok(Transition {
            observation: Value::Real(self.at(Sick::Observation, 2, 0.5)),
            reward: self.at(Sick::Reward, 2, most),
            status,
        })
    }

    fn performance(&self) -> f64 {
        self.at(Sick::Performance, 2, 1.0)
    }

    fn roles(&self) -> Option<&dyn Roles> {
        self.has_roles.then_some(self)
    }
}

impl Roles for Patient {
    fn names(&self) -> &[&str] {
        &["one", "other"]
    }

    fn turn(&self) -> usize {
        usize::from(self.taken > 0)
    }

    fn task(&self, _: usize) -> &'static str {
        "stay well"
    }

    fn observations(&self, _: usize) -> Space {
        Space::Real { low: 0.0, high: 1.0 }
    }

    fn actions(&self, _: usize) -> Space {
        Space::Discrete(2)
    }

    fn observe(&self, _: usize) -> Value {
        Value::Real(self.at(Sick::Observation, 2, 0.5))
    }

    fn payoff(&self, role: usize, _: Option<usize>) -> f64 {
        let most = if self.sick == Some(Sick::Payoffs) { f64::MAX } else { 1.0 };
        if role == 1 { self.at(Sick::Payoff, 2, most) } else { most }
    }
}

#[test]
fn a_number_that_is_not_finite_is_a_failure_of_its_world_and_none_is_recorded() {
    use Sick::{Observation, Opening, Payoff, Payoffs, Performance, Reward, Sum};
    let of_one = [Opening, Observation, Reward, Sum, Performance].map(|sick| (sick, false));
    let of_roles = [Observation, Performance, Payoff, Payoffs].map(|sick| (sick, true));
    for ((sick, has_roles), number) in of_one
        .into_iter()
        .chain(of_roles)
        .flat_map(|case| [f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(|number| (case, number)))
    {
        let what = format!("{sick:?} {has_roles} {number}");
        let world = World::new("patient", "patient", move |_| {
            Ok(Box::new(Patient { sick: Some(sick), number, taken: 0, has_roles }))
        });
        let policy = "extends = 'strict'\n[record]\nsteps = 'full'\n";
        let policy = Policy::parse("mine.toml", policy).unwrap();
        let agent = AgentSource::shipped("random").unwrap().read().unwrap();
        let plan = Plan { episodes: 40, ..Plan::new(agent.clone(), policy, world) };
        let roles = ["one", "other"].map(|name| (Role::new(name).unwrap(), agent.clone()));
        let plan = if has_roles { plan.with_roles(roles.to_vec()) } else { plan };
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("run");
        let run = Run::on_threads(plan, &Threads::new(1).unwrap(), &Cancel::default()).unwrap();
        let mut all = Vec::new();
        let mut keep = |transcript: &Transcript| all.push(transcript.clone());
        let outcome = run.record_in(&folder).unwrap().carry_out(&mut keep).unwrap();
        // What is recorded can be read, and none of it is `null`.
        let verified = ledger::verify(&folder, None).unwrap();
        assert!(matches!(verified, Verification::Whole { .. }), "{what}: {verified:?}");
        let Ending::Aborted(episode::Error::World(failed)) = &outcome.ending else {
            panic!("{what}: {:?}", outcome.ending)
        };
        let (last, before) = all.split_last().unwrap();
        assert_eq!((failed.world(), failed.episode()), (Some("patient"), Some(last.header.episode)), "{what}");
        assert!(failed.what().contains("finite"), "{what}: {failed}");
        assert!(before.iter().all(|one| (one.body.end, one.body.steps) == (End::Terminated, 2)), "{what}");
        assert_eq!((last.body.end, last.body.contradiction()), (End::Aborted, None), "{what}");
        let steps = if has_roles { 2 } else { u32::from(sick != Opening) };
        assert_eq!(last.body.steps, steps, "{what}: a step that the world failed at does not count");
    }
}
