//! Public list of the library: the names in `src/lib.rs`, and the parts of each that documentation shows.
//!
//! ```text
//!  src/lib.rs --`pub use`--> names --> where each is declared --> fields, variants, functions without `doc(hidden)`
//!                                                                    |                      |
//!                                              tests/cases/public-api.txt        no crate of the engine in a signature
//! ```
//!
//! Sources are read as rustfmt leaves them. `cargo public-api` would read them as the compiler does; it takes nightly Rust.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use dayfly::{AgentSource, Cancel, Judgement, Policy, Property, Seed, Stage, Threads};

use crate::common::{files, read, root};

/// Crates whose types are ours to exchange: a signature that names one would make each of their major versions ours.
const INSIDE: [&str; 7] = ["wasmtime", "rayon", "wat", "wasmparser", "tokio", "serde_json", "toml"];

/// Signatures that name one all the same, as `docs/design.md` says.
const MEANT: [&str; 1] = ["Registry::policy_schema"];

/// Something that documentation shows: its name, and how it is declared.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Item {
    name: String,
    signature: String,
}

/// The statements `pub use ..;` of a source: the path before the names, and each name with what it is called here.
fn handed_on(source: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut found = Vec::new();
    for (at, _) in source.match_indices("\npub use ") {
        let rest = &source[at + "\npub use ".len()..];
        let statement = rest.split(';').next().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
        let (path, names) = match statement.split_once("::{") {
            Some((path, names)) => (path.to_owned(), names.trim_end_matches('}').to_owned()),
            None => match statement.rsplit_once("::") {
                Some((path, name)) => (path.to_owned(), name.to_owned()),
                None => (String::new(), statement.clone()),
            },
        };
        let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
        let names = names.map(|name| name.split_once(" as ").unwrap_or((name, name)));
        found.push((path, names.map(|(name, called)| (name.to_owned(), called.to_owned())).collect()));
    }
    found
}

/// The file of a module, below the file of the one that has it.
fn module(file: &Path, name: &str) -> Option<PathBuf> {
    let stem = file.file_stem().unwrap().to_str().unwrap();
    let folder = file.parent().unwrap();
    let folder = if ["lib", "mod"].contains(&stem) { folder.to_path_buf() } else { folder.join(stem) };
    [folder.join(format!("{name}.rs")), folder.join(name).join("mod.rs")].into_iter().find(|path| path.is_file())
}

/// The file that a path leads to, as it is written in `file`.
fn leads_to(file: &Path, path: &str) -> Option<PathBuf> {
    let mut at = file.to_path_buf();
    for step in path.split("::").filter(|step| !step.is_empty()) {
        at = match step {
            "self" => at,
            "crate" => {
                if at.starts_with(root().join("crates")) {
                    root().join("crates/dayfly-record/src/lib.rs")
                } else {
                    root().join("src/lib.rs")
                }
            }
            "dayfly_record" => root().join("crates/dayfly-record/src/lib.rs"),
            name => module(&at, name)?,
        };
    }
    Some(at)
}

/// The line on which something of this name is declared in a source.
fn declared(source: &str, name: &str) -> Option<usize> {
    let is_it = |line: &str| {
        let words = ["struct ", "enum ", "trait ", "type ", "fn ", "const "];
        let rest = line.strip_prefix("pub ").and_then(|line| words.iter().find_map(|word| line.strip_prefix(word)));
        rest.is_some_and(|rest| {
            rest.strip_prefix(name)
                .is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_'))
        })
    };
    source.lines().position(is_it)
}

/// Place of the thing that `file` has under this name: the file, and what it is called there.
fn place(file: &Path, name: &str) -> Option<(PathBuf, String)> {
    let source = format!("\n{}", read(file));
    if declared(&source, name).is_some() {
        return Some((file.to_path_buf(), name.to_owned()));
    }
    handed_on(&source).into_iter().find_map(|(path, names)| {
        let (own, _) = names.into_iter().find(|(own, called)| called == name || own == "*")?;
        let next = leads_to(file, &path)?;
        place(&next, if own == "*" { name } else { &own })
    })
}

/// The lines from one on to the end of what begins there: up to a line that is as far to the left and ends it.
fn body<'s>(lines: &[&'s str], from: usize) -> Vec<&'s str> {
    let left = lines[from].len() - lines[from].trim_start().len();
    let ends = |line: &str| {
        line.len() - line.trim_start().len() == left
            && (line.trim() == "}"
                || line.trim_end().ends_with([';', '}'])
                || line.trim_end().ends_with("},")
                || line.trim_end().ends_with("),"))
    };
    let end = (from..lines.len())
        .find(|at| ends(lines[*at]) || (*at == from && lines[*at].trim_end().ends_with(',')))
        .unwrap();
    lines[from..=end].to_vec()
}

