//! Lies about an episode, each with its outcome.
//!
//! [`super::places`] says where in the conversation each of them is told.

use dayfly::worker::frame::Bytes;
use dayfly::worker::{Confined, WorkerReply};

use crate::isolation::frames;
use crate::liar::{Deed, Entry, Lesson, Said, framed, lived, of, said};

/// Lie, and its outcome.
pub(crate) struct Lie {
    pub(crate) what: &'static str,
    pub(crate) deed: Deed,
    pub(super) comes_to: Outcome,
}

/// Outcome of a lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The episode is lost, with these words.
    Lost(&'static str),
    /// The lie is within what the policy allows.
    Believed,
    /// The answer is the truth.
    Same,
}

impl Lie {
    pub(crate) const fn is_lost(&self) -> bool {
        matches!(self.comes_to, Outcome::Lost(_))
    }
}

/// Returns a lie at the place of the next answer, which was told with the answer before.
const fn with_the_one_before(what: &'static str, comes_to: Outcome) -> Lie {
    Lie { what, deed: Deed::Before, comes_to }
}

const fn told(what: &'static str, comes_to: Outcome, change: fn(&mut Said)) -> Lie {
    Lie { what, deed: Deed::Told(change), comes_to }
}

const fn frame(what: &'static str, change: fn(&[u8]) -> Vec<u8>) -> Lie {
    Lie { what, deed: Deed::Frame(change), comes_to: NONE }
}

const fn other(what: &'static str, deed: Deed, comes_to: Outcome) -> Lie {
    Lie { what, deed, comes_to }
}

const UNKNOWN: Outcome = Outcome::Lost("the worker told of something that there is not");
const BEYOND: Outcome = Outcome::Lost("the worker told of more than the policy allows");
const CONTRADICTION: Outcome = Outcome::Lost("what the worker told contradicts itself");
const NONE: Outcome = Outcome::Lost("the worker gave an answer that is none");
const LATE: Outcome = Outcome::Lost("the worker did not answer in time");
const UNASKED: Outcome = Outcome::Lost("the worker told of another episode than the one that was due");

/// Returns the bytes of an answer, as a frame.
fn answered(answer: &WorkerReply) -> Vec<u8> {
    frames(std::slice::from_ref(answer))
}

/// Lies, by the name of their list.
pub(crate) const LIES: &[(&str, &[Lie])] = &[
    ("fields", FIELDS),
    ("lessons", LESSONS),
    ("turns", TURNS),
    ("frames", FRAMES),
    ("slow", SLOW),
    ("memory", MEMORY),
    ("roles", ROLES),
    ("absent", ABSENT),
];

/// Adds one more call to a report, which was refused as a violation after all others.
fn violation(told: &mut Said, operation: &str, class: &str, rule: &str, due: u32) {
    told.entries.push(Entry {
        role: None,
        ordinal: told.calls,
        step: 2,
        operation: operation.into(),
        argument: String::new(),
        digest: [0; 32],
        decision: 1,
        class: Some(class.into()),
        rule: rule.into(),
        due,
    });
    told.calls += 1;
    told.violations.push((class.into(), 1));
    told.violations.sort();
}

/// Adds one more call to a report, which was granted after all others.
fn grant(told: &mut Said, operation: &str, argument: &str) {
    let (capability, _) = operation.split_once('.').unwrap();
    told.entries.push(Entry {
        role: None,
        ordinal: told.calls,
        step: 2,
        operation: operation.into(),
        argument: argument.into(),
        digest: [0; 32],
        decision: 0,
        class: None,
        rule: format!("grants.{capability}.mode"),
        due: 0,
    });
    told.calls += 1;
}

