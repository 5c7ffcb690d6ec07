//! Places of the conversation at which a worker can lie, each with a lie that is told there.
//!
//! 1. Every field of every message that a worker gives is in [`PLACES`], and so is its time.
//! 2. Every lie that is named there is told by a live worker, in one of the lists, which also give
//!    its outcome.

use std::collections::{BTreeMap, BTreeSet};

use dayfly::environment::World;
use dayfly::worker::frame::Bytes;
use dayfly::worker::{Confined, EpisodeReport, Parcel, WorkerReply};
use serde_json::Value;

use super::begun::BEGUN;
use super::list::LIES;
use super::starts::{CODE, STARTS};
use crate::liar::{Deed, Entry, Lesson, Part, Said};

/// Places, each with one of the lies that are told there.
const PLACES: &[(&str, &str)] = &[
    // Before the worker is given an episode.
    ("Confined", "what confines it, again, and not that it is ready"),
    ("Confined.in_force", "more parts that confine it than there are"),
    ("Confined.in_force[].0", "a part that there is not"),
    ("Confined.in_force[].1", "how it is confined, in words that turn a terminal around"),
    ("Confined.missing", "more parts that are missing than there are"),
    ("Confined.missing[].0", "that a part is missing, in such words"),
    ("Confined.missing[].1", "that a part is missing, in such words"),
    ("Compiled", "code that is none"),
    ("Ready", "that it is ready, before it was given anything"),
    ("Unfit.why", "that the agent is none, in words that turn a terminal around"),
    ("Unfit.help", "that the agent is none, in words that turn a terminal around"),
    ("Failed", "that it cannot take up its work"),
    ("Stopped", "that it was stopped before it began"),
    // About an episode.
    ("Lived", "an episode, before it was given one"),
    ("Lived.of", "the answer of another episode"),
    ("Lived.parcel", "a parcel and a byte"),
    ("end", "an end that there is not"),
    ("parts", "one role more"),
    ("entries[].role", "an entry as that of the other role"),
    ("parts[].closing", "a trap that says nothing"),
    ("parts[].cause", "a cause of nothing"),
    ("parts[].fuel", "more fuel than there is"),
    ("parts[].calls", "more calls than fuel pays for"),
    ("digest", "another digest"),
    ("digest[]", "another digest"),
    ("parts[].violations", "no violation"),
    ("parts[].violations[].0", "a violation of another class"),
    ("parts[].violations[].1", "one violation more"),
    ("parts[].notices", "that it could not have cleaned up"),
    ("parts[].notices[].0", "a notice of a class that has none"),
    ("parts[].notices[].1", "a notice that is counted twice"),
    ("parts[].tripwires", "a tripwire that the policy does not have"),
    ("parts[].tripwires[].0", "a tripwire that there is not"),
    ("parts[].tripwires[].1", "a tripwire that there is not"),
    ("parts[].after_end", "a number of calls after the end that makes a sum wrap"),
    ("entries", "no entries"),
    ("entries[].ordinal", "an entry of a call that was not"),
    ("entries[].step", "an entry of a step that was not"),
    ("entries[].operation", "an operation that there is not"),
    ("entries[].argument", "an argument that clears the screen"),
    ("entries[].digest", "another argument of a message"),
    ("entries[].digest[]", "another argument of a message"),
    ("entries[].decision", "a message that was refused"),
    ("entries[].class", "an entry of a class that there is not"),
    ("entries[].rule", "a rule that grants nothing"),
    ("entries[].due", "a grant after the end"),
    ("entries_cut", "that more was cut than was called"),
    ("parts[].log", "more log than is granted"),
    ("parts[].log[]", "a line that clears the screen"),
    ("parts[].released", "one more message"),
    ("parts[].released[].0", "another recipient"),
    ("parts[].released[].1", "another message"),
    ("parts[].released[].1[]", "another message"),
    ("parts[].residue", "nothing left"),
    ("parts[].residue[].0", "something left outside"),
    ("parts[].residue[].1", "more left than there is room for"),
    ("parts[].learned", "no lesson"),
    ("parts[].learned.outcome", "a trap with a carry-over"),
    ("parts[].learned.bytes", "another length than it has"),
    ("parts[].learned.fuel", "more fuel than to learn with"),
    ("parts[].learned.carry_over", "another digest of what it learned"),
    ("parts[].learned.carry_over[]", "another digest of what it learned"),
    ("parts[].next", "more than is declared"),
    ("parts[].next[]", "as much as is declared"),
    ("actions", "more steps than there may be"),
    ("actions[]", "another action"),
    // Number of answers, and their time.
    ("twice", "an answer that is given twice"),
    ("twice, the last", "the last answer, given twice"),
    ("unasked", "an answer before one that nobody asked for"),
    ("never", "nothing"),
    ("never, and gone", "nothing, and it is gone"),
    ("late", "the truth, late"),
    // Beside the messages.
    ("frame", "a frame as long as there can be"),
    ("frame, its end", "a message but a byte"),
    ("begun", "more than there are"),
    ("begun, its length", "a number that is cut off"),
];

