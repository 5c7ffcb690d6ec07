//! `dayfly init`: the files that a repository with an agent begins with.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use tempfile::{Builder, NamedTempFile};

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
        let mut written = Vec::new();
        for (path, text) in places {
            let text = text.replace("\"agent.wasm\"", &format!("\"{}\"", self.agent));
            written.push((write(&path, &text).map_err(|error| unwritten(&path, &error))?, path));
        }
        // Only what is whole gets its name.
        for (file, path) in written {
            file.persist_noclobber(&path).map_err(|error| unwritten(&path, &error.error))?;
            say!("wrote {}", path.display());
        }
        if !self.folder.join(".git").exists() {
            say!("\nGitHub reads `.github` at the root of a repository alone, and runs what it says there");
        }
        say!("\nnext: put your agent at `{}`, then", self.folder.join(&self.agent).display());
        say!("  dayfly test {}", self.folder.join("suite.toml").display());
        Ok(Exit::Held)
    }
}

/// Write what is to be at `path`, beside it, and make the folders above it. It is gone with what is returned.
fn write(path: &Path, text: &str) -> std::io::Result<NamedTempFile> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = Builder::new().make_in(folder, |path| File::create_new(path))?;
    file.write_all(text.as_bytes())?;
    // A disk may say only now that it is full.
    file.as_file().sync_all()?;
    Ok(file)
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    let message = format!("cannot write `{}`: {error}", path.display());
    Failure::input(message, "name a folder that you may write to, with room for the files")
}
