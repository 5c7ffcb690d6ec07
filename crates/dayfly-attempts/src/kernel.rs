//! Programs in the kernel, requests to the kernel, and the machine.

use super::Alone::{Done, Looked, LookedByRoot};
use super::{Attempt, COMPILING, at, call, left, n, never, room};

/// Address that no process has.
const NOWHERE: usize = 8;

pub(crate) const LIST: &[Attempt] = &[
    never("bpf", LookedByRoot, |_| call(libc::SYS_bpf, [9999, 0, 0])),
    never("perf_event_open", Looked, |_| call(libc::SYS_perf_event_open, [NOWHERE, 0, 0, n(-1), 0])),
    never("keyctl", Looked, |_| call(libc::SYS_keyctl, [9999, 0, 0, 0, 0])),
    never("add_key", Looked, |_| call(libc::SYS_add_key, [NOWHERE, NOWHERE, 0, 0, 0])),
    never("request_key", Looked, |_| call(libc::SYS_request_key, [NOWHERE, NOWHERE, 0, 0])),
    never("init_module", LookedByRoot, |_| call(libc::SYS_init_module, [0, 0, at(c"")])),
    never("finit_module", LookedByRoot, |_| call(libc::SYS_finit_module, [n(-1), at(c""), 0])),
    never("delete_module", LookedByRoot, |_| call(libc::SYS_delete_module, [at(c"no_such_module"), 0o4000])),
    never("kexec_load", LookedByRoot, |_| call(libc::SYS_kexec_load, [0, 9999, 0, 0])),
    never("syslog", LookedByRoot, |_| call(libc::SYS_syslog, [10, 0, 0])),
    left("seccomp: ask what there is", COMPILING, |_| call(libc::SYS_seccomp, [2, 0, at(&0x7fff_0000_u32)])),
    never("landlock_create_ruleset", Looked, |_| call(libc::SYS_landlock_create_ruleset, [0, 0, 1])),
    never("landlock_restrict_self", LookedByRoot, |_| call(libc::SYS_landlock_restrict_self, [n(-1), 0])),
    left("membarrier", COMPILING, |_| call(libc::SYS_membarrier, [0, 0, 0])),
    never("uname", Done, |_| call(libc::SYS_uname, [room()])),
    never("sysinfo", Done, |_| call(libc::SYS_sysinfo, [room()])),
    never("getrusage", Done, |_| call(libc::SYS_getrusage, [0, room()])),
    never("times", Done, |_| call(libc::SYS_times, [room()])),
    // Numbers of another architecture's calls, which a filter may forget.
    #[cfg(target_arch = "x86_64")]
    never("a call of x32", Looked, |_| call(0x4000_0000 | libc::SYS_socket, [2, 1, 0])),
    #[cfg(target_arch = "x86_64")]
    never("modify_ldt", Done, |_| call(libc::SYS_modify_ldt, [0, room(), 64])),
    #[cfg(target_arch = "x86_64")]
    never("arch_prctl", Done, |_| call(libc::SYS_arch_prctl, [0x1003, room()])),
];

pub(crate) const MACHINE: &[Attempt] = &[
    never("reboot", LookedByRoot, |_| call(libc::SYS_reboot, [0, 0, 0, 0])),
    never("settimeofday", Looked, |_| call(libc::SYS_settimeofday, [NOWHERE, 0])),
    never("clock_settime", Looked, |_| call(libc::SYS_clock_settime, [0, NOWHERE])),
    never("adjtimex", Looked, |_| call(libc::SYS_adjtimex, [NOWHERE])),
    never("sethostname", LookedByRoot, |_| call(libc::SYS_sethostname, [at(c"x"), n(-1)])),
    never("setdomainname", LookedByRoot, |_| call(libc::SYS_setdomainname, [at(c"x"), n(-1)])),
    never("acct", LookedByRoot, |_| call(libc::SYS_acct, [at(c"/nowhere/at/all")])),
    never("swapon", LookedByRoot, |_| call(libc::SYS_swapon, [at(c"/nowhere/at/all"), 0x7fff_0000])),
    never("swapoff", LookedByRoot, |_| call(libc::SYS_swapoff, [at(c"/nowhere/at/all")])),
    never("quotactl", Looked, |_| call(libc::SYS_quotactl, [0xff, 0, 0, 0])),
    never("sync", Done, |_| call(libc::SYS_sync, [])),
    #[cfg(target_arch = "x86_64")]
    never("iopl", Looked, |_| call(libc::SYS_iopl, [0])),
    #[cfg(target_arch = "x86_64")]
    never("ioperm", Looked, |_| call(libc::SYS_ioperm, [0, 0, 0])),
];
