//! What is believed of a worker, and what is not.

use super::*;
use crate::agent::{Agent, Engine, SHIPPED};
use crate::capability::PATH;
use crate::environment::Selection;
use crate::episode::{self, Cancel};
use crate::gate::Release;
use crate::policy::{Policy, SourceFile};
use crate::transcript::{Argument, Part};
use crate::value::{Seed, Value};
use crate::worker::Parcel;

mod bounds;
mod noticed;
mod worlds;

/// What a learner is run under, and in: all that can cross the boundary does.
fn setting(boundary: &str) -> Setting {
    logging(boundary, "mode = \"grant\"")
}

/// The same, under this grant of the log.
fn logging(boundary: &str, log: &str) -> Setting {
    let text = format!(
        "[episode]\nsteps = 5\nfuel = 1_000_000\n[boundary]\n{boundary}\n[violations]\nact-after-end = \"quarantine\"\n\
         [record]\nentries = 1\n[grants.episode]\nmode = \"grant\"\n[grants.random]\nmode = \"grant\"\n\
         [grants.log]\n{log}\n"
    );
    let policy = Policy::load(&SourceFile::user("test.toml", text), &|_, _| Ok(None)).unwrap();
    let engine = Engine::new(episode::memory(&policy), 1).unwrap();
    let learner = SHIPPED.iter().find(|shipped| shipped.name == "policy-gradient").unwrap();
    let agent = Agent::load("test", learner.bytes, &engine).unwrap();
    Setting::new(agent, Arc::new(policy), None, Digest::of(b"run"), Cancel::default()).unwrap()
}

const CROSSING: &str = "environment = \"persist\"\ncarry = \"64 B\"\nlearn-fuel = 2_000_000";

fn ticket() -> Ticket {
    Ticket {
        episode: 7,
        lineage: 1,
        world: 2,
        seed: Seed(3),
        lineage_seed: Seed(4),
        generation: 0,
        carry_over_of: None,
        environment: "past-self".parse::<Selection>().unwrap().make(),
        carry_over: Arc::from([]),
    }
}

fn told(setting: &Setting) -> Told {
    Told::live(setting, ticket()).unwrap()
}

/// What is believed under `setting` of what is told: by way of the wire, as it always is.
fn heard(told: &Told, setting: &Setting, ticket: &mut Ticket) -> Result<Lived, Doubt> {
    let known = setting.known();
    let bounds = Bounds::of(&known, ticket.environment.as_ref());
    let parcel = Parcel::of(told).unwrap();
    let framed = postcard::to_extend(&parcel, Vec::new()).unwrap().len();
    let heard = parcel.open(&bounds)?.believe(&known, &bounds, ticket)?;
    assert!(framed < bounds.frame(), "{framed} of {}", bounds.frame());
    Ok(heard)
}

/// These actions, as they are told.
fn actions(of: &[Value]) -> Bytes {
    Bytes(of.iter().flat_map(|action| postcard::to_extend(action, Vec::new()).unwrap()).collect())
}

/// What is believed of an episode after something is changed in what is told of it.
fn believed(change: impl FnOnce(&mut Told)) -> Result<Lived, Doubt> {
    let setting = setting(CROSSING);
    let mut told = told(&setting);
    assert!(told.learned.as_ref().is_some_and(|lesson| lesson.next.is_some()));
    change(&mut told);
    heard(&told, &setting, &mut ticket())
}

fn doubt(change: impl FnOnce(&mut Told)) -> Doubt {
    believed(change).unwrap_err()
}

#[test]
fn what_was_lived_is_believed_as_if_it_had_been_lived_here() {
    let setting = setting(CROSSING);
    let here = setting.live(ticket()).unwrap();
    let there = heard(&told(&setting), &setting, &mut ticket()).unwrap();
    let line = |lived: &Lived| serde_json::to_string(&lived.transcript).unwrap();
    assert_eq!(line(&there), line(&here));
    assert_eq!(there.carry_over, here.carry_over);
    assert_eq!(there.environment.state(), here.environment.state());
    assert_ne!(there.environment.state(), ticket().environment.state());
}

