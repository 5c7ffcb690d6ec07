//! Decisions that a worker tells of: those that the gate makes, and no others.

use super::*;
use crate::gate::LEARN;

const ALL: &str = "[grants.workspace]\nmode = \"grant\"\n[grants.agenda]\nmode = \"grant\"\n[grants.tools]\nmode = \"grant\"\n\
    [grants.outbox]\nmode = \"grant\"\n[grants.wasi]\nmode = \"grant\"\n[grants.clock]\nmode = \"deny\"\n\
    [[rules]]\ncapability = \"tools\"\nname = \"search\"\ndecision = \"tripwire\"";

/// Validates entries of an episode that ended by its one step.
fn decided(entries: &[Entry], change: impl FnOnce(&mut EpisodeReport)) -> Result<Finished, Rejection> {
    granting(ALL, |told| {
        told.body.entries = entries.to_vec();
        told.body.calls.count = 20;
        told.body.after_end = entries.iter().filter(|entry| entry.rule == AFTER_END).count().try_into().unwrap();
        for entry in entries {
            told.body.violations.merge(&entry.class.into_iter().map(|class| (class, 1)).collect());
            if entry.class == Some(Class::TripWire) {
                told.body.tripwires.add(entry.operation.clone(), 1);
            }
        }
        change(told);
    })
}

/// Returns an entry that was refused before the one step.
fn refused(operation: &str, class: Option<Class>, rule: &str, due: Due) -> Entry {
    Entry { decision: Decision::Refused, class, due, ..granted(operation, rule, Digest::of(b"")) }
}

/// Returns an entry that was refused after it.
fn late(operation: &str, class: Option<Class>, rule: &str) -> Entry {
    Entry { ordinal: 9, step: 1, ..refused(operation, class, rule, Due::After) }
}

fn is_believed(entry: Entry) -> bool {
    match decided(&[entry], |_| ()) {
        Ok(_) => true,
        Err(doubt) => {
            assert_eq!(doubt, Rejection::Beyond);
            false
        }
    }
}

#[test]
fn a_violation_is_of_a_class_that_its_operation_leads_to() {
    use Class::{
        ActAfterEnd, CarryUndeclared, DeferPastEnd, ExtendEpisode, LeaveResidue, OutliveEpisode, OverQuota, TripWire,
        Ungranted,
    };
    let grounds = [
        ("episode.request-extension", Some(ExtendEpisode), "the boundary does not move", Due::After),
        ("episode.request-carry-over", Some(CarryUndeclared), "boundary.carry", Due::After),
        ("episode.step", None, "no such action", Due::Before),
        ("episode.step", Some(OverQuota), "episode.call-bytes", Due::Before),
        ("workspace.write", Some(OverQuota), "grants.workspace.files", Due::Before),
        ("workspace.write", Some(OverQuota), "record.entries", Due::Before),
        ("workspace.write", None, "the path is empty", Due::Before),
        ("outbox.send", Some(OverQuota), "grants.outbox.messages", Due::Before),
        ("agenda.remind", Some(DeferPastEnd), "a reminder lies within the episode", Due::After),
        ("tools.call", Some(Ungranted), "grants.tools.allow", Due::Before),
        ("random.next", Some(OverQuota), "grants.random.bytes", Due::Before),
        ("clock.now", Some(Ungranted), "grants.clock.mode", Due::Before),
        ("wasi.sockets/ip-name-lookup.resolve-addresses", Some(Ungranted), "virtual WASI has no sockets", Due::Before),
        ("memory.grow", Some(OverQuota), "episode.memory", Due::Before),
    ];
    for (operation, class, rule, due) in grounds {
        assert!(is_believed(refused(operation, class, rule, due)), "{operation} {class:?} {rule}");
        for other in Class::ALL.into_iter().filter(|other| class.is_some_and(|class| class != *other)) {
            for due in [Due::Before, Due::After] {
                assert!(!is_believed(refused(operation, Some(other), rule, due)), "{operation} {other} {rule} {due:?}");
            }
        }
        let other = if due == Due::Before { Due::After } else { Due::Before };
        assert!(!is_believed(refused(operation, class, rule, other)), "{operation} {class:?} {rule} {other:?}");
    }
    // What a grant turns down is turned down under a tripwire as well, which was touched.
    for (class, fits) in [(OverQuota, true), (TripWire, true), (Ungranted, false)] {
        let entry = refused("tools.call", Some(class), "grants.tools.calls", Due::Before);
        assert_eq!(is_believed(entry), fits, "{class}");
    }
    for (operation, class, rule) in [
        // A limit of another capability, a class that no call is of, and a refusal for what all that is granted may be.
        ("workspace.write", Some(OverQuota), "grants.outbox.bytes"),
        ("outbox.send", Some(LeaveResidue), "grants.outbox.bytes"),
        ("outbox.send", Some(OutliveEpisode), "grants.outbox.bytes"),
        ("workspace.read", Some(OverQuota), "record.entries"),
        ("agenda.due", None, "no"),
        ("clock.now", Some(OverQuota), "grants.clock.bytes"),
        ("tools.call", Some(ActAfterEnd), "grants.tools.allow"),
        ("episode.request-extension", Some(OverQuota), "episode.call-bytes"),
        ("workspace.write", Some(Ungranted), "grants.workspace.mode"),
        ("memory.grow", Some(OverQuota), "episode.table-elements"),
        ("memory.grow", None, "episode.memory"),
    ] {
        assert!(!is_believed(refused(operation, class, rule, Due::Before)), "{operation} {class:?} {rule}");
    }
}

