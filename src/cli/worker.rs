//! `dayfly worker`: the process that `dayfly run --isolate process` starts. It is not for people.

use std::path::PathBuf;

use clap::Args;

use super::Exit;
use super::failure::Failure;
use crate::registry::Registry;
use crate::worker;

/// Live episodes for another process of this program.
#[derive(Debug, Args)]
pub(super) struct WorkerArgs {
    /// Folder for workspaces.
    scratch: PathBuf,
    /// Try what a worker must not be able to do under this policy, and print the results.
    #[cfg(target_os = "linux")]
    #[arg(long, value_name = "POLICY")]
    probe: Option<String>,
}

impl WorkerArgs {
    pub(super) fn execute(&self, registry: &Registry) -> Result<Exit, Failure> {
        #[cfg(target_os = "linux")]
        if let Some(policy) = &self.probe {
            return self.probe(registry, policy);
        }
        worker::serve(&self.scratch, registry).map_err(|error| Failure::host(&error))?;
        Ok(Exit::Held)
    }

    #[cfg(target_os = "linux")]
    fn probe(&self, registry: &Registry, policy: &str) -> Result<Exit, Failure> {
        let policy = super::find::policy(registry, policy)?;
        let (confined, tried) = worker::probe::probe(&policy, &self.scratch)
            .map_err(|why| Failure::input(format!("the worker cannot be confined: {why}"), ""))?;
        for (part, how) in confined.in_force() {
            super::say!("in force: {}: {how}", part.name());
        }
        for (part, why) in confined.missing() {
            super::say!("missing: {}: {why}", part.name());
        }
        for attempt in tried {
            super::say!("{}: {}", attempt.what, attempt.refused.as_deref().unwrap_or("done"));
        }
        Ok(Exit::Held)
    }
}