#[test]
fn no_more_is_carried_over_than_the_policy_declares() {
    let next = |bytes: usize| {
        move |told: &mut Told| {
            let lesson = told.learned.as_mut().unwrap();
            lesson.bytes = bytes.try_into().unwrap();
            (lesson.outcome, lesson.next) = (Lesson::Carried, Some(Bytes(vec![1; bytes])));
        }
    };
    assert_eq!(believed(next(64)).unwrap().carry_over.len(), 64);
    assert_eq!(doubt(next(65)), Doubt::Beyond);
    assert_eq!(doubt(|told| told.learned = None), Doubt::Unknown);
    assert_eq!(doubt(|told| told.learned.as_mut().unwrap().outcome = Lesson::Trapped), Doubt::Unknown);
    let nothing = setting("environment = \"reset\"");
    let mut lived = told(&nothing);
    lived.learned = told(&setting(CROSSING)).learned;
    assert_eq!(heard(&lived, &nothing, &mut ticket()).unwrap_err(), Doubt::Unknown);
}

#[test]
fn more_than_the_policy_allows_is_not_believed() {
    assert_eq!(doubt(|told| told.end = End::Aborted), Doubt::Unknown);
    let trapped = |characters: usize| {
        move |told: &mut Told| (told.closing, told.cause) = (Closing::Trapped, Some("é".repeat(characters)))
    };
    assert!(believed(trapped(200)).is_ok());
    assert_eq!(doubt(trapped(201)), Doubt::Beyond);
    assert_eq!(doubt(|told| told.violations = vec![(99, 1)]), Doubt::Unknown);
}

#[test]
fn entries_are_those_that_the_gate_can_make() {
    let entry = |operation, class, argument: &str| ToldEntry {
        ordinal: 0,
        step: 0,
        operation,
        argument: argument.to_owned(),
        digest: [0; 32],
        decision: Decision::Refused,
        class,
        rule: String::new(),
        due: Due::After,
    };
    let ended = |told: &mut Told| {
        told.entries = vec![entry(1, Some(0), "0")];
        (told.violations, told.after_end) = (vec![(0, 1)], 1);
    };
    assert!(believed(ended).is_ok());
    assert_eq!(doubt(|told| told.entries = vec![entry(0xEE, None, "")]), Doubt::Unknown);
    assert_eq!(doubt(|told| told.entries = vec![entry(1, Some(99), "")]), Doubt::Unknown);
    assert_eq!(doubt(|told| told.entries = vec![entry(1, None, "\u{1b}[2J")]), Doubt::Unknown);
    // One, those after the boundary, the first of each class, and as many of the latter two of `learn`.
    let many = |most: u64| {
        move |told: &mut Told| {
            let numbered = |ordinal| ToldEntry { ordinal, ..entry(1, None, "") };
            (told.entries, told.calls) = ((0..most).map(numbered).collect(), most);
        }
    };
    let most = u64::from(1 + 2 * (setting(CROSSING).policy.record.grace + 10));
    assert!(believed(many(most)).is_ok());
    assert_eq!(doubt(many(most + 1)), Doubt::Beyond);
    assert_eq!(doubt(|told| told.entries = vec![entry(1, None, &"x".repeat(4100))]), Doubt::Beyond);
    assert_eq!(doubt(|told| told.entries = vec![entry(1, None, &"x".repeat(5000))]), Doubt::Unknown);
    assert_eq!(doubt(|told| told.entries = vec![entry(1, None, ""); 2]), Doubt::Beyond);
    assert_eq!(doubt(|told| told.entries = vec![ToldEntry { step: 6, ..entry(1, None, "") }]), Doubt::Beyond);
}

/// What is believed where the policy grants `grants` besides, after something is changed in what is told.
fn granting(grants: &str, change: impl FnOnce(&mut Told)) -> Result<Lived, Doubt> {
    let setting = setting(&format!("{CROSSING}\n{grants}"));
    let mut told = told(&setting);
    change(&mut told);
    heard(&told, &setting, &mut ticket())
}

