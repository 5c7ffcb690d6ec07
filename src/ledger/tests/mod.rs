//! What is done to a ledger, and what verifying it then finds.

mod edited;
mod lost;
mod writing;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::value::{Digest, Seed, Stream};

const EPISODES: u64 = 10;

fn manifest() -> Manifest {
    asking_for(EPISODES)
}

fn asking_for(episodes: u64) -> Manifest {
    Manifest::new(&json!({ "agent": "honest", "episodes": episodes, "seed": 7 })).unwrap()
}

fn transcript(episode: u64) -> Vec<u8> {
    json!({ "episode": episode, "end": "terminated", "seed": 70 + episode }).to_string().into_bytes()
}

/// The index of an episode's line.
fn at(episode: u64) -> usize {
    usize::try_from(episode).unwrap()
}

fn sealed(episode: u64) -> Sealed {
    Sealed::new(transcript(episode)).unwrap()
}

/// A closed ledger of ten episodes, with checkpoints after 4 and after 8, and at the close.
struct Sample {
    _above: TempDir,
    folder: PathBuf,
}

fn writer(folder: &Path) -> Writer {
    let mut writer = Writer::create(folder, &manifest()).unwrap();
    for episode in 0..EPISODES {
        writer.append(&sealed(episode)).unwrap();
        if episode % 4 == 3 {
            writer.checkpoint().unwrap();
        }
    }
    writer
}

impl Sample {
    fn empty() -> Self {
        let above = TempDir::new().unwrap();
        Self { folder: above.path().join("runs").join("one"), _above: above }
    }

    fn closed() -> Self {
        let sample = Self::empty();
        writer(&sample.folder).close(Reason::Completed).unwrap();
        sample
    }

    fn interrupted() -> Self {
        let sample = Self::empty();
        drop(writer(&sample.folder));
        sample
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        #[expect(clippy::disallowed_methods, reason = "the files of a ledger")]
        fs::read(self.folder.join(name)).unwrap()
    }

    /// Change the bytes of a file.
    fn change(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) -> &Self {
        let mut bytes = self.bytes(name);
        change(&mut bytes);
        // In place: much faster than to begin with an empty file.
        let mut file = fs::File::options().write(true).open(self.folder.join(name)).unwrap();
        file.write_all(&bytes).unwrap();
        file.set_len(bytes.len().try_into().unwrap()).unwrap();
        self
    }

    /// Change the lines of a file.
    fn change_lines(&self, name: &str, change: impl FnOnce(&mut Vec<String>)) -> &Self {
        self.change(name, |bytes| {
            let mut lines = String::from_utf8(bytes.clone()).unwrap().lines().map(str::to_owned).collect();
            change(&mut lines);
            *bytes = lines.into_iter().flat_map(|line| [line, "\n".to_owned()]).collect::<String>().into_bytes();
        })
    }

    /// Change the hashes.
    fn change_leaves(&self, change: impl FnOnce(&mut Vec<Vec<u8>>)) -> &Self {
        self.change(LEAVES, |bytes| {
            let mut leaves = bytes.chunks(32).map(<[u8]>::to_vec).collect();
            change(&mut leaves);
            *bytes = leaves.concat();
        })
    }

    fn verify(&self) -> Verification {
        verify(&self.folder, None).unwrap()
    }

    fn is_whole(&self) -> bool {
        matches!(verify(&self.folder, None), Ok(Verification::Whole { .. }))
    }

    #[track_caller]
    fn has(&self, expected: impl IntoIterator<Item = Finding>) {
        let expected = Verification::Flawed { findings: expected.into_iter().collect(), omitted: 0 };
        assert_eq!(self.verify(), expected);
    }
}

fn edited(line: u64, episode: u64) -> Finding {
    Finding::Lines { lines: line..line + 1, episodes: episode..episode + 1 }
}

fn added(lines: Range<u64>) -> Finding {
    Finding::Lines { lines, episodes: EPISODES..EPISODES }
}

fn missing(episodes: Range<u64>) -> Finding {
    Finding::Episodes { episodes }
}

fn tree(leaves: u64) -> tree::Tree {
    let mut tree = tree::Tree::default();
    tree.push(manifest().leaf());
    (0..leaves - 1).for_each(|episode| tree.push(sealed(episode).leaf()));
    tree
}

