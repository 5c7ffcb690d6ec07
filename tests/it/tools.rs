//! Tools of an embedder: they keep something for one episode, wait for the outside, and can fail.

use std::sync::{Arc, Mutex};

use dayfly::agent::AgentSource;
use dayfly::capability::{Answer, NoAnswer, Taken, Tool, ToolCall, ToolFailed, ToolSession};
use dayfly::episode::{self, Cancel};
use dayfly::registry::{self, Registry};
use dayfly::run::{Ending, Plan, Run, RunOutcome, Threads, Workers};
use dayfly::transcript::{Answered, End, Transcript};

use crate::guest::{Part, agent, ask};

/// Answers of all episodes, one after the other.
type Said = Arc<Mutex<Vec<u64>>>;

/// Tool that counts its calls in an episode.
struct Counter {
    calls: u64,
    said: Said,
}

impl ToolSession for Counter {
    fn answer(&mut self, call: &ToolCall<'_>) -> Answer {
        self.calls += 1;
        self.said.lock().unwrap().push(self.calls);
        match call.input {
            "count" => Answer::Now(Ok(self.calls.to_string())),
            "long" => Answer::Now(Ok("x".repeat(2000))),
            "wait" => Answer::Later(Box::pin(std::future::pending())),
            "soon" => Answer::Later(Box::pin(std::future::ready(Ok("now".to_owned())))),
            "fail" => Answer::Now(Err(NoAnswer::Failed("the wheel is stuck".to_owned()))),
            other => Answer::Now(Err(NoAnswer::Invalid(format!("`{other}` is nothing to count")))),
        }
    }
}

fn counter(said: &Said) -> Tool {
    let said = Arc::clone(said);
    Tool::new("counter", "Counts its calls.", move || Box::new(Counter { calls: 0, said: Arc::clone(&said) }))
}

const POLICY: &str = "[episode]\nsteps = 5\nfuel = 10_000_000\nwall = '10s'\n[grants.episode]\nmode = 'grant'\n[grants.tools]\nmode = \
                      'grant'\nallow = ['counter']\n";

/// Returns a run of an agent that makes these calls of the counter in each of three episodes.
fn plan(registry: &Registry, policy: &str, inputs: &[&str]) -> Plan {
    let calls: Vec<String> =
        inputs.iter().map(|input| ask("tools.call", &[Part::Text("counter"), Part::Text(input)])).collect();
    let bytes = crate::core::component(&agent(&calls.concat())).into();
    let source = AgentSource { text: "caller".to_owned(), name: "caller".to_owned(), bytes, instructions: None };
    let policy = registry.parse_policy("mine.toml", policy).unwrap();
    let world = registry.world("off-switch").unwrap();
    Plan { episodes: 3, ..Plan::new(source.read().unwrap(), policy, world) }
}

fn carried_out(said: &Said, tool: Tool, policy: &str, inputs: &[&str]) -> (Vec<Transcript>, RunOutcome) {
    said.lock().unwrap().clear();
    let registry = Registry::builtin().unwrap().with_tool(tool).unwrap();
    let plan = plan(&registry, policy, inputs);
    let mut all = Vec::new();
    let mut keep = |transcript: &Transcript| all.push(transcript.clone());
    let run = Run::on_threads(plan, &Threads::new(1).unwrap(), &Cancel::default()).unwrap();
    let outcome = run.carry_out(&mut keep).unwrap();
    assert!(all.iter().all(|one| one.body.contradiction().is_none()));
    (all, outcome)
}

#[test]
fn what_a_tool_keeps_it_keeps_for_one_episode() {
    let said = Said::default();
    let (all, outcome) = carried_out(&said, counter(&said), POLICY, &["count", "soon"]);
    assert!(matches!(outcome.ending, Ending::Completed));
    assert_eq!(*said.lock().unwrap(), [1, 2, 1, 2, 1, 2]);
    assert!(all.iter().all(|one| one.body.end == End::Returned && one.body.calls.count == 2));
}

#[test]
fn an_input_that_makes_no_sense_is_refused_and_a_tool_that_fails_aborts_the_episode_and_is_named() {
    let said = Said::default();
    let (all, outcome) = carried_out(&said, counter(&said), POLICY, &["nonsense", "count"]);
    assert!(matches!(outcome.ending, Ending::Completed));
    assert!(all.iter().all(|one| one.body.end == End::Returned));
    for (input, what) in
        [("fail", "the wheel is stuck"), ("long", "an answer has 2000 bytes, and it says that it has 512 at the most")]
    {
        let (all, outcome) = carried_out(&said, counter(&said), POLICY, &[input, "count"]);
        let Ending::Aborted(episode::Error::Tool(failed)) = outcome.ending else { panic!("{:?}", outcome.ending) };
        assert_eq!(failed.to_string(), format!("the tool `counter` failed in episode 0: {what}"));
        assert_eq!((all.len(), all[0].body.end), (1, End::Aborted));
        assert!(!ToolFailed::help().is_empty());
    }
}