/// A granted call of `operation`, which the agent made first.
fn granted(operation: u8, place: &str, digest: Digest) -> ToldEntry {
    ToldEntry {
        ordinal: 0,
        step: 0,
        operation,
        argument: String::new(),
        digest: *digest.as_bytes(),
        decision: Decision::Granted,
        class: None,
        rule: place.to_owned(),
        due: Due::Before,
    }
}

/// That these were sent, each by a call of its own.
fn sent(messages: &[(&str, &[u8])]) -> impl Fn(&mut Told) {
    let of = |(ordinal, (recipient, body)): (u64, &(&str, &[u8]))| {
        let digest = Argument(&[Part::Text(recipient), Part::Bytes(body)]).digest();
        ToldEntry { ordinal, ..granted(0x20, "grants.outbox.mode", digest) }
    };
    let entries: Vec<ToldEntry> = (0..).zip(messages).map(of).collect();
    let released: Vec<(String, Bytes)> =
        messages.iter().map(|(recipient, body)| ((*recipient).to_owned(), Bytes(body.to_vec()))).collect();
    move |told| {
        told.calls = told.calls.max(8);
        told.entries.clone_from(&entries);
        told.released.clone_from(&released);
    }
}

const OUTBOX: &str = "[grants.outbox]\nmode = \"grant\"\nmessages = 1\nbytes = \"8 B\"";

#[test]
fn no_message_is_released_but_those_that_the_policy_grants() {
    let one = sent(&[("you", b"hello")]);
    assert_eq!(granting(OUTBOX, &one).unwrap().transcript.released.len(), 1);
    assert_eq!(granting("", &one).unwrap_err(), Doubt::Beyond);
    for mode in ["deny", "tripwire"] {
        let closed = format!("[grants.outbox]\nmode = \"{mode}\"");
        assert_eq!(granting(&closed, &one).unwrap_err(), Doubt::Beyond);
        let alone = |told: &mut Told| told.released = vec![("you".into(), Bytes(vec![1]))];
        assert_eq!(granting(&closed, alone).unwrap_err(), Doubt::Beyond);
    }
    let doubt = |change: &dyn Fn(&mut Told)| granting(OUTBOX, change).unwrap_err();
    assert_eq!(doubt(&sent(&[("you", b"hello!")])), Doubt::Beyond);
    assert_eq!(doubt(&sent(&[("", b"hello")])), Doubt::Beyond);
    // One too many, one that nobody sent, and another one than was sent.
    assert_eq!(doubt(&sent(&[("a", b""), ("b", b"")])), Doubt::Beyond);
    assert_eq!(doubt(&|told| told.released = vec![("you".into(), Bytes(b"hello".to_vec()))]), Doubt::Beyond);
    let other = |told: &mut Told| {
        one(told);
        told.released = vec![("you".into(), Bytes(b"world".to_vec()))];
    };
    assert_eq!(doubt(&other), Doubt::Beyond);
    let unsent = |told: &mut Told| {
        one(told);
        told.released.clear();
    };
    assert_eq!(doubt(&unsent), Doubt::Beyond);
    // A rule may close to one what is open to others.
    let ruled = format!("{OUTBOX}\n[[rules]]\ncapability = \"outbox\"\nname = \"you\"\ndecision = \"deny\"");
    assert_eq!(granting(&ruled, &one).unwrap_err(), Doubt::Beyond);
    assert!(granting(&ruled, sent(&[("me", b"hello")])).is_ok());
}

