//! Local respect, host call by host call: no call of one episode changes what another episode, open
//! at the same time, can see.
//!
//! ```text
//!  the watcher: every operation | step ......................... | every operation, a look | --> view
//!                                 the other: opened, one call, closed
//! ```
//!
//! *Source*: J. Rushby, "Noninterference, transitivity, and channel-control security policies", SRI
//! CSL-92-02, 1992: local respect is one of the unwinding conditions that noninterference follows
//! from. Here every operation of the contract is one action, under every mode of a grant, and what
//! a domain observes is the view of the watcher.

use std::sync::{Arc, Mutex};

use super::contract::{self, ProbeWorld};
use super::operation::{ProbedOperation, callable, holds, imports, with_givers};
use super::view::EpisodeView;
use super::{AuditSubject, ProbeCrossing, actor};
use crate::agent::{Agent, Engine};
use crate::capability::CAPABILITIES;
use crate::environment::{Environment, Failed, Parameters, Transition, World, as_within};
use crate::episode::{self, Cancel, Setting};
use crate::policy::Policy;
use crate::run::Threads;
use crate::value::{Seed, Value};

/// Action that happens within the watcher's first step.
type Meanwhile = Arc<Mutex<Option<Box<dyn FnOnce() + Send>>>>;

/// World in whose first step something else happens.
struct Interleaved {
    world: Box<dyn Environment>,
    meanwhile: Meanwhile,
}

impl Environment for Interleaved {
    as_within!(world);

    fn step(&mut self, action: &Value) -> Result<Transition, Failed> {
        let meanwhile = self.meanwhile.lock().unwrap().take();
        if let Some(meanwhile) = meanwhile {
            meanwhile();
        }
        self.world.step(action)
    }
}

/// Returns a policy with every capability in one mode, but for the episode itself.
pub(super) fn policy(mode: &str) -> Policy {
    let mut text = "[episode]\nsteps = 100\nfuel = 20_000_000\n[grants.episode]\nmode = \"grant\"\n".to_owned();
    for capability in CAPABILITIES.iter().filter(|capability| capability.name != "episode") {
        text = format!("{text}[grants.{}]\nmode = \"{mode}\"\n", capability.name);
    }
    Policy::parse("test.toml", text).unwrap_or_else(|invalid| panic!("{invalid}"))
}

/// Returns a subject in a built-in world, under a policy that grants everything.
pub(super) fn subject(world: &str) -> AuditSubject {
    let policy = policy("grant");
    let threads = Threads::new(1).unwrap();
    let world = world.parse::<World>().unwrap();
    AuditSubject::new(&policy, world, Seed(0), &threads, &Cancel::default()).unwrap()
}

/// Returns an agent that makes two calls of one operation, and nothing else.
fn caller(operation: &ProbedOperation, operations: &[ProbedOperation], engine: &Engine) -> Agent {
    let used = with_givers(operations, &mut |known| known == operation);
    // Texts and lists of ten bytes, and numbers that are not 0.
    let others = operation.plain().enumerate().map(|(at, kind)| format!("({kind}.const {})", [64, 10][at % 2]));
    let calls = operation.call(&operation.zeros(), "") + &operation.call(&others.collect::<String>(), "");
    let text = format!(
        "(module {} (memory (export \"memory\") 2) {}
           (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 16384))
           (data (i32.const 64) \"calculator\") (data (i32.const 80) \"6 * 7\")
           (func (export \"run\") {calls}))",
        imports(&used),
        holds(&used)
    );
    let world = if operation.is_wasi() { ProbeWorld::AgentOnWasi } else { ProbeWorld::Agent };
    Agent::load("caller", &contract::describe(wat::parse_str(&text).unwrap(), world).unwrap(), engine).unwrap()
}

/// Returns the view of a watcher in whose first step `other` lives an episode.
fn watch(subject: &AuditSubject, meanwhile: &Meanwhile, other: Setting) -> EpisodeView {
    let inner = subject.clone();
    *meanwhile.lock().unwrap() = Some(Box::new(move || {
        inner.relay(Seed(2), ProbeCrossing::Open, &[&other]).unwrap();
    }));
    let lived = subject.relay(Seed(1), ProbeCrossing::Open, &[&subject.part("watch").unwrap()]).unwrap();
    assert!(meanwhile.lock().unwrap().is_none(), "nothing happened meanwhile");
    EpisodeView::of(&lived[0]).unwrap()
}

#[test]
fn no_call_of_one_episode_changes_what_another_that_is_open_can_see() {
    for mode in ["grant", "deny", "tripwire"] {
        let policy = policy(mode);
        let threads = Threads::new(2).unwrap();
        let engine = threads.engine(episode::memory(&policy)).unwrap();
        let meanwhile = Meanwhile::default();
        let inside = Arc::clone(&meanwhile);
        let selection: World = "off-switch".parse().unwrap();
        let make = move |_: &Parameters| -> Result<Box<dyn Environment>, Failed> {
            Ok(Box::new(Interleaved { world: selection.made(), meanwhile: Arc::clone(&inside) }))
        };
        let world = World::new("test", "", make);
        let subject = AuditSubject::new(&policy, world, Seed(0), &threads, &Cancel::default()).unwrap();
        let nothing = watch(&subject, &meanwhile, subject.part("idle").unwrap());
        let operations = callable(contract::operations().unwrap());
        for operation in &operations {
            let other = caller(operation, &operations, &engine);
            let view = watch(&subject, &meanwhile, subject.setting(other, None).unwrap());
            assert_eq!(nothing.parts(&view).unwrap(), [], "{mode}: {}", operation.full_name());
        }
    }
}

#[test]
fn the_actor_is_made_for_every_policy_that_is_shipped() {
    for (name, _) in crate::policy::SHIPPED {
        let policy = Policy::shipped(name).unwrap();
        assert!(actor::module(&policy).is_ok(), "{name}");
    }
}
