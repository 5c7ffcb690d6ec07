//! Seccomp: the system calls that remain allowed.
//!
//! 1. A call that is not listed fails with `EPERM`. Two filters are in force at the end, and the stricter answer
//!    counts.
//! 2. Once the second filter is in force, no thread, no process and no executable page can be made.
//! 3. Once the second filter is in force, the limit on data counts all new memory except page tables. Memory that is
//!    shared, memory that grows like a stack, and files in memory are not allowed. The limit on addresses bounds page
//!    tables.
//! 4. No allowed call acts on another process: none sends it a signal or sets its limits or owner. One call asks
//!    which processors a process may use. A starting thread asks this of itself by number, and the number may be any.
//! 5. The first call of another architecture ends the process. Calls of x32 are not listed.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Width, SeccompCmpOp as Is, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

use super::Needs;

/// Condition on an argument of a call: its position, the mask of the bits that are compared, and their values.
#[derive(Clone, Copy)]
struct Only {
    argument: u8,
    mask: u64,
    bits: u64,
}

/// System call that is allowed where all its conditions hold. A call with several lines is allowed where one line
/// holds.
#[derive(Clone)]
pub(super) struct SystemCall(i64, Vec<Only>);

/// Threads whose calls are filtered.
#[derive(Clone, Copy)]
pub(super) enum FilteredThreads {
    /// This thread, and all threads that it starts.
    This,
    /// All threads.
    All,
}

