//! Seccomp: the system calls that are left.
//!
//! 1. A call that is not listed fails with `EPERM`. Two filters are in force at the end, and the tighter answer counts.
//! 2. From the second filter on, no thread and no process is made, and no page can be made executable.
//! 3. From the second filter on, no memory is to be had that the limit on data does not count, but for tables of pages, which the limit
//!    on addresses bounds: none that is shared, none that grows like a stack, no file that is nowhere.
//! 4. No call that is left does anything to another process: none sends a signal, sets a limit or an owner elsewhere. One asks which
//!    processors a process may use, which a thread that starts asks of itself by a number like any other.
//! 5. Of another architecture's calls, the first one ends the process; those of x32 are not listed.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Width, SeccompCmpOp as Is, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

use super::has_files;
use crate::policy::Policy;

/// What a call's argument has to be: its position, and the bits that have to be as given.
#[derive(Clone, Copy)]
struct Only {
    argument: u8,
    mask: u64,
    bits: u64,
}

/// A system call that is left, where all of these hold; one with several lines is left where one of them does.
#[derive(Clone)]
pub(super) struct Call(i64, Vec<Only>);

/// Whose calls are filtered.
#[derive(Clone, Copy)]
pub(super) enum Threads {
    /// Those of this thread, and of all that it starts.
    This,
    /// Those of all threads.
    All,
}

/// What every thread needs: to read and write what is open, memory, to wait, and to end.
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
    // A thread that was started before says so a moment later.
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_sched_getaffinity,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// What compiling needs besides: to start threads, to lay out what was compiled and the images that memories are made from, and to
/// read what Landlock leaves.
const COMPILING: &[i64] = &[
    libc::SYS_openat,
    libc::SYS_membarrier,
    libc::SYS_seccomp,
    libc::SYS_mprotect,
    libc::SYS_memfd_create,
    libc::SYS_ftruncate,
    // Fails with `ENOSYS`, so that threads are made by `clone`, whose flags can be looked at.
    libc::SYS_clone3,
];

/// What workspaces need besides.
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

/// The request of `PAGEMAP_SCAN`, `_IOWR('f', 16, struct pm_scan_arg)`.
const PAGEMAP_SCAN: u64 = 0xC060_6610;
const CLONE_THREAD: u64 = 0x0001_0000;
/// `CLONE_NEWTIME`, which no thread can have, `CLONE_NEWNS`, and the other namespaces.
const CLONE_NAMESPACES: u64 = 0x7E02_0080;
const PROT_EXEC: u64 = 4;
const MAP_PRIVATE: u64 = 0x02;
/// The bits that say whether memory is shared, `MAP_GROWSDOWN`, and `MAP_HUGETLB`.
const MAP_KIND: u64 = 0x0004_010F;
const F_ADD_SEALS: u64 = 1033;
/// `F_GETFD`, `F_SETFD`, `F_GETFL`, `F_DUPFD_CLOEXEC`: none has an owner or a signal.
const DESCRIPTOR: [u64; 4] = [1, 2, 3, 1030];
const PR_SET_DUMPABLE: u64 = 4;
const PR_SET_NAME: u64 = 15;
const PR_SET_NO_NEW_PRIVS: u64 = 38;

impl Only {
    /// An argument of 32 bits is this.
    const fn is(argument: u8, value: u64) -> Self {
        Self { argument, mask: 0xFFFF_FFFF, bits: value }
    }

    const NOT_EXECUTABLE: Self = Self { argument: 2, mask: PROT_EXEC, bits: 0 };
    const PRIVATE: Self = Self { argument: 3, mask: MAP_KIND, bits: MAP_PRIVATE };
}

