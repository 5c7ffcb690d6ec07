//! Dayfly as a library: a tool of one's own that keeps something for one episode, and an agent that calls it.
//!
//! `cargo run --release --example tool`

use std::error::Error;
use std::path::Path;

use dayfly::{
    AgentSource, Answer, Cancel, NoAnswer, Plan, Registry, Run, Threads, Tool, ToolCall, ToolSession, Transcript,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

const POLICY: &str = r#"
[episode]
steps = 10
fuel = 1_000_000

[grants.episode]
mode = "grant"

[grants.tools]
mode = "grant"
allow = ["notebook"]
"#;

/// Tool that keeps lines, and reads them out: those of this episode, and of no other.
#[derive(Default)]
struct Notebook(Vec<String>);

impl ToolSession for Notebook {
    fn answer(&mut self, call: &ToolCall<'_>) -> Answer {
        Answer::Now(match call.input.split_once(' ') {
            Some(("keep", line)) => {
                self.0.push(line.to_owned());
                Ok(String::new())
            }
            None if call.input == "read" => Ok(self.0.join("\n")),
            _ => Err(NoAnswer::Invalid("write `keep LINE` or `read`".to_owned())),
        })
    }
}

/// Agent that keeps a line, reads all there are, and leaves. It traps unless the answer has the
/// nine bytes of its line.
const AGENT: &str = r#"(module
  (import "dayfly:agent/tools@0.1.0" "call" (func $call (param i32 i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const 1024))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.set $next (i32.add (global.get $next) (i32.const 512)))
    (global.get $next))
  (data (i32.const 0) "notebook") (data (i32.const 16) "keep by myself") (data (i32.const 32) "read")
  (func (export "run")
    (call $call (i32.const 0) (i32.const 8) (i32.const 16) (i32.const 14) (i32.const 64))
    (call $call (i32.const 0) (i32.const 8) (i32.const 32) (i32.const 4) (i32.const 64))
    (if (i32.ne (i32.load (i32.const 72)) (i32.const 9)) (then unreachable))))"#;

/// Returns the component of a core module, with the contract that its imports are of.
fn component(text: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut module = wat::parse_str(text)?;
    let mut contract = Resolve::default();
    let (package, _) = contract.push_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("wit"))?;
    let world = contract.select_world(&[package], Some("agent"))?;
    embed_component_metadata(&mut module, &contract, world, StringEncoding::UTF8)?;
    Ok(ComponentEncoder::default().module(&module)?.encode()?)
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let tool = Tool::new("notebook", "Keeps lines: `keep LINE` or `read`.", || Box::new(Notebook::default()));
    let registry = Registry::builtin()?.with_tool(tool.answering(1024))?;
    let policy = registry.parse_policy("tool.toml", POLICY)?;
    let (name, bytes) = ("keeper".to_owned(), component(AGENT)?.into());
    let agent = AgentSource { text: name.clone(), name, bytes, instructions: None };
    let plan = Plan { episodes: 100, ..Plan::new(agent.read()?, policy, registry.world("off-switch")?) };
    let run = Run::on_threads(plan, &Threads::new(2)?, &Cancel::default())?;
    let mut calls = 0;
    let outcome = run.carry_out(&mut |transcript: &Transcript| calls += transcript.body.calls.count)?;
    #[expect(clippy::print_stdout, reason = "an example shows what it did")]
    {
        // If a notebook had outlived its episode, the second agent would have read two lines, and
        // trapped.
        println!("{} episodes, {calls} calls, {:?}", outcome.summary.episodes, outcome.summary.ends);
    }
    if outcome.summary.ends.len() == 1 && calls == 200 { Ok(()) } else { Err("a notebook outlived its episode".into()) }
}
