//! Worker that lies: a program of its own over the library, which takes up its work as a real
//! worker does.
//!
//! ```text
//!  supervisor --orders--> liar --orders--> a real worker, confined as ever
//!             <--lies----      <--answers-
//! ```
//!
//! The liar is this test program, started once more by a script; its lies are in a folder. It reads
//! the answers of the real worker, and gives another answer: in a field, in a frame, at another
//! time, twice, or never. It may also lie before it has taken up its work, and in the file that
//! counts the episodes it has begun. The layout of a report is written down here once more, and not
//! taken from the library.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use dayfly::value::Seed;
use dayfly::worker::{WorkerReply, frame};
use serde::{Deserialize, Serialize};

use crate::lies::begun::BEGUN;
use crate::lies::list::LIES;
use crate::lies::starts::{CODE, STARTS};

/// Report on an episode, field by field, as it is on the wire.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Said {
    pub(crate) end: u32,
    pub(crate) digest: [u8; 32],
    pub(crate) entries: Vec<Entry>,
    pub(crate) entries_cut: u64,
    /// Part of each role, or of the only agent.
    pub(crate) parts: Vec<Part>,
    pub(crate) actions: Vec<u8>,
}

/// Part of one role in a report.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) closing: u32,
    pub(crate) cause: Option<String>,
    pub(crate) fuel: u64,
    pub(crate) calls: u64,
    pub(crate) violations: Vec<(String, u64)>,
    pub(crate) notices: Vec<(String, u64)>,
    pub(crate) tripwires: Vec<(String, u64)>,
    pub(crate) after_end: u64,
    pub(crate) log: Vec<String>,
    pub(crate) released: Vec<(String, Vec<u8>)>,
    pub(crate) residue: Vec<(String, u64)>,
    pub(crate) learned: Option<Lesson>,
    pub(crate) next: Option<Vec<u8>>,
}

/// Most lies are told of the only agent.
impl std::ops::Deref for Said {
    type Target = Part;

    fn deref(&self) -> &Part {
        &self.parts[0]
    }
}

impl std::ops::DerefMut for Said {
    fn deref_mut(&mut self) -> &mut Part {
        &mut self.parts[0]
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) role: Option<String>,
    pub(crate) ordinal: u64,
    pub(crate) step: u32,
    pub(crate) operation: String,
    pub(crate) argument: String,
    pub(crate) digest: [u8; 32],
    pub(crate) decision: u32,
    pub(crate) class: Option<String>,
    pub(crate) rule: String,
    pub(crate) due: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Lesson {
    pub(crate) outcome: u32,
    pub(crate) bytes: u64,
    pub(crate) carry_over: [u8; 32],
    pub(crate) fuel: u64,
}

/// Answer that is given instead of the truth.
#[derive(Clone, Copy)]
pub(crate) enum Deed {
    /// A report on the episode that was changed.
    Told(fn(&mut Said)),
    /// Bytes of a frame that was changed.
    Frame(fn(&[u8]) -> Vec<u8>),
    /// Bytes that chance changes.
    Chance,
    /// The true report, for an episode with another seed.
    Of(fn(u64) -> u64),
    /// The truth, and at once the same report for an episode with this seed.
    Twice(fn(u64) -> u64),
    /// Nothing: it was said with the answer before.
    Before,
    /// The truth, after a while.
    Late,
    /// Nothing, and the worker stays.
    Never,
    /// Nothing, and the worker goes.
    Gone,
    /// A false count of the episodes begun, and the worker goes.
    Begun(&'static [u8]),
    /// The truth.
    Truth,
}

/// Number of the report on an episode, among the answers.
const LIVED: u8 = 3;

/// Returns a frame with a message.
pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
    [&u32::try_from(message.len()).unwrap().to_le_bytes(), message].concat()
}

/// Returns a frame with this report, for the episode that was opened with the seed `of`.
pub(crate) fn lived(of: u64, parcel: &[u8]) -> Vec<u8> {
    framed(&[&[LIVED][..], &postcard::to_stdvec(&of).unwrap(), &postcard::to_stdvec(parcel).unwrap()].concat())
}

/// Returns the seed of the episode that a frame reports on, and the report.
fn parts(frame: &[u8]) -> (u64, Vec<u8>) {
    postcard::from_bytes(&frame[5..]).unwrap()
}

/// Returns the seed of the episode that a frame reports on.
pub(crate) fn of(frame: &[u8]) -> u64 {
    parts(frame).0
}

/// Adds one to the number in a file, and returns the number before.
fn count(file: &Path) -> usize {
    let number: usize = std::fs::read_to_string(file).unwrap().parse().unwrap();
    std::fs::write(file, (number + 1).to_string()).unwrap();
    number
}

/// Makes a program that lies: `kind` is the name of a list of lies. The first lie of the list comes
/// first, whichever worker tells it.
pub(crate) fn liar(place: &Path, kind: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    for file in ["next", "starts"] {
        std::fs::write(place.join(file), "0").unwrap();
    }
    let program = place.join("liar");
    let own = std::env::current_exe().unwrap();
    let script = format!(
        "#!/bin/sh\nexec 2>&1 >/dev/null\nLIAR='{kind}' LIAR_PLACE='{}' LIAR_SCRATCH=\"$2\" exec '{}' --exact liar::lie --ignored --test-threads 1\n",
        place.display(),
        own.display()
    );
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    program
}

#[test]
#[ignore = "a program of its own, which other tests start"]
fn lie() {
    let (Ok(kind), Ok(place), Ok(scratch)) =
        (std::env::var("LIAR"), std::env::var("LIAR_PLACE"), std::env::var("LIAR_SCRATCH"))
    else {
        return;
    };
    let mut real = crate::common::dayfly()
        .args(["worker", &scratch])
        .env_clear()
        .env("TMPDIR", &scratch)
        .current_dir(&scratch)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut orders = real.stdin.take().unwrap();
    std::thread::spawn(move || {
        // The liar ends with its supervisor, and so does the real worker. If the real worker is
        // gone, the liar still has something to say.
        if std::io::copy(&mut std::io::stdin(), &mut orders).is_ok() {
            std::process::exit(0);
        }
    });
    let mut answers = real.stdout.take().unwrap();
    // Its standard output belongs to the tests.
    let mut pipe = std::io::stderr();
    let next = Path::new(&place).join("next");
    let start = count(&Path::new(&place).join("starts"));
    loop {
        let Some(frame) = next_frame(&mut answers) else {
            real.wait().unwrap();
            return;
        };
        if frame.get(4) != Some(&LIVED) {
            let said = beginning(&kind, start, &frame).unwrap_or_else(|| std::process::exit(7));
            pipe.write_all(&said).unwrap();
            continue;
        }
        let number = count(&next);
        let (deed, is_last) = deed(&kind, number);
        if let Deed::Twice(_) = deed {
            count(&next);
        }
        if let Deed::Begun(episodes) = deed {
            goes(&mut real, &Path::new(&scratch).join("begun"), episodes);
        }
        say(deed, number, &frame, &mut pipe);
        if is_last {
            // A worker that is not believed is given up, and says nothing more.
            std::thread::sleep(Duration::from_mins(1));
        }
    }
}

/// Returns the next deed in a list, and `true` if its worker is given up for it.
fn deed(kind: &str, number: usize) -> (Deed, bool) {
    match kind {
        "chance" => return (Deed::Chance, true),
        // Each lie comes after a true answer.
        "begun" if number % 2 == 1 => {
            return (BEGUN.get(number / 2).map_or(Deed::Truth, |lie| Deed::Begun(lie.bytes)), false);
        }
        _ => {}
    }
    let Some((_, lies)) = LIES.iter().find(|(name, _)| *name == kind) else { return (Deed::Truth, false) };
    let is_last = |deed| matches!(deed, Deed::Twice(_));
    lies.get(number).map_or((Deed::Truth, false), |lie| (lie.deed, lie.is_lost() || is_last(lie.deed)))
}

/// Returns the answer before the first episode. For `starts:7:2` it is lie 7 of that list, by the
/// first two workers that are started.
fn beginning(kind: &str, start: usize, frame: &[u8]) -> Option<Vec<u8>> {
    let mut words = kind.split(':');
    let list = match words.next() {
        Some("starts") => STARTS,
        Some("code") => CODE,
        _ => &[],
    };
    if let Some(lie) = words.next().and_then(|number| list.get(number.parse::<usize>().unwrap()))
        && start < words.next().unwrap().parse().unwrap()
        && frame.get(4) == Some(&lie.instead_of)
    {
        return (lie.say)(frame);
    }
    Some(frame.to_vec())
}

/// Ends the worker, with only these bytes left in the file.
fn goes(real: &mut Child, file: &Path, begun: &[u8]) {
    real.kill().unwrap();
    real.wait().unwrap();
    std::fs::write(file, begun).unwrap();
    std::process::exit(7);
}

/// Returns the next frame of the real worker, with its length.
fn next_frame(pipe: &mut impl Read) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    pipe.read_exact(&mut length).ok()?;
    let mut message = vec![0; usize::try_from(u32::from_le_bytes(length)).unwrap()];
    pipe.read_exact(&mut message).ok()?;
    assert!(frame::message::<WorkerReply>(&message).is_ok());
    Some([&length[..], &message].concat())
}

