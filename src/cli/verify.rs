//! `dayfly verify`: whether a record is what was sealed.

use std::path::PathBuf;

use clap::Args;

use super::failure::Failure;
use super::{Exit, say};
use crate::ledger::{self, Verification};
use crate::value::{Digest, many};

/// What is known of who sealed a record.
const KEPT: &str = "the root is the one that was given";
const NOT_KEPT: &str =
    "whoever replaced all files at once is not found out: keep the root elsewhere, and give it with `--root`";

/// Verify the record of a run.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// The folder of the run.
    run: PathBuf,
    /// The root, as it was printed by the run and kept elsewhere: it shows whether all the files were replaced.
    #[arg(long, value_name = "HEX")]
    root: Option<Digest>,
}

impl Verify {
    pub(super) fn execute(&self) -> Result<Exit, Failure> {
        let verification =
            ledger::verify(&self.run, self.root).map_err(|error| Failure::input(error_text(&error), error.help()))?;
        match verification {
            Verification::Whole { head, closed } => {
                say!("whole     {}, {}", many(head.episodes, "episode"), closed.name());
                say!("root      {}", head.root);
                say!("unsigned  {}", if self.root.is_some() { KEPT } else { NOT_KEPT });
                Ok(Exit::Held)
            }
            Verification::Flawed { findings, omitted } => {
                for finding in &findings {
                    say!("{}: {finding}", finding.kind().name());
                    say!("  help: {}", finding.help());
                }
                if omitted > 0 {
                    say!("and {omitted} more");
                }
                Ok(Exit::Violated)
            }
        }
    }
}

fn error_text(error: &ledger::Error) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    format!("{error}{}", cause.unwrap_or_default())
}
