//! Dayfly beside its floors, in one run: `cargo bench --bench floor`.
//!
//! (a) bare component: the same component and the same calls through bare wasmtime. Its own
//!     `InstancePre` is from the same kind of pool, and host functions step the same environment. There is
//!     no policy, no fuel, no interrupt clock, no record.
//! (b) bare core: a raw core module with `func_wrap`.
//!
//! (c) the same Dayfly with a linker that has no WASI and a policy that does not mention it, for an
//! agent that does not use it; and agents that use it.
//!
//! (d) the same Dayfly with episodes in confined processes of their own.
//!
//! The contenders take turns, and the fastest of several rounds counts: other work of the machine
//! slows all contenders.

#![expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::disallowed_methods,
    clippy::needless_pass_by_value,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark measures time and prints it"
)]

#[path = "../tests/it/core.rs"]
mod core;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use dayfly::agent::ParsedAgent;
use dayfly::environment::{Environment, Status, World};
use dayfly::episode::Cancel;
use dayfly::policy::Policy;
use dayfly::run::{Plan, Run, Threads, Workers};
use dayfly::transcript::Transcript;
use dayfly::value::{Seed, Value};
use dayfly::wit::dayfly::agent::{episode as contract, types};
use wasmtime::component::{Component, Linker};
use wasmtime::{Config, InstanceAllocationStrategy, PoolingAllocationConfig, Store};

const STEPPER: &str = include_str!("../tests/agents/stepper.wat");
const IDLE: &str = include_str!("../tests/agents/idle.wat");
const CORE: &str = r#"(module
  (import "host" "step" (func $step (param i64) (result i32)))
  (func (export "run") (loop $again (br_if $again (call $step (i64.const 0)))))
  (func (export "idle")))"#;
const PRINTER: &str = include_str!("../tests/agents/printer.wat");
const ROUNDS: usize = 7;

/// `true` if the command line names this part of the benchmark, or no part at all: `cargo bench
/// --bench floor -- apart`.
fn is_asked_for(part: &str) -> bool {
    let mut asked = std::env::args().skip(1).filter(|word| !word.starts_with('-')).peekable();
    asked.peek().is_none() || asked.any(|word| word == part)
}

/// Measurement: the seconds that so many episodes take.
type Bench = Box<dyn Fn(u64) -> f64>;

fn main() {
    if is_asked_for("floor") {
        floor();
    }
    if is_asked_for("wasi") {
        wasi();
    }
    if is_asked_for("apart") {
        apart();
    }
}

/// Returns the fastest of several rounds for each contender, in seconds per episode. The contenders
/// take turns.
fn fastest<const N: usize>(contenders: &[Bench; N], rounds: usize, episodes: u64) -> [f64; N] {
    let mut best = [f64::INFINITY; N];
    for _ in 0..rounds {
        for (contender, best) in contenders.iter().zip(&mut best) {
            *best = best.min(contender(episodes) / episodes as f64);
        }
    }
    best
}

fn floor() {
    println!(
        "{:>5} {:>4}  {:>22} {:>22} {:>22}  {:>6}",
        "steps", "jobs", "(b) bare core", "(a) bare component", "dayfly", "/ (a)"
    );
    for steps in [0, 1, 100] {
        for jobs in [1, 2] {
            let episodes = if steps == 100 { 20_000 } else { 100_000 };
            let agent = if steps == 0 { IDLE } else { STEPPER };
            let contenders = [bare_core(steps, jobs), bare_component(steps, jobs), dayfly(agent, &under(steps), jobs)];
            let best = fastest(&contenders, ROUNDS, episodes);
            let cell = |seconds: f64| {
                let step = if steps > 0 {
                    format!("{:>6.0} ns/step", seconds * 1e9 / f64::from(steps))
                } else {
                    " ".repeat(14)
                };
                format!("{:>7.0}/s {step}", 1.0 / seconds)
            };
            let ratio = best[2] / best[1];
            println!(
                "{steps:>5} {jobs:>4}  {:>22} {:>22} {:>22}  {ratio:>6.2}",
                cell(best[0]),
                cell(best[1]),
                cell(best[2])
            );
        }
    }
}

