//! Tests of failures while a ledger is written.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::*;
use crate::ledger::files::Disk;
use crate::transcript::{Decision, Due, Entry, Operation, Weight};

#[test]
fn a_ledger_is_never_overwritten() {
    let sample = Sample::closed();
    let before = sample.verify();
    assert!(
        matches!(Writer::create(&sample.folder, &manifest()), Err(Error::Exists { path }) if path == sample.folder)
    );
    let file = sample.folder.join(MANIFEST);
    assert!(matches!(Writer::create(&file, &manifest()), Err(Error::Exists { .. })));
    assert!(matches!(Writer::create(&file.join("below"), &manifest()), Err(Error::Write { .. })));
    assert_eq!(sample.verify(), before);
}

/// Disk with room for a number of bytes, and for a number of syncs.
#[derive(Clone)]
struct Small {
    file: Arc<fs::File>,
    room: Arc<AtomicUsize>,
    syncs: Arc<AtomicUsize>,
}

fn less(left: &AtomicUsize, wanted: usize) -> usize {
    let had = left.load(Relaxed);
    left.store(had.saturating_sub(wanted), Relaxed);
    had.min(wanted)
}

impl Write for Small {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match less(&self.room, bytes.len()) {
            0 if !bytes.is_empty() => {
                // There is room again, and it does not help.
                self.room.store(usize::MAX, Relaxed);
                Err(io::ErrorKind::StorageFull.into())
            }
            fits => (&*self.file).write(&bytes[..fits]),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Disk for Small {
    fn sync(&mut self) -> io::Result<()> {
        if less(&self.syncs, 1) == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)?;
        io::Seek::seek(&mut &*self.file, io::SeekFrom::Start(length)).map(drop)
    }
}

/// Returns an episode whose line is longer by at least this many bytes.
fn padded(episode: u64, padding: usize) -> Sealed {
    let asked = Operation { capability: "episode", name: "request-extension", code: 0, weight: Weight::Heavy };
    let entry = || Entry {
        role: None,
        ordinal: 0,
        step: 0,
        operation: asked.into(),
        argument: "x".repeat(padding),
        digest: Digest::of(b""),
        decision: Decision::Refused,
        class: None,
        rule: "".into(),
        due: Due::Before,
    };
    let mut transcript = lived(manifest().digest(), episode);
    transcript.body.entries = (padding > 0).then(entry).into_iter().collect();
    Sealed::of(&transcript).unwrap()
}

/// Writes the sample on a small disk, with lines that are longer by this many bytes. Returns the first error, with the
/// part that was sealed then.
fn write_on(
    sample: &Sample,
    room: &Arc<AtomicUsize>,
    syncs: usize,
    padding: usize,
) -> Result<Head, (Error, Option<Head>)> {
    let syncs = Arc::new(AtomicUsize::new(syncs));
    let mut writer = Writer::create_on(&sample.folder, &manifest(), |path| {
        let file = Arc::new(fs::File::create_new(path)?);
        Ok(Box::new(Small { file, room: room.clone(), syncs: syncs.clone() }))
    })
    .map_err(|error| (error, None))?;
    for episode in 0..EPISODES {
        if let Err(error) = writer.append(&padded(episode, padding)) {
            assert!(matches!(writer.append(&sealed(episode)), Err(Error::Failed { .. })));
            return Err((error, writer.close(Reason::Aborted).ok()));
        }
    }
    writer.close(Reason::Completed).map_err(|error| (error, None))
}

/// The disk has room again once the files are cut.
#[test]
fn what_was_recorded_before_the_disk_was_full_is_sealed_as_aborted() {
    let mut sealed = BTreeSet::new();
    let mut full = |room, padding| {
        let sample = Sample::empty();
        let (error, head) = write_on(&sample, &Arc::new(AtomicUsize::new(room)), usize::MAX, padding).unwrap_err();
        assert!(matches!(error, Error::Write { .. }), "{room}: {error}");
        match sample.verify() {
            Verification::Whole { head: found, closed } => {
                assert_eq!(closed, Reason::Aborted, "{room}");
                assert!(head.is_none_or(|head| head == found), "{room}");
                sealed.insert(found.episodes);
                let lines = (0..found.episodes).flat_map(|episode| padded(episode, padding).bytes().to_vec());
                assert_eq!(sample.bytes(TRANSCRIPTS), lines.collect::<Vec<u8>>(), "{room}");
            }
            // Where not even the first checkpoint was written.
            Verification::Flawed { findings, .. } => assert!(
                findings
                    .iter()
                    .any(|finding| matches!(finding, Finding::NotClosed { vouched: None } | Finding::File { .. })),
                "{room}: {findings:?}"
            ),
        }
    };
    let sample = Sample::closed();
    let size: usize = [MANIFEST, TRANSCRIPTS, LEAVES, CHECKPOINTS].map(|name| sample.bytes(name).len()).iter().sum();
    (0..size).step_by(7).for_each(|room| full(room, 0));
    (0..10).for_each(|tenth| full(tenth * 300_000, 300_000));
    assert_eq!(sealed, (0..=EPISODES).collect());
    let sample = Sample::empty();
    write_on(&sample, &Arc::new(AtomicUsize::new(size)), usize::MAX, 0).unwrap();
    assert!(sample.is_whole());
}

#[test]
fn after_a_failed_write_no_run_is_closed_but_as_aborted() {
    let sample = Sample::empty();
    let room = Arc::new(AtomicUsize::new(3000));
    let mut writer = Writer::create_on(&sample.folder, &manifest(), |path| {
        let (file, syncs) = (Arc::new(fs::File::create_new(path)?), Arc::new(AtomicUsize::new(usize::MAX)));
        Ok(Box::new(Small { file, room: room.clone(), syncs }))
    })
    .unwrap();
    while writer.append(&sealed(0)).is_ok() {}
    assert!(matches!(writer.close(Reason::Completed), Err(Error::Failed { .. })));
    assert!(!sample.is_whole());
}

#[test]
fn a_close_waits_for_the_disk() {
    for syncs in 1..3 {
        let sample = Sample::empty();
        let room = Arc::new(AtomicUsize::new(usize::MAX));
        assert!(matches!(write_on(&sample, &room, syncs, 0), Err((Error::Write { .. }, _))));
        sample.has([not_closed(8)]);
    }
    let sample = Sample::empty();
    assert!(matches!(write_on(&sample, &Arc::new(AtomicUsize::new(usize::MAX)), 3, 0), Err((Error::Write { .. }, _))));
    assert!(sample.is_whole());
}

#[test]
fn a_ledger_that_is_kept_nowhere_has_the_same_head() {
    for episodes in [0, 1, 7, 5000] {
        let sample = Sample::empty();
        let mut kept = Writer::create(&sample.folder, &asking_for(episodes)).unwrap();
        let mut nowhere = Writer::nowhere(&asking_for(episodes));
        for episode in 0..episodes {
            kept.append(&sealed(episode)).unwrap();
            nowhere.append(&sealed(episode)).unwrap();
        }
        assert_eq!(nowhere.close(Reason::Completed).unwrap(), kept.close(Reason::Completed).unwrap());
    }
}

#[test]
fn a_run_is_closed_as_completed_after_all_its_episodes_and_no_run_has_more() {
    for (asked, reason, closes) in [
        (9, Reason::Completed, false),
        (10, Reason::Completed, true),
        (11, Reason::Completed, false),
        (9, Reason::Cancelled, false),
        (10, Reason::Cancelled, true),
        (11, Reason::Cancelled, true),
    ] {
        let mut writer = Writer::nowhere(&asking_for(asked));
        (0..EPISODES).for_each(|episode| writer.append(&sealed(episode)).unwrap());
        let head = writer.close(reason);
        assert!(matches!(head, Ok(_) | Err(Error::Close { episodes: 10, .. })), "{head:?}");
        assert_eq!(head.is_ok(), closes, "{asked}");
    }
}
