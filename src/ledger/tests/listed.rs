//! Every member of small records, each edited and sealed again: what passes is what `docs/run-json.md` lists.
//!
//! ```text
//!  record --each value, one at a time--> another value of its kind --sealed again--> verify --whole--> free
//!                                                                                          --flawed--> held
//!  free, by record == the marks in the table of the page
//! ```

use super::forged::{described_richly, members, rich, seal_again, with};
use super::*;
use crate::ledger::Played;
use crate::transcript::{
    Answered, Class, Decision, Due, Entry, Lesson, Message, Operation, Outside, Residue, Role, RoleBody, Step, Tally,
    Touched, Weight,
};
use crate::value::Value;

const PAGE: &str = include_str!("../../../docs/run-json.md");

/// The records, as the columns of the table name them.
fn records() -> Vec<(&'static str, Manifest, Vec<Transcript>)> {
    let short = |change: fn(&mut Body)| {
        let manifest = described_richly();
        let digest = SealedManifest::new(&manifest).unwrap().digest();
        let lines = (0..manifest.episodes).map(|episode| {
            let mut transcript = rich(digest, episode);
            transcript.header.environment = Some(Digest::of(b"a world"));
            change(&mut transcript.body);
            transcript
        });
        (manifest.clone(), lines.collect::<Vec<_>>())
    };
    let (kept, all) = short(|_| ());
    let (digested, none) = short(|body| body.trace.clear());
    let (pair, both) = of_two();
    let mut unkept = both.clone();
    for transcript in &mut unkept {
        transcript.body.trace.clear();
    }
    vec![
        ("one agent", kept, all),
        ("one, no steps", digested, none),
        ("two roles", pair.clone(), both),
        ("two, no steps", pair, unkept),
    ]
}

fn role(name: &str) -> Role {
    Role::new(name).unwrap()
}

/// A run of two roles: an episode that the world ended, one that a role did, and one that was aborted with its worker.
fn of_two() -> (Manifest, Vec<Transcript>) {
    let described = described(3);
    let imports: Vec<_> = ["episode", "workspace", "log", "outbox", "clock", "tools"].map(Into::into).into();
    let played = |name: &str| Played {
        role: role(name),
        agent: described.agent.clone(),
        instructions: Some("be good".to_owned()),
        imports: imports.clone(),
    };
    let manifest = Manifest {
        roles: vec![played("even"), played("odd")],
        instructions: Some("be good".to_owned()),
        imports,
        ..described
    };
    let digest = SealedManifest::new(&manifest).unwrap().digest();
    let lines = (0..3).map(|episode| {
        let mut transcript = lived(digest, episode);
        transcript.header.seed = manifest.draws().episode(episode);
        transcript.body = match episode {
            0 => ended(End::Terminated, None),
            1 => ended(End::Returned, Some("odd")),
            _ => Body { lost: Some("the worker exited with status 7".into()), ..Body::default() },
        };
        transcript
    });
    let lines = lines.collect();
    (manifest, lines)
}

