//! What nobody committed, as a worker tells of it.

use super::*;

/// What is believed of a file that is left behind as a violation, and as a notice.
fn blamed_and_excused(told_of: &str, change: fn(&mut Told)) -> [bool; 2] {
    let setting = setting(&format!("{CROSSING}\n[grants.workspace]\nmode = \"grant\"\n{told_of}"));
    [4, 9].map(|index| {
        let mut told = told(&setting);
        told.entries = vec![granted(0x11, "grants.workspace.mode", Digest::of(b""))];
        (told.residue, told.calls) = (vec![Residue { path: "a".to_owned(), bytes: 1 }], 8);
        let counts = if index == 4 { &mut told.violations } else { &mut told.notices };
        counts.push((4, 1));
        change(&mut told);
        heard(&told, &setting, &mut ticket()).is_ok()
    })
}

#[test]
fn whether_an_agent_could_have_cleaned_up_is_the_supervisors_to_say() {
    let own = |told: &mut Told| (told.end, told.actions) = (End::Returned, Bytes::default());
    assert_eq!(blamed_and_excused("", |_| ()), [false, true], "a terminal state");
    assert_eq!(blamed_and_excused("", own), [true, false], "a return");
    let outlived = |told: &mut Told| {
        told.closing = Closing::Outlived;
        told.violations.push((3, 1));
    };
    assert_eq!(blamed_and_excused("", outlived), [true, false], "an agent that stays");
    // The task has one step, and the policy reveals it.
    let revealed = "[objective]\nreveal = [\"limits\"]\n";
    assert_eq!(blamed_and_excused(revealed, |_| ()), [true, false], "the last step, which it was told");
}

#[test]
fn what_a_runtime_asks_is_believed_where_the_gate_can_have_noted_it() {
    let noted = |change: fn(&mut ToldEntry)| {
        move |told: &mut Told| {
            // `get-environment`, in `learn`.
            let entry =
                ToldEntry { decision: Decision::Noted, due: Due::After, ..granted(0x93, "learn", Digest::of(b"")) };
            (told.entries, told.notices, told.calls) = (vec![entry], vec![(6, 1)], 8);
            change(&mut told.entries[0]);
        }
    };
    let wasi = "[grants.wasi]\nmode = \"grant\"";
    assert!(granting(wasi, noted(|_| ())).is_ok());
    let socket = |entry: &mut ToldEntry| {
        (entry.operation, entry.rule, entry.due) = (0xAC, "virtual WASI has no sockets".to_owned(), Due::Before);
    };
    assert!(granting(wasi, noted(socket)).is_ok());
    for grants in ["", "[grants.wasi]\nmode = \"deny\"", "[grants.wasi]\nmode = \"tripwire\""] {
        assert_eq!(granting(grants, noted(|_| ())).unwrap_err(), Doubt::Beyond, "{grants}");
        assert_eq!(granting(grants, noted(socket)).unwrap_err(), Doubt::Beyond, "{grants}");
    }
    let changes: [fn(&mut ToldEntry); 6] = [
        |entry| entry.operation = 0x11,
        |entry| entry.operation = 0x8A,
        |entry| entry.operation = 0xAE,
        |entry| entry.due = Due::Before,
        |entry| entry.rule = "boundary".to_owned(),
        |entry| entry.rule = "virtual WASI has no sockets".to_owned(),
    ];
    for change in changes {
        assert_eq!(granting(wasi, noted(change)).unwrap_err(), Doubt::Beyond);
    }
    for notices in [vec![], vec![(6, 2)], vec![(0, 1), (6, 1)]] {
        let counted = |told: &mut Told| {
            noted(|_| ())(told);
            told.notices.clone_from(&notices);
        };
        assert_eq!(granting(wasi, counted).unwrap_err(), Doubt::Contradiction, "{notices:?}");
    }
}