/// Returns a report with something in each field, for each of two roles.
fn full() -> Said {
    let entry = Entry {
        role: Some("even".into()),
        ordinal: 1,
        step: 1,
        operation: "workspace.write".into(),
        argument: "a".into(),
        digest: [1; 32],
        decision: 0,
        class: Some("defer-past-end".into()),
        rule: "r".into(),
        due: 0,
    };
    let part = Part {
        closing: 0,
        cause: Some("c".into()),
        fuel: 1,
        calls: 1,
        violations: vec![("defer-past-end".into(), 1)],
        notices: vec![("leave-residue".into(), 1)],
        tripwires: vec![("episode.step".into(), 5)],
        after_end: 1,
        log: vec!["l".into()],
        released: vec![("r".into(), vec![1; 5])],
        residue: vec![("p".into(), 1)],
        learned: Some(Lesson { outcome: 0, bytes: 1, carry_over: [1; 32], fuel: 1 }),
        next: Some(vec![2; 64]),
    };
    Said {
        end: 2,
        digest: [1; 32],
        entries: vec![entry.clone(), entry],
        entries_cut: 1,
        parts: vec![part.clone(), part],
        actions: vec![0, 1, 0, 1],
    }
}

/// Finds the places of a value by their paths, with the values there. All items of a list are one
/// place.
fn places<'v>(at: &str, value: &'v Value, found: &mut BTreeMap<String, Vec<&'v Value>>) {
    let below = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, field)| places(&below(name), field, found)),
        // A pair has fields, and a list has any number of the same.
        Value::Array(pair) if pair.len() == 2 && at.ends_with("[]") => {
            pair.iter().enumerate().for_each(|(number, field)| places(&below(&number.to_string()), field, found));
        }
        Value::Array(list) => list.iter().for_each(|one| places(&format!("{at}[]"), one, found)),
        _ => {}
    }
    if !at.is_empty() && !matches!(value, Value::Array(pair) if pair.len() == 2 && at.ends_with("[]")) {
        found.entry(at.to_owned()).or_default().push(value);
    }
}

/// Returns the places of a report that a lie changes.
fn changed(change: fn(&mut Said)) -> BTreeSet<String> {
    let mut said = full();
    change(&mut said);
    let (before, after) = (serde_json::to_value(full()).unwrap(), serde_json::to_value(said).unwrap());
    let (mut one, mut other) = (BTreeMap::new(), BTreeMap::new());
    places("", &before, &mut one);
    places("", &after, &mut other);
    one.into_iter().filter(|(at, value)| other.get(at) != Some(value)).map(|(at, _)| at).collect()
}