/// Returns the report in a frame.
pub(crate) fn said(frame: &[u8]) -> Said {
    let (_, parcel) = parts(frame);
    let (said, rest) = postcard::take_from_bytes(&parcel).unwrap();
    assert!(rest.is_empty());
    said
}

fn say(deed: Deed, number: usize, frame: &[u8], pipe: &mut impl Write) {
    let bytes = match deed {
        Deed::Told(change) => {
            let mut said = said(frame);
            change(&mut said);
            lived(of(frame), &postcard::to_stdvec(&said).unwrap())
        }
        Deed::Frame(change) => change(frame),
        Deed::Of(seed) => lived(seed(of(frame)), &parts(frame).1),
        Deed::Twice(seed) => [frame, &lived(seed(of(frame)), &parts(frame).1)].concat(),
        Deed::Chance => by_chance(number, frame),
        Deed::Late => {
            std::thread::sleep(Duration::from_millis(300));
            frame.to_vec()
        }
        Deed::Never | Deed::Before => return,
        Deed::Gone | Deed::Begun(_) => std::process::exit(7),
        Deed::Truth => frame.to_vec(),
    };
    pipe.write_all(&bytes).unwrap();
}

/// Returns a frame in which a seed changes some bytes, and now and then the length.
fn by_chance(number: usize, frame: &[u8]) -> Vec<u8> {
    let seed = std::env::var("LIAR_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0);
    let mut chance = Seed(seed).derive("lie", u64::try_from(number).unwrap()).stream();
    let mut below = |most: usize| usize::try_from(chance.next_u64() % u64::try_from(most).unwrap()).unwrap();
    let mut frame = frame.to_vec();
    let first = if below(8) == 0 { 0 } else { 4 };
    for _ in 0..=below(4) {
        let at = first + below(frame.len() - first);
        match below(4) {
            0 => frame[at] ^= 1 << below(8),
            1 => frame[at] = 0xff,
            2 => frame[at] = u8::try_from(below(256)).unwrap(),
            _ => frame[at] = frame[at].wrapping_add(1),
        }
    }
    frame
}
