//! Inputs of the fuzzer and its findings, once more.

#[path = "../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, clippy::expect_used, reason = "it is a crate of its own, too, and fails by panicking")]
mod targets;

use std::path::{Path, PathBuf};

fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target)
}

/// Feeds a target the files in its folder, and its seeds as they are made today.
fn replay(target: &str, feed: fn(&[u8])) {
    let mut files: Vec<_> = std::fs::read_dir(corpus(target)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        assert!(std::panic::catch_unwind(|| feed(&bytes)).is_ok(), "{}", file.display());
    }
    for (_, name, bytes) in targets::seeds().into_iter().filter(|(of, ..)| *of == target) {
        assert!(std::panic::catch_unwind(|| feed(&bytes)).is_ok(), "the seed {name}");
    }
}

#[test]
fn every_policy_of_the_corpus_is_a_policy_or_has_faults() {
    replay("policy", targets::policy);
}

#[test]
fn every_edited_ledger_of_the_corpus_is_seen_to_be_edited() {
    replay("ledger", targets::ledger);
}

#[test]
fn every_component_of_the_corpus_is_an_agent_or_an_error() {
    replay("component", targets::component);
}

#[test]
fn every_agent_of_the_corpus_lives_to_the_end_of_its_episode() {
    replay("episode", targets::episode);
}

#[test]
fn every_answer_of_the_corpus_is_believed_no_further_than_the_policy_goes() {
    replay("wire", targets::wire);
}

#[test]
#[ignore = "writes the seeds: run by `just seeds`"]
fn write_the_seeds() {
    for (target, name, seed) in targets::seeds() {
        std::fs::create_dir_all(corpus(target)).unwrap();
        std::fs::write(corpus(target).join(name), seed).unwrap();
    }
}
