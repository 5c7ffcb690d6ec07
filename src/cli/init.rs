//! `dayfly init`: the files that a repository with an agent begins with.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use tempfile::{Builder, NamedTempFile};

use super::failure::Failure;
use super::{Exit, prose, say};
use crate::report::paragraphs;
use crate::value::plain_path;
use crate::{policy, suite};

/// Path of the workflow, which GitHub runs.
const WORKFLOW: &str = ".github/workflows/dayfly.yml";

/// Files to write, each with its path and its text.
const FILES: [(&str, &str); 3] = [
    ("policy.toml", include_str!("init/policy.toml")),
    ("suite.toml", include_str!("init/suite.toml")),
    (WORKFLOW, include_str!("../../examples/ci.yml")),
];

/// Returns the schemas that the first lines of policy and suite name. An editor reads them without
/// a network.
fn schemas() -> [(&'static str, serde_json::Value); 2] {
    [("policy.schema.json", policy::schema()), ("suite.schema.json", suite::schema())]
}

/// Beginning of the workflow's step that builds the agent, and beginning of what follows it.
const BUILDING: [&str; 2] = ["      # An agent in Rust is built here.", "      # Building Dayfly takes"];

/// Returns the workflow without the step that builds an agent: a built-in agent needs no file.
fn without_building(workflow: &str) -> String {
    let [from, to] = BUILDING;
    let cut = workflow.find(from).zip(workflow.find(to)).and_then(|(from, to)| workflow.get(from..to));
    cut.map_or_else(|| workflow.to_owned(), |step| workflow.replace(step, ""))
        .replace("build the agent, build Dayfly", "build Dayfly")
}

/// Write a policy, a suite and a CI workflow to begin with. Nothing is overwritten.
#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// Folder to put the files in.
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// The agent that the suite names.
    #[arg(long, default_value = "agent.wasm")]
    agent: String,
    /// Source of Dayfly for the workflow, and the commit to build: `URL@COMMIT`, with all digits of
    /// the commit. Without it the workflow has two lines to fill in, and fails with a message until
    /// they are.
    #[arg(long, value_name = "URL@COMMIT")]
    source: Option<DayflySource>,
}

/// Address of the source of Dayfly, and a commit.
#[derive(Clone, Debug)]
struct DayflySource {
    url: String,
    commit: String,
}

impl FromStr for DayflySource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (url, commit) = text.rsplit_once('@').ok_or("write `URL@COMMIT`")?;
        // Address and commit stand in quotes in the workflow, which a shell reads.
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-._~:/?#@+,=%".contains(letter);
        if url.is_empty() || !url.chars().all(is_plain) || url.starts_with('-') {
            return Err("the address has to be one that `git clone` takes, without blanks, quotes and `$`".to_owned());
        }
        let is_whole = matches!(commit.len(), 40 | 64) && commit.bytes().all(|digit| digit.is_ascii_hexdigit());
        if !is_whole {
            return Err(
                "the commit has to be there with all of its 40 digits: a branch or a tag may be moved".to_owned()
            );
        }
        Ok(Self { url: url.to_owned(), commit: commit.to_owned() })
    }
}

impl InitArgs {
    pub(super) fn execute(&self) -> Result<Exit, Failure> {
        let is_built_in = crate::agent::AgentSource::shipped(&self.agent).is_some();
        let mut places: Vec<(PathBuf, String)> = Vec::new();
        for (name, text) in FILES {
            let is_cut = is_built_in && name == WORKFLOW;
            places.push((self.folder.join(name), if is_cut { without_building(text) } else { text.to_owned() }));
        }
        for (name, schema) in schemas() {
            let schema = crate::value::json::pretty(&schema).map_err(|error| Failure::host(&error))?;
            places.push((self.folder.join(name), schema + "\n"));
        }
        if let Some((path, _)) = places.iter().find(|(path, _)| path.exists()) {
            let message = format!("`{}` exists, and nothing was written", path.display());
            return Err(Failure::input(message, "move it away, or name another folder"));
        }
        // The name stands in quotes in a suite, and in a workflow, which a shell reads.
        if self.agent.chars().any(|letter| letter.is_control() || "\"\\$`".contains(letter)) {
            return Err(Failure::input(
                "the agent has a name that a suite cannot hold",
                "name it with `/`, without quotes and `$`",
            ));
        }
        let mut written = Vec::new();
        for (path, text) in places {
            let mut text = text.replace("\"agent.wasm\"", &format!("\"{}\"", self.agent));
            if let Some(DayflySource { url, commit }) = &self.source {
                text = text.replace("DAYFLY_SOURCE: \"\"", &format!("DAYFLY_SOURCE: \"{url}\""));
                text = text.replace("DAYFLY_COMMIT: \"\"", &format!("DAYFLY_COMMIT: \"{commit}\""));
            }
            written.push((write(&path, &text).map_err(|error| unwritten(&path, &error))?, path));
        }
        // A file gets its name once all files are written.
        for (file, path) in written {
            file.persist_noclobber(&path).map_err(|error| unwritten(&path, &error.error))?;
            say!("wrote {}", plain_path(&path));
        }
        if !self.folder.join(".git").exists() {
            let note = "GitHub reads `.github` at the root of a repository alone, and runs what it says there";
            say!("\n{}", paragraphs(note, prose()).trim_end());
        }
        if is_built_in {
            say!("\nnext: `{}` is built in, so", self.agent);
        } else {
            say!("\nnext: put your agent at `{}`, then", plain_path(&self.folder.join(&self.agent)));
        }
        let is_here = self.folder.as_os_str() == ".";
        say!(
            "  dayfly test{}",
            if is_here { String::new() } else { format!(" {}", plain_path(&self.folder.join("suite.toml"))) }
        );
        if self.source.is_none() {
            let workflow = self.folder.join(WORKFLOW);
            let note = format!(
                "before you push, write into {} where Dayfly's source is: it has no release yet, and the workflow builds the commit that \
                 you name",
                plain_path(&workflow)
            );
            say!("\n{}", paragraphs(&note, prose()).trim_end());
        }
        Ok(Exit::Held)
    }
}

/// Writes the text to a temporary file beside `path`, and makes the folders above it. Dropping the
/// returned file removes it.
fn write(path: &Path, text: &str) -> std::io::Result<NamedTempFile> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = Builder::new().make_in(folder, |path| File::create_new(path))?;
    file.write_all(text.as_bytes())?;
    // A full disk may be reported only here.
    file.as_file().sync_all()?;
    Ok(file)
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    let message = format!("cannot write `{}`: {error}", path.display());
    Failure::input(message, "name a folder that you may write to, with room for the files")
}
