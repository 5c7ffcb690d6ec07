//! Tests of the bounds on a report: no more calls than fuel allows, and no list that is longer than it may be.

use super::*;
use crate::worker::bounds::PartBounds;

/// Fills a list with this many elements.
type Change = fn(&mut EpisodeReport, usize);

#[test]
fn no_more_calls_are_believed_than_fuel_allows() {
    let (setting, world) = (setting(CROSSING), ticket().environment);
    let PartBounds { calls, after_end, .. } = Bounds::of(&setting.known(), world.as_ref()).parts[0];
    let limits = &setting.policy.episode;
    // The cheapest call is one instruction, or a byte of a straight line that was begun, acting and learning.
    let code = u64::try_from(setting.agent.as_ref().bytes().len()).unwrap();
    assert_eq!(calls, limits.fuel + limits.grace_fuel + 2_000_000 + 2 * (code + 8));
    assert_eq!(after_end, limits.grace_fuel / 64 + 8);
    // All but a few are growths that were refused, of which one has an entry.
    let grown = |calls, few| {
        move |told: &mut EpisodeReport| {
            let late = granted("memory.grow", "episode.memory", Digest::of(b""));
            let (decision, class, due) = (Decision::Refused, Some(Class::OverQuota), Due::After);
            told.body.entries = vec![Entry { ordinal: 1, step: 1, decision, class, due, ..late }];
            (told.body.calls.count, told.body.entries_cut) = (calls, calls - few - 1);
            told.body.violations.merge(&tally(&[(Class::OverQuota, calls - few)]));
        }
    };
    assert!(believed(grown(calls, 5)).is_ok());
    assert_eq!(doubt(grown(calls + 1, 5)), Rejection::Beyond);
    // Each call after the end is a decision, which was cut here.
    let said = |calls, after_end| {
        move |told: &mut EpisodeReport| {
            (told.body.calls.count, told.body.after_end, told.body.entries_cut) = (calls, after_end, after_end);
        }
    };
    assert!(believed(said(after_end + 1, after_end)).is_ok());
    assert_eq!(doubt(said(calls, after_end + 1)), Rejection::Beyond);
    // What makes a sum wrap.
    assert_eq!(doubt(said(u64::MAX, u64::MAX - 35)), Rejection::Beyond);
    // Every call of the host but those costs 64. The learner pays for what it is said to have learned with.
    let lesson = |paid: u64, calls: u64| {
        move |told: &mut EpisodeReport| {
            told.body.learned.as_mut().unwrap().fuel = 0;
            (told.body.fuel, told.body.calls.count) = (paid, calls);
        }
    };
    assert!(believed(lesson(64 * 100, 100)).is_ok());
    assert_eq!(doubt(lesson(64 * 100 - 1, 100)), Rejection::Contradiction);
    assert_eq!(doubt(lesson(0, 3)), Rejection::Contradiction);
    let more = |told: &mut EpisodeReport| {
        grown(1000, 100)(told);
        lesson(64 * 100, 1000)(told);
    };
    assert!(believed(more).is_ok());
    let most = |told: &mut EpisodeReport| {
        grown(1000, 101)(told);
        lesson(64 * 100, 1000)(told);
    };
    assert_eq!(doubt(most), Rejection::Contradiction);
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
    let part = bounds.parts[0];
    let most = [part.lines, part.messages, bounds.entries];
    for ((what, change), most) in changes.into_iter().zip(most) {
        let opened = |count: u64| {
            let mut told = told(&setting);
            change(&mut told, count.try_into().unwrap());
            Parcel::of(told).unwrap().open(&bounds).map(|_| ())
        };
        assert_eq!(opened(most), Ok(()), "{what}");
        assert_eq!(opened(most + 1), Err(Rejection::Beyond), "{what}");
    }
    let mut left = told(&setting);
    left.body.residue = vec![residue()];
    assert_eq!(
        Parcel::of(left).unwrap().open(&bounds).map(|_| ()),
        Err(Rejection::Beyond),
        "nothing is left behind here"
    );
}

#[test]
fn an_end_for_fuel_is_one_where_the_fuel_was_used_up() {
    let setting = setting(CROSSING);
    let limits = &setting.policy.episode;
    // Nothing was done in the world.
    let ended = |end, closing, fuel| {
        move |told: &mut EpisodeReport| {
            (told.body.end, told.body.closing, told.body.fuel, told.actions) = (end, closing, fuel, Bytes::default());
            if closing == Closing::Outlived {
                // Nothing told it of the end.
                told.body.notices.add(Class::OutliveEpisode);
            }
        }
    };
    let all = limits.fuel + limits.grace_fuel;
    assert!(believed(ended(End::Fuel, Closing::Returned, limits.fuel)).is_ok());
    assert_eq!(doubt(ended(End::Fuel, Closing::Returned, limits.fuel - 1)), Rejection::Contradiction);
    // Who is stopped has used up the grace as well.
    assert!(believed(ended(End::Fuel, Closing::Outlived, all)).is_ok());
    assert_eq!(doubt(ended(End::Fuel, Closing::Outlived, all - 1)), Rejection::Contradiction);
    // An agent that returns without a call may have gone on into the grace: fuel is looked at where it calls.
    assert!(believed(ended(End::Returned, Closing::Returned, all)).is_ok());
    let exhausted = |fuel| {
        move |told: &mut EpisodeReport| {
            let learned = told.body.learned.as_mut().unwrap();
            (learned.outcome, learned.bytes, learned.fuel) = (Lesson::Exhausted, 0, fuel);
            told.next = None;
        }
    };
    assert!(believed(exhausted(2_000_000)).is_ok());
    assert_eq!(doubt(exhausted(1_999_999)), Rejection::Contradiction);
}
