//! Dayfly as a library: a world and a tool of one's own, lived in worker processes, which are this program itself.
//!
//! `cargo run --release --example apart`

use std::error::Error;
use std::path::Path;

use dayfly::agent::AgentSource;
use dayfly::capability::{Answer, Tool, ToolCall};
use dayfly::environment::{Environment, Failed, Status, Transition, World};
use dayfly::episode::Cancel;
use dayfly::registry::Registry;
use dayfly::run::{Plan, Run, Threads, Workers};
use dayfly::transcript::Transcript;
use dayfly::value::{Seed, Space, Stream, Value};
use dayfly::worker;

const POLICY: &str = r#"
based-on = "strict"

[episode]
steps = 10

[grants.tools]
mode = "grant"
allow = ["echo"]
"#;

/// World in which a coin is tossed, and the agent guesses which side comes up.
struct Coin(Stream);

impl Environment for Coin {
    fn observations(&self) -> Space {
        Space::Discrete(2)
    }

    fn actions(&self) -> Space {
        Space::Discrete(2)
    }

    fn task(&self) -> &'static str {
        "guess the side of the coin: 0 or 1"
    }

    fn steps(&self) -> Option<u32> {
        None
    }

    fn open(&mut self, seed: Seed) -> Result<Value, Failed> {
        self.0 = seed.stream();
        Ok(Value::Discrete(0))
    }

    fn step(&mut self, action: &Value) -> Result<Transition, Failed> {
        let side = u64::from(self.0.chance(0.5));
        let reward = f64::from(u8::from(*action == Value::Discrete(side)));
        Ok(Transition { observation: Value::Discrete(side), reward, status: Status::Running })
    }

    fn performance(&self) -> f64 {
        0.0
    }
}

/// Returns what this program and its workers know: they have to agree.
fn registry() -> Result<Registry, Box<dyn Error>> {
    let world = World::new("coin", "coin, version 1", |_| Ok(Box::new(Coin(Seed(0).stream()))));
    let echo = |call: &ToolCall<'_>| Answer::Now(Ok(call.input.to_owned()));
    let tool = Tool::new("echo", "Answers its input.", move || Box::new(echo));
    Ok(Registry::builtin()?.with_world(world)?.with_tool(tool)?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let registry = registry()?;
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, first, scratch] = arguments.as_slice()
        && first == "worker"
    {
        return Ok(worker::serve(Path::new(scratch), &registry)?);
    }
    let plan = || -> Result<Plan, Box<dyn Error>> {
        let agent = AgentSource::shipped("random").ok_or("no such agent")?.read()?;
        let policy = registry.parse_policy("apart.toml", POLICY)?;
        Ok(Plan { episodes: 100, seed: Seed(7), ..Plan::new(agent, policy, registry.world("coin")?) })
    };
    let cancel = Cancel::default();
    let workers = Workers::new(std::env::current_exe()?, 2).registering();
    let mut seen = |_: &Transcript| ();
    let apart = Run::on_workers(plan()?, workers, &cancel)?.carry_out(&mut seen)?;
    let here = Run::on_threads(plan()?, &Threads::new(2)?, &cancel)?.carry_out(&mut seen)?;
    #[expect(clippy::print_stdout, reason = "an example shows what it did")]
    {
        println!("{} episodes in workers, root {}", apart.summary.episodes, apart.head.root);
    }
    if apart.head.root == here.head.root { Ok(()) } else { Err("the record is another one in workers".into()) }
}