fn root(leaves: u64) -> Digest {
    tree(leaves).root()
}

/// The root of the sample, closed for this.
fn closed(reason: Reason) -> Digest {
    reason.close(&tree(11))
}

fn not_closed(leaves: u64) -> Finding {
    Finding::NotClosed { vouched: Some(Head { episodes: leaves - 1, size: leaves, root: root(leaves) }) }
}

#[test]
fn a_closed_run_is_whole() {
    for reason in [Reason::Completed, Reason::Cancelled, Reason::Quarantined] {
        let sample = Sample::empty();
        let head = writer(&sample.folder).close(reason).unwrap();
        assert_eq!(head, Head { episodes: 10, size: 12, root: closed(reason) });
        assert_eq!(sample.verify(), Verification::Whole { head, closed: reason });
        let end = format!("\"closed\":\"{}\"}}\n", reason.name());
        assert!(sample.bytes(CHECKPOINTS).ends_with(end.as_bytes()), "{end}");
    }
}

#[test]
fn a_run_without_an_episode_is_whole() {
    let sample = Sample::empty();
    let head = Writer::create(&sample.folder, &manifest()).unwrap().close(Reason::Cancelled).unwrap();
    assert_eq!(head.episodes, 0);
    assert_eq!(sample.verify(), Verification::Whole { head, closed: Reason::Cancelled });
}