const FIELDS: &[Lie] = &[
    other("the truth", Deed::Truth, Outcome::Same),
    told("an end that no worker gives", UNKNOWN, |told| told.end = 9),
    told("an end that there is not", UNKNOWN, |told| told.end = 77),
    told("a terminal state", CONTRADICTION, |told| told.end = 0),
    told("the last step", CONTRADICTION, |told| told.end = 1),
    told("the wall clock, and that it could have cleaned up before", CONTRADICTION, |told| told.end = 3),
    told("the wall clock, before so much time went by", CONTRADICTION, |told| {
        told.end = 3;
        told.notices = std::mem::take(&mut told.violations);
    }),
    told("that it could not have cleaned up", CONTRADICTION, |told| {
        told.notices = std::mem::take(&mut told.violations);
    }),
    told("a notice that is counted twice", CONTRADICTION, |told| {
        told.notices = vec![("leave-residue".into(), 2)];
        told.violations.clear();
    }),
    told("a notice of a class that has none", CONTRADICTION, |told| told.notices = vec![("act-after-end".into(), 1)]),
    told("a release", CONTRADICTION, |told| told.end = 4),
    told("a violation", CONTRADICTION, |told| told.end = 7),
    told("a cancellation", CONTRADICTION, |told| told.end = 8),
    told("a trap that says nothing", CONTRADICTION, |told| told.closing = 1),
    told("going on for too long", CONTRADICTION, |told| told.closing = 2),
    told("a cause of nothing", CONTRADICTION, |told| told.cause = Some("why".into())),
    told("a cause that clears the screen", UNKNOWN, |told| (told.closing, told.cause) = (1, Some("\u{1b}[2J".into()))),
    told("a long cause", BEYOND, |told| (told.closing, told.cause) = (1, Some("x".repeat(1 << 20)))),
    told("more fuel than there is", BEYOND, |told| told.fuel = u64::MAX),
    told("no calls", BEYOND, |told| told.calls = 0),
    told("more calls than fuel pays for", BEYOND, |told| told.calls = u64::MAX),
    told("a number of calls after the end that makes a sum wrap", BEYOND, |told| told.after_end = u64::MAX - 35),
    told("that all calls came after the end", CONTRADICTION, |told| told.after_end = told.calls),
    told("another digest", Outcome::Believed, |told| told.digest = [7; 32]),
    told("a class that there is not", UNKNOWN, |told| told.violations.push(("nothing".into(), 1))),
    told("a violation of another class", CONTRADICTION, |told| told.violations[0].0 = "over-quota".into()),
    told("one violation more", CONTRADICTION, |told| told.violations[0].1 += 1),
    told("more classes than there are", UNKNOWN, |told| {
        told.violations = vec![("act-after-end".into(), 0); 1 << 10];
    }),
    told("no violation", CONTRADICTION, |told| told.violations.clear()),
    told("more violations than calls", CONTRADICTION, |told| told.violations.push(("ungranted".into(), u64::MAX))),
    told("a tripwire that there is not", UNKNOWN, |told| told.tripwires = vec![("no.such".into(), 1)]),
    told("a tripwire that the policy does not have", CONTRADICTION, |told| {
        told.tripwires = vec![("workspace.write".into(), u64::MAX)];
    }),
    told("tripwires in another order", UNKNOWN, |told| {
        told.tripwires = vec![("workspace.write".into(), 1), ("workspace.append".into(), 1)];
    }),
    told("a tripwire that is counted twice", UNKNOWN, |told| {
        told.tripwires = vec![("workspace.write".into(), 1); 2];
    }),
    told("no entries", BEYOND, |told| told.entries.clear()),
    told("twenty thousand entries", BEYOND, |told| told.entries = vec![told.entries[0].clone(); 20_000]),
    told("entries in another order", BEYOND, |told| told.entries.reverse()),
    told("an entry of a call that was not", BEYOND, |told| told.entries[0].ordinal = u64::MAX),
    told("an entry of a step that was not", BEYOND, |told| told.entries[0].step = 9),
    told("a violation of a class that its operation does not lead to", BEYOND, |told| {
        violation(told, "workspace.write", "defer-past-end", "a reminder lies within the episode", 1);
    }),
    told("a violation of a limit that its operation does not have", BEYOND, |told| {
        violation(told, "workspace.write", "over-quota", "grants.outbox.bytes", 0);
    }),
    told("a violation that was due when it was not", BEYOND, |told| {
        violation(told, "workspace.write", "over-quota", "grants.workspace.bytes", 1);
    }),
    told("a violation that its operation leads to", Outcome::Believed, |told| {
        violation(told, "workspace.write", "over-quota", "grants.workspace.bytes", 0);
    }),
    told("a call after a return", CONTRADICTION, |told| told.after_end = 1),
    told("a violation after a return", BEYOND, |told| {
        violation(told, "workspace.write", "act-after-end", "boundary", 1);
        told.after_end = 1;
    }),
    told("that fuel ended it, and that it had some left", CONTRADICTION, |told| {
        told.end = 2;
        told.notices = std::mem::take(&mut told.violations);
    }),
    told("calls that cost nothing", CONTRADICTION, |told| told.fuel = 0),
    told("a call that its component does not import", BEYOND, |told| {
        grant(told, "workspace.append", "\"kept\", 4 bytes");
    }),
    told("a violation by a call that its component does not import", BEYOND, |told| {
        violation(told, "workspace.append", "over-quota", "grants.workspace.bytes", 0);
    }),
    told("a file in a file", CONTRADICTION, |told| {
        let within = format!("{}/b", told.residue[0].0);
        told.residue.push((within, 0));
    }),
    told("a call of a tool that is not allowed", BEYOND, |told| grant(told, "tools.call", "\"wait\", \"1\"")),
    told("a reminder at a step that was gone", BEYOND, |told| grant(told, "agenda.remind", "1, \"\"")),
    told("a reminder at a step to come", Outcome::Believed, |told| grant(told, "agenda.remind", "9, \"\"")),
    told("an operation that there is not", UNKNOWN, |told| told.entries[0].operation = "no.such".into()),
    told("an argument that clears the screen", UNKNOWN, |told| told.entries[0].argument = "\u{1b}[2J".into()),
    told("an argument of a megabyte", UNKNOWN, |told| told.entries[0].argument = "x".repeat(1 << 20)),
    told("another argument of a message", BEYOND, |told| told.entries[0].digest = [7; 32]),
    told("a message that was refused", BEYOND, |told| told.entries[0].decision = 1),
    told("a decision that there is not", UNKNOWN, |told| told.entries[0].decision = 200),
    told("an entry of a class that there is not", UNKNOWN, |told| told.entries[0].class = Some("nothing".into())),
    told("a rule that grants nothing", BEYOND, |told| told.entries[0].rule = "rules[0]".into()),
    told("a grant after the end", BEYOND, |told| told.entries[0].due = 1),
    told("that more was cut than was called", CONTRADICTION, |told| told.entries_cut = u64::MAX),
    told("more log than is granted", BEYOND, |told| told.log.push("x".repeat(20_000))),
    told("a million empty lines", BEYOND, |told| told.log = vec![String::new(); 1 << 20]),
    told("a line that clears the screen", Outcome::Believed, |told| told.log[0] = "\u{1b}[2J".into()),
    told("another message", BEYOND, |told| told.released[0].1 = b"world".to_vec()),
    told("another recipient", BEYOND, |told| told.released[0].0 = "me".into()),
    told("one more message", BEYOND, |told| told.released.push(("me".into(), Vec::new()))),
    told("no message", BEYOND, |told| told.released.clear()),
    told("a hundred thousand messages", BEYOND, |told| told.released = vec![(String::new(), Vec::new()); 100_000]),
    told("something left outside", BEYOND, |told| told.residue[0].0 = "../passwd".into()),
    told("something left that clears the screen", BEYOND, |told| told.residue[0].0 = "\u{1b}[2J".into()),
    told("more left than there is room for", BEYOND, |told| told.residue[0].1 = u64::MAX),
    told("nothing left", CONTRADICTION, |told| told.residue.clear()),
    told("a lesson of who does not learn", UNKNOWN, |told| {
        told.learned = Some(Lesson { outcome: 0, bytes: 1, carry_over: [0; 32], fuel: 0 });
        told.next = Some(vec![1]);
    }),
    told("actions that are none", UNKNOWN, |told| told.actions = vec![0xff; 5]),
    told("an action that the world does not have", BEYOND, |told| told.actions = vec![0, 200, 1]),
    told("an action of another kind", BEYOND, |told| told.actions = [&[1][..], &1_f64.to_le_bytes()].concat()),
    told("an action without an end", UNKNOWN, |told| {
        told.actions = [&[4, 0xff, 0xff, 3][..], &[b'x'; 65_535]].concat();
    }),
    told("more steps than there may be", BEYOND, |told| told.actions = vec![0; 202]),
    told("no action", Outcome::Believed, |told| told.actions.clear()),
    other("the truth, once more", Deed::Truth, Outcome::Same),
];

