//! The contract in `wit/`, and what the program says about it.

use std::collections::BTreeMap;
use std::path::Path;

use dayfly::capability::{CAPABILITIES, PACKAGE, VERSION};
use wit_parser::{Resolve, WorldItem};

/// The operations of each interface that the world `agent` imports, in the order of the contract.
fn operations() -> BTreeMap<String, Vec<String>> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("wit")).unwrap();
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
