//! What a worker tells of an episode that is over, and how far it is believed.
//!
//! ```text
//!  Lived --Told::of--> pipe --believe--> Lived
//!                        ^ ticket, policy: the supervisor's own
//! ```
//!
//! 1. What names the episode is never taken from a worker: its number, lineage, world, seed and run, the digests of what it opened
//!    with, and what its violations ask of the run.
//! 2. What reaches a later episode is no more than the policy declares.
//! 3. What is believed is written down exactly as it would be had the episode been lived here.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::frame::Bytes;
use crate::capability;
use crate::episode::{Lived, Setting, Ticket};
use crate::gate::{Consequence, Demands};
use crate::policy::Continuity;
use crate::transcript::{
    Calls, Class, Closing, Decision, Due, End, Entry, Learned, Lesson, Message, Operation, Residue, Step, Tally,
    Transcript,
};
use crate::value::Digest;

/// An episode that is over, but for what the supervisor knows of it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Told {
    end: End,
    closing: Closing,
    cause: Option<String>,
    steps: u32,
    total: f64,
    performance: f64,
    fuel: u64,
    calls: u64,
    digest: [u8; 32],
    violations: Vec<(u8, u64)>,
    tripwires: Vec<(u8, u64)>,
    after_end: u64,
    entries: Vec<ToldEntry>,
    entries_cut: u64,
    trace: Vec<Step>,
    log: Vec<String>,
    released: Vec<(String, Bytes)>,
    residue: Vec<Residue>,
    learned: Option<ToldLesson>,
    world: Option<Bytes>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ToldEntry {
    ordinal: u64,
    step: u32,
    operation: u8,
    argument: String,
    digest: [u8; 32],
    decision: Decision,
    class: Option<u8>,
    rule: String,
    due: Due,
}

#[derive(Debug, Serialize, Deserialize)]
struct ToldLesson {
    outcome: Lesson,
    bytes: u64,
    fuel: u64,
    /// The next episode's carry-over, where there is a new one.
    next: Option<Bytes>,
}

/// One entry for each class, before the boundary and after it.
const FIRST: u64 = 20;

/// Why a worker is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// An operation, a class or a reason that there is not, or that no worker can give.
    #[error("the worker told of something that there is not")]
    Unknown,
    /// More than the policy allows.
    #[error("the worker told of more than the policy allows")]
    Beyond,
    /// A world that is none of the run's.
    #[error("the worker gave back a world that is none of the run's")]
    World,
}

impl Told {
    /// What is told of `lived`.
    pub fn of(lived: Lived, setting: &Setting) -> Self {
        let Lived { transcript, environment, carry_over, .. } = lived;
        let persists = setting.policy.boundary.environment == Continuity::Persist;
        let learned = transcript.learned.map(|learned| ToldLesson {
            outcome: learned.outcome,
            bytes: learned.bytes,
            fuel: learned.fuel,
            next: (learned.outcome == Lesson::Carried).then(|| Bytes(carry_over.to_vec())),
        });
        Self {
            end: transcript.end,
            closing: transcript.closing,
            cause: transcript.cause,
            steps: transcript.steps,
            total: transcript.total,
            performance: transcript.performance,
            fuel: transcript.fuel,
            calls: transcript.calls.count,
            digest: *transcript.calls.digest.as_bytes(),
            violations: transcript.violations.iter().map(|(class, count)| (code(class), count)).collect(),
            tripwires: transcript.tripwires.iter().map(|(operation, count)| (operation.code, count)).collect(),
            after_end: transcript.after_end,
            entries: transcript.entries.into_iter().map(ToldEntry::of).collect(),
            entries_cut: transcript.entries_cut,
            trace: transcript.trace,
            log: transcript.log,
            released: transcript.released.into_iter().map(|sent| (sent.recipient, Bytes(sent.body))).collect(),
            residue: transcript.residue,
            learned,
            world: persists.then(|| Bytes(environment.state())),
        }
    }

