//! `dayfly verify --proof`: checks a proof of one leaf.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde::Serialize;

use super::super::failure::Failure;
use super::super::{Exit, key, say};
use crate::ledger::{LONGEST, Proof, ProofFlaw, Proved, ProvedLeaf};
use crate::report::plain;
use crate::value::{Digest, plain_path};

/// Object that `--json` prints for a proof.
#[derive(Serialize)]
struct ProofJson {
    version: u32,
    proved: bool,
    /// `manifest`, `episode` or `close`.
    leaf: Option<&'static str>,
    episode: Option<u64>,
    run: Option<Digest>,
    root: Option<Digest>,
    signed_by: Option<String>,
    kind: Option<&'static str>,
    what: Option<String>,
}

/// Checks the proof in a file, of the leaf in another one.
pub(super) fn check(proof: &Path, leaf: &Path, key: &Path, is_json: bool) -> Result<Exit, Failure> {
    let key = key::verifying(key)?;
    let shown = plain_path(proof);
    let not_one = || Failure::input(format!("`{shown}` is not a proof"), "`dayfly prove` writes one");
    let read = Proof::parse(&bytes(proof, 1 << 20)?).ok_or_else(not_one)?;
    let most = u64::try_from(LONGEST).unwrap_or(u64::MAX);
    let mut line = bytes(leaf, most)?;
    let result = read.check(&line, &key).or_else(|flaw| {
        // A line that was cut out of a file has its newline.
        if line.pop_if(|last| *last == b'\n').is_some() { read.check(&line, &key) } else { Err(flaw) }
    });
    match result {
        Ok(proved) => {
            tell(&proved, is_json)?;
            Ok(Exit::Held)
        }
        Err(flaw) => {
            let (kind, what) = words(&flaw, &plain_path(leaf), key.name());
            if is_json {
                print(&ProofJson { kind: Some(kind), what: Some(what), ..ProofJson::new() })?;
            } else {
                say!("{kind}: {what}");
                say!("  help: do not take it for a part of a run of this key: ask its holder for a proof");
            }
            Ok(Exit::Violated)
        }
    }
}

impl ProofJson {
    const fn new() -> Self {
        Self {
            version: 1,
            proved: false,
            leaf: None,
            episode: None,
            run: None,
            root: None,
            signed_by: None,
            kind: None,
            what: None,
        }
    }
}

fn tell(Proved { leaf, head }: &Proved, is_json: bool) -> Result<(), Failure> {
    let (name, episode) = match leaf {
        ProvedLeaf::Manifest => ("manifest", None),
        ProvedLeaf::Episode(episode) => ("episode", Some(*episode)),
        ProvedLeaf::Close => ("close", None),
    };
    if is_json {
        return print(&ProofJson {
            proved: true,
            leaf: Some(name),
            episode,
            run: Some(head.run),
            root: Some(head.root),
            signed_by: Some(head.name.clone()),
            ..ProofJson::new()
        });
    }
    let what = episode.map_or_else(|| format!("the {name}"), |episode| format!("episode {episode}"));
    say!("proved    {what} of the run {}", head.run);
    say!("root      {}", head.root);
    say!("signed    by {}", plain(&head.name));
    Ok(())
}

fn words(flaw: &ProofFlaw, leaf: &str, key: &str) -> (&'static str, String) {
    match flaw {
        ProofFlaw::ByOther(names) => {
            let by: Vec<_> = names.iter().map(|name| format!("`{}`", plain(name))).collect();
            let by = by.join(" and ");
            (
                "signed by someone else",
                format!("the checkpoint is signed by {by}, and not by this key of `{}`", plain(key)),
            )
        }
        ProofFlaw::Spoilt => ("edited", format!("the signature of `{}` is not of this checkpoint", plain(key))),
        ProofFlaw::Path => ("edited", format!("`{leaf}` is not what this proof leads from")),
        ProofFlaw::Says => ("edited", format!("`{leaf}` says that it is another episode, or of another run")),
    }
}

fn print(object: &ProofJson) -> Result<(), Failure> {
    say!("{}", crate::value::json::pretty(object).map_err(|error| Failure::host(&error))?);
    Ok(())
}

/// Reads a file of at most `most` bytes.
fn bytes(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    let shown = plain_path(path);
    let unread = |why: &dyn std::fmt::Display| {
        Failure::input(format!("cannot read `{shown}`: {why}"), "name the proof, and the file that it proves")
    };
    let about = path.metadata().map_err(|error| unread(&error))?;
    if !about.is_file() {
        return Err(unread(&"it is not a regular file"));
    }
    if about.len() > most {
        return Err(unread(&"it is too long"));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| unread(&error))?;
    file.take(most).read_to_end(&mut bytes).map_err(|error| unread(&error))?;
    Ok(bytes)
}
