//! `host.json`: facts that depend on the machine or the clock.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::worker::{Confined, Leftover};

/// Facts that depend on the machine or the clock. They are not sealed.
#[derive(Serialize)]
pub(super) struct HostJson {
    jobs: usize,
    seconds: f64,
    os: &'static str,
    architecture: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    isolation: Option<IsolationJson>,
    /// Folders that workers left on the disk and that could not be removed, each with the reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    left: BTreeMap<String, String>,
}

/// Confinement of the worker processes.
#[derive(Serialize)]
struct IsolationJson {
    in_force: BTreeMap<&'static str, String>,
    missing: BTreeMap<&'static str, String>,
}

impl IsolationJson {
    fn of(confined: &Confined) -> Self {
        Self {
            in_force: confined.in_force().map(|(part, how)| (part.name(), how.to_owned())).collect(),
            missing: confined.missing().map(|(part, why)| (part.name(), why.to_owned())).collect(),
        }
    }
}

/// Returns the facts of a run: its jobs, its duration, its confinement and the folders left behind.
pub(super) fn host(jobs: usize, took: Duration, confined: Option<&Confined>, left: &[Leftover]) -> HostJson {
    let isolation = confined.map(IsolationJson::of);
    HostJson {
        isolation,
        left: left.iter().map(|left| (left.folder.display().to_string(), left.why.clone())).collect(),
        jobs,
        seconds: took.as_secs_f64(),
        os: std::env::consts::OS,
        architecture: std::env::consts::ARCH,
    }
}
