//! Tests of every single edit of a small run, as it stands and sealed again by the editor: each is found, and named.

use super::*;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::{NamedDigest, RoleEntry};
use crate::transcript::{
    Answered, Class, ClassCounts, Decision, Due, Entry, Learned, Lesson, Message, Operation, Outside, Residue, Role,
    RoleBody, Step, Touched, Weight,
};
use crate::value::Value;

const EPISODES: u64 = 4;

const SEND: Operation = Operation { capability: "outbox", name: "send", code: 0x20, weight: Weight::Heavy };

/// Returns a run of two lineages that learn, in which everything happens that a transcript can record.
pub(super) fn described_richly() -> Manifest {
    Manifest {
        lineages: 2,
        task: Some("a task".to_owned()),
        instructions: Some("be good".to_owned()),
        imports: ["episode", "workspace", "log", "outbox"].map(Into::into).into(),
        ..described(EPISODES)
    }
}

fn sample() -> Sample {
    let sample = Sample::empty();
    let manifest = SealedManifest::new(&described_richly()).unwrap();
    let mut writer = Writer::create(&sample.folder, &manifest).unwrap();
    for episode in 0..EPISODES {
        writer.append(&Sealed::of(&rich(manifest.digest(), episode)).unwrap()).unwrap();
    }
    writer.close(Reason::Completed).unwrap();
    assert!(sample.is_whole());
    sample
}

pub(super) fn rich(run: Digest, episode: u64) -> Transcript {
    let entry = |ordinal, decision, class, due| Entry {
        role: None,
        ordinal,
        step: 1,
        operation: SEND.into(),
        argument: "\"you\"".to_owned(),
        digest: Digest::of(b"argument"),
        decision,
        class,
        rule: "grants.outbox".into(),
        due,
    };
    let lineage = u32::try_from(episode % 2).unwrap();
    let carried = |round: u64| Digest::of(format!("{lineage} after {round}").as_bytes());
    let mut tripwires = Touched::default();
    tripwires.add(SEND.into(), 1);
    let Transcript { header, body } = lived(run, episode);
    let seed = described_richly().draws().episode(episode);
    let carry_over = (episode >= 2).then(|| carried(0));
    let header = Header { lineage, world: lineage, seed, carry_over, ..header };
    let body = Body {
        end: End::Steps,
        closing: Closing::Trapped,
        cause: Some("out of bounds".to_owned()),
        steps: 2,
        total: 0.75,
        calls: Calls { count: 9, digest: Digest::of(b"calls") },
        violations: [(Class::ActAfterEnd, 2), (Class::LeaveResidue, 1), (Class::TripWire, 1)]
            .into_iter()
            .collect::<ClassCounts>(),
        notices: [(Class::Ungranted, 1)].into_iter().collect::<ClassCounts>(),
        tripwires,
        after_end: 3,
        entries: vec![
            entry(2, Decision::Granted, None, Due::Before),
            entry(4, Decision::Pretended, Some(Class::TripWire), Due::Before),
            entry(6, Decision::Noted, None, Due::Before),
            entry(7, Decision::Refused, Some(Class::ActAfterEnd), Due::After),
        ],
        entries_cut: 2,
        trace: [0.5, 0.25]
            .map(|reward| Step::unnamed(Value::Discrete(1), reward, Value::Text("seen".to_owned())))
            .to_vec(),
        log: vec!["said".to_owned()],
        released: vec![Message { recipient: "you".to_owned(), body: b"hello".to_vec() }],
        residue: vec![Residue { path: "left".to_owned(), bytes: 3 }],
        learned: Some(Learned { outcome: Lesson::Carried, bytes: 4, carry_over: carried(episode / 2), fuel: 5 }),
        ..body
    };
    Transcript { header, body }
}