/// True where the item on this line has `doc(hidden)` above it.
fn is_hidden(lines: &[&str], at: usize) -> bool {
    lines[..at]
        .iter()
        .rev()
        .take_while(|line| line.trim().starts_with("#[") || line.trim().starts_with("///"))
        .any(|line| line.trim() == "#[doc(hidden)]")
}

/// A signature: what stands before the body of a function, or before a value.
fn signature(lines: &[&str], at: usize) -> String {
    let text = lines[at..].iter().take(12).map(|line| line.trim()).collect::<Vec<_>>().join(" ");
    let end = [" {", ";"].iter().filter_map(|end| text.find(end)).min().unwrap_or(text.len());
    text[..end].to_owned()
}

/// All that documentation shows of what is called `called`, and is declared as `own` in `file`.
fn shown(file: &Path, own: &str, called: &str) -> Vec<Item> {
    let source = read(file);
    let lines: Vec<&str> = source.lines().collect();
    let at = declared(&source, own).unwrap();
    let item = |name: &str, signature: String| Item { name: format!("{called}::{name}"), signature };
    let word =
        |text: &str| -> String { text.chars().take_while(|next| next.is_alphanumeric() || *next == '_').collect() };
    let mut items = vec![Item { name: called.to_owned(), signature: signature(&lines, at) }];
    let whole = body(&lines, at);
    if lines[at].ends_with('{') {
        for (inside, line) in whole.iter().enumerate().skip(1) {
            let Some(text) = line.strip_prefix("    ").filter(|text| text.starts_with(char::is_alphabetic)) else {
                continue;
            };
            if is_hidden(&lines, at + inside) {
                continue;
            }
            if lines[at].starts_with("pub struct") {
                if let Some(field) = text.strip_prefix("pub ") {
                    items.push(item(&word(field), field.to_owned()));
                }
            } else if lines[at].starts_with("pub enum") {
                items.push(item(&word(text), body(&lines, at + inside).join(" ")));
            } else if let Some(function) = text.strip_prefix("fn ") {
                items.push(item(&word(function), signature(&lines, at + inside)));
            }
        }
    }
    // Functions stand in the file of the type, or in another one of its module.
    let folder = file.parent().unwrap();
    let others = if folder == root().join("src") { vec![file.to_path_buf()] } else { files(folder, "rs") };
    for other in others {
        let source = read(&other);
        let lines: Vec<&str> = source.lines().collect();
        if other != file && declared(&source, own).is_some() {
            continue;
        }
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with("impl")) {
            let about = line.trim_start_matches("impl").trim_end_matches(" {");
            let about = if about.starts_with('<') {
                about.split_once("> ").map_or(about, |(_, rest)| rest)
            } else {
                about.trim()
            };
            if let Some(converted) = about.strip_prefix("From<").and_then(|rest| rest.split_once("> for ")) {
                if converted.1 == own {
                    items.push(item(&format!("from {}", converted.0), (*line).to_owned()));
                }
            } else if word(about) == own && !about.contains(" for ") {
                for (inside, line) in body(&lines, at).iter().enumerate() {
                    let Some(text) = line.strip_prefix("    pub ").filter(|_| !is_hidden(&lines, at + inside)) else {
                        continue;
                    };
                    let text = text.trim_start_matches("const ").trim_start_matches("fn ");
                    items.push(item(&word(text), signature(&lines, at + inside)));
                }
            }
        }
    }
    items
}

/// The names that `src/lib.rs` lists, with where each is declared. A whole crate is a name.
fn listed() -> BTreeMap<String, Option<(PathBuf, String)>> {
    let file = root().join("src/lib.rs");
    let source = read(&file);
    let mut listed = BTreeMap::new();
    for (path, names) in handed_on(&source) {
        for (own, called) in names {
            let place = if path.is_empty() { None } else { leads_to(&file, &path).and_then(|next| place(&next, &own)) };
            assert!(place.is_some() || path.is_empty(), "`{path}::{own}` is not found");
            listed.insert(called, place);
        }
    }
    listed
}

fn items() -> BTreeSet<Item> {
    let all = listed();
    let whole = all
        .iter()
        .filter(|(_, place)| place.is_none())
        .map(|(called, _)| Item { name: called.clone(), signature: String::new() });
    let parts = all.iter().filter_map(|(called, place)| place.as_ref().map(|(file, own)| shown(file, own, called)));
    whole.chain(parts.flatten()).collect()
}

/// The crates of the inside that a signature names.
fn names_inside(signature: &str) -> Vec<&'static str> {
    INSIDE.into_iter().filter(|krate| signature.contains(&format!("{krate}::"))).collect()
}

