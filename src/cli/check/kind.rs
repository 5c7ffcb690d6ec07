//! What a file is, by its content.

use std::path::Path;

use toml::de::DeTable;

use super::super::failure::Failure;
use super::super::{find, named};
use crate::agent::Source;
use crate::policy;
use crate::registry::Registry;

/// What there is to check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Policy,
    Suite,
    World,
    Agent,
}

/// The keys that each kind of document has to itself.
const KEYS: [(Kind, &[&str]); 3] = [
    (
        Kind::Policy,
        &[
            "extends",
            "based-on",
            "episode",
            "objective",
            "boundary",
            "population",
            "grants",
            "rules",
            "isolation",
            "record",
            "violations",
        ],
    ),
    (Kind::Suite, &["seed", "agents", "policies", "environments", "properties"]),
    (Kind::World, &["task", "start", "actions", "steps", "persist", "parameters", "states"]),
];

impl Kind {
    /// What a name stands for: what comes with Dayfly, or what a file says that it is.
    pub(super) fn of(registry: &Registry, name: &str) -> Result<Self, Failure> {
        let stem = name.split(':').next().unwrap_or_default();
        if !find::is_path(stem) {
            let is_policy = policy::shipped(name).is_some();
            return Ok(match (is_policy, Source::shipped(name)) {
                (false, Some(_)) => Self::Agent,
                (false, None) if registry.worlds().iter().any(|world| world.name() == stem) => Self::World,
                _ => Self::Policy,
            });
        }
        // Behind a colon an agent is told something, and a world has its parameters.
        let path = if Path::new(name).is_file() { name } else { stem };
        let is_folder = Path::new(path).is_dir();
        if is_folder {
            return Err(Failure::input(format!("`{path}` is a folder"), "name the files in it"));
        }
        let bytes = match named::read("file", path) {
            Ok(bytes) => bytes,
            // A policy that is looked for where there is none may be one that comes with Dayfly.
            Err(_) if policy_named(path) => return Ok(Self::Policy),
            Err(failure) => return Err(failure),
        };
        match String::from_utf8(bytes) {
            Ok(text) if !text.starts_with('\0') && !text.trim_start().starts_with('(') => Self::of_text(path, &text),
            _ => Ok(Self::Agent),
        }
    }

    /// What a text is: that of which it has the most keys.
    fn of_text(path: &str, text: &str) -> Result<Self, Failure> {
        let (root, _) = DeTable::parse_recoverable(text);
        let root = root.get_ref();
        let has = |keys: &[&str]| keys.iter().filter(|key| root.contains_key(**key)).count();
        // Of two that have as many it is the first.
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

/// Whether a file that is not there has the name of a policy that comes with Dayfly.
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
    fn what_has_the_keys_of_none_is_none() {
        let of = |text| Kind::of_text("x.toml", text).ok();
        assert_eq!(of("[episode]\nsteps = 1\n"), Some(Kind::Policy));
        assert_eq!(of(""), Some(Kind::Policy));
        assert_eq!(of("seed = 1\nagents = []\n"), Some(Kind::Suite));
        assert_eq!(of("steps = 1\nactions = []\n"), Some(Kind::World));
        assert_eq!(of("[package]\nname = \"x\"\n"), None);
    }
}
