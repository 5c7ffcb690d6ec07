//! The contract in `wit/`, and what the program says about it.

use dayfly::agent::{Agent, Engine, Error};
use dayfly::capability::{CAPABILITIES, PACKAGE, VERSION};
use dayfly::value::Digest;
use std::collections::BTreeMap;
use std::path::PathBuf;
use wit_parser::WorldItem;

/// Returns the operations of each interface that the world `agent` imports, in the order of the
/// contract.
fn operations() -> BTreeMap<String, Vec<String>> {
    let (resolve, package) = crate::core::contract();
    let name = &resolve.packages[package].name;
    assert_eq!(
        (format!("{}:{}", name.namespace, name.name), name.version.as_ref().unwrap().to_string()),
        (PACKAGE.into(), VERSION.into())
    );
    let world = resolve.packages[package].worlds["agent"];
    let mut operations = BTreeMap::new();
    for item in resolve.worlds[world].imports.values() {
        let WorldItem::Interface { id, .. } = item else { panic!("the world imports more than interfaces") };
        let interface = &resolve.interfaces[*id];
        let functions: Vec<String> = interface.functions.keys().cloned().collect();
        if !functions.is_empty() {
            operations.insert(interface.name.clone().unwrap(), functions);
        }
    }
    operations
}

#[test]
fn every_operation_of_the_contract_has_a_capability_and_no_capability_has_more() {
    let known: BTreeMap<String, Vec<String>> = CAPABILITIES
        .iter()
        // A capability beside the contract is held to its own package.
        .filter(|capability| capability.name != "wasi")
        .map(|capability| {
            let operations = capability.operations.iter().map(|operation| operation.name.to_owned()).collect();
            (capability.name.to_owned(), operations)
        })
        .collect();
    assert_eq!(known, operations());
}

#[test]
fn every_operation_has_a_code_of_its_own_and_says_whose_it_is() {
    let mut codes = BTreeMap::new();
    for capability in CAPABILITIES {
        for operation in capability.operations {
            assert_eq!(operation.capability, capability.name);
            assert_eq!(codes.insert(operation.code, operation.to_string()), None, "{operation}");
        }
    }
}

#[test]
fn the_agents_that_are_shipped_are_those_of_their_manifest() {
    let shipped: BTreeMap<_, _> = dayfly::agent::SHIPPED
        .iter()
        .map(|agent| (agent.name.to_owned(), Digest::of(agent.bytes).to_string()))
        .collect();
    assert_eq!(shipped, listed("agent", "name"));
}

#[test]
fn every_component_that_lies_beside_its_source_is_in_the_manifest() {
    let folder = crate::common::root().join("agents");
    let listed: BTreeMap<_, _> = listed("agent", "file").into_iter().chain(listed("example", "file")).collect();
    // Agents that need other tools to build may lie here, and are not committed.
    let is_committed =
        |path: &&PathBuf| !["target", "python", "javascript"].iter().any(|other| path.starts_with(folder.join(other)));
    let found: BTreeMap<_, _> = crate::common::files(&folder, "wasm")
        .iter()
        .filter(is_committed)
        .map(|path| {
            let name = path.strip_prefix(&folder).unwrap().to_str().unwrap().replace('\\', "/");
            (name, Digest::of(&std::fs::read(path).unwrap()).to_string())
        })
        .collect();
    assert_eq!(found, listed);
}

/// Returns the digests in a table of the manifest, by the value of `key`.
fn listed(table: &str, key: &str) -> BTreeMap<String, String> {
    let manifest: toml::Table = include_str!("../../agents/manifest.toml").parse().unwrap();
    let text = |entry: &toml::Value, key: &str| entry[key].as_str().unwrap().to_owned();
    manifest[table].as_array().unwrap().iter().map(|entry| (text(entry, key), text(entry, "sha256"))).collect()
}

#[test]
fn a_core_module_with_metadata_is_an_agent_and_one_without_is_not() {
    let policy = crate::common::policy("strict");
    let engine = Engine::new(dayfly::episode::memory(&policy), 1).unwrap();
    let stepper = include_str!("../agents/stepper.wat");
    let agent = Agent::load("stepper", &crate::core::module(stepper), &engine).unwrap();
    assert_eq!(agent.imports(), ["episode"]);
    assert!(matches!(Agent::load("stepper", stepper.as_bytes(), &engine), Err(Error::CoreModule { .. })));
}

#[test]
fn what_is_no_agent_is_told_why() {
    let policy = crate::common::policy("strict");
    let engine = Engine::new(dayfly::episode::memory(&policy), 1).unwrap();
    let load = |bytes: &[u8]| Agent::load("test", bytes, &engine).unwrap_err();
    let whole = crate::core::component(include_str!("../agents/idle.wat"));
    for cut in [4, 8, whole.len() / 2, whole.len() - 1] {
        assert!(matches!(load(&whole[..cut]), Error::Malformed { .. } | Error::NoRun { .. }), "{cut} bytes");
    }
    assert!(matches!(load(b""), Error::Empty { .. }));
    for none in [&b"\0as"[..], b"hello", b"\xff(component)", b" "] {
        assert!(matches!(load(none), Error::NoWebAssembly { .. }), "{none:?}");
    }
    for text in [&b"(component"[..], b"\n ;; nothing but a comment", b"(; (component)", b"(component)\xff"] {
        assert!(matches!(load(text), Error::Text { .. }), "{text:?}");
    }
    assert!(matches!(load(b"(component)"), Error::NoRun { .. }));
    assert!(matches!(load(b"(component (import \"env\" (func)))"), Error::UnknownImport { .. }));
    let other = b"(component (import \"dayfly:agent/episode@0.2.0\" (instance)))";
    assert!(matches!(load(other), Error::UnknownImport { .. }));
}

#[test]
fn a_run_of_another_type_is_no_agent() {
    let policy = crate::common::policy("strict");
    let engine = Engine::new(dayfly::episode::memory(&policy), 1).unwrap();
    let component = r#"(component
      (core module $m (func (export "run") (result i32) i32.const 1))
      (core instance $i (instantiate $m))
      (func (export "run") (result u32) (canon lift (core func $i "run"))))"#;
    assert!(matches!(Agent::load("test", component.as_bytes(), &engine), Err(Error::Mismatch { .. })));
}

#[test]
fn the_environment_of_the_examples_is_valid() {
    let text = include_str!("../../examples/garden.toml");
    assert_eq!(dayfly::environment::World::table(text).unwrap().name(), "garden");
}
