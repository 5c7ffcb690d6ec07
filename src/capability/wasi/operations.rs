//! Functions of WASI that an agent can call, as operations; and those that it cannot call.
//!
//! A name is made of the interface and the function as they stand in `wit/wasi/`, without `wasi:`,
//! the version and `[method]`.

use super::sockets::NO_SOCKETS;
use crate::gate::{Example, Given, Ground};
use crate::transcript::{Class, Operation, Weight};

macro_rules! operations {
    ($($constant:ident $code:literal $name:literal;)*) => {
        $(
            pub(super) const $constant: Operation =
                Operation { capability: "wasi", name: $name, code: $code, weight: Weight::Light };
        )*

        /// Functions that can be called.
        pub(super) const OPERATIONS: &[Operation] = &[$($constant),*];
    };
}

operations! {
    ERROR_TO_DEBUG_STRING 0x80 "io/error.error.to-debug-string";
    POLLABLE_READY 0x81 "io/poll.pollable.ready";
    POLLABLE_BLOCK 0x82 "io/poll.pollable.block";
    POLL 0x83 "io/poll.poll";
    INPUT_READ 0x84 "io/streams.input-stream.read";
    INPUT_BLOCKING_READ 0x85 "io/streams.input-stream.blocking-read";
    INPUT_SKIP 0x86 "io/streams.input-stream.skip";
    INPUT_BLOCKING_SKIP 0x87 "io/streams.input-stream.blocking-skip";
    INPUT_SUBSCRIBE 0x88 "io/streams.input-stream.subscribe";
    OUTPUT_CHECK_WRITE 0x89 "io/streams.output-stream.check-write";
    OUTPUT_WRITE 0x8A "io/streams.output-stream.write";
    OUTPUT_BLOCKING_WRITE 0x8B "io/streams.output-stream.blocking-write-and-flush";
    OUTPUT_FLUSH 0x8C "io/streams.output-stream.flush";
    OUTPUT_BLOCKING_FLUSH 0x8D "io/streams.output-stream.blocking-flush";
    OUTPUT_SUBSCRIBE 0x8E "io/streams.output-stream.subscribe";
    OUTPUT_WRITE_ZEROES 0x8F "io/streams.output-stream.write-zeroes";
    OUTPUT_BLOCKING_WRITE_ZEROES 0x90 "io/streams.output-stream.blocking-write-zeroes-and-flush";
    OUTPUT_SPLICE 0x91 "io/streams.output-stream.splice";
    OUTPUT_BLOCKING_SPLICE 0x92 "io/streams.output-stream.blocking-splice";
    GET_ENVIRONMENT 0x93 "cli/environment.get-environment";
    GET_ARGUMENTS 0x94 "cli/environment.get-arguments";
    INITIAL_CWD 0x95 "cli/environment.initial-cwd";
    EXIT 0x96 "cli/exit.exit";
    EXIT_WITH_CODE 0x97 "cli/exit.exit-with-code";
    GET_STDIN 0x98 "cli/stdin.get-stdin";
    GET_STDOUT 0x99 "cli/stdout.get-stdout";
    GET_STDERR 0x9A "cli/stderr.get-stderr";
    GET_TERMINAL_STDIN 0x9B "cli/terminal-stdin.get-terminal-stdin";
    GET_TERMINAL_STDOUT 0x9C "cli/terminal-stdout.get-terminal-stdout";
    GET_TERMINAL_STDERR 0x9D "cli/terminal-stderr.get-terminal-stderr";
    MONOTONIC_NOW 0x9E "clocks/monotonic-clock.now";
    MONOTONIC_RESOLUTION 0x9F "clocks/monotonic-clock.resolution";
    SUBSCRIBE_INSTANT 0xA0 "clocks/monotonic-clock.subscribe-instant";
    SUBSCRIBE_DURATION 0xA1 "clocks/monotonic-clock.subscribe-duration";
    WALL_NOW 0xA2 "clocks/wall-clock.now";
    WALL_RESOLUTION 0xA3 "clocks/wall-clock.resolution";
    GET_RANDOM_BYTES 0xA4 "random/random.get-random-bytes";
    GET_RANDOM_U64 0xA5 "random/random.get-random-u64";
    GET_INSECURE_RANDOM_BYTES 0xA6 "random/insecure.get-insecure-random-bytes";
    GET_INSECURE_RANDOM_U64 0xA7 "random/insecure.get-insecure-random-u64";
    INSECURE_SEED 0xA8 "random/insecure-seed.insecure-seed";
    FILESYSTEM_ERROR_CODE 0xA9 "filesystem/types.filesystem-error-code";
    GET_DIRECTORIES 0xAA "filesystem/preopens.get-directories";
    INSTANCE_NETWORK 0xAB "sockets/instance-network.instance-network";
    CREATE_TCP_SOCKET 0xAC "sockets/tcp-create-socket.create-tcp-socket";
    CREATE_UDP_SOCKET 0xAD "sockets/udp-create-socket.create-udp-socket";
    RESOLVE_ADDRESSES 0xAE "sockets/ip-name-lookup.resolve-addresses";
}

