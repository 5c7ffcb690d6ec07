//! Tests of ledgers from which data is missing, and of truncated ones.

use super::*;

#[test]
fn a_deleted_line_is_missing() {
    for episode in 0..EPISODES - 1 {
        let sample = Sample::closed();
        sample.change_lines(TRANSCRIPTS, |lines| drop(lines.remove(at(episode))));
        sample.has([missing(episode..episode + 1)]);
    }
}

#[test]
fn a_line_deleted_together_with_its_hash_is_missing() {
    for episode in 0..EPISODES - 1 {
        let sample = Sample::closed();
        sample.change_lines(TRANSCRIPTS, |lines| drop(lines.remove(at(episode))));
        sample.change_leaves(|leaves| drop(leaves.remove(at(episode + 1))));
        let leaves = EPISODES..EPISODES + 1;
        sample.has([Finding::LeavesCut { leaves }, missing(episode..episode + 1)]);
    }
}

#[test]
fn every_gap_is_named() {
    let sample = Sample::closed();
    sample.change_lines(TRANSCRIPTS, |lines| {
        lines.drain(6..8);
        lines.remove(1);
    });
    sample.has([missing(1..2), missing(6..8)]);
}

#[test]
fn a_gap_is_where_nothing_was_moved_from() {
    let sample = Sample::closed();
    sample.change_lines(TRANSCRIPTS, |lines| {
        lines.remove(6);
        let moved = lines.drain(1..4).nth(1).unwrap();
        lines.push(moved);
    });
    let moved = Finding::Moved { lines: 7..8, episodes: 2..3 };
    sample.has([moved, missing(1..2), missing(3..4), missing(6..7)]);
}

#[test]
fn a_line_deleted_beside_an_edited_one_is_missing() {
    let sample = Sample::closed();
    sample.change_lines(TRANSCRIPTS, |lines| {
        lines.remove(5);
        lines[5] = "{}".to_owned();
    });
    sample.has([Finding::Lines { lines: 6..7, episodes: 5..7 }, missing(5..7)]);
}

#[test]
fn a_missing_file_is_named() {
    for name in [MANIFEST, TRANSCRIPTS, LEAVES, CHECKPOINTS] {
        let sample = Sample::closed();
        fs::remove_file(sample.folder.join(name)).unwrap();
        sample.has([Finding::File { name }]);
    }
}

#[test]
fn a_folder_without_any_of_the_files_is_not_a_ledger() {
    let sample = Sample::empty();
    assert!(matches!(verify(&sample.folder, None), Err(Error::NotALedger { .. })));
    fs::create_dir_all(&sample.folder).unwrap();
    assert!(matches!(verify(&sample.folder, None), Err(Error::NotALedger { .. })));
    let sample = Sample::closed();
    let manifest = sample.folder.join(MANIFEST);
    assert!(matches!(verify(&manifest, None), Err(Error::NotALedger { .. })));
}

#[test]
fn a_deleted_hash_is_told_from_a_deleted_line() {
    let sample = Sample::closed();
    sample.change_leaves(|leaves| drop(leaves.remove(4))).has([Finding::Leaf { index: 4 }]);
}

#[test]
fn a_tail_cut_at_a_line_is_truncated() {
    for length in 0..EPISODES {
        let sample = Sample::closed();
        sample.change_lines(TRANSCRIPTS, |lines| lines.truncate(at(length)));
        sample.has([Finding::Tail { episodes: length..10 }]);
    }
}

#[test]
fn a_tail_cut_inside_a_line_is_truncated() {
    let sample = Sample::closed();
    sample.change(TRANSCRIPTS, |bytes| bytes.truncate(bytes.len() - 1)).has([Finding::Tail { episodes: 9..10 }]);
    let fifth = length(4);
    sample.change(TRANSCRIPTS, |bytes| bytes.truncate(fifth + 20)).has([Finding::Tail { episodes: 4..10 }]);
}

#[test]
fn a_tail_cut_behind_an_edited_line_is_truncated() {
    let sample = Sample::closed();
    sample.change_lines(TRANSCRIPTS, |lines| {
        lines.truncate(8);
        lines[7] = "{}".to_owned();
    });
    sample.has([edited(8, 7), Finding::Tail { episodes: 8..10 }]);
}

#[test]
fn hashes_cut_alone_are_told_from_lines_cut() {
    let sample = Sample::closed();
    sample.change_leaves(|leaves| leaves.truncate(7)).has([Finding::LeavesCut { leaves: 7..11 }]);
    let sample = Sample::closed();
    sample.change(LEAVES, |bytes| bytes.truncate(bytes.len() - 1)).has([Finding::LeavesCut { leaves: 10..11 }]);
    sample.change(LEAVES, Vec::clear).has([Finding::LeavesCut { leaves: 0..11 }]);
}

#[test]
fn lines_and_hashes_cut_together_are_truncated() {
    for length in 0..EPISODES {
        let sample = Sample::closed();
        sample.change_lines(TRANSCRIPTS, |lines| lines.truncate(at(length)));
        sample.change_leaves(|leaves| leaves.truncate(at(length + 1)));
        sample.has([Finding::LeavesCut { leaves: length + 1..11 }, Finding::Tail { episodes: length..10 }]);
    }
}

#[test]
fn a_cut_hides_no_earlier_edit_that_a_checkpoint_saw() {
    let sample = Sample::closed();
    let other = String::from_utf8(transcript(6)).unwrap().replace("terminated", "steps");
    sample.change_lines(TRANSCRIPTS, |lines| {
        lines.truncate(9);
        lines[6].clone_from(&other);
    });
    sample.change_leaves(|leaves| {
        leaves.truncate(10);
        leaves[7] = tree::leaf(other.as_bytes()).as_bytes().to_vec();
    });
    sample.has([
        Finding::LeavesCut { leaves: 10..11 },
        Finding::Tail { episodes: 9..10 },
        Finding::Dispute { line: 4, leaves: 4..8 },
    ]);
}

#[test]
fn hashes_cut_do_not_make_lines_seem_edited() {
    let sample = Sample::closed();
    sample.change_leaves(|leaves| leaves.truncate(7));
    sample.change_lines(TRANSCRIPTS, |lines| lines.truncate(9));
    sample.has([Finding::LeavesCut { leaves: 7..11 }, Finding::Tail { episodes: 9..10 }]);
}

#[test]
fn behind_the_end_of_the_hashes_a_checkpoint_still_sees_an_edit() {
    let sample = Sample::closed();
    sample.change_leaves(|leaves| leaves.truncate(7));
    sample.change_lines(TRANSCRIPTS, |lines| lines[7] = lines[7].replace("terminated", "steps"));
    let cut = Finding::LeavesCut { leaves: 7..11 };
    sample.has([cut.clone(), Finding::Dispute { line: 5, leaves: 8..11 }]);
    sample.change_lines(TRANSCRIPTS, |lines| lines[7] = lines[7].replace("\"episode\":7", "\"episode\":99"));
    sample.has([cut, edited(8, 7)]);
}

#[test]
fn a_checkpoint_cut_short_is_truncated() {
    let sample = Sample::closed();
    sample
        .change(CHECKPOINTS, |bytes| bytes.truncate(bytes.len() - 1))
        .has([Finding::CheckpointCut { line: 5 }, not_closed(8)]);
}
