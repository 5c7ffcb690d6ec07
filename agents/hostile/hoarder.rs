//! Looks for what an earlier episode left, and leaves something for a later one.
//!
//! It says in its log what it found: `found nothing of an earlier episode`, or a line for each file, `found 'NAME' of
//! an earlier episode: BYTES bytes`, and `found memory of an earlier episode` where its own memory was not fresh. It
//! leaves two files and its mark in memory behind and plays on to the end. It shows that the workspace and the memory
//! are wiped.

use std::iter::repeat;
use std::sync::atomic::{AtomicBool, Ordering};

use dayfly_agent::{Agent, Episode, Refusal, export, log, workspace};

static MARK: AtomicBool = AtomicBool::new(false);

struct Hoarder;

impl Agent for Hoarder {
    fn run(episode: &mut Episode) -> Result<(), Refusal> {
        let marked = MARK.swap(true, Ordering::Relaxed);
        if marked {
            say("found memory of an earlier episode");
        }
        if search("").unwrap_or(0) == 0 && !marked {
            say("found nothing of an earlier episode");
        }
        let _ = workspace::write("hoard", b"for a later episode");
        let _ = workspace::write("cellar/hoard", b"for a later episode, in a folder");
        let action = episode.brief()?.actions.first();
        episode.play(repeat(action))
    }
}

/// Read what is in a folder and the folders below it, and count the files.
fn search(folder: &str) -> Result<u32, Refusal> {
    let mut found = 0;
    for entry in workspace::entries(folder)? {
        let path = if folder.is_empty() { entry.name } else { format!("{folder}/{}", entry.name) };
        if entry.folder {
            found += search(&path)?;
        } else {
            let bytes = workspace::read(&path)?.len();
            say(&format!("found '{path}' of an earlier episode: {bytes} bytes"));
            found += 1;
        }
    }
    Ok(found)
}

fn say(message: &str) {
    let _ = log::write(message);
}

export!(Hoarder);
