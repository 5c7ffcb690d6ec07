//! Limits and Landlock.

use std::path::Path;

use caps::CapSet;
use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, LandlockStatus, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreatedAttr, RulesetStatus, Scope,
};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::Signal;

use super::Needs;

/// Number of bytes that a worker may write to while it runs episodes, beyond what the policy allows agents.
const LIVING: u64 = 512 << 20;
/// Number of bytes of addresses while it runs episodes, beyond the writable ones and those of the pool.
const ADDRESSES: u64 = 8 << 30;
/// Number of bytes of addresses that the pool reserves for each agent of an episode, and its `learn`. Each 2 MiB of
/// reserved or readable addresses cost a page of tables: 80 MiB for all of one agent.
const POOL: u64 = 32 << 30;
/// Number of descriptors: pipes, the scratch folder and its files, and the images that memories are made from.
const DESCRIPTORS: u64 = 64;
/// Number of further descriptors for each agent: those of its workspace, and the images that its memories are made from.
const DESCRIPTORS_OF_ONE: u64 = 64;
/// Number of bytes of the file that counts the begun episodes.
const BEGUN: u64 = 8;
/// Number of bytes of the stack of the thread that runs episodes, which the limit on data does not count.
const STACK: u64 = 8 << 20;

/// Leaves the session, gives up privileges, and sets the limits.
pub(super) fn limits(needs: &Needs, seconds: u64) -> Result<String, String> {
    // A process that leads its group already, as under a debugger, keeps its session.
    let _ = nix::unistd::setsid();
    nix::sys::prctl::set_no_new_privs().map_err(|error| format!("no new privileges: {error}"))?;
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL).map_err(|error| format!("the parent's death: {error}"))?;
    let memory = super::compiling(needs);
    let descriptors = DESCRIPTORS.saturating_add(needs.agents.saturating_mul(DESCRIPTORS_OF_ONE));
    let bounds = [
        (Resource::RLIMIT_CORE, "core", 0),
        (Resource::RLIMIT_DATA, "data", memory),
        (Resource::RLIMIT_STACK, "stack", STACK),
        (Resource::RLIMIT_MEMLOCK, "locked memory", 0),
        (Resource::RLIMIT_MSGQUEUE, "message queues", 0),
        (Resource::RLIMIT_CPU, "processor time", seconds),
        (Resource::RLIMIT_NOFILE, "descriptors", descriptors),
        (Resource::RLIMIT_FSIZE, "file size", largest_file(needs)),
    ];
    bound(&bounds)?;
    no_capabilities().map_err(|error| format!("no capabilities: {error}"))?;
    Ok(format!("{} MiB to write to, {seconds} s, {descriptors} descriptors", living(needs) >> 20))
}

/// Gives up the powers of root, so that a worker has those of an ordinary user.
fn no_capabilities() -> Result<(), caps::errors::CapsError> {
    for set in [CapSet::Ambient, CapSet::Inheritable, CapSet::Effective, CapSet::Permitted] {
        caps::clear(None, set)?;
    }
    Ok(())
}

/// Sets the limits that hold once the agent is compiled.
pub(super) fn limits_of_living(needs: &Needs) -> Result<(), String> {
    // A core dump that is piped to a program ignores the limit. The engine has opened by now the files of this
    // process that it reads.
    nix::sys::prctl::set_dumpable(false).map_err(|error| format!("no dump: {error}"))?;
    bound(&[
        (Resource::RLIMIT_DATA, "data", living(needs)),
        (Resource::RLIMIT_AS, "addresses", addresses(needs)),
        (Resource::RLIMIT_NPROC, "processes", 0),
        // No image of a memory is made any more.
        (Resource::RLIMIT_FSIZE, "file size", needs.file_bytes.max(BEGUN)),
    ])
}

/// Returns the number of bytes that episodes may write to: memories, carry-overs in transit, the data of a call, and
/// the record of it.
fn living(needs: &Needs) -> u64 {
    LIVING.saturating_add(needs.moved.saturating_mul(4))
}