    /// The episode, with what the supervisor knows of it.
    ///
    /// # Errors
    ///
    /// [`Doubt`] where it cannot have been lived like this under this policy.
    pub fn believe(self, setting: &Setting, ticket: &mut Ticket) -> Result<Lived, Doubt> {
        let policy = &setting.policy;
        // The first of each class is kept whatever the limits are.
        let kept = u64::from(policy.record.entries) + u64::from(policy.record.grace) + FIRST;
        let entries = u64::try_from(self.entries.len()).unwrap_or(u64::MAX);
        let steps = u64::try_from(self.trace.len()).unwrap_or(u64::MAX);
        // `learn` has as many entries of its own.
        if self.steps > policy.episode.steps || entries > kept.saturating_mul(2) || steps > u64::from(self.steps) {
            return Err(Doubt::Beyond);
        }
        if self.end == End::Aborted || !self.is_sound() {
            return Err(Doubt::Unknown);
        }
        // INVARIANT 1
        let mut transcript = setting.header(ticket);
        let violations = tally(&self.violations)?;
        let carry_over = self.carry_over(setting, ticket)?;
        transcript.learned = self.learned.as_ref().map(|lesson| Learned {
            outcome: lesson.outcome,
            bytes: lesson.bytes,
            carry_over: Digest::of(&carry_over),
            fuel: lesson.fuel,
        });
        let world = self.world.clone();
        self.fill(&mut transcript, violations)?;
        bring(world, setting, ticket)?;
        let demands = demands(setting, &violations);
        let environment = std::mem::replace(&mut ticket.environment, capability::nowhere());
        Ok(Lived { transcript, environment, carry_over, demands })
    }

    /// Whether numbers are finite, and what reports show has no control characters: here they would have been escaped.
    fn is_sound(&self) -> bool {
        let numbers = [self.total, self.performance].into_iter().chain(self.trace.iter().map(|step| step.reward));
        let shown = self.entries.iter().flat_map(|entry| [&entry.argument, &entry.rule]);
        let mut shown = shown.chain(&self.cause);
        numbers.into_iter().all(f64::is_finite) && !shown.any(|text| text.chars().any(char::is_control))
    }

    /// INVARIANT 2: the carry-over of the next episode.
    fn carry_over(&self, setting: &Setting, ticket: &Ticket) -> Result<Arc<[u8]>, Doubt> {
        if self.learned.is_some() != setting.learns() {
            return Err(Doubt::Unknown);
        }
        let Some(ToldLesson { outcome, next, .. }) = &self.learned else { return Ok(Arc::clone(&ticket.carry_over)) };
        match (outcome, next) {
            (Lesson::Carried, Some(Bytes(next))) => {
                let bytes = u64::try_from(next.len()).unwrap_or(u64::MAX);
                if bytes <= setting.policy.boundary.carry { Ok(Arc::from(next.as_slice())) } else { Err(Doubt::Beyond) }
            }
            (Lesson::Carried, None) | (_, Some(_)) => Err(Doubt::Unknown),
            (_, None) => Ok(Arc::clone(&ticket.carry_over)),
        }
    }

    /// INVARIANT 3: field by field.
    fn fill(self, transcript: &mut Transcript, violations: Tally) -> Result<(), Doubt> {
        transcript.end = self.end;
        transcript.closing = self.closing;
        transcript.cause = self.cause;
        transcript.steps = self.steps;
        transcript.total = self.total;
        transcript.performance = self.performance;
        transcript.fuel = self.fuel;
        transcript.calls = Calls { count: self.calls, digest: Digest::from_bytes(self.digest) };
        transcript.violations = violations;
        for (code, count) in self.tripwires {
            transcript.tripwires.add(operation(code)?, count);
        }
        transcript.after_end = self.after_end;
        transcript.entries = self.entries.into_iter().map(ToldEntry::entry).collect::<Result<_, _>>()?;
        transcript.entries_cut = self.entries_cut;
        transcript.trace = self.trace;
        transcript.log = self.log;
        transcript.released =
            self.released.into_iter().map(|(recipient, Bytes(body))| Message { recipient, body }).collect();
        transcript.residue = self.residue;
        Ok(())
    }
}

impl ToldEntry {
    fn of(entry: Entry) -> Self {
        Self {
            ordinal: entry.ordinal,
            step: entry.step,
            operation: entry.operation.code,
            argument: entry.argument,
            digest: *entry.digest.as_bytes(),
            decision: entry.decision,
            class: entry.class.map(code),
            rule: entry.rule.into_owned(),
            due: entry.due,
        }
    }

    fn entry(self) -> Result<Entry, Doubt> {
        Ok(Entry {
            ordinal: self.ordinal,
            step: self.step,
            operation: operation(self.operation)?,
            argument: self.argument,
            digest: Digest::from_bytes(self.digest),
            decision: self.decision,
            class: self.class.map(class).transpose()?,
            rule: Cow::Owned(self.rule),
            due: self.due,
        })
    }
}

