//! Lookup of what the user names: first by built-in name, then as a path.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use super::failure::Failure;
use super::instructed;
use super::kind::FileKind;
use super::{named, nearest};
use crate::agent::{self, AgentSource, ParsedAgent};
use crate::environment::{Faulty, KINDS, World};
use crate::episode;
use crate::policy::{self, Base, Policy, Process, SourceFile, Ungranted};
use crate::registry::Registry;
use crate::run;
use crate::transcript::Role;
use crate::value::{Fault, Opening, hint, is_near};

/// `true` if `name` can only be a path.
pub(super) fn is_path(name: &str) -> bool {
    name.contains(['/', '\\', '.'])
}

/// Returns the agent written `NAME` or `PATH`, either with `:INSTRUCTIONS`, which it is told at the
/// end of every task. The agent is read and not compiled.
pub(super) fn known(text: &str) -> Result<ParsedAgent, Failure> {
    read(&source(text)?)
}

/// Returns the agent of a source.
pub(super) fn read(source: &AgentSource) -> Result<ParsedAgent, Failure> {
    source.read().map_err(|error| Failure::input(error.to_string(), error.help()))
}

/// Returns the source of an agent that is written as for [`known`].
pub(super) fn source(text: &str) -> Result<AgentSource, Failure> {
    if let Some(source) = AgentSource::shipped(text) {
        instructed::check(&source.name, source.instructions.as_deref().unwrap_or_default())?;
        return Ok(source);
    }
    let (path, instructions) = AgentSource::split(text);
    if !is_path(path) {
        let names = agent::SHIPPED.iter().map(|shipped| shipped.name);
        return Err(unknown("agent", path, names, "the path of a .wasm or .wat file"));
    }
    let bytes = named::read("agent", path)?;
    FileKind::Agent.expect(path, &bytes)?;
    let bytes = bytes.into();
    let name = Path::new(path).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(AgentSource { text: text.to_owned(), name, bytes, instructions: instructions.map(str::to_owned) })
}

/// Returns the policy with this name or in this file, with the openings that are written behind it.
pub(super) fn policy(registry: &Registry, text: &str) -> Result<Policy, Failure> {
    policy_with_base(registry, text).map(|(policy, _)| policy)
}

/// Splits a text into the name or path of a policy and the openings that are written behind it.
pub(super) fn opened(text: &str) -> (&str, Vec<Opening>) {
    // A file may have such a name.
    if Path::new(text).is_file() { (text, Vec::new()) } else { Opening::split(text) }
}

/// Returns a policy as [`policy`] does, and the policy that it is based on.
pub(super) fn policy_with_base(registry: &Registry, text: &str) -> Result<(Policy, Option<Base>), Failure> {
    let (name, openings) = opened(text);
    if let Some(failure) = no_opening(name) {
        return Err(failure);
    }
    let source = if is_path(name) {
        SourceFile::user(name, document(FileKind::Policy, "policy", name)?)
    } else {
        policy::shipped(name).ok_or_else(|| {
            let names = policy::SHIPPED.iter().map(|(name, _)| *name);
            unknown("policy", name, names, "the path of a .toml file")
        })?
    };
    let (policy, base) = registry.policy(&source, &beside).map_err(|invalid| named::invalid(invalid, name))?;
    Ok((policy.opened(&openings), base))
}

/// Returns the failure for a word behind a policy that is no opening; `None` if there is no such
/// word.
fn no_opening(text: &str) -> Option<Failure> {
    let (name, word) = text.rsplit_once('+').filter(|_| !Path::new(text).is_file())?;
    let (policy, _) = opened(name);
    let is_there = if is_path(policy) { Path::new(policy).is_file() } else { policy::shipped(policy).is_some() };
    no_opening(policy).or_else(|| {
        (is_there && !is_path(word)).then(|| {
            let help = hint(word, "there are", Opening::ALL.iter().map(|opening| opening.name()));
            Failure::input(format!("`{policy}` is a policy, and there is no opening `{word}`"), help)
        })
    })
}

/// Returns a policy for episodes that run in this process. Fails if the policy requires processes
/// of their own.
pub(super) fn policy_here(registry: &Registry, name: &str) -> Result<Policy, Failure> {
    let policy = policy(registry, name)?;
    if policy.isolation.process == Process::Required {
        return Err(Failure::input(
            run::Error::NotIsolated(policy.name).to_string(),
            "only `dayfly run` does that: name a policy without `process = \"required\"` under `[isolation]`",
        ));
    }
    Ok(policy)
}