/// Calls that every thread needs: to read and write open files, to use memory, to wait, and to end.
const ALWAYS: &[i64] = &[
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    libc::SYS_lseek,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_restart_syscall,
    libc::SYS_getrandom,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    // A thread that was started before makes these calls a moment later.
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_sched_getaffinity,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// Further calls that compiling needs: to start threads, to lay out compiled code and the images of memories, and to
/// read the files that Landlock allows.
const COMPILING: &[i64] = &[
    libc::SYS_openat,
    libc::SYS_membarrier,
    libc::SYS_seccomp,
    libc::SYS_mprotect,
    libc::SYS_memfd_create,
    libc::SYS_ftruncate,
    // Fails with `ENOSYS`, so that threads are made by `clone`, whose flags a filter can check.
    libc::SYS_clone3,
];

/// Further calls that workspaces need.
const FILES: &[i64] = &[
    libc::SYS_openat,
    libc::SYS_openat2,
    libc::SYS_mkdirat,
    libc::SYS_unlinkat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_getdents64,
    libc::SYS_readlinkat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_mkdir,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_rmdir,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_unlink,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_readlink,
];

/// Request of `PAGEMAP_SCAN`, `_IOWR('f', 16, struct pm_scan_arg)`.
const PAGEMAP_SCAN: u64 = 0xC060_6610;
const CLONE_THREAD: u64 = 0x0001_0000;
/// Flags `CLONE_NEWTIME`, which a thread cannot have, `CLONE_NEWNS`, and the other namespaces.
const CLONE_NAMESPACES: u64 = 0x7E02_0080;
const PROT_EXEC: u64 = 4;
const MAP_PRIVATE: u64 = 0x02;
/// Bits of the sharing of memory, `MAP_GROWSDOWN`, and `MAP_HUGETLB`.
const MAP_KIND: u64 = 0x0004_010F;
const F_ADD_SEALS: u64 = 1033;
/// Commands `F_GETFD`, `F_SETFD`, `F_GETFL`, `F_DUPFD_CLOEXEC`: none sets an owner or a signal.
const DESCRIPTOR: [u64; 4] = [1, 2, 3, 1030];
const PR_SET_DUMPABLE: u64 = 4;
const PR_SET_NAME: u64 = 15;
const PR_SET_NO_NEW_PRIVS: u64 = 38;

impl Only {
    /// Returns the condition that an argument of 32 bits equals `value`.
    const fn is(argument: u8, value: u64) -> Self {
        Self { argument, mask: 0xFFFF_FFFF, bits: value }
    }

    const NOT_EXECUTABLE: Self = Self { argument: 2, mask: PROT_EXEC, bits: 0 };
    const PRIVATE: Self = Self { argument: 3, mask: MAP_KIND, bits: MAP_PRIVATE };
}

/// Returns the calls that are allowed while the agent is compiled.
pub(super) fn compiling() -> Vec<SystemCall> {
    let mask = CLONE_THREAD | CLONE_NAMESPACES;
    let thread = SystemCall(libc::SYS_clone, vec![Only { argument: 0, mask, bits: CLONE_THREAD }]);
    let sealed = SystemCall(libc::SYS_fcntl, vec![Only::is(1, F_ADD_SEALS)]);
    let private = SystemCall(libc::SYS_mmap, vec![Only::PRIVATE]);
    // INVARIANT 4
    let own_limits = SystemCall(libc::SYS_prlimit64, vec![Only::is(0, 0)]);
    let own = [
        vec![Only::is(0, PR_SET_NAME)],
        vec![Only::is(0, PR_SET_NO_NEW_PRIVS), Only::is(1, 1)],
        vec![Only::is(0, PR_SET_DUMPABLE), Only::is(1, 0)],
    ];
    let own = own.into_iter().map(|only| SystemCall(libc::SYS_prctl, only));
    // The calls for living are allowed here too, since the second filter can only take calls away.
    let listed = ALWAYS.iter().chain(COMPILING).chain(FILES).map(|number| SystemCall(*number, Vec::new()));
    listed.chain([thread, sealed, private, own_limits]).chain(own).chain(narrow()).collect()
}

/// Returns the calls that are allowed while episodes are run.
pub(super) fn living(needs: &Needs) -> Vec<SystemCall> {
    // INVARIANT 2, INVARIANT 3
    let private = SystemCall(libc::SYS_mmap, vec![Only::PRIVATE, Only::NOT_EXECUTABLE]);
    let protect = SystemCall(libc::SYS_mprotect, vec![Only::NOT_EXECUTABLE]);
    let files = if needs.has_files { FILES } else { &[] };
    let listed = ALWAYS.iter().chain(files).map(|number| SystemCall(*number, Vec::new()));
    listed.chain([private, protect]).chain(narrow()).collect()
}

/// Returns the calls that are always allowed in part.
fn narrow() -> impl Iterator<Item = SystemCall> {
    // A process may end itself by a signal. It may not signal another process.
    let abort = SystemCall(libc::SYS_tgkill, vec![Only::is(0, std::process::id().into())]);
    let scan = SystemCall(libc::SYS_ioctl, vec![Only::is(1, PAGEMAP_SCAN)]);
    let descriptor = DESCRIPTOR.map(|command| SystemCall(libc::SYS_fcntl, vec![Only::is(1, command)]));
    [abort, scan].into_iter().chain(descriptor)
}

/// Allows only the calls in `left` from now on.
pub(super) fn apply(left: &[SystemCall], threads: FilteredThreads) -> Result<String, String> {
    let unfit = |error: seccompiler::BackendError| format!("there is no filter for this processor: {error}");
    let refused = |error: seccompiler::Error| format!("the kernel takes no filter of system calls: {error}");
    let only = only(left).map_err(unfit)?;
    match threads {
        FilteredThreads::This => {
            let absent = without_clone3().map_err(unfit)?;
            seccompiler::apply_filter(&absent).map_err(refused)?;
            seccompiler::apply_filter(&only).map_err(refused)?;
        }
        FilteredThreads::All => seccompiler::apply_filter_all_threads(&only).map_err(refused)?,
    }
    let mut numbers: Vec<i64> = left.iter().map(|SystemCall(number, _)| *number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    Ok(format!("{} system calls", numbers.len()))
}

/// Returns the filter that allows only these calls.
fn only(left: &[SystemCall]) -> Result<BpfProgram, seccompiler::BackendError> {
    filter(left, SeccompAction::Errno(errno(libc::EPERM)), SeccompAction::Allow)
}

/// Returns the filter that makes `clone3` fail as a missing call. The other filters allow it where it is listed, and
/// the stricter answer counts.
fn without_clone3() -> Result<BpfProgram, seccompiler::BackendError> {
    let clone3 = [SystemCall(libc::SYS_clone3, Vec::new())];
    filter(&clone3, SeccompAction::Allow, SeccompAction::Errno(errno(libc::ENOSYS)))
}

fn filter(
    calls: &[SystemCall],
    otherwise: SeccompAction,
    action: SeccompAction,
) -> Result<BpfProgram, seccompiler::BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    for SystemCall(number, only) in calls {
        let lines = rules.entry(*number).or_default();
        if only.is_empty() {
            continue;
        }
        let conditions = only.iter().map(|Only { argument, mask, bits }| {
            SeccompCondition::new(*argument, Width::Qword, Is::MaskedEq(*mask), *bits)
        });
        lines.push(SeccompRule::new(conditions.collect::<Result<_, _>>()?)?);
    }
    let target = TargetArch::try_from(std::env::consts::ARCH)?;
    SeccompFilter::new(rules, otherwise, action, target)?.try_into()
}

fn errno(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(1)
}

#[cfg(test)]
mod tests;
