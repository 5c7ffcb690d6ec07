//! Lies of a worker that takes up its work, before it is given an episode.

use std::path::Path;
use std::time::Duration;

use dayfly::agent::{Cache, Compiler};
use dayfly::episode::Cancel;
use dayfly::worker::frame::Bytes;
use dayfly::worker::{Confined, Patience, WorkerReply};
use serde_json::Value;

use super::busy;
use crate::common::{Run, granting, read};
use crate::isolation::{frames, is_lost};
use crate::liar::{framed, liar, lived};

/// Lie in place of an answer.
pub(crate) struct Start {
    pub(crate) what: &'static str,
    /// Number of the answer, among the answers.
    pub(crate) instead_of: u8,
    /// Bytes to say; `None` if the worker goes.
    pub(crate) say: fn(&[u8]) -> Option<Vec<u8>>,
    comes_to: Becomes,
}

/// Outcome for a worker that says it.
#[derive(Clone, Copy)]
enum Becomes {
    /// Another worker takes its place, and no episode is lost. Five in a row end the run with these
    /// words.
    Replaced(&'static str),
    /// The first worker is believed, and nothing runs. From a later worker it is a loss like any
    /// other.
    Refused(&'static str),
    /// The worker goes on.
    Believed,
    /// The lie is found out at the first episode, which it costs.
    Costs(&'static str),
}

use Becomes::{Believed, Costs, Refused, Replaced};

const CONFINED: u8 = 0;
const READY: u8 = 1;
const COMPILED: u8 = 6;
const NONE: Becomes = Replaced("the worker gave an answer that is none");

const fn start(what: &'static str, instead_of: u8, comes_to: Becomes, say: fn(&[u8]) -> Option<Vec<u8>>) -> Start {
    Start { what, instead_of, say, comes_to }
}

/// Returns the bytes of an answer, as a frame.
#[expect(clippy::unnecessary_wraps, reason = "others say nothing")]
fn says(answer: WorkerReply) -> Option<Vec<u8>> {
    Some(frames(&[answer]))
}

fn in_force(parts: &[(u8, &str)]) -> Option<Vec<u8>> {
    let in_force = parts.iter().map(|(part, how)| (*part, (*how).to_owned())).collect();
    says(WorkerReply::Confined(Confined { in_force, missing: Vec::new() }))
}

pub(crate) const STARTS: &[Start] = &[
    start("nothing of what confines it, and it is gone", CONFINED, Replaced("the worker exited with status 7"), |_| {
        None
    }),
    start("that it is ready, before it was given anything", CONFINED, NONE, |_| says(WorkerReply::Ready)),
    start("an episode, before it was given the agent", CONFINED, NONE, |_| Some(lived(0, &[1, 2, 3]))),
    start("a gigabyte about what confines it", CONFINED, NONE, |_| {
        Some([&(1_u32 << 30).to_le_bytes()[..], &[0; 64]].concat())
    }),
    start("more parts that confine it than there are", CONFINED, NONE, |_| in_force(&[(0, ""); 4])),
    start("more parts that are missing than there are", CONFINED, NONE, |_| {
        says(WorkerReply::Confined(Confined { in_force: Vec::new(), missing: vec![(0, String::new()); 4] }))
    }),
    start("a part that there is not", CONFINED, Believed, |_| in_force(&[(99, "here")])),
    start("how it is confined, in words that turn a terminal around", CONFINED, Believed, |_| {
        in_force(&[(0, "\u{1b}[2J\u{202e}")])
    }),
    start("that a part is missing, in such words", CONFINED, Believed, |_| {
        says(WorkerReply::Confined(Confined { in_force: Vec::new(), missing: vec![(1, "\u{1b}[2J".to_owned())] }))
    }),
    start(
        "that it cannot be confined",
        CONFINED,
        Refused("a worker could not take up its work: tired\\u{1b}[2J"),
        |_| says(WorkerReply::Failed("tired\u{1b}[2J".into())),
    ),
    start("nothing of the agent, and it is gone", READY, Replaced(COMPILING), |_| None),
    start("what confines it, again, and not that it is ready", READY, NONE, |_| {
        says(WorkerReply::Confined(Confined::default()))
    }),
    start("code of the agent, which nobody wanted", READY, NONE, |_| says(WorkerReply::Compiled(Bytes(vec![0; 1000])))),
    start("an episode, before it was given one", READY, NONE, |_| Some(lived(0, &[1, 2, 3]))),
    start("that it was stopped before it began", READY, NONE, |_| says(WorkerReply::Stopped)),
    start("a message that there is not, and not that it is ready", READY, NONE, |_| Some(framed(&[99]))),
    start("that the agent is none, in words that turn a terminal around", READY, Refused("no\\u{1b}[2J"), |_| {
        says(WorkerReply::Unfit { why: "no\u{1b}[2J".into(), help: "\u{202e}".into() })
    }),
    start("that it cannot take up its work", READY, Refused("a worker could not take up its work: tired"), |_| {
        says(WorkerReply::Failed("tired".into()))
    }),
    start("that it is ready, twice", READY, Costs("the worker gave an answer that is none"), |frame| {
        Some([frame, frame].concat())
    }),
];

const COMPILING: &str =
    "the worker exited with status 7 while it compiled the agent, for which it may write to 4128 MiB of memory";

/// Runs three episodes with a liar that tells the lie of this number so many times. Returns the
/// result, and the number of workers that were started.
fn begins(number: usize, times: usize) -> (Result<Vec<Value>, String>, usize) {
    let run = Run { episodes: 3, ..Run::of(&busy(), &granting("wall = \"60s\"", ""), "off-switch") };
    let place = tempfile::tempdir().unwrap();
    let ran = run.apart(&liar(place.path(), &format!("starts:{number}:{times}")));
    (ran, read(&place.path().join("starts")).parse().unwrap())
}

/// Calls `what` for each lie, as many at a time as do not hold each other up.
fn each(what: impl Fn(usize, &Start) + Sync) {
    let (next, what) = (std::sync::atomic::AtomicUsize::new(0), &what);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
                    && let Some(lie) = STARTS.get(number)
                {
                    what(number, lie);
                }
            });
        }
    });
}