/// Seals the files as they are, as a forger with the program and no key would.
pub(super) fn seal_again(sample: &Sample) {
    let mut tree = tree::Tree::default();
    let mut leaves = vec![tree::leaf(&sample.bytes(MANIFEST))];
    leaves
        .extend(sample.bytes(TRANSCRIPTS).split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(tree::leaf));
    let mut checkpoints = Vec::new();
    for leaf in &leaves {
        tree.push(*leaf);
        if checkpoint::is_due(tree.size()) {
            checkpoints.push(Checkpoint::new(&tree, None));
        }
    }
    checkpoints.push(Checkpoint::new(&tree, Some(Reason::Completed)));
    sample.change(LEAVES, |bytes| *bytes = leaves.iter().flat_map(|leaf| leaf.as_bytes().to_vec()).collect());
    sample.change_lines(CHECKPOINTS, |lines| {
        *lines = checkpoints.iter().map(|checkpoint| serde_json::to_string(checkpoint).unwrap()).collect();
    });
}

/// Member of an object: its place with its comma, its path, and its value.
pub(super) struct Member {
    whole: Range<usize>,
    /// Empty where it is an element of a list.
    pub(super) key: Range<usize>,
    pub(super) value: Range<usize>,
    pub(super) path: String,
}

/// Returns the members of a text of JSON, at any depth.
pub(super) fn members(text: &str, at: usize, path: &str, members_found: &mut Vec<Member>) -> usize {
    let bytes = text.as_bytes();
    let skip = |mut at: usize| {
        while matches!(bytes[at], b' ' | b'\n') {
            at += 1;
        }
        at
    };
    let string = |at: usize| {
        let mut end = at + 1;
        while bytes[end] != b'"' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        end + 1
    };
    let at = skip(at);
    match bytes[at] {
        b'"' => string(at),
        open @ (b'{' | b'[') => {
            let mut at = skip(at + 1);
            while !matches!(bytes[at], b'}' | b']') {
                if open == b'[' {
                    let (path, start) = (format!("{path}[]"), at);
                    at = members(text, at, &path, members_found);
                    if !matches!(bytes[start], b'{' | b'[') {
                        let at = start..at;
                        members_found.push(Member { whole: at.clone(), key: start..start, value: at, path });
                    }
                } else {
                    let key = at + 1..string(at) - 1;
                    let path = format!("{path}.{}", &text[key.clone()]);
                    let value = skip(skip(key.end + 1) + 1);
                    let end = members(text, value, &path, members_found);
                    let comma = skip(end);
                    let whole = at..if bytes[comma] == b',' { comma + 1 } else { end };
                    members_found.push(Member { whole, key, value: value..end, path });
                    at = end;
                }
                at = skip(at);
                if bytes[at] == b',' {
                    at = skip(at + 1);
                }
            }
            at + 1
        }
        _ => text[at..].find([',', '}', ']', '\n']).map_or(text.len(), |length| at + length),
    }
}

/// Returns another value of the same kind.
fn another(value: &str) -> Option<String> {
    Some(match value {
        _ if value.starts_with(['{', '[']) => return None,
        "\"\"" => "\"x\"".to_owned(),
        _ if value.starts_with('"') && value.len() == 66 => format!("\"{}\"", Digest::of(value.as_bytes())),
        _ if value.starts_with('"') => format!("\"x{}", &value[1..]),
        _ if value.contains('.') => format!("1{value}").replace("1-", "-1"),
        _ => (value.parse::<u64>().ok()? + 1).to_string(),
    })
}

/// Returns the text with a part replaced.
pub(super) fn with(text: &str, part: &Range<usize>, by: &str) -> String {
    format!("{}{by}{}", &text[..part.start], &text[part.end..])
}

type Edit = fn(&mut Vec<String>, usize);