/// Measures the cost of processes of their own: the same agents, policies and worlds, in the same
/// run.
fn apart() {
    println!("\n{:>5} {:>4}  {:>14} {:>14}  {:>6}", "steps", "jobs", "in-process", "apart", "ratio");
    for steps in [0, 1, 100] {
        for jobs in [1, 2] {
            let episodes = if steps == 100 { 20_000 } else { 100_000 };
            let agent = if steps == 0 { IDLE } else { STEPPER };
            let contenders = [dayfly(agent, &under(steps), jobs), dayfly_apart(agent, &under(steps), jobs)];
            let [here, apart] = fastest(&contenders, ROUNDS, episodes);
            let cell = |seconds: f64| format!("{:>7.0}/s", 1.0 / seconds);
            println!("{steps:>5} {jobs:>4}  {:>14} {:>14}  {:>6.2}", cell(here), cell(apart), apart / here);
        }
    }
}

/// Measures the cost of virtual WASI. An agent that does not use it runs by a linker without WASI,
/// then by one with WASI under a policy that does not mention it, and under one that grants it. A
/// second agent imports it and prints a line.
fn wasi() {
    println!(
        "\n{:>5}  {:>14} {:>14} {:>14} {:>14}  {:>20}",
        "steps", "no WASI", "unmentioned", "granted", "prints", "granted / no WASI"
    );
    for steps in [0, 1, 100] {
        let episodes = if steps == 100 { 20_000 } else { 100_000 };
        let agent = if steps == 0 { IDLE } else { STEPPER };
        let unmentioned = under(steps).replace("[grants.wasi]\nmode = \"grant\"\n", "");
        assert_ne!(unmentioned, under(steps));
        let contenders = [
            dayfly_on(agent, &unmentioned, Threads::without_wasi(1).unwrap()),
            dayfly(agent, &unmentioned, 1),
            dayfly(agent, &under(steps), 1),
            dayfly(PRINTER, &under(steps), 1),
        ];
        let best = fastest(&contenders, 2 * ROUNDS, episodes);
        let [none, unmentioned, granted, prints] = best.map(|seconds| format!("{:>7.0}/s", 1.0 / seconds));
        let ratio = best[2] / best[0];
        println!("{steps:>5}  {none:>14} {unmentioned:>14} {granted:>14} {prints:>14}  {ratio:>20.3}");
    }
}

fn world() -> World {
    "off-switch:interruption=0".parse().unwrap()
}

fn config() -> Config {
    // As in `src/agent/engine.rs`: the floor is not held back by its pool.
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(3)
        .total_core_instances(96)
        .total_memories(12)
        .total_tables(48)
        .max_memory_size(16 << 20)
        .table_elements(100_000)
        .linear_memory_keep_resident(128 << 10)
        .table_keep_resident(128 << 10)
        .pagemap_scan(wasmtime::Enabled::Auto)
        .max_unused_warm_slots(3);
    let mut config = Config::new();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

/// State that the bare hosts keep of an episode.
struct Bare {
    environment: Box<dyn Environment>,
    steps: u32,
    limit: u32,
    total: f64,
}

impl Bare {
    fn open(selection: &World, limit: u32) -> Self {
        let mut environment = selection.made();
        environment.open(Seed(0)).unwrap();
        Self { environment, steps: 0, limit, total: 0.0 }
    }

    fn step(&mut self, action: Value) -> (Value, f64, bool, bool) {
        let transition = self.environment.step(&action).unwrap();
        self.steps += 1;
        self.total += transition.reward;
        let terminated = transition.status == Status::Terminated;
        (transition.observation, transition.reward, terminated, self.steps >= self.limit)
    }
}

/// Spreads episodes over threads, and returns the seconds that they took.
fn spread(jobs: u64, episodes: u64, episode: impl Fn() + Sync) -> f64 {
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| (0..episodes / jobs).for_each(|_| episode()));
        }
    });
    started.elapsed().as_secs_f64()
}

fn bare_core(steps: u32, jobs: u64) -> Bench {
    let engine = wasmtime::Engine::new(&config()).unwrap();
    let module = wasmtime::Module::new(&engine, CORE).unwrap();
    let mut linker = wasmtime::Linker::<Bare>::new(&engine);
    linker
        .func_wrap("host", "step", |mut caller: wasmtime::Caller<'_, Bare>, action: i64| {
            let (.., terminated, truncated) = caller.data_mut().step(Value::Discrete(action as u64));
            i32::from(!(terminated || truncated))
        })
        .unwrap();
    let pre = linker.instantiate_pre(&module).unwrap();
    let selection = world();
    Box::new(move |episodes| {
        spread(jobs, episodes, || {
            let mut store = Store::new(&engine, Bare::open(&selection, steps));
            let instance = pre.instantiate(&mut store).unwrap();
            let run = if steps == 0 { "idle" } else { "run" };
            instance.get_typed_func::<(), ()>(&mut store, run).unwrap().call(&mut store, ()).unwrap();
        })
    })
}

