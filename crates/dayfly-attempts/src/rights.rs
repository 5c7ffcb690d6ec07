//! Users, groups and capabilities.

use super::Alone::{Done, Looked, LookedByRoot};
use super::{Attempt, Errno, call, n, never};

fn own_user() -> Result<usize, Errno> {
    call(libc::SYS_getuid, [])
}

pub(crate) const LIST: &[Attempt] = &[
    never("getuid", Done, |_| own_user()),
    never("setuid", Done, |_| call(libc::SYS_setuid, [own_user()?])),
    never("setgid", Done, |_| call(libc::SYS_setgid, [call(libc::SYS_getgid, [])?])),
    never("setresuid", Done, |_| call(libc::SYS_setresuid, [n(-1), n(-1), n(-1)])),
    never("setresgid", Done, |_| call(libc::SYS_setresgid, [n(-1), n(-1), n(-1)])),
    never("setfsuid", Done, |_| call(libc::SYS_setfsuid, [n(-1)])),
    never("setgroups", LookedByRoot, |_| call(libc::SYS_setgroups, [n(-1), 0])),
    never("capget", Looked, |_| call(libc::SYS_capget, [0, 0])),
    never("capset", Looked, |_| call(libc::SYS_capset, [0, 0])),
];
