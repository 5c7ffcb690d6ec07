//! The confinement of a worker: the powers that it gives up for good, and those that it keeps.
//!
//! ```text
//!  started --before_the_agent--> descriptors closed, session, limits, Landlock, Seccomp (compiling)
//!          --with_the_agent----> limits, Seccomp (living): no thread, no process, nothing executable is made any more
//! ```
//!
//! | part | what it keeps a worker from |
//! |---|---|
//! | limits | memory, processor time, descriptors, file sizes and processes beyond what episodes need |
//! | | core dumps, also to a program; the terminal; new privileges |
//! | landlock | the content of every file but those of its scratch folder; TCP, UDP; signals and sockets to others |
//! | seccomp | every system call that episodes do not need, and of some all but what they are needed for |
//!
//! 1. A part that is not available is reported, never passed over.
//! 2. No power comes back: each step only adds to the ones before.

#[cfg(target_os = "linux")]
mod calls;
#[cfg(target_os = "linux")]
mod linux;

use std::path::Path;

use super::wire::Confined;
use crate::policy::{IsolationPart, Policy};
use crate::transcript::Role;
use crate::value::wide;

/// Closes inherited descriptors, except the three pipes: the first action of a worker.
///
/// # Errors
///
/// Returns the reason for which the descriptors could not be closed.
pub fn alone() -> Result<(), String> {
    #[cfg(target_os = "linux")]
    return linux::close_inherited();
    #[cfg(not(target_os = "linux"))]
    return Err(lacking(IsolationPart::Limits));
}

/// Confines this process, before it reads anything of an agent. `alone` is the result of [`alone`].
pub fn before_the_agent(needs: &Needs, scratch: &Path, seconds: u64, alone: Result<(), String>) -> Confined {
    let mut alone = Some(alone);
    let mut confined = Confined::default();
    for (code, part) in (0_u8..).zip(IsolationPart::ALL) {
        // INVARIANT 1
        let before = if part == IsolationPart::Limits { alone.take().unwrap_or(Ok(())) } else { Ok(()) };
        match before.and_then(|()| part_in_force(part, needs, scratch, seconds)) {
            Ok(how) => confined.in_force.push((code, how)),
            Err(why) => confined.missing.push((code, why)),
        }
    }
    confined
}

#[cfg(target_os = "linux")]
fn part_in_force(part: IsolationPart, needs: &Needs, scratch: &Path, seconds: u64) -> Result<String, String> {
    match part {
        IsolationPart::Limits => linux::limits(needs, seconds),
        IsolationPart::Landlock => linux::landlock(needs, scratch),
        IsolationPart::Seccomp => calls::apply(&calls::compiling(), calls::FilteredThreads::This),
    }
}

#[cfg(not(target_os = "linux"))]
fn part_in_force(part: IsolationPart, _: &Needs, _: &Path, _: u64) -> Result<String, String> {
    Err(lacking(part))
}

#[cfg(not(target_os = "linux"))]
fn lacking(part: IsolationPart) -> String {
    format!("{} has no `{}`", std::env::consts::OS, part.name())
}

/// Confines this process further, once the agent is compiled and every thread has started.
///
/// # Errors
///
/// Returns the reason for which a part that is in force could not be tightened.
#[cfg(target_os = "linux")]
pub fn with_the_agent(needs: &Needs, confined: &Confined) -> Result<(), String> {
    let has = |part| confined.in_force().any(|(in_force, _)| in_force == part);
    if has(IsolationPart::Limits) {
        linux::limits_of_living(needs)?;
    }
    if has(IsolationPart::Seccomp) {
        calls::apply(&calls::living(needs), calls::FilteredThreads::All)?;
    }
    Ok(())
}

/// Returns at once, since this system has no parts to tighten.
///
/// # Errors
///
/// None.
#[cfg(not(target_os = "linux"))]
pub fn with_the_agent(_: &Needs, _: &Confined) -> Result<(), String> {
    Ok(())
}

/// Returns the number of bytes that a worker may write to while it compiles, or `None` if that is not bounded.
pub(super) fn memory_to_compile(needs: &Needs) -> Option<u64> {
    cfg!(target_os = "linux").then(|| compiling(needs))
}

/// Number of bytes that a worker may write to while it compiles, beyond what the policy allows agents.
const COMPILING: u64 = 4 << 30;

fn compiling(needs: &Needs) -> u64 {
    COMPILING.saturating_add(needs.memory.saturating_mul(2))
}

/// Upper bounds on what one episode needs of the system.
#[derive(Clone, Copy, Debug)]
pub struct Needs {
    /// Number of agents that act in the episode.
    agents: u64,
    /// `true` if an agent may have files.
    has_files: bool,
    /// Number of bytes that all files of one workspace may hold together.
    file_bytes: u64,
    /// Number of bytes of the memories of all agents.
    memory: u64,
    /// Number of bytes that are moved for all agents: memories, carry-overs, and the data of a call.
    moved: u64,
}

impl Needs {
    /// Returns the needs of an episode of these roles under `policy`, or of one agent where there are none.
    pub fn of(policy: &Policy, roles: &[Role]) -> Self {
        let shares = policy.shares(roles);
        let files = || shares.iter().filter_map(|share| share.granted("workspace"));
        let agents = wide(shares.len());
        let memory = policy.episode.memory.saturating_mul(agents);
        let carried = policy.boundary.carry.saturating_mul(agents);
        Self {
            agents,
            has_files: files().next().is_some(),
            file_bytes: files().map(|granted| granted.grant.number("bytes")).max().unwrap_or(0),
            memory,
            moved: memory.saturating_add(carried).saturating_add(policy.episode.call_bytes),
        }
    }
}
