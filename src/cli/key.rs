//! `dayfly key`: keys that sign records.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Args, Subcommand};

use super::failure::Failure;
use super::{Exit, say};
use crate::ledger::{KeyError, SigningKey, VerifyingKey};
use crate::report::plain;

/// Make keys that sign records.
#[derive(Debug, Args)]
pub(super) struct KeyArgs {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Make a key: a file that signs, and beside it one that ends in `.pub`, to check with.
    New(NewKeyArgs),
}

#[derive(Debug, Args)]
struct NewKeyArgs {
    /// File of the key, such as `release.key`, outside of any run folder. It must not exist.
    path: PathBuf,
    /// Name of the key, by which signatures name it. It is best an address that is yours, such as
    /// `example.com/release`. By default that of the file.
    #[arg(long)]
    name: Option<String>,
}

/// Maximum number of bytes of the file of a key.
const LONGEST_KEY: u64 = 4096;

impl KeyArgs {
    pub(super) fn execute(&self) -> Result<Exit, Failure> {
        let KeyCommand::New(new) = &self.command;
        new.execute()
    }
}

impl NewKeyArgs {
    fn execute(&self) -> Result<Exit, Failure> {
        let public = self.path.with_extension("pub");
        if public == self.path {
            let help = "name it `release.key`, for example";
            return Err(Failure::input("a key that signs cannot be in a file that ends in `.pub`", help));
        }
        outside_of_runs(&self.path)?;
        let stem = self.path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)
            .map_err(|_| Failure::host(&std::io::Error::other("the system gives no random bytes")))?;
        let key = SigningKey::from_seed(self.name.as_ref().unwrap_or(&stem), seed)
            .map_err(|error| Failure::input(error.to_string(), "give it one with `--name`"))?;
        // Neither file is made where the other cannot be.
        for path in [&self.path, &public] {
            if path.symlink_metadata().is_ok() {
                let help = "a key is never overwritten: name a file that does not exist";
                return Err(Failure::input(format!("`{}` exists", shown(path)), help));
            }
        }
        write(&self.path, 0o600, &key.secret())?;
        write(&public, 0o644, &key.verifying().to_string())?;
        say!("signs       {}: nobody else may read it, and no copy of a run needs it", shown(&self.path));
        say!("checks      {}: give it to whoever reads your runs", shown(&public));
        say!("name        {}", plain(key.verifying().name()));
        Ok(Exit::Held)
    }
}

/// Reads the key that signs a run, and writes a note where others can read it too.
pub(super) fn signing(path: &Path) -> Result<SigningKey, Failure> {
    outside_of_runs(path)?;
    let key = read(path)?;
    #[cfg(unix)]
    if let Ok(about) = path.metadata()
        && std::os::unix::fs::MetadataExt::mode(&about) & 0o077 != 0
    {
        let path = shown(path);
        // A failure to write is ignored: the error output may be closed.
        let _ = writeln!(
            anstream::stderr(),
            "note: others can read or write `{path}`, and sign as you do: `chmod 600 {path}`"
        );
    }
    Ok(key)
}

/// Reads the key that a run is checked with.
pub(super) fn verifying(path: &Path) -> Result<VerifyingKey, Failure> {
    read(path)
}

/// Reads a key. No message has any of the text of the file.
fn read<K: FromStr<Err = KeyError>>(path: &Path) -> Result<K, Failure> {
    let unread = |why: &dyn std::fmt::Display| {
        Failure::input(format!("the key `{}` cannot be read: {why}", shown(path)), "name the file of a key")
    };
    let about = path.metadata().map_err(|error| unread(&error))?;
    if !about.is_file() {
        return Err(unread(&"it is not a regular file"));
    }
    if about.len() > LONGEST_KEY {
        return Err(unread(&"it is too long to be one"));
    }
    let mut text = String::new();
    let file = File::open(path).map_err(|error| unread(&error))?;
    file.take(LONGEST_KEY).read_to_string(&mut text).map_err(|_| unread(&"it is not a key"))?;
    text.trim_end_matches(['\n', '\r'])
        .parse()
        .map_err(|error: KeyError| Failure::input(format!("`{}`: {error}", shown(path)), error.help()))
}

/// Refuses a key in the folder of a run, or below one: such folders are handed on as a whole.
fn outside_of_runs(path: &Path) -> Result<(), Failure> {
    let above = path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let Ok(above) = path.canonicalize().or_else(|_| above.canonicalize()) else { return Ok(()) };
    let is_run = |folder: &&Path| ["manifest.json", "checkpoints.jsonl"].iter().all(|name| folder.join(name).exists());
    match above.ancestors().find(is_run) {
        Some(run) => Err(Failure::input(
            format!("`{}` lies in the folder of a run, `{}`", shown(path), shown(run)),
            "a run is handed on as a whole: keep the key elsewhere",
        )),
        None => Ok(()),
    }
}

/// Writes the file of a key, which must not exist.
fn write(path: &Path, mode: u32, text: &str) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let written = options.open(path).and_then(|mut file| {
        file.write_all(format!("{text}\n").as_bytes())?;
        file.sync_all()
    });
    written.map_err(|error| {
        Failure::input(format!("cannot write `{}`: {error}", shown(path)), "name a place that can be written")
    })
}

fn shown(path: &Path) -> String {
    crate::value::plain_path(path)
}
