//! Dayfly as a library: an environment of one's own, a policy in the source, a built-in agent, and its transcripts.
//!
//! `cargo run --release --example embed`

use std::error::Error;

use dayfly::{
    AgentSource, Cancel, Environment, Failed, Plan, Policy, Run, Seed, Space, Status, Stream, Threads, Transcript,
    Transition, Value, World,
};

const POLICY: &str = r#"
extends = "strict"

[episode]
steps = 10
"#;

/// World in which a coin is tossed, and the agent guesses which side comes up. Five right guesses
/// end the episode.
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

    fn open(&mut self, seed: Seed) -> Result<Value, Failed> {
        self.stream = seed.stream();
        self.right = 0;
        Ok(Value::Discrete(0))
    }

    fn step(&mut self, action: &Value) -> Result<Transition, Failed> {
        let is_right = *action == Value::Discrete(u64::from(self.stream.chance(0.5)));
        self.right += u32::from(is_right);
        Ok(Transition {
            observation: Value::Discrete(self.right.into()),
            reward: f64::from(u8::from(is_right)),
            status: if self.right == 5 { Status::Terminated } else { Status::Running },
        })
    }

    fn performance(&self) -> f64 {
        f64::from(self.right)
    }
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let policy = Policy::parse("embed.toml", POLICY)?;
    let agent = AgentSource::shipped("random").ok_or("no such agent")?.read()?;
    let world = World::new("coin", "coin, version 1", |_| Ok(Box::new(Coin { stream: Seed(0).stream(), right: 0 })));
    let plan = Plan { episodes: 1000, seed: Seed(7), ..Plan::new(agent, policy, world) };
    let run = Run::on_threads(plan, &Threads::new(2)?, &Cancel::default())?;
    let place = tempfile::tempdir()?;
    let mut longest = 0;
    let outcome = run.record_in(&place.path().join("run"))?.carry_out(&mut |transcript: &Transcript| {
        longest = longest.max(transcript.body.steps);
    })?;
    #[expect(clippy::print_stdout, reason = "an example shows what it did")]
    {
        println!("{} episodes, {:?}, {longest} steps at the most", outcome.summary.episodes, outcome.summary.ends);
        println!("mean return {:.3}, root {}", outcome.summary.returns.mean(), outcome.head.root);
    }
    Ok(())
}