/// INVARIANT 2: the world of the ticket, where worlds persist, becomes as the episode left it.
fn bring(world: Option<Bytes>, setting: &Setting, ticket: &mut Ticket) -> Result<(), Doubt> {
    let persists = setting.policy.boundary.environment == Continuity::Persist;
    match (world, persists) {
        (None, false) => Ok(()),
        (Some(Bytes(state)), true) => {
            let before = ticket.environment.state();
            if ticket.environment.restore(&state).is_ok() && ticket.environment.state() == state {
                return Ok(());
            }
            // The world stays what it was: it takes its own state.
            let _ = ticket.environment.restore(&before);
            Err(Doubt::World)
        }
        (None, true) | (Some(_), false) => Err(Doubt::World),
    }
}

/// What the violations of an episode ask of the run: the supervisor's policy says so, not the worker.
fn demands(setting: &Setting, violations: &Tally) -> Demands {
    let asked = |wanted| violations.iter().any(|(class, _)| setting.policy.consequences.of(class) == wanted);
    Demands { quarantine: asked(Consequence::Quarantine), fail: asked(Consequence::Fail) }
}

fn tally(counts: &[(u8, u64)]) -> Result<Tally, Doubt> {
    counts.iter().map(|(code, count)| Ok((class(*code)?, *count))).collect()
}

fn code(class: Class) -> u8 {
    u8::try_from(class.index()).unwrap_or(u8::MAX)
}

fn class(code: u8) -> Result<Class, Doubt> {
    Class::ALL.get(usize::from(code)).copied().ok_or(Doubt::Unknown)
}