/// Returns the number of bytes of addresses while episodes are run.
fn addresses(needs: &Needs) -> u64 {
    ADDRESSES.saturating_add(POOL.saturating_mul(needs.agents)).saturating_add(living(needs))
}

/// Returns the number of bytes of the largest file: a file of a workspace, or the image of a memory.
fn largest_file(needs: &Needs) -> u64 {
    needs.file_bytes.max(needs.memory).saturating_add(1 << 20)
}

fn bound(bounds: &[(Resource, &str, u64)]) -> Result<(), String> {
    for (resource, name, most) in bounds {
        let say = |error: nix::Error| format!("{name}: {error}");
        // A limit that was stricter before stays so.
        let (_, before) = getrlimit(*resource).map_err(say)?;
        let most = before.min(*most);
        setrlimit(*resource, most, most).map_err(say)?;
    }
    Ok(())
}

/// Closes every descriptor except the three pipes.
pub(super) fn close_inherited() -> Result<(), String> {
    let listed = std::fs::read_dir("/proc/self/fd").map_err(|error| format!("descriptors: {error}"))?;
    let open: Vec<i32> = listed
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|number| *number > 2)
        .collect();
    for number in open {
        // The descriptor of the listing is among them, and is closed by now.
        let _ = nix::unistd::close(number);
    }
    Ok(())
}

/// Applies Landlock: no files except those of `scratch`, where the policy grants any; no TCP and UDP; no signals and
/// sockets beyond this process. Each part depends on the version of Landlock in the kernel. Files need version 1, TCP
/// 4, devices 5, signals and abstract sockets 6, named sockets 9, and UDP 10. Landlock does not hide the existence of
/// a file, its size, or its time of change.
pub(super) fn landlock(needs: &Needs, scratch: &Path) -> Result<String, String> {
    let newest = ABI::V10;
    let say = |error: &dyn std::fmt::Display| error.to_string();
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(newest))
        .and_then(|ruleset| ruleset.handle_access(AccessNet::from_all(newest)))
        .and_then(|ruleset| ruleset.scope(Scope::from_all(newest)))
        .and_then(Ruleset::create)
        .map_err(|error| say(&error))?;
    if needs.has_files {
        let folder = PathFd::new(scratch).map_err(|error| say(&error))?;
        ruleset = ruleset.add_rule(PathBeneath::new(folder, workspace())).map_err(|error| say(&error))?;
    }
    // The engine asks which pages an episode has touched. Without this file it clears more pages than necessary.
    if let Ok(pages) = PathFd::new("/proc/self/pagemap") {
        ruleset = ruleset.add_rule(PathBeneath::new(pages, AccessFs::ReadFile)).map_err(|error| say(&error))?;
    }
    let status = ruleset.restrict_self().map_err(|error| say(&error))?;
    match (status.ruleset, status.landlock) {
        (RulesetStatus::FullyEnforced, LandlockStatus::Available { effective_abi, .. }) => {
            Ok(format!("ABI {effective_abi:?}"))
        }
        (RulesetStatus::PartiallyEnforced, LandlockStatus::Available { effective_abi, .. }) => {
            Ok(format!("ABI {effective_abi:?} of {newest:?}"))
        }
        (_, LandlockStatus::NotEnabled) => Err("the kernel has Landlock, but it is not enabled at boot".to_owned()),
        _ => Err("the kernel has no Landlock: Linux 5.13 or newer is needed".to_owned()),
    }
}

/// Returns the access that workspaces need below the scratch folder.
fn workspace() -> BitFlags<AccessFs> {
    AccessFs::ReadFile
        | AccessFs::ReadDir
        | AccessFs::WriteFile
        | AccessFs::Truncate
        | AccessFs::MakeReg
        | AccessFs::MakeDir
        | AccessFs::RemoveFile
        | AccessFs::RemoveDir
}
