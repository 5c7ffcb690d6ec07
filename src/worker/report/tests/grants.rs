//! Tests of what a capability leaves: messages, log and files, within what the policy grants.

use super::*;
use crate::gate::Release;

/// Change of a report.
type Change = fn(&mut EpisodeReport);

#[test]
fn no_message_is_released_but_those_that_the_policy_grants() {
    let one = sent(&[("you", b"hello")]);
    assert_eq!(granting(OUTBOX, &one).unwrap().transcript.body.released.len(), 1);
    assert_eq!(granting("", &one).unwrap_err(), Rejection::Beyond);
    for mode in ["deny", "tripwire"] {
        let closed = format!("[grants.outbox]\nmode = \"{mode}\"");
        assert_eq!(granting(&closed, &one).unwrap_err(), Rejection::Beyond);
        let alone = |told: &mut EpisodeReport| told.body.released = vec![message("you", &[1])];
        assert_eq!(granting(&closed, alone).unwrap_err(), Rejection::Beyond);
    }
    let doubt = |change: &dyn Fn(&mut EpisodeReport)| granting(OUTBOX, change).unwrap_err();
    assert_eq!(doubt(&sent(&[("you", b"hello!")])), Rejection::Beyond);
    assert_eq!(doubt(&sent(&[("", b"hello")])), Rejection::Beyond);
    // One too many, one that nobody sent, and another one than was sent.
    assert_eq!(doubt(&sent(&[("a", b""), ("b", b"")])), Rejection::Beyond);
    assert_eq!(doubt(&|told| told.body.released = vec![message("you", b"hello")]), Rejection::Beyond);
    let other = |told: &mut EpisodeReport| {
        one(told);
        told.body.released = vec![message("you", b"world")];
    };
    assert_eq!(doubt(&other), Rejection::Beyond);
    let unsent = |told: &mut EpisodeReport| {
        one(told);
        told.body.released.clear();
    };
    assert_eq!(doubt(&unsent), Rejection::Beyond);
    // A rule may close to one what is open to others.
    let ruled = format!("{OUTBOX}\n[[rules]]\ncapability = \"outbox\"\nname = \"you\"\ndecision = \"deny\"");
    assert_eq!(granting(&ruled, &one).unwrap_err(), Rejection::Beyond);
    assert!(granting(&ruled, sent(&[("me", b"hello")])).is_ok());
}

#[test]
fn where_a_release_ends_the_episode_it_is_told_so() {
    let mut setting = setting(&format!("{CROSSING}\n{OUTBOX}"));
    let ended = |setting: &Setting, end| {
        let mut told = told(setting);
        sent(&[("you", b"hello")])(&mut told);
        (told.body.end, told.actions) = (end, Bytes::default());
        heard(&told, setting, &mut ticket())
    };
    assert!(ended(&setting, End::Returned).is_ok());
    assert_eq!(ended(&setting, End::Released).unwrap_err(), Rejection::Contradiction);
    Arc::make_mut(&mut setting.policy).episode.on_release = Release::Ends;
    assert!(ended(&setting, End::Released).is_ok());
    assert_eq!(ended(&setting, End::Returned).unwrap_err(), Rejection::Contradiction);
    // The first was the last.
    let two = OUTBOX.replace("messages = 1", "messages = 2");
    for (release, sound) in [(Release::GoesOn, true), (Release::Ends, false)] {
        let mut setting = self::setting(&format!("{CROSSING}\n{two}"));
        let policy = Arc::make_mut(&mut setting.policy);
        (policy.record.entries, policy.episode.on_release) = (2, release);
        let mut told = told(&setting);
        sent(&[("a", b""), ("b", b"")])(&mut told);
        told.body.end = if release == Release::Ends { End::Released } else { End::Returned };
        told.actions = Bytes::default();
        assert_eq!(heard(&told, &setting, &mut ticket()).is_ok(), sound);
    }
}

