//! Tests of the findings that verifying a changed ledger gives.

mod edited;
mod forged;
mod listed;
mod lost;
mod signed;
mod vouched;
mod words;
mod writing;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::transcript::{Body, Calls, Closing, End, Header, Transcript};
use crate::value::{Digest, Seed, Stream, json};

const EPISODES: u64 = 10;

fn manifest() -> SealedManifest {
    asking_for(EPISODES)
}

fn asking_for(episodes: u64) -> SealedManifest {
    SealedManifest::new(&described(episodes)).unwrap()
}

/// Returns the manifest of a run of this many episodes.
pub(super) fn described(episodes: u64) -> Manifest {
    let named = |name: &str, text: &str| NamedDigest { name: name.to_owned(), digest: Digest::of(text.as_bytes()) };
    Manifest {
        ledger: FORMAT,
        dayfly: "0.0.0".into(),
        wasmtime: "0.0.0".into(),
        contract: "dayfly:agent@0.0.0".to_owned(),
        agent: named("honest", "honest"),
        instructions: None,
        imports: vec!["episode".into()],
        roles: Vec::new(),
        policy: named("strict", "name = 'strict'"),
        effective: "name = 'strict'".to_owned(),
        tools: Vec::new(),
        environment: named("button", "button"),
        definition: "button".to_owned(),
        task: None,
        seed: Seed(7),
        draws: None,
        episodes,
        lineages: 1,
    }
}

/// Returns an episode of a run with this manifest, of one lineage.
fn lived(run: Digest, episode: u64) -> Transcript {
    let body = Body {
        end: End::Terminated,
        reproducible: true,
        closing: Closing::Returned,
        steps: 3,
        total: 0.5,
        performance: -1.5,
        fuel: 1000,
        calls: Calls { count: 4, digest: Digest::of(b"calls") },
        ..Body::default()
    };
    Transcript { header: Header::new(episode, run, described(EPISODES).draws().episode(episode)), body }
}

fn transcript(episode: u64) -> Vec<u8> {
    json::line(&lived(manifest().digest(), episode)).unwrap()
}

/// Returns the number of bytes of the first lines, with their newlines.
fn length(episodes: u64) -> usize {
    (0..episodes).map(|episode| transcript(episode).len() + 1).sum()
}

/// Returns the sealed episodes of a run that ran all it was asked for.
fn all_sealed(manifest: &SealedManifest) -> impl Iterator<Item = Sealed> {
    let run = manifest.digest();
    (0..manifest.episodes()).map(move |episode| Sealed::of(&lived(run, episode)).unwrap())
}

/// Returns the index of an episode's line.
fn at(episode: u64) -> usize {
    usize::try_from(episode).unwrap()
}

fn sealed(episode: u64) -> Sealed {
    Sealed::new(transcript(episode)).unwrap()
}

/// Closed ledger of ten episodes, with checkpoints after 1, 2, 4 and 8 leaves, and at the close.
struct Sample {
    _above: TempDir,
    folder: PathBuf,
}