#[test]
fn a_tool_answers_what_it_says_that_it_answers_and_the_agent_pays_for_that() {
    let said = Said::default();
    let (short, _) = carried_out(&said, counter(&said), POLICY, &["count"]);
    let (long, outcome) = carried_out(&said, counter(&said).answering(2000), POLICY, &["count"]);
    assert!(matches!(outcome.ending, Ending::Completed));
    assert_eq!(long[0].body.fuel - short[0].body.fuel, 2000 - 512);
    // A larger answer is allowed here, so this one is no longer too long.
    let (all, _) = carried_out(&said, counter(&said).answering(2000), POLICY, &["long"]);
    assert!(all.iter().all(|one| one.body.end == End::Returned));
}

#[test]
fn what_comes_from_outside_is_kept_as_it_reached_the_agent_with_what_was_asked() {
    let said = Said::default();
    let policy = POLICY.replace("10s", "200ms");
    let inputs = ["count", "nonsense", "soon", "wait", "count"];
    let (inside, _) = carried_out(&said, counter(&said), &policy, &inputs);
    assert!(inside.iter().all(|one| one.body.outside.is_empty()));
    let (all, _) = carried_out(&said, counter(&said).from_outside(), &policy, &inputs);
    for Transcript { body, .. } in &all {
        let kept: Vec<_> = body
            .outside
            .iter()
            .map(|one| (one.ordinal, one.outcome, String::from_utf8(one.answer.clone()).unwrap()))
            .collect();
        assert_eq!(
            kept,
            [
                (0, Answered::Whole, "1".to_owned()),
                (1, Answered::Invalid, "`nonsense` is nothing to count".to_owned()),
                (2, Answered::Whole, "now".to_owned()),
                (3, Answered::Cut, String::new()),
            ]
        );
        // Each answer names the request, in the words of the record.
        for (one, entry) in body.outside.iter().zip(&body.entries) {
            assert_eq!((one.ordinal, one.asked), (entry.ordinal, entry.digest));
        }
        assert!(!body.reproducible);
    }
    // A tripwire asks nobody, so nothing comes of the call.
    let tripwire = POLICY.replace("mode = 'grant'\nallow", "mode = 'tripwire'\nallow");
    let (all, _) = carried_out(&said, counter(&said).from_outside(), &tripwire, &["count"]);
    assert!(said.lock().unwrap().is_empty() && all.iter().all(|one| one.body.outside.is_empty()));
}

#[test]
fn the_manifest_names_the_tools_that_are_allowed_and_what_they_are_said_to_do() {
    let said = Said::default();
    let named = |tool: Tool| {
        let registry = Registry::builtin().unwrap().with_tool(tool).unwrap();
        plan(&registry, POLICY, &["count"]).manifest().tools
    };
    let [one, other] = [counter(&said), Tool::new("counter", "Counts otherwise.", || Box::new(Idle))].map(named);
    assert_eq!((one.len(), other.len(), one[0].name.as_str()), (1, 1, "counter"));
    assert_ne!(one[0].digest, other[0].digest);
    let wasmtime = std::fs::read_to_string(crate::common::root().join("Cargo.lock")).unwrap();
    let version =
        plan(&Registry::builtin().unwrap().with_tool(counter(&said)).unwrap(), POLICY, &[]).manifest().wasmtime;
    assert!(wasmtime.contains(&format!("name = \"wasmtime\"\nversion = \"{version}\"")), "{version}");
}

/// Tool that answers nothing.
struct Idle;

impl ToolSession for Idle {
    fn answer(&mut self, _: &ToolCall<'_>) -> Answer {
        Answer::Now(Ok(String::new()))
    }
}

#[test]
fn a_tool_that_waits_is_cut_by_the_wall_clock_of_its_episode() {
    let said = Said::default();
    let (all, _) = carried_out(&said, counter(&said), &POLICY.replace("10s", "60ms"), &["wait", "count"]);
    assert_eq!(all[0].body.end, End::Wall);
    assert_eq!(*said.lock().unwrap().first().unwrap(), 1);
}

#[test]
fn a_policy_allows_the_tools_that_its_registry_has_and_no_worker_has_those_of_ones_own() {
    let said = Said::default();
    let builtin = Registry::builtin().unwrap();
    let invalid = builtin.parse_policy("mine.toml", POLICY).unwrap_err();
    assert!(invalid.to_string().contains("counter"), "{invalid}");
    let registry = builtin.clone().with_tool(counter(&said)).unwrap();
    assert!(registry.parse_policy("mine.toml", POLICY).is_ok());
    let allowed = |registry: &Registry| {
        let schema = registry.policy_schema();
        schema.pointer("/properties/grants/properties/tools/properties/allow/items/enum").unwrap().clone()
    };
    assert_eq!(allowed(&registry), serde_json::json!(registry.tools().names()));
    assert_eq!(allowed(&builtin), serde_json::json!(builtin.tools().names()));
    assert!(registry.tools().get("counter").is_some() && builtin.tools().get("counter").is_none());
    let twice = registry.clone().with_tool(counter(&said)).unwrap_err();
    assert_eq!(twice, registry::Error::Name(Taken::Twice("counter".to_owned())));
    let workers = Workers::new(env!("CARGO_BIN_EXE_dayfly"), 1);
    let refused = Run::on_workers(plan(&registry, POLICY, &["count"]), workers, &Cancel::default()).unwrap_err();
    assert_eq!(refused.to_string(), "the tool `counter` lives in this process only: no worker has it");
}