#[test]
fn nothing_is_granted_but_by_the_line_of_the_policy_that_grants_it() {
    let call = |change: fn(&mut Entry)| {
        let mut entry = granted("workspace.write", "grants.workspace.mode", Digest::of(b""));
        change(&mut entry);
        move |told: &mut EpisodeReport| (told.body.entries, told.body.calls.count) = (vec![entry], 8)
    };
    let open = "[grants.workspace]\nmode = \"grant\"";
    assert!(granting(open, call(|_| ())).is_ok());
    // There is room for one in the record: what cannot be recorded does not happen.
    let two = |told: &mut EpisodeReport| {
        let second = Entry { ordinal: 1, ..granted("workspace.write", "grants.workspace.mode", Digest::of(b"")) };
        call(|_| ())(told);
        told.body.entries.push(second);
    };
    assert_eq!(granting(open, two).unwrap_err(), Rejection::Beyond);
    for grants in ["", "[grants.workspace]\nmode = \"deny\"", "[grants.workspace]\nmode = \"tripwire\""] {
        assert_eq!(granting(grants, call(|_| ())).unwrap_err(), Rejection::Beyond, "{grants}");
    }
    // A rule closes what is open, to some calls or to all.
    let rule = |rule: &str| format!("{open}\n[[rules]]\ncapability = \"workspace\"\n{rule}");
    for closed in ["decision = \"deny\"", "operation = \"write\"\ndecision = \"deny\"", "decision = \"tripwire\""] {
        assert_eq!(granting(&rule(closed), call(|_| ())).unwrap_err(), Rejection::Beyond, "{closed}");
    }
    for other in ["operation = \"read\"\ndecision = \"deny\"", "name = \"a\"\ndecision = \"deny\""] {
        assert!(granting(&rule(other), call(|_| ())).is_ok(), "{other}");
    }
    let changes: [fn(&mut Entry); 5] = [
        |entry| entry.rule = "rules[0]".into(),
        |entry| entry.due = Due::After,
        |entry| entry.class = Some(Class::Ungranted),
        |entry| entry.ordinal = 8,
        |entry| entry.decision = Decision::Pretended,
    ];
    for change in changes {
        assert_eq!(granting(open, call(change)).unwrap_err(), Rejection::Beyond);
    }
    let wire = |told: &mut EpisodeReport| {
        call(|entry| (entry.decision, entry.class) = (Decision::Pretended, Some(Class::TripWire)))(told);
        told.body.violations = tally(&[(Class::TripWire, 1)]);
        told.body.tripwires.add(called("workspace.write"), 1);
    };
    let tripwire = "[grants.workspace]\nmode = \"tripwire\"";
    assert!(granting(tripwire, wire).is_ok());
    // What was touched is a violation, and not one of another class.
    for class in [None, Some(Class::Ungranted)] {
        let other = |told: &mut EpisodeReport| {
            wire(told);
            told.body.entries[0].class = class;
            told.body.violations.merge(&class.into_iter().map(|class| (class, 1)).collect());
        };
        assert_eq!(granting(tripwire, other).unwrap_err(), Rejection::Beyond);
    }
    assert_eq!(granting(open, wire).unwrap_err(), Rejection::Beyond);
}

#[test]
fn no_more_is_logged_than_the_policy_grants() {
    let believed = |log: &str, change: &dyn Fn(&mut EpisodeReport)| {
        let setting = logging(CROSSING, log);
        let mut told = told(&setting);
        assert!(told.body.log.is_empty());
        change(&mut told);
        heard(&told, &setting, &mut ticket())
    };
    let log = "mode = \"grant\"\nbytes = \"32 B\"";
    let written = |lines: &[usize]| {
        let lines: Vec<String> = lines.iter().map(|bytes| "x".repeat(*bytes)).collect();
        move |told: &mut EpisodeReport| told.body.log.clone_from(&lines)
    };
    // A line counts its text and eight bytes.
    assert!(believed(log, &written(&[8, 8])).is_ok());
    assert!(believed(log, &written(&[0, 0, 0, 0])).is_ok());
    assert_eq!(believed(log, &written(&[8, 9])).unwrap_err(), Rejection::Beyond);
    assert_eq!(believed(log, &written(&[0, 0, 0, 0, 0])).unwrap_err(), Rejection::Beyond);
    for mode in ["deny", "tripwire"] {
        assert_eq!(believed(&format!("mode = \"{mode}\""), &written(&[1])).unwrap_err(), Rejection::Beyond);
    }
}