/// Returns the policy that another one extends or is based on: a file beside it. `None` if there is
/// no such file.
fn beside(name: &str, file: &SourceFile) -> Result<Option<SourceFile>, Fault> {
    if !is_path(name) {
        return Ok(None);
    }
    let path = Path::new(&file.path).parent().unwrap_or(Path::new("")).join(name);
    let text = path.display().to_string();
    // A name with another ending is refused below, even if no file has it.
    if path.extension().is_some_and(|ending| ending == "toml") && !path.exists() {
        return Ok(None);
    }
    match named::admit(&text, &["toml"]).and_then(|()| document(FileKind::Policy, "policy", &text)) {
        Ok(policy) => Ok(Some(SourceFile::user(text, policy))),
        Err(failure) => Err(Fault { label: "named here".to_owned(), ..failure.first() }),
    }
}

/// Returns the world with this name and parameters, or in this file.
pub(super) fn world(registry: &Registry, text: &str) -> Result<World, Failure> {
    let name = text.split(':').next().unwrap_or_default();
    let is_known = registry.worlds().iter().any(|world| world.name() == name);
    if !is_known && is_path(text) {
        // A path may have a colon of its own.
        let (path, pairs) = match text.rsplit_once(':') {
            Some((path, pairs)) if !Path::new(text).is_file() => (path, Some(pairs)),
            _ => (text, None),
        };
        let source = document(FileKind::World, "environment", path)?;
        let world = World::table(&source).map_err(|Faulty(faults)| Failure::faults(path, &source, faults))?.at(path);
        let selected = pairs.map_or(Ok(world.clone()), |pairs| world.select(pairs));
        return selected.map_err(|error| Failure::input(error.message, error.help));
    }
    if !is_known {
        let names: Vec<&str> = registry.worlds().iter().map(World::name).collect();
        return Err(unknown("environment", name, names.into_iter(), "the path of a .toml file"));
    }
    registry.world(text).map_err(|error| Failure::input(error.message, error.help))
}

/// Returns a world for one agent. Fails if the world has several roles.
pub(super) fn world_of_one(registry: &Registry, text: &str) -> Result<World, Failure> {
    let world = self::world(registry, text)?;
    match world.made().roles() {
        None => Ok(world),
        Some(roles) => {
            let all: Vec<String> = roles.names().iter().map(|role| format!("--role {role}=AGENT")).collect();
            Err(Failure::input(
                format!("`{}` is a world of several roles, and here one agent acts", world.name()),
                format!("`dayfly run {} -e {}` plays it", all.join(" "), world.name()),
            ))
        }
    }
}

/// Returns the task: the text itself, or the contents of the file named after `@`.
pub(super) fn task(text: &str) -> Result<String, Failure> {
    text.strip_prefix('@').map_or_else(|| Ok(text.to_owned()), |path| read_text("task", path))
}

/// Checks that the policy grants what the agent imports, and has room for its initial memory.
pub(super) fn fits(agent: &impl AsRef<ParsedAgent>, policy: &Policy, name: &str) -> Result<(), Failure> {
    let agent = agent.as_ref();
    let missing = policy.ungranted(agent.imports());
    granted(agent, policy, name, missing)
}

/// Checks that the policy grants the role what the agent imports, and has room for its initial
/// memory.
pub(super) fn fits_role(agent: &ParsedAgent, policy: &Policy, name: &str, role: &Role) -> Result<(), Failure> {
    granted(agent, policy, name, policy.share(role.as_str()).ungranted(agent.imports()))
}

fn granted(agent: &ParsedAgent, policy: &Policy, name: &str, missing: Vec<Ungranted>) -> Result<(), Failure> {
    if missing.is_empty() {
        let begins = agent.begins_within(episode::memory(policy));
        return begins.map_err(|error| Failure::input(error.to_string(), error.help()));
    }
    let names: Vec<String> = missing.iter().map(|ungranted| format!("`{}`", ungranted.capability)).collect();
    let lines: Vec<String> = missing.into_iter().filter_map(|ungranted| ungranted.lines).collect();
    Err(Failure::input(
        format!("`{}` imports {}, which the policy `{name}` does not grant", agent.name(), names.join(", ")),
        format!("add to the policy, with the mode you mean:\n{}", lines.join("\n").trim_end()),
    ))
}