/// Lies about learning, for a policy under which a carry-over and a world cross.
const LESSONS: &[Lie] = &[
    told("no lesson", UNKNOWN, |told| told.learned = None),
    told("more than is declared", BEYOND, |told| lesson(told, 65)),
    told("another length than it has", CONTRADICTION, |told| told.learned.as_mut().unwrap().bytes += 1),
    told("a trap with a carry-over", UNKNOWN, |told| told.learned.as_mut().unwrap().outcome = 2),
    told("more fuel than to learn with", BEYOND, |told| told.learned.as_mut().unwrap().fuel = u64::MAX),
    told("another digest of what it learned", Outcome::Believed, |told| {
        told.learned.as_mut().unwrap().carry_over = [7; 32];
    }),
    told("as much as is declared", Outcome::Believed, |told| lesson(told, 64)),
    told("another action", Outcome::Believed, |told| told.actions[1] ^= 1),
];

fn lesson(told: &mut Said, bytes: usize) {
    told.learned.as_mut().unwrap().bytes = bytes.try_into().unwrap();
    told.next = Some(vec![1; bytes]);
}

/// Lies about the roles of an episode. Each of `even` and `odd` writes a line and a file and sends a message before its
/// first step, but `odd` is not granted the log.
const ROLES: &[Lie] = &[
    other("the truth of two roles", Deed::Truth, Outcome::Same),
    told("a role less", UNKNOWN, |told| drop(told.parts.pop())),
    told("one role more", UNKNOWN, |told| told.parts.push(told.parts[1].clone())),
    told("the roles in another order", BEYOND, |told| told.parts.swap(0, 1)),
    told("an entry as that of the other role", BEYOND, |told| told.entries[0].role = Some("odd".into())),
    told("an entry of a role that there is not", BEYOND, |told| told.entries[0].role = Some("nobody".into())),
    told("an entry of a role without a name", UNKNOWN, |told| told.entries[0].role = Some(String::new())),
    told("an entry of no role", BEYOND, |told| told.entries[0].role = None),
    told("an entry at a turn of the other role", BEYOND, |told| {
        let step = told.entries[0].step + 1;
        told.entries.iter_mut().filter(|entry| entry.role.as_deref() == Some("even")).for_each(|one| one.step = step);
    }),
    told("a message at a turn of the other role", BEYOND, |told| {
        let sent: Vec<usize> =
            (0..told.entries.len()).filter(|at| told.entries[*at].operation == "outbox.send").collect();
        let (one, other) = (told.entries[sent[0]].clone(), told.entries[sent[1]].clone());
        (told.entries[sent[0]].role, told.entries[sent[0]].rule) = (other.role, other.rule);
        (told.entries[sent[1]].role, told.entries[sent[1]].rule) = (one.role, one.rule);
    }),
    told("the entries of the first role after those of the second", BEYOND, |told| {
        let calls = told.parts[0].calls + told.parts[1].calls;
        told.entries.iter_mut().filter(|entry| entry.role.as_deref() == Some("even")).for_each(|entry| {
            entry.ordinal += calls - 2;
        });
        told.entries.sort_by_key(|entry| entry.ordinal);
    }),
    told("more fuel than the role has", BEYOND, |told| told.parts[1].fuel = 170_000),
    told("fuel that the other role used", CONTRADICTION, |told| {
        told.parts[0].fuel += told.parts[1].fuel;
        told.parts[1].fuel = 0;
    }),
    told("calls that the other role made", CONTRADICTION, |told| {
        told.parts[0].calls += told.parts[1].calls;
        told.parts[1].calls = 0;
    }),
    told("a line of a role that is not granted the log", BEYOND, |told| told.parts[1].log.push("x".into())),
    told("a message of the other role", BEYOND, |told| {
        let message = told.parts[1].released.pop().unwrap();
        told.parts[0].released.push(message);
    }),
    told("a file of the other role", BEYOND, |told| {
        let left = told.parts[1].residue.pop().unwrap();
        told.parts[0].residue = vec![("a".into(), 1), left];
    }),
    told("that nothing of a role was left, and is counted", CONTRADICTION, |told| told.parts[1].residue.clear()),
    told("a violation of the other role", CONTRADICTION, |told| {
        told.parts[0].violations = std::mem::take(&mut told.parts[1].violations);
    }),
    told("a notice of the other role", CONTRADICTION, |told| {
        told.parts[1].notices = std::mem::take(&mut told.parts[0].notices);
    }),
    told("a violation of who could not know of the end", CONTRADICTION, |told| {
        told.parts[0].violations = std::mem::take(&mut told.parts[0].notices);
    }),
    told("that a role was absent", CONTRADICTION, |told| told.parts[0].closing = 4),
    told("that a role outlived it", CONTRADICTION, |told| told.parts[1].closing = 2),
    told("a trap of a role that says nothing", CONTRADICTION, |told| told.parts[1].closing = 1),
    told("a cause of a role that clears the screen", UNKNOWN, |told| {
        (told.parts[1].closing, told.parts[1].cause) = (1, Some("\u{1b}[2J".into()));
    }),
    told("a tripwire of a role", CONTRADICTION, |told| {
        told.parts[1].tripwires = vec![("workspace.write".into(), 1)];
    }),
    told("a call of a role after the end", Outcome::Believed, |told| told.parts[1].after_end = 1),
    told("a lesson of a role that does not learn", UNKNOWN, |told| {
        told.parts[1].learned = Some(Lesson { outcome: 0, bytes: 1, carry_over: [0; 32], fuel: 0 });
        told.parts[1].next = Some(vec![1]);
    }),
    told("an action that a role does not have", BEYOND, |told| *told.actions.last_mut().unwrap() = 9),
    told("an action after the last", BEYOND, |told| told.actions.extend([0, 0])),
    told("an action less", BEYOND, |told| told.actions.truncate(2)),
    told("another number of a role", Outcome::Believed, |told| *told.actions.last_mut().unwrap() ^= 1),
    other("the truth of two roles, once more", Deed::Truth, Outcome::Same),
];

