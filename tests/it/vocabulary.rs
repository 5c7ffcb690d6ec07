//! One word for one thing: names of types, first words of doc comments, and the list in `docs/words.md`.

use std::collections::{BTreeMap, BTreeSet};

use crate::common::{files, read, root};

/// Names that each module may have of its own.
const OF_EACH_MODULE: [&str; 4] = ["State", "Error", "Limits", "Fault"];

/// Crates that only tests use.
const ONLY_FOR_TESTS: [&str; 2] = ["crates/dayfly-attempts", "crates/dayfly-compiled"];

/// First words with which a doc comment asks instead of naming a thing.
const QUESTIONS: [&str; 10] = ["What", "Whether", "How", "Who", "Whose", "Where", "Why", "When", "Which", "That"];

/// Most words of one sentence in a doc comment.
const LONGEST: usize = 32;

/// A source without its unit tests.
fn code(source: &str) -> &str {
    source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default()
}

/// Name of the type that a line of a source defines.
fn defined(line: &str) -> Option<&str> {
    let line = match line.strip_prefix("pub") {
        Some(rest) if rest.starts_with('(') => rest.split_once(") ")?.1,
        Some(rest) => rest.trim_start(),
        None => line,
    };
    let rest = ["struct ", "enum ", "trait ", "type "].iter().find_map(|keyword| line.strip_prefix(keyword))?;
    rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next()
}

/// Blocks of doc comments of a source, each as its lines.
fn blocks(source: &str) -> Vec<Vec<&str>> {
    let mut blocks = vec![Vec::new()];
    for line in code(source).lines().map(str::trim_start) {
        match line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) {
            Some(text) => blocks.last_mut().unwrap().push(text.strip_prefix(' ').unwrap_or(text)),
            None => blocks.push(Vec::new()),
        }
    }
    blocks.retain(|block| !block.is_empty());
    blocks
}

/// `true` if a doc comment begins with a word that asks.
fn asks(block: &[&str]) -> bool {
    let first = block.first().and_then(|line| line.split(|letter: char| !letter.is_alphabetic()).next());
    first.is_some_and(|word| QUESTIONS.contains(&word))
}

/// Sentences of a doc comment that are longer than [`LONGEST`] words; pictures, tables, lists and code are not read.
fn long(block: &[&str]) -> Vec<String> {
    let mut is_code = false;
    let mut prose = String::new();
    for line in block {
        if line.starts_with("```") {
            is_code = !is_code;
        }
        let is_prose = !is_code && !line.starts_with(['|', '#', '-', '`']) && !line.starts_with("    ");
        prose.push_str(if is_prose { line } else { "." });
        prose.push(' ');
    }
    let ends = |part: &&str| !part.trim().is_empty();
    prose
        .split_inclusive([' '])
        .fold(vec![String::new()], |mut sentences, word| {
            sentences.last_mut().unwrap().push_str(word);
            if word.trim_end().ends_with(['.', ':', ';', '?']) {
                sentences.push(String::new());
            }
            sentences
        })
        .into_iter()
        .filter(|sentence| sentence.split_whitespace().filter(ends).count() > LONGEST)
        .collect()
}

/// Sources of the library, the program and the crates beside them, by their path from the root.
fn sources() -> Vec<(String, String)> {
    let mut paths = files(&root().join("src"), "rs");
    paths.extend(files(&root().join("crates"), "rs"));
    let is_test = |path: &str| path.contains("/tests/") || path.ends_with("/tests.rs") || path.ends_with("testing.rs");
    let named = paths.iter().map(|path| (path.strip_prefix(root()).unwrap().display().to_string(), read(path)));
    named.filter(|(path, _)| !is_test(path)).collect()
}

#[test]
fn no_two_types_have_one_name() {
    let mut defining: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, source) in
        sources().into_iter().filter(|(path, _)| !ONLY_FOR_TESTS.iter().any(|of| path.starts_with(of)))
    {
        for name in code(&source).lines().filter_map(defined).filter(|name| !OF_EACH_MODULE.contains(name)) {
            defining.entry(name.to_owned()).or_default().insert(path.clone());
        }
    }
    assert!(defining.len() > 500, "{} types", defining.len());
    defining.retain(|_, paths| paths.len() > 1);
    assert!(defining.is_empty(), "one word for one thing; these types have one name: {defining:#?}");
}

#[test]
fn a_doc_comment_begins_with_the_thing() {
    let mut found = Vec::new();
    for (path, source) in sources() {
        found.extend(blocks(&source).iter().filter(|block| asks(block)).map(|block| format!("{path}: {}", block[0])));
    }
    assert!(found.is_empty(), "a doc comment begins with the thing, such as `Number of ..`: {found:#?}");
}

#[test]
fn no_sentence_of_a_doc_comment_is_longer_than_32_words() {
    let mut found = Vec::new();
    for (path, source) in sources() {
        found.extend(blocks(&source).iter().flat_map(|block| long(block)).map(|text| format!("{path}: {text}")));
    }
    assert!(found.is_empty(), "make two sentences of one: {found:#?}");
}

#[test]
fn the_list_of_words_names_types_that_are_there() {
    let types: BTreeSet<String> = sources()
        .iter()
        .flat_map(|(_, source)| code(source).lines().filter_map(defined).map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let page = read(&root().join("docs/words.md"));
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.starts_with("| "))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    assert!(rows.len() > 30, "{} rows", rows.len());
    for row in &rows[1..] {
        let named = row[2].split('`').skip(1).step_by(2);
        for name in named {
            assert!(types.contains(name), "docs/words.md names the type `{name}` for {}, which is not there", row[1]);
        }
    }
    let mut words: Vec<&str> = rows[1..].iter().map(|row| row[1]).collect();
    let sorted = {
        let mut sorted = words.clone();
        sorted.sort_by_key(|word| word.to_lowercase());
        sorted
    };
    assert_eq!(words, sorted, "the list is in the order of the alphabet");
    words.dedup();
    assert_eq!(words.len(), rows.len() - 1, "a word stands once");
}

#[test]
fn words_that_were_given_up_do_not_come_back() {
    let page = read(&root().join("docs/words.md"));
    let given_up: Vec<&str> = page
        .lines()
        .find_map(|line| line.strip_prefix("Not used in code: "))
        .expect("a line of words that are not used")
        .split('`')
        .skip(1)
        .step_by(2)
        .collect();
    assert!(given_up.len() > 3, "{given_up:?}");
    for (path, source) in sources() {
        for word in source.split(|letter: char| !letter.is_alphanumeric()) {
            assert!(
                !given_up.contains(&word.to_lowercase().as_str()),
                "{path}: `{word}` was given up, see docs/words.md"
            );
        }
    }
}

#[test]
fn what_these_tests_look_for_is_found() {
    assert_eq!(defined("pub(super) struct Slot<'s> {"), Some("Slot"));
    assert_eq!(defined("pub trait World: Send {"), Some("World"));
    assert_eq!(defined("    struct Inner;"), None);
    assert!(asks(&blocks("/// Whether it holds.\nfn f() {}")[0]));
    assert!(!asks(&blocks("/// `true` if it holds.\nfn f() {}")[0]));
    let words = |n: usize| format!("/// {}.\nfn f() {{}}", vec!["word"; n].join(" "));
    assert!(long(&blocks(&words(LONGEST))[0]).is_empty());
    assert_eq!(long(&blocks(&words(LONGEST + 1))[0]).len(), 1);
}
