//! Tests of signed ledgers: every change of any file is found with the key, and named as what it is.

use super::*;
use crate::ledger::signed::{CHECKPOINT_NOTE, HOST_NOTE};

/// All files of a signed run that is over.
const FILES: [&str; 7] = [MANIFEST, TRANSCRIPTS, LEAVES, CHECKPOINTS, CHECKPOINT_NOTE, HOST, HOST_NOTE];

pub(super) fn key(byte: u8) -> SigningKey {
    SigningKey::from_seed("example.com/release", [byte; 32]).unwrap()
}

fn signed_in(sample: &Sample, episodes: u64, key: &SigningKey) -> Head {
    let manifest = asking_for(episodes);
    let mut writer = Writer::create_signed(&sample.folder, &manifest, key.clone()).unwrap();
    all_sealed(&manifest).for_each(|sealed| writer.append(&sealed).unwrap());
    let head = writer.close(Reason::Completed).unwrap();
    write_host(&sample.folder, &json!({ "jobs": 2, "left": { "a": "b" }, "seconds": 1.5 })).unwrap();
    sign_host(&sample.folder, key, manifest.digest(), head).unwrap();
    head
}

fn signed(episodes: u64) -> Sample {
    let sample = Sample::empty();
    signed_in(&sample, episodes, &key(7));
    sample
}

/// Verifies with the key that signed.
fn checked(sample: &Sample) -> Verified {
    with(sample, None)
}

fn with(sample: &Sample, root: Option<KnownRoot>) -> Verified {
    verify_by(&sample.folder, &Trust { key: Some(key(7).verifying()), root }).unwrap()
}

fn findings(verified: &Verified) -> Vec<Finding> {
    match &verified.verification {
        Verification::Whole { .. } => Vec::new(),
        Verification::Flawed { findings, omitted } => {
            assert_eq!(*omitted, 0);
            findings.clone()
        }
    }
}

fn kinds(verified: &Verified) -> BTreeSet<FindingKind> {
    findings(verified).iter().map(Finding::kind).collect()
}

/// Asserts that a change of `file` is found, that all findings are of these kinds, and that they accuse no other file.
#[track_caller]
fn assert_named(verified: &Verified, file: &str, admitted: &[FindingKind], change: &str) {
    let findings = findings(verified);
    assert!(!findings.is_empty(), "{change} of `{file}` is not found");
    for finding in &findings {
        let is_named = finding.to_string().starts_with(&format!("`{file}`"));
        assert!(is_named && admitted.contains(&finding.kind()), "{change} of `{file}`: {findings:#?}");
    }
}

/// Runs `work` for each of `0..count`, on all processors, each with a signed run of its own.
fn everywhere(episodes: u64, count: usize, work: impl Fn(&Sample, usize) + Sync) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let work = &work;
            scope.spawn(move || {
                let sample = signed(episodes);
                (thread..count).step_by(threads).for_each(|index| work(&sample, index));
            });
        }
    });
}

#[test]
fn a_signed_run_is_whole_and_its_record_is_that_of_an_unsigned_one() {
    let (sample, unsigned) = (signed(3), Sample::of(3));
    let verified = checked(&sample);
    assert!(
        matches!(verified.verification, Verification::Whole { head: Head { episodes: 3, .. }, .. }),
        "{verified:?}"
    );
    assert_eq!(verified.by, SignedBy::Checked("example.com/release".to_owned()));
    for name in [MANIFEST, TRANSCRIPTS, LEAVES, CHECKPOINTS] {
        assert_eq!(sample.bytes(name), unsigned.bytes(name), "{name}");
    }
    let again = signed(3);
    for name in FILES {
        assert_eq!(sample.bytes(name), again.bytes(name), "{name}");
    }
    assert!(!fs::exists(sample.folder.join("checkpoint.note.new")).unwrap());
    let unchecked = verify_by(&sample.folder, &Trust::default()).unwrap();
    assert_eq!(unchecked.by, SignedBy::Unchecked(vec!["example.com/release".to_owned()]));
    assert!(sample.is_whole());
    assert_eq!(verify_by(&unsigned.folder, &Trust::default()).unwrap().by, SignedBy::Nobody);
}