/// A file that alone was edited is the one that is blamed, and so is an edited line.
#[test]
fn each_edit_of_a_file_is_found_and_no_other_file_is_accused() {
    let whole = sample();
    let edits: [(&str, Edit); 6] = [
        ("edited", |lines, at| lines[at].push(' ')),
        ("cut", |lines, at| _ = lines[at].pop()),
        ("removed", |lines, at| drop(lines.remove(at))),
        ("repeated", |lines, at| lines.insert(at, lines[at].clone())),
        ("swapped", |lines, at| {
            let other = (at + 1) % lines.len();
            lines.swap(at, other);
        }),
        ("added", |lines, at| lines.insert(at, "{}".to_owned())),
    ];
    for name in [MANIFEST, TRANSCRIPTS, CHECKPOINTS] {
        let before = whole.bytes(name);
        let count = before.split(|byte| *byte == b'\n').count() - 1;
        for (what, edit) in edits {
            for at in 0..count {
                whole.change_lines(name, |lines| edit(lines, at));
                let Verification::Flawed { findings, .. } = whole.verify() else {
                    panic!("line {at} of {name} {what}")
                };
                for finding in &findings {
                    let text = finding.to_string();
                    let is_accused = text.starts_with(&format!("`{name}`")) || finding.kind() == FindingKind::NotClosed;
                    assert!(is_accused, "line {at} of {name} {what}: {text}");
                }
                whole.change(name, |bytes| bytes.clone_from(&before));
            }
        }
    }
    for at in 0..whole.bytes(LEAVES).len() {
        whole.change(LEAVES, |bytes| bytes[at] ^= 1).has([Finding::Leaf { index: u64::try_from(at).unwrap() / 32 }]);
        whole.change(LEAVES, |bytes| bytes[at] ^= 1);
    }
    assert!(whole.is_whole());
}

/// Members that can be forged in a line that is sealed again, since nothing else depends on them. Only a signature
/// would show such an edit.
const UNSIGNED: [&str; 22] = [
    ".after_end",
    ".calls.count",
    ".calls.digest",
    ".entries[].argument",
    ".entries[].digest",
    ".entries[].ordinal",
    ".entries[].rule",
    ".entries[].step",
    ".entries_cut",
    ".cause",
    ".fuel",
    ".learned.bytes",
    ".learned.carry_over",
    ".learned.fuel",
    ".notices.ungranted",
    ".performance",
    ".released[].recipient",
    ".residue[].bytes",
    ".residue[].path",
    ".trace[].action.discrete",
    ".trace[].observation.text",
    ".violations.act-after-end",
];

#[test]
fn each_member_that_is_forged_and_sealed_again_is_found_but_for_what_nothing_else_says() {
    let sample = sample();
    let before = sample.bytes(TRANSCRIPTS);
    let mut passed = BTreeSet::new();
    for line in 0..at(EPISODES) {
        let text = String::from_utf8(before.clone()).unwrap().lines().nth(line).unwrap().to_owned();
        let mut found = Vec::new();
        members(&text, 0, "", &mut found);
        found.retain(|member| !member.key.is_empty());
        assert!(found.len() > 60, "{}", found.len());
        let mut forged = |what: &str, path: &str, other: &str| {
            sample.change_lines(TRANSCRIPTS, |lines| lines[line] = other.to_owned());
            seal_again(&sample);
            match sample.verify() {
                Verification::Whole { .. } => drop(passed.insert(format!("{what} {path}"))),
                Verification::Flawed { findings, .. } => {
                    // The line itself, or the next of its lineage.
                    let number = u64::try_from(line).unwrap() + 1;
                    let is_named = |finding: &Finding| matches!(finding, Finding::Said { lines, .. } if lines.contains(&number) || lines.contains(&(number + 2)));
                    assert!(findings.iter().all(is_named), "{what} {path} of line {number}: {findings:?}");
                }
            }
            sample.change(TRANSCRIPTS, |bytes| bytes.clone_from(&before));
        };
        for Member { whole, key, value, path } in &found {
            let member = text[whole.clone()].trim_end_matches(',');
            forged("twice", path, &with(&text, &(whole.start..whole.start), &format!("{member},")));
            forged("unknown", path, &with(&text, key, &format!("{}x", &text[key.clone()])));
            forged("beside", path, &with(&text, &(whole.start..whole.start), "\"more\":1,"));
            forged("null", path, &with(&text, value, "null"));
            forged("spaced", path, &with(&text, &(value.start..value.start), " "));
            if let Some(other) = another(&text[value.clone()]) {
                forged("other", path, &with(&text, value, &other));
            }
            let gone = with(&text, whole, "").replace(",}", "}");
            forged("gone", path, &gone);
        }
    }
    let values: BTreeSet<String> =
        passed.iter().filter_map(|one| one.strip_prefix("other ")).map(str::to_owned).collect();
    let unsigned: BTreeSet<String> = UNSIGNED.into_iter().map(str::to_owned).collect();
    assert_eq!(values, unsigned);
    let rest: Vec<&String> = passed.iter().filter(|one| !one.starts_with("other ")).collect();
    // What is left out where it is empty may be taken out as a whole.
    let optional = [
        "gone .log",
        "gone .trace",
        "gone .entries[].argument",
        "gone .released",
        "gone .entries_cut",
        "gone .learned",
    ];
    assert!(rest.iter().all(|one| optional.contains(&one.as_str())), "{rest:?}");
}

