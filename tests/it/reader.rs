//! The crate that reads records: how little it is built of, and what it reads alone.

use std::collections::BTreeSet;

use dayfly_record::{Ledger, Verification};

use crate::common::root;

/// The most crates that it is built of, itself among them.
const MOST: usize = 40;

/// Crates that a reader of records never needs.
const TOO_LARGE: [&str; 5] = ["wasmtime", "rayon", "clap", "tokio", "dayfly"];

/// The crates that a package is linked from, as the lock has them.
fn linked(package: &str) -> BTreeSet<String> {
    let words = ["tree", "--locked", "--offline", "-e", "normal", "--prefix", "none", "--no-dedupe", "-p", package];
    let output = crate::common::command(env!("CARGO")).args(words).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect()
}

/// Fault of a list of crates, for a reader of records.
fn too_much(crates: &BTreeSet<String>) -> Option<String> {
    let large = crates.iter().find(|one| TOO_LARGE.contains(&one.split(' ').next().unwrap()));
    match large {
        Some(large) => Some(format!("it is built of {large}")),
        None if crates.len() > MOST => Some(format!("it is built of {} crates: {crates:#?}", crates.len())),
        None => None,
    }
}

#[test]
fn the_reader_of_records_is_built_of_few_crates() {
    let crates = linked("dayfly-record");
    assert!(crates.iter().any(|one| one.starts_with("sha2 ")), "{crates:?}");
    assert_eq!(too_much(&crates), None);
    assert!(too_much(&linked("dayfly")).is_some(), "the whole program would pass");
}

#[test]
fn records_of_earlier_versions_are_read_with_it_alone() {
    let folder = root().join("tests/cases/ledgers/version-1");
    let ledger = Ledger::open(&folder).unwrap();
    assert!(matches!(ledger.verify(None).unwrap(), Verification::Whole { .. }));
    let transcripts: Vec<_> = ledger.transcripts().unwrap().map(Result::unwrap).collect();
    let episodes: Vec<u64> = transcripts.iter().map(|transcript| transcript.header.episode).collect();
    assert_eq!(episodes, [0, 1, 2, 3, 4, 5]);
    let mut exported = Vec::new();
    assert_eq!(ledger.export(&mut exported).unwrap(), 6);
    let exported = String::from_utf8(exported).unwrap();
    let sealed = crate::common::read(&folder.join("transcripts.jsonl"));
    for (line, sealed) in exported.lines().zip(sealed.lines()) {
        let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
        let members = line.as_object_mut().unwrap();
        let names = ["agent_name", "policy_name", "environment_name"].map(|name| members.remove(name).unwrap());
        assert_eq!(names, ["rememberer", &ledger.manifest().policy.name, &ledger.manifest().environment.name]);
        assert_eq!(line, serde_json::from_str::<serde_json::Value>(sealed).unwrap());
    }

    let early = Ledger::open(root().join("tests/cases/ledgers/early-layout")).unwrap();
    assert!(matches!(early.verify(None).unwrap(), Verification::Flawed { .. }), "its seeds are of no agent");
    assert_eq!(early.transcripts().unwrap().map(Result::unwrap).count(), 5);
}