#[test]
fn every_bit_of_every_file_counts_and_no_other_file_is_accused() {
    change_each_bit(3);
}

/// Takes ten minutes: for every night, not for every commit.
#[test]
#[ignore = "`just nightly`"]
fn every_bit_of_a_longer_run_counts() {
    change_each_bit(40);
}

/// Changes each bit of each file of a signed run.
fn change_each_bit(episodes: u64) {
    let sample = signed(episodes);
    for file in FILES {
        let before = sample.bytes(file);
        everywhere(episodes, before.len() * 8, |sample, bit| {
            let mut bytes = before.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            sample.change(file, |all| all.clone_from(&bytes));
            let admitted: &[_] = match file {
                // Without its newline, a line is none: what it says is missing.
                TRANSCRIPTS | CHECKPOINTS if before[bit / 8] == b'\n' => {
                    &[FindingKind::Edited, FindingKind::Missing, FindingKind::Truncated]
                }
                CHECKPOINT_NOTE | HOST_NOTE => &[FindingKind::Edited, FindingKind::SignedByOther],
                _ => &[FindingKind::Edited],
            };
            let verified = checked(sample);
            assert_named(&verified, file, admitted, &format!("bit {bit}"));
            let is_edited = kinds(&verified).contains(&FindingKind::Edited);
            assert!(is_edited || [CHECKPOINT_NOTE, HOST_NOTE].contains(&file), "bit {bit} of `{file}`: {verified:?}");
            if file == TRANSCRIPTS {
                let line = u64::try_from(before[..bit / 8].split(|byte| *byte == b'\n').count()).unwrap();
                let is_at =
                    |finding: &Finding| matches!(finding, Finding::Lines { lines, .. } if lines.contains(&line));
                assert!(findings(&verified).iter().any(is_at), "bit {bit} in line {line}: {verified:?}");
            }
            sample.change(file, |all| all.clone_from(&before));
        });
    }
}

#[test]
fn every_cut_of_every_file_is_called_truncated() {
    let sample = signed(3);
    for file in FILES {
        let before = sample.bytes(file);
        everywhere(3, before.len(), |sample, end| {
            sample.change(file, |bytes| bytes.truncate(end));
            assert_named(&checked(sample), file, &[FindingKind::Truncated], &format!("a cut to {end} bytes"));
            sample.change(file, |all| all.clone_from(&before));
        });
    }
}

#[test]
fn every_missing_file_is_named() {
    for file in FILES {
        let sample = signed(3);
        fs::remove_file(sample.folder.join(file)).unwrap();
        let kind = if file == CHECKPOINT_NOTE { FindingKind::Unsigned } else { FindingKind::Missing };
        assert_named(&checked(&sample), file, &[kind], "a removal");
        // Without the key, nobody misses the signatures where both are gone.
        if file == CHECKPOINT_NOTE {
            let has = |sample: &Sample| findings(&verify_by(&sample.folder, &Trust::default()).unwrap());
            assert_eq!(has(&sample), [Finding::File { name: CHECKPOINT_NOTE }]);
            fs::remove_file(sample.folder.join(HOST_NOTE)).unwrap();
            assert_eq!(has(&sample), []);
            assert_eq!(kinds(&checked(&sample)), BTreeSet::from([FindingKind::Unsigned]));
        }
    }
}