#[test]
fn what_is_left_behind_is_within_the_grant_and_a_violation_or_a_notice() {
    let grants = "[grants.workspace]\nmode = \"grant\"\nfiles = 2\nbytes = \"8 B\"\ndepth = 2";
    let left = |residue: &[(&str, u64)]| {
        let of = |(path, bytes): &(&str, u64)| Residue { path: (*path).to_owned(), bytes: *bytes };
        let residue: Vec<Residue> = residue.iter().map(of).collect();
        move |told: &mut EpisodeReport| {
            told.body.entries = vec![granted("workspace.write", "grants.workspace.mode", Digest::of(b""))];
            // The world reached its terminal state: the agent could not know.
            (told.body.residue, told.body.notices, told.body.calls.count) =
                (residue, tally(&[(Class::LeaveResidue, 1)]), 8);
        }
    };
    assert!(granting(grants, left(&[("a", 0), ("a/b", 8)])).is_ok());
    // Of a path and of each name in it there is a longest.
    let (long, longer) = ("x".repeat(128), "x".repeat(129));
    assert!(granting(grants, left(&[(&long, 0)])).is_ok());
    for beyond in [
        &[("a", 9)][..],
        &[("a", 0), ("b", 0), ("c", 0)],
        &[("a/b/c", 0)],
        &[("a", 0), ("a", 0)],
        &[("A", 0), ("a", 0)],
        &[("a", 1), ("b", 1)],
        &[("nul", 1)],
        &[("b", 0), ("a", 0)],
        &[("/etc/passwd", 7)],
        &[("a/..", 1)],
        &[("a\u{1b}[2J", 1)],
        &[(&longer, 1)],
    ] {
        assert_eq!(granting(grants, left(beyond)).unwrap_err(), Rejection::Beyond, "{beyond:?}");
    }
    // What has something below it is a folder, and it is there.
    for impossible in [&[("a", 1), ("a/b", 0)][..], &[("a/b", 1)]] {
        assert_eq!(granting(grants, left(impossible)).unwrap_err(), Rejection::Contradiction, "{impossible:?}");
    }
    let ungranted = |told: &mut EpisodeReport| {
        left(&[("a", 1)])(told);
        told.body.entries.clear();
    };
    assert_eq!(granting("", ungranted).unwrap_err(), Rejection::Beyond);
    let changes: [(Change, Rejection); 6] = [
        (|told| told.body.notices = ClassCounts::default(), Rejection::Contradiction),
        (|told| told.body.residue.clear(), Rejection::Contradiction),
        (|told| told.body.entries.clear(), Rejection::Beyond),
        (|told| std::mem::swap(&mut told.body.violations, &mut told.body.notices), Rejection::Contradiction),
        (|told| told.body.violations = told.body.notices, Rejection::Contradiction),
        (|told| told.body.notices = tally(&[(Class::LeaveResidue, 2)]), Rejection::Contradiction),
    ];
    for (change, doubt) in changes {
        let left_so = |told: &mut EpisodeReport| {
            left(&[("a", 1)])(told);
            change(told);
        };
        assert_eq!(granting(grants, left_so).unwrap_err(), doubt);
    }
}

