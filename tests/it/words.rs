//! Words of the program: they name no page and no folder that a user's folder lacks.

use dayfly::capability::CAPABILITIES;
use dayfly::environment::KINDS;
use dayfly::property::PROPERTIES;
use dayfly::reproduction::REPRODUCTIONS;
use dayfly::transcript::Class;

use crate::common::{files, read, root};

/// Folders of this repository.
const FOLDERS: [&str; 9] = ["docs/", "wit/", "examples/", "policies/", "agents/", "src/", "tests/", "crates/", "sdk/"];

/// Returns the words of a text that name a page, or something in a folder, of this repository.
pub(crate) fn lacking(text: &str) -> Vec<&str> {
    let words = text.split(|letter: char| letter.is_whitespace() || "`\"'(),;".contains(letter));
    let names = |word: &str| {
        let is_page = word.strip_suffix(".md").is_some_and(|stem| !stem.is_empty());
        is_page || FOLDERS.iter().any(|folder| word.starts_with(folder))
    };
    words.filter(|word| names(word.trim_end_matches(['.', ':']))).collect()
}

/// Returns what a source prints: its code without comments, tests, and names of files that it is
/// built from.
fn printed(source: &str) -> String {
    let code = source.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let is_code = |line: &&str| {
        let line = line.trim_start();
        !line.starts_with("//") && !line.contains("include_str!(") && !line.contains("include_bytes!(")
    };
    code.lines().filter(is_code).collect::<Vec<_>>().join("\n")
}

/// Names that are allowed: `dayfly wit` prints where each of its files lies, and `dayfly docs` how
/// its pages name each other.
const NAMED: [(&str, &str); 2] = [("src/cli/wit.rs", "wit/{path}\\n\\n{}"), ("src/cli/docs.rs", "testing.md")];

#[test]
fn no_message_names_what_only_this_repository_has() {
    let mut seen = 0;
    let record = files(&root().join("crates/dayfly-record/src"), "rs");
    for path in files(&root().join("src"), "rs").into_iter().chain(record) {
        let place = path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
        if place.contains("/tests") || place.ends_with("wit.rs") && place != "src/cli/wit.rs" {
            continue;
        }
        let text = printed(&read(&path));
        let lacks: Vec<_> = lacking(&text).into_iter().filter(|word| !NAMED.contains(&(&place, word))).collect();
        assert_eq!(lacks, [""; 0], "{place}: `dayfly docs NAME` and `dayfly wit` print what a user's folder lacks");
        seen += text.matches('"').count();
    }
    assert!(seen > 4000, "{seen} quotes");
}

#[test]
fn no_help_and_no_explanation_names_what_only_this_repository_has() {
    let folder = tempfile::tempdir().unwrap();
    let said = |words: &[&str]| {
        let output = crate::suites::dayfly(folder.path(), words);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    said(&["man", "--out", "man"]);
    let pages = files(&folder.path().join("man"), "1");
    assert!(pages.len() > 12, "{}", pages.len());
    for page in pages {
        // A hyphen in a manual page has a backslash before it.
        assert_eq!(lacking(&read(&page).replace('\\', "")), [""; 0], "{}", page.display());
    }
    let properties = PROPERTIES.iter().map(|property| property.code);
    let names = properties.chain(KINDS.iter().map(|kind| kind.name)).chain(Class::ALL.iter().map(|class| class.code()));
    let names = names.chain(CAPABILITIES.iter().map(|capability| capability.name));
    let names = names.chain(dayfly::policy::SHIPPED.iter().map(|(name, _)| *name));
    let names = names.chain(dayfly::agent::SHIPPED.iter().map(|agent| agent.name));
    for name in names.chain(REPRODUCTIONS.iter().map(|one| one.name)) {
        assert_eq!(lacking(&said(&["explain", name])), [""; 0], "{name}");
    }
}

#[test]
fn words_that_a_folder_lacks_are_found() {
    assert_eq!(
        lacking("see docs/testing.md, or `wit/agent.wit`; (SECURITY.md)"),
        ["docs/testing.md", "wit/agent.wit", "SECURITY.md"]
    );
    assert_eq!(lacking("`dayfly docs testing`, target/docs.wasm and .md"), [""; 0]);
}