/// Changes lines of each file: removes, repeats and swaps them.
#[test]
fn every_line_that_is_removed_repeated_or_swapped_is_called_so() {
    use FindingKind::{Duplicated, Edited, Missing, Reordered, SignedByOther, Truncated};
    let sample = signed(3);
    for file in [MANIFEST, TRANSCRIPTS, CHECKPOINTS, CHECKPOINT_NOTE, HOST, HOST_NOTE] {
        let is_list = [TRANSCRIPTS, CHECKPOINTS].contains(&file);
        let before = sample.bytes(file);
        let lines: Vec<String> = String::from_utf8(before.clone()).unwrap().lines().map(str::to_owned).collect();
        let within = |admitted: &'static [FindingKind]| {
            if is_list { admitted } else { &[Edited, Truncated, SignedByOther][..] }
        };
        let check = |changed: Vec<String>, expected: FindingKind, admitted: &'static [FindingKind], change: &str| {
            if changed == lines {
                return;
            }
            sample.change_lines(file, |all| *all = changed);
            let verified = checked(&sample);
            assert_named(&verified, file, within(admitted), change);
            assert!(!is_list || kinds(&verified).contains(&expected), "{change} of `{file}`: {verified:#?}");
            sample.change(file, |all| all.clone_from(&before));
        };
        for one in 0..lines.len() {
            let mut fewer = lines.clone();
            fewer.remove(one);
            let kind = if one + 1 == lines.len() { Truncated } else { Missing };
            check(fewer, kind, if kind == Missing { &[Missing] } else { &[Truncated] }, &format!("line {one} removed"));
            for other in 0..=lines.len() {
                let mut more = lines.clone();
                more.insert(other, lines[one].clone());
                // A close before others moves them.
                let admitted: &[_] = if file == CHECKPOINTS { &[Duplicated, Reordered] } else { &[Duplicated] };
                check(more, Duplicated, admitted, &format!("line {one} repeated at {other}"));
            }
            for other in 0..one {
                let mut swapped = lines.clone();
                swapped.swap(one, other);
                check(swapped, Reordered, &[Reordered], &format!("lines {other} and {one} swapped"));
            }
        }
    }
}

#[test]
fn whoever_signs_all_anew_is_named_as_someone_else() {
    let sample = Sample::empty();
    signed_in(&sample, 3, &key(8));
    let verified = checked(&sample);
    assert_eq!((kinds(&verified), verified.by), (BTreeSet::from([FindingKind::SignedByOther]), SignedBy::Refused));
    let other = SigningKey::from_seed("example.com/other", [7; 32]).unwrap();
    let sample = Sample::empty();
    signed_in(&sample, 3, &other);
    let said: Vec<_> = findings(&checked(&sample)).iter().map(Finding::to_string).collect();
    assert!(said[0].contains("signed by `example.com/other`, and the key that was given is `example.com/release`"));
}

#[test]
fn a_note_of_another_run_state_or_kind_is_not_taken() {
    let (sample, other) = (signed(3), signed(4));
    let copy = |name: &str, to: &str| fs::copy(other.folder.join(name), sample.folder.join(to)).unwrap();
    let before = FILES.map(|name| sample.bytes(name));
    let restore = || {
        for (name, bytes) in FILES.iter().zip(&before) {
            sample.change(name, |all| all.clone_from(bytes));
        }
    };
    let said = || findings(&checked(&sample)).iter().map(|one| one.kind().name()).collect::<Vec<_>>();
    // The checkpoint of a run with one more episode.
    copy(CHECKPOINT_NOTE, CHECKPOINT_NOTE);
    assert_eq!(said(), ["truncated", "edited"]);
    copy(HOST_NOTE, HOST_NOTE);
    assert_eq!(said(), ["truncated"]);
    restore();
    copy(HOST_NOTE, HOST_NOTE);
    assert_eq!(findings(&checked(&sample)), [Finding::Signed(SignedFinding::HostElsewhere)]);
    restore();
    // Either note in the place of the other.
    for (one, other) in [(CHECKPOINT_NOTE, HOST_NOTE), (HOST_NOTE, CHECKPOINT_NOTE)] {
        fs::copy(sample.folder.join(one), sample.folder.join(other)).unwrap();
        assert_eq!(findings(&checked(&sample))[0], Finding::Signed(SignedFinding::Form { file: other }));
        restore();
    }
    // The same root, signed for another run.
    let Verification::Whole { head, .. } = sample.verify() else { panic!("{:?}", sample.verify()) };
    let note = key(7).checkpoint(Digest::of(b"another"), head);
    sample.change(CHECKPOINT_NOTE, |bytes| *bytes = note.into_bytes());
    assert!(findings(&checked(&sample)).contains(&Finding::Signed(SignedFinding::Origin)));
    restore();
    assert_eq!(said(), [""; 0]);
}