/// Grounds for the refusal of a function that returns a handle.
const HANDLES: &[Ground] = &[Ground::Quota("handles")];
const RANDOM: &[Ground] = &[Ground::Quota("random")];

/// Calls that an audit makes beside those with zeros. None traps. A call that exceeds a limit and
/// has no error in its signature would.
pub(super) const EXAMPLES: &[Example] = &[
    Example { operation: INPUT_READ, arguments: &[Given::Number(24)] },
    Example { operation: OUTPUT_WRITE, arguments: &[Given::Text("a line")] },
    Example { operation: OUTPUT_WRITE_ZEROES, arguments: &[Given::Number(u64::MAX)] },
    Example { operation: SUBSCRIBE_DURATION, arguments: &[Given::Number(7)] },
    Example { operation: GET_RANDOM_BYTES, arguments: &[Given::Number(24)] },
    Example { operation: GET_INSECURE_RANDOM_BYTES, arguments: &[Given::Number(24)] },
    Example { operation: RESOLVE_ADDRESSES, arguments: &[Given::Text("localhost")] },
];

/// Grounds for the refusal of functions where the policy grants `wasi`.
pub(super) const GROUNDS: &[(Operation, &[Ground])] = &[
    (POLL, &[Ground::Invalid]),
    (INPUT_SUBSCRIBE, HANDLES),
    (OUTPUT_SUBSCRIBE, HANDLES),
    (GET_STDIN, HANDLES),
    (GET_STDOUT, HANDLES),
    (GET_STDERR, HANDLES),
    (SUBSCRIBE_INSTANT, HANDLES),
    (SUBSCRIBE_DURATION, HANDLES),
    (INSTANCE_NETWORK, HANDLES),
    (GET_RANDOM_BYTES, RANDOM),
    (GET_RANDOM_U64, RANDOM),
    (GET_INSECURE_RANDOM_BYTES, RANDOM),
    (GET_INSECURE_RANDOM_U64, RANDOM),
    (INSECURE_SEED, RANDOM),
    (CREATE_TCP_SOCKET, &[Ground::Absent(NO_SOCKETS)]),
    (CREATE_UDP_SOCKET, &[Ground::Always(Class::Ungranted, NO_SOCKETS)]),
    (RESOLVE_ADDRESSES, &[Ground::Always(Class::Ungranted, NO_SOCKETS)]),
];

/// Functions that a language runtime or its library calls by itself, whatever the program is about.
/// They ask for an environment, arguments, a folder, standard streams to hold, the time, and random
/// numbers. An event loop also asks for a pair of sockets to wake itself. None sends anything out
/// or waits, and each has an empty answer.
///
/// Calls that only a program makes are not here: writing to a stream, asking how much may be
/// written, reading, waiting, and leaving. Nor are a network, the address of a name, and a socket
/// of datagrams.
pub(super) const BY_RUNTIMES: &[Operation] = &[
    GET_ENVIRONMENT,
    GET_ARGUMENTS,
    INITIAL_CWD,
    GET_STDIN,
    GET_STDOUT,
    GET_STDERR,
    GET_TERMINAL_STDIN,
    GET_TERMINAL_STDOUT,
    GET_TERMINAL_STDERR,
    MONOTONIC_NOW,
    MONOTONIC_RESOLUTION,
    WALL_NOW,
    WALL_RESOLUTION,
    GET_RANDOM_BYTES,
    GET_RANDOM_U64,
    GET_INSECURE_RANDOM_BYTES,
    GET_INSECURE_RANDOM_U64,
    INSECURE_SEED,
    GET_DIRECTORIES,
    CREATE_TCP_SOCKET,
];

