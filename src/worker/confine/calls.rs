//! Seccomp: the system calls that are left.
//!
//! 1. A call that is not listed fails with `EPERM`. Two filters are in force at the end, and the tighter answer counts.
//! 2. From the second filter on, no thread and no process is made, and no page can be made executable.

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

/// A system call that is left, where `only` holds.
#[derive(Clone, Copy)]
pub(super) struct Call(i64, Option<Only>);

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
    libc::SYS_ftruncate,
    libc::SYS_fcntl,
    libc::SYS_memfd_create,
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

/// What compiling needs besides: to start threads, to lay out what was compiled, and to read what Landlock leaves.
const COMPILING: &[i64] = &[
    libc::SYS_openat,
    libc::SYS_prctl,
    libc::SYS_prlimit64,
    libc::SYS_membarrier,
    libc::SYS_seccomp,
    libc::SYS_mmap,
    libc::SYS_mprotect,
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
const PROT_EXEC: u64 = 4;

const SCAN: Call = Call(libc::SYS_ioctl, Some(Only { argument: 1, mask: 0xFFFF_FFFF, bits: PAGEMAP_SCAN }));

/// What is left while the agent is compiled.
pub(super) fn compiling() -> Vec<Call> {
    let thread = Call(libc::SYS_clone, Some(Only { argument: 0, mask: CLONE_THREAD, bits: CLONE_THREAD }));
    // What living needs is in force then, too: the second filter only takes away.
    let listed = ALWAYS.iter().chain(COMPILING).chain(FILES).map(|number| Call(*number, None));
    listed.chain([thread, SCAN, abort()]).collect()
}

/// What is left while episodes are lived.
pub(super) fn living(policy: &Policy) -> Vec<Call> {
    // INVARIANT 2
    let not_executable = |number| Call(number, Some(Only { argument: 2, mask: PROT_EXEC, bits: 0 }));
    let files = if has_files(policy) { FILES } else { &[] };
    let listed = ALWAYS.iter().chain(files).map(|number| Call(*number, None));
    listed.chain([not_executable(libc::SYS_mmap), not_executable(libc::SYS_mprotect), SCAN, abort()]).collect()
}

/// A process may end itself by a signal, and no other.
fn abort() -> Call {
    Call(libc::SYS_tgkill, Some(Only { argument: 0, mask: 0xFFFF_FFFF, bits: std::process::id().into() }))
}

/// Let only these calls through from now on.
pub(super) fn apply(left: &[Call], threads: Threads) -> Result<String, String> {
    let say = |error: &dyn std::fmt::Display| error.to_string();
    let only = filter(left, SeccompAction::Errno(errno(libc::EPERM)), SeccompAction::Allow);
    let only = only.map_err(|error| say(&error))?;
    match threads {
        Threads::This => {
            // Where it is listed it is let through, and this filter's answer counts.
            let clone3 = [Call(libc::SYS_clone3, None)];
            let absent = filter(&clone3, SeccompAction::Allow, SeccompAction::Errno(errno(libc::ENOSYS)));
            seccompiler::apply_filter(&absent.map_err(|error| say(&error))?).map_err(|error| say(&error))?;
            seccompiler::apply_filter(&only).map_err(|error| say(&error))?;
        }
        Threads::All => seccompiler::apply_filter_all_threads(&only).map_err(|error| say(&error))?,
    }
    Ok(format!("{} system calls", left.len()))
}

fn filter(
    calls: &[Call],
    otherwise: SeccompAction,
    action: SeccompAction,
) -> Result<BpfProgram, seccompiler::BackendError> {
    let mut rules = BTreeMap::new();
    for Call(number, only) in calls {
        let conditions: Vec<SeccompRule> = match only {
            None => Vec::new(),
            Some(Only { argument, mask, bits }) => {
                let bits = SeccompCondition::new(*argument, Width::Qword, Is::MaskedEq(*mask), *bits)?;
                vec![SeccompRule::new(vec![bits])?]
            }
        };
        rules.insert(*number, conditions);
    }
    let target = TargetArch::try_from(std::env::consts::ARCH)?;
    SeccompFilter::new(rules, otherwise, action, target)?.try_into()
}

fn errno(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(1)
}