#[test]
fn where_a_release_ends_the_episode_it_is_told_so() {
    let mut setting = setting(&format!("{CROSSING}\n{OUTBOX}"));
    let ended = |setting: &Setting, end| {
        let mut told = told(setting);
        sent(&[("you", b"hello")])(&mut told);
        (told.end, told.actions) = (end, Bytes::default());
        heard(&told, setting, &mut ticket())
    };
    assert!(ended(&setting, End::Returned).is_ok());
    assert_eq!(ended(&setting, End::Released).unwrap_err(), Doubt::Contradiction);
    Arc::make_mut(&mut setting.policy).episode.on_release = Release::Ends;
    assert!(ended(&setting, End::Released).is_ok());
    assert_eq!(ended(&setting, End::Returned).unwrap_err(), Doubt::Contradiction);
    // The first was the last.
    let two = OUTBOX.replace("messages = 1", "messages = 2");
    for (release, sound) in [(Release::GoesOn, true), (Release::Ends, false)] {
        let mut setting = self::setting(&format!("{CROSSING}\n{two}"));
        let policy = Arc::make_mut(&mut setting.policy);
        (policy.record.entries, policy.episode.on_release) = (2, release);
        let mut told = told(&setting);
        sent(&[("a", b""), ("b", b"")])(&mut told);
        told.end = if release == Release::Ends { End::Released } else { End::Returned };
        told.actions = Bytes::default();
        assert_eq!(heard(&told, &setting, &mut ticket()).is_ok(), sound);
    }
}

#[test]
fn nothing_is_granted_but_by_the_line_of_the_policy_that_grants_it() {
    let call = |change: fn(&mut ToldEntry)| {
        let mut entry = granted(0x11, "grants.workspace.mode", Digest::of(b""));
        change(&mut entry);
        move |told: &mut Told| (told.entries, told.calls) = (vec![entry], 8)
    };
    let open = "[grants.workspace]\nmode = \"grant\"";
    assert!(granting(open, call(|_| ())).is_ok());
    // There is room for one in the record: what cannot be recorded does not happen.
    let two = |told: &mut Told| {
        let second = ToldEntry { ordinal: 1, ..granted(0x11, "grants.workspace.mode", Digest::of(b"")) };
        call(|_| ())(told);
        told.entries.push(second);
    };
    assert_eq!(granting(open, two).unwrap_err(), Doubt::Beyond);
    for grants in ["", "[grants.workspace]\nmode = \"deny\"", "[grants.workspace]\nmode = \"tripwire\""] {
        assert_eq!(granting(grants, call(|_| ())).unwrap_err(), Doubt::Beyond, "{grants}");
    }
    let changes: [fn(&mut ToldEntry); 5] = [
        |entry| entry.rule = "rules[0]".to_owned(),
        |entry| entry.due = Due::After,
        |entry| entry.class = Some(6),
        |entry| entry.ordinal = 8,
        |entry| entry.decision = Decision::Pretended,
    ];
    for change in changes {
        assert_eq!(granting(open, call(change)).unwrap_err(), Doubt::Beyond);
    }
    let wire = |told: &mut Told| {
        call(|entry| (entry.decision, entry.class) = (Decision::Pretended, Some(8)))(told);
        (told.violations, told.tripwires) = (vec![(8, 1)], vec![(0x11, 1)]);
    };
    let tripwire = "[grants.workspace]\nmode = \"tripwire\"";
    assert!(granting(tripwire, wire).is_ok());
    // What was touched is a violation, and not one of another class.
    for class in [None, Some(6)] {
        let other = |told: &mut Told| {
            wire(told);
            told.entries[0].class = class;
            told.violations.extend(class.map(|class| (class, 1)));
        };
        assert_eq!(granting(tripwire, other).unwrap_err(), Doubt::Beyond);
    }
    assert_eq!(granting(open, wire).unwrap_err(), Doubt::Beyond);
}