/// Lies about an episode in which `even` returned at once, so that `odd` had no turn.
const ABSENT: &[Lie] = &[
    other("the truth of a role that was absent", Deed::Truth, Outcome::Same),
    told("that an absent role was there", CONTRADICTION, |told| told.parts[1].closing = 0),
    told("that a role was there and computed", CONTRADICTION, |told| {
        (told.parts[1].closing, told.parts[1].fuel) = (0, 500);
    }),
    told("fuel of an absent role", CONTRADICTION, |told| told.parts[1].fuel = 500),
    told("a message of an absent role", BEYOND, |told| told.parts[1].released.push(("you".into(), Vec::new()))),
    told("a file of an absent role", BEYOND, |told| told.parts[1].residue.push(("kept".into(), 1))),
];

/// Lies about the episode of an answer, and about its time. If two answers are given at once, the
/// second is taken for that of the next episode.
const TURNS: &[Lie] = &[
    other("the truth, at first", Deed::Truth, Outcome::Same),
    other("the answer of another episode", Deed::Of(|of| of ^ 1), UNASKED),
    other("the answer of an episode without a seed", Deed::Of(|_| 0), UNASKED),
    other("an answer that is given twice", Deed::Twice(|of| of), Outcome::Same),
    with_the_one_before("the second time", UNASKED),
    other("the truth, between two lies", Deed::Truth, Outcome::Same),
    other("an answer before one that nobody asked for", Deed::Twice(|of| of.wrapping_add(1)), Outcome::Same),
    with_the_one_before("what nobody asked for", UNASKED),
    other("the truth, before the last", Deed::Truth, Outcome::Same),
    // Nobody hears the second answer.
    other("the last answer, given twice", Deed::Twice(|of| of), Outcome::Same),
];

