//! Kind of a file, by its content.

use std::path::Path;

use super::failure::Failure;
use super::{find, named};
use crate::agent::AgentSource;
use crate::policy;
use crate::registry::Registry;
use crate::value::parse_toml;

/// Maximum size of a document, in bytes.
const LONGEST: usize = 4 << 20;

/// Kind of something to check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum FileKind {
    Policy,
    Suite,
    World,
    Agent,
}

/// Keys of each kind of document.
const KEYS: [(FileKind, &[&str]); 3] = [
    (
        FileKind::Policy,
        &[
            "extends",
            "based-on",
            "episode",
            "objective",
            "boundary",
            "population",
            "grants",
            "roles",
            "rules",
            "isolation",
            "record",
            "violations",
        ],
    ),
    (FileKind::Suite, &["seed", "agents", "policies", "environments", "properties"]),
    (FileKind::World, &["task", "start", "actions", "steps", "persist", "parameters", "states"]),
];

impl FileKind {
    /// Returns the kind of a built-in name, or of a file by its content.
    pub(in crate::cli) fn of(registry: &Registry, name: &str) -> Result<Self, Failure> {
        let stem = name.split(':').next().unwrap_or_default();
        if !find::is_path(stem) {
            let is_policy = policy::shipped(name).is_some();
            return Ok(match (is_policy, AgentSource::shipped(name)) {
                (false, Some(_)) => Self::Agent,
                (false, None) if registry.worlds().iter().any(|world| world.name() == stem) => Self::World,
                _ => Self::Policy,
            });
        }
        // An agent has instructions behind a colon, and a world has parameters.
        let path = if Path::new(name).is_file() { name } else { stem };
        let is_folder = Path::new(path).is_dir();
        if is_folder {
            return Err(Failure::input(format!("`{path}` is a folder"), "name the files in it"));
        }
        let bytes = match named::read("file", path) {
            Ok(bytes) => bytes,
            // A file that is not there may have the name of a built-in policy, which the reader of
            // policies then suggests.
            Err(_) if policy_named(path) => return Ok(Self::Policy),
            Err(failure) => return Err(failure),
        };
        match String::from_utf8(bytes) {
            Ok(text) if !text.starts_with('\0') && !is_component(&text) => Self::of_text(path, &text),
            _ => Ok(Self::Agent),
        }
    }

    /// Returns the name of the kind, with its article.
    pub(in crate::cli) const fn name(self) -> &'static str {
        match self {
            Self::Policy => "a policy",
            Self::Suite => "a suite",
            Self::World => "a world",
            Self::Agent => "an agent",
        }
    }

    /// Returns the help that says how a file of this kind is used.
    fn place(self, path: &str) -> String {
        match self {
            Self::Policy => format!("use `-p {path}`; a suite names it under `policies`"),
            Self::World => format!("use `-e {path}`; a suite names it under `environments`"),
            Self::Suite => format!("use `dayfly test {path}`"),
            Self::Agent => {
                format!("use `dayfly run {path}` or `dayfly test --agent {path}`; a suite names it under `agents`")
            }
        }
    }

    /// Checks that a file named as this kind is of no other kind, as far as its content says.
    pub(in crate::cli) fn expect(self, path: &str, bytes: &[u8]) -> Result<(), Failure> {
        let found = if bytes.starts_with(b"\0asm") { Some(Self::Agent) } else { self.other(bytes) };
        match found.filter(|found| *found != self) {
            Some(found) => {
                let message = format!("`{path}` is {}, not {}", found.name(), self.name());
                Err(Failure::input(message, found.place(path)))
            }
            None => Ok(()),
        }
    }

    /// Returns the kind of a text, if the text has more keys of it than of this kind.
    fn other(self, bytes: &[u8]) -> Option<Self> {
        // No document is longer.
        let text = std::str::from_utf8(Some(bytes).filter(|bytes| bytes.len() <= LONGEST)?).ok()?;
        if is_component(text) {
            return Some(Self::Agent);
        }
        let (root, _) = parse_toml(text);
        let has = |keys: &[&str]| keys.iter().filter(|key| root.get_ref().contains_key(**key)).count();
        let own = KEYS.iter().find(|(kind, _)| *kind == self).map_or(0, |(_, keys)| has(keys));
        let all = KEYS.iter().map(|(kind, keys)| (*kind, has(keys)));
        all.max_by_key(|(_, count)| *count).filter(|(_, count)| *count > own).map(|(kind, _)| kind)
    }

    /// Returns the kind of which the text has the most keys.
    fn of_text(path: &str, text: &str) -> Result<Self, Failure> {
        let (root, _) = parse_toml(text);
        let root = root.get_ref();
        let has = |keys: &[&str]| keys.iter().filter(|key| root.contains_key(**key)).count();
        // The first kind wins a tie.
        let (kind, most) =
            KEYS.iter().fold(
                (Self::Policy, 0),
                |(kind, most), (other, keys)| {
                    if has(keys) > most { (*other, has(keys)) } else { (kind, most) }
                },
            );
        if most == 0 && root.keys().any(|key| key.get_ref() != "name") {
            let message = format!("`{path}` is neither a policy, a suite nor a world: it has none of their keys");
            let help = "a policy has `[episode]` or `extends`, a suite `agents` or `[properties]`, a world `[states]`";
            return Err(Failure::input(message, help));
        }
        Ok(kind)
    }
}

