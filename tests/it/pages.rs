//! Pages that show what the program says: each `console` block of `docs/`, and of some pages beside
//! it, is run as it stands.
//!
//! ```text
//!  page --files of `toml` blocks that begin with `# NAME.toml`--> a folder
//!       --`$ line`--> sh, in that folder --output--> the lines below it; `...` stands for any lines, `…` for any text
//! ```
//!
//! A line that ends with `# exits with N` has to exit so; any other one with 0. Commands in `sh`
//! blocks are not run: they take long, or need what a test has not.

use std::fs;
use std::path::Path;

use crate::common::{DAYFLY, command, files, read, root};

/// Pages whose lines take long: they make measurements and mutants.
const LONG: [&str; 3] = ["design.md", "mutants.md", "speed.md"];

/// Returns the blocks of a page that have this word behind their fence.
fn blocks<'p>(page: &'p str, word: &str) -> Vec<&'p str> {
    let fence = format!("```{word}\n");
    page.split(fence.as_str()).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

/// Returns the lines that are typed, each with what is shown below it.
fn typed(block: &str) -> Vec<(&str, Vec<&str>)> {
    let mut typed: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in block.lines() {
        match (line.strip_prefix("$ "), typed.last_mut()) {
            (Some(line), _) => typed.push((line, Vec::new())),
            (None, Some((_, shown))) => shown.push(line),
            (None, None) => panic!("nothing was typed before: {line}"),
        }
    }
    typed
}

/// `true` if the lines that are shown are those that were said.
fn is_shown(shown: &[&str], said: &[&str]) -> bool {
    match shown {
        [] => said.is_empty(),
        ["...", rest @ ..] => (0..=said.len()).any(|skipped| is_shown(rest, &said[skipped..])),
        [line, rest @ ..] => said.first().is_some_and(|first| is_line(line, first)) && is_shown(rest, &said[1..]),
    }
}

fn is_line(shown: &str, said: &str) -> bool {
    let Some((before, after)) = shown.split_once('…') else { return shown.trim_end() == said.trim_end() };
    let Some(rest) = said.strip_prefix(before) else { return false };
    rest.char_indices().map(|(at, _)| at).chain([rest.len()]).any(|at| is_line(after, &rest[at..]))
}

/// Runs a line. Fails with the place where the output differs from what is shown.
fn run(folder: &Path, line: &str, shown: &[&str]) -> Result<(), String> {
    let path = format!("{}:{}", Path::new(DAYFLY).parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut shell = command("sh");
    shell.current_dir(folder).env("PATH", path).env_remove("GITHUB_ACTIONS").env_remove("COLUMNS");
    let output = shell.args(["-c", line]).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let expected = line.split_once("# exits with ").map_or(0, |(_, code)| code.parse().unwrap());
    // A line on what takes long comes on a slow machine alone.
    let is_of_the_clock = |line: &&str| line.trim_start().starts_with("SLOW [");
    let lines = |text: &str| -> Vec<String> {
        text.trim_end().lines().map(str::trim_end).filter(|line| !is_of_the_clock(line)).map(str::to_owned).collect()
    };
    let (said, shown) = (lines(&said), lines(&shown.join("\n")));
    let of = |lines: &[String]| lines.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
    let [is, there] = [&said, &shown].map(|lines| lines.iter().map(String::as_str).collect::<Vec<_>>());
    // If nothing is shown, the output does not matter.
    let is_as_shown = there.is_empty() || is_shown(&there, &is);
    if output.status.code() == Some(expected) && is_as_shown {
        return Ok(());
    }
    Err(format!("$ {line}\n--- shown\n{}\n--- said, {}\n{}\n", of(&shown), output.status, of(&said)))
}

#[test]
fn what_a_page_shows_is_what_the_program_says() {
    let (mut wrong, mut lines) = (Vec::new(), 0);
    let named = |path: &Path, names: &[&str]| names.iter().any(|name| path.ends_with(name));
    let pages = files(&root().join("docs"), "md").into_iter().filter(|path| !named(path, &LONG));
    for path in pages.chain(["SECURITY.md", "GUARANTEES.md", "CONTRIBUTING.md"].map(|name| root().join(name))) {
        let (place, page) = (tempfile::tempdir().unwrap(), read(&path));
        for file in blocks(&page, "toml") {
            let first = file.lines().next().unwrap_or_default();
            let stem = first.strip_prefix("# ").and_then(|name| name.strip_suffix(".toml"));
            if let Some(stem) = stem.filter(|stem| !stem.contains(' ')) {
                fs::write(place.path().join(stem).with_extension("toml"), file).unwrap();
            }
        }
        for (line, shown) in blocks(&page, "console").into_iter().flat_map(typed) {
            lines += 1;
            let name = path.file_name().unwrap().display();
            wrong.extend(run(place.path(), line, &shown).err().map(|error| format!("{name}: {error}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(lines > 25, "{lines} lines");
}

#[test]
fn lines_and_text_that_are_left_out_stand_for_any() {
    assert!(is_shown(&["a", "...", "d"], &["a", "b", "c", "d"]) && is_shown(&["...", "a"], &["a"]));
    assert!(!is_shown(&["a", "...", "d"], &["a", "b"]) && !is_shown(&["a"], &["a", "b"]) && !is_shown(&["a"], &[]));
    assert!(is_line("root …", "root 5f") && is_line("took … s, …", "took 3 s, 4") && !is_line("root … s", "root 5f"));
    let place = tempfile::tempdir().unwrap();
    assert_eq!(run(place.path(), "dayfly explain P99 # exits with 2", &["..."]), Ok(()));
    assert!(run(place.path(), "dayfly explain P99", &["..."]).is_err(), "another code");
    assert!(run(place.path(), "dayfly list agents", &["none"]).is_err(), "something else is said");
}