fn writer(folder: &Path) -> Writer {
    let mut writer = Writer::create(folder, &manifest()).unwrap();
    for episode in 0..EPISODES {
        writer.append(&sealed(episode)).unwrap();
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

    /// Returns a closed ledger of this many episodes.
    fn of(episodes: u64) -> Self {
        let (sample, manifest) = (Self::empty(), asking_for(episodes));
        let mut writer = Writer::create(&sample.folder, &manifest).unwrap();
        all_sealed(&manifest).for_each(|sealed| writer.append(&sealed).unwrap());
        writer.close(Reason::Completed).unwrap();
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

    /// Changes the bytes of a file.
    fn change(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) -> &Self {
        let mut bytes = self.bytes(name);
        change(&mut bytes);
        // In place: much faster than to begin with an empty file.
        let mut file = fs::File::options().write(true).open(self.folder.join(name)).unwrap();
        file.write_all(&bytes).unwrap();
        file.set_len(bytes.len().try_into().unwrap()).unwrap();
        self
    }

    /// Changes the lines of a file.
    fn change_lines(&self, name: &str, change: impl FnOnce(&mut Vec<String>)) -> &Self {
        self.change(name, |bytes| {
            let mut lines = String::from_utf8(bytes.clone()).unwrap().lines().map(str::to_owned).collect();
            change(&mut lines);
            *bytes = lines.into_iter().flat_map(|line| [line, "\n".to_owned()]).collect::<String>().into_bytes();
        })
    }

    /// Changes the hashes.
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

/// Returns the root of the sample, closed for this reason.
fn closed(reason: Reason) -> Digest {
    reason.close(&tree(11))
}

fn not_closed(leaves: u64) -> Finding {
    Finding::NotClosed { vouched: Some(Head { episodes: leaves - 1, size: leaves, root: root(leaves) }) }
}

#[test]
fn a_closed_run_is_whole() {
    for reason in [Reason::Completed, Reason::Cancelled, Reason::Aborted] {
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
fn what_is_outside_the_seal_does_not_matter() {
    let sample = Sample::empty();
    let writer = writer(&sample.folder);
    write_host(&sample.folder, &json!({ "threads": 2 })).unwrap();
    write_host(&sample.folder, &json!({ "threads": 2, "seconds": 1.5 })).unwrap();
    writer.close(Reason::Completed).unwrap();
    assert_eq!(sample.bytes(HOST), b"{\n  \"seconds\": 1.5,\n  \"threads\": 2\n}\n");
    assert!(sample.change(HOST, Vec::clear).is_whole());
    fs::remove_file(sample.folder.join(HOST)).unwrap();
    assert!(sample.is_whole());
}

#[test]
fn a_checkpoint_and_the_close_have_no_field_that_nothing_vouches_for() {
    for (line, end) in [(0, "null"), (4, "\"completed\"")] {
        let sample = Sample::closed();
        let more = format!(r#"{end},"signature":"abcd"}}"#);
        sample.change_lines(CHECKPOINTS, |lines| lines[line] = lines[line].replace(&format!("{end}}}"), &more));
        assert!(!sample.is_whole(), "line {line}");
    }
}

/// Verifying does not wait for a pipe without a writer, or for a file without an end.
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
    let sample = Sample::of(2);
    let manifest = asking_for(2);
    assert_eq!(sample.bytes(MANIFEST), manifest.bytes());
    let lines: Vec<u8> = all_sealed(&manifest).flat_map(|sealed| sealed.bytes().to_vec()).collect();
    assert_eq!(sample.bytes(TRANSCRIPTS), lines);
    let leaves = [manifest.leaf()].into_iter().chain(all_sealed(&manifest).map(|sealed| sealed.leaf()));
    assert_eq!(sample.bytes(LEAVES), leaves.flat_map(|leaf| leaf.as_bytes().to_vec()).collect::<Vec<u8>>());
    let checkpoints = String::from_utf8(sample.bytes(CHECKPOINTS)).unwrap();
    let expected = [
        r#"{"size":1,"root":"c1059c37c4c91e3e89fe29d20622435e16202e19bfb70ec727a38571f36dafd8","closed":null}"#,
        r#"{"size":2,"root":"66bb800fbb71f52cd1b495affac86059a12e867278c169de647e623c95d2ca79","closed":null}"#,
        r#"{"size":4,"root":"6136d74b56150dc7757cf4ef5db182fcfd410da80e4ce9af098a2b04909fe8f0","closed":"completed"}"#,
    ];
    assert_eq!(checkpoints.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_run_without_its_close_is_not_closed() {
    let sample = Sample::closed();
    for leaves in [8, 4, 2, 1] {
        sample.change_lines(CHECKPOINTS, |lines| drop(lines.pop())).has([not_closed(leaves)]);
    }
    sample.change_lines(CHECKPOINTS, |lines| drop(lines.pop())).has([Finding::NotClosed { vouched: None }]);
}

#[test]
fn an_interrupted_run_is_not_closed() {
    Sample::interrupted().has([not_closed(8)]);
    let sample = Sample::empty();
    drop(Writer::create(&sample.folder, &manifest()).unwrap());
    sample.has([not_closed(1)]);
    let cut = Finding::LeavesCut { leaves: 0..1 };
    sample.change(LEAVES, Vec::clear).has([cut.clone(), not_closed(1)]);
    sample.change(MANIFEST, Vec::clear).has([cut, Finding::ManifestCut, not_closed(1)]);
}

#[test]
fn a_run_that_goes_on_is_not_closed() {
    let sample = Sample::empty();
    let writer = writer(&sample.folder);
    sample.has([not_closed(8)]);
    writer.close(Reason::Completed).unwrap();
    assert!(sample.is_whole());
}

#[test]
fn the_tail_of_an_interrupted_run_may_be_cut_anywhere() {
    let sample = Sample::interrupted();
    for length in (length(7)..sample.bytes(TRANSCRIPTS).len()).rev() {
        sample.change(TRANSCRIPTS, |bytes| bytes.truncate(length)).has([not_closed(8)]);
    }
    let sample = Sample::interrupted();
    for length in (8 * 32..11 * 32).rev() {
        sample.change(LEAVES, |bytes| bytes.truncate(length)).has([not_closed(8)]);
    }
}

#[test]
fn what_a_checkpoint_of_an_interrupted_run_vouches_for_may_not_be_cut() {
    let sample = Sample::interrupted();
    sample.change_lines(TRANSCRIPTS, |lines| lines.truncate(6)).has([Finding::Tail { episodes: 6..7 }, not_closed(8)]);
    let sample = Sample::interrupted();
    sample.change_leaves(|leaves| leaves.truncate(7)).has([Finding::LeavesCut { leaves: 7..8 }, not_closed(8)]);
}

#[test]
fn the_tail_of_an_interrupted_run_may_not_be_edited() {
    let sample = Sample::interrupted();
    sample.change_lines(TRANSCRIPTS, |lines| lines[9] = "{}".to_owned()).has([edited(10, 9), not_closed(8)]);
    let sample = Sample::interrupted();
    sample.change_lines(TRANSCRIPTS, |lines| drop(lines.remove(8))).has([missing(8..9), not_closed(8)]);
}

#[test]
fn every_change_of_a_byte_is_found() {
    let sample = Sample::of(3);
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
        let sample = Sample::of(3);
        for length in (0..sample.bytes(name).len()).rev() {
            sample.change(name, |bytes| bytes.truncate(length));
            let Verification::Flawed { findings, .. } = sample.verify() else { panic!("{length} bytes of {name}") };
            let kinds: Vec<FindingKind> = findings.iter().map(Finding::kind).collect();
            assert!(
                kinds.contains(&FindingKind::Truncated) || kinds == [FindingKind::NotClosed],
                "{length} bytes of {name}: {findings:?}"
            );
        }
    }
}

#[test]
fn findings_are_bounded() {
    let sample = Sample::of(1000);
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
    sample.change_lines(MANIFEST, |lines| lines[1] = lines[1].replace('2', "3"));
    sample.has([Finding::Manifest]);
    let leaf = tree::leaf(&sample.bytes(MANIFEST));
    sample.change_leaves(|leaves| leaves[0] = leaf.as_bytes().to_vec());
    assert!(matches!(verify(&sample.folder, None), Err(Error::Format { found: 3, .. })));
}

/// Changes the lines at random.
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
                Finding::Moved { lines: moved, episodes } | Finding::Repeated { lines: moved, episodes } => {
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