/// `true` if a text is that of a component: after lines of comments it begins with a parenthesis.
fn is_component(text: &str) -> bool {
    let begins = text.lines().map(str::trim_start).find(|line| !line.is_empty() && !line.starts_with(";;"));
    begins.is_some_and(|line| line.starts_with('('))
}

/// `true` if a file that is not there has the name of a built-in policy.
fn policy_named(path: &str) -> bool {
    Path::new(path).file_name().and_then(|name| name.to_str()).and_then(policy::shipped).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{environment, suite};

    #[test]
    fn every_key_of_a_document_says_what_it_is() {
        let schemas = [policy::schema(), suite::schema(), environment::schema()];
        for ((kind, keys), schema) in KEYS.iter().zip(schemas) {
            let mut all: Vec<&str> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
            all.retain(|key| *key != "name");
            let mut keys = keys.to_vec();
            all.sort_unstable();
            keys.sort_unstable();
            assert_eq!(keys, all, "{kind:?}");
        }
    }

    #[test]
    fn a_file_of_another_kind_is_told_as_what_it_is() {
        let files: [(FileKind, &[u8]); 5] = [
            (FileKind::Policy, b"[episode]\nsteps = 1\n"),
            (FileKind::Suite, b"seed = 1\nagents = []\n"),
            (FileKind::World, b"steps = 1\nactions = []\n"),
            (FileKind::Agent, b";; mine\n(component)"),
            (FileKind::Agent, b"\0asm\x0d\0\x01\0"),
        ];
        for (kind, bytes) in files {
            for named in [FileKind::Policy, FileKind::Suite, FileKind::World, FileKind::Agent] {
                assert_eq!(named.expect("x", bytes).is_ok(), named == kind, "{named:?} {kind:?}");
            }
        }
        // Other content, and content of two kinds alike, is left to the reader of the document.
        for bytes in [&b"[package]\n"[..], b"", b"seed = 1\n[episode]\n", b"\xff\xfe"] {
            assert!(FileKind::Policy.expect("x", bytes).is_ok(), "{bytes:?}");
        }
    }

    #[test]
    fn a_component_in_text_is_one_behind_comments_too() {
        for text in
            ["(component)", "\n  (component)", ";; mine\n\n ;; all of it\n(component)", "(; mine ;) (component)"]
        {
            assert!(is_component(text), "{text}");
        }
        for text in ["", ";; mine\n", "[episode]\n(", "; mine\n(component)"] {
            assert!(!is_component(text), "{text}");
        }
    }

    #[test]
    fn what_has_the_keys_of_none_is_none() {
        let of = |text| FileKind::of_text("x.toml", text).ok();
        assert_eq!(of("[episode]\nsteps = 1\n"), Some(FileKind::Policy));
        assert_eq!(of(""), Some(FileKind::Policy));
        assert_eq!(of("seed = 1\nagents = []\n"), Some(FileKind::Suite));
        assert_eq!(of("steps = 1\nactions = []\n"), Some(FileKind::World));
        assert_eq!(of("[package]\nname = \"x\"\n"), None);
    }
}
