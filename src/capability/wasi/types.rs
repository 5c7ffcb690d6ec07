//! Types of WASI in answers, as `wit/wasi/` has them. The linker compares them with those of a
//! component.

use wasmtime::component::{ComponentType, Lift, Lower, Resource};

use super::handles::IoError;

/// Type of a handle that no agent ever holds.
#[derive(Debug)]
pub(super) enum Nothing {}

/// `wasi:io/streams.stream-error`.
#[derive(ComponentType, Lower)]
#[component(variant)]
pub(super) enum StreamError {
    #[component(name = "last-operation-failed")]
    LastOperationFailed(Resource<IoError>),
    #[component(name = "closed")]
    Closed,
}

/// `wasi:clocks/wall-clock.datetime`.
#[derive(Clone, Copy, Debug, ComponentType, Lower)]
#[component(record)]
pub(super) struct Datetime {
    pub(super) seconds: u64,
    pub(super) nanoseconds: u32,
}

/// `wasi:sockets/network.ip-address-family`.
#[derive(Clone, Copy, Debug, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
#[expect(dead_code, reason = "made from what a component hands over")]
pub(super) enum AddressFamily {
    #[component(name = "ipv4")]
    Ipv4,
    #[component(name = "ipv6")]
    Ipv6,
}

macro_rules! error_codes {
    ($(#[$about:meta])* $name:ident: $($case:ident $text:literal)*) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, ComponentType, Lower)]
        #[component(enum)]
        #[repr(u8)]
        #[expect(dead_code, reason = "the type has every case of its interface; an answer is one of few")]
        pub(super) enum $name {
            $(#[component(name = $text)] $case,)*
        }
    };
}

error_codes! {
    /// `wasi:sockets/network.error-code`.
    SocketError:
    Unknown "unknown" AccessDenied "access-denied" NotSupported "not-supported" InvalidArgument "invalid-argument"
    OutOfMemory "out-of-memory" Timeout "timeout" ConcurrencyConflict "concurrency-conflict"
    NotInProgress "not-in-progress" WouldBlock "would-block" InvalidState "invalid-state"
    NewSocketLimit "new-socket-limit" AddressNotBindable "address-not-bindable" AddressInUse "address-in-use"
    RemoteUnreachable "remote-unreachable" ConnectionRefused "connection-refused" ConnectionReset "connection-reset"
    ConnectionAborted "connection-aborted" DatagramTooLarge "datagram-too-large" NameUnresolvable "name-unresolvable"
    TemporaryResolverFailure "temporary-resolver-failure" PermanentResolverFailure "permanent-resolver-failure"
}

error_codes! {
    /// `wasi:filesystem/types.error-code`.
    FileError:
    Access "access" WouldBlock "would-block" Already "already" BadDescriptor "bad-descriptor" Busy "busy"
    Deadlock "deadlock" Quota "quota" Exist "exist" FileTooLarge "file-too-large"
    IllegalByteSequence "illegal-byte-sequence" InProgress "in-progress" Interrupted "interrupted" Invalid "invalid"
    Io "io" IsDirectory "is-directory" Loop "loop" TooManyLinks "too-many-links" MessageSize "message-size"
    NameTooLong "name-too-long" NoDevice "no-device" NoEntry "no-entry" NoLock "no-lock"
    InsufficientMemory "insufficient-memory" InsufficientSpace "insufficient-space" NotDirectory "not-directory"
    NotEmpty "not-empty" NotRecoverable "not-recoverable" Unsupported "unsupported" NoTty "no-tty"
    NoSuchDevice "no-such-device" Overflow "overflow" NotPermitted "not-permitted" Pipe "pipe" ReadOnly "read-only"
    InvalidSeek "invalid-seek" TextFileBusy "text-file-busy" CrossDevice "cross-device"
}