fn operation(code: u8) -> Result<Operation, Doubt> {
    capability::operation(code).ok_or(Doubt::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::{Agent, Engine, SHIPPED};
    use crate::environment::Selection;
    use crate::episode::{self, Cancel};
    use crate::policy::{Policy, SourceFile};
    use crate::value::Seed;

    /// What a learner is run under, and in: all that can cross the boundary does.
    fn setting(boundary: &str) -> Setting {
        let text = format!(
            "[episode]\nsteps = 5\nfuel = 1_000_000\n[boundary]\n{boundary}\n[violations]\nact-after-end = \"quarantine\"\n\
             [record]\nentries = 1\n[grants.episode]\nmode = \"grant\"\n[grants.random]\nmode = \"grant\"\n\
             [grants.log]\nmode = \"grant\"\n"
        );
        let policy = Policy::load(&SourceFile::user("test.toml", text), &|_, _| Ok(None)).unwrap();
        let engine = Engine::new(episode::memory(&policy), 1).unwrap();
        let learner = SHIPPED.iter().find(|shipped| shipped.name == "policy-gradient").unwrap();
        let agent = Agent::load("test", learner.bytes, &engine).unwrap();
        Setting::new(agent, Arc::new(policy), None, Digest::of(b"run"), Cancel::default()).unwrap()
    }

    const CROSSING: &str = "environment = \"persist\"\ncarry = \"64 B\"\nlearn-fuel = 2_000_000";

    fn ticket() -> Ticket {
        Ticket {
            episode: 7,
            lineage: 1,
            world: 2,
            seed: Seed(3),
            lineage_seed: Seed(4),
            generation: 0,
            carry_over_of: None,
            environment: "past-self".parse::<Selection>().unwrap().make(),
            carry_over: Arc::from([]),
        }
    }

    fn told(setting: &Setting) -> Told {
        Told::of(setting.live(ticket()).unwrap(), setting)
    }

    /// What is believed of an episode after something is changed in what is told of it.
    fn believed(change: impl FnOnce(&mut Told)) -> Result<Lived, Doubt> {
        let setting = setting(CROSSING);
        let mut told = told(&setting);
        assert!(told.learned.as_ref().is_some_and(|lesson| lesson.next.is_some()));
        change(&mut told);
        told.believe(&setting, &mut ticket())
    }

    fn doubt(change: impl FnOnce(&mut Told)) -> Doubt {
        believed(change).unwrap_err()
    }

    #[test]
    fn what_was_lived_is_believed_as_if_it_had_been_lived_here() {
        let setting = setting(CROSSING);
        let here = setting.live(ticket()).unwrap();
        let there = told(&setting).believe(&setting, &mut ticket()).unwrap();
        let line = |lived: &Lived| serde_json::to_string(&lived.transcript).unwrap();
        assert_eq!(line(&there), line(&here));
        assert_eq!(there.carry_over, here.carry_over);
        assert_eq!(there.environment.state(), here.environment.state());
        assert_ne!(there.environment.state(), ticket().environment.state());
    }

    #[test]
    fn no_more_is_carried_over_than_the_policy_declares() {
        let next = |bytes: usize| {
            move |told: &mut Told| {
                let lesson = told.learned.as_mut().unwrap();
                (lesson.outcome, lesson.next) = (Lesson::Carried, Some(Bytes(vec![1; bytes])));
            }
        };
        assert_eq!(believed(next(64)).unwrap().carry_over.len(), 64);
        assert_eq!(doubt(next(65)), Doubt::Beyond);
        assert_eq!(doubt(|told| told.learned = None), Doubt::Unknown);
        assert_eq!(doubt(|told| told.learned.as_mut().unwrap().outcome = Lesson::Trapped), Doubt::Unknown);
        let nothing = setting("environment = \"reset\"");
        let mut lived = told(&nothing);
        lived.learned = told(&setting(CROSSING)).learned;
        assert_eq!(lived.believe(&nothing, &mut ticket()).unwrap_err(), Doubt::Unknown);
    }

    #[test]
    fn no_world_is_brought_that_is_none_of_the_runs() {
        assert_eq!(doubt(|told| told.world = Some(Bytes(vec![9]))), Doubt::World);
        assert_eq!(doubt(|told| told.world = None), Doubt::World);
        let reset = setting("environment = \"reset\"");
        let mut lived = told(&reset);
        lived.world = Some(Bytes(vec![1]));
        assert_eq!(lived.believe(&reset, &mut ticket()).unwrap_err(), Doubt::World);
        let (setting, mut kept) = (setting(CROSSING), ticket());
        kept.environment.restore(&[0]).unwrap();
        let mut lived = told(&setting);
        lived.world = Some(Bytes(vec![9]));
        assert_eq!(lived.believe(&setting, &mut kept).unwrap_err(), Doubt::World);
        assert_eq!(kept.environment.state(), [0]);
    }

    #[test]
    fn more_than_the_policy_allows_is_not_believed() {
        assert_eq!(doubt(|told| told.steps = 6), Doubt::Beyond);
        let step = Step {
            action: crate::value::Value::Discrete(0),
            reward: 0.0,
            observation: crate::value::Value::Discrete(0),
        };
        assert_eq!(doubt(|told| told.trace = vec![step; 6]), Doubt::Beyond);
        assert_eq!(doubt(|told| told.end = End::Aborted), Doubt::Unknown);
        assert_eq!(doubt(|told| told.total = f64::NAN), Doubt::Unknown);
        assert_eq!(doubt(|told| told.performance = f64::INFINITY), Doubt::Unknown);
        assert_eq!(doubt(|told| told.violations = vec![(99, 1)]), Doubt::Unknown);
    }

    #[test]
    fn entries_are_those_that_the_gate_can_make() {
        let entry = |operation, class, argument: &str| ToldEntry {
            ordinal: 0,
            step: 0,
            operation,
            argument: argument.to_owned(),
            digest: [0; 32],
            decision: Decision::Refused,
            class,
            rule: String::new(),
            due: Due::After,
        };
        assert!(believed(|told| told.entries = vec![entry(1, Some(0), "0")]).is_ok());
        assert_eq!(doubt(|told| told.entries = vec![entry(0xEE, None, "")]), Doubt::Unknown);
        assert_eq!(doubt(|told| told.entries = vec![entry(1, Some(99), "")]), Doubt::Unknown);
        assert_eq!(doubt(|told| told.entries = vec![entry(1, None, "\u{1b}[2J")]), Doubt::Unknown);
        assert_eq!(doubt(|told| told.entries = (0..500).map(|_| entry(1, None, "")).collect()), Doubt::Beyond);
    }

    #[test]
    fn what_a_violation_leads_to_is_the_supervisors_to_say() {
        let lived = believed(|told| told.violations = vec![(0, 1)]).unwrap();
        assert!(lived.demands.quarantine);
        assert!(!believed(|_| ()).unwrap().demands.quarantine);
    }

    #[test]
    fn every_operation_that_is_recorded_has_its_number() {
        for capability in capability::CAPABILITIES {
            for known in capability.operations {
                assert_eq!(operation(known.code), Ok(*known));
            }
        }
        assert_eq!(operation(0xF0).unwrap().to_string(), "memory.grow");
        assert_eq!(operation(0xF1).unwrap().to_string(), "table.grow");
    }
}
