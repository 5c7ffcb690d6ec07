//! Tests of ledgers in which data was edited, moved or added.

use super::*;

#[test]
fn an_edited_line_is_named() {
    for episode in 0..EPISODES {
        let sample = Sample::closed();
        sample
            .change_lines(TRANSCRIPTS, |lines| lines[at(episode)] = lines[at(episode)].replace("terminated", "steps"));
        sample.has([edited(episode + 1, episode)]);
    }
}

#[test]
fn an_edited_ordinal_makes_no_other_episode_seem_missing() {
    for claim in ["99", "2", "18446744073709551615", "-1", "null"] {
        let sample = Sample::closed();
        sample.change_lines(TRANSCRIPTS, |lines| {
            lines[5] = lines[5].replace("\"episode\":5", &format!("\"episode\":{claim}"));
        });
        sample.has([edited(6, 5)]);
    }
}

#[test]
fn lines_edited_together_are_one_finding() {
    let sample = Sample::closed();
    sample.change_lines(TRANSCRIPTS, |lines| lines[3..6].fill("{}".to_owned()));
    sample.has([Finding::Lines { lines: 4..7, episodes: 3..6 }]);
}

#[test]
fn an_edited_manifest_is_named() {
    let sample = Sample::closed();
    sample.change(MANIFEST, |bytes| *bytes = String::from_utf8(bytes.clone()).unwrap().replace('7', "8").into_bytes());
    sample.has([Finding::Manifest]);
    sample.change(MANIFEST, Vec::clear).has([Finding::ManifestCut]);
    sample.change(MANIFEST, |bytes| bytes.resize(LONGEST + 1, b' ')).has([Finding::Manifest]);
}

#[test]
fn an_edited_hash_is_told_from_an_edited_line() {
    for index in 0..=EPISODES {
        let sample = Sample::closed();
        sample.change_leaves(|leaves| leaves[at(index)][0] ^= 1);
        sample.has([Finding::Leaf { index }]);
    }
}

#[test]
fn an_edited_checkpoint_is_told_from_an_edited_record_where_a_later_one_agrees() {
    let sample = Sample::closed();
    let other = Digest::of(b"other").to_string();
    sample.change_lines(CHECKPOINTS, |lines| lines[1] = lines[1].replace(&root(2).to_string(), &other));
    sample.has([Finding::Checkpoint { line: 2 }]);
}

#[test]
fn where_the_last_checkpoint_disagrees_so_does_what_it_alone_vouches_for() {
    let sample = Sample::closed();
    let other = Digest::of(b"other").to_string();
    sample
        .change_lines(CHECKPOINTS, |lines| lines[4] = lines[4].replace(&closed(Reason::Completed).to_string(), &other));
    sample.has([Finding::Dispute { line: 5, leaves: 8..11 }]);
}

#[test]
fn a_line_edited_together_with_its_hash_is_disputed() {
    let sample = Sample::closed();
    let other = String::from_utf8(transcript(6)).unwrap().replace("terminated", "steps");
    sample.change_lines(TRANSCRIPTS, |lines| lines[6].clone_from(&other));
    sample.change_leaves(|leaves| leaves[7] = tree::leaf(other.as_bytes()).as_bytes().to_vec());
    sample.has([Finding::Dispute { line: 4, leaves: 4..8 }]);
    // What is no transcript is what was edited.
    sample.change_lines(TRANSCRIPTS, |lines| lines[6] = "{}".to_owned());
    sample.change_leaves(|leaves| leaves[7] = tree::leaf(b"{}").as_bytes().to_vec());
    sample.has([edited(7, 6)]);
}