#[test]
fn what_cannot_be_granted_is_not_and_what_has_no_entry_has_none() {
    let done = |operation: &str, place: &str| is_believed(granted(operation, place, Digest::of(b"")));
    assert!(done("workspace.remove", "grants.workspace.mode"));
    assert!(!done("workspace.read", "grants.workspace.mode"));
    assert!(!done("episode.request-extension", "grants.episode.mode"));
    assert!(!done("random.next", "grants.random.mode"));
}

#[test]
fn a_call_after_the_end_is_one_that_an_agent_can_make() {
    let act = Some(Class::ActAfterEnd);
    assert!(is_believed(late("workspace.write", act, AFTER_END)));
    assert!(is_believed(late("workspace.write", None, AFTER_END)));
    assert!(is_believed(late("random.next", None, AFTER_END)));
    // To read the time is no violation.
    assert!(!is_believed(late("random.next", act, AFTER_END)));
    assert!(!is_believed(late("workspace.write", Some(Class::Ungranted), AFTER_END)));
    assert!(!is_believed(Entry { step: 0, ..late("workspace.write", act, AFTER_END) }));
    assert!(!is_believed(Entry { due: Due::Before, ..late("workspace.write", act, AFTER_END) }));
    // It is counted.
    let uncounted = decided(&[late("workspace.write", None, AFTER_END)], |told| told.body.after_end = 0);
    assert_eq!(uncounted.unwrap_err(), Rejection::Contradiction);
    // Nobody calls after a return or a trap.
    let over = |entries: &[Entry], after, end: End| {
        decided(entries, |told| {
            (told.body.end, told.actions, told.body.after_end, told.body.entries_cut) =
                (end, Bytes::default(), after, after);
            if end == End::Trapped {
                (told.body.closing, told.body.cause) = (Closing::Trapped, Some("unreachable".to_owned()));
            }
        })
        .map(|_| ())
    };
    for end in [End::Returned, End::Trapped] {
        assert_eq!(over(&[], 0, end), Ok(()));
        assert_eq!(over(&[], 1, end), Err(Rejection::Contradiction));
        let growth = Entry { step: 0, ..late("memory.grow", Some(Class::OverQuota), "episode.memory") };
        // `learn` may ask for more memory: it is of that.
        assert_eq!(over(&[growth], 0, end), Ok(()));
        assert_eq!(over(&[Entry { step: 0, ..late("outbox.send", act, AFTER_END) }], 1, end), Err(Rejection::Beyond));
    }
    // The call that finds the fuel used up is told so, and is no violation.
    let first = Entry { step: 0, ..late("outbox.send", act, AFTER_END) };
    assert_eq!(over(&[first], 1, End::Fuel), Err(Rejection::Contradiction));
    let none = Entry { step: 0, ..late("outbox.send", None, AFTER_END) };
    assert_eq!(over(&[none], 1, End::Fuel), Ok(()));
}

#[test]
fn decisions_come_in_the_order_of_the_episode() {
    let (open, end) = (refused("episode.step", None, "no", Due::Before), late("workspace.write", None, AFTER_END));
    let lesson = Entry { ordinal: 12, step: 0, ..late("random.next", Some(Class::Ungranted), LEARN) };
    let believed = |entries: &[Entry]| decided(entries, |_| ()).map(|_| ());
    assert_eq!(believed(&[open.clone(), end.clone(), lesson.clone()]), Ok(()));
    let at = |ordinal, entry: &Entry| Entry { ordinal, ..entry.clone() };
    assert_eq!(believed(&[end.clone(), at(10, &open)]), Err(Rejection::Beyond));
    assert_eq!(believed(&[lesson.clone(), at(13, &end)]), Err(Rejection::Beyond));
    assert_eq!(believed(&[Entry { step: 1, ..lesson }]), Err(Rejection::Beyond));
    // The step that ended it was the last call before the end, and each step was a call.
    assert_eq!(believed(&[Entry { step: 1, ordinal: 3, ..open }]), Err(Rejection::Beyond));
    assert_eq!(believed(&[at(0, &end)]), Err(Rejection::Beyond));
}

