//! Memory that is executable, shared with others, or counted by no limit.

use super::Alone::{Done, Looked};
use super::{Attempt, COMPILING, Errno, at, call, closed, left, n, never};

const PRIVATE: usize = 0x22;
const SHARED: usize = 0x21;
const PAGE: usize = 4096;

/// Maps a page, and unmaps it again.
fn page(rights: usize, kind: usize) -> Result<usize, Errno> {
    let page = call(libc::SYS_mmap, [0, PAGE, rights, kind, n(-1), 0])?;
    call(libc::SYS_munmap, [page, PAGE])
}

/// Makes a call on a page of its own, and unmaps the page again.
fn with_a_page(number: i64, more: [usize; 2]) -> Result<usize, Errno> {
    let page = call(libc::SYS_mmap, [0, PAGE, 3, PRIVATE, n(-1), 0])?;
    let [a, b] = more;
    let done = call(number, [page, PAGE, a, b]);
    call(libc::SYS_munmap, [page, PAGE]).and(done)
}

pub(crate) const LIST: &[Attempt] = &[
    left("mmap: a page that runs", COMPILING, |_| page(7, PRIVATE)),
    left("mprotect: let a page run", COMPILING, |_| with_a_page(libc::SYS_mprotect, [5, 0])),
    never("pkey_mprotect: let a page run", Looked, |_| with_a_page(libc::SYS_pkey_mprotect, [5, n(-1)])),
    never("pkey_alloc", Looked, |_| call(libc::SYS_pkey_alloc, [0, 7])),
    never("mmap: a page that is shared", Done, |_| page(3, SHARED)),
    never("mmap: a page that grows like a stack", Done, |_| page(3, PRIVATE | 0x100)),
    never("remap_file_pages", Looked, |_| with_a_page(libc::SYS_remap_file_pages, [0, 0])),
    left("memfd_create", COMPILING, |_| closed(call(libc::SYS_memfd_create, [at(c"nowhere"), 0]))),
    never("memfd_secret", Looked, |_| call(libc::SYS_memfd_secret, [0x7777])),
    never("shmget", Done, |_| {
        let memory = call(libc::SYS_shmget, [0, PAGE, 0o600])?;
        call(libc::SYS_shmctl, [memory, 0, 0])
    }),
    never("shmat", Looked, |_| call(libc::SYS_shmat, [n(-1), 0, 0])),
    never("msgget", Done, |_| {
        let queue = call(libc::SYS_msgget, [0, 0o600])?;
        call(libc::SYS_msgctl, [queue, 0, 0])
    }),
    never("semget", Done, |_| {
        let semaphores = call(libc::SYS_semget, [0, 1, 0o600])?;
        call(libc::SYS_semctl, [semaphores, 0, 0, 0])
    }),
    never("mq_open", Looked, |_| call(libc::SYS_mq_open, [0, 0, 0, 0])),
    never("mlock", Done, |_| with_a_page(libc::SYS_mlock, [0, 0])),
    never("mlockall", Looked, |_| call(libc::SYS_mlockall, [0])),
    never("userfaultfd", Done, |_| closed(call(libc::SYS_userfaultfd, [1]))),
    never("set_mempolicy", Looked, |_| call(libc::SYS_set_mempolicy, [77, 0, 0])),
    never("mincore, which tells what others have read", Done, |_| {
        let told = [0_u8; 1];
        with_a_page(libc::SYS_mincore, [at(&told), 0])
    }),
];