/// Returns the fields of every message that a worker gives.
fn fields() -> BTreeSet<String> {
    let parts = || vec![(0, "x".to_owned())];
    let told: Value = serde_json::to_value(full()).unwrap();
    let mut all = BTreeMap::new();
    places("", &told, &mut all);
    let mut found: BTreeSet<String> = all.into_keys().filter(|at| !is_a_struct(at)).collect();
    let answers = [
        WorkerReply::Confined(Confined { in_force: parts(), missing: parts() }),
        WorkerReply::Ready,
        WorkerReply::Unfit { why: String::new(), help: String::new() },
        WorkerReply::Stopped,
        WorkerReply::Failed(String::new()),
        WorkerReply::Compiled(Bytes(Vec::new())),
    ];
    for answer in answers {
        let value = serde_json::to_value(&answer).unwrap();
        let mut all = BTreeMap::new();
        match (&answer, &value) {
            // Bytes that nobody looks into.
            (WorkerReply::Compiled(_), _) => found.extend(["Compiled".to_owned()]),
            (_, Value::String(name)) => found.extend([name.clone()]),
            (_, value) => places("", value, &mut all),
        }
        let own = all.into_keys().filter(|at| !is_a_struct(at) && at != "Unfit");
        found.extend(own);
    }
    // A parcel holds the report.
    found.extend(["Lived", "Lived.of", "Lived.parcel"].map(str::to_owned));
    found
}

/// `true` if a value has fields, each of which is a place.
fn is_a_struct(at: &str) -> bool {
    matches!(at, "entries[]" | "parts[]" | "parts[].released[]")
}

pub(super) fn are_all_lied_at() {
    let told: BTreeSet<&str> = PLACES.iter().map(|(place, _)| *place).collect();
    assert_eq!(told.len(), PLACES.len(), "a place stands there twice");
    let missing: Vec<String> = fields().into_iter().filter(|field| !told.contains(field.as_str())).collect();
    assert!(missing.is_empty(), "no lie is told at {missing:#?}");
    let of_episodes = LIES.iter().flat_map(|(_, lies)| lies.iter());
    let deeds: BTreeMap<&str, Deed> = of_episodes.map(|lie| (lie.what, lie.deed)).collect();
    let mut others: BTreeSet<&str> = STARTS.iter().chain(CODE).map(|lie| lie.what).collect();
    others.extend(BEGUN.iter().map(|lie| lie.what));
    for (place, lie) in PLACES {
        match deeds.get(lie) {
            Some(Deed::Told(change)) => {
                let changed = changed(*change);
                assert!(changed.contains(*place), "`{lie}` is told at {changed:?}, and not at {place}");
            }
            Some(_) => {}
            None => assert!(others.contains(lie), "nobody tells `{lie}`"),
        }
    }
}

/// Checks that this test knows every message and every field. An unknown message does not compile,
/// and an unknown field is not read.
pub(super) fn are_those_that_there_are() {
    const fn message(answer: &WorkerReply) -> &'static str {
        match answer {
            WorkerReply::Confined(Confined { in_force: _, missing: _ }) => "Confined",
            WorkerReply::Ready => "Ready",
            WorkerReply::Unfit { why: _, help: _ } => "Unfit",
            WorkerReply::Lived { of: _, parcel: _ } => "Lived",
            WorkerReply::Stopped => "Stopped",
            WorkerReply::Failed(_) => "Failed",
            WorkerReply::Compiled(_) => "Compiled",
        }
    }
    assert_eq!(message(&WorkerReply::Ready), "Ready");
    let run = crate::common::Run::of("random", "strict", "button");
    let setting = super::setting(&run.plan());
    let parcel =
        Parcel::of(EpisodeReport::live(&setting, super::ticket("button".parse::<World>().unwrap().made())).unwrap())
            .unwrap();
    let Bytes(told) = postcard::from_bytes(&postcard::to_stdvec(&parcel).unwrap()).unwrap();
    // Everything is read, and written as it was.
    let said: Said = postcard::from_bytes(&told).unwrap();
    assert_eq!(postcard::to_stdvec(&said).unwrap(), told);
}