/// Resource that no agent ever holds: there are no files, folders, sockets or look-ups. Its methods
/// cannot be called, since a call without a handle breaks the canonical ABI.
#[derive(Debug)]
pub(super) struct Absent {
    pub(super) interface: &'static str,
    pub(super) resource: &'static str,
    pub(super) methods: &'static [&'static str],
}

/// Resources that no agent holds. Those of terminals are left out, since they have no methods.
pub(super) const ABSENT: &[Absent] = &[
    Absent {
        interface: "filesystem/types",
        resource: "descriptor",
        methods: &[
            "read-via-stream",
            "write-via-stream",
            "append-via-stream",
            "advise",
            "sync-data",
            "get-flags",
            "get-type",
            "set-size",
            "set-times",
            "read",
            "write",
            "read-directory",
            "sync",
            "create-directory-at",
            "stat",
            "stat-at",
            "set-times-at",
            "link-at",
            "open-at",
            "readlink-at",
            "remove-directory-at",
            "rename-at",
            "symlink-at",
            "unlink-file-at",
            "is-same-object",
            "metadata-hash",
            "metadata-hash-at",
        ],
    },
    Absent { interface: "filesystem/types", resource: "directory-entry-stream", methods: &["read-directory-entry"] },
    Absent {
        interface: "sockets/ip-name-lookup",
        resource: "resolve-address-stream",
        methods: &["resolve-next-address", "subscribe"],
    },
    Absent {
        interface: "sockets/tcp",
        resource: "tcp-socket",
        methods: &[
            "start-bind",
            "finish-bind",
            "start-connect",
            "finish-connect",
            "start-listen",
            "finish-listen",
            "accept",
            "local-address",
            "remote-address",
            "is-listening",
            "address-family",
            "set-listen-backlog-size",
            "keep-alive-enabled",
            "set-keep-alive-enabled",
            "keep-alive-idle-time",
            "set-keep-alive-idle-time",
            "keep-alive-interval",
            "set-keep-alive-interval",
            "keep-alive-count",
            "set-keep-alive-count",
            "hop-limit",
            "set-hop-limit",
            "receive-buffer-size",
            "set-receive-buffer-size",
            "send-buffer-size",
            "set-send-buffer-size",
            "subscribe",
            "shutdown",
        ],
    },
    Absent {
        interface: "sockets/udp",
        resource: "udp-socket",
        methods: &[
            "start-bind",
            "finish-bind",
            "stream",
            "local-address",
            "remote-address",
            "address-family",
            "unicast-hop-limit",
            "set-unicast-hop-limit",
            "receive-buffer-size",
            "set-receive-buffer-size",
            "send-buffer-size",
            "set-send-buffer-size",
            "subscribe",
        ],
    },
    Absent { interface: "sockets/udp", resource: "incoming-datagram-stream", methods: &["receive", "subscribe"] },
    Absent {
        interface: "sockets/udp",
        resource: "outgoing-datagram-stream",
        methods: &["check-send", "send", "subscribe"],
    },
];

/// Returns `true` if a function exists. It is named as an operation is.
pub(super) fn is_known(function: &str) -> bool {
    let is_absent = |absent: &Absent| {
        function
            .strip_prefix(absent.interface)
            .and_then(|rest| rest.strip_prefix('.')?.strip_prefix(absent.resource)?.strip_prefix('.'))
            .is_some_and(|method| absent.methods.contains(&method))
    };
    OPERATIONS.iter().any(|operation| operation.name == function) || ABSENT.iter().any(is_absent)
}
