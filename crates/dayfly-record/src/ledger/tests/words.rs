//! Tests of the wording of findings.

use super::*;

#[test]
fn a_finding_says_what_and_where_and_what_to_do() {
    let cases = [
        (Finding::Manifest, "edited: `manifest.json`: not what was sealed"),
        (edited(6, 5), "edited: `transcripts.jsonl`, line 6: not what was sealed as episode 5"),
        (added(11..13), "edited: `transcripts.jsonl`, lines 11 to 12: added"),
        (
            Finding::Moved { lines: 8..11, episodes: 2..5 },
            "reordered: `transcripts.jsonl`, lines 8 to 10: episodes 2 to 4 moved",
        ),
        (
            Finding::Repeated { lines: 8..9, episodes: 2..3 },
            "duplicated: `transcripts.jsonl`, line 8: episode 2 once more",
        ),
        (Finding::ManifestCut, "truncated: `manifest.json` ends too early"),
        (Finding::CheckpointMoved { line: 2 }, "reordered: `checkpoints.jsonl`, line 2: out of place"),
        (Finding::CheckpointRepeated { line: 2 }, "duplicated: `checkpoints.jsonl`, line 2: there once more"),
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
        (
            Finding::Stated { flaw: Flaw::Written },
            "edited: `manifest.json`: sealed, and it is not written as this program writes it",
        ),
        (
            Finding::Said { lines: 2..3, flaw: Flaw::Run },
            "edited: `transcripts.jsonl`, line 2: sealed, and it says that it is of another run",
        ),
        (Finding::Size { line: 3, sealed: 12 }, "edited: `checkpoints.jsonl`, line 3: the size that was sealed is 12"),
        (
            Finding::CheckpointGone { size: 4 },
            "missing: `checkpoints.jsonl` lacks what vouches for the manifest and episodes 0 to 2",
        ),
        (Finding::Vouched, "edited: `vouched.json`: no checkpoint of this run"),
        (
            Finding::VouchedAhead { size: 11 },
            "truncated: `vouched.json` vouches for the manifest and episodes 0 to 9, and neither `transcripts.jsonl` nor \
             `leaves.bin` goes so far",
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
