//! Networks.

use super::Alone::{Done, Looked, LookedByRoot};
use super::{Attempt, Errno, at, call, closed, n, never};

const STREAM: usize = 1;
const DATAGRAM: usize = 2;
const RAW: usize = 3;

fn socket(family: usize, kind: usize) -> Result<usize, Errno> {
    closed(call(libc::SYS_socket, [family, kind, 0]))
}

pub(crate) const LIST: &[Attempt] = &[
    never("socket of this machine", Done, |_| socket(1, STREAM)),
    never("socket of TCP", Done, |_| socket(2, STREAM)),
    never("socket of UDP", Done, |_| socket(2, DATAGRAM)),
    never("socket of TCP over IPv6", Looked, |_| socket(10, STREAM)),
    never("socket of any packet of IP", LookedByRoot, |_| socket(2, RAW)),
    never("socket of the kernel's messages", Looked, |_| socket(16, RAW)),
    never("socket of any packet", LookedByRoot, |_| socket(17, RAW)),
    never("socket of the kernel's ciphers", Looked, |_| socket(38, 5)),
    never("socket of virtual machines", Looked, |_| socket(40, STREAM)),
    never("socketpair", Done, |_| {
        let pair = [0_i32; 2];
        call(libc::SYS_socketpair, [1, STREAM, 0, at(&pair)])
    }),
    never("connect", Looked, |_| call(libc::SYS_connect, [n(-1), at(&[0_u8; 16]), 16])),
    never("bind", Looked, |_| call(libc::SYS_bind, [n(-1), at(&[0_u8; 16]), 16])),
    never("listen", Looked, |_| call(libc::SYS_listen, [n(-1), 1])),
    never("accept4", Looked, |_| call(libc::SYS_accept4, [n(-1), 0, 0, 0])),
    never("sendto", Looked, |_| call(libc::SYS_sendto, [n(-1), at(c"x"), 1, 0, 0, 0])),
    never("sendmsg, which can hand over descriptors", Looked, |_| call(libc::SYS_sendmsg, [n(-1), at(&[0_u8; 56]), 0])),
    never("recvfrom", Looked, |_| call(libc::SYS_recvfrom, [n(-1), at(&[0_u8; 8]), 1, 0, 0, 0])),
    never("recvmsg, which can take descriptors", Looked, |_| call(libc::SYS_recvmsg, [n(-1), at(&[0_u8; 56]), 0])),
    never("shutdown", Looked, |_| call(libc::SYS_shutdown, [n(-1), 2])),
    never("setsockopt", Looked, |_| call(libc::SYS_setsockopt, [n(-1), 1, 1, 0, 0])),
    never("io_uring_setup", Looked, |_| call(libc::SYS_io_uring_setup, [0, 0])),
    never("io_uring_enter", Looked, |_| call(libc::SYS_io_uring_enter, [n(-1), 0, 0, 0, 0, 0])),
    never("io_setup", Looked, |_| call(libc::SYS_io_setup, [0, 0])),
];
