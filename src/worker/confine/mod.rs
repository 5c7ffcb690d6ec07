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
pub fn before_the_agent(policy: &Policy, scratch: &Path, seconds: u64, alone: Result<(), String>) -> Confined {
    let mut alone = Some(alone);
    let mut confined = Confined::default();
    for (code, part) in (0_u8..).zip(IsolationPart::ALL) {
        // INVARIANT 1
        let before = if part == IsolationPart::Limits { alone.take().unwrap_or(Ok(())) } else { Ok(()) };
        match before.and_then(|()| part_in_force(part, policy, scratch, seconds)) {
            Ok(how) => confined.in_force.push((code, how)),
            Err(why) => confined.missing.push((code, why)),
        }
    }
    confined
}

#[cfg(target_os = "linux")]
fn part_in_force(part: IsolationPart, policy: &Policy, scratch: &Path, seconds: u64) -> Result<String, String> {
    match part {
        IsolationPart::Limits => linux::limits(policy, seconds),
        IsolationPart::Landlock => linux::landlock(policy, scratch),
        IsolationPart::Seccomp => calls::apply(&calls::compiling(), calls::FilteredThreads::This),
    }
}

#[cfg(not(target_os = "linux"))]
fn part_in_force(part: IsolationPart, _: &Policy, _: &Path, _: u64) -> Result<String, String> {
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
pub fn with_the_agent(policy: &Policy, confined: &Confined) -> Result<(), String> {
    let has = |part| confined.in_force().any(|(in_force, _)| in_force == part);
    if has(IsolationPart::Limits) {
        linux::limits_of_living(policy)?;
    }
    if has(IsolationPart::Seccomp) {
        calls::apply(&calls::living(policy), calls::FilteredThreads::All)?;
    }
    Ok(())
}

/// Returns at once, since this system has no parts to tighten.
///
/// # Errors
///
/// None.
#[cfg(not(target_os = "linux"))]
pub fn with_the_agent(_: &Policy, _: &Confined) -> Result<(), String> {
    Ok(())
}

/// Returns the number of bytes that a worker may write to while it compiles, or `None` if that is not bounded.
pub(super) fn memory_to_compile(policy: &Policy) -> Option<u64> {
    cfg!(target_os = "linux").then(|| compiling(policy))
}

/// Number of bytes that a worker may write to while it compiles, beyond what the policy allows agents.
const COMPILING: u64 = 4 << 30;

fn compiling(policy: &Policy) -> u64 {
    COMPILING.saturating_add(policy.episode.memory.saturating_mul(2))
}

/// Returns `true` if the policy lets any agent have files.
#[cfg(target_os = "linux")]
fn has_files(policy: &Policy) -> bool {
    policy.grants.get("workspace").is_some_and(|granted| granted.warrant.mode == crate::gate::Mode::Grant)
}