#[test]
fn what_follows_the_signed_part_is_signed_by_nobody() {
    let (early, sample) = (Sample::empty(), Sample::of(3));
    let manifest = asking_for(3);
    let mut writer = Writer::create_signed(&early.folder, &manifest, key(7)).unwrap();
    writer.append(&all_sealed(&manifest).next().unwrap()).unwrap();
    drop(writer);
    // Killed after its first episode, the run is signed so far.
    let verified = checked(&early);
    assert_eq!((kinds(&verified), verified.head.unwrap().size), (BTreeSet::from([FindingKind::NotClosed]), 2));
    // And somebody else goes on with it.
    fs::copy(early.folder.join(CHECKPOINT_NOTE), sample.folder.join(CHECKPOINT_NOTE)).unwrap();
    assert_eq!(findings(&checked(&sample)), [Finding::Signed(SignedFinding::Part { episodes: 1 })]);
}

#[test]
fn a_run_that_was_made_shorter_by_all_its_files_is_called_truncated() {
    let (early, sample) = (Sample::empty(), signed(3));
    let manifest = asking_for(3);
    let mut writer = Writer::create(&early.folder, &manifest).unwrap();
    all_sealed(&manifest).take(2).for_each(|sealed| writer.append(&sealed).unwrap());
    drop(writer);
    for name in [TRANSCRIPTS, LEAVES, CHECKPOINTS] {
        sample.change(name, |bytes| *bytes = early.bytes(name));
    }
    let beyond = Finding::Signed(SignedFinding::Beyond { size: 5, here: 3 });
    assert_eq!(findings(&checked(&sample)), [beyond]);
}

#[test]
fn a_root_that_was_kept_is_told_from_an_earlier_and_a_later_one() {
    let (early, sample) = (Sample::empty(), signed(3));
    let manifest = asking_for(3);
    let mut writer = Writer::create_signed(&early.folder, &manifest, key(7)).unwrap();
    all_sealed(&manifest).take(1).for_each(|sealed| writer.append(&sealed).unwrap());
    drop(writer);
    let kept = |sample: &Sample| SignedHead::of_note(&sample.bytes(CHECKPOINT_NOTE)).unwrap();
    let (first, last) = (kept(&early), kept(&sample));
    let of = |sample: &Sample, root: &KnownRoot| {
        let kinds = kinds(&with(sample, Some(root.clone())));
        kinds.into_iter().map(FindingKind::name).collect::<Vec<_>>()
    };
    for (first, last) in [
        (KnownRoot::Root(first.root), KnownRoot::Root(last.root)),
        (KnownRoot::Head(first.clone()), KnownRoot::Head(last.clone())),
    ] {
        assert_eq!(of(&sample, &last), [""; 0]);
        assert_eq!(of(&sample, &first), ["newer than the root"]);
        assert_eq!(of(&early, &first), ["not closed"]);
        assert_eq!(of(&early, &last), ["not closed", "older than the root"]);
    }
    for other in [
        KnownRoot::Root(Digest::of(b"other")),
        KnownRoot::Head(SignedHead { root: Digest::of(b"other"), ..first }),
        KnownRoot::Head(SignedHead { root: Digest::of(b"other"), ..last }),
    ] {
        assert_eq!(of(&sample, &other), ["edited"], "{other:?}");
    }
}