#[test]
fn a_long_run_has_a_checkpoint_every_4096_leaves() {
    let sample = Sample::empty();
    let mut writer = Writer::create(&sample.folder, &asking_for(10_000)).unwrap();
    (0..10_000).for_each(|episode| writer.append(&sealed(episode)).unwrap());
    writer.close(Reason::Completed).unwrap();
    assert!(sample.is_whole());
    let checkpoints = String::from_utf8(sample.bytes(CHECKPOINTS)).unwrap();
    let sizes: Vec<&str> = checkpoints.lines().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(sizes, [r#"{"size":4096"#, r#"{"size":8192"#, r#"{"size":10002"#]);
}

#[test]
fn what_is_outside_the_seal_does_not_matter() {
    let sample = Sample::empty();
    let writer = writer(&sample.folder);
    writer.write_host(&json!({ "threads": 2 })).unwrap();
    writer.write_host(&json!({ "threads": 2, "seconds": 1.5 })).unwrap();
    writer.close(Reason::Completed).unwrap();
    assert_eq!(sample.bytes(HOST), b"{\n  \"seconds\": 1.5,\n  \"threads\": 2\n}\n");
    assert!(sample.change(HOST, Vec::clear).is_whole());
    fs::remove_file(sample.folder.join(HOST)).unwrap();
    assert!(sample.is_whole());
}

#[test]
fn a_checkpoint_and_the_close_have_no_field_that_nothing_vouches_for() {
    for (line, end) in [(0, "null"), (2, "\"completed\"")] {
        let sample = Sample::closed();
        let more = format!(r#"{end},"signature":"abcd"}}"#);
        sample.change_lines(CHECKPOINTS, |lines| lines[line] = lines[line].replace(&format!("{end}}}"), &more));
        assert!(!sample.is_whole(), "line {line}");
    }
}

/// A pipe that nobody writes to, and what never ends, are not waited for.
#[cfg(unix)]
#[test]
fn only_regular_files_are_read_and_links_to_them() {
    for name in [MANIFEST, TRANSCRIPTS, LEAVES, CHECKPOINTS] {
        let sample = Sample::closed();
        let path = sample.folder.join(name);
        let elsewhere = sample.folder.join("elsewhere");
        fs::rename(&path, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        assert!(sample.is_whole());
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        assert!(matches!(verify(&sample.folder, None), Err(Error::Read { .. })), "{name}");
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(matches!(verify(&sample.folder, None), Err(Error::Read { .. })), "{name}");
        fs::remove_dir(&path).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        assert!(matches!(verify(&sample.folder, None), Err(Error::Read { .. })), "{name}");
    }
}

#[test]
fn the_format_is_this_one() {
    let sample = Sample::empty();
    let mut writer =
        Writer::create(&sample.folder, &Manifest::new(&json!({ "episodes": 2, "seed": 7 })).unwrap()).unwrap();
    for line in ["{\"episode\":0}", "{\"episode\":1,\"end\":\"steps\"}"] {
        writer.append(&Sealed::new(line.into()).unwrap()).unwrap();
    }
    writer.close(Reason::Completed).unwrap();
    assert_eq!(sample.bytes(MANIFEST), b"{\n  \"ledger\": 1,\n  \"episodes\": 2,\n  \"seed\": 7\n}\n");
    assert_eq!(sample.bytes(TRANSCRIPTS), b"{\"episode\":0}\n{\"episode\":1,\"end\":\"steps\"}\n");
    assert_eq!(sample.bytes(LEAVES).len(), 96);
    assert_eq!(
        String::from_utf8(sample.bytes(CHECKPOINTS)).unwrap(),
        concat!(
            r#"{"size":4,"root":"484ae0e0c7c0b1a98819bd63b6db401581419459930f9834ef98ec5758ed90ad","closed":"completed"}"#,
            "\n"
        )
    );
}

#[test]
fn a_run_without_its_close_is_not_closed() {
    let sample = Sample::closed();
    sample.change_lines(CHECKPOINTS, |lines| drop(lines.pop())).has([not_closed(9)]);
    sample.change_lines(CHECKPOINTS, |lines| drop(lines.pop())).has([not_closed(5)]);
    sample.change_lines(CHECKPOINTS, |lines| drop(lines.pop())).has([Finding::NotClosed { vouched: None }]);
}

#[test]
fn an_interrupted_run_is_not_closed() {
    Sample::interrupted().has([not_closed(9)]);
    let sample = Sample::empty();
    drop(Writer::create(&sample.folder, &manifest()).unwrap());
    let nothing = Finding::NotClosed { vouched: None };
    sample.has([nothing.clone()]);
    sample.change(LEAVES, Vec::clear).has([nothing.clone()]);
    sample.change(MANIFEST, Vec::clear).has([Finding::Manifest, nothing]);
}

#[test]
fn a_run_that_goes_on_is_not_closed() {
    let sample = Sample::empty();
    let mut writer = writer(&sample.folder);
    sample.has([not_closed(9)]);
    writer.checkpoint().unwrap();
    sample.has([not_closed(11)]);
    writer.close(Reason::Completed).unwrap();
    assert!(sample.is_whole());
}

#[test]
fn the_tail_of_an_interrupted_run_may_be_cut_anywhere() {
    let sample = Sample::interrupted();
    let vouched = 8 * (transcript(0).len() + 1);
    for length in (vouched..sample.bytes(TRANSCRIPTS).len()).rev() {
        sample.change(TRANSCRIPTS, |bytes| bytes.truncate(length)).has([not_closed(9)]);
    }
    let sample = Sample::interrupted();
    for length in (9 * 32..11 * 32).rev() {
        sample.change(LEAVES, |bytes| bytes.truncate(length)).has([not_closed(9)]);
    }
}

#[test]
fn what_a_checkpoint_of_an_interrupted_run_vouches_for_may_not_be_cut() {
    let sample = Sample::interrupted();
    sample.change_lines(TRANSCRIPTS, |lines| lines.truncate(7)).has([Finding::Tail { episodes: 7..8 }, not_closed(9)]);
    let sample = Sample::interrupted();
    sample.change_leaves(|leaves| leaves.truncate(8)).has([Finding::LeavesCut { leaves: 8..9 }, not_closed(9)]);
}

#[test]
fn the_tail_of_an_interrupted_run_may_not_be_edited() {
    let sample = Sample::interrupted();
    sample.change_lines(TRANSCRIPTS, |lines| lines[9] = "{}".to_owned()).has([edited(10, 9), not_closed(9)]);
    let sample = Sample::interrupted();
    sample.change_lines(TRANSCRIPTS, |lines| drop(lines.remove(8))).has([missing(8..9), not_closed(9)]);
}

#[test]
fn every_change_of_a_byte_is_found() {
    let sample = Sample::closed();
    for name in [MANIFEST, TRANSCRIPTS, LEAVES, CHECKPOINTS] {
        let whole = sample.bytes(name);
        for at in 0..whole.len() {
            for other in [whole[at] ^ 1, b' ', b'\n'] {
                if other != whole[at] {
                    sample.change(name, |bytes| bytes[at] = other);
                    assert!(!sample.is_whole(), "byte {at} of {name} is {other:?}");
                    sample.change(name, |bytes| bytes.clone_from(&whole));
                }
            }
            sample.change(name, |bytes| _ = bytes.remove(at));
            assert!(!sample.is_whole(), "byte {at} of {name} is not there");
            sample.change(name, |bytes| bytes.clone_from(&whole));
        }
    }
    assert!(sample.is_whole());
}

#[test]
fn every_cut_is_found() {
    for name in [MANIFEST, TRANSCRIPTS, LEAVES, CHECKPOINTS] {
        let sample = Sample::closed();
        for length in (0..sample.bytes(name).len()).rev() {
            sample.change(name, |bytes| bytes.truncate(length));
            let Verification::Flawed { findings, .. } = sample.verify() else { panic!("{length} bytes of {name}") };
            let kinds: Vec<Kind> = findings.iter().map(Finding::kind).collect();
            let expected = if name == MANIFEST { Kind::Edited } else { Kind::Truncated };
            assert!(kinds.contains(&expected) || kinds == [Kind::NotClosed], "{length} bytes of {name}: {findings:?}");
        }
    }
}

#[test]
fn findings_are_bounded() {
    let sample = Sample::empty();
    let mut writer = Writer::create(&sample.folder, &asking_for(1000)).unwrap();
    (0..1000).for_each(|episode| writer.append(&sealed(episode)).unwrap());
    writer.close(Reason::Completed).unwrap();
    let whole = sample.bytes(TRANSCRIPTS);
    let changes: [fn(&mut Vec<String>); 3] = [
        |lines| lines.iter_mut().step_by(2).for_each(String::clear),
        |lines| *lines = lines.iter().step_by(2).cloned().collect(),
        |lines| lines.reverse(),
    ];
    for change in changes {
        let Verification::Flawed { findings, omitted } = sample.change_lines(TRANSCRIPTS, change).verify() else {
            panic!("whole")
        };
        assert_eq!(findings.len(), finding::Findings::MOST);
        assert!(omitted > 400, "{omitted}");
        sample.change(TRANSCRIPTS, |bytes| bytes.clone_from(&whole));
    }
}

#[test]
fn a_ledger_of_another_format_is_not_judged() {
    let sample = Sample::closed();
    sample.change_lines(MANIFEST, |lines| lines[1] = lines[1].replace('1', "2"));
    assert!(matches!(verify(&sample.folder, None), Err(Error::Format { found: 2, .. })));
}

#[test]
fn a_finding_says_what_and_where_and_what_to_do() {
    let cases = [
        (Finding::Manifest, "edited: `manifest.json`: not what was sealed"),
        (edited(6, 5), "edited: `transcripts.jsonl`, line 6: not what was sealed as episode 5"),
        (added(11..13), "edited: `transcripts.jsonl`, lines 11 to 12: added"),
        (
            Finding::Moved { lines: 8..11, episodes: 2..5 },
            "edited: `transcripts.jsonl`, lines 8 to 10: episodes 2 to 4 moved or repeated",
        ),
        (
            Finding::Reason { line: 3, sealed: Reason::Cancelled },
            "edited: `checkpoints.jsonl`, line 3: the run was sealed as cancelled",
        ),
        (
            Finding::Count { reason: Reason::Completed, episodes: 9, asked: 10 },
            "truncated: 9 of 10 episodes, and closed as completed",
        ),
        (
            Finding::Count { reason: Reason::Aborted, episodes: 11, asked: 10 },
            "edited: 11 of 10 episodes, and closed as aborted",
        ),
        (
            Finding::Root { root: Digest::from_bytes([0; 32]) },
            "edited: the root is 0000000000000000000000000000000000000000000000000000000000000000, not the one that was given",
        ),
        (Finding::Leaf { index: 0 }, "edited: `leaves.bin`: the hash of the manifest is not what was sealed"),
        (Finding::LeavesAdded, "edited: `leaves.bin` goes on after the close"),
        (Finding::Checkpoint { line: 2 }, "edited: `checkpoints.jsonl`, line 2: not a checkpoint of this run"),
        (
            Finding::Dispute { line: 1, leaves: 0..5 },
            "edited: `checkpoints.jsonl`, line 1: disagrees with the manifest and episodes 0 to 3, and one or the other was \
             changed",
        ),
        (Finding::File { name: LEAVES }, "missing: `leaves.bin` is not there"),
        (missing(3..4), "missing: `transcripts.jsonl` lacks episode 3"),
        (Finding::Tail { episodes: 7..10 }, "truncated: `transcripts.jsonl` ends before episodes 7 to 9"),
        (Finding::LeavesCut { leaves: 10..11 }, "truncated: `leaves.bin` ends before the hash of episode 9"),
        (Finding::CheckpointCut { line: 3 }, "truncated: `checkpoints.jsonl` ends in the middle of line 3"),
        (
            Finding::NotClosed { vouched: None },
            "not closed: the run was interrupted or still goes on, and no checkpoint vouches for an episode",
        ),
        (
            not_closed(9),
            "not closed: the run was interrupted or still goes on, and a checkpoint vouches for episodes 0 to 7",
        ),
    ];
    for (finding, words) in cases {
        assert_eq!(format!("{}: {finding}", finding.kind().name()), words);
        assert!(finding.help().contains(' ') && !finding.help().ends_with('.'), "{words}");
    }
}

/// Do something to the lines at random.
fn disturb(lines: &mut Vec<String>, stream: &mut Stream) {
    let mut below = |bound: usize| usize::try_from(stream.next_u64()).unwrap() % bound.max(1);
    let (one, other) = (below(lines.len()), below(lines.len()));
    match below(6) {
        _ if lines.is_empty() => {}
        0 => drop(lines.remove(one)),
        1 => lines.swap(one, other),
        2 => lines[one] = format!("{{\"episode\":{}}}", below(12)),
        3 => lines.insert(one, lines[other].clone()),
        4 => lines.insert(one, "?".to_owned()),
        _ => lines.truncate(one.max(lines.len() / 2)),
    }
}

#[test]
fn what_is_said_to_be_missing_is_and_what_is_missing_is_said() {
    let sample = Sample::closed();
    let whole = String::from_utf8(sample.bytes(TRANSCRIPTS)).unwrap();
    let whole: Vec<&str> = whole.lines().collect();
    let mut stream = Seed(1).stream();
    for round in 0..3000 {
        let mut lines: Vec<String> = whole.iter().copied().map(str::to_owned).collect();
        (0..=round % 5).for_each(|_| disturb(&mut lines, &mut stream));
        sample.change_lines(TRANSCRIPTS, |all| all.clone_from(&lines));
        let Verification::Flawed { findings, .. } = sample.verify() else {
            assert_eq!(lines, whole);
            continue;
        };
        assert_ne!(lines, whole);
        let gone: BTreeSet<u64> =
            (0..EPISODES).filter(|episode| !lines.iter().any(|line| line == whole[at(*episode)])).collect();
        let mut open = gone.clone();
        for finding in &findings {
            match finding {
                Finding::Episodes { episodes } | Finding::Tail { episodes } => {
                    assert!(episodes.clone().all(|episode| gone.contains(&episode)), "{finding} of {lines:#?}");
                    open.retain(|episode| !episodes.contains(episode));
                }
                Finding::Lines { lines: strange, episodes } => {
                    let mut strange = strange.clone().map(|line| lines[at(line - 1)].as_str());
                    assert!(strange.all(|line| !whole.contains(&line)), "{finding} of {lines:#?}");
                    open.retain(|episode| !episodes.contains(episode));
                }
                Finding::Moved { lines: moved, episodes } => {
                    for (line, episode) in moved.clone().zip(episodes.clone()) {
                        assert_eq!(lines[at(line - 1)], whole[at(episode)], "{finding} of {lines:#?}");
                    }
                }
                other => panic!("{other} of {lines:#?}"),
            }
        }
        assert!(open.is_empty(), "{open:?} of {lines:#?}, and {findings:?}");
    }
}