/// What is left while the agent is compiled.
pub(super) fn compiling() -> Vec<Call> {
    let mask = CLONE_THREAD | CLONE_NAMESPACES;
    let thread = Call(libc::SYS_clone, vec![Only { argument: 0, mask, bits: CLONE_THREAD }]);
    let sealed = Call(libc::SYS_fcntl, vec![Only::is(1, F_ADD_SEALS)]);
    let private = Call(libc::SYS_mmap, vec![Only::PRIVATE]);
    // INVARIANT 4
    let own_limits = Call(libc::SYS_prlimit64, vec![Only::is(0, 0)]);
    let own = [
        vec![Only::is(0, PR_SET_NAME)],
        vec![Only::is(0, PR_SET_NO_NEW_PRIVS), Only::is(1, 1)],
        vec![Only::is(0, PR_SET_DUMPABLE), Only::is(1, 0)],
    ];
    let own = own.into_iter().map(|only| Call(libc::SYS_prctl, only));
    // What living needs is in force then, too: the second filter only takes away.
    let listed = ALWAYS.iter().chain(COMPILING).chain(FILES).map(|number| Call(*number, Vec::new()));
    listed.chain([thread, sealed, private, own_limits]).chain(own).chain(narrow()).collect()
}

/// What is left while episodes are lived.
pub(super) fn living(policy: &Policy) -> Vec<Call> {
    // INVARIANT 2, INVARIANT 3
    let private = Call(libc::SYS_mmap, vec![Only::PRIVATE, Only::NOT_EXECUTABLE]);
    let protect = Call(libc::SYS_mprotect, vec![Only::NOT_EXECUTABLE]);
    let files = if has_files(policy) { FILES } else { &[] };
    let listed = ALWAYS.iter().chain(files).map(|number| Call(*number, Vec::new()));
    listed.chain([private, protect]).chain(narrow()).collect()
}

/// What is always left of calls of which not everything is.
fn narrow() -> impl Iterator<Item = Call> {
    // A process may end itself by a signal, and no other.
    let abort = Call(libc::SYS_tgkill, vec![Only::is(0, std::process::id().into())]);
    let scan = Call(libc::SYS_ioctl, vec![Only::is(1, PAGEMAP_SCAN)]);
    let descriptor = DESCRIPTOR.map(|command| Call(libc::SYS_fcntl, vec![Only::is(1, command)]));
    [abort, scan].into_iter().chain(descriptor)
}

/// Let only these calls through from now on.
pub(super) fn apply(left: &[Call], threads: Threads) -> Result<String, String> {
    let unfit = |error: seccompiler::BackendError| format!("there is no filter for this processor: {error}");
    let refused = |error: seccompiler::Error| format!("the kernel takes no filter of system calls: {error}");
    let only = only(left).map_err(unfit)?;
    match threads {
        Threads::This => {
            let absent = without_clone3().map_err(unfit)?;
            seccompiler::apply_filter(&absent).map_err(refused)?;
            seccompiler::apply_filter(&only).map_err(refused)?;
        }
        Threads::All => seccompiler::apply_filter_all_threads(&only).map_err(refused)?,
    }
    let mut numbers: Vec<i64> = left.iter().map(|Call(number, _)| *number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    Ok(format!("{} system calls", numbers.len()))
}

/// The filter that lets only these calls through.
fn only(left: &[Call]) -> Result<BpfProgram, seccompiler::BackendError> {
    filter(left, SeccompAction::Errno(errno(libc::EPERM)), SeccompAction::Allow)
}

/// The filter that makes `clone3` a call that there is not: where it is listed it is let through, and this filter's answer counts.
fn without_clone3() -> Result<BpfProgram, seccompiler::BackendError> {
    let clone3 = [Call(libc::SYS_clone3, Vec::new())];
    filter(&clone3, SeccompAction::Allow, SeccompAction::Errno(errno(libc::ENOSYS)))
}

fn filter(
    calls: &[Call],
    otherwise: SeccompAction,
    action: SeccompAction,
) -> Result<BpfProgram, seccompiler::BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    for Call(number, only) in calls {
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