#[test]
fn each_member_of_a_manifest_that_is_forged_and_sealed_again_is_found() {
    let sample = sample();
    let before = sample.bytes(MANIFEST);
    let text = String::from_utf8(before.clone()).unwrap();
    let mut found = Vec::new();
    members(&text, 0, "", &mut found);
    found.retain(|member| !member.key.is_empty());
    assert!(found.len() > 15);
    for Member { whole, key, value, path } in &found {
        let member = text[whole.clone()].trim_end_matches(',');
        let mut edits = vec![
            with(&text, &(whole.start..whole.start), &format!("{member},")),
            with(&text, key, &format!("{}x", &text[key.clone()])),
            with(&text, value, "null"),
            with(&text, whole, ""),
        ];
        edits.extend(another(&text[value.clone()]).map(|other| with(&text, value, &other)));
        for edit in edits {
            sample.change(MANIFEST, |bytes| *bytes = edit.clone().into_bytes());
            seal_again(&sample);
            match verify(&sample.folder, None) {
                Ok(Verification::Whole { .. }) => panic!("{path}: {edit}"),
                Ok(Verification::Flawed { .. }) => {}
                Err(error) => assert!(matches!(error, Error::Format { .. }) && path == ".ledger", "{path}: {error}"),
            }
        }
    }
    sample.change(MANIFEST, |bytes| bytes.clone_from(&before));
    seal_again(&sample);
    assert!(sample.is_whole());
}

#[test]
fn a_run_is_closed_as_its_last_line_lets_it() {
    let manifest = manifest();
    let quiet = |episode| lived(manifest.digest(), episode);
    let with = |episode, change: fn(&mut Body)| {
        let mut transcript = quiet(episode);
        change(&mut transcript.body);
        transcript
    };
    let aborted = |episode| with(episode, |body| (body.end, body.closing) = (End::Aborted, Closing::Stopped));
    let violating = |episode| {
        with(episode, |body| {
            body.closing = Closing::Outlived;
            body.violations.add(Class::OutliveEpisode);
        })
    };
    let lost = |episode| with(episode, |body| *body = Body { lost: Some("killed".into()), ..Body::default() });
    let cases = [
        (vec![quiet(0), violating(1)], Reason::Quarantined, None),
        (vec![violating(0), quiet(1)], Reason::Quarantined, Some(2)),
        (vec![quiet(0), aborted(1)], Reason::Aborted, None),
        (vec![quiet(0), quiet(1)], Reason::Aborted, None),
        (vec![quiet(0), aborted(1)], Reason::Cancelled, Some(2)),
        (vec![aborted(0), quiet(1)], Reason::Aborted, Some(1)),
        (vec![lost(0), quiet(1)], Reason::Cancelled, None),
    ];
    for (lines, reason, wrong) in cases {
        let sample = Sample::empty();
        let mut writer = Writer::create(&sample.folder, &manifest).unwrap();
        for line in &lines {
            writer.append(&Sealed::of(line).unwrap()).unwrap();
        }
        writer.close(reason).unwrap();
        match wrong {
            None => assert!(sample.is_whole(), "{reason:?}"),
            Some(line) => sample.has([Finding::Said { lines: line..line + 1, flaw: Flaw::Close }]),
        }
    }
}

