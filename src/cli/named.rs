//! Files that somebody else may have chosen: those that a file names, and those that a link leads to.
//!
//! ```text
//!  a path on the command line ------------------------> a regular file, read, bounded --wrong--> shown, with its line
//!    where it is a link: as below
//!  a name in a file --ends as it must--> --link followed, a regular file that ends so too--> read, bounded
//!                                                        --wrong--> shown, where it is what it was named as; else its name alone
//! ```
//!
//! A policy or a suite may be the work of a stranger, and what is wrong with it be shown where strangers read: in the log of a pull
//! request. So a name in it leads to no file of another kind, and no line is shown of a file that is not what it was named as.
//!
//! It does not show whether a file is there: what is missing is told from what is not read.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use super::failure::Failure;
use crate::environment::World;
use crate::ledger::regular;
use crate::policy::{self, Invalid, PolicyOrigin};
use crate::suite;

/// Endings of the files that a file may name.
const ENDINGS: &[&str] = &["toml", "wasm", "wat"];

/// Maximum size in bytes: of a text, of one that may be a world, and of a file that is a component.
const MOST_TEXT: u64 = 1 << 20;
const MOST_WORLD: u64 = 4 << 20;
const MOST: u64 = 65 << 20;

/// Reads a file that the user names, or that a file names and that was [admitted](admit).
pub(super) fn read(what: &str, path: &str) -> Result<Vec<u8>, Failure> {
    let place = Path::new(path);
    if is_link(place) && is_ours(place, ENDINGS) {
        admit(path, ENDINGS)?;
    }
    let unreadable = |error: io::Error| super::find::unreadable(what, path, &error);
    let mut bytes = Vec::new();
    let mut file = regular(place).map_err(unreadable)?;
    // A component may be much longer than a text.
    let text = if matches!(what, "policy" | "suite" | "task") { MOST_TEXT } else { MOST_WORLD };
    for most in [text, MOST] {
        let left = most.saturating_add(1).saturating_sub(length(&bytes));
        file.by_ref().take(left).read_to_end(&mut bytes).map_err(unreadable)?;
        if length(&bytes) <= most {
            return Ok(bytes);
        }
        if !bytes.starts_with(b"\0asm") {
            let help = "a text that a person writes is shorter: leave out what is there twice, or split it";
            return Err(Failure::input(format!("the {what} `{path}` has more than {most} bytes"), help));
        }
    }
    Err(Failure::input(format!("the {what} `{path}` has more than {MOST} bytes"), "name a smaller file"))
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// Checks that a file that another file names may be read. Its name and the target of a link have
/// one of the endings, and it is a regular file. A missing file is left to the reader to find.
pub(super) fn admit(path: &str, endings: &[&str]) -> Result<(), Failure> {
    let (place, all) = (Path::new(path), endings);
    let endings =
        || format!("a name in a file, or a link, leads to a regular file that ends in `.{}`", all.join("`, `."));
    if !is_ours(place, all) {
        return Err(Failure::input(format!("`{path}` is not read: its name does not end as it must"), endings()));
    }
    let Ok(real) = fs::canonicalize(place) else { return Ok(()) };
    if !is_ours(&real, all) || real.extension() != place.extension() {
        return Err(Failure::input(format!("`{path}` is not read: it leads to a file of another kind"), endings()));
    }
    if !real.is_file() {
        return Err(Failure::input(format!("`{path}` is not read: it is no regular file"), endings()));
    }
    Ok(())
}

/// Finds what a file names: a name or a path, with parameters behind a colon or the openings of a
/// policy.
pub(super) fn found<T>(text: &str, find: impl Fn(&str) -> Result<T, Failure>) -> Result<T, Failure> {
    let (path, _) = super::find::opened(text.split(':').next().unwrap_or_default());
    if !super::find::is_path(path) {
        return find(text);
    }
    admit(path, ENDINGS)?;
    find(text).map_err(|failure| unquoted(failure, path))
}

/// Returns the failure of a file that another file names. Its lines are left out if it is not what
/// it was named as.
fn unquoted(failure: Failure, path: &str) -> Failure {
    if !failure.shows(path) {
        return failure;
    }
    match read("file", path).map(String::from_utf8) {
        Ok(Ok(text)) if is_known(&text) => failure,
        _ => unknown(path),
    }
}

/// Returns the failure of a policy, or of a policy that it extends. Lines of the latter are left
/// out if it is no policy.
pub(super) fn invalid(invalid: Invalid, named: &str) -> Failure {
    let Invalid { file, .. } = &invalid;
    if file.origin == PolicyOrigin::User && file.path != named && !policy::is_one(&file.text) {
        return unknown(&file.path);
    }
    invalid.into()
}

/// `true` if lines of a file that the user names may be shown. They may not if it is a link to
/// another kind of file.
pub(super) fn may_be_shown(path: &str, text: &str) -> bool {
    !is_link(Path::new(path)) || is_known(text)
}

/// Returns the failure for a file that is not what it was named as.
pub(super) fn unknown(path: &str) -> Failure {
    let message = format!("`{path}` is named as a policy, a world or a suite, and is none");
    Failure::input(message, format!("`dayfly check {path}` says what is wrong with a policy, and shows its lines"))
}

/// `true` if a text is a policy, a world or a suite, valid or not.
fn is_known(text: &str) -> bool {
    policy::is_one(text) || suite::is_one(text) || World::is_table(text)
}

fn is_link(path: &Path) -> bool {
    path.is_symlink()
}

fn is_ours(path: &Path, endings: &[&str]) -> bool {
    path.extension().and_then(OsStr::to_str).is_some_and(|ending| endings.contains(&ending))
}
