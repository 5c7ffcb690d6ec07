//! Files outside, ways around the rules for files, and descriptors.

use super::Alone::{Done, Looked, LookedByRoot};
use super::{Attempt, Errno, Place, WITH_FILES, at, call, closed, left, m, n, never, room};

const HERE: i64 = -100;
const O_WRONLY: i32 = 1;
const O_RDWR: i32 = 2;
const O_CREAT: i32 = 0o100;
const O_DIRECTORY: i32 = libc::O_DIRECTORY;
const O_PATH: i32 = libc::O_PATH;

fn open(path: &std::ffi::CStr, flags: i32) -> Result<usize, Errno> {
    closed(call(libc::SYS_openat, [n(HERE), at(path), m(flags), 0o600]))
}

fn open2(path: &std::ffi::CStr, flags: i32) -> Result<usize, Errno> {
    let how = [u64::try_from(flags).unwrap_or(0), 0, 0];
    closed(call(libc::SYS_openat2, [n(HERE), at(path), at(&how), 24]))
}

/// Makes a call that takes a folder, a name in it, and more.
fn named(number: i64, path: &std::ffi::CStr, more: [usize; 3]) -> Result<usize, Errno> {
    let [a, b, c] = more;
    call(number, [n(HERE), at(path), a, b, c])
}

pub(crate) const LIST: &[Attempt] = &[
    never("openat: read a file outside", Done, |place| open(&place.secret, 0)),
    never("openat: write to a file outside", Done, |place| open(&place.secret, O_WRONLY)),
    never("openat: make a file outside", Done, |place| open(&place.new[0], O_WRONLY | O_CREAT)),
    never("openat: list a folder outside", Done, |place| open(&place.outside, O_DIRECTORY)),
    #[cfg(target_arch = "x86_64")]
    never("open: read a file outside", Done, |place| closed(call(libc::SYS_open, [at(place.secret.as_c_str()), 0]))),
    #[cfg(target_arch = "x86_64")]
    never("creat: make a file outside", Done, |place| {
        closed(call(libc::SYS_creat, [at(place.new[1].as_c_str()), 0o600]))
    }),
    never("openat2: read a file outside", Done, |place| open2(&place.secret, 0)),
    // Only the content of a file outside is hidden: see SECURITY.md on these five.
    left("openat: hold a file outside without opening it", WITH_FILES, |place| open(&place.secret, O_PATH)),
    left("openat2: hold a file outside without opening it", WITH_FILES, |place| open2(&place.secret, O_PATH)),
    left("newfstatat: ask how large a file outside is", WITH_FILES, |place| {
        named(libc::SYS_newfstatat, &place.secret, [room(), 0, 0])
    }),
    left("statx: ask how large a file outside is", WITH_FILES, |place| {
        named(libc::SYS_statx, &place.secret, [0, 0x7ff, room()])
    }),
    left("readlinkat: read a link outside", WITH_FILES, |place| {
        named(libc::SYS_readlinkat, &place.link, [room(), 256, 0])
    }),
    never("openat: write to its own memory as to a file", Done, |_| open(c"/proc/self/mem", O_RDWR)),
    never("openat: read the map of its own memory", Done, |_| open(c"/proc/self/maps", 0)),
    left("openat: read the map of its own pages", WITH_FILES, |_| open(c"/proc/self/pagemap", 0)),
    never("openat: read the memory map of the supervisor", Done, |place| open(&place.of_supervisor[0], 0)),
    never("openat: read the variables of the supervisor", Done, |place| open(&place.of_supervisor[1], 0)),
    never("openat: read how the supervisor is", Done, |place| open(&place.of_supervisor[2], 0)),
    never("openat: write to a setting of the kernel", LookedByRoot, |_| open(c"/proc/sys/kernel/domainname", O_WRONLY)),
    never("faccessat: ask whether a file outside may be read", Done, |place| {
        named(libc::SYS_faccessat, &place.secret, [4, 0, 0])
    }),
    never("mkdirat: make a folder outside", Done, |place| named(libc::SYS_mkdirat, &place.new[2], [0o700, 0, 0])),
    never("unlinkat: remove a file outside", Done, |place| named(libc::SYS_unlinkat, &place.doomed, [0, 0, 0])),
    never("unlinkat: remove a folder outside", Done, |place| named(libc::SYS_unlinkat, &place.empty, [0x200, 0, 0])),
    never("truncate a file outside", Done, |place| call(libc::SYS_truncate, [at(place.secret.as_c_str()), 0])),
];