const FRAMES: &[Lie] = &[
    frame("a frame without a message", |_| framed(&[])),
    frame("a frame as long as there can be", |_| vec![0xff; 8]),
    frame("a frame of a gigabyte", |_| [&(1_u32 << 30).to_le_bytes()[..], &[0; 64]].concat()),
    frame("a message and a byte", |frame| framed(&[&frame[4..], &[0]].concat())),
    frame("a message but a byte", |frame| framed(&frame[4..frame.len() - 1])),
    frame("a message that there is not", |_| framed(&[99])),
    frame("that it is ready, again", |_| answered(&WorkerReply::Ready)),
    frame("that it was stopped", |_| answered(&WorkerReply::Stopped)),
    frame("what confines it, again", |_| answered(&WorkerReply::Confined(Confined::default()))),
    frame("a million parts that confine it", |_| {
        framed(&[&[0][..], &postcard::to_stdvec(&vec![(0_u8, ""); 100_000]).unwrap(), &[0]].concat())
    }),
    frame("that the component is no agent", |_| {
        answered(&WorkerReply::Unfit { why: "no".into(), help: String::new() })
    }),
    frame("code of the agent", |_| answered(&WorkerReply::Compiled(Bytes(vec![0; 1000])))),
    other("a parcel of nothing", Deed::Frame(|frame| lived(of(frame), &[])), UNKNOWN),
    other(
        "a parcel and a byte",
        Deed::Frame(|frame| lived(of(frame), &[postcard::to_stdvec(&said(frame)).unwrap(), vec![0]].concat())),
        UNKNOWN,
    ),
    other(
        "words that turn a terminal around",
        Deed::Frame(|_| answered(&WorkerReply::Failed("tired\u{1b}[31m\u{9b}\u{202e}\u{2028}".into()))),
        Outcome::Lost("the worker failed: tired\\u{1b}[31m\\u{9b}\\u{202e}\\u{2028}"),
    ),
];

