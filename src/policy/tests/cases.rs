//! `tests/cases/policy/*.toml`: each is a policy with faults, and below each line what is wrong
//! with it:
//!
//! ```toml
//! step = 100
//! #? 1..5: unknown key `episode.step`
//! #?   label: did you mean `steps`?
//! #?   help: the keys of `episode` are `steps`, ...
//! ```
//!
//! The numbers are columns, from 1, the last one not included. What concerns the whole text stands
//! at its beginning.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::super::{Invalid, Policy, SourceFile};
use crate::value::Fault;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/policy");

/// Loads the policy of a case. A policy that it extends lies in the folder of the cases, or is
/// shipped.
fn load(file: &SourceFile) -> Result<Policy, Invalid> {
    let read = |name: &str| std::fs::read_to_string(Path::new(FOLDER).join(name)).ok();
    Policy::load(file, &|name, _| Ok(read(name).map(|text| SourceFile::user(name, text))))
}

/// Returns the cases, by name.
pub(super) fn cases() -> Vec<(String, String)> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    paths.iter().map(|path| (name(path), std::fs::read_to_string(path).unwrap())).collect()
}

/// Removes the expected faults from a text.
pub(super) fn plain(text: &str) -> String {
    text.split_inclusive('\n').filter(|line| !line.starts_with("#?")).collect()
}

/// Adds the faults to a text.
fn annotated(text: &str, faults: &[Fault]) -> String {
    let mut annotated = String::new();
    for fault in faults.iter().filter(|fault| fault.span.is_none()) {
        annotate(&mut annotated, "", fault);
    }
    let mut start = 0;
    for line in text.lines() {
        let end = start + line.len();
        writeln!(annotated, "{line}").unwrap();
        for fault in faults {
            let Some(span) = fault.span.clone().filter(|span| (start..=end).contains(&span.start)) else { continue };
            let column = |at: usize| text[start..at.min(end)].chars().count() + 1;
            annotate(&mut annotated, &format!("{}..{}: ", column(span.start), column(span.end)), fault);
        }
        start = end + 1;
    }
    annotated
}

fn annotate(text: &mut String, place: &str, fault: &Fault) {
    writeln!(text, "#? {place}{}", fault.message).unwrap();
    for (name, content) in [("label", &fault.label), ("help", &fault.help)] {
        if !content.is_empty() {
            writeln!(text, "#?   {name}: {content}").unwrap();
        }
    }
}

#[test]
fn every_fault_is_named_where_it_stands() {
    let mut different = String::new();
    for (name, expected) in cases() {
        let file = SourceFile::user(&name, plain(&expected));
        let found = match load(&file) {
            Ok(_) => file.text.clone(),
            Err(invalid) => {
                assert_eq!(invalid.file, file, "{name}: the fault lies in another file");
                let starts = invalid.faults.iter().map(|fault| fault.span.as_ref().map(|span| span.start));
                assert!(starts.is_sorted(), "{name}: the faults are not in the order of the text");
                annotated(&file.text, &invalid.faults)
            }
        };
        if found != expected {
            writeln!(different, "--- {name} should read:\n{found}").unwrap();
        }
        assert!(
            expected.contains("\n#? ") || expected.starts_with("#? ") || !different.is_empty(),
            "{name} expects nothing"
        );
    }
    assert!(different.is_empty(), "\n{different}");
}

#[test]
fn a_fault_of_a_parent_names_the_parent() {
    let child = SourceFile::user("child.toml", "extends = \"parents/faulty.toml\"\n");
    let invalid = load(&child).unwrap_err();
    assert_eq!(invalid.file.path, "parents/faulty.toml");
    assert_eq!(&invalid.file.text[invalid.faults[0].span.clone().unwrap()], "0");
    assert_eq!(invalid.to_string(), "`parents/faulty.toml` is not a valid policy: `episode.steps` is too small");
}