#[test]
fn no_more_is_logged_than_the_policy_grants() {
    let believed = |log: &str, change: &dyn Fn(&mut Told)| {
        let setting = logging(CROSSING, log);
        let mut told = told(&setting);
        assert!(told.log.is_empty());
        change(&mut told);
        heard(&told, &setting, &mut ticket())
    };
    let log = "mode = \"grant\"\nbytes = \"32 B\"";
    let written = |lines: &[usize]| {
        let lines: Vec<String> = lines.iter().map(|bytes| "x".repeat(*bytes)).collect();
        move |told: &mut Told| told.log.clone_from(&lines)
    };
    // A line counts its text and eight bytes.
    assert!(believed(log, &written(&[8, 8])).is_ok());
    assert!(believed(log, &written(&[0, 0, 0, 0])).is_ok());
    assert_eq!(believed(log, &written(&[8, 9])).unwrap_err(), Doubt::Beyond);
    assert_eq!(believed(log, &written(&[0, 0, 0, 0, 0])).unwrap_err(), Doubt::Beyond);
    for mode in ["deny", "tripwire"] {
        assert_eq!(believed(&format!("mode = \"{mode}\""), &written(&[1])).unwrap_err(), Doubt::Beyond);
    }
}

#[test]
fn what_is_left_behind_is_within_the_grant_and_a_violation_or_a_notice() {
    let grants = "[grants.workspace]\nmode = \"grant\"\nfiles = 2\nbytes = \"8 B\"\ndepth = 2";
    let left = |residue: &[(&str, u64)]| {
        let of = |(path, bytes): &(&str, u64)| Residue { path: (*path).to_owned(), bytes: *bytes };
        let residue: Vec<Residue> = residue.iter().map(of).collect();
        move |told: &mut Told| {
            told.entries = vec![granted(0x11, "grants.workspace.mode", Digest::of(b""))];
            // The world reached its terminal state: the agent could not know.
            (told.residue, told.notices, told.calls) = (residue, vec![(4, 1)], 8);
        }
    };
    assert!(granting(grants, left(&[("a", 0), ("a/b", 8)])).is_ok());
    let (long, longer) = ("x".repeat(PATH), "x".repeat(PATH + 1));
    assert!(granting(grants, left(&[(&long, 0)])).is_ok());
    for beyond in [
        &[("a", 9)][..],
        &[("a", 0), ("b", 0), ("c", 0)],
        &[("a/b/c", 0)],
        &[("/etc/passwd", 7)],
        &[("a/..", 1)],
        &[("a\u{1b}[2J", 1)],
        &[(&longer, 1)],
    ] {
        assert_eq!(granting(grants, left(beyond)).unwrap_err(), Doubt::Beyond, "{beyond:?}");
    }
    let ungranted = |told: &mut Told| {
        left(&[("a", 1)])(told);
        told.entries.clear();
    };
    assert_eq!(granting("", ungranted).unwrap_err(), Doubt::Beyond);
    let changes: [fn(&mut Told); 6] = [
        |told| told.notices.clear(),
        |told| told.residue.clear(),
        |told| told.entries.clear(),
        |told| std::mem::swap(&mut told.violations, &mut told.notices),
        |told| told.violations.clone_from(&told.notices),
        |told| told.notices = vec![(4, 2)],
    ];
    for change in changes {
        let left_so = |told: &mut Told| {
            left(&[("a", 1)])(told);
            change(told);
        };
        assert_eq!(granting(grants, left_so).unwrap_err(), Doubt::Contradiction);
    }
}

#[test]
fn fuel_is_within_that_of_the_episode_and_its_grace() {
    let setting = setting(CROSSING);
    let limits = &setting.policy.episode;
    let most = limits.fuel + limits.grace_fuel;
    assert!(believed(|told| told.fuel = most).is_ok());
    assert_eq!(doubt(|told| told.fuel = most + 1), Doubt::Beyond);
    let learned = |fuel| move |told: &mut Told| told.learned.as_mut().unwrap().fuel = fuel;
    assert!(believed(learned(2_000_000)).is_ok());
    assert_eq!(doubt(learned(2_000_001)), Doubt::Beyond);
}