#[test]
fn the_close_alone_is_at_fault_where_another_checkpoint_vouches_for_the_same() {
    let sample = Sample::of(7);
    let other = Digest::of(b"other");
    sample.change_lines(CHECKPOINTS, |lines| {
        lines[4] = format!(r#"{{"size":9,"root":"{other}","closed":"completed"}}"#);
    });
    sample.has([Finding::Checkpoint { line: 5 }]);
}

#[test]
fn a_checkpoint_that_is_none_is_named() {
    let ends = ["{}", "", r#"{"size":9,"root":"00","closed":null}"#, r#"{"size":9,"closed":null}"#];
    for end in ends {
        let sample = Sample::closed();
        sample.change_lines(CHECKPOINTS, |lines| lines[1] = end.to_owned()).has([Finding::Checkpoint { line: 2 }]);
    }
}

#[test]
fn a_checkpoint_says_whether_it_closes() {
    let sample = Sample::closed();
    sample.change_lines(CHECKPOINTS, |lines| lines[4] = lines[4].replace("completed", "done"));
    sample.has([Finding::Checkpoint { line: 5 }, not_closed(8)]);
    let sample = Sample::closed();
    sample.change_lines(CHECKPOINTS, |lines| lines[4] = lines[4].replace(r#","closed":"completed""#, ""));
    sample.has([Finding::Checkpoint { line: 5 }, not_closed(8)]);
}

#[test]
fn checkpoints_are_in_order_and_end_with_the_close() {
    let sample = Sample::closed();
    sample.change_lines(CHECKPOINTS, |lines| lines.swap(0, 1)).has([Finding::CheckpointMoved { line: 2 }]);
    let sample = Sample::closed();
    sample.change_lines(CHECKPOINTS, |lines| lines.push(lines[4].clone()));
    sample.has([Finding::CheckpointRepeated { line: 6 }]);
    let sample = Sample::closed();
    sample.change_lines(CHECKPOINTS, |lines| lines.insert(1, lines[0].clone()));
    sample.has([Finding::CheckpointRepeated { line: 2 }]);
    let sample = Sample::closed();
    sample.change(CHECKPOINTS, |bytes| bytes.push(b'{')).has([Finding::Checkpoint { line: 6 }]);
}

#[test]
fn no_checkpoint_vouches_for_nothing() {
    let sample = Sample::closed();
    let line = format!(r#"{{"size":0,"root":"{}","closed":null}}"#, Digest::of(b""));
    sample.change_lines(CHECKPOINTS, |lines| lines.insert(0, line)).has([Finding::Checkpoint { line: 1 }]);
}

#[test]
fn an_edited_checkpoint_and_an_edited_hash_are_both_named() {
    let sample = Sample::closed();
    let other = Digest::of(b"other").to_string();
    sample.change_lines(CHECKPOINTS, |lines| lines[1] = lines[1].replace(&root(2).to_string(), &other));
    sample.change_leaves(|leaves| leaves[4][0] ^= 1).has([Finding::Checkpoint { line: 2 }, Finding::Leaf { index: 4 }]);
}

#[test]
fn where_no_two_agree_the_lines_are_taken_for_edited() {
    let sample = Sample::closed();
    sample.change_lines(TRANSCRIPTS, |lines| lines[3] = lines[3].replace("terminated", "steps"));
    sample.change_leaves(|leaves| leaves[10][0] ^= 1).has([edited(4, 3), edited(10, 9)]);
}

#[test]
fn an_edited_manifest_explains_why_no_checkpoint_agrees() {
    let sample = Sample::closed();
    sample.change(MANIFEST, |bytes| bytes.push(b'\n'));
    sample.change_leaves(|leaves| leaves[10][0] ^= 1).has([Finding::Manifest, edited(10, 9)]);
}

#[test]
fn swapped_lines_are_not_missing() {
    let sample = Sample::closed();
    sample.change_lines(TRANSCRIPTS, |lines| lines.swap(3, 4));
    sample.has([Finding::Moved { lines: 5..6, episodes: 3..4 }]);
}

#[test]
fn lines_swapped_together_with_their_hashes_are_found() {
    let sample = Sample::closed();
    sample.change_lines(TRANSCRIPTS, |lines| lines.swap(3, 4)).change_leaves(|leaves| leaves.swap(4, 5));
    sample.has([Finding::Moved { lines: 5..6, episodes: 3..4 }]);
}

#[test]
fn lines_moved_to_the_end_are_one_finding() {
    let sample = Sample::closed();
    sample.change_lines(TRANSCRIPTS, |lines| lines[2..].rotate_left(3));
    sample.has([Finding::Moved { lines: 8..11, episodes: 2..5 }]);
}

#[test]
fn a_repeated_line_is_found() {
    let sample = Sample::closed();
    sample.change_lines(TRANSCRIPTS, |lines| lines.insert(7, lines[3].clone()));
    sample.has([Finding::Repeated { lines: 8..9, episodes: 3..4 }]);
}

#[test]
fn a_line_repeated_together_with_its_hash_is_found() {
    let sample = Sample::closed();
    sample.change_lines(TRANSCRIPTS, |lines| lines.insert(4, lines[3].clone()));
    sample.change_leaves(|leaves| leaves.insert(5, leaves[4].clone()));
    sample.has([Finding::Repeated { lines: 5..6, episodes: 3..4 }]);
}

#[test]
fn a_line_added_together_with_its_hash_is_no_earlier_episode() {
    let sample = Sample::closed();
    let other = r#"{"episode":3}"#;
    sample.change_lines(TRANSCRIPTS, |lines| lines.push(other.to_owned()));
    sample.change_leaves(|leaves| leaves.push(tree::leaf(other.as_bytes()).as_bytes().to_vec()));
    sample.has([Finding::LeavesAdded, added(11..12)]);
}

#[test]
fn a_line_added_after_the_close_is_found() {
    let next = || String::from_utf8(transcript(EPISODES)).unwrap();
    for line in [next(), String::new(), "{}".to_owned()] {
        let sample = Sample::closed();
        sample.change_lines(TRANSCRIPTS, |lines| lines.push(line)).has([added(11..12)]);
    }
    let sample = Sample::closed();
    sample.change(TRANSCRIPTS, |bytes| bytes.push(b'{')).has([added(11..12)]);
    let sample = Sample::closed();
    sample.change_leaves(|leaves| leaves.push(sealed(EPISODES).leaf().as_bytes().to_vec())).has([Finding::LeavesAdded]);
    sample.change_lines(TRANSCRIPTS, |lines| lines.push(next())).has([Finding::LeavesAdded, added(11..12)]);
}

#[test]
fn a_line_added_in_between_is_found() {
    let sample = Sample::closed();
    sample.change_lines(TRANSCRIPTS, |lines| lines.insert(5, r#"{"episode":5}"#.to_owned()));
    sample.has([Finding::Lines { lines: 6..7, episodes: 5..5 }]);
}

#[test]
fn a_line_that_is_too_long_to_be_one_is_found() {
    let sample = Sample::closed();
    sample.change_lines(TRANSCRIPTS, |lines| lines[5] = " ".repeat(LONGEST + 1)).has([edited(6, 5)]);
}

#[test]
fn a_line_that_was_sealed_in_a_wrong_place_is_named() {
    for ordinals in [[0, 2, 3], [0, 1, 1], [1, 0, 2], [1, 2, 3], [0, 1, 9]] {
        let (sample, manifest) = (Sample::empty(), asking_for(3));
        let mut writer = Writer::create(&sample.folder, &manifest).unwrap();
        for episode in ordinals {
            writer.append(&Sealed::of(&lived(manifest.digest(), episode)).unwrap()).unwrap();
        }
        writer.close(Reason::Completed).unwrap();
        let wrong = (0..3).filter(|place| ordinals[at(*place)] != *place).map(|place| place + 1);
        let (first, last) = (wrong.clone().next().unwrap(), wrong.max().unwrap());
        sample.has([Finding::Said { lines: first..last + 1, flaw: Flaw::Episode }]);
    }
}

#[test]
fn an_edited_reason_is_named_with_the_one_that_was_sealed() {
    // Of a run that is whole no record was full.
    for sealed in Reason::ALL.into_iter().filter(|sealed| *sealed != Reason::Full) {
        for said in Reason::ALL.into_iter().filter(|said| *said != sealed) {
            let sample = Sample::empty();
            writer(&sample.folder).close(sealed).unwrap();
            sample.change_lines(CHECKPOINTS, |lines| lines[4] = lines[4].replace(sealed.name(), said.name()));
            sample.has([Finding::Reason { line: 5, sealed }]);
        }
    }
}

#[test]
fn a_close_that_is_made_into_a_checkpoint_is_found() {
    let sample = Sample::closed();
    sample.change_lines(CHECKPOINTS, |lines| lines[4] = lines[4].replace("\"completed\"", "null"));
    sample.has([Finding::Reason { line: 5, sealed: Reason::Completed }]);
}

/// A changed size is detected, since a root belongs to one number of leaves only.
#[test]
fn an_edited_size_is_named_and_nothing_else_is_accused() {
    for (line, sealed) in [1, 2, 4, 8, 12].into_iter().enumerate() {
        for said in (0..20).chain([99, u64::MAX]).filter(|said| *said != sealed) {
            let sample = Sample::closed();
            let size = |size: u64| format!("\"size\":{size},");
            sample.change_lines(CHECKPOINTS, |lines| lines[line] = lines[line].replace(&size(sealed), &size(said)));
            sample.has([Finding::Size { line: u64::try_from(line).unwrap() + 1, sealed }]);
        }
    }
}

#[test]
fn a_checkpoint_that_was_taken_away_is_missed() {
    for (line, size) in [1, 2, 4, 8].into_iter().enumerate() {
        let sample = Sample::closed();
        sample.change_lines(CHECKPOINTS, |lines| drop(lines.remove(line))).has([Finding::CheckpointGone { size }]);
    }
}

/// Seals the first episodes of the sample as a whole run, as a forger of all files would.
fn replaced(episodes: u64, reason: Reason) -> Sample {
    let sample = Sample::closed();
    sample.change_lines(TRANSCRIPTS, |lines| {
        lines.truncate(at(episodes));
        lines.extend((EPISODES..episodes).map(|episode| String::from_utf8(transcript(episode)).unwrap()));
    });
    sample.change(LEAVES, |bytes| {
        let leaves = std::iter::once(manifest().leaf()).chain((0..episodes).map(|episode| sealed(episode).leaf()));
        *bytes = leaves.flat_map(|leaf| leaf.as_bytes().to_vec()).collect();
    });
    let root = reason.close(&tree(episodes + 1));
    let line = format!(r#"{{"size":{},"root":"{root}","closed":"{}"}}"#, episodes + 2, reason.name());
    sample.change_lines(CHECKPOINTS, |lines| *lines = vec![line]);
    sample
}

#[test]
fn a_reason_that_the_number_of_episodes_does_not_admit_is_found() {
    for (episodes, reason, admits) in [
        (9, Reason::Completed, false),
        (10, Reason::Completed, true),
        (11, Reason::Completed, false),
        (9, Reason::Cancelled, true),
        (10, Reason::Aborted, true),
        (11, Reason::Aborted, false),
    ] {
        let sample = replaced(episodes, reason);
        if admits {
            assert!(sample.is_whole(), "{episodes}");
        } else {
            sample.has([Finding::Count { reason, episodes, asked: 10 }]);
        }
    }
}

#[test]
fn a_root_that_was_kept_elsewhere_shows_that_all_the_files_were_replaced() {
    let kept = closed(Reason::Completed);
    let sample = Sample::closed();
    assert!(matches!(verify(&sample.folder, Some(kept)), Ok(Verification::Whole { .. })));
    let sample = replaced(9, Reason::Cancelled);
    let root = Reason::Cancelled.close(&tree(10));
    assert!(sample.is_whole());
    let expected = Verification::Flawed { findings: vec![Finding::Root { root }], omitted: 0 };
    assert_eq!(verify(&sample.folder, Some(kept)).unwrap(), expected);
}

#[test]
fn hashes_that_no_checkpoint_vouches_for_are_found_without_being_read() {
    let sample = Sample::closed();
    // Without a byte on the disk: to read them takes minutes.
    let leaves = std::fs::File::options().write(true).open(sample.folder.join(LEAVES)).unwrap();
    leaves.set_len(1 << 36).unwrap();
    sample.has([Finding::LeavesAdded]);
}

#[test]
fn no_more_leaves_are_hashed_than_the_transcripts_have_room_for() {
    let sample = Sample::closed();
    let sparse = |name: &str| std::fs::File::options().write(true).open(sample.folder.join(name)).unwrap();
    sparse(LEAVES).set_len(1 << 40).unwrap();
    let size: u64 = 1 << 34;
    let text = String::from_utf8(sample.bytes(CHECKPOINTS)).unwrap();
    let last = text.lines().last().unwrap();
    let (before, after) = last.split_once(',').unwrap();
    assert!(before.starts_with("{\"size\":"));
    let forged = text.replace(last, &format!("{{\"size\":{size},{after}"));
    sample.change(CHECKPOINTS, |bytes| *bytes = forged.into_bytes());
    // To hash them takes hours.
    let most = 1 << 20;
    sample.has([Finding::Room { size: size - 1, most }]);
    // A line without an end is looked at no further than to see that it is none.
    sparse(LEAVES).set_len(32 * 12).unwrap();
    sample.change(CHECKPOINTS, |bytes| *bytes = text.into_bytes());
    // To read all of it takes minutes.
    sparse(TRANSCRIPTS).set_len(1 << 40).unwrap();
    let Ok(Verification::Flawed { findings, .. }) = verify(&sample.folder, None) else { panic!("it is whole") };
    assert!(!findings.is_empty());
}
