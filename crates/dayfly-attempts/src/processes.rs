//! Processes, programs, and attempts on other processes.

use super::Alone::{Done, Looked, LookedByRoot};
use super::{Attempt, COMPILING, at, call, child, closed, left, m, n, never};

const SIGCHLD: usize = 17;
const CLONE_FS: usize = 0x200;
const CLONE_VFORK: usize = 0x4000;
const CLONE_NEWUTS: usize = 0x0400_0000;
const CLONE_NEWUSER: usize = 0x1000_0000;

pub(crate) const LIST: &[Attempt] = &[
    #[cfg(target_arch = "x86_64")]
    never("fork", Done, |_| child(libc::SYS_fork, [])),
    never("fork, by clone", Done, |_| child(libc::SYS_clone, [SIGCHLD])),
    never("vfork, by clone", Done, |_| child(libc::SYS_clone, [CLONE_VFORK | SIGCHLD])),
    never("clone with a user namespace", LookedByRoot, |_| child(libc::SYS_clone, [CLONE_NEWUSER | SIGCHLD])),
    never("clone3", Done, |_| {
        let mut arguments = [0_u64; 8];
        arguments[4] = 17;
        child(libc::SYS_clone3, [at(&arguments), 64])
    }),
    never("execve", Looked, |place| call(libc::SYS_execve, [at(place.new[0].as_c_str()), 0, 0])),
    never("execveat", Looked, |_| call(libc::SYS_execveat, [n(-1), at(c""), 0, 0, 0x1000])),
    // The file exists while compiling, and holds no program.
    never("execveat of a file that is nowhere", Looked, |_| {
        let file = call(libc::SYS_memfd_create, [at(c"program"), 0])?;
        let ran = call(libc::SYS_execveat, [file, at(c""), 0, 0, 0x1000]);
        closed(Ok(file)).and(ran)
    }),
    never("wait4", Looked, |_| call(libc::SYS_wait4, [n(-1), 0, 1, 0])),
    never("waitid", Looked, |_| call(libc::SYS_waitid, [0, 0, 0, 4 | 1, 0])),
    never("getppid", Done, |_| call(libc::SYS_getppid, [])),
    never("setpgid", Done, |_| call(libc::SYS_setpgid, [0, 0])),
    never("unshare", Done, |_| call(libc::SYS_unshare, [CLONE_FS])),
    never("unshare of the name of the machine", LookedByRoot, |_| call(libc::SYS_unshare, [CLONE_NEWUTS])),
    never("setns", Looked, |_| call(libc::SYS_setns, [n(-1), 0])),
    never("prctl: outlive the supervisor", Done, |_| call(libc::SYS_prctl, [1, 0, 0, 0, 0])),
    never("prctl: be dumped", Done, |_| call(libc::SYS_prctl, [4, 1, 0, 0, 0])),
    never("prctl: keep privileges", Done, |_| call(libc::SYS_prctl, [8, 0, 0, 0, 0])),
    never("prctl: ask for privileges", Done, |_| call(libc::SYS_prctl, [23, 0, 0, 0, 0])),
    never("prctl: take over orphans", Done, |_| call(libc::SYS_prctl, [36, 0, 0, 0, 0])),
    left("prctl: a name", COMPILING, |_| call(libc::SYS_prctl, [15, at(c"attempts"), 0, 0, 0])),
    never("personality", Done, |_| call(libc::SYS_personality, [0xffff_ffff])),
    never("setpriority", Done, |_| call(libc::SYS_setpriority, [0, 0, 19])),
    never("ioprio_set", Done, |_| call(libc::SYS_ioprio_set, [1, 0, 0])),
    never("sched_setaffinity", Done, |_| call(libc::SYS_sched_setaffinity, [0, 8, at(&[0xff_u8; 8])])),
    never("sched_setscheduler", Done, |_| call(libc::SYS_sched_setscheduler, [0, 0, at(&[0_u8; 4])])),
    left("prlimit64: lower a limit of its own", COMPILING, |_| call(libc::SYS_prlimit64, [0, 4, at(&[0_u64; 2]), 0])),
    never("timer_create", Done, |_| {
        let timer = [0_u8; 8];
        call(libc::SYS_timer_create, [0, 0, at(&timer)])
    }),
    never("setitimer", Done, |_| call(libc::SYS_setitimer, [0, at(&[0_u8; 32]), 0])),
];

pub(crate) const OTHERS: &[Attempt] = &[
    never("kill the supervisor", Done, |place| call(libc::SYS_kill, [place.supervisor, 0])),
    never("kill itself from outside", Done, |place| call(libc::SYS_kill, [place.own, 0])),
    never("tkill the supervisor", Done, |place| call(libc::SYS_tkill, [place.supervisor, 0])),
    never("tgkill the supervisor", Done, |place| call(libc::SYS_tgkill, [place.supervisor, place.supervisor, 0])),
    never("rt_sigqueueinfo", Done, |place| {
        let mut about = [0_i32; 32];
        about[2] = -1;
        call(libc::SYS_rt_sigqueueinfo, [place.supervisor, 0, at(&about)])
    }),
    never("pidfd_open of the supervisor", Done, |place| closed(call(libc::SYS_pidfd_open, [place.supervisor, 0]))),
    never("pidfd_getfd", Looked, |_| call(libc::SYS_pidfd_getfd, [n(-1), 0, 0])),
    never("pidfd_send_signal", Looked, |_| call(libc::SYS_pidfd_send_signal, [n(-1), 0, 0, 0])),
    never("process_madvise", Looked, |_| call(libc::SYS_process_madvise, [n(-1), 0, 0, 0, 0])),
    never("ptrace", Looked, |place| call(libc::SYS_ptrace, [7, place.supervisor, 0, 0])),
    never("process_vm_readv", Done, |place| {
        let (from, to) = ([7_u8; 8], [0_u8; 8]);
        call(libc::SYS_process_vm_readv, [place.own, at(&[at(&to), 8]), 1, at(&[at(&from), 8]), 1, 0])
    }),
    never("process_vm_writev", Done, |place| {
        let (from, to) = ([7_u8; 8], [0_u8; 8]);
        call(libc::SYS_process_vm_writev, [place.own, at(&[at(&from), 8]), 1, at(&[at(&to), 8]), 1, 0])
    }),
    never("kcmp", Done, |place| call(libc::SYS_kcmp, [place.own, place.own, 0, 0, 0])),
    never("prlimit64: a limit of the supervisor", Done, |place| {
        let limit = [0_u64; 2];
        call(libc::SYS_prlimit64, [place.supervisor, 4, 0, at(&limit)])
    }),
    never("getpgid of the supervisor", Done, |place| call(libc::SYS_getpgid, [place.supervisor])),
    never("move_pages", Looked, |_| call(libc::SYS_move_pages, [0, 1, 0, 0, 0, 0])),
    never("migrate_pages", Looked, |_| call(libc::SYS_migrate_pages, [0, 8, 0, 0])),
    never("fcntl: an owner, whom signals go to", Done, |place| call(libc::SYS_fcntl, [1, m(8), place.own])),
    never("fcntl: the signal that goes there", Done, |_| call(libc::SYS_fcntl, [1, m(10), 0])),
];
