//! `dayfly cache`: the compiled agents that are kept.

use clap::{Args, Subcommand};

use super::failure::Failure;
use super::{Exit, say};
use crate::agent::{self, CacheUse, Unusable};
use crate::value::many;

/// Look after the compiled agents that are kept.
#[derive(Debug, Args)]
pub(super) struct CacheArgs {
    #[command(subcommand)]
    what: CacheCommand,
}

#[derive(Debug, Subcommand)]
enum CacheCommand {
    /// Print the folder of the cache.
    Dir,
    /// Print the number of compiled agents and of their bytes.
    Size,
    /// Remove all compiled agents: the next run of each agent compiles it again.
    Clean,
}

impl CacheArgs {
    pub(super) fn execute(&self) -> Result<Exit, Failure> {
        let cache = agent::Cache::of_user().map_err(|unusable| failed(&unusable))?;
        match self.what {
            CacheCommand::Dir => say!("{}", cache.folder().display()),
            CacheCommand::Size => say!("{} of at most {}", sum(cache.held()), mebibytes(cache.most())),
            CacheCommand::Clean => {
                let cleaned = cache.clean().map_err(|error| {
                    let message = format!("`{}` cannot be emptied: {error}", cache.folder().display());
                    Failure::input(message, "remove what is in it by hand")
                })?;
                say!("removed {}", sum(cleaned));
            }
        }
        Ok(Exit::Held)
    }
}

/// Returns the failure for a cache that cannot be used.
fn failed(unusable: &Unusable) -> Failure {
    let help = match unusable {
        Unusable::Off => "leave `DAYFLY_CACHE` out, or name a folder in it",
        Unusable::Nowhere => "set `HOME`; `DAYFLY_CACHE` names another folder",
        Unusable::Shared(_) => "let nobody else write to it (`chmod go-w`), or name another folder in `DAYFLY_CACHE`",
        Unusable::Io { .. } => {
            "name a folder that you may write to in `DAYFLY_CACHE`; the key lies below `XDG_STATE_HOME`"
        }
    };
    Failure::input(format!("no compiled agent is kept: {unusable}"), help)
}

fn sum(held: CacheUse) -> String {
    format!("{}, {}", many(held.agents, "compiled agent"), mebibytes(held.bytes))
}

/// Formats a number of bytes in MiB and tenths.
fn mebibytes(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10).div_ceil(1 << 20);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}