pub(crate) const AROUND: &[Attempt] = &[
    never("symlinkat: a link to the outside", Done, |place| {
        call(libc::SYS_symlinkat, [at(place.secret.as_c_str()), n(HERE), at(place.second.as_c_str())])
    }),
    never("linkat: a second name outside", Done, |place| {
        let (from, to) = (at(place.kept.as_c_str()), at(place.new[3].as_c_str()));
        call(libc::SYS_linkat, [n(HERE), from, n(HERE), to, 0])
    }),
    never("renameat2: out of the folder", Looked, |place| {
        let (from, to) = (at(place.kept.as_c_str()), at(place.secret.as_c_str()));
        // The target exists already.
        call(libc::SYS_renameat2, [n(HERE), from, n(HERE), to, 1])
    }),
    never("mknodat", Done, |place| named(libc::SYS_mknodat, &place.new[4], [0o10_600, 0, 0])),
    never("fchmodat", Done, |place| named(libc::SYS_fchmodat, &place.kept, [0o666, 0, 0])),
    never("fchownat", Done, |place| named(libc::SYS_fchownat, &place.kept, [n(-1), n(-1), 0])),
    never("utimensat", Done, |place| named(libc::SYS_utimensat, &place.kept, [0, 0, 0])),
    never("setxattr", Looked, |place| {
        call(libc::SYS_setxattr, [at(place.kept.as_c_str()), at(c"user.x"), at(c"x"), n(-1), 0])
    }),
    never("statfs", Done, |place| call(libc::SYS_statfs, [at(place.kept.as_c_str()), room()])),
    never("chdir", Done, |_| call(libc::SYS_chdir, [at(c"/")])),
    never("fchdir", Looked, |_| call(libc::SYS_fchdir, [n(-1)])),
    never("chroot", Looked, |place| call(libc::SYS_chroot, [at(place.link.as_c_str())])),
    never("pivot_root", LookedByRoot, |place| {
        call(libc::SYS_pivot_root, [at(place.link.as_c_str()), at(place.link.as_c_str())])
    }),
    never("mount", Looked, |_| call(libc::SYS_mount, [0, at(c"/nowhere/at/all"), at(c"tmpfs"), 0, 0])),
    never("umount2", Looked, |_| call(libc::SYS_umount2, [at(c"/nowhere/at/all"), 0])),
    never("open_tree", Done, |place| closed(call(libc::SYS_open_tree, [n(HERE), at(place.outside.as_c_str()), 0]))),
    never("move_mount", LookedByRoot, |_| call(libc::SYS_move_mount, [n(-1), at(c"x"), n(-1), at(c"x"), 0])),
    never("fsopen", LookedByRoot, |_| call(libc::SYS_fsopen, [at(c"no-such-file-system"), 0])),
    never("mount_setattr", LookedByRoot, |_| call(libc::SYS_mount_setattr, [n(-1), at(c"x"), 0, 0, 32])),
    never("name_to_handle_at", Looked, |place| {
        let (handle, mount) = ([0_u32; 4], [0_u64; 1]);
        named(libc::SYS_name_to_handle_at, &place.outside, [at(&handle), at(&mount), 0])
    }),
    never("open_by_handle_at", LookedByRoot, |_| call(libc::SYS_open_by_handle_at, [n(-1), at(&[0_u32; 4]), 0])),
    never("inotify_init1", Done, |_| closed(call(libc::SYS_inotify_init1, [0]))),
    never("fanotify_init", LookedByRoot, |_| closed(call(libc::SYS_fanotify_init, [0x200, 0]))),
];

/// Attempts on descriptors. Opening the pipe of the worker's answers again is not among them, since
/// the outcome depends on the kind of file: a test in `isolation` covers it.
pub(crate) const DESCRIPTORS: &[Attempt] = &[
    never("dup", Done, |_| closed(call(libc::SYS_dup, [1]))),
    never("dup3", Done, |_| closed(call(libc::SYS_dup3, [1, 77, 0]))),
    never("flock", Done, |place| {
        let file = call(libc::SYS_openat, [n(HERE), at(place.kept.as_c_str()), 0])?;
        let locked = call(libc::SYS_flock, [file, 8]);
        closed(Ok(file)).and(locked)
    }),
    never("fallocate", Looked, |_| call(libc::SYS_fallocate, [n(-1), 0, 0, 1])),
    never("sendfile", Looked, |_| call(libc::SYS_sendfile, [n(-1), n(-1), 0, 1])),
    never("splice", Looked, |_| call(libc::SYS_splice, [n(-1), 0, n(-1), 0, 1, 0])),
    never("tee", Looked, |_| call(libc::SYS_tee, [n(-1), n(-1), 1, 0])),
    never("vmsplice", Looked, |_| call(libc::SYS_vmsplice, [n(-1), 0, 0, 0])),
    never("copy_file_range", Looked, |_| call(libc::SYS_copy_file_range, [n(-1), 0, n(-1), 0, 1, 0])),
    never("pipe2", Done, |_| {
        let pair = [0_i32; 2];
        call(libc::SYS_pipe2, [at(&pair), 0])
    }),
    never("eventfd2", Done, |_| closed(call(libc::SYS_eventfd2, [0, 0]))),
    never("epoll_create1", Done, |_| closed(call(libc::SYS_epoll_create1, [0]))),
    never("timerfd_create", Done, |_| closed(call(libc::SYS_timerfd_create, [1, 0]))),
    never("signalfd4", Done, |_| closed(call(libc::SYS_signalfd4, [n(-1), at(&[0_u8; 8]), 8, 0]))),
    never("ioctl: type into a terminal", Looked, |_| call(libc::SYS_ioctl, [1, 0x5412, at(c"x")])),
    never("poll", Done, |_: &Place| call(libc::SYS_ppoll, [0, 0, room(), 0, 0])),
];