/// Seals a run of one episode with this manifest and this body.
fn sealed_so(manifest: &Manifest, change: impl FnOnce(&mut Body)) -> Sample {
    let (sample, seed) = (Sample::empty(), manifest.draws().episode(0));
    let manifest = SealedManifest::new(manifest).unwrap();
    let mut writer = Writer::create(&sample.folder, &manifest).unwrap();
    let mut transcript = lived(manifest.digest(), 0);
    transcript.header.seed = seed;
    change(&mut transcript.body);
    writer.append(&Sealed::of(&transcript).unwrap()).unwrap();
    writer.close(Reason::Completed).unwrap();
    sample
}

#[test]
fn what_came_with_version_2_is_not_taken_of_version_1() {
    let named = || NamedDigest { name: "search".to_owned(), digest: Digest::of(b"search") };
    let answered = |body: &mut Body| {
        (body.reproducible, body.calls.count) = (false, 9);
        body.outside = vec![Outside {
            role: None,
            ordinal: 3,
            asked: Digest::of(b"asked"),
            outcome: Answered::Whole,
            answer: b"42".to_vec(),
            raw: None,
        }];
    };
    for (ledger, is_taken) in [(1, false), (2, true)] {
        let manifest = Manifest { ledger, ..described(1) };
        assert!(sealed_so(&manifest, |_| {}).is_whole(), "{ledger}");
        assert_eq!(sealed_so(&manifest, answered).is_whole(), is_taken, "{ledger}");
        assert_eq!(sealed_so(&Manifest { tools: vec![named()], ..manifest }, |_| {}).is_whole(), is_taken, "{ledger}");
    }
}

#[test]
fn the_roles_of_an_episode_are_those_of_its_run() {
    let role = |name: &str| Role::new(name).unwrap();
    let played = |name: &str| RoleEntry {
        role: role(name),
        agent: described(1).agent,
        instructions: None,
        imports: described(1).imports,
    };
    let manifest = Manifest { roles: vec![played("even"), played("odd")], ..described(1) };
    let with = |names: &'static [&'static str]| {
        move |body: &mut Body| {
            let of = |name: &&str| RoleBody {
                role: Role::new(name).unwrap(),
                closing: body.closing,
                cause: None,
                steps: 0,
                total: 0.0,
                fuel: 0,
                calls: 0,
                violations: ClassCounts::default(),
                notices: ClassCounts::default(),
                tripwires: Touched::default(),
                after_end: 0,
                log: Vec::new(),
                released: Vec::new(),
                residue: Vec::new(),
                learned: None,
            };
            let roles: Vec<RoleBody> = names.iter().map(of).collect();
            let Some(first) = roles.into_iter().next() else { return };
            // The first one did all there was.
            let all =
                RoleBody { steps: body.steps, total: body.total, fuel: body.fuel, calls: body.calls.count, ..first };
            body.roles = std::iter::once(all).chain(names.iter().skip(1).map(of)).collect();
        }
    };
    for (names, is_taken) in [(&["even", "odd"][..], true), (&["odd", "even"], false), (&["even"], false), (&[], false)]
    {
        let sample = sealed_so(&manifest, with(names));
        assert_eq!(sample.is_whole(), is_taken, "{names:?}: {:?}", sample.verify());
    }
    assert!(!sealed_so(&described(1), with(&["even", "odd"])).is_whole());
    // So many that holding each against the others would take long are refused for their number.
    let many = sealed_so(&manifest, |body: &mut Body| {
        with(&["even", "odd"])(body);
        body.roles = std::iter::repeat_n(body.roles[1].clone(), 200).collect();
    });
    assert!(!many.is_whole());
}
