//! What people read fits into 80 columns, where there are so many.

use std::path::Path;

use crate::common::{dayfly, files, read, root};

/// What the program says to these words, in 80 columns.
fn said(words: &[&str]) -> String {
    let output = dayfly().env("COLUMNS", "80").args(words).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Whether a line is no wider, or has something in it that is not broken: a path, a digest, an address, a line of a file.
fn fits(line: &str) -> bool {
    let longest = line.split(' ').map(|word| word.chars().count()).max().unwrap_or(0);
    line.chars().count() <= 80 || longest > 40
}

#[test]
fn every_list_and_every_explanation_fits_into_80_columns() {
    let all = said(&["list"]);
    let mut explained = 0;
    let mut wide: Vec<String> = all.lines().filter(|line| !fits(line)).map(str::to_owned).collect();
    let lists = ["agents", "environments", "policies", "capabilities", "reproductions", "violations", "properties"];
    for list in lists {
        let text = said(&["list", list]);
        wide.extend(text.lines().filter(|line| !fits(line)).map(|line| format!("list {list}: {line}")));
        // What `list` says of it, to the next list.
        let (_, rest) = all.split_once(list).unwrap();
        let names: Vec<&str> = rest.lines().take_while(|line| line.starts_with(' ')).collect();
        for name in names.join(" ").split(", ").map(str::trim) {
            explained += 1;
            let text = said(&["explain", name]);
            // The contract is code.
            let (before, after) = text.split_once("The contract with agents:").unwrap_or((text.as_str(), ""));
            let (_, after) = after.split_once("Its functions:").unwrap_or(("", ""));
            let lines = before.lines().chain(after.lines());
            let too_wide = lines.filter(|line| !line.starts_with("    ") && !fits(line));
            wide.extend(too_wide.map(|line| format!("explain {name}: {line}")));
        }
    }
    assert!(wide.is_empty(), "{}", wide.join("\n"));
    assert!(explained > 90, "{explained} names");
}

/// What is shown of the commands of a conversation for people: their lines.
fn shown(path: &Path) -> Vec<String> {
    let (mut lines, mut is_typed, mut is_read_by_people) = (Vec::new(), false, true);
    for line in read(path).lines() {
        if line.starts_with("```") {
            is_typed = line == "```console";
        } else if let Some(typed) = line.strip_prefix("$ ").filter(|_| is_typed) {
            let machines = [
                "--json",
                "--effective",
                "--github",
                "--against",
                "--help",
                "schema",
                "completions",
                "docs ",
                "man",
                " wit",
            ];
            is_read_by_people = !machines.iter().any(|word| typed.contains(word));
        } else if is_typed && is_read_by_people {
            lines.push(line.to_owned());
        }
    }
    lines
}

#[test]
fn every_message_of_the_conversations_fits_into_80_columns() {
    let conversations = files(&root().join("tests/cli"), "trycmd");
    let (mut wide, mut read) = (Vec::new(), 0);
    for path in &conversations {
        for line in shown(path) {
            read += 1;
            // Lines of a file of the user, and lines to copy, are not broken.
            let is_quoted =
                line.trim_start_matches(|letter: char| letter == ' ' || letter.is_ascii_digit()).starts_with('|');
            let is_copied = ["dayfly ", "$ "].iter().any(|begins| {
                let text = line.trim_start();
                text.starts_with(begins)
                    || text.contains(": dayfly ")
                    || text.split_once("  ").is_some_and(|(_, rest)| rest.trim_start().starts_with(begins))
            });
            if !is_quoted && !is_copied && !fits(&line) {
                wide.push(format!("{}: {line}", path.file_name().unwrap().display()));
            }
        }
    }
    assert!(wide.is_empty(), "{}", wide.join("\n"));
    assert!(read > 300, "{read} lines");
}