/// Lies for episodes that are given one at a time: the episode that was begun is the one reported.
const SLOW: &[Lie] = &[
    other("nothing", Deed::Never, LATE),
    other("nothing, and it is gone", Deed::Gone, Outcome::Lost("the worker exited with status 7")),
    other("the truth, late", Deed::Late, Outcome::Same),
];

/// Lies of 64 MiB of empty texts, as a list of each kind, and as a parcel.
const MEMORY: &[Lie] = &[
    other("lines", Deed::Frame(|frame| long(frame, |told, count| told.log = vec![String::new(); count])), NONE),
    other(
        "messages",
        Deed::Frame(|frame| long(frame, |told, count| told.released = vec![(String::new(), Vec::new()); count / 2])),
        NONE,
    ),
    other(
        "parts",
        Deed::Frame(|_| framed(&[&[0][..], &postcard::to_stdvec(&vec![(0_u8, ""); 32 << 20]).unwrap(), &[0]].concat())),
        NONE,
    ),
    // As long as this policy lets a frame be.
    told("fewer lines", BEYOND, |told| told.log = vec![String::new(); 4 << 20]),
];

fn long(frame: &[u8], fill: fn(&mut Said, usize)) -> Vec<u8> {
    let mut told = said(frame);
    fill(&mut told, 64 << 20);
    lived(of(frame), &postcard::to_stdvec(&told).unwrap())
}