/// An episode of two roles in which all happens that a transcript can tell of.
fn ended(end: End, fault: Option<&str>) -> Body {
    let entry = |name: &str, ordinal, operation: Operation, decision, class, due| Entry {
        role: Some(role(name)),
        ordinal,
        step: if due == Due::After { 3 } else { 1 },
        operation: operation.into(),
        argument: "\"you\"".to_owned(),
        digest: Digest::of(b"argument"),
        decision,
        class,
        rule: if due == Due::After { "boundary" } else { "grants.outbox.mode" }.into(),
        due,
    };
    let of = |capability, name| Operation { capability, name, code: 0, weight: Weight::Heavy };
    let (send, write) = (of("outbox", "send"), of("workspace", "write"));
    let mut touched = Touched::default();
    touched.add(write.into(), 1);
    let one = |class| [(class, 1)].into_iter().collect::<Tally>();
    let mut broken = one(Class::TripWire);
    broken.merge(&one(Class::ActAfterEnd));
    let total = if fault.is_some() { [3.0, -3.0] } else { [-1.0, 1.0] };
    let part = |name: &str, steps, total, calls| RoleBody {
        role: role(name),
        closing: Closing::Returned,
        cause: None,
        steps,
        total,
        fuel: 100,
        calls,
        violations: Tally::default(),
        notices: Tally::default(),
        tripwires: Touched::default(),
        after_end: 0,
        log: vec!["a line".to_owned()],
        released: vec![Message { recipient: "you".to_owned(), body: b"hello".to_vec() }],
        residue: Vec::new(),
        learned: None,
    };
    let even = RoleBody {
        violations: broken,
        tripwires: touched.clone(),
        after_end: 1,
        notices: one(Class::LeaveResidue),
        residue: vec![Residue { path: "left".to_owned(), bytes: 3 }],
        ..part("even", 2, total[0], 6)
    };
    let odd = part("odd", 1, total[1], 5);
    // Who waits is paid with its last step.
    let last = if fault.is_some() { 0.0 } else { total[1] };
    let step = |name: &str, reward| Step {
        role: Some(role(name)),
        action_name: Some("heads".into()),
        observation_name: Some("tails".into()),
        ..Step::unnamed(Value::Discrete(1), reward, Value::Real(0.5))
    };
    Body {
        end,
        fault: fault.map(role),
        lost: None,
        reproducible: false,
        closing: Closing::Returned,
        cause: None,
        steps: 3,
        total: total.iter().fold(0.0, |sum, one| sum + one),
        performance: 0.25,
        fuel: 200,
        calls: Calls { count: 11, digest: Digest::of(b"calls") },
        violations: broken,
        notices: one(Class::LeaveResidue),
        tripwires: touched,
        after_end: 1,
        entries: vec![
            entry("even", 1, write, Decision::Pretended, Some(Class::TripWire), Due::Before),
            entry("odd", 2, send, Decision::Granted, None, Due::Before),
            entry("even", 9, send, Decision::Refused, Some(Class::ActAfterEnd), Due::After),
        ],
        entries_cut: 1,
        trace: vec![step("even", 0.0), step("odd", last), step("even", total[0])],
        outside: vec![Outside {
            role: Some(role("odd")),
            ordinal: 4,
            asked: Digest::of(b"asked"),
            outcome: Answered::Whole,
            answer: b"42".to_vec(),
            raw: None,
        }],
        roles: vec![even, odd],
        ..Body::default()
    }
}

/// Names that may stand in each other's place: ends, ways to leave, decisions, classes, lessons, roles, operations and paths.
fn kinds() -> Vec<Vec<String>> {
    let written = |value: serde_json::Value| value.as_str().unwrap().to_owned();
    let json = |value: &dyn Fn() -> serde_json::Value| written(value());
    let all = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let ends = End::ALL.iter().map(|end| json(&|| json!(end))).collect();
    let classes = Class::ALL.iter().map(|class| json(&|| json!(class))).collect();
    let closings = [Closing::Returned, Closing::Trapped, Closing::Outlived, Closing::Stopped, Closing::Absent]
        .map(|one| json(&|| json!(one)));
    let decisions =
        [Decision::Granted, Decision::Refused, Decision::Pretended, Decision::Noted].map(|one| json(&|| json!(one)));
    let due = [Due::Before, Due::After].map(|one| json(&|| json!(one)));
    let lessons = [
        Lesson::Carried,
        Lesson::Refused,
        Lesson::Trapped,
        Lesson::Exhausted,
        Lesson::Stopped,
        Lesson::Overtime,
        Lesson::Withheld,
    ]
    .map(|one| json(&|| json!(one)));
    let answered = [Answered::Whole, Answered::Invalid, Answered::Cut].map(|one| json(&|| json!(one)));
    vec![
        ends,
        classes,
        closings.to_vec(),
        decisions.to_vec(),
        due.to_vec(),
        lessons.to_vec(),
        answered.to_vec(),
        all(&["even", "odd"]),
        all(&["outbox.send", "outbox.other", "workspace.write", "clock.now", "shell.run"]),
        all(&["boundary", "learn", "grants.outbox.mode", "grants.outbox"]),
        all(&["discrete", "real", "text"]),
    ]
}