pub(super) fn are_told() {
    let honest =
        Run { episodes: 3, ..Run::of(&busy(), &granting("wall = \"60s\"", ""), "off-switch") }.go().transcripts;
    each(|number, lie| {
        let what = lie.what;
        let (ran, starts) = begins(number, 1);
        match lie.comes_to {
            Replaced(why) => {
                assert_eq!((ran.as_ref(), starts), (Ok(&honest), 2), "{what}");
                let (ran, starts) = begins(number, 9);
                let named = format!("a worker could not take up its work: {why}, 5 in a row");
                // One that is lost while it compiles speaks against the agent, if each of them is.
                let heavy = format!("`test` cannot be compiled: {why}, 5 in a row");
                let expected = if why == COMPILING { (Err(heavy), 5) } else { (Err(named), 5) };
                assert_eq!((ran, starts), expected, "{what}");
            }
            Refused(why) => assert_eq!((ran, starts), (Err(why.to_owned()), 1), "{what}"),
            Believed => assert_eq!((ran.as_ref(), starts), (Ok(&honest), 1), "{what}"),
            Costs(why) => {
                let ran = ran.unwrap();
                assert_eq!((&ran[0]["end"], &ran[0]["lost"], starts), (&"aborted".into(), &why.into(), 2), "{what}");
                assert_eq!(ran[1..], honest[1..], "{what}");
            }
        }
    });
}

/// Returns the transcripts of a run of an agent whose code is kept, in workers of `program`.
fn keeping(run: &Run, program: &Path, cache: &Path) -> Vec<Value> {
    let compiler = Compiler::keeping(Some(Cache::open(&cache.join("cache"), &cache.join("state")).unwrap()));
    let patience = Patience { answer: Duration::from_secs(30), ..Patience::default() };
    let workers = dayfly::run::Workers::new(program, 1).compiling(compiler).patient(patience);
    let mut seen = Vec::new();
    let mut see = |transcript: &_| seen.push(serde_json::to_value(transcript).unwrap());
    dayfly::run::Run::on_workers(run.plan(), workers, &Cancel::default()).unwrap().carry_out(&mut see).unwrap();
    seen
}

/// Lies about the code of an agent, for a supervisor that keeps it.
pub(crate) const CODE: &[Start] = &[
    start("code that is none", COMPILED, Believed, |_| says(WorkerReply::Compiled(Bytes(vec![7; 5000])))),
    start("code of nothing", COMPILED, Believed, |_| says(WorkerReply::Compiled(Bytes(Vec::new())))),
    start("code, twice", COMPILED, NONE, |frame| Some([frame, frame].concat())),
    start("a gigabyte of code", COMPILED, NONE, |_| Some([&(1_u32 << 30).to_le_bytes()[..], &[0; 64]].concat())),
    start("nothing in place of code, and it is gone", COMPILED, Replaced(COMPILING), |_| None),
];

pub(super) fn are_told_of_code() {
    let filled = format!("(data (i32.const 65536) \"{}\")", " ".repeat(70_000));
    let large = crate::guest::with(3, &filled, "(call $act)");
    let run = Run { episodes: 2, ..Run::of(&large, &granting("wall = \"60s\"", ""), "off-switch") };
    let honest = run.go().transcripts;
    for (number, Start { what, .. }) in CODE.iter().enumerate() {
        let place = tempfile::tempdir().unwrap();
        let found = keeping(&run, &liar(place.path(), &format!("code:{number}:1")), place.path());
        assert_eq!(found, honest, "{what}");
        // The kept code is handed to the next worker, which takes it for no code.
        let found = keeping(&run, Path::new(crate::isolation::DAYFLY), place.path());
        assert_eq!(found, honest, "{what}");
        assert!(!found.iter().any(is_lost), "{what}");
    }
}
