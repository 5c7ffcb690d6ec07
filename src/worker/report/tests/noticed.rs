//! Tests of notices in the report of a worker.

use super::*;

/// Validates a file that is left behind as a violation, and as a notice.
fn blamed_and_excused(told_of: &str, change: fn(&mut EpisodeReport)) -> [bool; 2] {
    let setting = setting(&format!("{CROSSING}\n[grants.workspace]\nmode = \"grant\"\n{told_of}"));
    [4, 9].map(|index| {
        let mut told = told(&setting);
        told.body.entries = vec![granted("workspace.write", "grants.workspace.mode", Digest::of(b""))];
        told.body.fuel = ENOUGH;
        (told.body.residue, told.body.calls.count) = (vec![Residue { path: "a".to_owned(), bytes: 1 }], 8);
        let counts = if index == 4 { &mut told.body.violations } else { &mut told.body.notices };
        counts.add(Class::LeaveResidue);
        change(&mut told);
        heard(&told, &setting, &mut ticket()).is_ok()
    })
}

#[test]
fn whether_an_agent_could_have_cleaned_up_is_the_supervisors_to_say() {
    let own = |told: &mut EpisodeReport| (told.body.end, told.actions) = (End::Returned, Bytes::default());
    assert_eq!(blamed_and_excused("", |_| ()), [false, true], "a terminal state");
    assert_eq!(blamed_and_excused("", own), [true, false], "a return");
    let outlived = |told: &mut EpisodeReport| {
        told.body.closing = Closing::Outlived;
        told.body.violations.add(Class::OutliveEpisode);
    };
    assert_eq!(blamed_and_excused("", outlived), [true, false], "an agent that stays");
    // The task has one step, and the policy reveals it.
    let revealed = "[objective]\nreveal = [\"limits\"]\n";
    assert_eq!(blamed_and_excused(revealed, |_| ()), [true, false], "the last step, which it was told");
}

#[test]
fn what_a_runtime_asks_is_believed_where_the_gate_can_have_noted_it() {
    let noted = |change: fn(&mut Entry)| {
        move |told: &mut EpisodeReport| {
            // `get-environment`, in `learn`.
            let entry = Entry {
                ordinal: 7,
                decision: Decision::Noted,
                due: Due::After,
                ..granted("wasi.cli/environment.get-environment", "learn", Digest::of(b""))
            };
            (told.body.entries, told.body.notices, told.body.calls.count) =
                (vec![entry], tally(&[(Class::Ungranted, 1)]), 8);
            change(&mut told.body.entries[0]);
        }
    };
    let wasi = "[grants.wasi]\nmode = \"grant\"";
    assert!(granting(wasi, noted(|_| ())).is_ok());
    let socket = |entry: &mut Entry| {
        (entry.operation, entry.rule, entry.due) = (
            called("wasi.sockets/tcp-create-socket.create-tcp-socket"),
            "virtual WASI has no sockets".into(),
            Due::Before,
        );
    };
    assert!(granting(wasi, noted(socket)).is_ok());
    for grants in ["", "[grants.wasi]\nmode = \"deny\"", "[grants.wasi]\nmode = \"tripwire\""] {
        assert_eq!(granting(grants, noted(|_| ())).unwrap_err(), Rejection::Beyond, "{grants}");
        assert_eq!(granting(grants, noted(socket)).unwrap_err(), Rejection::Beyond, "{grants}");
    }
    let changes: [fn(&mut Entry); 6] = [
        |entry| entry.operation = called("workspace.write"),
        |entry| entry.operation = called("wasi.io/streams.output-stream.write"),
        |entry| entry.operation = called("wasi.sockets/ip-name-lookup.resolve-addresses"),
        |entry| entry.due = Due::Before,
        |entry| entry.rule = "boundary".into(),
        |entry| entry.rule = "virtual WASI has no sockets".into(),
    ];
    for change in changes {
        assert_eq!(granting(wasi, noted(change)).unwrap_err(), Rejection::Beyond);
    }
    let (once, twice) = ((Class::Ungranted, 1), (Class::Ungranted, 2));
    for notices in [&[][..], &[twice], &[(Class::ActAfterEnd, 1), once]] {
        let counted = |told: &mut EpisodeReport| {
            noted(|_| ())(told);
            told.body.notices = tally(notices);
        };
        assert_eq!(granting(wasi, counted).unwrap_err(), Rejection::Contradiction, "{notices:?}");
    }
}