#[test]
fn every_episode_and_the_close_of_a_signed_run_are_proved_and_nothing_else_is() {
    let sample = signed(6);
    let (key, other) = (key(7), key(8));
    let mut leaves = vec![ProvedLeaf::Manifest, ProvedLeaf::Close];
    leaves.extend((0..6).map(ProvedLeaf::Episode));
    let proofs: Vec<_> = leaves.iter().map(|leaf| prove(&sample.folder, *leaf).unwrap()).collect();
    for (leaf, (proof, bytes)) in leaves.iter().zip(&proofs) {
        let again = Proof::parse(proof.to_string().as_bytes()).unwrap();
        assert_eq!(&again, proof);
        assert_eq!(again.check(bytes, key.verifying()).unwrap().leaf, *leaf);
        assert!(matches!(again.check(bytes, other.verifying()), Err(ProofFlaw::ByOther(_))));
        for (_, others) in proofs.iter().filter(|(_, others)| others != bytes) {
            assert_eq!(again.check(others, key.verifying()), Err(ProofFlaw::Path));
        }
        let text = proof.to_string();
        for bit in (0..text.len() * 8).step_by(3) {
            let mut changed = text.clone().into_bytes();
            changed[bit / 8] ^= 1 << (bit % 8);
            let read = Proof::parse(&changed).and_then(|proof| proof.check(bytes, key.verifying()).ok());
            assert_eq!(read, None, "bit {bit} of the proof of {leaf:?}");
        }
    }
    assert!(matches!(prove(&sample.folder, ProvedLeaf::Episode(6)), Err(ProofError::NoEpisode { episodes: 6, .. })));
    assert!(matches!(prove(&Sample::of(3).folder, ProvedLeaf::Close), Err(ProofError::Unsigned)));
    sample.change_lines(TRANSCRIPTS, |lines| lines[2] = lines[3].clone());
    assert!(matches!(prove(&sample.folder, ProvedLeaf::Episode(2)), Err(ProofError::Differs)));
    sample.change_leaves(|leaves| leaves[1][0] ^= 1);
    assert!(matches!(prove(&sample.folder, ProvedLeaf::Episode(3)), Err(ProofError::Differs)));
}

#[test]
fn a_finding_about_a_signature_says_what_and_what_to_do() {
    let name = || "release".to_owned();
    let cases = [
        (
            SignedFinding::Unsigned { name: name() },
            "unsigned: `checkpoint.note` is not there: nothing shows that `release` signed this run",
        ),
        (
            SignedFinding::ByOther { file: CHECKPOINT_NOTE, name: name(), names: vec!["a\u{9b}".to_owned()] },
            "signed by someone else: `checkpoint.note`: signed by `a\\u{9b}`, and the key that was given is `release`: not by it",
        ),
        (
            SignedFinding::ByOther { file: CHECKPOINT_NOTE, name: name(), names: vec![name()] },
            "signed by someone else: `checkpoint.note`: signed by `release`, and the key that was given is `release`: another \
             key of that name",
        ),
        (
            SignedFinding::Spoilt { file: HOST_NOTE, name: name() },
            "edited: `host.note`: the signature of `release` is not of this text",
        ),
        (
            SignedFinding::Part { episodes: 1 },
            "unsigned: `checkpoint.note` vouches for the first 1 episode alone, and nobody signed what follows",
        ),
        (SignedFinding::Beyond { size: 5, here: 3 }, "truncated: 5 leaves were signed, and 3 are here"),
        (
            SignedFinding::CloseGone { reason: Reason::Completed },
            "truncated: `checkpoints.jsonl` ends before the close, which was signed as completed",
        ),
        (
            SignedFinding::Newer { episodes: 2 },
            "newer than the root: the root that was given is that of the first 2 episodes, and the record goes on from there",
        ),
        (
            SignedFinding::Older { here: 2, size: Some(9) },
            "older than the root: the root that was given is that of 9 leaves, and here are 2 episodes",
        ),
    ];
    for (finding, words) in cases {
        let finding = Finding::Signed(finding);
        assert_eq!(format!("{}: {finding}", finding.kind().name()), words);
        assert!(finding.help().contains(' ') && !finding.help().ends_with('.'), "{words}");
    }
}
