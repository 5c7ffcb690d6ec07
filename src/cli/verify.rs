//! `dayfly verify`: checks a record against its seal, its signature and a root that was kept.

mod proof;

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::compiling::CompileNotice;
use super::failure::Failure;
use super::{Exit, key, prose, row, say, width};
use crate::ledger::{self, Finding, KnownRoot, SignedBy, SignedHead, Trust, Verification, Verified};
use crate::report::{lines, plain, table};
use crate::value::{Digest, many};

/// Texts on the root of a record: it was given, or it was not.
const KEPT: &str = "the root is the one that was given";
const NOT_KEPT: &str =
    "whoever replaced all files at once is not found out: keep the root elsewhere, and give it with `--root`";

/// Verify the record of a run, or a proof of one of its episodes.
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// The folder of the run. With `--proof`, the file with the line that it proves.
    #[arg(value_name = "RUN|LINE")]
    run: PathBuf,
    /// Key that has to have signed the run: the file that ends in `.pub`.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Root of the record, as the run printed it and as it was kept elsewhere, or a `checkpoint.note`
    /// that was kept elsewhere. It reveals a replacement of all files.
    #[arg(long, value_name = "HEX|NOTE", value_parser = root)]
    root: Option<KnownRoot>,
    /// A proof that `dayfly prove` wrote, to be checked instead of a run.
    #[arg(long, value_name = "FILE", requires = "key", conflicts_with = "root")]
    proof: Option<PathBuf>,
    /// Print one JSON object instead of words.
    #[arg(long)]
    json: bool,
}

/// Reads a root that was kept.
fn root(text: &str) -> Result<KnownRoot, String> {
    const NONE: &str = "a root is 64 lower-case hexadecimal digits, or the file of a checkpoint";
    if let Ok(root) = text.parse::<Digest>() {
        return Ok(KnownRoot::Root(root));
    }
    let about = std::fs::metadata(text).map_err(|_| NONE)?;
    if !about.is_file() || about.len() > 1 << 20 {
        return Err(NONE.to_owned());
    }
    #[expect(clippy::disallowed_methods, reason = "a small file that the user names")]
    let bytes = std::fs::read(text).map_err(|error| error.to_string())?;
    SignedHead::of_note(&bytes).map(KnownRoot::Head).ok_or_else(|| NONE.to_owned())
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
    signature: &'static str,
    signed_by: Vec<String>,
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
    fn new(Verified { verification, by, .. }: &Verified, is_root_given: bool) -> Self {
        let (signature, signed_by) = match by {
            SignedBy::Nobody => ("none", Vec::new()),
            SignedBy::Unchecked(names) => ("not checked", names.clone()),
            SignedBy::Checked(name) => ("good", vec![name.clone()]),
            SignedBy::Refused => ("bad", Vec::new()),
        };
        let signed = matches!(by, SignedBy::Checked(_));
        let all = Self { version: 1, signed, signature, signed_by, root_given: is_root_given, ..Self::default() };
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
        if let (Some(proof), Some(key)) = (&self.proof, &self.key) {
            return proof::check(proof, &self.run, key, self.json);
        }
        let key = self.key.as_deref().map(key::verifying).transpose()?;
        let trust = Trust { key: key.as_ref(), root: self.root.clone() };
        let telling = CompileNotice::begin(format!("verifying `{}`", plain(&self.run.to_string_lossy())));
        let verified = ledger::verify_by(&self.run, &trust);
        drop(telling);
        let verified = verified.map_err(|error| Failure::input(error_text(&error), error.help()))?;
        if self.json {
            let object = VerifyJson::new(&verified, self.root.is_some());
            say!("{}", crate::value::json::pretty(&object).map_err(|error| Failure::host(&error))?);
            return Ok(if object.whole { Exit::Held } else { Exit::Violated });
        }
        match &verified.verification {
            Verification::Whole { head, closed } => {
                let rows = [
                    row("whole", format!("{}, {}", many(head.episodes, "episode"), closed.name())),
                    row("root", head.root.to_string()),
                    self.signature(&verified.by),
                ];
                say!("{}", table(&rows, prose()).trim_end());
                Ok(Exit::Held)
            }
            Verification::Flawed { findings, omitted } => {
                // What is searched for in a file or a pipe stands on one line there.
                let columns = width().map_or(usize::MAX, |columns| columns.min(100));
                for finding in findings {
                    say!("{}", lines(&format!("{}: {finding}", finding.kind().name()), columns));
                    let help = lines(finding.help(), columns.saturating_sub("  help: ".len()));
                    say!("  help: {}", help.replace('\n', "\n        "));
                }
                if *omitted > 0 {
                    say!("and {omitted} more");
                }
                if let (SignedBy::Checked(name), Some(SignedHead { size, root, .. })) = (&verified.by, &verified.head) {
                    say!("signed    by {}: {size} leaves, with the root {root}", plain(name));
                }
                Ok(Exit::Violated)
            }
        }
    }

    /// Returns the row about the signature of a whole record.
    fn signature(&self, by: &SignedBy) -> (String, String) {
        match by {
            SignedBy::Nobody | SignedBy::Refused => row("unsigned", if self.root.is_some() { KEPT } else { NOT_KEPT }),
            SignedBy::Unchecked(names) => {
                let names: Vec<_> = names.iter().map(|name| plain(name)).collect();
                row("signed", format!("by {} (not checked: no `--key`)", names.join(", ")))
            }
            SignedBy::Checked(name) => row("signed", format!("by {}", plain(name))),
        }
    }
}

fn error_text(error: &ledger::Error) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    format!("{error}{}", cause.unwrap_or_default())
}