/// Returns the text of a file that is named as a document of `kind`. An error message calls the
/// file `what`.
pub(super) fn document(kind: FileKind, what: &str, path: &str) -> Result<String, Failure> {
    let bytes = named::read(what, path)?;
    kind.expect(path, &bytes)?;
    utf8(what, path, bytes)
}

pub(super) fn read_text(what: &str, path: &str) -> Result<String, Failure> {
    utf8(what, path, named::read(what, path)?)
}

fn utf8(what: &str, path: &str, bytes: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(bytes)
        .map_err(|_| Failure::input(format!("the {what} `{path}` is not text"), "write it in UTF-8"))
}

/// Writes a file that the user names.
pub(super) fn write_text(what: &str, path: &Path, text: &str) -> Result<(), Failure> {
    let written = writable(path).and_then(|mut file| {
        file.set_len(0)?;
        file.write_all(text.as_bytes())
    });
    written.map_err(|error| unwritten(what, path, &error))
}

/// Opens a file that the user names, to append to it. Only a regular file is opened: a pipe blocks
/// until somebody reads, and a device may do anything.
pub(super) fn writable(path: &Path) -> io::Result<File> {
    let is_file = |file: fs::Metadata| if file.is_file() { Ok(()) } else { Err(io::Error::other(NO_FILE)) };
    // Checked before opening, which may block, and again afterwards, since the file may have been
    // exchanged.
    fs::metadata(path).map_or(Ok(()), is_file)?;
    let file = OpenOptions::new().append(true).create(true).open(path)?;
    file.metadata().and_then(is_file)?;
    Ok(file)
}

/// Reason for not writing to a pipe, a device or a socket.
const NO_FILE: &str = "it is not a regular file";

/// Returns the failure for a file that cannot be written.
pub(super) fn unwritten(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    let message = format!("cannot write the {what} `{}`: {error}", path.display());
    Failure::input(message, "name a file in a folder that you may write to")
}

/// Checks that a file can be written at `path`, before a long computation that needs it.
pub(super) fn place(what: &str, path: &Path) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let reason = if path.is_dir() {
        "it is a folder"
    } else if folder.is_some_and(|folder| !folder.is_dir()) {
        "its folder does not exist"
    } else if path.exists() && !path.is_file() {
        NO_FILE
    } else {
        return Ok(());
    };
    let message = format!("cannot write the {what} `{}`: {reason}", path.display());
    Err(Failure::input(message, "name a file in a folder that you may write to"))
}

pub(super) fn unreadable(what: &str, path: &str, error: &std::io::Error) -> Failure {
    let shipped = |list: &str| {
        let meant = meant(what, path).filter(|_| error.kind() == std::io::ErrorKind::NotFound);
        let meant = meant.map(|name| format!("did you mean the built-in `{name}`? ")).unwrap_or_default();
        format!(
            "{meant}`dayfly list {list}` shows those that come with Dayfly; otherwise name a file that you may read"
        )
    };
    let help = match what {
        "agent" => format!("{}; `dayfly docs agents` says how one is built", shipped("agents")),
        "policy" => shipped("policies"),
        "environment" => shipped("environments"),
        "suite" if AgentSource::shipped(path).is_some() => format!("`{path}` is an agent: use `--agent {path}`"),
        "suite" => {
            let meant = Path::new(path).with_file_name(nearest::SUITE);
            let is_meant = meant.is_file() && is_near(path, &meant.to_string_lossy());
            let meant = if is_meant { format!("did you mean `{}`? ", meant.display()) } else { String::new() };
            format!("{meant}name a file that you may read; `dayfly init` writes one to begin with")
        }
        _ => "name a file that you may read".to_owned(),
    };
    Failure::input(format!("cannot read the {what} `{path}`: {error}"), help)
}

/// Returns the built-in name that equals the stem of the file's name.
fn meant(what: &str, path: &str) -> Option<&'static str> {
    let stem = Path::new(path).file_stem()?.to_str()?;
    match what {
        "agent" => agent::SHIPPED.iter().map(|shipped| shipped.name).find(|name| *name == stem),
        "policy" => policy::SHIPPED.iter().map(|(name, _)| *name).find(|name| *name == stem),
        _ => KINDS.iter().map(|kind| kind.name).find(|name| *name == stem),
    }
}

fn unknown<'n>(what: &str, name: &str, known: impl Iterator<Item = &'n str> + Clone, otherwise: &str) -> Failure {
    let help = hint(name, "there are", known);
    Failure::input(format!("there is no {what} `{name}`"), format!("{help}; or give {otherwise}"))
}