#[test]
fn what_the_policy_answers_with_an_end_has_ended_the_episode() {
    let boundary = format!("{CROSSING}\n{OUTBOX}");
    let mut setting = setting(&boundary);
    Arc::make_mut(&mut setting.policy).consequences.set(Class::OverQuota, crate::gate::Consequence::Quarantine);
    let over = |ordinal, step| {
        let entry = refused("outbox.send", Some(Class::OverQuota), "grants.outbox.bytes", Due::Before);
        Entry { ordinal, step, ..entry }
    };
    let believed = |entries: &[Entry], end| {
        let mut told = told(&setting);
        (told.body.entries, told.body.end, told.body.fuel) = (entries.to_vec(), end, ENOUGH);
        (told.body.calls.count, told.actions) = (20, Bytes::default());
        told.body.violations = tally(&[(Class::OverQuota, entries.len().try_into().unwrap())]);
        heard(&told, &setting, &mut ticket()).map(|lived| lived.demands.quarantine)
    };
    assert_eq!(believed(&[over(3, 0)], End::Violation), Ok(true));
    assert_eq!(believed(&[over(3, 0)], End::Returned), Err(Rejection::Contradiction));
    assert_eq!(believed(&[], End::Violation), Err(Rejection::Contradiction));
    // Nothing of the episode came after it.
    assert_eq!(believed(&[over(3, 0), over(4, 0)], End::Violation), Err(Rejection::Beyond));
}

/// A component that does nothing, and can do nothing.
const BARE: &str = "(component (core module $m (func (export \"run\"))) (core instance $i (instantiate $m)) \
    (func (export \"run\") (canon lift (core func $i \"run\"))))";

/// Changes what is told.
type Change = fn(&mut EpisodeReport);

#[test]
fn no_call_is_believed_that_its_component_does_not_import() {
    let grants = "[grants.workspace]\nmode = \"grant\"\n[grants.agenda]\nmode = \"tripwire\"\n[grants.outbox]\nmode = \"grant\"\n\
        [grants.wasi]\nmode = \"grant\"\n";
    let setting = setting(&format!("environment = \"reset\"\n{grants}"));
    let lived = told(&setting);
    let known = setting.known();
    // It took its steps and wrote to its log.
    assert!(heard_by(&lived, &known, &mut ticket()).is_ok());
    let mut bare = setting.known();
    bare.agent = ParsedAgent::read("bare", BARE.as_bytes()).unwrap();
    let mut nothing = lived.clone();
    nothing.actions = Bytes::default();
    nothing.body = Body {
        end: End::Returned,
        closing: Closing::Returned,
        fuel: ENOUGH,
        calls: crate::transcript::Calls { count: 0, ..nothing.body.calls },
        ..Body::default()
    };
    let mut all = setting.known();
    all.agent = all.agent.importing_all();
    let changes: [(&str, Change); 10] = [
        ("nothing", |_| ()),
        ("a call", |told| told.body.calls.count = 1),
        ("a step", |told| {
            (told.actions, told.body.end, told.body.calls.count) = (actions(&[Value::Discrete(0)]), End::Terminated, 1);
        }),
        ("a line", |told| (told.body.log, told.body.calls.count) = (vec!["a line".to_owned()], 1)),
        ("a file", |told| {
            told.body.entries = vec![granted("workspace.write", "grants.workspace.mode", Digest::of(b""))];
            (told.body.residue, told.body.calls.count) = (vec![Residue { path: "a".to_owned(), bytes: 1 }], 1);
            told.body.violations.add(Class::LeaveResidue);
        }),
        ("a message", |told| {
            sent(&[("you", b"hello")])(told);
            told.body.calls.count = 1;
        }),
        ("a violation", |told| {
            told.body.entries =
                vec![refused("workspace.write", Some(Class::OverQuota), "grants.workspace.bytes", Due::Before)];
            (told.body.violations, told.body.calls.count) = (tally(&[(Class::OverQuota, 1)]), 1);
        }),
        ("a growth", |told| {
            told.body.entries = vec![refused("memory.grow", Some(Class::OverQuota), "episode.memory", Due::Before)];
            (told.body.violations, told.body.calls.count) = (tally(&[(Class::OverQuota, 1)]), 1);
        }),
        ("a tripwire", |told| {
            let entry = granted("agenda.remind", "grants.agenda.mode", Digest::of(b""));
            told.body.entries = vec![Entry { decision: Decision::Pretended, class: Some(Class::TripWire), ..entry }];
            told.body.tripwires.add(called("agenda.remind"), 1);
            (told.body.violations, told.body.calls.count) = (tally(&[(Class::TripWire, 1)]), 1);
        }),
        ("what a runtime asks", |told| {
            told.body.entries = vec![Entry {
                decision: Decision::Noted,
                ..granted(
                    "wasi.sockets/tcp-create-socket.create-tcp-socket",
                    "virtual WASI has no sockets",
                    Digest::of(b""),
                )
            }];
            (told.body.notices, told.body.calls.count) = (tally(&[(Class::Ungranted, 1)]), 1);
        }),
    ];
    for (what, change) in changes {
        let mut told = nothing.clone();
        change(&mut told);
        let heard = |known| heard_by(&told, known, &mut ticket()).map(|_| ());
        assert_eq!(heard(&all), Ok(()), "{what}");
        let doubted = if what == "nothing" { Ok(()) } else { Err(Rejection::Beyond) };
        assert_eq!(heard(&bare), doubted, "{what}");
        // It imports the world, randomness and the log.
        let own = if ["nothing", "a call", "a step", "a line", "a growth"].contains(&what) { Ok(()) } else { doubted };
        assert_eq!(heard(&known), own, "{what}");
    }
}
