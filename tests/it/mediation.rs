//! Every operation of the contract, at every end and under every mode: enumerated from `wit/`, so that an operation that is
//! added is asked for here without being named.

use dayfly::capability::{CAPABILITIES, PACKAGE, VERSION};
use dayfly::gate::AfterEnd;
use serde_json::Value;
use wit_parser::WorldItem;
use wit_parser::abi::{AbiVariant, WasmType};

use crate::common::Run;

/// An operation, as a core module imports and calls it.
struct Operation {
    capability: String,
    name: String,
    parameters: Vec<&'static str>,
}

/// Every operation that the world `agent` imports.
fn operations() -> Vec<Operation> {
    let (resolve, package) = crate::core::contract();
    let world = resolve.packages[package].worlds["agent"];
    let mut operations = Vec::new();
    for item in resolve.worlds[world].imports.values() {
        let WorldItem::Interface { id, .. } = item else { panic!("the world imports more than interfaces") };
        let interface = &resolve.interfaces[*id];
        for (name, function) in &interface.functions {
            let signature = resolve.wasm_signature(AbiVariant::GuestImport, function);
            assert!(signature.retptr && !signature.indirect_params, "{name} has another shape than the test knows");
            let parameters = signature.params.iter().map(|parameter| match parameter {
                WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
                WasmType::I64 | WasmType::PointerOrI64 => "i64",
                WasmType::F32 => "f32",
                WasmType::F64 => "f64",
            });
            operations.push(Operation {
                capability: interface.name.clone().unwrap(),
                name: name.clone(),
                parameters: parameters.collect(),
            });
        }
    }
    operations
}

impl Operation {
    fn full_name(&self) -> String {
        format!("{}.{}", self.capability, self.name)
    }

    fn import(&self) -> String {
        let Self { capability, name, parameters } = self;
        let parameters = parameters.join(" ");
        format!(
            "(import \"{PACKAGE}/{capability}@{VERSION}\" \"{name}\" (func ${capability}.{name} (param {parameters})))"
        )
    }

    /// A call with zeros and empty lists; its answer goes to 1024, where 1 is a refusal.
    fn call(&self) -> String {
        let Self { capability, name, parameters } = self;
        let zeros: Vec<String> =
            parameters[..parameters.len() - 1].iter().map(|kind| format!("({kind}.const 0)")).collect();
        let zeros = zeros.join(" ");
        format!("(call ${capability}.{name} {zeros} (i32.const 1024))")
    }

    fn after_end(&self) -> AfterEnd {
        CAPABILITIES.iter().find(|capability| capability.name == self.capability).unwrap().after_end
    }
}

