//! Lies in the file that counts the episodes a worker has begun.

use std::time::Duration;

use super::{busy, ran};
use crate::common::{Run, granting, read};
use crate::isolation::is_lost;
use crate::liar::liar;

/// Bytes in the file of a worker that is gone, after it reported one episode or more and began the
/// next.
pub(crate) struct Begun {
    pub(crate) what: &'static str,
    pub(crate) bytes: &'static [u8],
    /// `true` if they cost an episode: one that the worker was given, whatever the bytes say.
    costs: bool,
}

pub(crate) const BEGUN: &[Begun] = &[
    Begun { what: "that none was begun", bytes: &[0; 8], costs: false },
    Begun { what: "that none was begun but those that were told of", bytes: &[1, 0, 0, 0, 0, 0, 0, 0], costs: false },
    Begun { what: "the truth", bytes: &[2, 0, 0, 0, 0, 0, 0, 0], costs: true },
    Begun { what: "one more than were begun", bytes: &[3, 0, 0, 0, 0, 0, 0, 0], costs: true },
    Begun { what: "more than there are", bytes: &[0xff; 8], costs: true },
    Begun { what: "a number that is cut off", bytes: &[2, 0, 0], costs: false },
    Begun { what: "nothing at all", bytes: &[], costs: false },
    Begun { what: "a number and more", bytes: &[2, 0, 0, 0, 0, 0, 0, 0, 9, 9, 9, 9], costs: true },
];

pub(super) fn are_told() {
    let run = Run { episodes: 40, ..Run::of(&busy(), &granting("wall = \"60s\"", ""), "off-switch") };
    let place = tempfile::tempdir().unwrap();
    let found = ran(&run, &liar(place.path(), "begun"), place.path(), Duration::from_secs(30));
    assert!(read(&place.path().join("next")).parse::<usize>().unwrap() > 2 * BEGUN.len(), "not every lie was told");
    let mut lost = 0;
    for (found, honest) in found.iter().zip(run.go().transcripts) {
        if !is_lost(found) {
            assert_eq!(*found, honest);
            continue;
        }
        lost += 1;
        assert_eq!((&found["end"], &found["lost"]), (&"aborted".into(), &"the worker exited with status 7".into()));
        for key in ["episode", "lineage", "world", "seed", "run"] {
            assert_eq!(found[key], honest[key]);
        }
    }
    let costly: Vec<&str> = BEGUN.iter().filter(|lie| lie.costs).map(|lie| lie.what).collect();
    assert_eq!(lost, costly.len(), "{costly:?}");
}
