//! Tests of `vouched.json`: the times at which it is written, and its verification.

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
    let ahead = |size| Finding::VouchedAhead { size };
    // The root of no number of leaves.
    let root = String::from_utf8(before.clone()).unwrap();
    let last = root.split('"').nth(5).unwrap().to_owned();
    for (from, to, finding) in [
        (size(11), size(0), Finding::Vouched),
        (size(11), size(3), Finding::Vouched),
        (size(11), size(8), Finding::Vouched),
        (size(11), size(10), Finding::Vouched),
        (size(11), size(12), ahead(12)),
        (size(11), size(99), ahead(99)),
        (size(11), size(u64::MAX), ahead(u64::MAX)),
        (size(11), "\"size\":18446744073709551616".into(), Finding::Vouched),
        ("null".into(), "\"completed\"".into(), Finding::Vouched),
        ("{".into(), "?".into(), Finding::Vouched),
        ("\n".into(), String::new(), Finding::Vouched),
        ("\n".into(), "\n\n".into(), Finding::Vouched),
        ("\n".into(), " ".repeat(1 << 20), Finding::Vouched),
        (last.clone(), Digest::of(last.as_bytes()).to_string(), Finding::Vouched),
    ] {
        change(&from, &to);
        let Verification::Flawed { findings, .. } = sample.verify() else { panic!("{to}") };
        assert_eq!(findings, [finding, not_closed(8)], "{to:.99}");
    }
    change("11", "11");
    sample.change_lines(TRANSCRIPTS, |lines| lines.truncate(9));
    sample.has([Finding::Tail { episodes: 9..10 }, not_closed(11)]);
    sample.change_lines(TRANSCRIPTS, |lines| lines.push(String::from_utf8(transcript(9)).unwrap()));
    writer.close(Reason::Completed).unwrap();
    assert!(sample.is_whole() && !vouched.exists());
    // Who was killed between the close and this leaves it as it was.
    change("11", "11");
    assert!(sample.is_whole());
    change("11", "99");
    sample.has([ahead(99)]);
}

/// A run that was stopped, and one that was closed, with what was vouched for beside the checkpoints: after the last of them, and before.
fn beside() -> Vec<(Sample, PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for (episodes, is_closed) in [(EPISODES, false), (2, false), (2, true)] {
        let sample = Sample::empty();
        let mut writer = Writer::create(&sample.folder, &manifest()).unwrap();
        let mut between = Vec::new();
        for episode in 0..EPISODES {
            writer.append(&sealed(episode)).unwrap();
            if episode + 1 == episodes {
                writer.vouch_between().unwrap();
                between = sample.bytes(VOUCHED);
            }
        }
        if is_closed {
            writer.close(Reason::Completed).unwrap();
        }
        let path = sample.folder.join(VOUCHED);
        all.push((sample, path, between));
    }
    all
}

/// There is no change of it that is harmless.
#[test]
fn every_change_and_every_cut_of_what_is_vouched_for_between_checkpoints_is_named_and_nothing_else_is_accused() {
    for (number, (sample, path, before)) in beside().into_iter().enumerate() {
        let is_named = |bytes: &[u8], what: &str| {
            put(&path, bytes);
            let Verification::Flawed { findings, .. } = sample.verify() else { panic!("{what}") };
            let named = |one: &Finding| matches!(one, Finding::Vouched | Finding::VouchedAhead { .. });
            let is_other = |one: &Finding| !named(one) && one.kind() != FindingKind::NotClosed;
            assert!(findings.iter().any(named) && !findings.iter().any(is_other), "{what}: {findings:?}");
        };
        for at in 0..before.len() {
            is_named(&before[..at], &format!("{at} bytes"));
            for byte in 0..=u8::MAX {
                let mut changed = before.clone();
                changed[at] = byte;
                // What is no checkpoint at all is all alike: one of them at each place, with another bit, is looked at as a whole. So is each that
                // is one, of the first run.
                let is_one = number == 0 && changed.strip_suffix(b"\n").and_then(checkpoint::read).is_some();
                if byte != before[at] && (is_one || byte == before[at] ^ (1 << (at % 8))) {
                    is_named(&changed, &format!("byte {at} is {byte}"));
                }
            }
        }
        is_named(&[&before[..], b" "].concat(), "one byte more");
        put(&path, &before);
        let is_closed = sample.bytes(CHECKPOINTS).ends_with(b"\"completed\"}\n");
        assert_eq!(sample.is_whole(), is_closed);
        assert!(is_closed || matches!(sample.verify(), Verification::Flawed { findings, .. } if findings.len() == 1));
    }
}

/// It is not waited for what is no file, and it is not passed over.
#[cfg(unix)]
#[test]
fn what_is_vouched_for_between_checkpoints_is_a_regular_file() {
    let (sample, path, before) = beside().swap_remove(0);
    let elsewhere = sample.folder.join("elsewhere");
    put(&elsewhere, &before);
    for (to, is_named) in [("elsewhere", false), ("nowhere", true), ("/dev/zero", true), (".", true)] {
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(to, &path).unwrap();
        let named = is_named.then_some(Finding::Vouched);
        sample.has(named.into_iter().chain([not_closed(if is_named { 8 } else { 11 })]));
    }
    fs::remove_file(&path).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    sample.has([Finding::Vouched, not_closed(8)]);
}

#[expect(clippy::disallowed_methods, reason = "a file of a ledger")]
fn put(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
}