/// Validates calls that were granted, each with the excerpt of its argument.
fn called_with(grants: &str, calls: &[(&str, &str)]) -> Result<(), Rejection> {
    let entry = |(ordinal, (operation, argument)): (u64, &(&str, &str))| {
        let (capability, _) = operation.split_once('.').unwrap();
        let place = format!("grants.{capability}.mode");
        Entry { ordinal, argument: (*argument).to_owned(), ..granted(operation, &place, Digest::of(b"")) }
    };
    let mut setting = setting(&format!("{CROSSING}\n{grants}"));
    Arc::make_mut(&mut setting.policy).record.entries = 8;
    let mut told = told(&setting);
    (told.body.fuel, told.body.calls.count) = (ENOUGH, 20);
    told.body.entries = (0..).zip(calls).map(entry).collect();
    heard(&told, &setting, &mut ticket()).map(|_| ())
}

#[test]
fn no_reminder_is_set_but_at_a_step_to_come_and_no_more_than_are_granted() {
    let set = |calls: &[&str]| {
        let calls: Vec<(&str, &str)> = calls.iter().map(|argument| ("agenda.remind", *argument)).collect();
        called_with("[grants.agenda]\nmode = \"grant\"\nreminders = 2", &calls)
    };
    // The task has one step.
    assert_eq!(set(&["1, \"a\"", "1, \"b\""]), Ok(()));
    for beyond in [&["1, \"a\""; 3][..], &["0, \"a\""], &["2, \"a\""], &["\"a\""], &[""]] {
        assert_eq!(set(beyond), Err(Rejection::Beyond), "{beyond:?}");
    }
}

#[test]
fn no_tool_is_called_but_those_that_are_granted_and_no_more_often() {
    let tools = "[grants.tools]\nmode = \"grant\"\nallow = [\"calculator\", \"search\"]\ncalls = 2\n\
                 [[rules]]\ncapability = \"tools\"\nname = \"search\"\ndecision = \"deny\"";
    let call = |calls: &[&str]| {
        let calls: Vec<(&str, &str)> = calls.iter().map(|argument| ("tools.call", *argument)).collect();
        called_with(tools, &calls)
    };
    assert_eq!(call(&["\"calculator\", \"1 + 1\""; 2]), Ok(()));
    for beyond in [
        &["\"calculator\", \"1 + 1\""; 3][..],
        &["\"search\", \"a\""],
        &["\"wait\", \"1\""],
        &["\"calculator\"…, \"a\""],
        &["1"],
        &[""],
    ] {
        assert_eq!(call(beyond), Err(Rejection::Beyond), "{beyond:?}");
    }
}

#[test]
fn no_file_is_written_and_no_line_logged_where_a_rule_forbids_it() {
    let workspace = "[grants.workspace]\nmode = \"grant\"\n[[rules]]\ncapability = \"workspace\"\nname = \"a\"\n\
                     decision = \"deny\"";
    assert_eq!(called_with(workspace, &[("workspace.append", "\"b\", 1 bytes")]), Ok(()));
    assert_eq!(called_with(workspace, &[("workspace.append", "\"a\", 1 bytes")]), Err(Rejection::Beyond));
    let logged = |rule: &str| {
        let setting = logging(&format!("{CROSSING}\n{rule}"), "mode = \"grant\"");
        let mut told = told(&setting);
        told.body.log = vec!["a line".to_owned()];
        heard(&told, &setting, &mut ticket()).map(|_| ())
    };
    let rule = |when: &str| format!("[[rules]]\ncapability = \"log\"\n{when}decision = \"deny\"");
    assert_eq!(logged(""), Ok(()));
    assert_eq!(logged(&rule("")), Err(Rejection::Beyond));
    // There was one step.
    assert_eq!(logged(&rule("before-step = 1\n")), Ok(()));
    assert_eq!(logged(&rule("before-step = 2\n")), Err(Rejection::Beyond));
    assert_eq!(logged(&rule("after-step = 0\n")), Ok(()));
}
