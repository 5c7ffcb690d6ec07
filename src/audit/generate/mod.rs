//! Agents made of chance: a core module generated against the contract and WASI, from a seed.
//!
//! ```text
//!  seed --+--> which operations it imports, and those that give the handles they need
//!         |
//!         +--bytes--> wasm-smith: any functions, globals, tables, data; its calls of operations
//!         |               |
//!         |               +--splice--> go through guards: places in its memory, valid cases, handles that it holds
//!         |
//!         +--> `run`: up to 50 acts: operations, loops, steps, memory, those functions; and a way to end --> agent
//! ```
//!
//! Fifteen in sixteen are *tame*: their loads lie within their memory, their divisors are not 0,
//! and their calls make sense. So they live long enough to ask for much. The others are *wild*:
//! they call what they import at random, may have a start function, and mostly trap.
//!
//! What it does not show: such an agent has no plan. One that knows what it looks for is written by hand; see
//! [`cast`](super::cast).

mod act;
mod guard;
mod splice;

use arbitrary::Unstructured;
use wasm_smith::Config;

use super::Error;
use super::contract::{self, ProbeWorld};
use super::operation::{ProbedOperation, Resource, imports, resources, with_givers};
use crate::value::{Seed, Stream};

/// Random bytes that a module is made of.
const CHANCE: usize = 2048;
/// Share of wild agents: one in so many.
const WILD: u64 = 16;
/// Share of agents that import WASI: one in so many.
const WASI: u64 = 2;
/// Share of agents that may leave by an exit, of those that import WASI: one in so many.
const EXIT: u64 = 4;

/// Arguments with which an agent made of chance calls its operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Temper {
    /// Arguments that make sense.
    Tame,
    /// Any arguments.
    Wild,
}

/// Returns the core module that follows from `seed` and may import `operations`, described as an
/// agent.
///
/// # Errors
///
/// [`Error::Generate`] if the module from wasm-smith cannot be spliced.
pub(super) fn module(seed: Seed, operations: &[ProbedOperation]) -> Result<Vec<u8>, Error> {
    let mut stream = seed.stream();
    let mut chance = vec![0; CHANCE];
    stream.fill(&mut chance);
    let temper = if stream.next_u64().is_multiple_of(WILD) { Temper::Wild } else { Temper::Tame };
    let chosen = choose(operations, &mut stream);
    let drops: Vec<Resource> = resources(&chosen).into_iter().collect();
    let pages = 1 + stream.next_u64() % 8;
    let module = wasm_smith::Module::new(config(&chosen, pages, temper)?, &mut Unstructured::new(&chance))
        .map_err(|error| Error::Generate(error.to_string()))?;
    let spliced = splice::splice(&module.to_bytes(), temper, &chosen, &drops, &mut stream).map_err(Error::Generate)?;
    let world = if chosen.iter().any(ProbedOperation::is_wasi) { ProbeWorld::AgentOnWasi } else { ProbeWorld::Agent };
    contract::describe(spliced, world)
}

/// Chooses half of the operations, and those that give the handles that they need.
fn choose(operations: &[ProbedOperation], stream: &mut Stream) -> Vec<ProbedOperation> {
    let with_wasi = stream.next_u64().is_multiple_of(WASI);
    let with_exit = stream.next_u64().is_multiple_of(EXIT);
    with_givers(operations, &mut |operation| {
        let is_drawn = stream.next_u64().is_multiple_of(2) || operation.name == "step";
        let is_exit = operation.path() == "cli/exit";
        is_drawn && (with_wasi || !operation.is_wasi()) && (with_exit || !is_exit)
    })
}

fn config(operations: &[ProbedOperation], pages: u64, temper: Temper) -> Result<Config, Error> {
    let shape = format!(
        "(module {} (memory (export \"memory\") {pages}) (func (export \"run\"))
           (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) unreachable))",
        imports(operations)
    );
    Ok(Config {
        module_shape: Some(wat::parse_str(shape).map_err(Error::contract)?),
        allow_start_export: temper == Temper::Wild,
        disallow_traps: temper == Temper::Tame,
        min_funcs: 2,
        max_funcs: operations.len().saturating_add(24),
        max_instructions: 150,
        // The exported memory comes besides.
        max_memories: 0,
        max_memory32_bytes: 16 << 20,
        max_tables: 1,
        max_table_elements: 1000,
        exceptions_enabled: false,
        gc_enabled: false,
        memory64_enabled: false,
        reference_types_enabled: false,
        relaxed_simd_enabled: false,
        tail_call_enabled: false,
        threads_enabled: false,
        ..Config::default()
    })
}

/// Returns an index below `count`; `None` if `count` is 0.
fn below(stream: &mut Stream, count: usize) -> Option<usize> {
    let count = u64::try_from(count).ok().filter(|count| *count > 0)?;
    usize::try_from(stream.next_u64() % count).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::*;
    use crate::agent::{Agent, Engine};
    use crate::audit::operation::callable;
    use crate::capability::CAPABILITIES;
    use crate::environment::World;
    use crate::episode::{self, Cancel, Setting};
    use crate::policy::Policy;
    use crate::run::{self, Plan};
    use crate::value::Digest;

    /// Returns the operations that an agent calls under a policy that refuses, and so records,
    /// every one.
    fn called(agent: Agent, plan: &Plan) -> BTreeSet<String> {
        let run = Digest::of(b"test");
        let setting = Setting::new(agent, Arc::clone(&plan.policy), None, run, Cancel::default()).unwrap();
        let [lived] = <[_; 1]>::try_from(run::relay(plan, &[&setting]).unwrap()).unwrap();
        lived.body.entries.iter().map(|entry| entry.operation.to_string()).collect()
    }

    #[test]
    fn every_operation_is_called_by_some_of_those_made_of_chance() {
        let mut text = "[episode]\nsteps = 100\nfuel = 200_000\n[record]\nentries = 4096\n".to_owned();
        for capability in CAPABILITIES {
            text = format!("{text}[grants.{}]\nmode = \"deny\"\n", capability.name);
        }
        let policy = Policy::parse("test.toml", text).unwrap();
        let engine = Engine::new(episode::memory(&policy), 1).unwrap();
        let policy = Arc::new(policy);
        let operations = callable(contract::operations().unwrap());
        let mut missing: BTreeSet<String> = operations.iter().map(ProbedOperation::full_name).collect();
        for number in 0..120 {
            if missing.is_empty() {
                return;
            }
            let module = module(Seed(number), &operations).unwrap();
            let Ok(agent) = Agent::load("test", &module, &engine) else { continue };
            let world = "off-switch".parse::<World>().unwrap();
            let known = agent.as_ref().clone();
            let plan = Plan { seed: Seed(number), ..Plan::new(known, Arc::clone(&policy), world) };
            for name in called(agent, &plan) {
                missing.remove(&name);
            }
        }
        panic!("nobody calls {missing:?}");
    }

    #[test]
    fn the_same_seed_makes_the_same_agent_and_another_one_another() {
        let operations = callable(contract::operations().unwrap());
        let make = |seed| module(Seed(seed), &operations).unwrap();
        assert_eq!(make(1), make(1));
        assert_ne!(make(1), make(2));
    }
}
