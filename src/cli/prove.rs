//! `dayfly prove`: proofs that an episode is in a run that was signed.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};

use super::failure::Failure;
use super::{Exit, say};
use crate::ledger::{ProofError, ProvedLeaf, prove};
use crate::value::plain_path;

/// Write a proof that one episode is in a run that was signed.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("leaf").required(true).args(["episode", "close"]))]
pub(super) struct ProveArgs {
    /// The folder of the run.
    run: PathBuf,
    /// Number of the episode, counted from 0.
    #[arg(long, value_name = "N")]
    episode: Option<u64>,
    /// Prove the close: that nothing follows after the episodes, and why the run was closed.
    #[arg(long)]
    close: bool,
    /// File for the proof, which must not exist; what it proves lies beside it and ends in `.json`. By default
    /// `episode-N.tlog-proof`.
    #[arg(long, short)]
    out: Option<PathBuf>,
}

impl ProveArgs {
    pub(super) fn execute(&self) -> Result<Exit, Failure> {
        let (leaf, stem) = match self.episode {
            Some(episode) => (ProvedLeaf::Episode(episode), format!("episode-{episode}")),
            None => (ProvedLeaf::Close, "close".to_owned()),
        };
        let out = self.out.clone().unwrap_or_else(|| PathBuf::from(stem).with_extension("tlog-proof"));
        let beside = out.with_extension("json");
        if out == beside {
            return Err(Failure::input(
                "a proof cannot be in a file that ends in `.json`",
                "let it end in `.tlog-proof`",
            ));
        }
        let (proof, bytes) = prove(&self.run, leaf).map_err(|error| match error {
            ProofError::Differs => Failure::input(
                error.to_string(),
                format!("`dayfly verify {}` says what was changed", plain_path(&self.run)),
            ),
            error => Failure::input(chain(&error), error.help()),
        })?;
        write(&out, proof.to_string().as_bytes())?;
        write(&beside, &bytes)?;
        let (out, beside) = (plain_path(&out), plain_path(&beside));
        say!("proof     {out}");
        say!("of        {beside}");
        say!("check it  dayfly verify --proof {out} --key KEY.pub {beside}");
        Ok(Exit::Held)
    }
}

fn chain(error: &ProofError) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    format!("{error}{}", cause.unwrap_or_default())
}

/// Writes a file, which must not exist.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    File::create_new(path).and_then(|mut file| file.write_all(bytes)).map_err(|error| {
        Failure::input(format!("cannot write `{}`: {error}", plain_path(path)), "name another place with `--out`")
    })
}
