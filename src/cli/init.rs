//! `dayfly init`: the files that a repository with an agent begins with.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::failure::Failure;
use super::{Exit, say};

/// What is written where.
const FILES: [(&str, &str); 3] = [
    ("policy.toml", include_str!("init/policy.toml")),
    ("suite.toml", include_str!("init/suite.toml")),
    (".github/workflows/dayfly.yml", include_str!("../../examples/ci.yml")),
];

/// Write a policy, a suite and a CI workflow to begin with. Nothing is overwritten.
#[derive(Debug, Args)]
pub(super) struct Init {
    /// Where to put them.
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// The agent that the suite names.
    #[arg(long, default_value = "agent.wasm")]
    agent: String,
}

impl Init {
    pub(super) fn execute(&self) -> Result<Exit, Failure> {
        let places = FILES.map(|(name, text)| (self.folder.join(name), text));
        if let Some((path, _)) = places.iter().find(|(path, _)| path.exists()) {
            let message = format!("`{}` exists, and nothing was written", path.display());
            return Err(Failure::input(message, "move it away, or name another folder"));
        }
        if self.agent.chars().any(|letter| letter.is_control() || letter == '"' || letter == '\\') {
            return Err(Failure::input(
                "the agent has a name that a suite cannot hold",
                "name it with `/`, without quotes",
            ));
        }
        for (path, text) in places {
            let text = text.replace("\"agent.wasm\"", &format!("\"{}\"", self.agent));
            write(&path, &text).map_err(|error| {
                let message = format!("cannot write `{}`: {error}", path.display());
                Failure::input(message, "name a folder that you may write to")
            })?;
            say!("wrote {}", path.display());
        }
        say!("\nnext: put your agent at `{}`, then", self.folder.join(&self.agent).display());
        say!("  dayfly test {}", self.folder.join("suite.toml").display());
        Ok(Exit::Held)
    }
}

/// Write a file that is not there, and the folders above it.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    File::create_new(path)?.write_all(text.as_bytes())
}
