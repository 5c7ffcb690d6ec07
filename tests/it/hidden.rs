//! Hidden characters: control characters, overrides of direction, separators of lines, tags. None
//! of them stands raw in a record, in what is printed for programs, or in a message.

use std::path::Path;

use dayfly::agent::ParsedAgent;
use dayfly::environment::World;
use dayfly::ledger::{self, Writer};
use dayfly::policy::{Policy, SHIPPED};
use dayfly::suite::{CaseFilter, File};
use dayfly::value::{Fault, is_hidden};

/// One character of each kind. A name of a file on a command line cannot have the first ones.
const HIDDEN: [char; 12] = [
    '\u{1b}',
    '\n',
    '\u{7f}',
    '\u{85}',
    '\u{9b}',
    '\u{202e}',
    '\u{2066}',
    '\u{200f}',
    '\u{2028}',
    '\u{2029}',
    '\u{e0041}',
    '\u{fff9}',
];

#[track_caller]
fn is_plain(text: &str, of: &str) {
    assert!(!text.contains(is_hidden), "{text:?} of {of:?}");
}

#[track_caller]
fn are_plain(faults: &[Fault], of: &str) {
    for fault in faults {
        for text in [&fault.message, &fault.label, &fault.help, &fault.to_string()] {
            is_plain(text, of);
        }
    }
}

/// Returns the text with a character put in after each quote and at the beginning of each line, one
/// place at a time.
fn disturbed(text: &str, hidden: char) -> impl Iterator<Item = String> {
    let places = text.match_indices(['"', '\n', '[', '=']).map(|(at, _)| at + 1);
    places.map(move |at| format!("{}{hidden}{}", &text[..at], &text[at..]))
}

#[test]
fn no_message_about_a_file_of_the_user_has_one_raw() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let cases = crate::common::files(&root.join("tests/cases/policy"), "toml");
    let mut policies: Vec<String> = cases.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    policies.extend(SHIPPED.iter().map(|(_, text)| (*text).to_owned()));
    policies.push("extends = \"none.toml\"\n".to_owned());
    policies.push("name = \"x\"\n[grants.a]\nmode = \"b\"\n".to_owned());
    let worlds = crate::common::files(&root.join("tests/cli"), "toml");
    let others: Vec<String> = worlds.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let mut wrong = 0;
    for (position, text) in policies.iter().chain(&others).enumerate() {
        let hidden = [HIDDEN[position % HIDDEN.len()], '\u{9b}'];
        for text in hidden.into_iter().flat_map(|hidden| disturbed(text, hidden)) {
            if let Err(invalid) = Policy::parse("a\u{9b}\u{202e}.toml", text.as_str()) {
                are_plain(&invalid.faults, &text);
                is_plain(&invalid.to_string(), &text);
                wrong += 1;
            }
            are_plain(&File::read(&text).err().unwrap_or_default(), &text);
            are_plain(&World::table(&text).err().map(|faulty| faulty.0).unwrap_or_default(), &text);
        }
    }
    assert!(wrong > 500, "{wrong}");
}

#[test]
fn no_message_about_a_name_or_a_path_has_one_raw() {
    let folder = tempfile::tempdir().unwrap();
    let plan = crate::common::Run::of("random", "strict", "button").plan();
    let manifest = ledger::SealedManifest::new(&plan.manifest()).unwrap();
    for hidden in HIDDEN {
        let name = format!("a{hidden}b");
        for text in
            [name.clone(), format!("button:{name}=1"), format!("button:future={name}"), format!("button:{name}")]
        {
            let error = text.parse::<World>().unwrap_err();
            is_plain(&error.to_string(), &text);
            is_plain(&error.help, &text);
        }
        for text in [name.clone(), format!("property({name})"), format!("{name}("), format!("property(P01) {name}")] {
            are_plain(&CaseFilter::parse(&text).err().into_iter().collect::<Vec<_>>(), &text);
        }
        let import = format!("(component (import \"{name}\" (func)))");
        for bytes in [&b""[..], b"?", b"\0asm", b"(", name.as_bytes(), import.as_bytes(), b"(module)", b"(component)"] {
            let Err(error) = ParsedAgent::read(&name, bytes) else { continue };
            // The text of a component is shown with its lines.
            is_plain(&error.to_string().replace('\n', ""), &name);
            is_plain(&error.help(), &name);
        }
        let path = folder.path().join(&name);
        let none = ledger::verify(&path, None).unwrap_err();
        is_plain(&none.to_string(), &name);
        std::fs::write(&path, "").unwrap();
        is_plain(&Writer::create(&path, &manifest).err().unwrap().to_string(), &name);
        is_plain(&Writer::create(&path.join("below"), &manifest).err().unwrap().to_string(), &name);
    }
}

#[test]
fn what_is_printed_and_recorded_has_none_raw() {
    let folder = tempfile::tempdir().unwrap();
    let dayfly = |words: &[&str]| {
        let output = crate::common::dayfly().current_dir(&folder).args(words).output().unwrap();
        let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        for text in [&out, &err] {
            is_plain(&text.replace(['\n', '\t'], ""), &words.join(" "));
        }
        (output.status.code(), out)
    };
    let name: String = HIDDEN.iter().filter(|hidden| **hidden != '\n').collect();
    for (round, words) in [
        &["run", "none", "-e", "button"][..],
        &["run", "random", "-e", "none"],
        &["run", "random", "-e", "button:none=1"],
        &["run", "random", "-p", "none", "-e", "button"],
        &["run", "random", "-p", "none.toml", "-e", "button"],
        &["run", "none.wasm", "-e", "button"],
        &["check", "none"],
        &["check", "none.toml"],
        &["explain", "none"],
        &["verify", "none"],
        &["verify", "run", "--root", "none"],
        &["test", "-a", "random", "-P", "none"],
        &["test", "none.toml"],
        &["measure", "horizon", "none"],
        &["init", "--agent", "none"],
    ]
    .into_iter()
    .enumerate()
    {
        let words: Vec<String> = words.iter().map(|word| word.replace("none", &name)).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (code, _) = dayfly(&words);
        assert_ne!(code, Some(0), "{round}");
        assert_ne!(code, Some(101), "{round}");
    }
    let (task, out) = (format!("press {name} it"), format!("run{name}"));
    let (code, json) = dayfly(&["run", "random", "-e", "button", "--task", &task, "--out", &out, "--json"]);
    assert_eq!(code, Some(0));
    let data: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(data["ledger"]["path"], out.as_str(), "whoever reads it gets the same text");
    let manifest = std::fs::read_to_string(folder.path().join(&out).join("manifest.json")).unwrap();
    is_plain(&manifest.replace('\n', ""), &task);
    let read: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(read["task"], task.as_str());
    assert_eq!(dayfly(&["verify", &out]).0, Some(0));
}
