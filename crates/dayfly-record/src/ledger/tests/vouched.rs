//! When it is vouched for what was recorded.

use super::*;

#[test]
fn checkpoints_come_early_and_then_every_4096_leaves() {
    let sample = Sample::of(10_000);
    assert!(sample.is_whole());
    let checkpoints = String::from_utf8(sample.bytes(CHECKPOINTS)).unwrap();
    let size = |line: &str| line.split([':', ',']).nth(1).unwrap().parse::<u64>().unwrap();
    let sizes: Vec<u64> = checkpoints.lines().map(size).collect();
    assert_eq!(sizes, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 10_002]);
    // As earlier versions wrote it.
    sample.change_lines(CHECKPOINTS, |lines| drop(lines.drain(..12)));
    assert!(sample.is_whole());
}

#[test]
fn what_is_vouched_for_between_checkpoints_lies_outside_the_seal_until_the_close() {
    let sample = Sample::empty();
    let mut writer = writer(&sample.folder);
    sample.has([not_closed(8)]);
    writer.vouch_between().unwrap();
    sample.has([not_closed(11)]);
    let vouched = sample.folder.join(VOUCHED);
    #[expect(clippy::disallowed_methods, reason = "a file of a ledger")]
    let before = fs::read(&vouched).unwrap();
    let change = |from: &str, to: &str| {
        let text = String::from_utf8(before.clone()).unwrap().replace(from, to);
        #[expect(clippy::disallowed_methods, reason = "a file of a ledger")]
        fs::write(&vouched, text).unwrap();
    };
    // Nothing else is accused for it.
    let size = |size| format!("\"size\":{size}");
    for (from, to) in [
        (size(11), size(10)),
        (size(11), size(12)),
        (size(11), size(99)),
        ("null".into(), "\"completed\"".into()),
        ("{".into(), "?".into()),
        ("\n".into(), String::new()),
    ] {
        change(&from, &to);
        let Verification::Flawed { findings, .. } = sample.verify() else { panic!("{to}") };
        assert_eq!(findings, [Finding::Vouched, not_closed(8)], "{to}");
    }
    // The root of no number of leaves.
    let root = String::from_utf8(before.clone()).unwrap();
    let last = root.split('"').nth(5).unwrap().to_owned();
    let other = Digest::of(last.as_bytes()).to_string();
    change(&last, &other);
    let Verification::Flawed { findings, .. } = sample.verify() else { panic!("{other}") };
    assert_eq!(findings.first(), Some(&Finding::Vouched), "{findings:?}");
    change("11", "11");
    sample.change_lines(TRANSCRIPTS, |lines| lines.truncate(9));
    sample.has([Finding::Tail { episodes: 9..10 }, not_closed(11)]);
    sample.change_lines(TRANSCRIPTS, |lines| lines.push(String::from_utf8(transcript(9)).unwrap()));
    writer.close(Reason::Completed).unwrap();
    assert!(sample.is_whole() && !vouched.exists());
    change("11", "99");
    assert!(sample.is_whole(), "what is left of it does not matter after the close");
}