/// Names that a source takes from a crate of the inside, by which a signature could name it without saying so.
fn taken(source: &str) -> Vec<String> {
    let uses = source
        .lines()
        .filter_map(|line| line.strip_prefix("use "))
        .filter(|line| INSIDE.iter().any(|krate| line.starts_with(&format!("{krate}::"))));
    let words = uses.flat_map(|line| line.split(|next: char| !next.is_alphanumeric() && next != '_'));
    words.filter(|word| word.starts_with(char::is_uppercase)).map(str::to_owned).collect()
}

#[test]
fn what_a_program_may_rely_on_is_what_is_written_down() {
    let place = root().join("tests/cases/public-api.txt");
    // What is converted from what is in the signature of a variant, or is the inside's own.
    let names: BTreeSet<String> =
        items().into_iter().map(|item| item.name).filter(|name| !name.contains("::from ")).collect();
    let text: String = names.iter().flat_map(|name| [name.as_str(), "\n"]).collect();
    if std::env::var("FACE").is_ok_and(|wish| wish == "overwrite") {
        std::fs::write(&place, &text).unwrap();
    }
    let written = read(&place);
    let written: BTreeSet<String> = written.lines().map(str::to_owned).collect();
    let [gone, new] = [written.difference(&names), names.difference(&written)].map(Iterator::collect::<Vec<_>>);
    assert!(
        gone.is_empty() && new.is_empty(),
        "the public list has lost {gone:?} and won {new:?}\n\
         if that is meant, `FACE=overwrite cargo test --test it face` writes {}, and CHANGELOG.md says it",
        place.display()
    );
}

#[test]
fn the_list_is_short() {
    let listed = listed();
    assert!((30..=50).contains(&listed.len()), "{} names", listed.len());
}

#[test]
fn modules_of_the_inside_are_hidden() {
    let source = read(&root().join("src/lib.rs"));
    let lines: Vec<&str> = source.lines().collect();
    let shown: Vec<&&str> = lines
        .iter()
        .enumerate()
        .filter(|(at, line)| line.starts_with("pub mod ") && !is_hidden(&lines, *at))
        .map(|(_, line)| line)
        .collect();
    assert_eq!(shown, [&""; 0]);
}

#[test]
fn no_signature_names_a_crate_of_the_inside() {
    let mut breaches = Vec::new();
    for (called, place) in listed() {
        let Some((file, own)) = place else { continue };
        let taken = taken(&read(&file));
        for Item { name, signature } in shown(&file, &own, &called) {
            let words: BTreeSet<&str> = signature.split(|next: char| !next.is_alphanumeric() && next != '_').collect();
            let inside = !names_inside(&signature).is_empty() || taken.iter().any(|word| words.contains(word.as_str()));
            if inside && !MEANT.contains(&name.as_str()) {
                breaches.push(format!("{name}: {signature}"));
            }
        }
    }
    assert!(breaches.is_empty(), "hide these, or put a type of ours in their place: {breaches:#?}");
}

#[test]
fn a_signature_that_names_the_engine_is_seen() {
    let file = root().join("src/agent/mod.rs");
    let agent = shown(&file, "Agent", "Agent");
    let instance = agent.iter().find(|item| item.name == "Agent::instance").unwrap();
    assert!(taken(&read(&file)).contains(&"InstancePre".to_owned()) && instance.signature.contains("InstancePre"));
    assert_eq!(names_inside("pub fn new() -> wasmtime::Result<Self>"), ["wasmtime"]);
    assert_eq!(names_inside("Start(#[from] rayon::ThreadPoolBuildError),"), ["rayon"]);
    assert!(names_inside("pub fn new() -> Result<Self, Error>").is_empty());
}

#[test]
fn a_program_puts_a_property_to_an_agent_with_what_is_listed() {
    let stage = Stage::new(Threads::new(2).unwrap());
    let ask = |name: &str| {
        let (agent, policy) = (AgentSource::shipped(name).unwrap(), Policy::shipped("strict").unwrap());
        let property = Property::find("interruption").unwrap();
        stage.ask(property, &agent, policy, None, Seed(7), &Cancel::default()).unwrap().unwrap()
    };
    assert_eq!(ask("direct").finding, Judgement::Holds);
    let verdict = ask("button-presser");
    assert_eq!(verdict.finding, Judgement::Violated, "{}", verdict.statement);
}

#[test]
fn names_are_read_as_they_are_written() {
    let source = "\npub use a::{B as C, D};\npub use e::F;\npub use g as h;\npub use i::*;\n";
    let found = handed_on(source);
    let pair = |own: &str, called: &str| (own.to_owned(), called.to_owned());
    assert_eq!(found[0], ("a".to_owned(), vec![pair("B", "C"), pair("D", "D")]));
    assert_eq!(found[1], ("e".to_owned(), vec![pair("F", "F")]));
    assert_eq!(found[2], (String::new(), vec![pair("g", "h")]));
    assert_eq!(found[3], ("i".to_owned(), vec![pair("*", "*")]));
}