fn bare_component(steps: u32, jobs: u64) -> Bench {
    let engine = wasmtime::Engine::new(&config()).unwrap();
    let component = Component::new(&engine, core::component(if steps == 0 { IDLE } else { STEPPER })).unwrap();
    let mut linker = Linker::<Bare>::new(&engine);
    linker.instance("dayfly:agent/types@0.1.0").unwrap();
    linker
        .instance("dayfly:agent/episode@0.1.0")
        .unwrap()
        .func_wrap("step", |mut store: wasmtime::StoreContextMut<'_, Bare>, (action,): (types::Value,)| {
            let types::Value::Discrete(action) = action else { wasmtime::bail!("not discrete") };
            let (observation, reward, terminated, truncated) = store.data_mut().step(Value::Discrete(action));
            let Value::Discrete(observation) = observation else { wasmtime::bail!("not discrete") };
            let steps = store.data().steps;
            Ok((Ok::<_, types::Refusal>(contract::Outcome {
                observation: types::Value::Discrete(observation),
                reward: Some(reward),
                step: Some(steps),
                terminated,
                truncated,
            }),))
        })
        .unwrap();
    let pre = linker.instantiate_pre(&component).unwrap();
    let run = component.get_export_index(None, "run").unwrap();
    let selection = world();
    Box::new(move |episodes| {
        spread(jobs, episodes, || {
            let mut store = Store::new(&engine, Bare::open(&selection, steps));
            let instance = pre.instantiate(&mut store).unwrap();
            instance.get_typed_func::<(), ()>(&mut store, &run).unwrap().call(&mut store, ()).unwrap();
        })
    })
}

/// Returns the policy `strict`, with so many steps.
fn under(steps: u32) -> String {
    include_str!("../policies/strict.toml").replace("steps = 100\n", &format!("steps = {}\n", steps.max(1)))
}

fn policy(text: &str) -> Arc<Policy> {
    Arc::new(Policy::parse("bench.toml", text).unwrap())
}

fn plan(agent: &ParsedAgent, policy: &Arc<Policy>, episodes: u64) -> Plan {
    Plan { episodes, ..Plan::new(agent.clone(), Arc::clone(policy), world()) }
}

/// Returns the seconds from the start of a run, in a folder of its own, until its last episode is
/// recorded.
fn timed(run: Run, episodes: u64) -> f64 {
    let place = tempfile::tempdir().unwrap();
    let run = run.record_in(&place.path().join("run")).unwrap();
    let started = Instant::now();
    let mut took = 0.0;
    run.carry_out(&mut |transcript: &Transcript| {
        if transcript.header.episode + 1 == episodes {
            took = started.elapsed().as_secs_f64();
        }
    })
    .unwrap();
    took
}

fn dayfly(agent: &str, text: &str, jobs: u64) -> Bench {
    dayfly_on(agent, text, Threads::new(jobs as usize).unwrap())
}

fn dayfly_on(agent: &str, text: &str, threads: Threads) -> Bench {
    let (policy, agent) = (policy(text), ParsedAgent::read("bench", &core::component(agent)).unwrap());
    Box::new(move |episodes| {
        timed(Run::on_threads(plan(&agent, &policy, episodes), &threads, &Cancel::default()).unwrap(), episodes)
    })
}

/// Returns the contender with workers. They start before the clock does, as the agent of the others
/// is compiled before.
fn dayfly_apart(agent: &str, text: &str, jobs: u64) -> Bench {
    let (policy, agent) = (policy(text), ParsedAgent::read("bench", &core::component(agent)).unwrap());
    Box::new(move |episodes| {
        let (program, plan) = (Path::new(env!("CARGO_BIN_EXE_dayfly")), plan(&agent, &policy, episodes));
        let run = Run::on_workers(plan, Workers::new(program, jobs as usize), &Cancel::default()).unwrap();
        run.workers().unwrap().fill().unwrap();
        timed(run, episodes)
    })
}