/// Other values of the same kind.
fn others(value: &str) -> Vec<String> {
    if value.starts_with(['{', '[']) {
        return Vec::new();
    }
    if let Some(text) = value.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        let kinds = kinds();
        let alike = kinds.iter().filter(|kind| kind.iter().any(|one| one == text)).flatten();
        let mut others: Vec<String> = alike.filter(|one| *one != text).cloned().collect();
        let is_digest = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        others.push(if is_digest { Digest::of(text.as_bytes()).to_string() } else { format!("x{text}") });
        // Bytes are in base64.
        others.push("eHh4".to_owned());
        return others.into_iter().map(|other| format!("\"{other}\"")).collect();
    }
    match value.parse::<serde_json::Number>() {
        Ok(number) if number.is_f64() => {
            let number = number.as_f64().unwrap();
            [number + 1.0, number - 0.25, 0.0, -number].map(|other| serde_json::to_string(&other).unwrap()).to_vec()
        }
        Ok(number) => {
            let number = number.as_u64().unwrap();
            [number + 1, number.saturating_sub(1), 0].map(|other| other.to_string()).to_vec()
        }
        Err(_) => vec!["true".to_owned(), "false".to_owned()],
    }
}

/// The members of one record that can be another one where it is sealed again.
fn free(manifest: &Manifest, lines: &[Transcript]) -> (BTreeSet<String>, BTreeSet<String>) {
    let sample = Sample::empty();
    let mut writer = Writer::create(&sample.folder, &SealedManifest::new(manifest).unwrap()).unwrap();
    for line in lines {
        writer.append(&Sealed::of(line).unwrap()).unwrap();
    }
    writer.close(Reason::Completed).unwrap();
    assert!(sample.is_whole(), "{:?}", sample.verify());
    let before = sample.bytes(TRANSCRIPTS);
    let (mut there, mut free) = (BTreeSet::new(), BTreeSet::new());
    for (line, text) in String::from_utf8(before.clone()).unwrap().lines().enumerate() {
        let mut found = Vec::new();
        members(text, 0, "", &mut found);
        for member in &found {
            let (path, value) = (member.path.trim_start_matches('.'), &text[member.value.clone()]);
            let mut edits: Vec<String> = others(value).iter().map(|other| with(text, &member.value, other)).collect();
            // The name of a member may be one of several as well.
            let key = format!("\"{}\"", &text[member.key.clone()]);
            let keys = others(&key).into_iter().filter(|_| !member.key.is_empty());
            edits.extend(keys.map(|other| with(text, &member.key, other.trim_matches('"'))));
            if !value.starts_with(['{', '[']) {
                there.insert(path.to_owned());
            }
            for edit in edits.iter().filter(|edit| *edit != text) {
                sample.change_lines(TRANSCRIPTS, |lines| lines[line].clone_from(edit));
                seal_again(&sample);
                if sample.is_whole() {
                    free.insert(path.to_owned());
                }
                sample.change(TRANSCRIPTS, |bytes| bytes.clone_from(&before));
            }
        }
    }
    (there, free)
}

/// The table of the page: each member with a mark for each record in which it is free.
fn table() -> Vec<Vec<String>> {
    let (_, section) = PAGE.split_once("### What can be forged").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let rows = section.lines().filter(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect())
        .collect()
}

#[test]
fn what_can_be_forged_is_what_the_page_lists() {
    let records = records();
    let mut rows = vec![vec!["member".to_owned()]];
    let found: Vec<_> = records.iter().map(|(_, manifest, lines)| free(manifest, lines)).collect();
    rows[0].extend(records.iter().map(|(name, ..)| (*name).to_owned()));
    rows.push(vec!["---".to_owned(); records.len() + 1]);
    let all: BTreeSet<&String> = found.iter().flat_map(|(_, free)| free).collect();
    for path in all {
        let mark = |(there, free): &(BTreeSet<String>, BTreeSet<String>)| {
            if free.contains(path) {
                "free"
            } else if there.contains(path) {
                "held"
            } else {
                ""
            }
            .to_owned()
        };
        rows.push(std::iter::once(path.clone()).chain(found.iter().map(mark)).collect());
    }
    let written: Vec<String> = rows
        .iter()
        .enumerate()
        .map(|(at, row)| {
            let first = if at > 1 { format!("`{}`", row[0]) } else { row[0].clone() };
            format!("| {first} | {} |", row[1..].join(" | "))
        })
        .collect();
    assert!(table() == rows, "the table is\n{}", written.join("\n"));
}
