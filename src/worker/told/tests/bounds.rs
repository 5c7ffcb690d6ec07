//! How much is believed: no more calls than fuel allows, and no list that is longer than it may be.

use super::*;

/// Fills a list with so many.
type Change = fn(&mut Told, usize);

#[test]
fn no_more_calls_are_believed_than_fuel_allows() {
    let (setting, world) = (setting(CROSSING), ticket().environment);
    let Bounds { calls, after_end, .. } = Bounds::of(&setting.known(), world.as_ref());
    let limits = &setting.policy.episode;
    // The cheapest call is one instruction, or a byte of a straight line that was begun, acting and learning.
    let code = u64::try_from(setting.agent.as_ref().bytes().len()).unwrap();
    assert_eq!(calls, limits.fuel + limits.grace_fuel + 2_000_000 + 2 * (code + 8));
    assert_eq!(after_end, limits.grace_fuel / 64 + 8);
    // Each call after the end is a decision, which was cut here.
    let said = |calls, after_end| {
        move |told: &mut Told| {
            (told.body.calls.count, told.body.after_end, told.body.entries_cut) = (calls, after_end, after_end);
        }
    };
    assert!(believed(said(calls, after_end)).is_ok());
    assert_eq!(doubt(said(calls + 1, 0)), Doubt::Beyond);
    assert_eq!(doubt(said(calls, after_end + 1)), Doubt::Beyond);
    // What makes a sum wrap.
    assert_eq!(doubt(said(u64::MAX, u64::MAX - 35)), Doubt::Beyond);
}

#[test]
fn no_list_is_read_further_than_it_may_go() {
    let setting = logging(&format!("{CROSSING}\n{OUTBOX}"), "mode = \"grant\"\nbytes = \"32 B\"");
    let known = setting.known();
    let bounds = Bounds::of(&known, ticket().environment.as_ref());
    assert!(bounds.frame() < 1_500_000, "{}", bounds.frame());
    let residue = || Residue { path: String::new(), bytes: 0 };
    let changes: [(&str, Change); 3] = [
        ("log", |told, count| told.body.log = vec![String::new(); count]),
        ("released", |told, count| told.body.released = vec![message("", &[]); count]),
        ("entries", |told, count| {
            told.body.entries = vec![granted("workspace.write", "", Digest::of(b"")); count];
        }),
    ];
    let most = [bounds.lines, bounds.messages, bounds.entries];
    for ((what, change), most) in changes.into_iter().zip(most) {
        let opened = |count: u64| {
            let mut told = told(&setting);
            change(&mut told, count.try_into().unwrap());
            Parcel::of(told).unwrap().open(&bounds).map(|_| ())
        };
        assert_eq!(opened(most), Ok(()), "{what}");
        assert_eq!(opened(most + 1), Err(Doubt::Beyond), "{what}");
    }
    let mut left = told(&setting);
    left.body.residue = vec![residue()];
    assert_eq!(Parcel::of(left).unwrap().open(&bounds).map(|_| ()), Err(Doubt::Beyond), "nothing is left behind here");
}
