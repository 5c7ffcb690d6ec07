//! `dayfly verify`: checks a record against its seal.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::compiling::CompileNotice;
use super::failure::Failure;
use super::{Exit, prose, row, say, width};
use crate::ledger::{self, Finding, Verification};
use crate::report::{lines, plain, table};
use crate::value::{Digest, many};

/// Texts on the root of a record: it was given, or it was not.
const KEPT: &str = "the root is the one that was given";
const NOT_KEPT: &str =
    "whoever replaced all files at once is not found out: keep the root elsewhere, and give it with `--root`";

/// Verify the record of a run.
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// The folder of the run.
    run: PathBuf,
    /// Root of the record, as the run printed it and as it was kept elsewhere. It reveals a
    /// replacement of all files.
    #[arg(long, value_name = "HEX")]
    root: Option<Digest>,
    /// Print one JSON object instead of words.
    #[arg(long)]
    json: bool,
}

/// Object that `--json` prints, documented in `docs/run-json.md`. Fields are added, never renamed
/// or removed, without a new `version`.
#[derive(Default, Serialize)]
struct VerifyJson {
    version: u32,
    whole: bool,
    episodes: Option<u64>,
    ending: Option<&'static str>,
    root: Option<Digest>,
    signed: bool,
    root_given: bool,
    findings: Vec<FindingJson>,
    omitted: u64,
}

/// One finding.
#[derive(Serialize)]
struct FindingJson {
    kind: &'static str,
    what: String,
    help: &'static str,
}

impl VerifyJson {
    fn new(verification: &Verification, kept: Option<Digest>) -> Self {
        // Nothing is signed yet.
        let all = Self { version: 1, signed: false, root_given: kept.is_some(), ..Self::default() };
        match verification {
            Verification::Whole { head, closed } => Self {
                whole: true,
                episodes: Some(head.episodes),
                ending: Some(closed.name()),
                root: Some(head.root),
                ..all
            },
            Verification::Flawed { findings, omitted } => {
                let found = |finding: &Finding| FindingJson {
                    kind: finding.kind().name(),
                    what: finding.to_string(),
                    help: finding.help(),
                };
                Self { findings: findings.iter().map(found).collect(), omitted: *omitted, ..all }
            }
        }
    }
}

impl VerifyArgs {
    pub(super) fn execute(&self) -> Result<Exit, Failure> {
        let telling = CompileNotice::begin(format!("verifying `{}`", plain(&self.run.to_string_lossy())));
        let verification = ledger::verify(&self.run, self.root);
        drop(telling);
        let verification = verification.map_err(|error| Failure::input(error_text(&error), error.help()))?;
        if self.json {
            let object = VerifyJson::new(&verification, self.root);
            say!("{}", crate::value::json::pretty(&object).map_err(|error| Failure::host(&error))?);
            return Ok(if object.whole { Exit::Held } else { Exit::Violated });
        }
        match verification {
            Verification::Whole { head, closed } => {
                let rows = [
                    row("whole", format!("{}, {}", many(head.episodes, "episode"), closed.name())),
                    row("root", head.root.to_string()),
                    row("unsigned", if self.root.is_some() { KEPT } else { NOT_KEPT }),
                ];
                say!("{}", table(&rows, prose()).trim_end());
                Ok(Exit::Held)
            }
            Verification::Flawed { findings, omitted } => {
                // What is searched for in a file or a pipe stands on one line there.
                let columns = width().map_or(usize::MAX, |columns| columns.min(100));
                for finding in &findings {
                    say!("{}", lines(&format!("{}: {finding}", finding.kind().name()), columns));
                    let help = lines(finding.help(), columns.saturating_sub("  help: ".len()));
                    say!("  help: {}", help.replace('\n', "\n        "));
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