#[test]
fn what_contradicts_itself_is_not_believed() {
    let changes: [fn(&mut Told); 8] = [
        |told| told.end = End::Cancelled,
        |told| told.end = End::Released,
        |told| told.end = End::Violation,
        |told| told.closing = Closing::Trapped,
        |told| told.closing = Closing::Outlived,
        |told| told.violations = vec![(0, 1)],
        |told| told.violations = vec![(8, 1)],
        |told| told.learned.as_mut().unwrap().bytes += 1,
    ];
    for change in changes {
        assert_eq!(doubt(change), Doubt::Contradiction);
    }
    // Each is of a call, and a call is one step, one entry or one after the end.
    for change in [
        |told: &mut Told| told.calls = 0,
        |told: &mut Told| told.after_end = told.calls,
        |told: &mut Told| told.entries_cut = told.calls + 1,
        |told: &mut Told| told.violations = vec![(6, told.calls + 4)],
    ] {
        assert_eq!(doubt(change), Doubt::Contradiction);
    }
    // A violation that is shown is counted.
    let shown = |count: u64| {
        move |told: &mut Told| {
            let entry = ToldEntry { decision: Decision::Refused, class: Some(6), ..granted(0x20, "", Digest::of(b"")) };
            (told.entries, told.violations) = (vec![entry], vec![(6, count)]);
        }
    };
    assert!(believed(shown(1)).is_ok());
    assert_eq!(doubt(shown(0)), Doubt::Contradiction);
    // One that is counted is shown, or among those that were cut: else the record would not verify.
    assert_eq!(doubt(|told| told.violations = vec![(6, 1)]), Doubt::Contradiction);
}

#[test]
fn a_lesson_that_comes_to_nothing_is_told_with_why() {
    let lesson = |outcome, bytes, count| {
        move |told: &mut Told| {
            let learned = told.learned.as_mut().unwrap();
            (learned.outcome, learned.bytes, learned.next) = (outcome, bytes, None);
            told.violations = vec![(5, count)];
        }
    };
    assert!(believed(lesson(Lesson::Refused, 65, 1)).is_ok());
    assert!(believed(lesson(Lesson::Trapped, 0, 0)).is_ok());
    // Refused though it fits, or without a violation; of a trap there are no bytes, and nobody has cancelled.
    for (outcome, bytes, count) in
        [(Lesson::Refused, 64, 1), (Lesson::Refused, 65, 0), (Lesson::Trapped, 1, 0), (Lesson::Stopped, 0, 0)]
    {
        assert_eq!(doubt(lesson(outcome, bytes, count)), Doubt::Contradiction, "{outcome:?}");
    }
}

#[test]
fn no_line_is_longer_than_a_ledger_takes() {
    let setting = logging(CROSSING, "mode = \"grant\"\nbytes = \"2 MiB\"");
    let logged = |line: String| {
        let mut told = told(&setting);
        told.log = vec![line];
        heard(&told, &setting, &mut ticket())
    };
    let bytes = crate::ledger::LONGEST / 6;
    // Six bytes each in JSON: as many as a ledger takes, but for what stands around them.
    let long = logged("\u{1}".repeat(bytes - 1000)).unwrap();
    let line = serde_json::to_vec(&long.transcript).unwrap();
    assert!(line.len() > crate::ledger::LONGEST - 6000);
    assert!(crate::ledger::Sealed::new(line).is_ok());
    assert_eq!(logged("\u{1}".repeat(bytes)).unwrap_err(), Doubt::Long);
    assert!(logged("x".repeat(bytes)).is_ok());
}

#[test]
fn what_a_violation_leads_to_is_the_supervisors_to_say() {
    let lived = believed(|told| {
        let (decision, class, due) = (Decision::Refused, Some(0), Due::After);
        told.entries = vec![ToldEntry { decision, class, due, ..granted(0x20, "", Digest::of(b"")) }];
        (told.violations, told.after_end) = (vec![(0, 1)], 1);
    })
    .unwrap();
    assert!(lived.demands.quarantine);
    assert!(!believed(|_| ()).unwrap().demands.quarantine);
}

#[test]
fn every_operation_that_is_recorded_has_its_number() {
    for capability in capability::CAPABILITIES {
        for known in capability.operations {
            assert_eq!(operation(known.code), Ok(*known));
        }
    }
    assert_eq!(operation(0xF0).unwrap().to_string(), "memory.grow");
    assert_eq!(operation(0xF1).unwrap().to_string(), "table.grow");
}