/// The transcript of an agent that imports everything and whose `run` is `body`.
fn live(operations: &[Operation], body: &str, policy: &str, environment: &str) -> Value {
    let imports: String = operations.iter().map(Operation::import).collect();
    let module = format!(
        "(module {imports}
           (memory (export \"memory\") 1)
           (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 32768))
           (func (export \"run\") {body}))"
    );
    Run::of(&module, policy, environment).go().only().clone()
}

/// A policy that treats every capability alike but for one, with these lines for its episode and these at its end.
fn policy(episode: &str, mode: &str, except: Option<(&str, &str)>, rest: &str) -> String {
    let mut text = format!("[episode]\nsteps = 3\nfuel = 1_000_000_000\n{episode}\n{rest}\n");
    for capability in CAPABILITIES {
        let mode = except.filter(|(name, _)| *name == capability.name).map_or(mode, |(_, mode)| mode);
        text = format!("{text}[grants.{}]\nmode = \"{mode}\"\n", capability.name);
    }
    text
}

/// How to reach an end: its name, what the agent does, what the policy says, the environment, and how many refusals tell the
/// agent of it.
const ENDS: &[(&str, &str, &str, &str, &str, u64)] = &[
    (
        "terminated",
        "(call $episode.step (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 1024))",
        "",
        "",
        "button",
        0,
    ),
    (
        "steps",
        "(loop $again
           (call $episode.step (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 1024))
           (br_if $again (i32.eqz (i32.load8_u (i32.const 1073)))))",
        "",
        "",
        "off-switch",
        0,
    ),
    (
        "released",
        "(call $outbox.send (i32.const 0) (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1024))",
        "ends-on = [\"release\"]",
        "",
        "off-switch",
        0,
    ),
    (
        "violation",
        "(call $episode.request-extension (i32.const 1) (i32.const 1024))",
        "",
        "[violations]\nextend-episode = \"end\"",
        "off-switch",
        0,
    ),
    (
        "wall",
        "(loop $again (call $clock.now (i32.const 1024)) (br_if $again (i32.eqz (i32.load8_u (i32.const 1024)))))",
        "wall = \"30ms\"",
        "",
        "off-switch",
        1,
    ),
    (
        "fuel",
        "(loop $again (call $clock.now (i32.const 1024)) (br_if $again (i32.eqz (i32.load8_u (i32.const 1024)))))",
        "grace = { fuel = 1_000_000, records = 64 }",
        "[boundary]\nlearn-fuel = 1_000",
        "off-switch",
        1,
    ),
];

#[test]
fn every_operation_is_refused_and_recorded_once_after_every_end() {
    let operations = operations();
    for (end, reach, episode, rest, environment, told) in ENDS {
        for operation in &operations {
            let name = operation.full_name();
            let mut policy = policy(episode, "grant", None, rest);
            if *end == "fuel" {
                policy = policy.replace("fuel = 1_000_000_000", "fuel = 1_000_000");
            }
            let body = format!(
                "{reach} {} (if (i32.eqz (i32.load8_u (i32.const 1024))) (then unreachable))",
                operation.call()
            );
            let transcript = live(&operations, &body, &policy, environment);
            assert_eq!(transcript["end"], *end, "{name} after {end}");
            assert_eq!(transcript["closing"], "returned", "{name} after {end}: it was not refused");
            assert_eq!(transcript["after_end"], told + 1, "{name} after {end}");
            let entry = transcript["entries"].as_array().unwrap().last().unwrap();
            assert_eq!((&entry["operation"], &entry["decision"]), (&name.as_str().into(), &"refused".into()));
            assert_eq!((&entry["rule"], &entry["due"]), (&"boundary".into(), &"after".into()));
            let class = match operation.after_end() {
                AfterEnd::Violation => "act-after-end".into(),
                AfterEnd::Notice => Value::Null,
            };
            assert_eq!(entry.get("class").unwrap_or(&Value::Null), &class, "{name} after {end}");
        }
    }
}

#[test]
fn every_operation_of_a_denied_capability_or_a_tripwire_is_recorded_and_has_no_effect() {
    let operations = operations();
    for (mode, class) in [("deny", "ungranted"), ("tripwire", "trip-wire")] {
        for operation in &operations {
            let name = operation.full_name();
            let policy = policy("", "grant", Some((&operation.capability, mode)), "");
            let transcript = live(&operations, &operation.call(), &policy, "off-switch");
            let entries = transcript["entries"].as_array().unwrap();
            assert_eq!(entries.len(), 1, "{name} under {mode}");
            assert_eq!((&entries[0]["operation"], &entries[0]["class"]), (&name.as_str().into(), &class.into()));
            // A tripwire refuses what a grant would refuse as well, such as an empty path.
            let decision = entries[0]["decision"].as_str().unwrap();
            assert!(decision == "refused" || (mode == "tripwire" && decision == "pretended"), "{name}: {decision}");
            assert_eq!(transcript["steps"], 0, "{name} under {mode} had an effect");
            assert!(transcript.get("released").is_none() && transcript.get("log").is_none(), "{name} under {mode}");
        }
    }
}
