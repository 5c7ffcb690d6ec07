//! Dayfly as a library: an environment of one's own, a policy in the source, a built-in agent, and its transcripts.
//!
//! `cargo run --release --example embed`

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use dayfly::agent::{Agent, Engine, SHIPPED};
use dayfly::environment::{Environment, Status, Transition};
use dayfly::episode::{self, Cancel, Ticker};
use dayfly::harness::{self, Plan, World};
use dayfly::ledger::{Manifest, Writer};
use dayfly::policy::{Policy, SourceFile};
use dayfly::value::{Seed, Space, Stream, Value};

const POLICY: &str = r#"
extends = "strict"

[episode]
steps = 10
"#;

/// A coin is tossed; guess which side comes up. Five right guesses end the episode.
struct Coin {
    stream: Stream,
    right: u32,
}

impl Environment for Coin {
    fn observations(&self) -> Space {
        Space::Discrete(6)
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

    fn open(&mut self, seed: Seed) -> Value {
        self.stream = seed.stream();
        self.right = 0;
        Value::Discrete(0)
    }

    fn step(&mut self, action: &Value) -> Transition {
        let is_right = *action == Value::Discrete(u64::from(self.stream.chance(0.5)));
        self.right += u32::from(is_right);
        Transition {
            observation: Value::Discrete(self.right.into()),
            reward: f64::from(u8::from(is_right)),
            status: if self.right == 5 { Status::Terminated } else { Status::Running },
        }
    }

    fn performance(&self) -> f64 {
        f64::from(self.right)
    }

    fn state(&self) -> Vec<u8> {
        Vec::new()
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let policy = Policy::load(&SourceFile::user("embed.toml", POLICY), &|_, _| Ok(None))?;
    let engine = Engine::new(episode::memory(&policy), 2)?;
    let random = SHIPPED.iter().find(|agent| agent.name == "random").ok_or("no such agent")?;
    let plan = Plan {
        agent: Agent::load(random.name, random.bytes, &engine)?,
        policy: Arc::new(policy),
        world: World {
            name: "coin".to_owned(),
            definition: "coin, version 1".to_owned(),
            make: Arc::new(|| Box::new(Coin { stream: Seed(0).stream(), right: 0 })),
        },
        task: None,
        episodes: 1000,
        lineages: 1,
        seed: Seed(7),
        draws: None,
    };
    let manifest = Manifest::new(&plan.manifest())?;
    let place = tempfile::tempdir()?;
    let mut writer = Writer::create(&Path::new(place.path()).join("run"), &manifest)?;
    let ticker = Ticker::start(&engine);
    let (summary, ending) =
        harness::run(&plan, manifest.digest(), 2, &Cancel::default(), &mut writer, &|_transcript| ())?;
    drop(ticker);
    let head = writer.close(ending.reason())?;
    #[expect(clippy::print_stdout, reason = "an example shows what it did")]
    {
        println!("{} episodes, {:?}", summary.episodes, summary.ends);
        println!("mean return {:.3}, root {}", summary.returns.mean(), head.root);
    }
    Ok(())
}
